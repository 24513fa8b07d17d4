#!/usr/bin/env bats
# -bs: SMTP on standard input and output, from the greeting to QUIT; the caller gets the smarthost's replies.
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

# ----------------------------------------------------------------------------------------------------------- the text itself

@test "with CRLF lines only CRLF.CRLF ends the text" {
	start_server < /dev/null
	local end
	for end in '\n.\n' '\n.\r\n' '\r.\r' '\r\n.\n' '\r\n.\r' '\r.\r\n' '\n\n.\n' '\r\n.\r\r\n'; do
		printf 'EHLO x\r\n%s\r\n%s\r\nDATA\r\nSubject: x\r\n\r\na'"$end"'MAIL FROM:<evil@example.org>\r\n.\r\nQUIT\r\n' "$me" "$you" \
		    > "$BATS_TEST_TMPDIR/in"
		hear
		answered 220 250 250 250 354 250 221
	done
	[[ $(messages) == 8 ]]
	[[ $(said "MAIL FROM:<evil") == 0 ]]
}

@test "a caller that ends its lines with LF can end the text with LF.LF, and doubled dots are undone" {
	start_server < /dev/null
	printf '%s\n' "HELO x" "$me" "$you" DATA "Subject: x" "" "..a" "...b" ".c" "." QUIT > "$BATS_TEST_TMPDIR/in"
	hear
	answered 220 250 250 250 354 250 221
	[[ $(message) == *$'\r\n\r\n.a\r\n..b\r\nc\r' ]]
}

@test "BDAT takes chunks that cut a line end in two, lone dots, and BDAT 0 LAST" {
	start_server < /dev/null
	printf '%s\r\n' "EHLO x" "$me" "$you" > "$BATS_TEST_TMPDIR/in"
	printf 'BDAT 13\r\nSubject: x\r\n\rBDAT 0\r\nBDAT 7\r\n\na\r\n.\r\nBDAT 3 LAST\r\nb\r\n' >> "$BATS_TEST_TMPDIR/in"
	printf '%s\r\nRCPT TO:<b@example.net>\r\nBDAT 17\r\nSubject: y\r\n\r\nc\r\nBDAT 0 LAST\r\nQUIT\r\n' "$me" >> "$BATS_TEST_TMPDIR/in"
	hear
	answered 220 250 250 250 250 250 250 250 250 250 250 250 221
	[[ $(message 1) == *$'\r\n\r\na\r\n.\r\nb\r' ]]
	[[ $(message 2) == *"Subject: y"*$'\r\n\r\nc\r' && $(connections) == 1 ]]
}

@test "RSET or MAIL after an unfinished BDAT sends nothing and begins anew; DATA after BDAT is 503 (RFC 3030 2)" {
	start_server < /dev/null
	local what
	for what in RSET "$me"; do
		printf '%s\r\n' "EHLO x" "$me" "$you" "BDAT 3" "abcDATA" "BDAT 1 LAST" "xRSET" "$me" "$you" "BDAT 3" "abc$what" \
		    > "$BATS_TEST_TMPDIR/in"
		[[ $what != RSET ]] || printf '%s\r\n' "$me" >> "$BATS_TEST_TMPDIR/in"
		printf '%s\r\n' "$you" DATA "${text[@]}" QUIT >> "$BATS_TEST_TMPDIR/in"
		hear
		[[ $codes == "220 250 250 250 250 503 503 250 250 250 250 250 "*"354 250 221" ]] || complain "$what: $codes"
	done
	[[ $(messages) == 2 ]]
}

@test "NOOP between two chunks is answered and changes nothing" {
	start_server < /dev/null
	printf '%s\r\n' "EHLO x" "$me" "$you" "BDAT 14" "Subject: x" "" "NOOP" "BDAT 3 LAST" "a" QUIT > "$BATS_TEST_TMPDIR/in"
	hear
	answered 220 250 250 250 250 250 250 221
	[[ $(messages) == 1 ]]
}

@test "a BDAT with an unreadable size ends the dialogue, so that its chunk is not taken for commands" {
	local bdat
	for bdat in "BDAT" "BDAT x" "BDAT -1" "BDAT 99999999999999999999" "BDAT 1 FIRST" "BDAT 0x1 LAST" $'BDAT 1\001'; do
		start_server < /dev/null
		talk "EHLO x" "$me" "$you" "$bdat" "RCPT TO:<c@example.net>" QUIT
		answered 220 250 250 250 521
		talk "EHLO x" "$me" "$you" "BDAT 3" "abc$bdat" "RCPT TO:<c@example.net>" QUIT
		answered 220 250 250 250 250 521
		[[ $(messages) == 0 && $(said RCPT) == 2 ]]
		stop_server
	done
}

# --------------------------------------------------------------------------------------------------------------- parameters

@test "8-bit text, UTF-8 addresses and SIZE are announced to the smarthost" {
	start_server <<< "size 5000"
	set_conf allow_from_override on
	talk "EHLO x" "MAIL FROM:<jörg@example.org> SMTPUTF8 BODY=8BITMIME SIZE=100" "RCPT TO:<müller@example.net>" \
	    DATA "Subject: ü" "" "ü" "." "$me SIZE=6000" QUIT
	[[ $codes == "220 250 250 250 354 250 5"* ]] || complain "$codes"
	replied "55[24] 5.3.4"
	[[ $(said "MAIL FROM:<jörg@example.org>.* SMTPUTF8") == 1 && $(messages) == 1 ]]
}

@test "RET, ENVID, NOTIFY and ORCPT are passed on to the smarthost" {
	start_server < /dev/null
	talk "EHLO x" "$me RET=HDRS ENVID=ab+2Bc" "$you NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o+3Drig@example.org" \
	    "RCPT TO:<b@example.net> NOTIFY=NEVER" DATA "${text[@]}" "$me" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 354 250 250 250 354 250 221
	[[ $(said 'MAIL FROM:<me@example.org>.* RET=HDRS ENVID=ab[+]2Bc') == 1 ]]
	[[ $(said 'RCPT TO:<you@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o[+]3Drig@example.org$') == 1 ]]
	[[ $(said 'RCPT TO:<b@example.net> NOTIFY=NEVER') == 1 && $(said 'RCPT TO:<you@example.net>$') == 1 ]]
}

@test "the smarthost has no DSN: NOTIFY=SUCCESS is refused, and the other parameters of DSN are left out" {	# RFC 3461 5.2.2
	start_server <<< "hide DSN"
	talk "EHLO x" "$me RET=FULL ENVID=x" "$you NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;you@example.org" \
	    "RCPT TO:<b@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@example.org" "RCPT TO:<c@example.net> NOTIFY=NEVER" \
	    "$you" DATA "${text[@]}" "MAIL FROM:<>" "$you NOTIFY=SUCCESS" QUIT
	answered 220 250 250 555 250 250 250 354 250 250 250 221
	replied "555 5.5.4 .*does not offer DSN"
	[[ $(said '.*(RET|ENVID|NOTIFY|ORCPT)=') == 0 && $(said 'RCPT TO:<you@example.net>') == 2 && $(messages) == 1 ]]
}

@test "ORCPT in UTF-8 is passed on natively under SMTPUTF8, else encoded; the case of its type does not matter" {	# RFC 6533 3
	start_server < /dev/null
	talk "EHLO x" "$me SMTPUTF8" "$you ORCPT=UTF-8;jörg@example.org" DATA "${text[@]}" "$me" "$you ORCPT=Utf-8;jörg@example.org" QUIT
	answered 220 250 250 250 354 250 250 250 221
	[[ $(said 'RCPT TO:<you@example.net> ORCPT=UTF-8;jörg@example.org$') == 1 ]]
	[[ $(said 'RCPT TO:<you@example.net> ORCPT=Utf-8;j.*x[{]F6[}]rg@example.org$') == 1 ]]
}

@test "BODY=7BIT is not made BODY=8BITMIME, and 8-bit text behind it is converted" {	# RFC 6152 3
	start_server < /dev/null
	talk "EHLO x" "$me BODY=7BIT" "$you" DATA "${text[@]}" "$me BODY=7BIT" "$you" DATA "Subject: x" "" "ä" . \
	    "$me" "$you" DATA "Subject: x" "" "ä" . QUIT
	[[ $(said 'MAIL.*BODY=8BITMIME') == 1 && $(messages) == 3 ]]
	refute grep -q ä <<< "$(message 2)"
	[[ $(message 2) == *"Content-Transfer-Encoding: "* && $(message 3) == *ä* ]]
}

@test "invalid parameters get 501 and unknown ones 555, and the smarthost gets none of them" {
	start_server < /dev/null
	local p lines=("EHLO x") n=0
	for p in SIZE SIZE= SIZE=x SIZE=-1 SIZE=99999999999999999999 BODY BODY=BINARY SMTPUTF8=1 RET=ALL RET=FULL\ RET=FULL ENVID= \
	    ENVID=a+ ENVID=a=b ENVID=a+E4 ENVID=a+0A "ENVID=$(printf 'x%.0s' {1..101})"; do
		lines+=("$me $p") n=$((n + 1))
	done
	lines+=("$me AUTH=<>" "$me X" "$me" "MAIL FROM:<me@example.org>SIZE=1")
	for p in NOTIFY NOTIFY= NOTIFY=NEVER,SUCCESS NOTIFY=SUCCESS,SUCCESS NOTIFY=SUCCESS, NOTIFY=, ORCPT=x ORCPT= ORCPT=\;x \
	    ORCPT=rfc822\; ORCPT=rfc822\;a+zz "ORCPT=r c;x" SIZE=1; do
		lines+=("$you $p")
	done
	talk "${lines[@]}" QUIT
	answered 220 250 $(printf '501 %.0s' $(seq $n)) 555 555 250 501 501 501 501 501 501 501 501 501 501 501 501 501 555 221
	[[ $(said RCPT) == 0 && $(said MAIL) == 1 ]]
}

@test "source routes and blanks around an address are accepted; line ends, brackets and blanks within it are refused" {
	start_server < /dev/null
	set_conf allow_from_override on
	talk "EHLO x" "MAIL FROM: <me@example.org>" "RCPT TO: <you@example.net> " 'RCPT TO:<"a>b"@example.net>' "RCPT TO:<@relay:c@example.net>" \
	    "RCPT TO:<a>b@example.net>" "RCPT TO:<a b@example.net>" "RCPT TO:<a,b@example.net>" "RCPT TO:<>" "RCPT TO:<a@example.net" \
	    $'RCPT TO:<a\rRSET@example.net>' $'RCPT TO:<a\x01@example.net>' 'RCPT TO:<a@b@c>' "RCPT TO:" "RCPT FROM:<x@y>" "RCPT" \
	    "RCPT TO:<$(printf 'x%.0s' {1..1100})@example.net>" RSET "MAIL FROM:<>" RSET "MAIL FROM:<a@b> <c@d>" QUIT
	[[ $codes == "220 250 250 250 250 250 5"* && $codes == *" 250 250 250 5"*" 221" ]] || complain "$codes"
	[[ $(said RCPT) == 3 ]] || complain "$codes"
	[[ $(said 'RCPT TO:<"a>b"@example.net>') == 1 && $(said 'RCPT TO:<c@example.net>') == 1 && $(said 'MAIL FROM:<>') == 1 ]]
}

# ------------------------------------------------------------------------------------------------------------------- limits

@test "a line that is too long or holds a NUL is refused, and the next line is read" {
	start_server < /dev/null
	{
		printf 'EHLO x\r\nNOOP %05000d\r\nNOOP ' 0
		head -c 3000000 /dev/zero | tr '\0' x
		printf '\r\nNO\0OP\r\n\0\r\nNOOP\r\nQUIT\r\n'
	} > "$BATS_TEST_TMPDIR/in"
	hear
	answered 220 250 500 500 500 500 250 221
}

@test "after a hundred errors the caller gets 421" {
	start_server < /dev/null
	talk $(printf 'x%.0s\n' {1..200})
	[[ $codes == "220 500 "*" 500 421" && $(wc -w <<< "$codes") == 101 && $status == 0 ]]
}

@test "a head of two megabytes is refused after all of it is read, by DATA and by BDAT, and the next message goes" {
	start_server < /dev/null
	local big=$BATS_TEST_TMPDIR/big n
	seq -f "X-%04.0f: $(printf '%0990d' 0)"$'\r' 4000 > "$big"
	big_size=$(($(wc -c < "$big")))
	{
		printf '%s\r\n' "EHLO x" "$me" "$you" DATA
		cat "$big"
		printf '%s\r\n' "." "$me" "$you"
		for n in 1 2 3; do
			printf 'BDAT %d\r\n' "$big_size"
			cat "$big"
		done
		printf '%s\r\n' "BDAT 0 LAST" "${one[@]}" QUIT
	} > "$BATS_TEST_TMPDIR/in"
	hear
	answered 220 250 250 250 354 554 250 250 554 554 554 554 250 250 354 250 221
	[[ $(messages) == 1 ]]
}

@test "20000 refused recipients get their replies of several lines, and the accepted one gets the message" {
	start_server <<-'S'
		no_transcript
		reply RCPT:bad* 550-5.1.1 one line of many that are all rather long and say nothing at all but the same again\r\n550-5.1.1 two\r\n550 5.1.1 three
	S
	local n
	{
		printf '%s\r\n' "EHLO x" "$me"
		printf 'RCPT TO:<bad%d@example.net>\r\n' {1..20000}
		printf '%s\r\n' "$you" DATA "${text[@]}" QUIT
	} > "$BATS_TEST_TMPDIR/in"
	hear
	[[ $codes == "220 250 250 550 "*" 550 250 354 250 221" && $(grep -c "^550 5.1.1 three" <<< "$stdout") == 20000 ]]
}

@test "the smarthost's replies are passed on in printable characters, in lines of at most 512 octets and without added replies" {
	start_server <<-'S'
		reply RCPT:esc@* 550 5.1.1 \x1b[31mred\x07 \xff
		reply RCPT:fake@* 550 5.1.1 no\r250 2.1.5 yes
		longline RCPT:long@* 9000
	S
	talk "EHLO x" "$me" "RCPT TO:<esc@example.org>" RSET "$me" "RCPT TO:<fake@example.org>" RSET "$me" "RCPT TO:<long@example.org>" RSET \
	    "${one[@]}" QUIT
	refute grep $'\x1b\|\x07\|\xff' <<< "$stdout"
	refute grep '^250 2.1.5 yes' <<< "$stdout"
	awk 'length > 512 { exit 1 }' <<< "$stdout" || complain "a line is too long"
	[[ $codes == *" 250 250 354 250 221" ]] || complain "$codes"
}

@test "postern writes replies while the caller still sends, even if they do not fit into memory" {
	start_server <<-'S'
		reply RCPT:bad* 550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550-5.1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n550 5.1.1 b
	S
	{
		printf '%s\r\n' "EHLO x" "$me"
		printf 'RCPT TO:<bad%d@x.y>\r\n' {1..3000}
		printf '%s\r\n' QUIT
	} > "$BATS_TEST_TMPDIR/in"
	hear
	[[ $(wc -w <<< "$codes") == 3004 && $codes == *" 550 221" && $status == 0 ]]
}

# --------------------------------------------------------------------------------------- the end and the start of a dialogue

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
	read -r -t 20 -u "$from" reply
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
	[[ $status == 64 && $codes == "554 503 221" ]] && told "recipients come in the dialogue"
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
