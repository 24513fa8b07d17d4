# Secrets: where the password comes from, and what the program that prints it may do wrong.

load helper

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }

# A server, and no password in the configuration.
setup() {
	helper_setup
	start_server <<< "auth_mechs PLAIN"
	set_conf password
	bin=$BATS_TEST_TMPDIR/bin
	mkdir -p "$bin"
}

# helper NAME < SCRIPT: a program.
helper() {
	{ echo '#!/bin/sh'; cat; } > "$bin/$1"
	chmod 755 "$bin/$1"
}

logged_in() { [[ $(envelope) == *"auth PLAIN user"* ]]; }
lives() { grep -sq '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }		# a zombie has ended
nobody_asked() { (($(connections) == 0)) || complain "there was a connection"; }

# ----------------------------------------------------------------------------------------------------------- what is good

@test "password_command, passwordeval and password_file give the password, without the line end" {
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

@test "passwordeval and password_file: notes below the first line are no part of it" {
	printf 'secret\nlogin: user\n' > "$BATS_TEST_TMPDIR/pw"
	chmod 600 "$BATS_TEST_TMPDIR/pw"
	set_conf passwordeval "cat $BATS_TEST_TMPDIR/pw"
	send
	set_conf passwordeval
	set_conf password_file "$BATS_TEST_TMPDIR/pw"
	send
}

@test "password_command has no shell" {
	set_conf password_command "printf %s secret;date"
	send_fails 77 auth
	[[ $(transcript) == *"$(printf '\0user\0secret;date' | base64)"* ]]
}

@test "a password with blanks, quotes and umlauts arrives as it is" {
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

@test "a helper sees no message, no descriptor of ours, and no password of the environment" {
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
	refute grep POSTERN_ "$HOME/env"
	[[ $(message) == *"and this is the last one."* ]]
}

@test "whoever starts us may ignore SIGCHLD" {
	set_conf password_command "echo secret"
	run_bounded env --ignore-signal=CHLD "$POSTERN" -C "$conf" you@example.net < "$mail"
	((status == 0)) || complain "exit status $status"
}

@test "what a helper leaves in the background is not waited for" {
	helper pw <<-'S'
		sleep 50 &
		echo $! > "$HOME/pid"
		echo secret
	S
	set_conf password_command "$bin/pw"
	postern_timeout=20
	send
	kill "$(< "$HOME/pid")"
}

# --------------------------------------------------------------------------------------------------------- what goes wrong

@test "a helper that fails is 75, whatever it has printed, and its words are shown" {
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

@test "a helper that does not exist, or must not be run, is 75" {
	set_conf password_command "$bin/missing"
	send_fails 75 secret
	told "password_command"
	echo > "$bin/plain"
	set_conf password_command "$bin/plain"
	send_fails 75 secret
	nobody_asked
}

@test "a helper that prints nothing, a NUL, or two lines, is 75" {
	local text
	for text in '' '\n' 'sec\0ret' 'secret\nzweite\n' '\033[1msecret\n'; do
		helper pw <<< "printf '$text'"
		set_conf password_command "$bin/pw"
		send_fails 75 secret
		[[ $stderr != *zweite* ]]
	done
	nobody_asked
}

@test "a helper without end is ended: silent, or talking" {
	helper silent <<-'S'
		echo secret
		sleep 60 & echo $! > "$HOME/pid"
		wait
	S
	helper talking <<-'S'
		echo $$ > "$HOME/pid"
		exec yes secret
	S
	local name
	set_conf timeout 1
	postern_timeout=20
	for name in silent talking; do
		set_conf password_command "$bin/$name"
		send_fails 75 secret
		[[ -s $HOME/pid ]]
		refute lives "$(< "$HOME/pid")"
	done
	nobody_asked
}

@test "a password file that others may read, or that is not there, is no password" {
	echo secret > "$BATS_TEST_TMPDIR/pw"
	chmod 644 "$BATS_TEST_TMPDIR/pw"
	set_conf password_file "$BATS_TEST_TMPDIR/pw"
	send_fails 78 config
	hinted "chmod 600"
	set_conf password_file "$BATS_TEST_TMPDIR/missing"
	send_fails 75 secret
	nobody_asked
}

@test "a password file of somebody else: 77, and the hint says how to have one of one's own" {
	echo secret > "$BATS_TEST_TMPDIR/pw"
	chmod 0 "$BATS_TEST_TMPDIR/pw"
	[[ ! -r $BATS_TEST_TMPDIR/pw ]] || skip "root may read everything"
	set_conf password_file "$BATS_TEST_TMPDIR/pw"
	send_fails 77 secret
	hinted "a password of your own"
	hinted "~/.config/postern/config"
	nobody_asked
}

@test "no password at all is 77, and the hint names the keys" {
	run_bounded setsid "$POSTERN" -C "$conf" you@example.net < "$mail"
	((status == 77))
	told "there is no password for user at localhost"
	hinted password_command
	nobody_asked
}

# -------------------------------------------------------------------------------------------------------------- secrecy

@test "the password is in no argument, no environment and no core" {
	helper pw <<-'S'
		tr '\0' '\n' < /proc/$PPID/cmdline > "$HOME/cmdline"
		echo secret
	S
	set_conf password_command "$bin/pw"
	send
	refute grep secret "$HOME/cmdline"
}

@test "a mistake on the password's line does not show it" {
	local line
	for line in 'password "s3cret' 'password s3cret more' 'pasword s3cret' 'password' 'passwordx s3cret'; do
		printf '%s\n' "host localhost" "port $port" "user user" "$line" > "$conf"
		chmod 600 "$conf"
		postern -f me@example.org you@example.net < "$mail"
		((status != 0)) || complain "no failure with: $line"
		[[ $stderr != *s3cret* ]] || complain "shown, with: $line"
	done
}

@test "--dump-config does not show it" {
	set_conf password secret
	postern_ok --dump-config
	[[ $stdout == *"user user"* && $stdout != *"password secret"* ]]
}

@test "a word in the environment that is no variable keeps no helper from starting" {
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
