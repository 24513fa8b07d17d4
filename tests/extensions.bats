# What one message may ask of a server beyond its delivery: each only where it is offered, else refused or left out as its
# RFC says.

load helper

# unasked: the message did not go; there was no MAIL.
unasked() { [[ $(messages) == 0 && $(said MAIL) == 0 ]] || complain "MAIL was said"; }
# asked WORDS [N]: MAIL of the Nth message had these parameters in this order, and perhaps others.
asked() { grep -qE "^mail .* $1( |\$)" <<< "$(envelope "${2:-1}")" || complain "the envelope: $(envelope "${2:-1}")"; }

# ------------------------------------------------------------------------------------------------- REQUIRETLS, RFC 8689

@test "REQUIRETLS is asked for by an option, a key, or as Postfix has it" {
	local option n=0
	start_server <<< "offer_tls REQUIRETLS"
	for option in --require-tls --require-tls=on "-Orequiretls=yes" -OREQUIRETLS=Yes; do
		postern_ok "$option" you@example.net < "$mail"
		asked REQUIRETLS $((++n))
	done
	set_conf require_tls on
	postern_ok you@example.net < "$mail"
	asked REQUIRETLS 5
	postern_ok -O requiretls=no you@example.net < "$mail"
	[[ $(envelope 6) != *REQUIRETLS* ]]
}

@test "without REQUIRETLS nothing is sent" {
	start_server < /dev/null
	postern_fails 69 ehlo -- --require-tls you@example.net < "$mail"
	told "does not offer REQUIRETLS"
	told "5.7.30"
	unasked
}

@test "what was offered before TLS does not count" {
	start_server <<< "offer_clear REQUIRETLS"
	postern_fails 69 ehlo -- --require-tls you@example.net < "$mail"
	told "5.7.30"
	unasked
}

@test "REQUIRETLS that is offered after the login is enough" {
	start_server <<< "offer_auth REQUIRETLS"
	postern_ok --require-tls you@example.net < "$mail"
	asked REQUIRETLS
}

@test "require_tls needs verified TLS of our own, before anybody is called" {
	start_server <<< "offer REQUIRETLS"
	postern_fails 78 config -- --require-tls --tls=off --auth=off you@example.net < "$mail"
	told "require_tls without verified TLS"
	postern_fails 78 config -- --require-tls --tls-certcheck=off you@example.net < "$mail"
	[[ $(connections) == 0 ]]
	postern_ok --require-tls --tls-certcheck=off --tls-fingerprint="$(< "$certs/good.sha256")" you@example.net < "$mail"
	asked REQUIRETLS
}

@test "-O: a value that is neither yes nor no; other names are no matter" {
	local value
	start_server < /dev/null
	for value in requiretls=maybe requiretls requiretls= ; do
		postern_fails 64 usage -- -O "$value" you@example.net < "$mail"
		told "requiretls must be yes or no"
	done
	postern_ok -O DeliveryMode=b -ORequireTLSx=yes -O x you@example.net < "$mail"
	[[ $(envelope) != *REQUIRETLS* ]]
}

@test "-bs: the settings hold for each MAIL" {
	start_server <<< "offer_tls REQUIRETLS"
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: 1" "" . \
	    "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: 2" "" . QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs --require-tls < "$BATS_TEST_TMPDIR/in"
	asked REQUIRETLS 1
	asked REQUIRETLS 2
	stop_server
	start_server < /dev/null
	postern_ok -bs --require-tls < "$BATS_TEST_TMPDIR/in"
	[[ $stdout == *$'\n'"554 5.7.30 "*"does not offer REQUIRETLS"* ]]
	unasked
}
