#!/usr/bin/env bats
# What the tests rely on: refute, the limit of a test, and that nothing depends on the signals that the caller ignores.

load helper

# inner NAME ARGS: bats on the file that stands on stdin; fails as it does.  $out: what it said.
inner() {
	local rc=0
	{ echo "load $SRCDIR/tests/helper"; sed 's/^it "/@test "/'; } > "$HOME/inner.bats"	# bats would find a @test here
	out=$(bats_afresh 120 "$@" "$HOME/inner.bats" 2>&1) || rc=$?
	[[ $out != *bats-gather-tests* ]] || rc=127
	return $rc
}

# bats_afresh SECONDS ARGS: a bats that knows nothing of the one that runs this test, and is not found in its folder.
bats_afresh() {
	(unset BATS_ROOT BATS_RUN_TMPDIR BATS_TMPDIR; PATH=${BATS_SAVED_PATH:-$PATH} timeout -k 5 "$1" bats "${@:2}" 3>&- 4>&-)
}

@test "refute: the command must fail; what could not be asked is no answer" {
	local command
	refute false
	refute grep nothing "$mail"
	for command in true "grep Hello $mail" "grep Hello $HOME/none" "$HOME/none" "no-such-command"; do
		if refute $command 2> /dev/null; then
			complain "refute $command"
		fi
	done
}

@test "a test that waits for ever fails after its limit, and the next one runs" {
	refute inner <<-'END'
		test_limit=1
		it "a program" { mkfifo "$HOME/f"; (trap '' TERM INT HUP; cat "$HOME/f"; cat "$HOME/f"); }
		it "the shell: wait" { sleep 300 3>&1 & wait $!; }
		it "the shell: read" { mkfifo "$HOME/f"; exec 8<> "$HOME/f"; read -r -u 8 line; }
		it "the shell: open" { mkfifo "$HOME/f"; exec 8< "$HOME/f"; }
		it "a server" { start_server < /dev/null; kill -s STOP "$server_pid"; sync_server; false; }
	END
	[[ $(grep -c '^not ok' <<< "$out") == 5 && $(grep -c 'the test took more than 1 seconds' <<< "$out") == 5 ]] || complain "$out"
	inner <<-'END'
		test_limit=60
		it "another" { [[ -n $alive ]]; }
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

@test "signals that the caller ignores: they are as by default in what a test starts" {
	local -a program=(with_default_signals sed -n 's/^SigIgn:[^0-9]*//p' /proc/self/status)
	local ignored
	for ignored in "$(trap '' INT HUP QUIT TERM PIPE CHLD; "${program[@]}")" "$("${program[@]}" & wait $!)"; do
		# 32 and 33 are the C library's own, and make may have ignored them
		((0x$ignored & ~0x180000000 ? 0 : 1)) || complain "ignored: $ignored"
	done
	(trap '' INT HUP QUIT TERM; bats_afresh 300 -f '^TERM, INT and HUP' "$SRCDIR/tests/process.bats" > "$HOME/out" 2>&1) \
	    || complain "$(< "$HOME/out")"
	grep -q '^ok 2 ' "$HOME/out" || complain "$(< "$HOME/out")"
}
