#!/usr/bin/env bats
# What the tests rely on: refute, the time limit of a test, and default signals even if the caller ignores some.

load helper

# inner NAME ARGS: runs bats on the file from stdin and returns its status.  $out: its output.
inner() {
	local rc=0
	{ echo "load $SRCDIR/tests/helper"; sed 's/^it "/@test "/'; } > "$HOME/inner.bats"	# bats would find a @test here
	out=$(bats_afresh 120 "$@" "$HOME/inner.bats" 2>&1) || rc=$?
	[[ $out != *bats-gather-tests* ]] || rc=127
	return $rc
}

# bats_afresh SECONDS ARGS: runs bats without the variables and the path of the bats that runs this test.
bats_afresh() {
	(unset BATS_ROOT BATS_RUN_TMPDIR BATS_TMPDIR; PATH=${BATS_SAVED_PATH:-$PATH} timeout -k 5 "$1" bats "${@:2}" 3>&- 4>&-)
}

@test "refute fails if the command succeeds, cannot be run or, like grep, cannot answer" {
	local command
	refute false
	refute grep nothing "$mail"
	for command in true "grep Hello $mail" "grep Hello $HOME/none" "$HOME/none" "no-such-command"; do
		if refute $command 2> /dev/null; then
			complain "refute $command"
		fi
	done
}

@test "a test that waits without end fails after its limit, and the next test runs" {
	refute inner <<-'END'
		test_limit=1
		it "a program" { mkfifo "$HOME/f"; (trap '' TERM INT HUP; cat "$HOME/f"; cat "$HOME/f"); }
		it "the shell: wait" { sleep 300 3>&1 & wait $!; }
		it "the shell: read" { mkfifo "$HOME/f"; exec 8<> "$HOME/f"; read -r -u 8 line; }
		it "the shell: open" { mkfifo "$HOME/f"; exec 8< "$HOME/f"; }
		it "a part" { limit_anew; sleep 300; }
		it "a server" { start_server < /dev/null; kill -s STOP "$server_pid"; sync_server; false; }
	END
	[[ $(grep -c '^not ok' <<< "$out") == 6 && $(grep -c 'the test took more than 1 seconds' <<< "$out") == 6 ]] || complain "$out"
	inner <<-'END'
		test_limit=60
		it "another" { [[ -n $alive ]]; }
		it "a server, and then parts" { start_server < /dev/null; limit_anew; stop_server; }
		it "parts" { watcher=$!; limit_anew; eventually gone "$watcher"; [[ $! != "$watcher" ]]; }
	END
}

@test "a test that hangs in its teardown is killed" {
	refute inner <<-'END'
		test_limit=1
		test_grace=1
		teardown() { trap '' USR1; while :; do sleep 300; done; }
		it "it" { true; }
	END
}

@test "a program that a test starts has default signals, even if the caller ignores them" {
	local -a program=(with_default_signals sed -n 's/^SigIgn:[^0-9]*//p' /proc/self/status)
	local ignored
	for ignored in "$(trap '' INT HUP QUIT TERM PIPE CHLD; "${program[@]}")" "$("${program[@]}" & wait $!)"; do
		# 32 and 33 belong to the C library, and make may have ignored them
		((0x$ignored & ~0x180000000 ? 0 : 1)) || complain "ignored: $ignored"
	done
	(trap '' INT HUP QUIT TERM; bats_afresh 300 -f '^TERM, INT and HUP' "$SRCDIR/tests/process.bats" > "$HOME/out" 2>&1) \
	    || complain "$(< "$HOME/out")"
	grep -q '^ok 2 ' "$HOME/out" || complain "$(< "$HOME/out")"
}

@test "certificates that are too old, or older than the server, are not taken away from a test that uses them" {
	local first
	local BUILDDIR=$BATS_TEST_TMPDIR
	certs=$BUILDDIR/tests/certs
	make_certs
	first=$certs
	make_certs
	[[ $certs == "$first" ]]
	certs=$BUILDDIR/tests/certs	# another test, and nothing has changed
	make_certs
	[[ $certs == "$first" ]]
	touch -d '-25 hours' "$first/stamp"
	certs=$BUILDDIR/tests/certs
	make_certs
	[[ $certs != "$first" && -s $certs/good.pem && -s $first/good.pem ]]
	touch -d '-3 days' "$first/stamp"
	touch -d '-25 hours' "$certs/stamp"
	certs=$BUILDDIR/tests/certs
	make_certs
	[[ -s $certs/good.pem && ! -e $first ]]
}
