# queue.bash - for tests of the queue: `load queue` after `load helper`
# Time is never waited for: a test makes an entry older (`aged`) or due (--queue-retry).
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash, and in the files that load this one

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

# envelope_of ID, message_of ID, records_of ID: the parts of an entry, by the lengths in its first line.
lengths() { read -r _ _ envelope_len message_len _ < "$queue/$1"; envelope_len=$((10#$envelope_len)) message_len=$((10#$message_len)); }
envelope_of() { lengths "$1"; tail -c +67 "$queue/$1" | head -c "$envelope_len"; }
message_of() { lengths "$1"; tail -c +$((67 + envelope_len)) "$queue/$1" | head -c "$message_len"; }
records_of() { lengths "$1"; tail -c +$((67 + envelope_len + message_len)) "$queue/$1"; }

# crc: of stdin, as gzip writes it.  record TEXT: a line with its checksum.
crc() { gzip -c | tail -c 8 | od -An -v -tx4 -N4 --endian=little | tr -d ' '; }
record() { printf '%s %s\n' "$(printf %s "$1" | crc)" "$1"; }

# edited ID SCRIPT: changes the envelope with sed, and makes the checksum right again.
edited() {
	local at=$BATS_TEST_TMPDIR/part
	envelope_of "$1" | sed "$2" > "$at.e"
	message_of "$1" > "$at.m"
	records_of "$1" > "$at.r"
	{
		printf 'postern-queue 1 %012d %018d %s %s\n' "$(stat -c %s "$at.e")" "$(stat -c %s "$at.m")" "$(crc < "$at.e")" "$(crc < "$at.m")"
		cat "$at.e" "$at.m" "$at.r"
	} > "$at.all"
	cat "$at.all" > "$queue/$1"
}

# aged [SECONDS]: every entry is ten days old, or so many seconds.
aged() {
	local id
	for id in $(entries); do
		edited "$id" "s/^created .*/created $(($(date +%s) - ${1:-864000}))/"
	done
}

# The report that arrived, with LF.
report() { message "$1" | tr -d '\r'; }

# An account with a queue of its own, for each name.
accounts() {
	local name
	for name in "$@"; do
		printf '%s\n' "account $name" "host localhost" "port $port" "tls off" "auth off" "queue on" \
		    "queue_directory $HOME/of/$name" "from $name@example.org"
	done
}
