#!/usr/bin/env bats
# -bs: how a dialogue starts and ends: a caller that leaves, stop signals, closed descriptors, the command line, the log.
load helper
load dialogue

@test "the caller leaves: between messages the status is 0; within a message it is 74 and nothing is sent" {
	start_server < /dev/null
	talk "EHLO x" "${one[@]}"
	answered 220 250 250 250 354 250
	printf '%s\r\n' "EHLO x" "$me" "$you" DATA "Subject: x" "" "half a mess" > "$BATS_TEST_TMPDIR/in"
	hear
	[[ $status == 74 ]]
	told "the caller left"
	printf '%s\r\n' "EHLO x" "$me" "$you" "BDAT 100" "Subject: x" "" "half a mess" > "$BATS_TEST_TMPDIR/in"
	hear
	[[ $status == 74 && $(messages) == 1 ]]
	[[ $(said DATA) == 0 && $(said BDAT) == 1 ]]
}

@test "the caller leaves between two chunks: the status is 74 and nothing is sent" {
	start_server < /dev/null
	printf '%s\r\n' "EHLO x" "$me" "$you" "BDAT 14" "Subject: x" "" > "$BATS_TEST_TMPDIR/in"
	hear
	[[ $status == 74 ]]
	told "the caller left"
	[[ $(messages) == 0 && $(said BDAT) == 0 && $codes == "220 250 250 250 250" ]] || complain "$codes"
}

@test "SIGTERM: the caller gets 421, the status is 75, nothing is sent" {
	start_server < /dev/null
	converse
	ask "" 220
	ask "EHLO x" 250
	ask "$me" 250
	ask "$you" 250
	ask DATA 354
	printf 'Subject: x\r\n\r\nhalf' >&"$to"
	pkill -TERM -P "$child"
	read -r -u "$from" reply
	[[ $reply == "421 4.3.0 "* ]]
	leave 75
	[[ $(messages) == 0 ]]
}

@test "a caller that waits for each reply gets it" {
	start_server < /dev/null
	converse -i
	ask "" 220
	ask "EHLO x" 250
	for _ in 1 2 3; do
		ask "$me" 250
		ask "$you" 250
		ask DATA 354
		ask $'Subject: x\r\n\r\nx\r\n.' 250
		ask NOOP 250
	done
	ask QUIT 221
	leave 0
	[[ $(connections) == 1 && $(messages) == 3 ]]
}

@test "a closed standard input or a full disk on standard output is 74" {
	start_server < /dev/null
	postern_fails 74 input -- -bs <&-
	told "standard input is closed"
	local s=0
	printf '%s\r\n' "EHLO x" QUIT > "$BATS_TEST_TMPDIR/in"
	"$POSTERN" -C "$conf" -bs < "$BATS_TEST_TMPDIR/in" > /dev/full 2> "$BATS_TEST_TMPDIR/stderr" || s=$?
	[[ $s == 74 && $(< "$BATS_TEST_TMPDIR/stderr") == "postern: input: the caller does not listen"* ]] || complain "status $s"
	[[ $(connections) == 0 ]]
}

@test "a caller that closes its end before the last replies makes the status 74" {
	start_server < /dev/null
	converse
	ask "" 220
	exec {from}<&-
	local s=0
	# in a subshell: postern may end before all is written, and SIGPIPE must not end the test
	(printf '%s\r\n' "EHLO x" "${one[@]}" QUIT >&"$to") 2> /dev/null || :
	exec {to}>&-
	wait "$child" || s=$?
	[[ $s == 74 && $(< "$BATS_TEST_TMPDIR/stderr") == "postern: input: the caller does not listen"* ]] || complain "status $s"
}

@test "SIGTERM ends postern even if the caller reads no replies" {
	start_server < /dev/null
	local s=0
	mkfifo "$BATS_TEST_TMPDIR/hold"
	converse
	(printf 'HELP\r\n%.0s' {1..20000}; exec cat) < "$BATS_TEST_TMPDIR/hold" >&"$to" 3>&- &
	exec {hold}> "$BATS_TEST_TMPDIR/hold"
	ask "" 220
	pkill -TERM -P "$child"
	wait "$child" || s=$?
	exec {hold}>&- {to}>&- {from}<&-
	[[ $s == 75 ]] || complain "status $s"
}

@test "-bs takes -i, -t and -f; with recipients it is 64, with a broken configuration 78, and both greet with 554" {
	start_server < /dev/null
	options=(-i -t)
	talk "EHLO x" "${one[@]}" QUIT
	answered 220 250 250 250 354 250 221
	options=(-f "Me <other@example.org>")
	set_conf allow_from_override on
	talk "EHLO x" "${one[@]}" QUIT
	answered 220 250 250 250 354 250 221
	[[ $(envelope 2) == *"mail <other@example.org>"* ]]
	options=() arguments=(you@example.net)
	talk "EHLO x" QUIT
	[[ $status == 64 && $codes == "554 503 221" ]]
	told "recipients come in the dialogue"
	talk "${one[@]}"
	[[ $status == 64 && $codes == "554 503 503 503 503 503 503 503" ]] || complain "$codes"
	arguments=()
	set_conf port x
	talk "EHLO x" QUIT
	[[ $status == 78 && $codes == "554 503 221" ]]
	refute grep -E '^554[ -][0-9]' <<< "$stdout"	# RFC 2034 4: no enhanced code in a greeting
}

@test "after a greeting with 554 a caller that does not stop gets 421" {		# RFC 5321 3.1
	start_server < /dev/null
	arguments=(you@example.net)
	for ((i = 0; i < 120; i++)); do echo "x$i"; done > "$BATS_TEST_TMPDIR/in"
	hear
	[[ $status == 64 && $codes == "554 503 "*" 503 421" ]] || complain "$codes"
}

@test "-f with an invalid address: MAIL is refused, and postern makes no connection" {
	start_server < /dev/null
	options=(-f "a@b> SIZE=1")
	talk "EHLO x" "${one[@]}" QUIT
	[[ $codes == "220 250 554 554 554 "* && $(connections) == 0 ]] || complain "$codes"
}

@test "-v shows the dialogue with the smarthost without the secret" {
	start_server < /dev/null
	set_conf auth plain
	options=(-v)
	talk "EHLO x" "${one[@]}" QUIT
	[[ $stderr == *"MAIL FROM:<me@example.org>"* && $stderr != *secret* && $stderr != *"$(printf '\0user\0secret' | base64)"* ]]
	[[ $stdout != *"AUTH"* ]]
}

@test "each message has a line in the log, also a message whose MAIL was refused" {
	start_server <<-'S'
		reply LAST#2 554 5.7.1 spam
		reply MAIL#3 451 4.7.1 later
		reply RCPT:bad@* 550 5.1.1 no such user
	S
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	talk "EHLO x" "${one[@]}" "${one[@]}" "$me" "$me" "RCPT TO:<bad@example.net>" RSET "$me" QUIT
	[[ $(wc -l < "$BATS_TEST_TMPDIR/log") == 4 ]] || complain "$(cat "$BATS_TEST_TMPDIR/log")"
	[[ $(sed -n 2p "$BATS_TEST_TMPDIR/log") == *"5.7.1"* && $(sed -n 3p "$BATS_TEST_TMPDIR/log") == *"4.7.1"* ]]
	[[ $(sed -n 4p "$BATS_TEST_TMPDIR/log") == *"bad@example.net"*"5.1.1"* ]]
	stop_server
	talk "EHLO x" "$me" QUIT
	[[ $(wc -l < "$BATS_TEST_TMPDIR/log") == 5 ]] || complain "$(cat "$BATS_TEST_TMPDIR/log")"
}

# left_after SAID: the exit status of -bs for a caller that reads the greeting, says this, and reads no answer.
# It says all at once, which bash's own printf does not: between two lines postern may have left, and SIGPIPE would end the test.
left_after() {
	local pid
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$POSTERN" -C "$conf" -bs < "$BATS_TEST_TMPDIR/in" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/said" 3>&- &
	pid=$!
	exec 6> "$BATS_TEST_TMPDIR/in" 7< "$BATS_TEST_TMPDIR/out"
	read -r _ <&7
	exec 7<&-
	env printf '%s\r\n' "$@" >&6
	exec 6>&-
	rm "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	status=0
	wait "$pid" || status=$?
}

@test "a caller need not read the answer to QUIT, but must read those before it" {
	start_server
	left_after QUIT
	[[ $status == 0 && ! -s $BATS_TEST_TMPDIR/said ]] || complain "status $status: $(< "$BATS_TEST_TMPDIR/said")"
	left_after NOOP QUIT
	((status != 0)) || complain "status 0"
}
