#!/usr/bin/env bats
# -bs: SMTP on standard input and output, from the greeting to QUIT; what the caller hears is what the smarthost said.
load helper

# talk LINES: the whole dialogue in one go, as a caller that pipelines; then $codes are the replies' codes in order.
talk() { printf '%s\r\n' "$@" > "$BATS_TEST_TMPDIR/in"; hear; }
hear() {
	postern "${options[@]}" -bs "${arguments[@]}" < "$BATS_TEST_TMPDIR/in"
	codes=$(awk '/^[0-9][0-9][0-9] / { printf "%s%s", n++ ? " " : "", $1 }' <<< "$stdout")
}
setup() {
	helper_setup
	options=() arguments=()
}

answered() { [[ $codes == "$*" && $status == 0 ]] || complain "the answers are: $codes, not: $*; status $status"; }
replied() { grep -q -- "^$1" <<< "$stdout" || complain "no reply begins: $1"; }

me="MAIL FROM:<me@example.org>" you="RCPT TO:<you@example.net>"
text=("Subject: x" "" "hello" ".")
one=("$me" "$you" DATA "${text[@]}")

# converse: the program with pipes at both ends; `to` and `from` are ours.
converse() {
	mkfifo "$BATS_TEST_TMPDIR/to" "$BATS_TEST_TMPDIR/from"
	timeout -k 5 30 "$POSTERN" -C "$conf" -bs "$@" < "$BATS_TEST_TMPDIR/to" > "$BATS_TEST_TMPDIR/from" \
	    2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	child=$!
	exec {to}> "$BATS_TEST_TMPDIR/to" {from}< "$BATS_TEST_TMPDIR/from"
}
# ask LINE CODE: says it and waits for the answer, whose last line must begin with CODE.
ask() {
	[[ -z $1 ]] || printf '%s\r\n' "$1" >&"$to"
	reply=
	while read -r -t 20 -u "$from" reply && [[ $reply == ???-* ]]; do :; done
	[[ $reply == "$2"* ]] || complain "'$1' is answered: $reply, not: $2"
}
leave() {
	local s=0
	exec {to}>&-
	rest=$(cat <&"$from")
	exec {from}<&-
	wait "$child" || s=$?
	stderr=$(< "$BATS_TEST_TMPDIR/stderr")
	[[ $s == "$1" ]] || complain "exit status $s, not $1"
}

# --------------------------------------------------------------------------------------------------------- without a MAIL

@test "greeting, EHLO with what is offered, HELO without, and the smarthost hears nothing" {
	start_server < /dev/null
	local word
	talk "EHLO client.example" "HELO client.example" "QUIT"
	answered 220 250 250 221
	for word in PIPELINING SIZE 8BITMIME SMTPUTF8 DSN CHUNKING ENHANCEDSTATUSCODES; do
		[[ $(grep -c "^250[- ]$word"$'\r$' <<< "$stdout") == 1 ]] || complain "no $word"
	done
	[[ $(connections) == 0 ]]
}

@test "NOOP, RSET, VRFY, HELP are answered; EXPN, AUTH, STARTTLS are not done; rubbish is refused" {
	start_server < /dev/null
	talk "NOOP" "NOOP x" "RSET" "VRFY you" "HELP" "HELP MAIL" "EXPN list" "AUTH PLAIN AGEAYg==" "STARTTLS" "BLAH" "" \
	    "EHLO" "HELO" "DATA x" "RSET x" "noop" "QUIT"
	answered 220 250 250 250 252 214 214 502 502 502 500 500 501 501 501 501 250 221
	[[ $(connections) == 0 ]]
}

@test "every answer but those to EHLO and the greeting has an enhanced code, also where the smarthost gives none" {
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
	! grep '^[245]' <<< "$stdout" | grep -v '^220 \|^250-' | grep -v '^250 HELP' | grep -v '^\([245]\)[0-9][0-9] \1\.[0-9]*\.[0-9]* ' \
	    || complain "not all have one"
	replied "550 5.0.0 nobody"
	replied "550 5.0.0 4.1.1 of another class"
}

@test "the order of commands" {
	start_server < /dev/null
	talk "$me" "EHLO x" "$you" DATA "BDAT 3" "abc$you" "$me" "$me" DATA "$you" RSET DATA QUIT
	answered 220 503 250 503 503 503 503 250 503 554 250 250 503 221
	[[ $(messages) == 0 ]]
}

# --------------------------------------------------------------------------------------------------------------- messages

@test "several messages, one connection; each is what its caller said" {
	start_server < /dev/null
	talk "EHLO x" "${one[@]}" "$me" "RCPT TO:<other@example.net>" DATA "Subject: y" "" "..dot" "." "${one[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 250 250 354 250 221
	[[ $(connections) == 1 && $(messages) == 3 ]]
	[[ $(message 2) == *"Subject: y"*$'\r\n\r\n.dot\r' ]]
	[[ $(envelope 2) == *"rcpt <other@example.net>"* && $(envelope 2) != *"you@"* ]]
}

@test "another sender's account is another connection" {
	start_server < /dev/null
	printf '%s\n' "account other : default" "from other@example.org" >> "$conf"
	talk "EHLO x" "${one[@]}" "MAIL FROM:<other@example.org>" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 221
	[[ $(connections) == 2 && $(messages) == 2 ]]
	[[ $(envelope 2) == *"mail <other@example.org>"* ]]
}

@test "each recipient hears what the smarthost said of it, and the others get the message" {
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

@test "who was refused and is asked for again is refused again" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	talk "EHLO x" "$me" "RCPT TO:<bad@example.org>" "RCPT TO:<bad@example.org>" "$you" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 550 550 250 250 354 250 221
	[[ $(grep -c '^550 5.1.1 no such user' <<< "$stdout") == 2 ]]
}

@test "who was put off may be asked for again" {
	start_server <<< "reply RCPT:full@*#1 452 4.2.2 mailbox full"
	talk "EHLO x" "$me" "RCPT TO:<full@example.org>" "RCPT TO:<full@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 452 250 354 250 221
	[[ $(envelope) == *"rcpt <full@example.org>"* ]]
}

@test "an alias whose first one is refused: the second is asked when it is named itself" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	echo "team: bad@example.org, you@example.net" > "$BATS_TEST_TMPDIR/aliases"
	set_conf aliases "$BATS_TEST_TMPDIR/aliases"
	talk "EHLO x" "$me" "RCPT TO:<team@localhost>" "$you" DATA "${text[@]}" QUIT
	answered 220 250 250 550 250 354 250 221
	[[ $(envelope) == *"rcpt <you@example.net>"* ]]
}

@test "all or nobody: one who was put off after another was taken holds all back" {
	start_server <<< "reply RCPT:full@* 452 4.2.2 mailbox full"
	set_conf require_all_recipients on
	talk "EHLO x" "$me" "$you" "RCPT TO:<full@example.org>" DATA "${text[@]}" "${one[@]}" QUIT
	answered 220 250 250 250 452 354 452 250 250 354 250 221
	[[ $(messages) == 1 && $(connections) == 1 ]]
}

@test "all or nobody: who was put off and is taken then holds nothing back" {
	start_server <<< "reply RCPT:full@*#1 452 4.2.2 mailbox full"
	set_conf require_all_recipients on
	talk "EHLO x" "$me" "$you" "RCPT TO:<full@example.org>" "RCPT TO:<full@example.org>" DATA "${text[@]}" QUIT
	answered 220 250 250 250 452 250 354 250 221
	[[ $(messages) == 1 ]]
}

@test "the sender is refused: with the smarthost's words, and what follows it is no mistake" {
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

@test "nobody was accepted, message after message: 554 to DATA, and the caller may go on" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	local lines=("EHLO x") n
	for ((n = 0; n < 120; n++)); do
		lines+=("$me" "RCPT TO:<bad@example.org>" DATA RSET)
	done
	talk "${lines[@]}" "${one[@]}" QUIT
	[[ $(messages) == 1 && $codes == *" 250 550 554 250 250 250 354 250 221" ]] || complain "$codes"
	[[ $(connections) == 1 ]]
}

@test "the message is refused, at DATA or at its end: in the smarthost's words; the next one goes" {
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

@test "421 is never passed on, since we do not leave: 451, at MAIL, RCPT, the message" {
	start_server <<-'S'
		reply MAIL#1 421 4.3.2 shutting down
		reply RCPT#1 421 4.3.2 shutting down
		reply LAST#1 421 4.3.2 shutting down
	S
	talk "EHLO x" "$me" RSET "$me" "$you" RSET "${one[@]}" "${one[@]}" QUIT
	answered 220 250 451 250 250 451 250 250 250 354 451 250 250 354 250 221
	[[ $(messages) == 1 ]]
}

@test "an answer that is none is not passed on either" {
	start_server <<-'S'
		reply MAIL#1 354 go ahead
		reply RCPT:a@* 334 VXNlcm5hbWU6
		reply RCPT:b@* 354 go ahead
		reply LAST#1 354 go ahead
	S
	talk "EHLO x" "$me" RSET "$me" "RCPT TO:<a@example.org>" RSET "$me" "RCPT TO:<b@example.org>" RSET "${one[@]}" "${one[@]}" QUIT
	answered 220 250 451 250 250 451 250 250 451 250 250 250 354 451 250 250 354 250 221
}

# ----------------------------------------------------------------------------------------------- the smarthost is not there

@test "a smarthost that is lost in the middle is a temporary trouble for all that follows of this message" {
	start_server <<< "drop RCPT#2 close"
	talk "EHLO x" "$me" "$you" "RCPT TO:<b@example.net>" "RCPT TO:<c@example.net>" DATA "BDAT 3" "abcNOOP" RSET "${one[@]}" QUIT
	answered 220 250 250 250 451 451 451 451 250 250 250 250 354 250 221
	[[ $(connections) == 2 && $(messages) == 1 ]]
}

@test "a smarthost that is away, refuses the login or is somebody else: said in reply to MAIL" {
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

@test "a connection that ends between two messages is made anew" {
	start_server <<-'S'
		hide CHUNKING
		drop MAIL#2 close
		reply MAIL#4 421 4.4.2 idle for too long
	S
	talk "EHLO x" "${one[@]}" "${one[@]}" "${one[@]}" QUIT
	answered 220 250 250 250 354 250 250 250 354 250 250 250 354 250 221
	[[ $(connections) == 3 && $(messages) == 3 ]]
}
