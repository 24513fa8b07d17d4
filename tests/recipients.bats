# set_to_header: what a message says of its recipients when it says too little, or should say nothing.

load helper

# head FIELD...: a message with these fields and what every message needs.
head_with() {
	printf '%s\n' "From: me@example.org" "Date: Mon, 02 Mar 2026 10:00:00 +0000" "Message-ID: <x@example.org>" "$@" "" body
}

# what the server got, To, Cc, Bcc and their Resent- forms only
recipients() { message "$@" | tr -d '\r' | awk '/^[^\t]/ { on = tolower($0) ~ /^(resent-)?(to|cc|bcc):/ } on'; }

@test "undisclosed_recipients takes To and Cc out, and says that it did" {
	start_server < /dev/null
	set_conf set_to_header undisclosed_recipients
	postern_ok -t < <(head_with "To: a@example.net" "Cc: b@example.net" "Bcc: c@example.net")
	[[ $(recipients) == "To: undisclosed-recipients:;" ]]
	[[ $(envelope | grep -c '^rcpt') == 3 ]]
}

@test "undisclosed_recipients says so where there was no To" {
	start_server < /dev/null
	set_conf set_to_header undisclosed_recipients
	postern_ok a@example.net < <(head_with)
	[[ $(recipients) == "To: undisclosed-recipients:;" ]]
}

@test "undisclosed_recipients is about those who get it now: a message that is resent keeps its own To" {
	start_server < /dev/null
	set_conf set_to_header undisclosed_recipients
	postern_ok -t < <(head_with "Resent-From: me@example.org" "Resent-To: b@example.net" "To: a@example.net" )
	[[ $(recipients) == $'Resent-To: undisclosed-recipients:;\nTo: a@example.net' ]]
	[[ $(envelope | grep '^rcpt') == "rcpt <b@example.net>" ]]
}

@test "set_to_header on names all recipients, but only where nobody is named" {
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
