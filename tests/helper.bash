# helper.bash - functions for every .bats file, which begins with `load helper`
#
# From the environment (make check sets it): POSTERN, the program; SMARTHOST, the test server; SRCDIR and BUILDDIR, the top
# of the two trees.  tests/README says how a test is written and what the server understands.

: "${SRCDIR:=$(cd "$BATS_TEST_DIRNAME/.." && pwd)}"
: "${BUILDDIR:=$SRCDIR}"
: "${POSTERN:=$BUILDDIR/postern}"
: "${SMARTHOST:=$BUILDDIR/tests/server/smarthost}"
[[ $POSTERN == /* ]] || POSTERN=$PWD/$POSTERN
[[ $SMARTHOST == /* ]] || SMARTHOST=$PWD/$SMARTHOST
export SRCDIR BUILDDIR POSTERN SMARTHOST

# How long one run of the program may take, in seconds: no program needs so long, also on a busy machine.
postern_timeout=300

# How long a test may take, in seconds, with all that it runs; empty: no limit.  A file may set another limit.
test_limit=600
test_grace=60		# how long its teardown may take after that

# ---------------------------------------------------------------------------------------------------------------- set-up

# If a file has a setup() or teardown() of its own, that function calls one of these two first.
helper_setup() {
	local name
	umask 022				# postern refuses files that a group may write
	exec < /dev/null			# start_server without a here-document reads an end of file
	[[ -z $test_limit ]] || limit_test
	# If a reader has left, the write fails and says so; without a trap the test would die without a word.  Programs that the
	# test starts have the default again.
	trap : PIPE
	for name in $(compgen -v POSTERN_) $(compgen -v XDG_) ${!LC_*}; do
		unset "$name"
	done
	unset EMAIL NAME MAILNAME SMTPSERVER NETRC CREDENTIALS_DIRECTORY DBUS_SESSION_BUS_ADDRESS SSLKEYLOGFILE
	unset http_proxy https_proxy all_proxy ALL_PROXY HTTPS_PROXY no_proxy LANGUAGE NLSPATH
	export LANG=C LC_ALL=C TZ=UTC0 HOME=$BATS_TEST_TMPDIR/home TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$HOME" "$TMPDIR"
	servers=0 server_pids=() server_holds=() server_says=() server_dirs=() by=() violations_expected=
	conf=$BATS_TEST_TMPDIR/postern.conf mail=$BATS_TEST_TMPDIR/mail
	certs=$BUILDDIR/tests/certs
	write_mail > "$mail"
}

helper_teardown() {
	local n
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		show_evidence
	fi
	sync_server
	for ((n = 0; n < servers; n++)); do
		stop_server_number "$n"
	done
	unlimit_test
	[[ -n $violations_expected ]] || no_violations
}

# If a test runs for more than $test_limit seconds, it fails, and all processes below it are killed.
# The watcher is a process that reads from $alive.  It ends when the test writes to $alive or is gone.
limit_test() {
	trap 'echo "the test took more than $test_limit seconds" >&2; exit 1' USR1
	exec {alive}> >(trap - ERR DEBUG; set +eET; close_all; watch_test "$$")
}

# Closes all but the standard descriptors.  The watcher may be started behind a server, which ends when nobody holds its FIFO.
close_all() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		((fd <= 2 || fd >= 255)) || eval "exec $fd>&-"
	done
}

# limit_anew: the time begins once more.  For tests of many equal parts: a part may take so long.
limit_anew() {
	[[ -z ${alive:-} ]] || { unlimit_test; limit_test; }
}

unlimit_test() {
	[[ -z ${alive:-} ]] || { echo over >&"$alive"; exec {alive}>&-; } 2> /dev/null
	alive=
}

# watch_test PID: when the time is over, the test gets a signal and its processes are killed.  If the test is still there after
# $test_grace more seconds, it is killed, too.
watch_test() {
	local test=$1 self=$BASHPID
	overdue "$test_limit" || return 0
	echo "$test_limit seconds are over.  What runs:"
	below_test | while read -r pid; do
		echo "$pid" "$(tr '\0' ' ' < "/proc/$pid/cmdline")"
	done
	kill -s USR1 "$test"
	# shellcheck disable=SC2046	# one word a process
	kill -s KILL $(below_test)
	overdue "$test_grace" || return 0
	# shellcheck disable=SC2046
	kill -s KILL $(below_test) "$test"
} 2> /dev/null

# overdue SECONDS: waits for so long.  True if the test is still there then (and not another process with its number).
overdue() {
	local _
	read -r -t "$1" _
	(($? > 128)) && processes | grep -q "^$self $test "
}

# processes: number and parent of each process.  below_test: the numbers of the test's descendants, without the watcher.
processes() { cat /proc/[0-9]*/stat 2> /dev/null | sed -n 's/^\([0-9]*\) (.*) [A-Za-z] \([0-9]*\) .*/\1 \2 /p'; }
below_test() {
	processes | awk -v top="$test" -v self="$self" '
		{ parent[$1] = $2 }
		END { for (pid in parent) for (p = pid; p in parent && p != self; p = parent[p]) if (parent[p] == top) { print pid; break } }'
}

setup() { helper_setup; }
teardown() { helper_teardown; }

# The standard message: LF line ends, a complete header, and a line that starts with a dot.
write_mail() {
	cat <<-'END'
		From: Me <me@example.org>
		To: You <you@example.net>
		Subject: a test
		Date: Mon, 02 Mar 2026 10:00:00 +0000
		Message-ID: <standard@example.org>

		Hello,
		.this line starts with a dot
		and this is the last one.
	END
}

# Makes the certificates in $certs, for all files: NAME.pem, NAME.key, NAME.sha256, NAME.spki256.  A set that is older than a day or
# than the server is not replaced, since other tests may be using it: a new one gets a directory of its own.  A test keeps its set.
make_certs() {
	local top=$BUILDDIR/tests/certs
	[[ $certs == "$top" ]] || return 0
	mkdir -p "$top"
	certs=$(
		cd "$top"
		exec 9> .lock
		flock 9
		newest=$(find . -path './set.*/stamp' -newer "$SMARTHOST" -mmin -1440 -printf '%T@ %h\n' | sort -n | tail -n 1)
		set=${newest##*/}
		if [[ -z $set ]]; then
			find . -path './set.*/stamp' -mmin +2880 -printf '%h\0' | xargs -0r rm -rf
			rm -rf new.*		# of a run that was broken off
			new=$(mktemp -d new.XXXXXX) && "$SMARTHOST" --make-certs "$new" >&2 && touch "$new/stamp" || exit 1
			set=set.${new#*.}
			chmod 755 "$new" && mv "$new" "$set" || exit 1
		fi
		echo "$top/$set"
	) 3>&- || { certs=$top; return 1; }
}

# ---------------------------------------------------------------------------------------------------------------- server

# Starts a smarthost with the script on stdin; sets $port and $server_dir, and writes $conf.  The smarthost ends with the test.
# A second smarthost gets a directory of its own.  The functions below look at the one whose directory is $server_dir: the
# latest, unless the test sets $server_dir back.
start_server() {
	local script number=$((servers + 1)) hold say line
	server_dir=$BATS_TEST_TMPDIR/server
	((number == 1)) || server_dir+=.$number
	mkdir -p "$server_dir"
	script=$server_dir/script
	cat > "$script"
	make_certs || return 1
	mkfifo "$server_dir/hold" "$server_dir/says"
	(
		# Closes the descriptors of earlier servers: otherwise these would never read an end of their standard input.
		for hold in "${server_holds[@]}" "${server_says[@]}"; do
			[[ -z $hold ]] || exec {hold}>&-
		done
		exec "$SMARTHOST" --dir "$server_dir" --certs "$certs" --script "$script" \
		    < "$server_dir/hold" > "$server_dir/says" 2> "$server_dir/stderr" 3>&-
	) &
	server_pid=$!
	exec {hold}> "$server_dir/hold" {say}< "$server_dir/says"
	server_pids+=("$server_pid") server_holds+=("$hold") server_says+=("$say") server_dirs+=("$server_dir")
	servers=$number
	if ! read -r -u "$say" line || [[ $line != "port "* ]]; then
		server_holds[number - 1]=
		echo "the smarthost did not start:" "$(< "$server_dir/stderr")" >&2
		return 1
	fi
	port=${line#port }
	write_conf
}

# Waits until the server has finished all connections, so that transcript and statistics are complete.
sync_server() {
	local n line rc=0
	for ((n = 0; n < servers; n++)); do
		[[ -n ${server_holds[n]} ]] || continue
		# In a subshell: if the server has died, SIGPIPE kills the subshell and not the test.
		(echo sync >&"${server_holds[n]}") 2> /dev/null || continue
		line=
		read -r -u "${server_says[n]}" line || :
		[[ $line != busy ]] || { echo "a connection of server $((n + 1)) did not end" >&2; rc=1; }
	done
	return $rc
}

# Stops the latest server before the test ends.
stop_server() { stop_server_number $((servers - 1)); }

stop_server_number() {
	local hold=${server_holds[$1]} say=${server_says[$1]}
	[[ -n $hold ]] || return 0
	exec {hold}>&- {say}<&-
	server_holds[$1]='' server_says[$1]=''
	wait "${server_pids[$1]}" || :
	if grep -qE 'Sanitizer|runtime error:' "${server_dirs[$1]}/stderr"; then
		cat "${server_dirs[$1]}/stderr" >&2
		return 1
	fi
}

# Writes a configuration that suits the server's script, with the lines of $conf_extra behind it.
write_conf() {
	{
		echo "account default"
		echo "host localhost"
		echo "port $port"
		echo "from me@example.org"
		if grep -qE '^[[:space:]]*tls[[:space:]]+none' "$server_dir/script"; then
			echo "tls off"
		else
			! grep -qE '^[[:space:]]*tls[[:space:]]+implicit' "$server_dir/script" || echo "tls_starttls off"
			echo "tls_trust_file $certs/ca.pem"
			echo "user user"
			echo "password secret"
		fi
		[[ -z ${conf_extra:-} ]] || printf '%s\n' "$conf_extra"
	} > "$conf"
	chmod 600 "$conf"
}

# set_conf KEY VALUE: replaces the key's lines in $conf, or adds one.  No VALUE: removes them.
set_conf() {
	local key=$1 line
	local -a keep=()
	shift
	while IFS= read -r line; do
		[[ $line == "$key" || $line == "$key "* ]] || keep+=("$line")
	done < "$conf"
	((!$#)) || keep+=("$key $*")
	printf '%s\n' "${keep[@]}" > "$conf"
	chmod 600 "$conf"
}

# --------------------------------------------------------------------------------------------------------------- program

# Runs a command for at most $postern_timeout seconds, with this stdin; sets $status, $stdout, $stderr.
run_bounded() {
	status=0
	timeout -k 5 "$postern_timeout" "$@" > "$BATS_TEST_TMPDIR/stdout" 2> "$BATS_TEST_TMPDIR/stderr" 3>&- || status=$?
	{ stdout=$(< "$BATS_TEST_TMPDIR/stdout") stderr=$(< "$BATS_TEST_TMPDIR/stderr"); } 2> /dev/null
	if [[ $stderr == *Sanitizer:* || $stderr == *"runtime error:"* ]]; then
		printf '%s\n' "$stderr" >&2
		return 1
	fi
}

# at_terminal COMMAND: a shell runs it in a terminal of its own, and what stands on our stdin is typed there.  $status, $screen.
at_terminal() {
	command -v script > /dev/null || skip "there is no script(1) to make a terminal with"
	status=0
	SHELL=/bin/sh timeout -k 5 "$postern_timeout" script -qefc "$1" /dev/null > "$BATS_TEST_TMPDIR/screen" 2>&1 3>&- || status=$?
	# shellcheck disable=SC2034	# used by the tests
	screen=$(tr -d '\r' < "$BATS_TEST_TMPDIR/screen")
}

# postern ARGS: runs the program with $conf, by the command in $by if there is one.  postern_bare ARGS: without -C.
# postern_as NAME ARGS: with $conf, under that name.
postern() { run_bounded "${by[@]}" "$POSTERN" -C "$conf" "$@"; }
postern_bare() { run_bounded "$POSTERN" "$@"; }
postern_as() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -sf "$POSTERN" "$BATS_TEST_TMPDIR/bin/$1"
	run_bounded "$BATS_TEST_TMPDIR/bin/$1" -C "$conf" "${@:2}"
}

# with_own_time NAME=VALUE...: sets $own_time, the variables of a program whose time goes by as tests/fault/fast.c says.
# late_on WORDS [VARIABLE...]: postern's time stands still.  Only where the server's transcript has a line with these words, the
# time of one wait is over.  So no limit passes too soon on a busy machine.
with_own_time() {
	[[ -e $BUILDDIR/tests/fault/fast.so ]] || skip "needs tests/fault/fast.so: make check builds it"
	own_time=(LD_PRELOAD="$BUILDDIR/tests/fault/fast.so" \
	    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "$@")
}
late_on() {
	with_own_time FAST_WHEN="$server_dir/transcript" FAST_WORDS="$1" "${@:2}"
	by=(env "${own_time[@]}")
}

# The directory of the system's configuration, as configure(1) set it: the program contains its name.
system_directory() { grep -aoE '/[[:alnum:]/._+-]+/postern\.conf' "$POSTERN" | sed -n '1s|/[^/]*$||p'; }

# with_default_signals CMD ARGS: executes the command with default signals.  The shell cannot reset a signal that was ignored
# when the shell began (after nohup), and without job control its background processes ignore INT and QUIT.
with_default_signals() { exec "$SMARTHOST" --with-default-signals "$@"; }

# postern_ok ARGS: the exit status must be 0; otherwise the test fails and shows the program's output.
postern_ok() {
	postern "$@"
	((status == 0)) || complain "exit status $status, not 0, from: postern $*"
}

# postern_fails STATUS [STAGE] -- ARGS: the exit status must be this one, and the first error must name this stage.
postern_fails() {
	local want=$1 stage='' first=''
	shift
	if [[ $1 != -- ]]; then
		stage=$1
		shift
	fi
	[[ $1 == -- ]] || { echo "postern_fails STATUS [STAGE] -- ARGS" >&2; return 1; }
	shift
	postern "$@"
	((status == want)) || complain "exit status $status, not $want, from: postern $*" || return 1
	first=$(grep -m 1 '^postern: ' "$BATS_TEST_TMPDIR/stderr") || :
	[[ -z $stage || $first == "postern: $stage: "* ]] \
	    || complain "stderr does not say 'postern: $stage: ', from: postern $*"
}

# told WORDS: stderr must contain them.  hinted WORDS: the hint must contain them.
told() { [[ $stderr == *"$1"* ]] || complain "stderr does not say: $1"; }
hinted() { [[ $stderr == *"hint: "*"$1"* ]] || complain "there is no hint with: $1"; }

# needs_mounts [TOOL...]: skips the test unless it can have mounts of its own (as root, in a namespace), and has these tools.
needs_mounts() {
	local tool why
	((EUID == 0)) || skip "needs root"
	for tool in unshare "$@"; do
		command -v "$tool" > /dev/null || skip "needs $tool"
	done
	why=$(unshare --mount true 2>&1) || skip "needs a mount namespace: $why"
}

# eventually COMMAND ARGS: waits until the command succeeds.  Only the limit of the test ends this, since how long something
# takes depends on the machine.  heard PATTERN: waits for such a line in the transcript of a server that still runs.
eventually() {
	until "$@"; do
		sleep 0.05
	done
}
in_transcript() { grep -q -e "$1" "$server_dir/transcript" 2> /dev/null; }
heard() { eventually in_transcript "$1"; }

# gone PID...: are these processes gone?
gone() {
	local pid
	for pid; do
		[[ ! -e /proc/$pid ]] || return 1
	done
}

# refute COMMAND ARGS: the command must fail.  (bats ignores the status of `! command` unless it is the last line of a test.)
refute() {
	local answer=0
	"$@" || answer=$?
	case $1:$answer in
	*:0) complain "this should have failed: $*" ;;
	grep:2 | *:12[67]) complain "this could not be run, or could not read its file: $*" ;;
	esac
}

complain() {
	printf '%s\n' "$1" "--- stderr" "$stderr" "--- stdout" "$stdout" >&2
	return 1
}

# -------------------------------------------------------------------------------------------------------------- evidence

# Prints the dialogue: `FLIGHT C: text`, `FLIGHT S: text`, `-- event`.
transcript() {
	sync_server
	[[ ! -e $server_dir/transcript ]] || cat "$server_dir/transcript"
}

# Prints the number of the client's flights in all connections, with those of the TLS handshake.
flights() {
	transcript | awk '
		$2 == "connect" { sum += last; last = 0 }
		$2 == "C:" && $1 > last { last = $1 }
		END { print sum + last }'
}

# said PATTERN: prints how many lines of the client begin with the pattern.
said() { transcript | awk -v like="^$1" '$2 == "C:" { sub(/^[0-9]+ C: /, ""); n += $0 ~ like } END { print n + 0 }'; }

# The client must have said only EHLO, STARTTLS and QUIT: no login, no message.
nothing_said() {
	local words
	words=$(transcript | awk '$2 == "C:" && $3 !~ /^([EL]HLO|HELO|STARTTLS|QUIT)$/')
	[[ -z $words && $(messages) == 0 ]] || complain "the client said more than it should have: $words"
}

# Print how many connections were made, and how many messages were accepted.
connections() { sync_server; awk '$1 == "connections" { print $2 }' "$server_dir/stats"; }
messages() { sync_server; awk '$1 == "messages" { print $2 }' "$server_dir/stats"; }

# message [N]: prints the Nth accepted message without the doubled dots.  envelope [N]: prints its envelope.
message() { cat "$server_dir/msg.${1:-1}"; }
envelope() { cat "$server_dir/env.${1:-1}"; }

# Fails if a server recorded something that a conforming client does not do.
no_violations() {
	local dir bad=0
	sync_server
	for dir in "${server_dirs[@]}"; do
		if [[ -s $dir/violations ]]; then
			printf '%s\n' "the server complains:" "$(< "$dir/violations")" >&2
			bad=1
		fi
	done
	return $bad
}

show_evidence() {
	local dir
	sync_server
	for dir in "${server_dirs[@]}"; do
		printf -- '--- %s\n' "$dir"
		cat "$dir/transcript" "$dir/violations" "$dir/stderr" 2> /dev/null
	done
	return 0
}
