#!/usr/bin/env bats
# The machine's clock jumps, as a bad battery, a virtual machine or NTP makes it: no message is lost, given up without a failed
# try, or left for ever.  The program runs with libfaketime, and the server with the right time.
# shellcheck disable=SC2154	# set by the helper

load helper
load queue

setup_file() {
	local file
	for file in /usr/lib/*/faketime/libfaketime.so.1 /usr/lib*/faketime/libfaketime.so.1; do
		[[ ! -e $file ]] || export faketime=$file
	done
}

# The options of env that change the clock by this much.  The kernel's monotonic clock goes on as it is, as with a real jump.
clock() {
	[[ -n ${faketime:-} ]] || skip "needs libfaketime"
	changed=(LD_PRELOAD="$faketime" FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 \
	    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "$@")
}

# at CHANGE ARGS: postern, whose clock is so much off.
at() {
	clock FAKETIME="$1"
	shift
	run_bounded env "${changed[@]}" "$POSTERN" -C "$conf" "$@"
}

# flushed_at CHANGE STATUS
flushed_at() {
	at "$1" -q
	((status == $2)) || complain "exit status $status, not $2, from a flush at $1"
}

changes=(-1d +10d +0)

@test "kept with one clock and flushed with another: the message is sent once, and waits for no time that will not come" {
	local kept_at sent_at
	for kept_at in "${changes[@]}"; do
		for sent_at in "${changes[@]}"; do
			unreachable
			at "$kept_at" you@example.net < "$mail"
			[[ $status == 0 && -z $stderr ]] || complain "kept at $kept_at: $status"
			server
			flushed_at "$sent_at" 0
			# only where the clock is right again, or goes on, does the wait of the failed try count
			[[ $kept_at == "$sent_at" ]] || { kept 0; [[ $(messages) == 1 ]] || complain "not sent"; }
			at "$sent_at" --queue-retry=ALL
			flushed_at "$sent_at" 0
			kept 0
			[[ $(messages) == 1 ]] || complain "kept at $kept_at, flushed at $sent_at: $(messages) messages"
		done
	done
}

@test "a try that fails at a wrong time neither ends a message that is young, nor freezes it" {
	local first
	for first in -1d +10d; do
		unreachable
		at "$first" -odq you@example.net < "$mail"
		flushed_at "$first" 75
		flushed_at +0 75
		kept 1
		refute grep -aq '^report yes' "$queue/$(entries)"
		[[ $(grep -ac '^........ try ' "$queue/$(entries)") == 2 ]] || complain "not tried at +0"
		server
		due
		flushed 0
		kept 0
		[[ $(messages) == 1 && $(envelope) == *"mail <me@example.org>"* ]]
	done
}

@test "after ten days in a moment, a message ends only when a try has failed, and its sender is told" {
	server "reply RCPT 451 4.3.0 later"
	keep
	flushed_at +10d 75			# it is over, and its report waits
	kept 1
	grep -aq '^report yes' "$queue/$(entries)"
	grep -aq '451 4.3.0 later' "$queue/$(entries)"
	server
	flushed_at +0 0
	kept 0
	[[ $(messages) == 1 && $(message) == *"Final-Recipient: rfc822; you@example.net"* ]]
}

# jumping COMMAND: the clock changes again and again while it runs.
jumping() {
	local change=$BATS_TEST_TMPDIR/change jumper n
	echo +0 > "$change"
	(while true; do
		for n in -1d +10d +0 -10d +1d; do
			echo "$n" > "$change.new" && mv "$change.new" "$change"
			sleep 0.02
		done
	done) 3>&- &
	jumper=$!
	clock FAKETIME_TIMESTAMP_FILE="$change"
	run_bounded env "${changed[@]}" "$@"
	kill "$jumper"
	wait "$jumper" || :
}

@test "the clock jumps while a flush runs: no message is lost or sent twice, and no limit of time passes too soon" {
	local n
	server "rtt 20"
	for n in {1..20}; do
		keep "r$n@example.net"
	done
	jumping "$POSTERN" -C "$conf" -q
	[[ $status == 0 && -z $stderr ]] || complain "exit status $status"
	kept 0
	[[ $(messages) == 20 && $(connections) == 1 ]]
}

@test "the clock jumps while a flush runs and the server refuses: each message waits, or its sender is told" {
	local n
	server "rtt 20" "reply RCPT:r*1@* 451 4.3.0 later" "reply RCPT:r*2@* 550 5.1.1 no" "reply RCPT:r*3@* 451 4.3.0 later"
	for n in {1..20}; do
		keep "r$n@example.net"
	done
	jumping "$POSTERN" -C "$conf" -q
	server				# all that is left goes out
	for n in 1 2 3; do
		due
		postern -q
	done
	kept 0
	sync_server
	for n in {1..20}; do		# either the message, or the report about it
		grep -qE "^rcpt <r$n@|^Final-Recipient: rfc822; r$n@" <(find "${server_dirs[@]}" -name '???.*' -exec cat {} +) \
		    || complain "r$n is lost"
	done
}

@test "postern -q1s goes on after the clock was set back" {
	local n
	server
	clock FAKETIME_TIMESTAMP_FILE="$BATS_TEST_TMPDIR/change"
	echo +0 > "$BATS_TEST_TMPDIR/change"
	with_default_signals env "${changed[@]}" "$POSTERN" -C "$conf" -q1s 3>&- &
	for n in 1 2; do
		echo -$((n * 10))d > "$BATS_TEST_TMPDIR/change"
		keep
		eventually kept 0 2> /dev/null
	done
	kill "$!"
	wait "$!" || :
	[[ $(messages) == 2 ]]
}
