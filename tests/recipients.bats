# Recipients: those that cannot be read or sent to beside others, what -t reads of a header, what the user is told; and
# set_to_header: how postern changes To and Cc if they name no recipient, or if they must not name any.

load helper

# head_with FIELD...: a message with these fields and those that every message needs.
head_with() {
	printf '%s\n' "From: me@example.org" "Date: Mon, 02 Mar 2026 10:00:00 +0000" "Message-ID: <x@example.org>" "$@" "" body
}

# recipients: To, Cc, Bcc and their Resent- forms of the message that arrived
recipients() { message "$@" | tr -d '\r' | awk '/^[^\t]/ { on = tolower($0) ~ /^(resent-)?(to|cc|bcc):/ } on'; }

@test "undisclosed_recipients removes To and Cc and adds To: undisclosed-recipients:;" {
	start_server < /dev/null
	set_conf set_to_header undisclosed_recipients
	postern_ok -t < <(head_with "To: a@example.net" "Cc: b@example.net" "Bcc: c@example.net")
	[[ $(recipients) == "To: undisclosed-recipients:;" ]]
	[[ $(envelope | grep -c '^rcpt') == 3 ]]
}

@test "undisclosed_recipients adds its To if the message has none" {
	start_server < /dev/null
	set_conf set_to_header undisclosed_recipients
	postern_ok a@example.net < <(head_with)
	[[ $(recipients) == "To: undisclosed-recipients:;" ]]
}

@test "undisclosed_recipients replaces Resent-To in a resent message, and its To stays" {
	start_server < /dev/null
	set_conf set_to_header undisclosed_recipients
	postern_ok -t < <(head_with "Resent-From: me@example.org" "Resent-To: b@example.net" "To: a@example.net" )
	[[ $(recipients) == $'Resent-To: undisclosed-recipients:;\nTo: a@example.net' ]]
	[[ $(envelope | grep '^rcpt') == "rcpt <b@example.net>" ]]
}

@test "set_to_header on adds a To with all recipients, but only if the message has neither To nor Cc" {
	start_server < /dev/null
	set_conf set_to_header on
	set_conf always_bcc archive@example.org
	postern_ok a@example.net b@example.net < <(head_with)
	[[ $(recipients) == $'To: a@example.net,\n\tb@example.net' ]]
	postern_ok a@example.net < <(head_with "Cc: b@example.net")
	[[ $(recipients 2) == "Cc: b@example.net" ]]
}

@test "set_to_header off leaves a message without To as it is" {
	start_server < /dev/null
	postern_ok a@example.net < <(head_with)
	[[ -z $(recipients) ]]
}

@test "set_to_header on does not show a recipient that cannot be read" {
	start_server < /dev/null
	set_conf set_to_header on
	postern_fails 65 input -- a@example.net $'b@@x\nX-Evil: 1' < <(head_with)
	[[ $(recipients) == "To: a@example.net" && $(message) != *Evil* ]]
}

# ------------------------------------------------------------------------------------------- one bad recipient of several

# arrived [N]: the recipients of the Nth message
arrived() { envelope "${1:-1}" | sed -n 's/^rcpt <\(.*\)>.*/\1/p' | paste -sd ' '; }

@test "a recipient that cannot be read is 65, and the others get the message" {
	start_server < /dev/null
	local bad n=0
	for bad in bad@@example.net 'Bob <a@b' '"open@example.net' a@ '<>' $'a@b\nRCPT TO:<c@d>' "$(printf 'x%.0s' {1..2000})"; do
		postern_fails 65 input -- a@example.net "$bad" b@example.net < "$mail"
		[[ $(arrived $((++n))) == "a@example.net b@example.net" ]]
		told "sent to a@example.net, b@example.net"
		[[ $stderr != *"not sent"* ]]
	done
	told "there are too many characters in the address xxx"
}

@test "-t: a recipient that cannot be read is 65, and the others get the message" {
	start_server < /dev/null
	postern_fails 65 input -- -t < <(head_with "To: Bob <a@b, c@example.net," " team: d@example.net, bad@@x;" "Cc: Bob rcpt@example.net")
	[[ $(arrived) == "c@example.net d@example.net" ]]
	told "a < is not closed in the address Bob <a@b, in the field To"
	told "there is a second @ in the address bad@@x, in the field To"
	told "there are two words side by side in the address Bob rcpt@example.net, in the field Cc"
	told "sent to c@example.net, d@example.net"
	[[ $(message) == *$'\nTo: Bob <a@b, c@example.net,'* ]] # the header stays as it was
}

@test "if no recipient can be read, no connection is made" {
	start_server < /dev/null
	postern_fails 65 input -- a@@b 'Bob <c@d' < "$mail"
	told "there is a second @ in the address a@@b"
	told "a < is not closed in the address Bob <c@d"
	[[ $(connections) == 0 && $stderr != *"sent to"* ]]
}

@test "require_all_recipients: one recipient that cannot be read keeps the message back, and the output says from whom" {
	start_server < /dev/null
	set_conf require_all_recipients on
	postern_fails 65 input -- a@example.net bad@@x < "$mail"
	told "not sent to a@example.net"
	[[ $(connections) == 0 ]]
}

@test "require_all_recipients: if the server refuses one, the output says that the others have no message either" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	set_conf require_all_recipients on
	postern_fails 67 rcpt -- a@example.net bad@example.net b@example.net < "$mail"
	told "refused bad@example.net"
	told "not sent to a@example.net"
	told "not sent to b@example.net"
	[[ $stderr != *"not sent to bad@"* && $(messages) == 0 ]]
}

@test "the worst refusal decides the status: permanent before temporary, then the first recipient" {
	start_server <<-'S'
		reply RCPT:later@* 450 4.2.1 later
		reply RCPT:gone@* 550 5.1.1 no such user
	S
	postern_fails 65 -- later@example.net bad@@x a@example.net < "$mail"
	postern_fails 67 -- gone@example.net bad@@x a@example.net < "$mail"
	postern_fails 65 -- bad@@x gone@example.net a@example.net < "$mail"
	[[ $(messages) == 3 ]]
	told "sent to a@example.net"
}

@test "of many recipients with the message only the number is printed, and those without it are named" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	postern_fails 67 rcpt -- {1..11}@example.net bad@example.net < "$mail"
	told "sent to the other 11 recipients"
	[[ $stderr != *1@example.net* ]]
	postern_ok {1..11}@example.net < "$mail"
	[[ -z $stderr ]]
}

@test "without SMTPUTF8 a recipient whose local part is not ASCII is 65, and the others get the message" {
	start_server <<< "hide SMTPUTF8"
	postern_fails 65 input -- jörg@example.net a@example.net < "$mail"
	told "no mail for jörg@example.net: the server does not offer SMTPUTF8, which the address needs"
	told "sent to a@example.net"
	[[ $(arrived) == a@example.net ]]
	postern_fails 65 input -- --require-all-recipients jörg@example.net a@example.net < "$mail"
	postern_fails 65 input -- jörg@example.net < "$mail"
	told "does not offer SMTPUTF8"
	start_server < /dev/null
	postern_fails 65 input -- --smtputf8=off jörg@example.net a@example.net < "$mail"
	told "no mail for jörg@example.net: the address needs SMTPUTF8, and smtputf8 is off"
	[[ $(messages) == 1 && $(envelope) != *SMTPUTF8* ]]
	postern_ok jörg@example.net a@example.net < "$mail"
	[[ $(arrived 2) == "jörg@example.net a@example.net" ]]
}

@test "-bv and the log name a recipient that cannot be read" {
	start_server < /dev/null
	postern_fails 65 -- -bv a@example.net $'b\e]@@x' < /dev/null
	[[ $stdout == a@example.net...* && $stdout != *$'\n'* ]]
	told 'in the address b\x1b]@@x'
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	postern_fails 65 -- a@example.net 'c="@@x' < "$mail"
	[[ $(< "$BATS_TEST_TMPDIR/log") == *' recipients="a@example.net,c=\"@@x" '* && $(wc -l < "$BATS_TEST_TMPDIR/log") == 1 ]]
}

# ------------------------------------------------------------------------------------------------ what is read as a list

@test "addresses in one argument with blanks between them are a list" {
	start_server < /dev/null
	postern_ok 'a@example.net b@example.net' ' c@example.net ' $'d@example.net\te@example.net' < "$mail"
	[[ $(arrived) == "a@example.net b@example.net c@example.net d@example.net e@example.net" ]]
	postern_ok 'Ann B. <a@example.net>' 'b@example.net (Bob B.)' '"c d"@example.net' < "$mail"
	[[ $(arrived 2) == 'a@example.net b@example.net "c d"@example.net' ]]
	postern_fails 65 input -- 'a@example.net b@example.net, c@example.net' < "$mail"	# a comma: not a list of blanks
	[[ $(arrived 3) == c@example.net ]]
}

@test "-t skips <>, empty groups and their placeholders, and reads a dot behind a domain and a < that the end closes" {
	start_server < /dev/null
	postern_ok -t < <(head_with "To: <>, a@example.net., empty:;, Nobody <>" "Cc: undisclosed-recipients;;" "Bcc: Bob <b@example.net")
	[[ $(arrived) == "a@example.net b@example.net" ]]
	[[ $(recipients) == $'To: <>, a@example.net., empty:;, Nobody <>\nCc: undisclosed-recipients;;' ]]
	postern_fails 64 usage -- -t < <(head_with "To: undisclosed-recipients;;" "Cc: <>")
}

@test "-t reads a display name with an @ in it" {
	start_server < /dev/null
	postern_ok -t < <(head_with "To: @ann <a@example.net>, Bob at bob@work <b@example.net>, Dr. B. Ob <c@example.net>")
	[[ $(arrived) == "a@example.net b@example.net c@example.net" ]]
}

@test "-t on a resent message without Resent- recipients takes To, Cc and Bcc, and shows no Bcc" {
	start_server < /dev/null
	set_conf set_to_header on
	postern_ok -t < <(head_with "Resent-From: me@example.org" "To: a@example.net" "Cc: b@example.net" "Bcc: c@example.net")
	[[ $(arrived) == "a@example.net b@example.net c@example.net" ]]
	[[ $(recipients) == $'To: a@example.net\nCc: b@example.net' ]]
	postern_ok -t < <(head_with "Resent-From: me@example.org" "X-Loop: x" "Resent-Cc: d@example.net" "Resent-Date: Mon, 02 Mar 2026 10:00:00 +0000" \
	    "To: a@example.net" "Resent-To: old@example.net")
	[[ $(arrived 2) == "d@example.net old@example.net" ]]
	postern_ok -t < <(head_with "Resent-From: me@example.org" "Resent-Cc: d@example.net" "Received: by x" "Resent-To: old@example.net" \
	    "Resent-Date: Mon, 02 Mar 2026 10:00:00 +0000" "To: a@example.net")
	[[ $(arrived 3) == d@example.net ]]
}
