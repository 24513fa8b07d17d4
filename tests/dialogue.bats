#!/usr/bin/env bats
# -bs: SMTP on standard input and output: the commands, the messages of a dialogue, the smarthost's replies, and where there is no
# smarthost.  Text, parameters and limits: dialogue-input.bats; start and end: dialogue-end.bats.
load helper
load dialogue

# --------------------------------------------------------------------------------------------------------- without a MAIL

@test "EHLO lists the extensions, HELO does not, and postern makes no connection for them" {
	start_server < /dev/null
	local word
	talk "EHLO client.example" "HELO client.example" "QUIT"
	answered 220 250 250 221
	for word in PIPELINING SIZE 8BITMIME SMTPUTF8 DSN CHUNKING ENHANCEDSTATUSCODES; do
		[[ $(grep -c "^250[- ]$word"$'\r$' <<< "$stdout") == 1 ]] || complain "no $word"
	done
	[[ $(connections) == 0 ]]
}

@test "NOOP, RSET, VRFY and HELP are answered; EXPN, AUTH and STARTTLS are not implemented; unknown commands are refused" {
	start_server < /dev/null
	talk "NOOP" "NOOP x" "RSET" "VRFY you" "HELP" "HELP MAIL" "EXPN list" "AUTH PLAIN AGEAYg==" "STARTTLS" "BLAH" "" \
	    "EHLO" "HELO" "DATA x" "RSET x" "noop" "QUIT"
	answered 220 250 250 250 252 214 214 502 502 502 500 500 501 501 501 501 250 221
	[[ $(connections) == 0 ]]
}

@test "every reply except the greeting and EHLO's has an enhanced code, even if the smarthost gives none" {
	start_server <<-'S'
		reply MAIL#1 250 fine
		reply RCPT:you@* 250 fine, too
		reply RCPT:bad@* 550 nobody
		reply RCPT:full@* 452 4x
		reply RCPT:odd@* 550 4.1.1 of another class
		reply DOT 250 ok
		reply LAST 250 ok
	S
	talk "EHLO x" "$me" "$you" "RCPT TO:<bad@example.org>" "RCPT TO:<full@example.org>" "RCPT TO:<odd@example.org>" DATA "${text[@]}" \
	    VRFY EXPN NOOP RSET RCPT DATA HELP QUIT
	refute grep -vE '^220 |^250-|^250 HELP|^[^245]|^$|^([245])[0-9][0-9] \1\.[0-9]*\.[0-9]* ' <<< "$stdout"
	replied "550 5.0.0 nobody"
	replied "550 5.0.0 4.1.1 of another class"
}

@test "a command out of order is refused with 503" {
	start_server < /dev/null
	talk "$me" "EHLO x" "$you" DATA "BDAT 3" "abc$you" "$me" "$me" DATA "$you" RSET DATA QUIT
	answered 220 503 250 503 503 503 503 250 503 554 250 250 503 221
	[[ $(messages) == 0 ]]
}

# --------------------------------------------------------------------------------------------------------------- messages

@test "several messages use one connection, and each keeps its own envelope and text" {
	start_server < /dev/null
	talk "EHLO x" "${one[@]}" "$me" "RCPT TO:<other@example.net>" DATA "Subject: y" "" "..dot" "." "${one[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 250 250 354 250 221
	[[ $(connections) == 1 && $(messages) == 3 ]]
	[[ $(message 2) == *"Subject: y"*$'\r\n\r\n.dot\r' ]]
	[[ $(envelope 2) == *"rcpt <other@example.net>"* && $(envelope 2) != *"you@"* ]]
}

@test "a sender of another account gets another connection" {
	start_server < /dev/null
	printf '%s\n' "account other : default" "from other@example.org" >> "$conf"
	talk "EHLO x" "${one[@]}" "MAIL FROM:<other@example.org>" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 221
	[[ $(connections) == 2 && $(messages) == 2 ]]
	[[ $(envelope 2) == *"mail <other@example.org>"* ]]
}

@test "each recipient gets the smarthost's reply for it, and the accepted ones get the message" {
	start_server <<-'S'
		reply RCPT:bad@* 550 5.1.1 no such user
		reply RCPT:full@* 452 4.2.2 mailbox full
		reply RCPT:big@* 552 5.2.2 over quota
		reply RCPT:slow@* 451-4.7.1 later\r\n451 4.7.1 please
	S
	talk "EHLO x" "$me" "RCPT TO:<bad@example.org>" "$you" "RCPT TO:<full@example.org>" "RCPT TO:<big@example.org>" \
	    "RCPT TO:<slow@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 550 250 452 552 451 354 250 221
	replied "550 5.1.1 no such user"
	replied "452 4.2.2 mailbox full"
	replied "552 5.2.2 over quota"
	replied "451-4.7.1 later"
	[[ $(messages) == 1 && $(envelope) == *"rcpt <you@example.net>"* ]]
}

@test "a recipient that was refused and is repeated is refused again" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	talk "EHLO x" "$me" "RCPT TO:<bad@example.org>" "RCPT TO:<bad@example.org>" "$you" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 550 550 250 250 354 250 221
	[[ $(grep -c '^550 5.1.1 no such user' <<< "$stdout") == 2 ]]
}

@test "a recipient that was refused for now and is repeated is asked for again" {
	start_server <<< "reply RCPT:full@*#1 452 4.2.2 mailbox full"
	talk "EHLO x" "$me" "RCPT TO:<full@example.org>" "RCPT TO:<full@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 452 250 354 250 221
	[[ $(envelope) == *"rcpt <full@example.org>"* ]]
}

@test "the smarthost refuses the first address of an alias: postern asks for the second one, once" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	echo "team: bad@example.org, you@example.net" > "$BATS_TEST_TMPDIR/aliases"
	set_conf aliases "$BATS_TEST_TMPDIR/aliases"
	talk "EHLO x" "$me" "RCPT TO:<team@localhost>" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 354 250 221
	[[ $(said RCPT) == 2 ]]
	[[ $(envelope) == *"rcpt <you@example.net>"* ]]
}

@test "require_all_recipients: one recipient that is refused for now holds the message back" {
	start_server <<< "reply RCPT:full@* 452 4.2.2 mailbox full"
	set_conf require_all_recipients on
	talk "EHLO x" "$me" "$you" "RCPT TO:<full@example.org>" DATA "${text[@]}" "${one[@]}" QUIT
	answered 220 250 250 250 452 354 452 250 250 354 250 221
	[[ $(messages) == 1 && $(connections) == 1 ]]
}

@test "require_all_recipients: a recipient that is refused for now and then accepted does not hold the message back" {
	start_server <<< "reply RCPT:full@*#1 452 4.2.2 mailbox full"
	set_conf require_all_recipients on
	talk "EHLO x" "$me" "$you" "RCPT TO:<full@example.org>" "RCPT TO:<full@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 452 250 354 250 221
	[[ $(messages) == 1 ]]
}

@test "the smarthost refuses the sender: MAIL gets its words, and the next commands do not count as errors" {
	start_server <<< "reply MAIL:bad@* 553 5.7.1 not yours"
	set_conf allow_from_override on
	local lines=("EHLO x") n
	for ((n = 0; n < 40; n++)); do
		lines+=("MAIL FROM:<bad@example.org>" "$you" "$you" DATA)
	done
	talk "${lines[@]}" "${one[@]}" QUIT
	replied "553 5.7.1 not yours"
	replied "554 5.7.1 the server refused the sender.*553 5.7.1 not yours"
	[[ $(messages) == 1 && $codes == *"553 554 554 554 250 250 354 250 221" ]] || complain "$codes"
}

@test "every recipient is refused, 120 times: DATA gets 554, and the caller may go on" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	local lines=("EHLO x") n
	for ((n = 0; n < 120; n++)); do
		lines+=("$me" "RCPT TO:<bad@example.org>" DATA RSET)
	done
	talk "${lines[@]}" "${one[@]}" QUIT
	[[ $(messages) == 1 && $codes == *" 250 550 554 250 250 250 354 250 221" ]] || complain "$codes"
	[[ $(connections) == 1 ]]
}

@test "the smarthost refuses the message at DATA or at its end: the caller gets its words, and the next message is sent" {
	start_server <<-'S'
		hide CHUNKING
		reply DATA#1 451 4.3.0 not now
		reply DOT#1 554 5.7.1 spam
	S
	talk "EHLO x" "${one[@]}" "${one[@]}" "${one[@]}" QUIT
	answered 220 250 250 250 354 451 250 250 354 554 250 250 354 250 221
	replied "451 4.3.0 not now"
	replied "554 5.7.1 spam"
	[[ $(messages) == 1 && $(connections) == 1 ]]
}

@test "421 from the smarthost at MAIL, RCPT or the message becomes 451, because postern does not leave" {
	start_server <<-'S'
		reply MAIL#1 421 4.3.2 shutting down
		reply RCPT#1 421 4.3.2 shutting down
		reply LAST#1 421 4.3.2 shutting down
	S
	talk "EHLO x" "$me" RSET "$me" "$you" RSET "${one[@]}" "${one[@]}" QUIT
	answered 220 250 451 250 250 451 250 250 250 354 451 250 250 354 250 221
	[[ $(messages) == 1 ]]
}

@test "a 3yz reply that answers nothing becomes 451" {
	start_server <<-'S'
		reply MAIL#1 354 go ahead
		reply RCPT:a@* 334 VXNlcm5hbWU6
		reply RCPT:b@* 354 go ahead
		reply LAST#1 354 go ahead
	S
	talk "EHLO x" "$me" RSET "$me" "RCPT TO:<a@example.org>" RSET "$me" "RCPT TO:<b@example.org>" RSET "${one[@]}" "${one[@]}" QUIT
	answered 220 250 451 250 250 451 250 250 451 250 250 250 354 451 250 250 354 250 221
}

@test "a 2yz reply that has another meaning in postern's place becomes 250" {
	start_server <<-'S'
		reply MAIL 221 2.1.0 fine
		reply RCPT:you@* 251 2.1.5 will forward
		reply RCPT:b@* 235 2.7.0 fine
		reply LAST 299 fine
	S
	talk "EHLO x" "$me" "$you" "RCPT TO:<b@example.net>" DATA "${text[@]}" QUIT
	answered 220 250 250 251 250 354 250 221
}

# ----------------------------------------------------------------------------------------------- the smarthost is not there

@test "the smarthost is lost in mid-message: the rest of this message gets 451, and the next message goes" {
	start_server <<< "drop RCPT#2 close"
	talk "EHLO x" "$me" "$you" "RCPT TO:<b@example.net>" "RCPT TO:<c@example.net>" DATA "BDAT 3" "abcNOOP" RSET "${one[@]}" QUIT
	answered 220 250 250 250 451 451 451 451 250 250 250 250 354 250 221
	[[ $(connections) == 2 && $(messages) == 1 ]]
}

@test "no connection, a refused login or a wrong certificate is the reply to MAIL" {
	start_server <<< "reply AUTH 535 5.7.8 wrong password"
	talk "EHLO x" "$me" "$you" DATA QUIT
	[[ $codes == "220 250 554 "* ]] || complain "$codes"
	replied "554 5.7.8 .*wrong password"
	set_conf tls_trust_file "$certs/otherca.pem"
	talk "EHLO x" "$me" QUIT
	answered 220 250 554 221
	stop_server
	talk "EHLO x" "$me" "$you" "$you" DATA RSET "$you" QUIT
	answered 220 250 451 451 451 451 250 503 221
	replied "451 4.4.1 "
}

@test "a connection that ends between two messages is made again" {
	start_server <<-'S'
		hide CHUNKING
		drop MAIL#2 close
		reply MAIL#4 421 4.4.2 idle for too long
	S
	talk "EHLO x" "${one[@]}" "${one[@]}" "${one[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 250 250 354 250 221
	[[ $(connections) == 3 && $(messages) == 3 ]]
}

@test "a message that this smarthost cannot carry, or that has no account, makes no further connection" {
	start_server <<< "hide SMTPUTF8"
	set_conf allow_from_override on
	talk "EHLO x" "${one[@]}" "MAIL FROM:<jörg@example.org> SMTPUTF8" "MAIL FROM:<jörg@example.org> SMTPUTF8" "${one[@]}" QUIT
	answered 220 250 250 250 354 250 550 550 250 250 354 250 221
	[[ $(connections) == 1 && $(messages) == 2 ]]
}

@test "an address that is not ASCII is refused if the server lacks SMTPUTF8 or the caller's MAIL lacks it" {
	start_server <<< "hide SMTPUTF8"
	set_conf allow_from_override on
	talk "EHLO x" "MAIL FROM:<jörg@example.org> SMTPUTF8" RSET "$me SMTPUTF8" "RCPT TO:<jörg@example.org>" "$you" \
	    "RCPT TO:<me@bücher.example>" DATA "${text[@]}" QUIT
	answered 220 250 550 250 250 553 250 250 354 250 221
	[[ $(said 'RCPT TO:<me@xn--bcher-kva.example>$') == 1 && $(said RCPT) == 2 && $(messages) == 1 ]]
	replied "550 5.6.7"
	replied "553 5.6.7"
	start_server < /dev/null
	talk "EHLO x" "$me" "RCPT TO:<jörg@example.org>" "RCPT TO:<jörg@example.org>" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 553 553 250 354 250 221
}

@test "a recipient that cannot be read is refused alone, and the others get the message" {
	start_server < /dev/null
	set_conf qualify_domain domain.example
	talk "EHLO x" "$me" "RCPT TO:<bad@@x>" "RCPT TO:<a@b, c@d>" "$you" "RCPT TO:<>" "RCPT TO:<$(printf 'x%.0s' {1..1020})>" \
	    "RCPT TO:<undisclosed-recipients>" DATA "${text[@]}" QUIT
	answered 220 250 250 501 501 250 501 554 250 354 250 221
	replied "554 5.1.3 .*is too long"
	[[ $(messages) == 1 && $(said RCPT) == 2 ]]
}

@test "if the smarthost may have the message, the reply to the caller says so" {
	start_server <<< "drop LAST close"
	talk "EHLO x" "${one[@]}" QUIT
	answered 220 250 250 250 354 451 221
	replied "451 4.4.2 .*may have the message"
}

# -------------------------------------------------------------------------------------------------- local names, and the queue

@test "local_recipients and sender_map apply to -bs" {
	start_server < /dev/null
	set_conf local_recipients admin@example.org
	set_conf sender_map "root:me@example.org"
	set_conf from root
	set_conf qualify_domain home.example
	talk "EHLO x" "MAIL FROM:<root>" "RCPT TO:<root>" "RCPT TO:<cron@localhost>" DATA "Subject: x" "" "x" "." QUIT
	answered 220 250 250 250 250 354 250 221
	[[ $(envelope) == *"rcpt <admin@example.org>"* && $(said RCPT) == 1 ]]
	replied "250 2.1.5 this recipient is there already"
}

@test "where the queue is on and queue_bounce is off, without a server: NOTIFY=SUCCESS is refused for now, and the rest is kept" {
	start_server < /dev/null
	set_conf queue on
	set_conf queue_bounce off
	set_conf queue_directory "$BATS_TEST_TMPDIR/queue"
	stop_server
	talk "EHLO x" "$me" "$you NOTIFY=SUCCESS" "RCPT TO:<b@example.net> NOTIFY=NEVER ORCPT=rfc822;c@example.net" DATA "${text[@]}" QUIT
	answered 220 250 250 451 250 354 250 221
	replied "451 4.4.1 there is no server now"
	grep -qx "rcpt b@example.net" "$BATS_TEST_TMPDIR"/queue/*-*
	grep -qx "orcpt rfc822;c@example.net" "$BATS_TEST_TMPDIR"/queue/*-*
	grep -qx "notify 1" "$BATS_TEST_TMPDIR"/queue/*-*
	refute grep -q "you@example.net" "$BATS_TEST_TMPDIR"/queue/*-*
}

@test "where the queue is on: NOTIFY=SUCCESS is kept without a server, and reported where the server has no DSN" {	# RFC 3461 5.2.2 (b)
	local queue=$BATS_TEST_TMPDIR/queue
	start_server <<< "hide DSN"
	set_conf queue on
	set_conf queue_directory "$queue"
	options=(-odq)
	talk "EHLO x" "$me" "$you NOTIFY=SUCCESS" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 221
	grep -qx "notify 2" "$queue"/*-*
	rm "$queue"/*-*
	options=()
	talk "EHLO x" "$me" "$you NOTIFY=SUCCESS" "RCPT TO:<b@example.net> NOTIFY=FAILURE" DATA "${text[@]}" "MAIL FROM:<>" "$you NOTIFY=SUCCESS" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 354 250 250 250 354 250 221
	flock "$queue/.flushing" true
	[[ $(messages) == 3 && $(envelope 3) == *"mail <>"*"rcpt <me@example.org>"* ]]
	message 3 | tr -d '\r' > "$BATS_TEST_TMPDIR/report"
	grep -qx 'Action: relayed' "$BATS_TEST_TMPDIR/report"
	[[ $(grep '^Final-Recipient' "$BATS_TEST_TMPDIR/report") == "Final-Recipient: rfc822; you@example.net" ]]
	refute ls "$queue"/*-*
}

@test "where the queue is on, -bs holds a message for later itself if the server does not" {
	local queue=$BATS_TEST_TMPDIR/queue
	start_server < /dev/null
	set_conf queue on
	set_conf queue_directory "$queue"
	set_conf hold_for 2h
	talk "EHLO x" "$me" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 221
	grep -q '^release ' "$queue"/*-*
	[[ $(messages) == 0 ]]
}
