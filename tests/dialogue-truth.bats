#!/usr/bin/env bats
# -bs: what the caller is told is true for every address behind its recipients, and no reply is taken for a later message.
load helper
load dialogue

# with_aliases: writes the alias file from stdin
with_aliases() {
	cat > "$BATS_TEST_TMPDIR/aliases"
	set_conf aliases "$BATS_TEST_TMPDIR/aliases"
}
got() { # N ADDRESSES: the Nth message went to these
	local n=$1
	shift
	[[ $(envelope "$n" | sed -n 's/^rcpt <\([^>]*\)>.*/\1/p' | sort | xargs) == "$(printf '%s\n' "$@" | sort | xargs)" ]] \
	    || complain "message $n went to others: $(envelope "$n")"
}
team="RCPT TO:<team@localhost>"

# ------------------------------------------------------------------------------------------- the dialogue with the server broke

# In each of these tests the reply to the added recipient is missing or malformed.  The session must not be used again: the
# next reply would be taken for that recipient's, whose envelope no longer exists.
@test "always_bcc: after a malformed reply, a 3yz or half a reply the message fails, and the next one uses a new connection" {
	local answer
	for answer in "rubbish" "334 VXNlcm5hbWU6" "354 go ahead" "250-one\r\n550 two" "99 hello"; do
		start_server <<< "reply RCPT:archive@*#1 $answer"
		set_conf always_bcc archive@example.org
		talk "EHLO x" "${one[@]}" "${one[@]}" QUIT
		answered 220 250 250 250 354 451 250 250 354 250 221
		[[ $(connections) == 2 && $(messages) == 1 ]]
		got 1 you@example.net archive@example.org
	done
}

@test "always_bcc: after a timeout, half a reply or a lost connection the message fails, and the next one uses a new connection" {
	local how
	for how in silence half close reset; do
		start_server <<< "drop RCPT:archive@*#1 $how"
		set_conf always_bcc archive@example.org
		late_on "dropped: silence"
		talk "EHLO x" "${one[@]}" "${one[@]}" QUIT
		answered 220 250 250 250 354 451 250 250 354 250 221
		[[ $(messages) == 1 ]]
	done
}

@test "421 to the added recipient or to an alias's second address: the next MAIL makes a new connection" {
	start_server <<-'S'
		reply RCPT:archive@*#1 421 4.3.2 shutting down
		reply RCPT:b@*#1 421 4.3.2 shutting down
	S
	with_aliases <<< "team: a@example.org, b@example.org"
	set_conf always_bcc archive@example.org
	talk "EHLO x" "${one[@]}" "$me" "$team" "$you" DATA "$me" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 451 250 451 451 451 250 250 354 250 221
	[[ $(connections) == 3 && $(messages) == 1 ]]
	got 1 a@example.org b@example.org archive@example.org
}

@test "a malformed reply to RCPT, then MAIL: postern makes a new connection and forgets the earlier recipients" {
	start_server <<< "reply RCPT:bad@* rubbish"
	talk "EHLO x" "$me" "RCPT TO:<first@example.net>" "RCPT TO:<bad@example.net>" "${one[@]}" QUIT
	answered 220 250 250 250 451 250 250 354 250 221
	[[ $(connections) == 2 ]]
	got 1 you@example.net
}

# ------------------------------------------------------------------------------------------------------------------- aliases

@test "the server refuses one of two addresses of an alias: the alias is accepted, and reply, stderr and log name that address" {
	local bad
	for bad in a b; do
		start_server <<< "reply RCPT:$bad@* 550 5.1.1 no such user"
		with_aliases <<< "team: a@example.org, b@example.org"
		set_conf qualify_domain home.example
		set_conf logfile "$BATS_TEST_TMPDIR/log.$bad"
		talk "EHLO x" "$me" "$team" DATA "${text[@]}" QUIT
		answered 220 250 250 250 354 250 221
		replied "250 2.0.0 but the server refused $bad@example.org (for team@localhost): 550 5.1.1 no such user"
		told "the server refused $bad@example.org"
		[[ $(< "$BATS_TEST_TMPDIR/log.$bad") == *" refused=\"$bad@example.org 550 5.1.1\" "* ]]
		[[ $(said RCPT) == 2 && $(messages) == 1 ]]
		got 1 "$([[ $bad == a ]] && echo b || echo a)@example.org"
	done
}

@test "the server refuses all addresses of an alias: RCPT gets a temporary refusal if there is one, else the first; nothing is sent" {
	start_server <<-'S'
		reply RCPT:a@* 550 5.1.1 no such user
		reply RCPT:b@* 551 5.1.6 moved
		reply RCPT:c@* 450 4.2.0 later
	S
	with_aliases <<-'A'
		team: a@example.org, b@example.org
		crew: a@example.org, c@example.org, b@example.org
	A
	talk "EHLO x" "$me" "$team" DATA . RSET "$me" "RCPT TO:<crew@localhost>" DATA . QUIT
	answered 220 250 250 550 554 500 250 250 450 554 500 221
	replied "550 5.1.1 no such user"
	replied "450 4.2.0 later"
	[[ $(messages) == 0 && $(said DATA) == 0 && $(said BDAT) == 0 ]]
}

@test "the caller repeats an alias after a refusal: postern asks again only for refused addresses, and each gets one copy" {
	start_server <<< "reply RCPT:b@*#1 450 4.2.0 later"
	with_aliases <<< "team: a@example.org, b@example.org"
	talk "EHLO x" "$me" "$team" "$team" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 250 354 250 221
	[[ $(said 'RCPT TO:<a@') == 1 && $(said 'RCPT TO:<b@') == 2 && $stdout != *"refused b@"* ]]
	got 1 a@example.org b@example.org
	start_server <<< "reply RCPT#1 550 5.1.1 not now"
	with_aliases <<< "team: a@example.org"
	talk "EHLO x" "$me" "$team" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 550 250 354 250 221
	got 1 a@example.org
}

@test "the caller names an address directly and by an alias, in either order: each RCPT gets its own answer" {
	local a="RCPT TO:<a@example.org>"
	start_server <<< "reply RCPT:a@* 550 5.1.1 no such user"
	with_aliases <<-'A'
		team: a@example.org, b@example.org
		crew: a@example.org
	A
	talk "EHLO x" "$me" "$a" "$team" "RCPT TO:<crew@localhost>" DATA "${text[@]}" \
	    "$me" "$team" "$a" "RCPT TO:<b@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 550 250 550 354 250 250 250 550 250 354 250 221
	[[ $(grep -c '^250 2.0.0 but the server refused a@example.org' <<< "$stdout") == 2 ]]
	got 1 b@example.org
	got 2 b@example.org
	start_server <<< "reply RCPT:b@* 550 5.1.1 no such user"
	with_aliases <<< "team: a@example.org, b@example.org"
	talk "EHLO x" "$me" "$a" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 354 250 221
	replied "250 2.0.0 but the server refused b@example.org"
	got 1 a@example.org
}

@test "an alias with a program, an error and an address is accepted if the address is accepted, and refused if it is refused" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	with_aliases <<-'A'
		root: "|prog", ":error: gone", a@example.org
		bin: "|prog", bad@example.org
	A
	talk "EHLO x" "$me" "RCPT TO:<root@localhost>" "RCPT TO:<bin@localhost>" "RCPT TO:<bin@localhost>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 550 550 354 250 221
	replied "250[- ]2.0.0 but no mail for root@localhost.*names a program"
	replied "250 2.0.0 but no mail for root@localhost.*refuses it.*gone"
	told "names a program"
	[[ $(said 'RCPT TO:<bad@') == 2 && $stdout != *"but no mail for bin@"* && $stdout != *"refused bad@"* ]]
	got 1 a@example.org
}

@test "require_all_recipients: an alias is accepted if all its addresses are; one refused address holds the message back" {
	start_server <<< "reply RCPT:b@*#1 450 4.2.0 later"
	with_aliases <<< "team: a@example.org, b@example.org"
	set_conf require_all_recipients on
	talk "EHLO x" "$me" "$team" DATA "${text[@]}" "$me" "$team" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 450 354 450 250 250 250 354 250 221
	[[ $(messages) == 1 ]]
	got 1 a@example.org b@example.org
}

@test "an alias that includes a missing list still delivers to its other addresses" {
	start_server < /dev/null
	with_aliases <<< "team: :include:/nonexistent/list, a@example.org"
	talk "EHLO x" "$me" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 221
	replied "250 2.0.0 but no mail for team@localhost"
	got 1 a@example.org
}

@test "an alias member whose domain is too long is refused alone" {
	start_server < /dev/null
	with_aliases <<< "team: a@$(printf 'ü%.0s' {1..80}).example, b@example.org"
	talk "EHLO x" "$me" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 221
	replied "250 2.0.0 but no mail for a@"
	got 1 b@example.org
}

@test "a caller that pipelines an empty text after a refused RCPT sends nothing" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	talk "EHLO x" "$me" "$you" "RCPT TO:<bad@example.org>" DATA . "${one[@]}" QUIT
	answered 220 250 250 250 550 354 554 250 250 354 250 221
	[[ $(messages) == 1 ]]
	talk "EHLO x" "$me" "$you" DATA . QUIT
	answered 220 250 250 250 354 250 221
	[[ $(messages) == 2 ]]
}

@test "many refusals behind one alias: the reply names the first fifty and counts the others" {
	start_server <<< "reply RCPT:bad* 550-5.1.1 $(printf 'x%.0s' {1..300})\r\n550 5.1.1 no such user"
	with_aliases <<< "team: good@example.org$(printf ', bad%d@example.org' {1..60})"
	talk "EHLO x" "$me" "$team" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 221
	[[ $(grep -c '^250-2.0.0 but the server refused bad' <<< "$stdout") == 50 ]]
	replied "250 2.0.0 and 10 recipients more were refused"
	[[ $(grep -c 'the server refused bad' <<< "$stderr") == 60 ]]
	awk 'length > 512 { exit 1 }' <<< "$stdout" || complain "a line is too long"
}

# ---------------------------------------------------------------------------------------------------------------- always_bcc

@test "the server refuses always_bcc: the message goes on, and reply, stderr and log name the refusal" {
	start_server <<< "reply RCPT:archive@* 550-5.1.1 no such user\r\n550 5.1.1 here"
	set_conf always_bcc archive@example.org
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	talk "EHLO x" "${one[@]}" "$me" "$you" "RCPT TO:<archive@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 550 354 250 221
	[[ $(grep -c '^250 2.0.0 but the server refused archive@example.org: 550 5.1.1 no such user here' <<< "$stdout") == 2 ]]
	told "the server refused archive@example.org"
	[[ $(grep -c 'refused="archive@example.org 550 5.1.1"' "$BATS_TEST_TMPDIR/log") == 2 ]]
	got 1 you@example.net
}

@test "the server refuses always_bcc and require_all_recipients is on: the message is refused in the server's words" {
	start_server <<< "reply RCPT:archive@* 550 5.1.1 no such user"
	set_conf always_bcc archive@example.org
	set_conf require_all_recipients on
	talk "EHLO x" "${one[@]}" QUIT
	answered 220 250 250 250 354 550 221
	replied "550 5.1.1 the server refused archive@example.org"
	[[ $(messages) == 0 ]]
}

@test "an always_bcc that needs a missing SMTPUTF8, or whose alias refuses, is reported as refused" {
	start_server <<< "hide SMTPUTF8"
	with_aliases <<< "audit: :error: closed"
	set_conf always_bcc "jörg@example.org audit"
	talk "EHLO x" "${one[@]}" QUIT
	answered 220 250 250 250 354 250 221
	replied "250-2.0.0 but no mail for j.*rg@example.org: the address is not ASCII"
	replied "250 2.0.0 but no mail for audit@.*closed"
	[[ $(messages) == 1 ]]
}

# ---------------------------------------------------------------------------------------------------------------------- LMTP

@test "LMTP: the server accepts the message for some recipients: postern accepts it and names the refused ones" {
	local bad
	for bad in a b; do
		start_server <<-S
			tls none
			lmtp on
			reply BODY:$bad@* 452 4.2.2 full
			reply BODY:you@* 550 5.2.1 closed
		S
		set_conf protocol lmtp
		talk "EHLO x" "$me" "RCPT TO:<a@example.org>" "$you" "RCPT TO:<b@example.org>" DATA "${text[@]}" "$me" \
		    "RCPT TO:<c@example.org>" DATA "${text[@]}" QUIT
		answered 220 250 250 250 250 250 354 250 250 250 354 250 221
		replied "250[- ]2.0.0 but the server refused the message for $bad@example.org: 452 4.2.2 full"
		replied "250[- ]2.0.0 but the server refused the message for you@example.net: 550 5.2.1 closed"
		told "the server refused the message for you@example.net"
		[[ $(connections) == 1 ]]
	done
}

@test "LMTP: the server refuses the message for all recipients: postern refuses it, temporarily if one refusal is temporary" {
	start_server <<-'S'
		tls none
		lmtp on
		reply BODY:a@* 550 5.2.1 closed
		reply BODY:b@* 452 4.2.2 full
		reply BODY:c@* 551 5.1.6 moved
	S
	set_conf protocol lmtp
	talk "EHLO x" "$me" "RCPT TO:<a@example.org>" "RCPT TO:<b@example.org>" DATA "${text[@]}" \
	    "$me" "RCPT TO:<a@example.org>" "RCPT TO:<c@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 354 452 250 250 250 354 550 221
}

@test "LMTP: the server leaves between its replies: postern accepts the message and names the recipient without reply" {
	start_server <<-'S'
		tls none
		lmtp on
		hide CHUNKING
		drop DOT:b@*#1 close
	S
	set_conf protocol lmtp
	talk "EHLO x" "$me" "RCPT TO:<a@example.org>" "RCPT TO:<b@example.org>" DATA "${text[@]}" \
	    "$me" "RCPT TO:<b@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 354 250 250 250 354 250 221
	replied "250 2.0.0 but no mail for b@example.org: .*may have the message"
	[[ $(connections) == 2 ]]
}

# ----------------------------------------------------------------------------------------------- what is said ahead of answers

@test "a refused message does not harm the next one, which the caller has pipelined" {
	local how
	for how in "reply LAST#1 550 5.7.1 not this" "reply LAST#1 450 4.2.0 later"; do
		start_server <<-S
			tls none
			$how
		S
		talk "EHLO x" "$me" "RCPT TO:<a@example.net>" DATA "${text[@]}" "$me" "RCPT TO:<b@example.net>" DATA "${text[@]}" QUIT
		answered 220 250 250 250 354 "$(cut -d' ' -f3 <<< "$how")" 250 250 354 250 221
		(($(messages) == 1))
		[[ $(envelope) == *"rcpt <b@example.net>"* && $(envelope) != *a@example.net* ]]
		(($(said RSET) == 1)) || complain "there was no RSET"
	done
}

@test "the connection breaks after a message: the next one, said ahead, goes through a new connection" {
	start_server <<-'S'
		tls none
		drop MAIL#2 close
	S
	talk "EHLO x" "$me" "RCPT TO:<a@example.net>" DATA "${text[@]}" "$me" "RCPT TO:<b@example.net>" "RCPT TO:<c@example.net>" \
	    DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 250 354 250 221
	(($(connections) == 2 && $(messages) == 2))
	[[ $(envelope 2) == *"rcpt <b@example.net>"*"rcpt <c@example.net>"* ]]
}

@test "421 instead of the answer to MAIL that was said ahead: it is said again in a new connection" {
	start_server <<-'S'
		tls none
		reply MAIL#2 421 4.3.2 too many messages
	S
	talk "EHLO x" "$me" "RCPT TO:<a@example.net>" DATA "${text[@]}" "$me" "RCPT TO:<b@example.net>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 221
	(($(connections) == 2 && $(messages) == 2))
}

@test "the connection breaks before the answer to a message: it may have arrived, and the next one is sent" {
	start_server <<-'S'
		tls none
		drop LAST#1 close
	S
	talk "EHLO x" "$me" "RCPT TO:<a@example.net>" DATA "${text[@]}" "$me" "RCPT TO:<b@example.net>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 451 250 250 354 250 221
	replied "451.*may have the message"
	(($(connections) == 2))
}

@test "a refused sender: every RCPT that the caller has pipelined gets the sender's refusal" {
	start_server <<-'S'
		tls none
		reply MAIL#1 550 5.7.1 you may not
	S
	talk "EHLO x" "$me" "RCPT TO:<a@example.net>" "RCPT TO:<b@example.net>" RSET "${one[@]}" QUIT
	answered 220 250 550 554 554 250 250 250 354 250 221
	(($(messages) == 1))
}

@test "each of many pipelined RCPT gets its own answer, in order" {
	local n lines=() codes_wanted="220 250 250"
	start_server <<-'S'
		tls none
		rtt 1
		reply RCPT:*7@* 550 5.1.1 there is no seven
	S
	for ((n = 1; n <= 600; n++)); do
		lines+=("RCPT TO:<r$n@example.net>")
		if ((n % 10 == 7)); then codes_wanted+=" 550"; else codes_wanted+=" 250"; fi
	done
	talk "EHLO x" "$me" "${lines[@]}" DATA "${text[@]}" QUIT
	[[ $codes == "$codes_wanted 354 250 221" ]]
	(($(envelope | grep -c "^rcpt ") == 540))
	(($(flights) <= 7)) || complain "there were $(flights) flights"
}

@test "a recipient that is named twice in one flight is asked about once, and again if it was refused" {
	start_server <<-'S'
		tls none
		reply RCPT:bad@*#1 450 4.2.0 not now
	S
	talk "EHLO x" "$me" "RCPT TO:<a@example.net>" "RCPT TO:<a@example.net>" "RCPT TO:<bad@example.net>" "RCPT TO:<bad@example.net>" \
	    DATA "${text[@]}" QUIT
	answered 220 250 250 250 250 450 250 354 250 221
	replied "250 2.1.5 this recipient is there already"
	(($(said RCPT) == 3))
}

@test "LMTP: a message that is pipelined behind another one is sent, whatever the recipients' answers" {
	start_server <<-'S'
		tls none
		lmtp on
		reply LAST:a@*#1 550 5.2.2 full
	S
	set_conf protocol lmtp
	talk "EHLO x" "$me" "RCPT TO:<a@example.net>" DATA "${text[@]}" "$me" "RCPT TO:<b@example.net>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 550 250 250 354 250 221
}

@test "LMTP: the server leaves among the answers to hundreds of recipients: each gets what the server said, whatever was said ahead" {
	local n accepted lines=()
	for ((n = 1; n <= 600; n++)); do
		lines+=("RCPT TO:<r$n@example.net>")
	done
	for n in 511 600; do
		start_server <<-'S'
			tls none
			lmtp on
			hide CHUNKING
			drop DOT:r100@*#1 close
		S
		set_conf protocol lmtp
		set_conf logfile "$BATS_TEST_TMPDIR/log.$n"
		talk "EHLO x" "$me" "${lines[@]:0:n}" DATA "${text[@]}" "${one[@]}" QUIT
		accepted=$(printf ' 250%.0s' "${lines[@]:0:n}")
		answered "220 250 250$accepted 354 250 250 250 354 250 221"
		replied "250-2.0.0 but no mail for r100@example.net: .*may have the message"
		replied "250 2.0.0 and $((n - 99 - 50)) recipients more were refused"
		(($(wc -l < "$BATS_TEST_TMPDIR/log.$n") == 2))
		(($(connections) == 2))
	done
}

@test "the connection breaks after a message, and the new one refuses the sender: every RCPT gets that refusal" {
	start_server <<-'S'
		tls none
		reply MAIL#2 421 4.3.2 too many messages
		reply MAIL#3 550 5.7.1 you may not
	S
	talk "EHLO x" "${one[@]}" "$me" "RCPT TO:<a@example.net>" "RCPT TO:<b@example.net>" RSET "${one[@]}" QUIT
	answered 220 250 250 250 354 250 550 554 554 250 250 250 354 250 221
	(($(connections) == 2 && $(messages) == 2))
}

@test "LMTP: a recipient that is accepted when it is named again has its answer behind those accepted before" {
	start_server <<-'S'
		tls none
		lmtp on
		reply RCPT:a@*#1 450 4.2.0 not now
		reply BODY:a@* 550 5.2.2 full
	S
	set_conf protocol lmtp
	talk "EHLO x" "$me" "RCPT TO:<a@example.org>" "RCPT TO:<b@example.org>" "RCPT TO:<a@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 450 250 250 354 250 221
	replied "250 2.0.0 but the server refused the message for a@example.org: 550 5.2.2 full"
}
