# What a message may ask of a server through an SMTP extension.  If the server does not offer the extension, postern refuses the
# message or leaves the parameter out, as the extension's RFC says.

load helper

# unasked: no message was sent, and there was no MAIL.
unasked() { [[ $(messages) == 0 && $(said MAIL) == 0 ]] || complain "MAIL was said"; }
# asked WORDS [N]: MAIL of the Nth message had these parameters in this order; it may have had others.
asked() { grep -qE "^mail .* $1( |\$)" <<< "$(envelope "${2:-1}")" || complain "the envelope: $(envelope "${2:-1}")"; }

# ------------------------------------------------------------------------------------------------- REQUIRETLS, RFC 8689

@test "REQUIRETLS is sent for --require-tls, -O requiretls=yes and the key require_tls" {
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

@test "if the server does not offer REQUIRETLS, nothing is sent" {
	start_server < /dev/null
	postern_fails 69 ehlo -- --require-tls you@example.net < "$mail"
	told "does not offer REQUIRETLS"
	told "5.7.30"
	unasked
}

@test "an offer of REQUIRETLS before TLS does not count" {
	start_server <<< "offer_clear REQUIRETLS"
	postern_fails 69 ehlo -- --require-tls you@example.net < "$mail"
	told "5.7.30"
	unasked
}

@test "an offer of REQUIRETLS after the login counts" {
	start_server <<< "offer_auth REQUIRETLS"
	postern_ok --require-tls you@example.net < "$mail"
	asked REQUIRETLS
}

@test "require_tls without verified TLS is 78 before any connection" {
	start_server <<< "offer REQUIRETLS"
	postern_fails 78 config -- --require-tls --tls=off --auth=off you@example.net < "$mail"
	told "require_tls without verified TLS"
	postern_fails 78 config -- --require-tls --tls-certcheck=off you@example.net < "$mail"
	[[ $(connections) == 0 ]]
	postern_ok --require-tls --tls-certcheck=off --tls-fingerprint="$(< "$certs/good.sha256")" you@example.net < "$mail"
	asked REQUIRETLS
}

@test "REQUIRETLS needs a chain of trust: a pin alone is not enough" {		# RFC 8689 2
	start_server <<< "offer_tls REQUIRETLS"
	set_conf tls_trust_file system
	set_conf tls_fingerprint "$(< "$certs/good.sha256")"
	postern_fails 69 tls -- --require-tls you@example.net < "$mail"
	unasked
	postern_ok you@example.net < "$mail"
	set_conf tls_trust_file "$certs/ca.pem"
	postern_ok --require-tls you@example.net < "$mail"
	asked REQUIRETLS 2
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" QUIT > "$BATS_TEST_TMPDIR/in"
	set_conf tls_trust_file system
	postern_ok -bs --require-tls < "$BATS_TEST_TMPDIR/in"
	[[ $stdout == *$'\n'"554 5.7.10 "* ]]
}

@test "require_tls waive adds the field TLS-Required: No, once" {		# RFC 8689 3, 4.3
	start_server <<< "offer_tls REQUIRETLS"
	postern_ok --require-tls=waive you@example.net < "$mail"
	[[ $(envelope) != *REQUIRETLS* && $(message | grep -c $'^TLS-Required: No\r$') == 1 ]]
	sed '1i tls-required: No' "$mail" > "$mail.no"
	postern_ok --require-tls=waive you@example.net < "$mail.no"
	[[ $(message 2 | grep -ci '^tls-required:') == 1 ]]
	sed '1i Resent-From: me@example.org' "$mail.no" > "$mail.resent"
	postern_ok --require-tls=waive you@example.net < "$mail.resent"
	[[ $(message 3 | grep -ci '^tls-required:') == 1 ]]
	set_conf require_tls waive
	postern_ok --require-tls you@example.net < "$mail"
	asked REQUIRETLS 4
	[[ $(message 4) != *TLS-Required* ]]
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: 1" "" . \
	    QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	[[ $(message 5) == *$'\nTLS-Required: No\r'* ]]
	postern_fails 64 usage -- --require-tls=never you@example.net < "$mail"
}

@test "without STARTTLS the enhanced code is 5.7.10" {		# RFC 8689 4.2.1
	start_server <<< "hide STARTTLS"
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs --require-tls < "$BATS_TEST_TMPDIR/in"
	[[ $stdout == *$'\n'"554 5.7.10 "*"does not offer STARTTLS"* ]]
}

@test "a report is not held back by require_tls" {		# RFC 8689 5
	start_server < /dev/null
	postern_ok -v --require-tls -f "<>" you@example.net < "$mail"
	told "does not offer REQUIRETLS, so require_tls is left out"
	[[ $(envelope) != *REQUIRETLS* ]]
	stop_server
	start_server <<< "offer_tls REQUIRETLS"
	postern_ok --require-tls -f "<>" you@example.net < "$mail"
	asked REQUIRETLS
	set_conf tls_trust_file system
	set_conf tls_fingerprint "$(< "$certs/good.sha256")"
	postern_ok --require-tls -f "<>" you@example.net < "$mail"
	[[ $(envelope 2) != *REQUIRETLS* ]]
}

# --------------------------------------------------------------------------------------------------- SMTPUTF8, RFC 6531

@test "SMTPUTF8 is sent without need if the user asks for it" {
	start_server < /dev/null
	postern_ok you@example.net < "$mail"
	[[ $(envelope 1) != *SMTPUTF8* ]]
	postern_ok -O smtputf8=yes you@example.net < "$mail"
	asked SMTPUTF8 2
	postern_ok --smtputf8 you@example.net < "$mail"
	asked SMTPUTF8 3
	postern_ok -U you@example.net < "$mail"
	[[ $(envelope 4) != *SMTPUTF8* ]]
}

@test "the user asks for SMTPUTF8 and the server does not offer it: nothing is sent" {
	start_server <<< "hide SMTPUTF8"
	postern_fails 69 ehlo -- -O smtputf8=yes you@example.net < "$mail"
	told "does not offer SMTPUTF8, which smtputf8 asks for"
	unasked
	postern_fails 65 input -- -O smtputf8=yes $'j\xc3\xb6rg@example.net' < "$mail"
	told "an address that is not ASCII needs"
	unasked
}

@test "smtputf8 off: SMTPUTF8 is not sent, and a message that needs it is refused" {
	start_server < /dev/null
	postern_fails 65 input -- -O smtputf8=no $'j\xc3\xb6rg@example.net' < "$mail"
	told "smtputf8 is off"
	unasked
	sed $'s/standard@/\xc3\xa4@/' "$mail" > "$mail.utf8"
	postern_fails 65 input -- --smtputf8=off you@example.net < "$mail.utf8"
	told "the header field Message-ID is not ASCII and needs SMTPUTF8, and smtputf8 is off"
	unasked
	set_conf smtputf8 off
	postern_ok $'you@b\xc3\xbccher.example' < "$mail"
	[[ $(envelope) == *"rcpt <you@xn--bcher-kva.example>"* && $(envelope) != *SMTPUTF8* ]]
	postern_ok -O smtputf8=auto $'j\xc3\xb6rg@example.net' < "$mail"
	asked SMTPUTF8 2
}

@test "-bs: smtputf8 off wins over the caller's SMTPUTF8" {
	start_server < /dev/null
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org> SMTPUTF8" "RCPT TO:<you@example.net>" DATA "Subject: 1" "" . \
	    "MAIL FROM:<me@example.org> SMTPUTF8" "RCPT TO:<you@example.net>" DATA $'Message-ID: <\xc3\xa4@x>' "" . \
	    QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs --smtputf8=off < "$BATS_TEST_TMPDIR/in"
	[[ $stdout == *"smtputf8 is off"* && $(messages) == 1 && $(envelope) != *SMTPUTF8* ]]
}

# -------------------------------------------------------------------------------------------------- MT-PRIORITY, RFC 6710

@test "priority is sent as MT-PRIORITY if the server offers it" {
	local n=0 value
	start_server <<< "offer MT-PRIORITY MIXER"
	for value in -9 -1 0 1 9; do
		postern_ok --priority "$value" you@example.net < "$mail"
		asked "MT-PRIORITY=$value" $((++n))
	done
	set_conf priority 3
	postern_ok you@example.net < "$mail"
	asked MT-PRIORITY=3 6
	postern_ok --priority=off you@example.net < "$mail"
	[[ $(envelope 7) != *MT-PRIORITY* ]]
}

@test "if the server does not offer MT-PRIORITY, priority is left out and -v says so" {
	start_server < /dev/null
	postern_ok -v --priority=9 you@example.net < "$mail"
	[[ $(messages) == 1 && $(envelope) != *MT-PRIORITY* && $(said EHLO) == 2 ]]
	told "does not offer MT-PRIORITY, so priority is left out"
}

@test "any priority but a number from -9 to 9 is 64" {
	local value
	start_server < /dev/null
	for value in 10 -10 +1 -0 01 high - ""; do
		postern_fails 64 usage -- --priority "$value" you@example.net < "$mail"
		told "priority must be off or a number from -9 to 9"
	done
	[[ $(connections) == 0 ]]
}

# ---------------------------------------------------------------------------------------------------- DELIVERBY, RFC 2852

@test "deliver_by is sent as BY in seconds with its mode" {
	local n=0 given wire
	start_server <<< "offer DELIVERBY"
	while read -r given wire; do
		postern_ok --deliver-by "$given" you@example.net < "$mail"
		asked "BY=$wire" $((++n))
	done <<-'END'
		1h 3600;R
		90,return 90;R
		2d,NOTIFY 172800;N
		5m,trace 300;RT
		1,return,trace 1;RT
		0,notify 0;N
		-1h,notify,trace -3600;NT
		999999999 999999999;R
		-999999999,notify -999999999;N
	END
	set_conf deliver_by 10m,notify
	postern_ok you@example.net < "$mail"
	asked "BY=600;N" $((++n))
	postern_ok --deliver-by=off you@example.net < "$mail"
	[[ $(envelope $((++n))) != *BY=* ]]
}

@test "an invalid deliver_by is 64" {
	local value
	start_server <<< "offer DELIVERBY"
	for value in 0 -1 -1,return 1000000000 -1000000000,notify 12000d 1h, ,return 1h,back 1h,return,notify 1h,trace,trace \
	    1h,trace,return 1h,notify,notify --1,notify +1 "1 h" "" return "1;R"; do
		postern_fails 64 usage -- --deliver-by "$value" you@example.net < "$mail"
		told "deliver_by must be off or TIME[,return|notify][,trace]"
	done
	[[ $(connections) == 0 ]]
}

@test "a deliver_by below the server's least time is refused in mode return and sent in mode notify" {
	start_server <<< "offer DELIVERBY 3600"
	postern_fails 65 input -- --deliver-by=59m you@example.net < "$mail"
	told "3540 seconds"
	told "needs at least 3600"
	hinted "3540,notify"
	unasked
	postern_ok --deliver-by=59m,notify you@example.net < "$mail"
	asked "BY=3540;N"
	postern_ok --deliver-by=1h you@example.net < "$mail"
	asked "BY=3600;R" 2
}

@test "if the server does not offer DELIVERBY, nothing is sent" {
	start_server < /dev/null
	postern_fails 69 ehlo -- --deliver-by=1h you@example.net < "$mail"
	told "does not offer DELIVERBY, which deliver_by asks for"
	unasked
}

# ------------------------------------------------------------------------------------------------ FUTURERELEASE, RFC 4865

@test "hold_for is sent as HOLDFOR, and hold_until as HOLDUNTIL in UTC" {
	start_server <<< "offer FUTURERELEASE 999999999 2037-12-24T08:00:00Z"
	postern_ok --hold-for 2h you@example.net < "$mail"
	asked HOLDFOR=7200
	postern_ok --hold-for=999999999 you@example.net < "$mail"
	asked HOLDFOR=999999999 2
	postern_ok --hold-until 2036-12-24T08:00Z you@example.net < "$mail"
	asked HOLDUNTIL=2036-12-24T08:00:00Z 3
	postern_ok --hold-until="2036-12-31 23:30:05.25-01:00" you@example.net < "$mail"
	asked HOLDUNTIL=2037-01-01T00:30:05Z 4
	set_conf hold_until 2036-12-24T08:00Z
	postern_ok you@example.net < "$mail"
	asked HOLDUNTIL=2036-12-24T08:00:00Z 5
	postern_ok --hold-until=off --hold-for=1 you@example.net < "$mail"
	asked HOLDFOR=1 6
	postern_ok --hold-for=off --hold-until=off you@example.net < "$mail"
	[[ $(envelope 7) != *HOLD* ]]
}

@test "a hold beyond the server's limit is refused, and the error names the hold and the limit" {
	start_server <<< "offer FUTURERELEASE 7200 2036-12-24T09:00:00+01:00"
	postern_fails 65 input -- --hold-for=7201 you@example.net < "$mail"
	told "7201 seconds"
	told "at most 7200"
	postern_fails 65 input -- --hold-until=2036-12-24T08:00:01Z you@example.net < "$mail"
	told "2036-12-24T08:00:01Z"
	told "until 2036-12-24T08:00:00Z at the latest"
	unasked
	postern_ok --hold-for=2h you@example.net < "$mail"
	asked HOLDFOR=7200
	postern_ok --hold-until=2036-12-24T08:00Z you@example.net < "$mail"
	asked HOLDUNTIL=2036-12-24T08:00:00Z 2
}

@test "if the server does not offer FUTURERELEASE, nothing is sent" {
	local option
	start_server < /dev/null
	for option in --hold-for=1 --hold-until=2036-12-24T08:00Z; do
		postern_fails 69 ehlo -- "$option" you@example.net < "$mail"
		told "does not offer FUTURERELEASE, which hold_"
	done
	unasked
}

@test "a report is not held" {		# RFC 4865 5.1.1, 5.3.1
	local option n=0
	start_server <<< "offer FUTURERELEASE 7200 2036-12-24T09:00:00Z"
	for option in --hold-for=1h --hold-for=99h --hold-until=2036-12-24T08:00Z --hold-until=2016-12-24T08:00Z; do
		postern_ok -v "$option" -f "<>" you@example.net < "$mail"
		told "the sender is <>, so hold_"
		[[ $(envelope $((++n))) != *HOLD* ]]
	done
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<>" "RCPT TO:<you@example.net>" DATA "Subject: 1" "" . \
	    "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: 2" "" . QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs --hold-for=1h < "$BATS_TEST_TMPDIR/in"
	[[ $(envelope 5) != *HOLD* ]]
	asked HOLDFOR=3600 6
	stop_server
	start_server < /dev/null
	postern_ok --hold-for=1h -f "<>" you@example.net < "$mail"
}

@test "a release that has passed is refused before any connection" {
	start_server <<< "offer FUTURERELEASE 7200 2036-12-24T09:00:00Z"
	postern_fails 65 input -- --hold-until=2016-12-24T09:00+01:00 you@example.net < "$mail"
	told "hold_until is 2016-12-24T08:00:00Z, which has passed"
	hinted "set hold_until off"
	[[ $(connections) == 0 ]]
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs --hold-until=2016-12-24T08:00Z < "$BATS_TEST_TMPDIR/in"
	[[ $stdout == *$'\n'"554 5."*"which has passed"* && $(connections) == 0 ]]
}

@test "deliver_by must end after the release" {		# RFC 4865 5.2.1
	start_server < <(printf 'offer %s\n' "FUTURERELEASE 999999999 2096-12-24T09:00:00Z" "DELIVERBY")
	postern_fails 65 input -- --hold-for=1h --deliver-by=60m you@example.net < "$mail"
	told "deliver_by allows 3600 seconds, but hold_for keeps the message for 3600"
	postern_fails 65 input -- --hold-for=1h --deliver-by=-5,notify you@example.net < "$mail"
	postern_fails 65 input -- --hold-until=2096-12-24T08:00Z --deliver-by=1h you@example.net < "$mail"
	told "but hold_until keeps the message for"
	[[ $(connections) == 0 ]]
	postern_ok --hold-for=1h --deliver-by=3601 you@example.net < "$mail"
	asked "BY=3601;R HOLDFOR=3600"
	postern_ok --hold-until=2096-12-24T08:00Z --hold-for=off --deliver-by=off you@example.net < "$mail"
	postern_ok --hold-for=1h --deliver-by=60m -f "<>" you@example.net < "$mail"
	asked "BY=3600;R" 3
}

@test "a connection that breaks at the EHLO after AUTH is a temporary failure, and not a missing offer" {
	local how
	for how in close reset half; do
		start_server <<< "drop EHLO#3 $how"
		postern_fails 75 ehlo -- --hold-for=1 you@example.net < "$mail"
		(($(said EHLO) == 3))
	done
}

@test "hold_for and hold_until exclude each other" {
	start_server <<< "offer FUTURERELEASE"
	postern_fails 64 usage -- --hold-for=1h --hold-until=2036-12-24T08:00Z you@example.net < "$mail"
	told "--hold-for and --hold-until exclude each other"
	set_conf hold_for 1h
	postern_fails 78 config -- --hold-until=2036-12-24T08:00Z you@example.net < "$mail"
	told "hold_for and hold_until, which exclude each other"
	[[ $(connections) == 0 ]]
	postern_ok --hold-for=1h --hold-for=off --hold-until=2036-12-24T08:00Z you@example.net < "$mail"
	asked HOLDUNTIL=2036-12-24T08:00:00Z
}

@test "an invalid hold_for or hold_until is 64" {
	local value
	start_server <<< "offer FUTURERELEASE"
	for value in -1 1000000000 12000d 1w soon; do
		postern_fails 64 usage -- --hold-for="$value" you@example.net < "$mail"
		told "from 0 to 999999999 seconds"
	done
	for value in 2036-12-24 2036-12-24T08:00 2026-02-30T08:00Z tomorrow 1798099200; do
		postern_fails 64 usage -- --hold-until="$value" you@example.net < "$mail"
		told "hold_until must be off or a date with time and zone"
	done
	[[ $(connections) == 0 ]]
}

@test "-O requiretls or smtputf8 with an invalid value is 64; other names are ignored" {
	local value
	start_server < /dev/null
	for value in requiretls=maybe requiretls=auto smtputf8=1; do
		postern_fails 64 usage -- -O "$value" you@example.net < "$mail"
		told "not \`${value#*=}\`"
	done
	postern_ok -O DeliveryMode=b -ORequireTLSx=yes -O x you@example.net < "$mail"
	[[ $(envelope) != *REQUIRETLS* ]]
}

@test "-bs: require_tls applies to each MAIL" {
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

# ---------------------------------------------------------------------------------------------------------- DSN, RFC 3461

@test "an envelope identifier that is not printable ASCII is 64" {		# RFC 3461 4.4
	local id
	start_server < /dev/null
	for id in $'\xc3\xa4' a+E4 a+0A; do
		postern_fails 64 usage -- -V "$id" you@example.net < "$mail"
		told "must be printable ASCII"
	done
	postern_ok -V "a b+c" you@example.net < "$mail"
	[[ $(said "MAIL FROM:.* ENVID=a[+]20b[+]2Bc$") == 1 ]]
}

@test "a report asks for no report: no RET, and of NOTIFY only never" {		# RFC 3461 6.1
	start_server <<< "offer DSN"
	postern_ok -f "<>" -R full -N success,failure -V id7 you@example.net < "$mail"
	[[ $(said "MAIL FROM:<>.* ENVID=id7") == 1 && $(said ".*(RET|NOTIFY)=") == 0 ]]
	postern_ok -f "<>" -N never you@example.net < "$mail"
	[[ $(said "RCPT TO:<you@example.net> NOTIFY=NEVER") == 1 ]]
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<> RET=FULL" "RCPT TO:<you@example.net> NOTIFY=SUCCESS" \
	    "RCPT TO:<b@example.net> NOTIFY=NEVER" QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	[[ $(said ".*RET=") == 0 && $(said "RCPT TO:<you@example.net>( ORCPT=[^ ]*)?$") == 2 ]]
	[[ $(said "RCPT TO:<b@example.net> NOTIFY=NEVER") == 1 ]]
	stop_server
	start_server <<< "hide DSN"
	postern_ok -f "<>" -R full -N success --dsn-require you@example.net < "$mail"
	postern_fails 69 ehlo -- -f "<>" -N never --dsn-require you@example.net < "$mail"
}

# --------------------------------------------------------------------------------------------------------- ETRN, RFC 1985

@test "--etrn shows the server's reply and sends no message" {
	local node
	start_server <<-'S'
		offer ETRN
		reply ETRN:#quiet 251 2.0.0 no messages waiting for \x23quiet
		reply ETRN:@example.org 253 14 pending\x07 messages
	S
	postern_ok --etrn node.example < /dev/zero
	[[ $stdout == "250 2.0.0 queuing for node.example started" ]]
	postern_ok --etrn=@example.org
	[[ $stdout == "253 14 pending\\x07 messages" ]]
	postern_ok --rmqs '#quiet'
	[[ $stdout == "251 2.0.0 no messages waiting for #quiet" ]]
	[[ $(said AUTH) == 3 && $(said "ETRN node.example\$") == 1 && $(said "ETRN #quiet\$") == 1 && $(said QUIT) == 3 ]]
	unasked
}

@test "--etrn: the server's refusal sets the status" {
	local code want
	start_server <<-'S'
		offer ETRN
		reply ETRN:n458 458 4.3.0 unable to queue messages
		reply ETRN:n459 459 node not allowed: who are you
		reply ETRN:n500 500 5.5.1 what
		reply ETRN:n501 501 5.5.4 what node
		reply ETRN:n530 530 5.7.0 log in
		reply ETRN:n421 421 4.3.2 closing
	S
	while read -r code want; do
		postern_fails "$want" etrn -- --etrn "n$code"
		told "$code "
		[[ -z $stdout ]]
	done <<-'END'
		458 75
		459 75
		500 69
		501 65
		530 77
		421 75
	END
	told "closing"
}

@test "--etrn: a server that does not offer ETRN is 69; an offer after the login counts" {
	start_server < /dev/null
	postern_fails 69 ehlo -- --etrn node.example
	told "does not offer ETRN"
	[[ $(said ETRN) == 0 ]]
	stop_server
	start_server <<< "offer_auth ETRN"
	postern_ok --etrn node.example
	[[ $stdout == 250* && $(said ETRN) == 1 ]]
}

@test "--etrn: an invalid node or a recipient is 64; no server is 75" {
	local node
	start_server <<< "offer ETRN"
	for node in "" @ "#" "a b" $'b\xc3\xbccher.example' "$(printf '%0501d' 0)"; do
		postern_fails 64 usage -- --etrn "$node"
		told "--etrn must be a node, @domain or #queue"
	done
	postern_fails 64 usage -- --etrn node.example you@example.net
	postern_fails 64 usage -- --etrn node.example -t
	told "takes no recipients"
	[[ $(connections) == 0 ]]
	stop_server
	postern_fails 75 connect -- --etrn node.example
}

@test "--etrn: a full standard output is an error" {
	[[ -w /dev/full ]] || skip "there is no /dev/full"
	start_server <<< "offer ETRN"
	run_bounded sh -c '"$@" > /dev/full' sh "$POSTERN" -C "$conf" --etrn node.example
	((status == 71))
	told "cannot write to standard output"
}
