#!/usr/bin/env bats
# -bs: what a caller may write: the text of a message, the parameters of MAIL and RCPT, long lines and many replies.
load helper
load dialogue

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
