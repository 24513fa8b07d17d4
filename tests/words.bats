#!/usr/bin/env bats
# Headers that are not ASCII: encoded words and parameters, and when SMTPUTF8 is asked for: RFC 2047, 2231, 6531, 6532.

load helper
load dialogue

setup() {
	helper_setup
	uml=$'\303\274'
}

server() {
	start_server <<-END
		tls none
		${1:-}
	END
}

# head [FIELD...]: a head that postern need not change, with its empty line.
head() {
	printf '%s\n' "$@" "Date: Mon, 02 Mar 2026 10:00:00 +0000" "Message-ID: <m@example.org>" ""
}

# got LINE...: message 1 has these lines.
got() {
	local line
	for line; do
		message | tr -d '\r' | grep -qxFe "$line" || complain "no line: $line"
	done
}

# no_8bit: message 1 is ASCII, its lines have at most 76 characters, and MAIL did not say SMTPUTF8.
no_8bit() {
	refute grep -qP '[^\x00-\x7f]' <(message)
	[[ $(message | tr -d '\r' | awk 'length > 76' | wc -l) == 0 && $(envelope) != *SMTPUTF8* ]]
}

@test "raw UTF-8 in Subject, names, comments and X- fields becomes encoded words, and SMTPUTF8 is not asked for" {
	local hide
	for hide in "" "hide SMTPUTF8" $'hide SMTPUTF8\nhide 8BITMIME'; do
		server "$hide"
		{
			head "From: Zo$uml (b${uml}ro) <me@example.org>" \
			    "To: \"M${uml}ller, J.\" <you@example.net>, \"a, b\" <two@example.net>, x$uml <three@example.net>" \
			    "Subject: Gr${uml}ner Tee" "X-Cron: a \"${uml}b\" c"
			echo text
		} | postern_ok you@example.net
		no_8bit
		got "From: =?utf-8?Q?Zo=C3=BC?= (=?utf-8?Q?b=C3=BCro?=) <me@example.org>" \
		    'To: =?utf-8?Q?M=C3=BCller=2C_J=2E?= <you@example.net>, "a, b"' ' <two@example.net>, =?utf-8?B?eMO8?= <three@example.net>' \
		    "Subject: =?utf-8?Q?Gr=C3=BCner?= Tee" 'X-Cron: a =?utf-8?B?IsO8YiI=?= c' text
	done
}

@test "a long Subject becomes several words, and the size that MAIL says is that of the encoded message" {
	server
	{ head "Subject: $(printf "stra${uml}e %.0s" {1..40})"; echo text; } | postern_ok you@example.net
	no_8bit
	[[ $(said "MAIL FROM:<me@example.org> SIZE=$(message | wc -c)") == 1 ]]
}

@test "a header that is not UTF-8: the charset of Content-Type if its octets fit, else unknown-8bit" {
	server
	{ head $'Subject: gr\374n' "Content-Type: text/plain; charset=ISO-8859-1"; printf '\374\n'; } | postern_ok you@example.net
	got "Subject: =?iso-8859-1?Q?gr=FCn?=" $'\374'
	server
	{ head $'Subject: gr\374n' "Content-Type: text/plain; charset=utf-8"; echo; } | postern_ok you@example.net
	got "Subject: =?unknown-8bit?Q?gr=FCn?="
	server
	{ head $'Subject: gr\374n'; echo; } | postern_ok you@example.net
	got "Subject: =?unknown-8bit?Q?gr=FCn?="
	no_8bit
}

@test "parameters, in the head and in parts, with 8BITMIME and without" {
	local hide
	for hide in "" "hide 8BITMIME"; do
		server "$hide"
		{
			head "MIME-Version: 1.0" "Content-Type: multipart/mixed; boundary=b"
			printf '%s\n' --b "Content-Type: text/plain; name=\"${uml}x.txt\"" \
			    "Content-Disposition: attachment; filename=\"${uml}x.txt\"" "Content-Description: die ${uml}xte" "" text \
			    --b "Content-Type: message/rfc822" "" "Subject: xx$uml" "" text --b--
		} | postern_ok you@example.net
		no_8bit
		got "Content-Type: text/plain; name*=utf-8''%C3%BCx.txt" "Content-Disposition: attachment; filename*=utf-8''%C3%BCx.txt" \
		    "Content-Description: die =?utf-8?Q?=C3=BCxte?=" "Subject: =?utf-8?Q?xx=C3=BC?="
	done
	server
	{ head "Content-Type: text/plain; name=${uml}x.txt"; echo text; } | postern_ok you@example.net
	got "Content-Type: text/plain; name*=utf-8''%C3%BCx.txt"
	no_8bit
}

@test "a multipart with 8-bit text and ASCII headers stays byte for byte, and so does a signed part with other headers" {
	server
	{ head "Content-Type: multipart/mixed; boundary=b"; printf '%s\n' --b "" "$uml" --b--; } > "$mail"
	postern_ok you@example.net < "$mail"
	diff <(sed '/^Date/,/^Message-ID/!d' "$mail") <(message | tr -d '\r' | sed '/^Date/,/^Message-ID/!d')
	refute grep -q MIME-Version <(message)
	[[ $(envelope) == *8BITMIME* ]]
	server
	{
		head "Subject: xx$uml" "Content-Type: multipart/signed; boundary=b"
		printf '%s\n' --b "Content-Description: $uml" "" text --b "Content-Type: application/pgp-signature" "" x --b--
	} | postern_ok you@example.net
	got "Content-Description: $uml" "Subject: =?utf-8?Q?xx=C3=BC?="
	[[ $(envelope) != *SMTPUTF8* ]]
}

@test "a JSON object gets JSON's escapes" {
	server
	{ head "X-SMTPAPI: {\"to\": [\"J${uml}rg\", \"\360\237\230\200\"], \"a\": 1}"; echo; } | sed 's/\\360.*200/'$'\360\237\230\200/' \
	    | postern_ok you@example.net
	got 'X-SMTPAPI: {"to": ["J\u00fcrg", "\ud83d\ude00"], "a": 1}'
}

@test "a local part, or a field that nothing else can carry, asks for SMTPUTF8, and then valid UTF-8 stays" {
	local field
	for field in "Cc: m${uml}ller@example.net" "References: <$uml@example.net>" "Received: from x ($uml)"; do
		server
		{ head "Subject: gr${uml}n" $'X-Other: gr\374n' "$field"; echo; } | postern_ok you@example.net
		[[ $(said 'MAIL FROM:.* SMTPUTF8') == 1 ]]
		got "Subject: gr${uml}n" "$field" "X-Other: =?unknown-8bit?Q?gr=FCn?="
		server "hide SMTPUTF8"
		head "Subject: gr${uml}n" "$field" > "$mail"
		postern_fails 65 input -- you@example.net < "$mail"
		told "the header field ${field%%:*} is not ASCII and needs SMTPUTF8, and localhost does not offer it"
		hinted "in ASCII"
		[[ $(messages) == 0 ]]
	done
	server
	{ head "Subject: gr${uml}n"; echo; } | postern_ok "m${uml}ller@example.net"
	[[ $(said 'MAIL FROM:.* SMTPUTF8') == 1 ]]
	got "Subject: gr${uml}n"
}

@test "a local part in Latin-1 cannot be sent at all, and nothing is connected" {
	server
	head $'Cc: m\374ller@example.net' > "$mail"
	postern_fails 65 input -- you@example.net < "$mail"
	told "the header field Cc is neither ASCII nor UTF-8"
	[[ $(connections) == 0 ]]
}

@test "-bs: a header that is not ASCII is encoded if MAIL did not say SMTPUTF8, and stays if it did" {
	server
	talk "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: gr${uml}n" "" x . \
	    "MAIL FROM:<me@example.org> SMTPUTF8" "RCPT TO:<you@example.net>" DATA "Subject: gr${uml}n" "" x . \
	    "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Cc: m${uml}ller@example.net" "" x . QUIT
	answered 220 250 250 250 354 250 250 250 354 250 250 250 354 554 221
	got "Subject: =?utf-8?Q?gr=C3=BCn?="
	message 2 | tr -d '\r' | grep -qx "Subject: gr${uml}n"
	replied "554 .*the header field Cc is not ASCII and needs SMTPUTF8, and MAIL did not say so"
}

@test "a text that no line can hold is encoded, and -v says which fields were" {
	server
	head "X-Token: $(printf 'x%.0s' {1..1500})" "Subject: gr${uml}n" > "$mail"
	postern_ok -v you@example.net < "$mail"
	no_8bit
	told "encoded in the header: X-Token, Subject"
	[[ $(message | tr -d '\r\n ' | sed 's/?==?utf-8?Q?//g' | grep -o 'x*' | awk '{ print length }' | sort -n | tail -1) == 1500 ]]
}

@test "-F with encoded words already stays" {
	server
	printf 'Subject: x\n\nx\n' | postern_ok -F '=?utf-8?q?J=C3=B6rg?= M' you@example.net
	got "From: =?utf-8?q?J=C3=B6rg?= M <me@example.org>"
}
