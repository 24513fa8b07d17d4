# queue.bash - for tests of the queue: `load queue` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash, and in the files that load this one

postern_timeout=20
test_limit=120

setup() {
	helper_setup
	queue=$HOME/queue log=$BATS_TEST_TMPDIR/log
	conf_extra=$'queue on\n'"queue_directory $queue"$'\n'"logfile $log"
}

# A flush in the background ends before the test does: it has the lock of this file.
teardown() {
	local lock
	for lock in .flush-next .flushing; do	# first the one that waits for the other
		[[ ! -e $queue/$lock ]] || flock "$queue/$lock" true
	done
	helper_teardown
}

# server [LINE...]: starts one without TLS.  unreachable: nobody listens any more where $conf points.
server() { start_server <<< "tls none"$'\n'"$(printf '%s\n' "$@")"; }
unreachable() { start_server <<< "tls none"; stop_server; }

# The names of the entries, oldest first.
entries() { find "$queue" -maxdepth 1 -name '????????-????????????????' -printf '%f\n' 2> /dev/null | sort; }
kept() {
	local n
	n=$(entries | wc -l)
	((n == $1)) || complain "$n entries, not $1"
}

# silent_ok ARGS: like postern_ok, and it prints nothing.
silent_ok() {
	postern_ok "$@" || return 1
	[[ -z $stdout$stderr ]] || complain "it is not silent: postern $*"
}

# keep [ARGS]: keeps the standard message, without a try.
keep() { silent_ok -odq "${@:-you@example.net}" < "$mail"; }

# due: every entry may be tried.  flushed STATUS: what is due is tried, and the status is this.
due() { postern_ok --queue-retry=ALL; }
flushed() {
	postern -q
	[[ $status == "$1" && -z $stdout ]] || complain "exit status $status, not $1, from: postern -q"
}
