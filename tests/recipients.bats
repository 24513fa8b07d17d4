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
