#!/usr/bin/env bats
# Callers that give postern an invalid message or envelope, or break off: no partial message is sent (faults.md, Input).

load helper

server() {
	start_server <<-END
		tls none
		${1:-}
	END
}

# 2 MB through a pipe, more than postern keeps in memory.
large() { cat "$mail"; yes "a line of a body that does not fit in memory" | dd bs=64k count=32 iflag=fullblock status=none; }

nobody_connected() { [[ $(connections) == 0 && $(messages) == 0 ]]; }

@test "empty stdin is a message without a body; with -t it is an error" {
	server
	postern_ok you@example.net < /dev/null
	postern_fails 65 input -- -t < /dev/null
	[[ $(connections) == 1 && $(message) == *"From: "* ]]
}

@test "a head without a body is a message, with or without a final line end" {
	server
	printf 'To: you@example.net\nSubject: x\n' | postern_ok -t
	printf 'To: you@example.net\nSubject: x' | postern_ok -t
	[[ $(messages) == 2 && $(message 2 | tr -d '\r') == *"Subject: x"* ]]
}

@test "without any recipient there is an error and no connection, with and without -t" {
	server
	postern -t < <(printf 'Subject: x\n\nx\n')
	[[ $status == 64 || $status == 65 ]]
	postern_fails 64 -- < "$mail"
	nobody_connected
}

@test "a header line of 2 MB is refused" {
	server
	{ printf 'Subject: '; yes x | tr -d '\n' | dd bs=64k count=32 iflag=fullblock status=none; printf '\n\nx\n'; } \
	    > "$BATS_TEST_TMPDIR/long"
	postern_fails 65 input -- you@example.net < "$BATS_TEST_TMPDIR/long"
	nobody_connected
}

@test "100000 recipients of -t get one RCPT each" {
	server discard
	{
		seq -f ',r%.0f@x' 99999 | awk 'BEGIN { printf "To: r0@x" } NR % 50 == 0 { printf "\n " } { printf "%s", $0 }'
		printf '\nSubject: x\n\nx\n'
	} > "$BATS_TEST_TMPDIR/many"
	postern_ok -t < "$BATS_TEST_TMPDIR/many"
	[[ $(said RCPT) == 100000 && $(messages) -ge 1 ]]
}

@test "an address, a name or a value with CR or LF is refused, and postern makes no connection" {
	local bad=$'a@example.com>\r\nRCPT TO:<evil@example.com' lf=$'x\nBcc: evil@example.com' option
	server
	postern -f "$bad" you@example.net < "$mail"
	((status != 0))
	for bad in "$bad" $'a@example.com\r' $'a\n@example.com' $'\ra@example.com'; do
		postern -- "$bad" < "$mail"
		((status == 64 || status == 65)) || complain "exit status $status for $(printf %q "$bad")"
	done
	for option in -F --domain= --from= --host= --user= --qualify-domain= --from-full-name= ; do
		postern "$option$lf" you@example.net < <(printf 'To: x@example.net\n\nx\n')
		((status != 0)) || complain "taken: $option with a line feed"
		postern "$option"$'x\ry' you@example.net < <(printf 'To: x@example.net\n\nx\n')
		((status != 0)) || complain "taken: $option with a carriage return"
	done
	nobody_connected
}

@test "with -t an address with NUL is refused" {
	server
	printf 'To: a\0b@example.com\n\nx\n' | postern_fails 65 input -- -t
	nobody_connected
}

# ------------------------------------------------------------------------------------------------------ reading stdin

@test "a read error on stdin, as of a directory, is 74 and not the end of the message" {
	server
	postern_fails 74 input -- you@example.net < "$BATS_TEST_TMPDIR"
	nobody_connected
}

@test "a closed stdin is 74 and not an empty message" {
	server
	postern_fails 74 input -- you@example.net <&-
	nobody_connected
}

@test "postern connects only when a slow caller has written the whole message" {
	server
	mkfifo "$BATS_TEST_TMPDIR/slow"
	run_bounded "$POSTERN" -C "$conf" you@example.net < "$BATS_TEST_TMPDIR/slow" &
	exec {slow}> "$BATS_TEST_TMPDIR/slow"
	sed 3q "$mail" >&"$slow"
	[[ $(connections) == 0 ]]
	sed 1,3d "$mail" >&"$slow"
	exec {slow}>&-
	wait $!
	[[ $(messages) == 1 ]]
	sed 's/$/\r/' "$mail" | cmp - <(message)
}

@test "postern reads a file from its current offset, and a pipe gives the same message" {
	server
	large > "$BATS_TEST_TMPDIR/large"
	postern_ok you@example.net < "$BATS_TEST_TMPDIR/large"
	cat "$BATS_TEST_TMPDIR/large" | postern_ok you@example.net
	{ echo junk; cat "$BATS_TEST_TMPDIR/large"; } > "$BATS_TEST_TMPDIR/offset"
	{ read -r _; postern_ok you@example.net; } < "$BATS_TEST_TMPDIR/offset"
	cmp <(message 1) <(message 2)
	cmp <(message 1) <(message 3)
	{ sed 's/$/\r/' "$BATS_TEST_TMPDIR/large"; echo; } | head -c "$(message 1 | wc -c)" | cmp - <(message 1)
	(($(message 1 | wc -l) == $(wc -l < "$BATS_TEST_TMPDIR/large") + 1))
}

@test "a body of more than a megabyte leaves nothing in TMPDIR" {
	server
	postern_ok you@example.net < <(large)
	[[ -z $(ls -A "$TMPDIR") && $(messages) == 1 ]]
}

# The environment of a job may have the TMPDIR of another user, who started its daemon.  The job's mail must not be lost.
@test "a TMPDIR that cannot be used is passed over for /tmp, with a note in -v" {
	local dir n=0
	server
	for dir in /nowhere "$mail" /dev/null /proc/self "$(printf '/%0300d' 0)"; do
		TMPDIR=$dir postern_ok -v you@example.net < <(large)
		told "* TMPDIR is passed over: cannot make a temporary file in ${dir:0:100}"
		[[ $(messages) == $((++n)) ]]
		cmp <(message 1) <(message "$n")
	done
	postern_ok -v you@example.net < <(large)
	[[ $stderr != *"passed over"* ]]
}

@test "the directory of temporary files is full: 73, and the error names it" {
	server
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded bash -c 'trap "" XFSZ; ulimit -f 300; exec "$@"' - "$POSTERN" -C "$conf" you@example.net < <(large)
	((status == 73)) || complain "exit status $status"
	told "cannot write a temporary file in $TMPDIR"
	hinted "TMPDIR"
	[[ $(messages) == 0 ]]
}

@test "neither TMPDIR nor /tmp can be used: 73 and nothing sent" {
	local dir
	needs_mounts
	server
	for dir in /nowhere /tmp ""; do
		# shellcheck disable=SC2016	# the inner shell's
		TMPDIR=$dir run_bounded unshare --mount sh -c '
			mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp || exit 99
			exec "$@"' - "$POSTERN" -C "$conf" you@example.net < <(large)
		((status == 73)) || complain "exit status $status, not 73, with TMPDIR=$dir: $stderr"
		told "postern: spool: cannot make a temporary file in "
		hinted "set TMPDIR"
	done
	nobody_connected
}

@test "a full TMPDIR: 73 and nothing sent" {
	server
	set_limit() { ulimit -f 1024; run_bounded "$POSTERN" -C "$conf" you@example.net; [[ $status == 73 ]]; }
	large | (set_limit)
	nobody_connected
}
