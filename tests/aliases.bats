# aliases and local_recipients: which addresses get the mail for local names, and what postern reports if no address does.

load helper

# with_aliases: writes the alias file from stdin; the account's domain is home.example.
with_aliases() {
	cat > "$HOME/aliases"
	set_conf qualify_domain home.example
	set_conf aliases "$HOME/aliases"
}

# got ADDRESS...: the latest message had these recipients in this order; without arguments: no message came.
got() {
	local want='' n address
	n=$(messages)
	for address; do
		want+="rcpt <$address>"$'\n'
	done
	[[ $( ((n > 0)) && envelope "$n" | sed -n 's/^\(rcpt <[^>]*>\).*/\1/p') == "${want%$'\n'}" ]] \
	    || complain "the message went to: $( ((n == 0)) || envelope "$n" | grep '^rcpt')"
}

# to_local NAME...: sends the standard message to these names.
to_local() { postern_ok -- "$@" < "$mail"; }

@test "cron's mail to root goes to the address in the alias file, and its header keeps root" {
	start_server < /dev/null
	with_aliases <<-'A'
		# who reads it
		postmaster:	root
		Root:		you@example.org
	A
	printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@box> date\n\noutput\n' > "$HOME/cron"
	postern_as sendmail -FCronDaemon -i -B8BITMIME -oem root < "$HOME/cron"
	((status == 0)) || complain "status $status"
	got you@example.org
	[[ $(message) == *"To: root@home.example"* && $(message) == *"From: root@home.example (Cron Daemon)"* ]]
	[[ $(message) != *you@example.org* ]]
	to_local POSTMASTER
	got you@example.org
}

@test "without the key aliases postern expands no name and qualifies it" {
	start_server < /dev/null
	echo "root: you@example.org" > "$HOME/aliases"
	set_conf qualify_domain home.example
	to_local root
	got root@home.example
}

@test "an address at this machine is looked up as a local name; an address elsewhere is not" {
	start_server < /dev/null
	with_aliases <<< "root: you@example.org"
	local address
	for address in root@home.example ROOT@Home.Example root@localhost "root@$(hostname)"; do
		to_local "$address"
		got you@example.org
	done
	to_local root@example.net root@sub.home.example
	got root@example.net root@sub.home.example
	to_local nobody@localhost	# no alias has it: it stays as it was written
	got nobody@localhost
}

@test "the alias file may have lists, names without domain, continuation lines, comments and quotes" {
	start_server < /dev/null
	with_aliases <<'A'
staff: ann@example.org, (two) "B. B" <bob@example.org>,   # not this, x@example.org
# a comment does not end it

	carl , "d d"@example.org
carl: \
carl@example.net
"John Q. Public": jq@example.org
a.b+c: "e,f"@example.org
A
	to_local staff
	got ann@example.org bob@example.org carl@example.net '"d d"@example.org'
	to_local '"john q. public"'
	got jq@example.org
	to_local a.b+c
	got '"e,f"@example.org'
	printf '%s\r\n' "root: a@example.org," "  b@example.org" > "$HOME/aliases"
	to_local root
	got a@example.org b@example.org
}

@test "a loop of aliases ends: a name that comes up again is taken as an address" {
	start_server < /dev/null
	with_aliases <<-'A'
		root: root, you@example.org
		a: b
		b: c
		c: a
		self: self
		x: y, y, y, z@example.org
		y: x
	A
	to_local root
	got root@home.example you@example.org
	to_local a
	got a@home.example
	to_local self
	got self@home.example
	to_local x
	got x@home.example z@example.org
}

@test "in an alias, a name with a backslash and an address with the domain are not expanded" {
	start_server < /dev/null
	with_aliases <<-'A'
		me: \root, root@home.example
		root: you@example.org
	A
	to_local me
	got root@home.example
}

@test "an entry at this machine is expanded like a local name, as for a recipient" {
	start_server < /dev/null
	with_aliases <<-A
		root: admin@localhost, "web team"@LocalHost, guest@$(hostname), \\bin@localhost
		admin: you@example.org
		"web team": root@localhost, me@example.org
	A
	to_local root
	got you@example.org root@home.example me@example.org guest@home.example bin@localhost
}

@test "each address gets the message once, even when several aliases lead to it" {
	start_server < /dev/null
	with_aliases <<-'A'
		a: one@example.org, two@example.org
		b: two@example.org, a
	A
	to_local two@example.org a b one@example.org
	got two@example.org one@example.org
}

@test "the alias default gets the mail for local names without alias, and for no others" {
	start_server < /dev/null
	with_aliases <<-'A'
		root: fred
		www: \www
		default: you@example.org
	A
	to_local nobody
	got you@example.org
	to_local root
	got you@example.org
	to_local www someone@example.net
	got www@home.example someone@example.net
	with_aliases <<< "default: fred"
	to_local nobody
	got fred@home.example
}

@test "local_recipients gets the mail for local names that have no alias" {
	start_server < /dev/null
	with_aliases <<< "root: admin@example.org, root"
	set_conf local_recipients "you@example.org, other"
	to_local nobody me@example.net
	got you@example.org other@home.example me@example.net
	to_local root
	got admin@example.org you@example.org other@home.example
	set_conf aliases
	to_local root@localhost
	got you@example.org other@home.example
	postern_ok -t < <(printf 'To: root\nCc: someone@example.net\nBcc: www\n\nx\n')
	got you@example.org other@home.example someone@example.net
}

@test "-t expands unqualified and blind names, and the fields keep the names" {
	start_server < /dev/null
	with_aliases <<-'A'
		root: you@example.org
		audit: auditor@example.org
	A
	set_conf always_bcc audit
	postern_ok -t root < <(printf 'To: root\nCc: staff\nBcc: audit\nSubject: x\n\nx\n')
	got you@example.org staff@home.example auditor@example.org
	[[ $(message) == *"To: root@home.example"*"Cc: staff@home.example"* ]]
	[[ $(message) != *audit* && $(message) != *you@* ]]
}

@test "a To that postern adds names the alias and not the addresses behind it" {
	start_server < /dev/null
	with_aliases <<< "team: a@example.org, b@example.org"
	set_conf set_to_header on
	postern_ok team c@example.net < <(printf 'From: me@example.org\nSubject: x\n\nx\n')
	got a@example.org b@example.org c@example.net
	[[ $(message | tr -d '\r') == *$'To: team@home.example,\n\tc@example.net'* ]]
}

@test "an alias with :error: refuses its recipient with that text; the other recipients get the message" {
	start_server < /dev/null
	with_aliases <<-'A'
		gone: :error: moved away, ask the office
		left: error: left
	A
	postern_fails 67 rcpt -- gone you@example.net < "$mail"
	told "no mail for gone@home.example: $HOME/aliases:1: the alias gone refuses it"
	told "moved away, ask the office"
	[[ $stderr != *"server refused"* ]]
	got you@example.net
	postern_fails 67 rcpt -- left < "$mail"	# no recipient is left: postern makes no connection
	[[ $(connections) == 1 ]]
	set_conf require_all_recipients on
	postern_fails 67 rcpt -- gone you@example.net < "$mail"
	[[ $(connections) == 1 ]]
}

@test "an alias that names a program or a file is refused by its name, and only when it is needed" {
	start_server < /dev/null
	touch "$HOME/box"
	with_aliases <<-A
		prog: |$HOME/run, you@example.org
		words: "|/bin/sh -c 'touch $HOME/ran, x'"
		file: $HOME/box
		odd: :blackhole:
		typo: you@@example.org
		root: you@example.org
	A
	printf '#!/bin/sh\ntouch %s\n' "$HOME/ran" > "$HOME/run"
	chmod +x "$HOME/run"
	to_local root
	postern_fails 67 rcpt -- prog < "$mail"
	told "$HOME/aliases:1: the alias prog names a program"
	[[ $stderr != *"$HOME/run"* ]]
	[[ $(messages) == 2 ]]
	got you@example.org
	local name line=2 words
	for words in "names a program" "names a file" "no address" "no address"; do
		name=$(sed -n "${line}s/:.*//p" "$HOME/aliases")
		postern_fails 67 rcpt -- "$name" < "$mail"
		told "$HOME/aliases:$line: the alias $name "
		told "$words"
		[[ $stderr != *touch* && $stderr != *"$HOME/box"* && $stderr != *blackhole* && $stderr != *you@@* ]]
		line=$((line + 1))
	done
	[[ ! -e $HOME/ran && ! -s $HOME/box && $(messages) == 2 ]]
}

@test ":include: reads a list, and the lists that this list includes" {
	start_server < /dev/null
	with_aliases <<< "list: :include:$HOME/list, \":include:$HOME/more list\""
	printf '%s\n' "a@example.org, b@example.org" "# c@example.org" "" "root  # unqualified" ":include:$HOME/list" \
	    "|prog" > "$HOME/list"
	echo ":include:$HOME/list, z@example.org" > "$HOME/more list"
	postern_fails 67 rcpt -- list < "$mail"
	told "$HOME/list:6: the list names a program"
	got a@example.org b@example.org root@home.example z@example.org
}

@test "a byte order mark at the beginning of the alias file or of a list is skipped" {
	start_server < /dev/null
	printf '\357\273\277root: :include:%s\n' "$HOME/list" | with_aliases
	printf '\357\273\277a@example.org\n' > "$HOME/list"
	to_local root
	got a@example.org
}

@test "only regular files of limited size are included; other files refuse the alias without waiting" {
	start_server < /dev/null
	mkfifo "$HOME/fifo"
	mkdir "$HOME/dir"
	with_aliases <<-A
		fifo: :include:$HOME/fifo
		zero: :include:/dev/zero
		dir: :include:$HOME/dir
		none: :include:$HOME/none
		here: :include:aliases
		big: :include:$HOME/big
	A
	head -c 1100000 /dev/zero | tr '\0' a > "$HOME/big"
	local name words
	while read -r name words; do
		postern_fails 67 rcpt -- "$name" < "$mail"
		told "the alias $name includes a list: "
		told "$words"
	done <<-'W'
		fifo is not a regular file
		zero is not a regular file
		none No such file
		here does not begin with a slash
		big larger than
		dir directory
	W
	[[ $(connections) == 0 ]]
	postern_fails 67 -- none you@example.net < "$mail"
	got you@example.net
}

@test "an alias file that cannot be used is an error of configuration, before any connection" {
	start_server < /dev/null
	set_conf aliases "$HOME/none"
	postern_fails 78 config -- you@example.net < "$mail"
	told "$HOME/none"
	mkfifo "$HOME/fifo"
	set_conf aliases "$HOME/fifo"
	postern_fails 78 config -- you@example.net < "$mail"
	local line words
	while IFS='|' read -r line words; do
		printf '%s\n' "root: you@example.org" "$line" | with_aliases
		postern_fails 78 config -- you@example.net < "$mail"
		told "$HOME/aliases:2: "
		told "$words"
	done <<-'W'
		root you@example.org|an alias has a name and a colon
		two names: x|this is no name
		a@example.org: x|without a domain
		: x|this is no name
	W
	printf 'root: a@example.org\n\0' | with_aliases
	postern_fails 78 config -- root < "$mail"
	head -c 1100000 /dev/zero | tr '\0' '#' | with_aliases
	postern_fails 78 config -- root < "$mail"
	told "larger than"
	[[ $(connections) == 0 ]]
}

@test "aliases that multiply at each level end in time, with an error" {
	start_server < /dev/null
	local i
	for ((i = 0; i < 40; i++)); do
		echo "a$i: a$((i + 1)), a$((i + 1)), a$((i + 1)), u$i@example.org"
	done | with_aliases
	postern_fails 67 rcpt -- a0 < "$mail"
	told "is nested too deeply"
	[[ $(envelope | grep -c '^rcpt') == 32 ]]
}

@test "postern reports the first bad entries of a list and where more begin, and reads a long list in time" {
	local list=$HOME/list n
	start_server < /dev/null
	chmod 755 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$HOME"
	with_aliases <<< "team: :include:$list, ok@example.org"
	{ echo a@example.org; yes @ | head -n 200000; echo b@example.org; } > "$list"
	postern_fails 67 rcpt -- team < "$mail"
	got a@example.org b@example.org ok@example.org
	for n in 2 21; do
		told "$list:$n: the list has an entry that is no address"
	done
	told "$list:22: the list has more entries that cannot be obeyed, from this line on"
	[[ $stderr != *"$list:23"* ]]
	yes @ | head -n 20 > "$list"
	postern_fails 67 rcpt -- team < "$mail"
	told "$list:20: the list has an entry that is no address"
	[[ $stderr != *"has more entries"* ]]
}

@test "an alias that stands for no address refuses its recipient" {
	start_server < /dev/null
	: > "$HOME/list"
	with_aliases <<-A
		nobody:
		team: :include:$HOME/list
	A
	postern_fails 67 rcpt -- nobody team you@example.net < "$mail"
	told "$HOME/aliases:1: the alias nobody stands for no address"
	told "$HOME/aliases:2: the alias team stands for no address"
	got you@example.net
}

@test "DSN: the addresses behind an alias get its name as ORCPT and its NOTIFY, but SUCCESS only the first" {	# RFC 3461 5.2.7.3
	start_server <<< "offer DSN"
	with_aliases <<< "team: a@example.org, b@example.org"
	postern_ok -N success,failure -- team c@example.net < "$mail"
	got a@example.org b@example.org c@example.net
	[[ $(said "RCPT TO:<a@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;team@home.example$") == 1 ]]
	[[ $(said "RCPT TO:<b@example.org> NOTIFY=FAILURE ORCPT=rfc822;team@home.example$") == 1 ]]
	[[ $(said "RCPT TO:<c@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@example.net$") == 1 ]]
	postern_ok -N success -- c@example.net team d@example.net < "$mail"
	[[ $(said "RCPT TO:<[acd]@example.(org|net)> NOTIFY=SUCCESS ORCPT") == 3 && $(said "RCPT TO:<b@example.org> NOTIFY=NEVER") == 1 ]]
	to_local team	# no -N
	[[ $(envelope 3) != *ORCPT* ]]
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" "RCPT TO:<team> NOTIFY=SUCCESS,DELAY" QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	[[ $(said "RCPT TO:<a@example.org> NOTIFY=SUCCESS,DELAY") == 1 && $(said "RCPT TO:<b@example.org> NOTIFY=DELAY") == 1 ]]
}

@test "-bs: an alias is expanded; an alias that refuses is answered 550 each time" {
	start_server < /dev/null
	with_aliases <<-'A'
		root: you@example.org, other@example.org
		gone: :error: moved away
	A
	postern_ok -bs < <(printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<gone@localhost>" \
	    "RCPT TO:<gone@localhost>" "RCPT TO:<root@localhost>" "DATA" "Subject: x" "" "x" "." "QUIT")
	[[ $(grep -c '^550 5.1.1 .*moved away' <<< "$stdout") == 2 ]] || complain "no 550"
	got you@example.org other@example.org
}

@test "-bs: when an alias refuses and require_all_recipients is on, the message goes to no recipient" {
	start_server < /dev/null
	with_aliases <<< "gone: |prog"
	set_conf require_all_recipients on
	postern_ok -bs < <(printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.org>" \
	    "RCPT TO:<gone>" "DATA" "Subject: x" "" "x" "." "QUIT")
	[[ $(grep -c '^550 5.1.1 ' <<< "$stdout") == 2 ]] || complain "no 550"
	[[ $(messages) == 0 && $stdout == *$'\n221 '* ]]
}

@test "-bs: the alias file is read for each message; a file that breaks between two messages refuses MAIL and ends nothing" {
	start_server < /dev/null
	with_aliases <<< "root: you@example.org"
	local line to from rest
	mkfifo "$HOME/in" "$HOME/out"
	timeout "$postern_timeout" "$POSTERN" -C "$conf" -bs < "$HOME/in" > "$HOME/out" 2> /dev/null 3>&- &
	exec {to}> "$HOME/in" {from}< "$HOME/out"
	printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" >&"$to"
	while read -r -u "$from" line && [[ $line != "250 2.1.0 "* ]]; do :; done
	echo broken > "$HOME/aliases"
	printf '%s\r\n' "RCPT TO:<root>" "RSET" "MAIL FROM:<me@example.org>" "NOOP" "QUIT" >&"$to"
	exec {to}>&-
	rest=$(cat <&"$from")
	exec {from}<&-
	[[ $rest =~ ^"250 2.1.5".*$'\n250 '.*$'\n554 5.3.5 '[^$'\n']*"aliases:1: ".*$'\n250 '.*$'\n221 ' ]] || complain "$rest"
	[[ $(said "RCPT TO:<you@example.org>") == 1 ]]
}

@test "a recipient that its alias refuses does not make postern require SMTPUTF8 for the others" {
	start_server <<< "hide SMTPUTF8"
	with_aliases <<< "jörg: :error: no"
	postern_fails 67 rcpt -- jörg you@example.net < "$mail"
	told "jörg"
	got you@example.net
}
