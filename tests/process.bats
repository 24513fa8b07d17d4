#!/usr/bin/env bats
# The process and its environment: descriptors, signals, limits, arguments, variables (faults.md, Process and system).

load helper

server() {
	start_server <<-END
		tls none
		${1:-}
	END
}

got_mail() { sed 's/$/\r/' "$mail" | cmp - <(message "${1:-1}"); }

# begin ARGS: starts postern in the background as process $pid.  ended: waits for it and sets $status and $stderr.
begin() {
	# without <&0 a shell without job control would give it /dev/null
	with_default_signals "$POSTERN" -C "$conf" "$@" <&0 2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
}

ended() {
	status=0
	wait "$pid" || status=$?
	stderr=$(< "$BATS_TEST_TMPDIR/stderr")
}

# ------------------------------------------------------------------------------------------------------------ descriptors

@test "the mail is sent with stdout, stderr or both closed" {
	server
	"$POSTERN" -C "$conf" you@example.net < "$mail" >&-
	"$POSTERN" -C "$conf" you@example.net < "$mail" 2>&-
	"$POSTERN" -C "$conf" you@example.net < "$mail" >&- 2>&-
	sync_server
	got_mail 1
	got_mail 2
	got_mail 3
}

@test "with stdin, stdout and stderr closed nothing is sent" {
	local rc=0
	server
	"$POSTERN" -C "$conf" you@example.net <&- >&- 2>&- || rc=$?
	[[ $rc == 74 && $(connections) == 0 ]]
}

@test "the mail is sent with a full or broken stderr" {
	server
	"$POSTERN" -v -C "$conf" you@example.net < "$mail" > /dev/full 2> /dev/full
	exec {broken}> >(exec true)
	wait $!
	"$POSTERN" -v -C "$conf" you@example.net < "$mail" >&"$broken" 2>&1
	exec {broken}>&-
	sync_server
	got_mail 1
	got_mail 2
}

@test "--help, --version and the lists are a failure if stdout cannot be written" {
	local option rc
	for option in --help --version --list-keys --list-options; do
		rc=0
		"$POSTERN" "$option" > /dev/full 2> /dev/null || rc=$?
		[[ $rc != 0 ]] || complain "$option says that it has been written"
	done
}

# ---------------------------------------------------------------------------------------------------------------- signals

@test "TERM, INT and HUP while postern reads the message: 75, and nothing is sent" {
	local signal
	server
	mkfifo "$BATS_TEST_TMPDIR/in"
	for signal in TERM INT HUP; do
		exec {in}<> "$BATS_TEST_TMPDIR/in"
		begin you@example.net < "$BATS_TEST_TMPDIR/in"
		# more than any pipe holds (a page may be 64 KiB): when it is written, postern is reading
		yes "$(< "$mail")" | dd bs=64k count=64 iflag=fullblock status=none >&"$in"
		kill -s "$signal" "$pid"
		ended
		exec {in}>&-
		[[ $status == 75 ]] || complain "exit status $status after $signal"
		told "signal"
	done
	[[ $(connections) == 0 ]]
}

@test "TERM, INT and HUP while the server is silent: 75, and no message arrives" {
	local signal at
	for at in GREETING EHLO MAIL; do
		for signal in TERM INT HUP; do
			server "drop $at silence"
			begin you@example.net < "$mail"
			heard connect
			kill -s "$signal" "$pid"
			ended
			[[ $status == 75 ]] || complain "exit status $status after $signal at $at"
			stop_server
			[[ $(messages) == 0 ]]
		done
	done
}

@test "TERM in the middle of the body: 75, and postern sends neither the dot nor LAST" {
	local chunking
	for chunking in "" "hide CHUNKING"; do
		server "stop_reading 100000
$chunking"
		{ cat "$mail"; yes "a line of a long body" | dd bs=64k count=256 iflag=fullblock status=none; } > "$BATS_TEST_TMPDIR/large"
		begin you@example.net < "$BATS_TEST_TMPDIR/large"
		heard "stopped reading"
		kill -s TERM "$pid"
		ended
		[[ $status == 75 ]] || complain "exit status $status"
		stop_server
		[[ $(messages) == 0 ]]
	done
}

@test "TERM between the end of the message and its reply: 75, and the error says that the server may have it" {
	server "drop AFTERDOT silence"
	begin you@example.net < "$mail"
	heard "bytes\]"
	kill -s TERM "$pid"
	ended
	[[ $status == 75 ]]
	told "stopped by signal 15; the server may have the message"
}

@test "postern goes on after STOP and CONT" {
	server "delay GREETING 300"
	begin you@example.net < "$mail"
	kill -s STOP "$pid"
	kill -s CONT "$pid"
	heard connect
	kill -s STOP "$pid"
	kill -s CONT "$pid"
	ended
	[[ $status == 0 ]]
	sync_server
	got_mail
}

@test "the mail is sent if the parent ignores SIGPIPE, SIGCHLD and SIGHUP" {
	server
	(trap '' PIPE CHLD HUP; "$POSTERN" -C "$conf" you@example.net < "$mail")
	sync_server
	got_mail
}

# ----------------------------------------------------------------------------------------------------------------- limits

@test "with low limits for descriptors, files, stack or memory the mail is sent, or the status says what was missing" {
	local limit
	local -a limits=("-n 4" "-n 5" "-n 8" "-f 0" "-s 128")
	# a sanitizer needs all address space and ends with SIGABRT if it cannot have it
	grep -q __asan_init "$POSTERN" || limits+=("-v 65536" "-v 20000")
	server
	for limit in "${limits[@]}"; do
		(ulimit $limit; exec "$POSTERN" -C "$conf" you@example.net) < "$mail" > /dev/null 2>&1 3>&- && status=0 || status=$?
		[[ $status == 0 || $status == 7[1-8] || $status == 127 ]] || complain "exit status $status with ulimit $limit"
	done
}

@test "a large message from a pipe with a file size limit of 0 is 73, and SIGXFSZ does not end postern" {
	server
	{ cat "$mail"; yes x | dd bs=64k count=32 iflag=fullblock status=none; } > "$BATS_TEST_TMPDIR/large"
	status=0
	(cat "$BATS_TEST_TMPDIR/large" | (ulimit -f 0; exec "$POSTERN" -C "$conf" you@example.net 2> /dev/null)) || status=$?
	[[ $status == 73 && $(connections) == 0 ]]
}

# ------------------------------------------------------------------------------------------------------------ environment

@test "the mail is sent with any HOME, an empty environment, and odd locales and time zones" {
	local n=0 env
	server
	for env in "-u HOME" HOME= HOME=relative HOME=/nowhere -i "LC_ALL=tr_TR.UTF-8" "LC_ALL=../../x" "TZ=:/dev/zero" \
	    "NLSPATH=/dev/zero" "LANG=xx_YY LANGUAGE=de:fr"; do
		env $env "$POSTERN" -C "$conf" you@example.net < "$mail"
		sync_server
		got_mail $((++n))
	done
}

@test "a Date that postern adds is in English in any locale" {
	server
	printf 'Subject: x\n\ny\n' | LC_ALL=de_DE.UTF-8 LC_TIME=de_DE.UTF-8 postern_ok you@example.net
	message | grep -qE '^Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]+ (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) '
}

@test "a user without entry in the user database can send" {
	((EUID == 0)) && command -v setpriv > /dev/null || skip "needs root and setpriv"
	server
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$POSTERN" || skip "the user cannot reach the program"
	chown 54321 "$conf"
	setpriv --reuid 54321 --regid 54321 --clear-groups test -r "$conf" || skip "the user cannot reach the configuration"
	setpriv --reuid 54321 --regid 54321 --clear-groups "$POSTERN" -C "$conf" you@example.net < "$mail"
	sync_server
	got_mail
}

# -------------------------------------------------------------------------------------------------------------- arguments

@test "20000 recipients on the command line get the message" {
	server
	postern_ok $(seq -f 'r%.0f@x.test' 20000) < "$mail"
	[[ $(said RCPT) == 20000 ]]
}

@test "an address of 100 kB or an unknown option is refused, and nothing is sent" {
	local long option
	server
	long=$(printf '%*s' 100000 '' | tr ' ' a)
	for option in "$long" "$long@example.net" "a@$long"; do
		postern -- "$option" < "$mail"
		[[ $status == 64 || $status == 65 ]] || complain "exit status $status for a long address"
	done
	for option in --no-such-option --host --timeout=x -Z "--$long" --=x; do
		postern "$option" < "$mail"
		[[ $status == 64 || $status == 65 || $status == 78 ]] || complain "exit status $status for ${option:0:40}"
	done
	[[ $(connections) == 0 ]]
}

@test "postern without any argument, not even argv[0], is a usage error" {
	command -v "${CC:-cc}" > /dev/null || skip "needs a compiler: no shell can leave out argv[0]"
	"${CC:-cc}" -x c -o "$BATS_TEST_TMPDIR/nameless" - <<-'END'
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			char *none[] = { NULL };

			return argc == 2 && execv(argv[1], none) == 0 ? 0 : 127;
		}
	END
	run_bounded "$BATS_TEST_TMPDIR/nameless" "$POSTERN"
	[[ $status == 64 ]]
	told "usage"
}
