#!/usr/bin/env bats
# Line ends, dots, and fields that postern adds, removes or folds in a message: design 1.5, RFC 5322, RFC 2047.

load helper

setup() {
	helper_setup
	want=$BATS_TEST_TMPDIR/want
}

server() {
	start_server <<-END
		tls none
		${1:-}
	END
}

# head [FIELD...]: a head that postern need not change, with its empty line.
head() {
	printf '%s\n' "From: me@example.org" "To: you@example.net" "Date: Mon, 02 Mar 2026 10:00:00 +0000" \
		"Message-ID: <m@example.org>" "$@" ""
}

# The latest message is $want, with CRLF line ends.
got_wanted() { sed -e 's/\r$//' -e 's/$/\r/' "$want" | cmp - <(message "$(messages)"); }

# got PATTERN: how many lines of message 1 match.
got() { message | tr -d '\r' | grep -cE -e "$1" || :; }

chars() { printf '%*s' "$1" '' | tr ' ' "${2:-x}"; }

# ---------------------------------------------------------------------------------------------------- line ends and dots

@test "LF, CRLF and mixed line ends arrive as CRLF, and a message that needs no change arrives byte for byte" {
	server
	{ head "X-Odd:kept   as	it is " "x-folded: a" "	b"; printf 'one \n\n.two\n..\n.\nthree\n'; } > "$want"
	postern_ok you@example.net < "$want"
	got_wanted
	sed 's/$/\r/' "$want" | postern_ok you@example.net
	got_wanted
	sed '2~2s/$/\r/' "$want" | postern_ok you@example.net
	got_wanted
	[[ $(messages) == 3 ]]
}

@test "postern doubles dots for DATA, and the message arrives unchanged" {
	server "hide CHUNKING"
	{ head; printf '.\n..\n...\n.a\na.\n \n.\n'; } > "$want"
	postern_ok you@example.net < "$want"
	got_wanted
}

@test "dots at the positions around the end of a buffer are doubled" {
	local n
	server "hide CHUNKING"
	head > "$want"
	for n in 65534 4094 8190 1 2 3; do
		yes "$(chars 61)" | dd bs="$n" count=1 iflag=fullblock status=none >> "$want"
		printf '\n.\n..x\n' >> "$want"
	done
	postern_ok you@example.net < "$want"
	got_wanted
	(cat "$want") | postern_ok you@example.net
	got_wanted
}

@test "a last line without line end gets one" {
	server
	{ head; echo last; } > "$want"
	{ head; printf last; } | postern_ok you@example.net
	got_wanted
	{ head; printf .; } | postern_ok you@example.net
	{ head; echo .; } > "$want"
	got_wanted
}

@test "a line with a lone dot is data, with and without -i" {
	server
	{ head; printf 'a\n.\nb\n'; } > "$want"
	postern_ok you@example.net < "$want"
	got_wanted
	postern_ok -i you@example.net < "$want"
	got_wanted
	postern_ok -oi you@example.net < "$want"
	got_wanted
}

@test "the From_ line of an mbox is removed, also in the form >From_, and only before the header" {
	local from
	server
	{ head; printf 'From here on\n>From there\n'; } > "$want"
	for from in "From me Mon Mar  2 10:00:00 2026" ">From me Mon Mar  2 10:00:00 2026"; do
		{ echo "$from"; cat "$want"; } | postern_ok you@example.net
		got_wanted
	done
}

@test "a folded line and further From_ lines behind the From_ line are removed with it, and the header stays" {
	local mbox first=$'From me Mon Mar  2 10:00:00 2026\n'
	server
	{ head "Subject: x"; echo text; } > "$want"
	for mbox in "$first"$'\tremote from elsewhere\n' "$first"$'>From you Mon Mar  2 09:00:00 2026 remote from here\n' \
	    "$first"$'>From you Mon Mar  2 09:00:00 2026\n  remote from here\n' $'From me\n'; do
		{ printf '%s' "$mbox"; cat "$want"; } | postern_ok you@example.net
		got_wanted
	done
}

@test "a text without a header whose first line begins with From keeps that line" {
	local text
	server
	for text in $'From tomorrow on the office is closed.\nRegards, Ann\n' $'From tomorrow on\n\nthe office is closed.\n' \
	    $'From tomorrow on\n  it is closed.\nRegards\n' $'From tomorrow on' $'From Sat on we meet at 10:30\n\nAnn\n'; do
		printf '%s' "$text" > "$want"
		postern_ok you@example.net < "$want"
		message "$(messages)" | tr -d '\r' | sed '1,/^$/d' | cmp - <(printf '%s\n' "${text%$'\n'}")
	done
	{ echo "From me Mon Mar  2 10:00:00 2026"; echo; echo text; } | postern_ok you@example.net
	message "$(messages)" | tr -d '\r' | sed '1,/^$/d' | cmp - <(echo text)
}

@test "a message without a body gets the empty line behind its header" {
	server
	head | sed '$d' > "$want"
	postern_ok you@example.net < "$want"
	echo >> "$want"
	got_wanted
}

@test "a text without a header gets a header" {
	server
	printf 'no header here\nat all: none\n' | postern_ok you@example.net
	[[ $(got '^(From|Date|Message-ID): ') == 3 ]]
	message | tr -d '\r' | sed '1,/^$/d' | cmp - <(printf 'no header here\nat all: none\n')
}

# The password command runs when the message has been read and before anything is sent.
@test "a file on standard input that changes while postern runs arrives as postern read it" {
	local change
	{ head; yes 'some line of the text' | dd bs=1k count=1500 iflag=fullblock status=none; echo; } > "$want"
	for change in 'y/e/\n/' 's/some/line\x00/' 's/line/l\xe9ne/' '50q'; do
		start_server < /dev/null
		set_conf password
		printf '%s\n' '#!/bin/sh' "sed '$change' '$want' > '$mail.new'" "cat '$mail.new' > '$mail'" "echo secret" \
			> "$BATS_TEST_TMPDIR/change"
		chmod +x "$BATS_TEST_TMPDIR/change"
		set_conf password_command "$BATS_TEST_TMPDIR/change"
		cp "$want" "$mail"
		postern_ok you@example.net < "$mail"
		if cmp -s "$mail" "$want"; then complain "the file has not changed"; fi
		got_wanted
	done
}

# ------------------------------------------------------------------------------------------------------ fields added

@test "a missing Date, Message-ID or From is added" {
	server
	printf 'Subject: x\n\ny\n' | postern_ok -F "Ann Other" you@example.net
	[[ $(got '^Subject: x$') == 1 && $(got '^From: Ann Other <me@example.org>$') == 1 ]]
	[[ $(got '^Date: [A-Z][a-z]{2}, [0-9]+ [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+-][0-9]{4}$') == 1 ]]
	[[ $(got '^Message-ID: <[^ <>@]+@example\.org>$') == 1 ]]
}

@test "an existing Date, Message-ID or From stays as it is, in any spelling" {
	server
	printf '%s\n' "FROM : Someone Else <else@example.com>" "date: yesterday" "message-id: <1@x>" "to: a@b" "" x > "$want"
	postern_ok you@example.net < "$want"
	got_wanted
}

@test "the full name is quoted or encoded: words up to 75 characters, lines up to 78, whole characters" {
	local name word
	server
	name=$(printf '\303\274\342\202\254\360\237\230\200%.0s' {1..20})
	printf 'Subject: x\n\ny\n' | postern_ok -F "$name" you@example.net
	[[ $(message | tr -d '\r' | awk 'length > 78' | wc -l) == 0 ]]
	for word in $(message | grep -o '=?utf-8?B?[^ ]*?='); do
		((${#word} <= 75))
		word=${word#=?utf-8?B?} word=${word%'?='}
		base64 -d <<< "$word" | iconv -f utf-8 -t utf-8 >> "$want"
	done
	[[ $(< "$want") == "$name" ]]
	printf 'Subject: x\n\ny\n' | postern_ok -F 'Doe, John "J."' you@example.net
	message 2 | grep -qF 'From: "Doe, John \"J.\"" <me@example.org>'
}

# ---------------------------------------------------------------------------------------------------- fields removed

@test "Bcc, Resent-Bcc and Return-Path are removed in every spelling" {
	local field
	server
	for field in "Bcc: x@secret.test" "BCC : x@secret.test" $'bcc\t:\n x@secret.test' $'Bcc: a@secret.test,\n\tx@secret.test' \
	    "Bcc:" "Return-Path: <x@secret.test>" "Resent-Bcc: x@secret.test"; do
		{ printf '%s\n' "$field"; head; echo x; } | postern_ok you@example.net
		{ head "$field"; echo x; } | postern_ok you@example.net
		{ head; } | sed '$d' | { cat; printf '%s' "$field"; } | postern_ok you@example.net
	done
	[[ $(messages) == 21 ]]
	refute grep -liE 'secret\.test|^(resent-)?bcc|^return-path' "$server_dir"/msg.*	# not the random part of a Message-ID
}

@test "Bcc is removed behind 100 kB of other fields, and with 100 kB of addresses" {
	server
	{ head "$(yes "X-Filler: $(chars 80)" | sed 1250q)" "Bcc: x@secret.test"; echo x; } > "$mail"
	postern_ok you@example.net < "$mail"
	{ head "Bcc: $(yes "	x@secret.test," | sed 7000q)"; echo x; } > "$mail"
	postern_ok you@example.net < "$mail"
	refute grep -liE 'secret\.test|^bcc' "$server_dir"/msg.*
}

@test "remove_bcc_headers off keeps Bcc" {
	conf_extra="remove_bcc_headers off"
	server
	{ head "Bcc: x@example.com"; echo x; } > "$want"
	postern_ok you@example.net < "$want"
	got_wanted
}

# -------------------------------------------------------------------------------------------------------------------- -t

# recipients: the recipients of RCPT, in order.
recipients() { envelope | sed -n 's/^rcpt <\(.*\)>.*/\1/p' | paste -sd ' '; }

@test "-t reads groups, comments, quoted local parts, routes and folded fields, and each address gets one RCPT" {
	server
	postern_ok -t last@example.com two@example.com <<-'END'
		To: friends: one@example.com, "Two, B" <two@example.com>;, nobody:;
		Cc: (a (nested \) comment)) three@example.com (x),
		  "four, 4"@example.com, <@relay.test,@b.test:five@example.com>
		cc : =?utf-8?Q?x=40y=2Ctest?= <six@example.com>, ONE@example.com
		Bcc: seven@[192.0.2.1], two@EXAMPLE.com

		x
	END
	local who output
	output=$(recipients)
	for who in last@example.com two@example.com one@example.com three@example.com '"four, 4"@example.com' \
	    five@example.com six@example.com 'seven@[192.0.2.1]'; do
		[[ " $output " == *" $who "* ]] || complain "not there: $who, only: $output"
	done
	[[ $(grep -o 'two@' <<< "$output" | wc -l) == 1 ]]
	[[ $(got '^Bcc') == 0 ]]
}

@test "-t with Resent- fields: only the newest block counts, and postern adds its missing Date and Message-ID" {
	server
	postern_ok -t <<-'END'
		Resent-From: me@example.org
		Resent-To: new@example.com
		Resent-To: old@example.com
		To: first@example.com
		From: them@example.com
		Date: Mon, 02 Mar 2026 10:00:00 +0000
		Message-ID: <1@example.com>

		x
	END
	[[ $(recipients) == new@example.com ]]
	[[ $(got '^Resent-(Date|Message-ID): ') == 2 && $(got '^(Date|Message-ID|From): ') == 3 ]]
}

@test "unqualified addresses are qualified in the envelope and in the header" {
	conf_extra="qualify_domain q.test"
	server
	printf 'From: me\nTo: one, Two <two> (c), g: three;\n\nx\n' | postern_ok -t -f me
	[[ $(recipients) == "one@q.test two@q.test three@q.test" ]]
	[[ $(got '^To: one@q.test, Two <two@q.test> \(c\), g: three@q.test;$') == 1 && $(got '^From: me@q.test$') == 1 ]]
}

@test "a list of addresses without blanks is folded behind its commas if its line would be too long" {
	conf_extra="qualify_domain q.test"
	server
	local names wanted='"a,b"@q.test,(c,d)e@q.test'
	names="\"a,b\",(c,d)e$(printf ',user%03d' {1..100})"
	for user in {001..100}; do wanted+=",user$user@q.test"; done
	printf 'From: me\nTo:%s\n\nx\n' "$names" | postern_ok -t -f me
	[[ $(message | tr -d '\r' | grep -v '^From:' | sed '/^$/,$d' | sed 's/, /,/g; s/,$/,/' | sed 's/^ *//' | tr -d '\n') \
	    == "To:$wanted"* ]]
	[[ $(message | tr -d '\r' | awk 'length > 998' | wc -l) == 0 ]]
	{ head "Cc:$(printf 'user%03d@q.test,' {1..60})z@q.test"; echo x; } > "$want"	# nothing needs a fold
	postern_ok you@example.net < "$want"
	got_wanted
	{ head "Cc:$(printf 'user%03d@q.test,' {1..61})$(chars 76 y)@q.t"; echo x; } > "$want"	# the longest line that is allowed
	[[ $(wc -L < "$want") == 998 ]]
	sed 's/$/\r/' "$want" | postern_ok you@example.net
	got_wanted
}

@test "-t with a list of addresses that cannot be parsed is 65 without a connection" {
	local to
	server
	for to in '"unbalanced@example.com' '<a@example.com, c@' '(a@example.com' 'a@example.com b@example.com c@'; do
		printf 'To: %s\n\nx\n' "$to" | postern_fails 65 input -- -t
	done
	printf 'To: joe at\n home\n\nx\n' > "$want"
	postern_fails 65 input -- -t < "$want"
	told "in the address joe at home"	# the error shows the address on one line
	[[ $stderr != *\\x* ]]
	[[ $(connections) == 0 ]]
}

# -------------------------------------------------------------------------------------- what the wire cannot carry

@test "CR CR LF is one line end if every line of the header has it, in a large message too" {
	server
	{ head; printf 'text\n\n.dot\n'; } > "$want"
	sed 's/$/\r\r/' "$want" | postern_ok you@example.net
	got_wanted
	{ head; yes "$(chars 60)" | command head -n 30000; } > "$want"
	sed 's/$/\r\r/' "$want" | postern_ok you@example.net
	got_wanted
	{ head; printf 'text\r\n'; } > "$want"			# the header has LF, so this is a CR at the end of a line
	sed 's/\r$/\r\r/' "$want" | postern_ok you@example.net
	message "$(messages)" | grep -q '^text=0D'
}

@test "CR is the line end if there is no LF, in a large message too" {
	server
	{ head; printf 'text\n\n.dot\n'; } > "$want"
	tr '\n' '\r' < "$want" | postern_ok you@example.net
	got_wanted
	{ head; yes "$(chars 60)" | command head -n 30000; } > "$want"
	tr '\n' '\r' < "$want" | postern_ok you@example.net
	got_wanted
	{ head; printf 'text\n'; } > "$want"
	{ tr '\n' '\r' < "$want" | sed 's/$/\n/'; } | postern_ok you@example.net	# one LF: now the CRs are no line ends
	message "$(messages)" | grep -q '^From: me@example.org To: you@example.net '
}

@test "-bs: no CR CR LF or CR ends the text, and in the message they count as line ends" {
	local end
	server "hide CHUNKING"
	for end in '\r\r\n' '\r'; do
		{
			printf '%s\r\n' "EHLO client.example" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>"
			[[ $end == *n ]] && printf 'DATA\r\n' || printf 'BDAT %d LAST\r\n' "$({ head; printf 'a\n.\n..b\n'; } | wc -c)"
			{ head; printf 'a\n.\n..b\n'; } | awk -v end="$end" '{ printf "%s" end, $0 }'
			[[ $end != *n ]] || printf '.\r\n'
			printf 'QUIT\r\n'
		} | postern_ok -bs
	done
	[[ $(messages) == 2 ]]
	{ head; printf 'a\n\n.b\n'; } > "$want"			# the first dot of a line is dropped
	sed 's/$/\r/' "$want" | cmp - <(message 1)
	{ head; printf 'a\n.\n..b\n'; } > "$want"
	sed 's/$/\r/' "$want" | cmp - <(message 2)
}

@test "bare CR, NUL and long lines in a text are encoded as quoted-printable" {
	server
	{ head; printf 'a\rb\0c\n%s\n' "$(chars 2000)"; } | postern_ok you@example.net
	[[ $(got '^Content-Transfer-Encoding: quoted-printable$') == 1 && $(message | awk 'length > 77' | wc -l) == 0 ]]
	message | tr -d '\r' | grep -q '^a=0Db=00c$'
}

@test "bare CR, NUL and long lines in multipart/signed are refused with 65" {
	local bad
	server
	for bad in 'a\rb' 'a\0b' "$(chars 999)"; do
		{
			head "MIME-Version: 1.0" 'Content-Type: multipart/signed; boundary="=_s"'
			printf -- "--=_s\n\n$bad\n--=_s\n\nsig\n--=_s--\n"
		} | postern_fails 65 input -- you@example.net
	done
	[[ $(connections) == 0 ]]
}

@test "a header line of more than 998 octets is folded at blanks, and unfolding gives the original" {
	local long
	server
	long=$(chars 500)" $(chars 497 y)	$(chars 900 z)  $(chars 98 w)"
	{ head "Subject: $long" "X-Name : $(chars 980) b $(chars 20)"; echo x; } > "$mail"
	postern_ok you@example.net < "$mail"
	[[ $(message | tr -d '\r' | awk 'length > 998' | wc -l) == 0 && $(got '^[ 	]*$') == 1 ]]
	[[ $(got '^(MIME-Version|Content-)') == 0 ]]
	message | tr -d '\r' | sed -e ':a' -e '$!N' -e 's/\n\([ \t]\)/\1/' -e ta -e P -e D | cmp - "$mail"
	sed 's/$/\r/' "$mail" | postern_ok you@example.net
	cmp <(message 1) <(message 2)
}

@test "a header line of more than 998 octets without blanks is folded where white space means nothing" {
	local field list
	server
	list=$(printf '"a,b"<user%03d@q.test>,' {1..60})
	for field in "X-SMTPAPI: {\"to\":[$(printf '"a,b%03d@q.test",' {1..90})\"\"]}" "To:${list}z@q.test" \
		"List-Unsubscribe: <https://q.test/$(chars 1000)>" "X-Id:$(chars 991)" "$(chars 990) : abcdefghi" \
		"Subject: $(chars 990)"; do
		{ head "$field"; echo x; } > "$mail"
		postern_ok you@example.net < "$mail"
		[[ $(message "$(messages)" | tr -d '\r' | awk 'length > 998' | wc -l) == 0 ]]
		tr -d ' \n' < "$mail" | cmp - <(message "$(messages)" | tr -d ' \r\n')
		message "$(messages)" | tr -d '\r' | sed '/^$/,$d' | refute grep -E '"a$|^ ?b|^[ 	]*$'
	done
}

@test "a header line of 998 octets stays as it is; a longer one that can be neither folded nor encoded is refused" {
	local bad
	server
	{ head "Subject: $(chars 488) $(chars 500)"; echo x; } > "$want"
	postern_ok you@example.net < "$want"
	got_wanted
	for bad in "Message-ID: $(chars 999)" "To: \"$(chars 500),$(chars 500)\" <a@b>" "$(chars 997) : abc"; do
		{ head "$bad"; echo x; } | postern_fails 65 input -- you@example.net
	done
	[[ $(messages) == 1 ]]
	{ head "Subject: x$(chars 1000 ' ')"; echo x; } | postern_ok you@example.net
	message 2 | grep -q $'^Subject: x *\r$'
}

@test "a carriage return or a NUL in a header line becomes a blank" {
	server
	printf 'Subject: a\rb\0c\nX: y\r\r\nFrom: me@example.org\n\nx\n' | postern_ok you@example.net
	[[ $(got '^Subject: a b c$') == 1 && $(got '^X: y $') == 1 ]]
	[[ $(got '^Content-') == 0 ]]
	printf 'Subject: a\rBcc: b@q.test\nTo: c@q.test\r\n\nx\n' | postern_ok -t -f me@example.org
	message 2 | grep -q $'^Subject: a Bcc: b@q.test\r$'
	[[ $(envelope 2 | grep rcpt) == "rcpt <c@q.test>" ]]
}

# -------------------------------------------------------------------------------------------------------------- SMTPUTF8

@test "SMTPUTF8 is sent only if the message needs it" {
	server
	postern_ok you@example.net < "$mail"
	postern_ok $'m\303\274ller@example.net' < "$mail"
	[[ $(envelope 1) != *SMTPUTF8* && $(envelope 2) == *SMTPUTF8* ]]
}

@test "a server that offers SMTPUTF8 without 8BITMIME gets SMTPUTF8 and a 7-bit text" {
	server "hide 8BITMIME"
	{ head $'Subject: \303\274'; printf 'a \303\274\n'; } | postern_ok $'\303\274ser@example.net'
	[[ $(said 'MAIL FROM:.* SMTPUTF8') == 1 && $(envelope) == *$'rcpt <\303\274ser@example.net>'* ]]
	[[ $(got '^a =C3=BC$') == 1 && $(got $'^Subject: \303\274$') == 1 ]]
}

@test "without SMTPUTF8 a domain becomes its A-label, and a local part that is not ASCII is refused with 65" {
	server "hide SMTPUTF8"
	postern_ok $'you@b\303\274cher.test' < "$mail"
	[[ $(envelope) == *"rcpt <you@xn--bcher-kva.test>"* ]]
	postern_fails 65 -- $'m\303\274ller@example.net' < "$mail"
	[[ $(messages) == 1 ]]
}

# international: a header whose addresses have U-labels, and otherwise only ASCII.
international() {
	printf '%s\n' "From: me@example.org" $'To: Bob <bob@b\303\274cher.test>, (a comment) ann @ example.net,' \
	    $' "j o"@M\303\234LLER.test' $'Reply-To: <x@b\303\274cher.test>' "Subject: x" "Date: Mon, 02 Mar 2026 10:00:00 +0000" \
	    "Message-ID: <1@example.org>" "" text
}

@test "without SMTPUTF8 the domains in the header become A-labels, and the rest stays" {
	server "hide SMTPUTF8"
	international > "$mail"
	postern_ok -t < "$mail"
	[[ $(envelope) == *"rcpt <bob@xn--bcher-kva.test>"*"rcpt <ann@example.net>"*'rcpt <"j o"@xn--mller-kva.test>'* ]]
	diff <(message | tr -d '\r') - <<-'END'
		From: me@example.org
		To: Bob <bob@xn--bcher-kva.test>, (a comment) ann @ example.net,
		 "j o"@xn--mller-kva.test
		Reply-To: <x@xn--bcher-kva.test>
		Subject: x
		Date: Mon, 02 Mar 2026 10:00:00 +0000
		Message-ID: <1@example.org>

		text
	END
}

@test "such a header does not need SMTPUTF8 where it is offered, and is sent as it is if the user asks for SMTPUTF8" {
	server
	international > "$mail"
	postern_ok -t < "$mail"
	[[ $(envelope) != *SMTPUTF8* && $(got '@b.*cher') == 0 ]]
	postern_ok --smtputf8 -t < "$mail"
	cmp <(message 2 | tr -d '\r') "$mail"
	[[ $(envelope 2) == *SMTPUTF8* ]]
}

@test "-bs: after a MAIL without SMTPUTF8 a header with U-labels is sent with A-labels" {
	server
	{
		printf '%s\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA
		international
		printf '%s\n' . QUIT
	} | sed 's/$/\r/' > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	[[ $(messages) == 1 && $(envelope) != *SMTPUTF8* ]]
	message | grep -q '^To: Bob <bob@xn--bcher-kva.test>'
}
