#!/usr/bin/env bats
# Memory runs out: postern is run once for each of its allocations, and the nth run fails the nth one (tests/fault/fail.c).
load helper

fail_so=$BUILDDIR/tests/fault/fail.so

# One run with the n-th allocation failing; sets $status.  The preloaded library comes before ASan's, which must then be told
# not to ask to be the first.
run_failing() {
	status=0
	timeout -k 5 "$postern_timeout" env FAIL_ALLOC_AT="$1" FAIL_ALLOC_COUNT="$BATS_TEST_TMPDIR/count" LD_PRELOAD="$fail_so" \
	    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:fast_unwind_on_malloc=0" \
	    LSAN_OPTIONS="suppressions=$BATS_TEST_TMPDIR/lsan:print_suppressions=0" "$POSTERN" -C "$conf" "${@:2}" \
	    > "$BATS_TEST_TMPDIR/stdout" 2> "$BATS_TEST_TMPDIR/stderr" 3>&- || status=$?
}

sanitized() { grep -q __asan_init "$POSTERN"; }

# accepted: prints how many messages the run reported as sent.
accepted_none() { echo 0; }
accepted_one() { echo $((status == 0)); }

# each_fails INPUT ACCEPTED ARGS: fails each allocation in turn.  ACCEPTED is a command that prints how many messages the run
# reported to its caller as sent.  The server must have exactly as many.
each_fails() {
	local input=$1 accepted=$2 n all sent=0 step=1
	shift 2
	echo "leak:libgsasl" > "$BATS_TEST_TMPDIR/lsan"	# leaks of libgsasl are not postern's
	run_failing 0 "$@" < "$input"
	((status == 0)) || complain "it does not even work with memory: $(< "$BATS_TEST_TMPDIR/stderr")"
	all=$(< "$BATS_TEST_TMPDIR/count")
	sent=$((sent + $($accepted)))
	((all > 15)) || complain "only $all allocations"
	# with sanitizers a run takes several times as long
	if sanitized; then step=3; fi
	for ((n = 1; n <= all; n += step)); do
		run_failing "$n" "$@" < "$input"
		sent=$((sent + $($accepted)))
		if grep -E 'Sanitizer|runtime error:|free\(\)|malloc' "$BATS_TEST_TMPDIR/stderr"; then
			cat "$BATS_TEST_TMPDIR/stderr" >&2
			complain "allocation $n of $all: memory is not what it should be"
		fi
		case $status in
		0) ;;
		71 | 75) [[ $(< "$BATS_TEST_TMPDIR/stderr") == *"postern: "* ]] || complain "allocation $n: status $status, and no sentence" ;;
		*) complain "allocation $n of $all: exit status $status: $(< "$BATS_TEST_TMPDIR/stderr")" ;;
		esac
	done
	[[ $(messages) == "$sent" ]] || complain "the server has $(messages) messages, and $sent are said to be sent"
}

# All messages that arrived are equal to the first one.
all_alike() {
	local n total
	total=$(messages)
	for ((n = 2; n <= total; n++)); do
		cmp -s <(message 1) <(message "$n") || complain "message $n is another one: $(message "$n")"
		[[ $(envelope "$n") == "$(envelope 1)" ]] || complain "the envelope of $n is another one: $(envelope "$n")"
	done
}

server() {
	start_server <<-S
		tls none
		listen 127.0.0.1
		$(cat)
	S
	set_conf host 127.0.0.1
	set_conf domain client.example.org
}

@test "each allocation of a submission fails once" {
	server < /dev/null
	each_fails "$mail" accepted_one you@example.net him@example.net
	all_alike
}

@test "each allocation of --check fails once, and nothing is sent" {
	server < /dev/null
	each_fails "$mail" accepted_none --check=you@example.net
}

@test "each allocation of a submission with a login fails once" {
	server <<-'S'
		auth_mechs SCRAM-SHA-256
		auth_clear
		require_auth
	S
	set_conf user user
	set_conf password secret
	each_fails "$mail" accepted_one you@example.net
	all_alike
}

@test "each allocation fails once with -t, aliases and a body that needs another encoding" {
	server <<-'S'
		hide 8BITMIME
		hide SMTPUTF8
	S
	printf 'team: one@example.net, two@example.net\nhim: team, three@example.net\n' > "$BATS_TEST_TMPDIR/aliases"
	set_conf aliases "$BATS_TEST_TMPDIR/aliases"
	{
		printf 'From: me@example.org\nTo: him\nCc: you@example.net\nBcc: her@example.net\nSubject: a test\n'
		printf 'Date: Mon, 02 Mar 2026 10:00:00 +0000\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n'
		printf 'Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\n'
		printf 'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGr\303\274\303\237e\n--b--\n'
	} > "$mail"
	each_fails "$mail" accepted_one -t
	[[ $(message 1) == *"Gr=C3=BC=C3=9Fe"* ]]
	all_alike
}

# Replies that accept a message: after the text of DATA, or to BDAT LAST.  If a command of a whole dialogue got no reply, the number
# is wrong.
accepted_in_dialogue() {
	awk -v replies=21 '
		/^250 2.0.0 taken/ { accepted++ }
		/^... / { n++ }
		/^500 / { text++ }
		/^221 / { whole = 1 }
		END { print whole && !text && n != replies ? 1000 : accepted + 0 }' "$BATS_TEST_TMPDIR/stdout"
}

@test "each allocation of -bs with two messages, the second one pipelined, fails once" {
	server < /dev/null
	cat > "$BATS_TEST_TMPDIR/dialogue" <<-S
		EHLO me
		MAIL FROM:<me@example.org>
		RCPT TO:<you@example.net>
		RCPT TO:<him@example.net>
		DATA
		From: me@example.org
		Date: Mon, 02 Mar 2026 10:00:00 +0000
		Message-ID: <1@example.org>

		text
		.
		MAIL FROM:<me@example.org>
		RCPT TO:<you@example.net>
		RCPT TO:<him@example.net>
		$(printf 'RCPT TO:<r%d@example.net>\n' {1..8})
		DATA
		From: me@example.org
		Date: Mon, 02 Mar 2026 10:00:00 +0000
		Message-ID: <1@example.org>

		text
		.
		QUIT
	S
	each_fails "$BATS_TEST_TMPDIR/dialogue" accepted_in_dialogue -bs
	[[ $(message 1) == *text* ]]
	for ((n = 1; n <= $(messages); n++)); do
		cmp -s <(message 1) <(message "$n") || complain "message $n is another one: $(message "$n")"
	done
}
