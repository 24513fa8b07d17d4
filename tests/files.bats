# Files that a user or a configuration names: with whose rights postern opens them, how long it waits, what it shows of them.

load helper

# open_dir: makes $dir, a directory that every user can reach; the directories of bats are closed to other users.
open_dir() {
	dir=$(TMPDIR='' mktemp -d /tmp/postern-files.XXXXXX)
	chmod 755 "$dir"
}

setup() {
	helper_setup
	umask 022
	dir=
}

teardown() {
	[[ -z $dir ]] || rm -rf "$dir"
	helper_teardown
}

needs_root() {
	((EUID == 0)) || skip "only root can make a file of another user"
	command -v setpriv > /dev/null || skip "there is no setpriv"
	open_dir
}

# as_nobody COMMAND ARGS: runs it as a user who owns no file here.
as_nobody() { run_bounded setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }

# set_id MODE: $program is a copy of the program that belongs to root and has this mode.
set_id() {
	program=$dir/postern
	cp "$POSTERN" "$program"
	chown 0:0 "$program"
	chmod "$1" "$program"
	cp /usr/bin/id "$dir/id"
	chown 0:0 "$dir/id"
	chmod "$1" "$dir/id"
	as_nobody "$dir/id"
	[[ $stdout == *euid=0* || $stdout == *egid=0* ]] || skip "set-user-ID bits have no effect here"
}

# ------------------------------------------------------------------------------------------------------------- set-id

# Status and error are the same as from a copy without the bits.
same_without_bits() {
	local was_status was_stderr
	as_nobody "$program" "$@" < "$dir/mail"
	was_status=$status was_stderr=$stderr
	cp "$POSTERN" "$dir/plain"
	chmod 755 "$dir/plain"
	as_nobody "$dir/plain" "$@" < "$dir/mail"
	[[ $status == "$was_status" && $stderr == "$was_stderr" ]] || complain "with the bits: $was_status $was_stderr"
}

closed_to_nobody() {
	local mode=$1
	set_id "$mode"
	cp "$mail" "$dir/mail"
	printf 'host localhost\nport 1\ntls off\nfrom me@example.org\n' > "$dir/conf"
	printf 'topsecret\n' > "$dir/closed"
	chmod 640 "$dir/closed"
	mkdir "$dir/logs"
	chmod 770 "$dir/logs"
	same_without_bits -C "$dir/closed" you@example.net
	told "cannot read $dir/closed"
	told "Permission denied"
	same_without_bits -C "$dir/conf" "--aliases=$dir/closed" you@example.net
	told "cannot read $dir/closed"
	same_without_bits -C "$dir/conf" "--password-file=$dir/closed" --user=x you@example.net
	told "$dir/closed"
	same_without_bits -C "$dir/conf" --tls=on "--tls-trust-file=$dir/closed" you@example.net
	told "$dir/closed"
	same_without_bits -C "$dir/conf" "--logfile=$dir/logs/log" you@example.net
	told "cannot write the log $dir/logs/log"
	[[ ! -e $dir/logs/log && $stderr != *topsecret* ]]
}

@test "a set-user-ID bit gives no rights: postern opens only files that the user may open" {
	needs_root
	closed_to_nobody 4755
}

@test "a set-group-ID bit gives no rights: postern opens only files that the user may open" {
	needs_root
	closed_to_nobody 2755
}

@test "a file capability gives no rights: postern opens only files that the user may open" {
	needs_root
	command -v setcap > /dev/null || skip "there is no setcap"
	set_id 4755
	chmod 755 "$program"
	setcap cap_dac_override+ep "$program" || skip "the file system keeps no capabilities"
	echo topsecret > "$dir/closed"
	chmod 600 "$dir/closed"
	as_nobody "$program" -C "$dir/closed" you@example.net
	((status == 78 || status == 77)) || complain "status $status"
	told "Permission denied"
}

@test "a program that a set-user-ID postern starts has the user's real, effective and saved IDs" {
	needs_root
	set_id 4755
	cat > "$dir/conf" <<-END
		host localhost
		port 1
		tls off
		user x
		from me@example.org
		passwordeval grep -E '^(Uid|Gid)' /proc/\$PPID/status > $dir/out/ids; exit 3
	END
	mkdir "$dir/out"
	chmod 777 "$dir/out"
	as_nobody "$program" -C "$dir/conf" --auth-cleartext=on you@example.net < "$mail"
	[[ $(tr -s '\t ' ' ' < "$dir/out/ids") == "Uid: 65534 65534 65534 65534"$'\n'"Gid: 65534 65534 65534 65534" ]] \
	    || complain "ids: $(cat "$dir/out/ids")"
}

# -------------------------------------------------------------------------------------------------------------- pipes

# late WORDS -- ARGS: without a writer, and then with a silent writer, postern ends in time with a temporary failure.
late() {
	local words=$1 pipe=$HOME/pipe
	shift 2
	rm -f "$pipe"
	mkfifo -m 600 "$pipe"
	run_bounded "$@"
	((status == 75 || status == 74)) || complain "status $status, without a writer"
	told "$pipe is a pipe"
	told "no program wrote to it in time"
	told "$words"
	exec 7<> "$pipe"	# the test holds it open, and writes nothing
	run_bounded "$@" 7>&-
	exec 7>&-
	((status == 75 || status == 74)) || complain "status $status, with a silent writer"
	told "$pipe is a pipe"
}

@test "a pipe without writer or with a silent writer fails in time: passwords" {
	start_server < /dev/null
	set_conf password
	late "postern: secret: " -- "$POSTERN" -C "$conf" --timeout=1 "--password-file=$HOME/pipe" you@example.net
	late "postern: secret: " -- "$POSTERN" -C "$conf" --timeout=1 "--netrc-file=$HOME/pipe" you@example.net
	late "POSTERN_PASSWORD_FILE" -- env POSTERN_PASSWORD_FILE="$HOME/pipe" "$POSTERN" -C "$conf" --timeout=1 you@example.net
	set_conf timeout 1
	late "postern: secret: " -- "$POSTERN" -C "$conf" "--password-file=$HOME/pipe" you@example.net
	[[ $(connections) == 0 ]]
}

@test "a pipe without writer or with a silent writer fails in time: certificates" {
	start_server < /dev/null
	local key
	set_conf timeout 1
	for key in trust-file crl-file; do
		late "" -- "$POSTERN" -C "$conf" "--tls-$key=$HOME/pipe" you@example.net
	done
	late "" -- "$POSTERN" -C "$conf" "--tls-cert-file=$HOME/pipe" "--tls-key-file=$certs/good.key" you@example.net
	late "" -- "$POSTERN" -C "$conf" "--tls-cert-file=$certs/good.pem" "--tls-key-file=$HOME/pipe" you@example.net
	[[ $(messages) == 0 ]]
}

@test "a pipe without writer or with a silent writer fails in time: the configuration and an included file" {
	late "postern: config: " -- "$POSTERN" -C "$HOME/pipe" --timeout=1 you@example.net
	echo "include $HOME/pipe" > "$conf"
	late "postern: config: " -- "$POSTERN" -C "$conf" --timeout=1 you@example.net
}

@test "postern waits for the writer of a pipe; an empty pipe is an empty password" {
	start_server < /dev/null
	set_conf password
	set_conf password_file "$HOME/pipe"
	mkfifo -m 600 "$HOME/pipe"
	(
		# Opening fails as long as the pipe has no reader, so postern opens it before the first writer does.
		until [[ ! -p $HOME/pipe ]] || echo secret | dd of="$HOME/pipe" oflag=nonblock conv=notrunc,nocreat status=none 2> /dev/null; do
			sleep 0.05
		done
	) 3>&- &
	postern_ok you@example.net < "$mail"
	wait $!
	set_conf password_file "/dev/fd/4"
	postern_ok you@example.net < "$mail" 4< <(echo secret)
	postern_fails 75 secret -- you@example.net < "$mail" 4< <(:)
	told "empty password"
	postern_fails 75 secret -- "--password-file=$HOME/pipe" you@example.net < "$mail" 5< <(: > "$HOME/pipe")
	told "empty password"
}

@test "a log that is a pipe without reader, or a directory, is a warning" {
	start_server < /dev/null
	mkfifo "$HOME/pipe"
	set_conf logfile "$HOME/pipe"
	postern_ok you@example.net < "$mail"
	told "warning: cannot write the log $HOME/pipe: no program reads from it"
	set_conf logfile "$HOME"
	postern_ok you@example.net < "$mail"
	told "warning: cannot write the log $HOME: "
}

@test "a log that is a pipe whose reader does not read is a warning within the time limit" {
	start_server < /dev/null
	mkfifo "$HOME/pipe"
	exec 5<> "$HOME/pipe"
	dd if=/dev/zero of="$HOME/pipe" bs=4096 oflag=nonblock 2> /dev/null || :	# until there is no room
	late_on "C: QUIT"
	postern_ok "--logfile=$HOME/pipe" you@example.net < "$mail"
	exec 5>&-
	told "warning: cannot write the log $HOME/pipe: "
}

@test "a new log file has mode 600, whatever the umask" {
	start_server < /dev/null
	umask 000
	postern_ok "--logfile=$HOME/log" you@example.net < "$mail"
	[[ $(stat -c %a "$HOME/log") == 600 ]]
}

@test "a configuration that includes itself by another name is refused" {
	ln -s postern.conf "$BATS_TEST_TMPDIR/other"
	echo "include other" > "$conf"
	postern_fails 78 config -- you@example.net < "$mail"
	told "includes itself"
}

# -------------------------------------------------------------------------------------- who may write, and what is shown

# aliases_of: fills $dir with root's alias file `staff: :include:LIST` and a configuration, and starts a server.
aliases_of() {
	[[ -n $dir && -d $dir ]] || complain "open_dir comes first" || return 1	# otherwise the following would be done to /
	start_server < /dev/null
	sed -e "s|$certs|$dir|" "$conf" > "$dir/conf"
	cp "$certs/ca.pem" "$mail" "$dir/"
	echo "aliases $dir/aliases" >> "$dir/conf"
	echo "qualify_domain home.example" >> "$dir/conf"
	chmod 644 "$dir"/*
	sed -i -e '/^password /d' "$dir/conf"
	echo "passwordeval echo secret" >> "$dir/conf"
	conf=$dir/conf
	mkdir "$dir/home"
	echo "staff: :include:$dir/home/list" > "$dir/aliases"
	echo "ann@example.org" > "$dir/home/list"
}

# The list is refused with these words.
refused() {
	postern_fails 67 rcpt -- staff < "$mail"
	told "$dir/aliases:1: the alias staff includes a list: $1"
	[[ $stderr != *"$dir/home"* && $stderr != *ann@* ]] || complain "the path is shown"
}

taken() {
	postern_ok staff < "$mail"
	[[ $(envelope "$(messages)") == *"rcpt <$1>"* ]] || complain "another recipient"
}

@test "a list that others may write is refused; the group may write it only if it is root's group" {
	open_dir
	aliases_of
	taken ann@example.org
	chmod 646 "$dir/home/list"
	refused "it can be written by others"
	chmod 664 "$dir/home/list"
	if ((EUID == 0)); then
		taken ann@example.org
		chown :65534 "$dir/home/list"
	fi
	refused "it can be written by others"
}

@test "an alias file that others may write, or that belongs to another user, is 78" {
	open_dir
	aliases_of
	chmod 646 "$dir/aliases"
	postern_fails 78 config -- you@example.net < "$mail"
	told "$dir/aliases can be written by others"
	chmod 644 "$dir/aliases"
	postern_ok you@example.net < "$mail"
	((EUID == 0)) || skip "the rest is root's"
	chown 65534 "$dir/aliases"
	postern_fails 78 config -- you@example.net < "$mail"
	told "$dir/aliases belongs to another user"
}

@test "a list or alias file below a directory that others may write is refused" {
	open_dir
	aliases_of
	chmod 777 "$dir/home"
	refused "it is in, or below, a directory that others may write"
	chmod 1777 "$dir/home"
	taken ann@example.org
	chmod 755 "$dir/home"
	mkdir "$dir/open"
	mv "$dir/home" "$dir/open/"
	chmod 777 "$dir/open"
	echo "staff: :include:$dir/open/home/list" > "$dir/aliases"
	postern_fails 67 rcpt -- staff < "$mail"
	told "a directory that others may write"
	mv "$dir/aliases" "$dir/open/"
	postern_fails 78 config -- "--aliases=$dir/open/aliases" staff < "$mail"
	told "$dir/open/aliases is in, or below, a directory that others may write"
}

@test "a link to a list is followed in root's directories and refused elsewhere" {
	needs_root
	aliases_of
	mv "$dir/home/list" "$dir/real"
	ln -s ../real "$dir/home/list"
	taken ann@example.org
	mkdir "$dir/other"
	mv "$dir/aliases" "$dir/other/real aliases"
	ln -s "other/real aliases" "$dir/aliases"
	taken ann@example.org
	chown 65534 "$dir/home"
	chown -h 65534 "$dir/home/list"
	refused "it is reached by a link"
	ln -sf list "$dir/home/list"
	chown 0 "$dir/home"
	refused "cannot read it"	# a link to itself: a permanent failure
	mkdir "$dir/theirs"
	chown 65534 "$dir/theirs"
	echo "staff: :include:$dir/theirs/../real" > "$dir/other/real aliases"
	refused "it has \`..\` in its path"
}

@test "root reads a list with the rights of the list's owner" {
	needs_root
	aliases_of
	chown 65534 "$dir/home" "$dir/home/list"
	chmod 700 "$dir/home"
	chmod 600 "$dir/home/list"
	taken ann@example.org
	chmod 044 "$dir/home/list"	# the list's owner may not read it
	refused "cannot read it: Permission denied"
	chown 0 "$dir/home/list"	# only root can have put a root's list there, but the directory's owner can replace it
	chmod 600 "$dir/home/list"
	refused "it is in a directory of a user who is not its owner"
}

@test "a list may include only lists that its owner may read" {
	needs_root
	aliases_of
	chown 65534 "$dir/home" "$dir/home/list"
	mkdir "$dir/private"
	echo "root:secret@example.org" > "$dir/private/shadow"
	echo "secret@example.org" > "$dir/private/list"
	chmod 600 "$dir/private/"*
	printf '%s\n' ":include:$dir/private/list" "ann@example.org" > "$dir/home/list"
	postern_fails 67 rcpt -- staff < "$mail"
	told "$dir/home/list:1: the list includes a list: cannot read it: Permission denied"
	[[ $stderr != *private* && $(envelope) != *secret* ]]
	chmod 644 "$dir/private/list"
	chmod 700 "$dir/private"
	postern_fails 67 rcpt -- staff < "$mail"
	[[ $(envelope 2) != *secret* ]]
	echo "staff: :include:$dir/private/list, :include:$dir/home/list" > "$dir/aliases"
	postern_fails 67 rcpt -- staff < "$mail"	# root's own list is read, which gives the other list no rights
	[[ $(envelope 3) == *secret@* && $stderr == *"list:1: the list includes a list: cannot read it"* ]]
	chmod 755 "$dir/private"
	taken secret@example.org
}

@test "an ordinary user reads lists with the user's own rights" {
	needs_root
	aliases_of
	chmod 755 "$dir/home"
	as_nobody "$POSTERN" -C "$conf" staff < "$dir/mail" || skip "another user cannot run the program"
	((status != 126 && status != 127)) || skip "another user cannot reach the program"
	((status == 0)) || complain "status $status"
	chmod 600 "$dir/home/list"
	as_nobody "$POSTERN" -C "$conf" staff < "$dir/mail"
	((status == 67)) || complain "status $status"
	told "includes a list: cannot read it: Permission denied"
}

@test "an alias file or a list that is replaced while postern opens it is still read" {
	local n replacer
	command -v perl > /dev/null || skip "needs perl"
	open_dir
	aliases_of
	for n in "$dir/aliases" "$dir/home/list"; do
		cp "$n" "$n.1"
		cp "$n" "$n.2"
	done
	# shellcheck disable=SC2016	# perl's
	perl -e 'for (;;) { for my $f (@ARGV) { for my $n (1, 2) { link("$f.$n", "$f.new"); rename("$f.new", $f) } } }' \
	    "$dir/aliases" "$dir/home/list" 3>&- &
	replacer=$!
	for ((n = 0; n < 20; n++)); do
		postern -bv staff
		((status == 0)) || break
	done
	kill "$replacer"
	((status == 0)) || complain "exit status $status in run $n: $stderr"
}

@test "without /proc root refuses a list of another user and says why" {
	needs_root
	aliases_of
	chown 65534 "$dir/home" "$dir/home/list"
	unshare -m true 2> /dev/null || skip "no file system can be mounted here"
	cat > "$dir/run" <<-'END'
		mount -t tmpfs none /proc || exit 99
		exec "$@"
	END
	run_bounded unshare -m sh "$dir/run" "$POSTERN" -C "$conf" staff < "$mail"
	((status != 99)) || skip "no file system can be mounted here"
	told "includes a list: it cannot be read as its owner without /proc"
	[[ $stderr != *LeakSanitizer* ]] || skip "the leak checker does not work without /proc either"
	((status == 75)) || complain "status $status"
	chown 0 "$dir/home" "$dir/home/list"
	run_bounded unshare -m sh "$dir/run" "$POSTERN" -C "$conf" staff < "$mail"
	((status == 0)) || complain "status $status"
}

@test "the text of an alias file or a list is not shown on stderr, in the log or in a reply" {
	open_dir
	aliases_of
	printf '%s\n' "ann@example.org" "root:\$6\$secret:1::" "|secret" "/secret" ":error: secret" ":include:secret" \
	    ":include:/secret" > "$dir/home/list"
	printf '%s\n' "pipe: |secret" "file: /secret" "odd: a secret" >> "$dir/aliases"
	postern_fails 67 rcpt -- "--logfile=$HOME/log" staff pipe file odd < "$mail"
	local line
	for line in 2 3 4 5 6 7; do
		told "$dir/home/list:$line: the list "
	done
	for line in 2 3 4; do
		told "$dir/aliases:$line: the alias "
	done
	[[ $stderr != *secret* && $(< "$HOME/log") != *secret* ]] || complain "it is shown: $(< "$HOME/log")"
	postern -bs < <(printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<staff>" "RCPT TO:<pipe>" \
	    "RCPT TO:<file>" "RCPT TO:<odd>" "DATA" "Subject: x" "" "x" "." "QUIT")
	[[ $stdout == *"550 "* && $stdout != *secret* && $stderr != *secret* ]] || complain "it is shown in a reply"
	postern -bi
	[[ $stderr == *"names a program"* && $stderr != *secret* ]] || complain "newaliases shows it"
}

# ------------------------------------------------------------------------------------------------------------ one place

@test "only base/file, base/home, base/owned, base/rights and the owners of a directory open files or look at them by name" {
	local found
	# Left out: /dev/tty and /dev/null, which no user names; net/trust tests which of the systems' stores exists, and opens
	# it with file_read() like any other file.  The queue, the service and the logins own directories; net/dial looks whose a
	# socket is, and secret/token which program is installed.
	found=$(cd "$SRCDIR/src" && grep -nE \
	    '\b(open|openat|open64|creat|fopen|freopen|opendir|scandir|stat|lstat|fstatat|access|faccessat|eaccess|mkstemp|mkostemp|tmpfile|seteuid|setegid|setreuid|setregid)[[:space:]]*\(' \
	    -r . --include='*.[ch]' | grep -vE '^\./(base/(file|home|owned|rights)|queue/(spool|held|place|background|tally)|server/service|secret/access|oauth2/(folder|store))\.c:|^\./net/dial\.c:[0-9]+:.*stat\(path|^\./secret/token\.c:[0-9]+:.*access\(to, X_OK\)' \
	    | grep -vE 'open\("/dev/(tty|null)"|^\./net/trust\.c:[0-9]+:.*access\(places\[i\], R_OK\)|\.[ch]:[0-9]+:[[:space:]]*(/?\*|.*/\*.*(open|stat)\()' || :)
	[[ -z $found ]] || complain "$found"
}
