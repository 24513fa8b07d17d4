# Secrets: where the password comes from, and what postern does if the program that prints it fails.

load helper

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }

# A server, and a configuration without a password.
setup() {
	helper_setup
	start_server <<< "auth_mechs PLAIN"
	set_conf password
	bin=$BATS_TEST_TMPDIR/bin
	mkdir -p "$bin"
}

# helper NAME < SCRIPT: makes a program.
helper() {
	{ echo '#!/bin/sh'; cat; } > "$bin/$1"
	chmod 755 "$bin/$1"
}

logged_in() { [[ $(envelope) == *"auth PLAIN user"* ]]; }
lives() { grep -sq '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }		# a zombie counts as ended
nobody_asked() { (($(connections) == 0)) || complain "there was a connection"; }

# ------------------------------------------------------------------------------------------- programs and files that work

@test "password_command, passwordeval and password_file give the password without the line end" {
	local text n=0
	for text in 'secret' 'secret\n' 'secret\r\n'; do
		printf "$text" > "$BATS_TEST_TMPDIR/pw"		# the format is the text
		chmod 600 "$BATS_TEST_TMPDIR/pw"
		set_conf password_command "cat '$BATS_TEST_TMPDIR/pw'"
		send
		set_conf password_command
		set_conf passwordeval "cat < $BATS_TEST_TMPDIR/pw | cat"
		send
		set_conf passwordeval
		set_conf password_file "$BATS_TEST_TMPDIR/pw"
		send
		set_conf password_file
	done
	(($(messages) == 9))
}

@test "passwordeval and password_file: only the first line is the password" {
	printf 'secret\nlogin: user\n' > "$BATS_TEST_TMPDIR/pw"
	chmod 600 "$BATS_TEST_TMPDIR/pw"
	set_conf passwordeval "cat $BATS_TEST_TMPDIR/pw"
	send
	set_conf passwordeval
	set_conf password_file "$BATS_TEST_TMPDIR/pw"
	send
}

@test "password_command runs without a shell" {
	set_conf password_command "printf %s secret;date"
	send_fails 77 auth
	[[ $(transcript) == *"$(printf '\0user\0secret;date' | base64)"* ]]
}

@test "a password with blanks, quotes and umlauts is sent as it is" {
	stop_server
	start_server <<-'S'
		auth_mechs PLAIN
		password pä "ss' wörd
	S
	set_conf password
	helper pw <<< "printf '%s\n' 'pä \"ss'\\'' wörd'"
	set_conf password_command "$bin/pw"
	send
}

@test "a password program gets neither the message nor descriptors of postern's nor POSTERN_ variables" {
	helper pw <<-'S'
		cat > "$HOME/stdin"
		ls /proc/self/fd > "$HOME/fds"
		env > "$HOME/env"
		echo secret
	S
	set_conf password_command "$bin/pw"
	export POSTERN_AUTHZID=
	exec 8< /dev/null
	send
	exec 8<&-
	logged_in
	[[ ! -s $HOME/stdin ]]
	[[ $(sort -n "$HOME/fds" | tr '\n' ' ') == "0 1 2 3 " ]]		# 3 is that of ls
	refute grep ^POSTERN_ "$HOME/env"		# bats 1.11 has the name of the test in its environment
	[[ $(message) == *"and this is the last one."* ]]
}

@test "the password program works if the parent ignores SIGCHLD" {
	set_conf password_command "echo secret"
	run_bounded env --ignore-signal=CHLD "$POSTERN" -C "$conf" you@example.net < "$mail"
	((status == 0)) || complain "exit status $status"
}

@test "postern does not wait for a background process of the password program" {
	helper pw <<-'S'
		sleep 1000 &
		echo $! > "$HOME/pid"
		echo secret
	S
	set_conf password_command "$bin/pw"
	send
	kill "$(< "$HOME/pid")"
}

@test "a password program may ask at the terminal; in the background it fails at once and does not wait to be asked" {
	helper pw <<-'S'
		read -r word < /dev/tty || exit 1
		echo "$word"
	S
	set_conf password_command "$bin/pw"
	at_terminal "$POSTERN -C $conf you@example.net < $mail" <<< secret
	((status == 0)) || complain "$screen"
	logged_in
	SECONDS=0
	at_terminal "timeout 50 $POSTERN -C $conf you@example.net < $mail" <<< secret
	((status == 75 && SECONDS < 30)) || complain "$status after $SECONDS seconds: $screen"
	[[ $screen == *"exit status"* ]] || complain "$screen"
}

@test "a password program that is killed while it asks leaves the terminal as it was; one that fails may be beside less(1)" {
	local after
	helper pw <<-'S'
		stty -icanon -isig < /dev/tty
		stty -g < /dev/tty > "$HOME/changed"
		test -e "$HOME/fails" && exit 3
		kill -INT "$PPID"
		exec sleep 1000
	S
	set_conf password_command "$bin/pw"
	for after in before changed; do
		at_terminal "stty -g > $HOME/before; $POSTERN -C $conf you@example.net < $mail; stty -g > $HOME/after" < /dev/null
		refute cmp "$HOME/before" "$HOME/changed"
		cmp "$HOME/$after" "$HOME/after"
		touch "$HOME/fails"
	done
}

# -------------------------------------------------------------------------------------------- programs and files that fail

@test "a password program that fails is 75, even if it printed a password, and its error text is shown" {
	helper pw <<-'S'
		echo secret
		echo "the key ring is locked" >&2
		exit 3
	S
	set_conf password_command "$bin/pw"
	send_fails 75 secret
	told "exit status 3"
	told "the key ring is locked"
	set_conf password_command
	set_conf passwordeval "echo secret; kill -9 \$\$"
	send_fails 75 secret
	told "signal 9"
	nobody_asked
}

@test "a password_command with signs of a shell is an error that names passwordeval" {
	local command
	for command in 'cat ~/pw' 'cat $HOME/pw' 'cat "$HOME/pw"' 'echo secret | head -n 1' 'cat pw 2>/dev/null' 'cat < pw' \
		'echo a; echo b' 'true && echo a' 'echo `cat pw`' 'echo $(cat pw)'; do
		set_conf password_command "$command"
		send_fails 78 config
		told "password_command is run without a shell"
		hinted passwordeval
		[[ $stderr != *pw* ]]
	done
	set_conf password_command "echo secret"
	for command in "echo '\$HOME | ~/x'" 'echo a|b;c a&b ~ann x~/y $ "a | b"' 'echo \$HOME'; do
		postern_ok --password-command="$command" --dump-config
	done
}

@test "a password file without a password, missing, or closed to its owner: 78 or 77, and the hint is for this file" {
	set_conf password
	set_conf password_file "$HOME/password"
	send_fails 78 secret
	hinted "into the first line of this file"
	local content
	for content in '' '\n' '\r\n' '\nsecret\n'; do
		printf "$content" > "$HOME/password"
		chmod 600 "$HOME/password"
		send_fails 78 config
		told "$HOME/password has no password in its first line"
	done
	((UID != 0)) || return 0
	chmod 000 "$HOME/password"
	send_fails 77 secret
	hinted "chmod 600 $HOME/password"
	[[ $stderr != *chgrp* ]]
}

@test "a password program that does not exist or cannot be run is 78: the error names it and PATH" {
	set_conf password_command "$bin/missing"
	send_fails 78 config
	told "password_command"
	told "$bin/missing"
	[[ $stderr != *again* ]]
	set_conf password_command no-such-program show mail
	send_fails 78 config
	told "no-such-program, searched for in PATH: $PATH"
	hinted "install the program; if it is installed, write its whole path"
	echo > "$bin/plain"
	set_conf password_command "$bin/plain"
	send_fails 78 config
	told "$bin/plain"
	set_conf password_command
	set_conf passwordeval "no-such-program show mail | cat -"
	send_fails 75 secret
	set_conf passwordeval "no-such-program show mail"
	send_fails 78 config
	told "did not find a program in PATH: $PATH"
	nobody_asked
}

@test "a password program that prints nothing, a NUL, a control character or two lines is 75" {
	local text
	for text in '' '\n' 'sec\0ret' 'secret\nzweite\n' '\033[1msecret\n'; do
		helper pw <<< "printf '$text'"
		set_conf password_command "$bin/pw"
		send_fails 75 secret
		[[ $stderr != *zweite* ]]
	done
	nobody_asked
}

@test "a password program that does not end is killed, whether it is silent or prints" {
	helper silent <<-'S'
		echo secret
		sleep 1000 & echo $! > "$HOME/pid"
		wait
	S
	helper talking <<-'S'
		echo $$ > "$HOME/pid"
		exec yes secret
	S
	local name
	with_own_time FAST_WHEN="$HOME/pid" FAST_SECONDS=1000	# its time is over when it has begun
	by=(env "${own_time[@]}")
	for name in silent talking; do
		rm -f "$HOME/pid"
		set_conf password_command "$bin/$name"
		send_fails 75 secret
		[[ -s $HOME/pid ]]
		# the kernel may take its time to end a killed process that is not postern's child; the test's limit is shorter than its life
		while lives "$(< "$HOME/pid")"; do
			sleep 0.05
		done
	done
	nobody_asked
}

@test "a password file that others may read is 78, and so is a missing one" {
	echo secret > "$BATS_TEST_TMPDIR/pw"
	chmod 644 "$BATS_TEST_TMPDIR/pw"
	set_conf password_file "$BATS_TEST_TMPDIR/pw"
	send_fails 78 config
	hinted "chmod 600"
	set_conf password_file "$BATS_TEST_TMPDIR/missing"
	send_fails 78 secret
	told "$BATS_TEST_TMPDIR/missing"
	[[ $stderr != *again* ]]
	set_conf password_file
	set_conf netrc_file "$BATS_TEST_TMPDIR/missing"
	send_fails 78 secret
	nobody_asked
}

@test "an unreadable password file is 77, and the hint names the user's own configuration" {
	echo secret > "$BATS_TEST_TMPDIR/pw"
	chmod 0 "$BATS_TEST_TMPDIR/pw"
	[[ ! -r $BATS_TEST_TMPDIR/pw ]] || skip "root may read everything"
	set_conf password_file "$BATS_TEST_TMPDIR/pw"
	send_fails 77 secret
	hinted "a password of your own"
	hinted "~/.config/postern/config"
	nobody_asked
}

@test "without any password it is 77, and the hint names the keys" {
	run_bounded setsid "$POSTERN" -C "$conf" you@example.net < "$mail"
	((status == 77))
	told "there is no password for user at localhost"
	hinted password_command
	nobody_asked
}

# -------------------------------------------------------------------------------------------------------------- secrecy

@test "the password is not in the arguments of postern" {
	helper pw <<-'S'
		tr '\0' '\n' < /proc/$PPID/cmdline > "$HOME/cmdline"
		echo secret
	S
	set_conf password_command "$bin/pw"
	send
	refute grep secret "$HOME/cmdline"
}

@test "an error in the line of the password does not show the password" {
	local line
	for line in 'password "s3cret' 'password s3cret more' 'pasword s3cret' 'password' 'passwordx s3cret'; do
		printf '%s\n' "host localhost" "port $port" "user user" "$line" > "$conf"
		chmod 600 "$conf"
		postern -f me@example.org you@example.net < "$mail"
		((status != 0)) || complain "no failure with: $line"
		[[ $stderr != *s3cret* ]] || complain "shown, with: $line"
	done
}

@test "--dump-config does not show the password" {
	set_conf password secret
	postern_ok --dump-config
	[[ $stdout == *"user user"* && $stdout != *"password secret"* ]]
}

@test "the password program starts even if the environment has a word that is no variable" {
	command -v "${CC:-cc}" > /dev/null || skip "needs a compiler: no shell can make such an environment"
	"${CC:-cc}" -x c -o "$BATS_TEST_TMPDIR/odd" - <<-'END'
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			char *words[] = { "PATH=/usr/bin:/bin", "POSTERN_X", "POSTERN_Y=y", "=", NULL };

			return argc > 1 && execve(argv[1], argv + 1, words) == 0 ? 0 : 127;
		}
	END
	start_server < /dev/null
	set_conf password
	set_conf passwordeval "env | grep POSTERN_Y; echo secret"
	set_conf timeout 5
	run_bounded "$BATS_TEST_TMPDIR/odd" "$POSTERN" -C "$conf" you@example.net < "$mail"
	[[ $status == 0 && $(messages) == 1 ]] || complain "status $status"
}

# ------------------------------------------------------------------------------------------------- whose file, and its mode

# as_group USER GROUP ARGS: runs postern with these IDs; files in $open can be reached by all.
as_group() {
	local user=$1 group=$2
	shift 2
	run_bounded setpriv --reuid "$user" --regid "$group" --clear-groups -- env "HOME=$open" "$open/postern" -C "$open/conf" "$@"
}

# opened: $open is a directory that every user can reach, with a program, a configuration for $open/pw and a password there.
opened() {
	((EUID == 0)) || skip "only root can make a file of another user"
	command -v setpriv > /dev/null || skip "there is no setpriv"
	open=$BATS_TEST_TMPDIR/open
	mkdir "$open"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	chmod 755 "$open"
	setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$open" || skip "another user cannot reach $open"
	cp "$POSTERN" "$open/postern"
	cp "$certs/ca.pem" "$open/"
	set_conf password_file "$open/pw"
	set_conf tls_trust_file "$open/ca.pem"
	cp "$conf" "$open/conf"
	chmod 644 "$open/conf" "$open/ca.pem"
	echo secret > "$open/pw"
}

@test "a password file of root's may be readable by its group; no other file of a group, and none that the group may write" {
	opened
	chown 0:54321 "$open/pw"
	chmod 640 "$open/pw"
	as_group 54322 54321 you@example.net < "$mail"
	((status == 0)) || complain "the group may not read it"
	logged_in
	as_group 54322 54322 you@example.net < "$mail"
	[[ $status == 77 ]]
	told "cannot read $open/pw"
	hinted "chmod 640"
	local mode owner
	for mode in 660 644 642 620; do
		chmod "$mode" "$open/pw"
		postern_fails 78 config -- you@example.net < "$mail"
		told "is open to others"
	done
	chown 54322:54321 "$open/pw"
	chmod 640 "$open/pw"
	as_group 54322 54321 you@example.net < "$mail"
	[[ $status == 78 ]]
	told "is open to others"
	hinted "chmod 600 $open/pw"
	(($(messages) == 1))
}

@test "a configuration with a password and a netrc file of root's may be readable by their group, too" {
	opened
	echo "password secret" >> "$open/conf"
	chown 0:54321 "$open/conf"
	chmod 640 "$open/conf"
	as_group 54322 54321 you@example.net < "$mail"
	((status == 0)) || complain "the configuration"
	sed -i '/^password/d' "$open/conf"
	echo "netrc_file $open/netrc" >> "$open/conf"
	echo "machine localhost login user password secret" > "$open/netrc"
	chown 0:54321 "$open/netrc"
	chmod 640 "$open/netrc"
	as_group 54322 54321 you@example.net < "$mail"
	((status == 0)) || complain "the netrc file"
	chmod 660 "$open/netrc"
	as_group 54322 54321 you@example.net < "$mail"
	((status == 78)) || complain "the group may write the netrc file"
}

@test "a file in CREDENTIALS_DIRECTORY or named by a _FILE variable may be readable by all" {
	local dir=$BATS_TEST_TMPDIR/credentials
	mkdir "$dir" "$dir/sub"
	echo secret > "$dir/smtp"
	cp "$dir/smtp" "$dir/sub/smtp"
	chmod 444 "$dir/smtp" "$dir/sub/smtp"
	set_conf password_file "$dir/smtp"
	CREDENTIALS_DIRECTORY=$dir send
	logged_in
	send_fails 78 config
	CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR/cred send_fails 78 config
	set_conf password_file "$dir/sub/smtp"
	CREDENTIALS_DIRECTORY=$dir send_fails 78 config
	set_conf password_file "$dir/smtp"
	chmod 464 "$dir/smtp"
	CREDENTIALS_DIRECTORY=$dir send_fails 78 config
	chmod 444 "$dir/smtp"
	set_conf password_file
	POSTERN_PASSWORD_FILE=$dir/smtp send
	(($(messages) == 2))
}
