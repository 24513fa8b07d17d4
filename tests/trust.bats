# Trust: which certificates postern accepts, and what a refusal says.

load helper

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }

# ---------------------------------------------------------------------------------------------------------- certificates

# bad NAME HOST WORDS: the certificate is refused for HOST, in the handshake.
bad() {
	start_server <<< "cert $1"
	[[ $2 == localhost ]] || set_conf tls_host_override "$2"
	send_fails 69 tls || return 1
	told "$3" || return 1
	[[ $(transcript) == *"tls-failed"* ]] || complain "no handshake failed"
	nothing_said
}

@test "a valid certificate is accepted" {
	local name host
	while read -r name host; do
		start_server <<< "cert $name"
		set_conf tls_host_override "$host"
		send
		[[ $(envelope) == *"tls TLS1.3"* ]]
	done <<-'END'
		good localhost
		good LOCALHOST
		good smarthost.test.
		good mx.wild.test
		noeku localhost
		intermediate localhost
	END
}

@test "a certificate that is out of date or comes from an untrusted authority is 69" {
	bad expired localhost "expired on"
	bad future localhost "is not valid before"
	bad selfsigned localhost "self-signed"
	hinted "tls_fingerprint $(< "$certs/selfsigned.sha256")"
	bad unknownca localhost "comes from \"Another CA\""
	hinted "tls_trust_file"
	bad nointermediate localhost "Intermediate CA"
	hinted "intermediate"
	bad notca localhost "no authority"
	bad expiredca localhost "Expired Intermediate CA"
	bad constrained localhost "outside of what its authority may certify"
}

@test "a certificate for clients only, or with an unknown critical extension, is 69" {
	bad clientonly localhost "not meant for a server, but for a client"
	bad critical localhost "critical extension"
}

@test "a certificate for another name is 69" {
	bad wronghost localhost "is for elsewhere.test"
	hinted tls_host_override
	bad cnonly localhost "names no host"
	hinted "CN"
	bad cnuri localhost "names no host"
	bad wildall localhost "not for localhost"
	bad wildtld smarthost.test "not for smarthost.test"
	bad nulname localhost "not for localhost"
	bad good wild.test "not for wild.test"
	bad good a.b.wild.test "not for a.b.wild.test"
	bad good localhost.evil "not for localhost.evil"
}

@test "a certificate with a weak key or signature is 69" {
	bad rsa1024 localhost "weak key: RSA with 1024 bits"
	bad sha1 localhost "weak signature"
}

@test "a chain with forty unrelated certificates is checked in time" {
	start_server <<< "cert strays"
	postern you@example.net < "$mail"
	if ((status != 0)); then
		((status == 69)) || complain "exit status $status"
		nothing_said
	fi
}

@test "an IPv4 address as host: postern sends no SNI, and the certificate must have the address" {
	start_server < /dev/null
	set_conf host 127.0.0.1
	send
	[[ $(transcript) != *"-- sni"* && $(transcript) == *"-- tls TLS"* ]]
	start_server <<< "cert ipindns"
	set_conf host 127.0.0.1
	send_fails 69 tls
	told "not for 127.0.0.1"
	start_server <<< "cert wronghost"
	set_conf host 127.0.0.1
	send_fails 69 tls
	told "192.0.2.1"
}

@test "an IPv6 address as host: postern sends no SNI, and the certificate must have the address" {
	(: <> "/dev/tcp/::1/1") 2> "$BATS_TEST_TMPDIR/six" || grep -q refused "$BATS_TEST_TMPDIR/six" || skip "no IPv6 here"
	start_server <<< "listen ::1"
	set_conf host ::1
	send
	[[ $(transcript) != *"-- sni"* && $(transcript) == *"-- tls TLS"* ]]
	start_server <<-'S'
		listen ::1
		cert wronghost
	S
	set_conf host ::1
	send_fails 69 tls
	told "not for ::1"
}

@test "a name as host is sent as SNI, and tls_host_override replaces it" {
	start_server < /dev/null
	send
	[[ $(transcript) == *"-- sni localhost"* ]]
	start_server < /dev/null
	set_conf host 127.0.0.1
	set_conf tls_host_override smarthost.test
	send
	[[ $(transcript) == *"-- sni smarthost.test"* ]]
}

@test "tls_certcheck off accepts any certificate and warns each time" {
	local name
	for name in expired wronghost selfsigned; do
		start_server <<< "cert $name"
		set_conf tls_certcheck off
		send
		told "postern: warning: the certificate of localhost is not checked"
		send
		told "postern: warning: the certificate of localhost is not checked"
	done
}

@test "a trust file that is missing or has no certificate is an error before connecting" {
	start_server < /dev/null
	set_conf tls_trust_file "$BATS_TEST_TMPDIR/missing.pem"
	send_fails 72
	echo "no certificate" > "$BATS_TEST_TMPDIR/empty.pem"
	set_conf tls_trust_file "$BATS_TEST_TMPDIR/empty.pem"
	send_fails 78 config
	(($(connections) == 0))
}

@test "the authority is found in a trust file with several certificates" {
	start_server <<< "cert intermediate"
	cat "$certs/otherca.pem" "$certs/oldca.pem" "$certs/ca.pem" > "$BATS_TEST_TMPDIR/many.pem"
	set_conf tls_trust_file "$BATS_TEST_TMPDIR/many.pem"
	send
	cat "$certs/otherca.pem" "$certs/good2.pem" > "$BATS_TEST_TMPDIR/many.pem"
	send_fails 69 tls
}

# old_label FILE: FILE with the older label of certificates.
old_label() { sed 's/ CERTIFICATE-----$/ X509 CERTIFICATE-----/' "$1"; }

@test "BEGIN X509 CERTIFICATE is accepted in a trust file" {
	start_server <<< "cert intermediate"
	old_label "$certs/ca.pem" > "$BATS_TEST_TMPDIR/old.pem"
	grep -q '^-----BEGIN X509 CERTIFICATE-----$' "$BATS_TEST_TMPDIR/old.pem"
	set_conf tls_trust_file "$BATS_TEST_TMPDIR/old.pem"
	send
	{ cat "$certs/otherca.pem"; old_label "$certs/ca.pem"; cat "$certs/oldca.pem"; } > "$BATS_TEST_TMPDIR/old.pem"
	send
	# base64 with lines of any length is read only by the search in the whole store
	awk '/-----/ { if (text != "") print text; text = ""; print; next } { text = text $0 }' \
	    <(old_label "$certs/ca.pem") | sed '2s/^\(...\)/\1\n/' > "$BATS_TEST_TMPDIR/old.pem"
	send
}

@test "BEGIN X509 CERTIFICATE is accepted in the client certificate's file" {
	start_server <<< "request_client_cert require"
	old_label "$certs/client.pem" > "$BATS_TEST_TMPDIR/old.pem"
	set_conf tls_cert_file "$BATS_TEST_TMPDIR/old.pem"
	set_conf tls_key_file "$certs/client.key"
	send
	[[ $(transcript) == *"-- client-certificate good user"* ]]
}

@test "BEGIN TRUSTED CERTIFICATE is not accepted, and a hint says what to do" {
	start_server < /dev/null
	openssl x509 -in "$certs/ca.pem" -trustout > "$BATS_TEST_TMPDIR/trusted.pem"
	set_conf tls_trust_file "$BATS_TEST_TMPDIR/trusted.pem"
	send_fails 78 config
	hinted "openssl x509 -in $BATS_TEST_TMPDIR/trusted.pem"
	cat "$certs/ca.pem" >> "$BATS_TEST_TMPDIR/trusted.pem"
	send
}

# -------------------------------------------------------------------------------------------------------------- revocation

@test "a certificate on the revocation list is 69, and others are accepted" {
	start_server <<< "cert revoked"
	set_conf tls_crl_file "$certs/crl.pem"
	send_fails 69 tls
	told "revoked"
	nothing_said
	set_conf tls_crl_file "$certs/crl-empty.pem"
	send
	start_server < /dev/null
	set_conf tls_crl_file "$certs/crl.pem"
	send
}

@test "a revocation list that is out of date is 69" {
	start_server < /dev/null
	set_conf tls_crl_file "$certs/crl-old.pem"
	send_fails 69 tls
	told "out of date since"
	nothing_said
}

@test "a revocation list that is missing or invalid is an error before connecting" {
	start_server < /dev/null
	set_conf tls_crl_file "$BATS_TEST_TMPDIR/missing.pem"
	send_fails 72
	set_conf tls_crl_file "$certs/ca.pem"
	send_fails 78 config
	(($(connections) == 0))
}

# --------------------------------------------------------------------------------------------------------------------- pins

@test "a certificate that does not match the pin is 69 even with a valid chain, and the hint shows its fingerprint" {
	start_server < /dev/null
	set_conf tls_fingerprint "$(< "$certs/good2.sha256")"
	send_fails 69 tls
	told "not the one pinned"
	hinted "tls_fingerprint $(< "$certs/good.sha256")"
	nothing_said
}

@test "a certificate that matches the pin is accepted, even if it is otherwise invalid" {
	local name
	for name in selfsigned expired wronghost clientonly; do
		start_server <<< "cert $name"
		set_conf tls_fingerprint "$(sed 's/../&:/g; s/:$//' "$certs/$name.sha256" | tr a-f A-F)"
		set_conf tls_trust_file
		send
		[[ $stderr != *warning* ]]
	done
}

@test "one of several pins must match" {
	start_server <<< "cert selfsigned"
	set_conf tls_fingerprint "$(< "$certs/good.sha256"),$(< "$certs/selfsigned.sha256")"
	send
	set_conf tls_fingerprint "$(< "$certs/good.sha256"),$(< "$certs/good2.sha256")"
	send_fails 69 tls
}

@test "a pin of the public key works like a pin of the certificate" {
	start_server <<< "cert selfsigned"
	set_conf tls_fingerprint "pin-sha256:$(< "$certs/selfsigned.spki256")"
	send
	set_conf tls_fingerprint "$(< "$certs/good.sha256"),pin-sha256:$(< "$certs/selfsigned.spki256")"
	send
	start_server < /dev/null
	set_conf tls_fingerprint "pin-sha256:$(< "$certs/good2.spki256")"
	send_fails 69 tls
	told "not the one pinned"
	nothing_said
}

@test "a pin must match the server's certificate, and not its authority's" {
	start_server <<< "cert intermediate"
	set_conf tls_fingerprint "$(< "$certs/subca.sha256")"
	send_fails 69 tls
}

@test "a pin is checked with tls_certcheck off" {
	start_server < /dev/null
	set_conf tls_certcheck off
	set_conf tls_fingerprint "$(< "$certs/good2.sha256")"
	send_fails 69 tls
	nothing_said
}

@test "an invalid pin is 78" {
	local pin
	start_server < /dev/null
	for pin in 1234 "$(printf 'g%.0s' {1..64})" "$(head -c 40 "$certs/good.sha256")" \
	    pin-sha256: pin-sha256:abc= "pin-sha256:$(< "$certs/good.sha256")"; do
		set_conf tls_fingerprint "$pin"
		send_fails 78 config
	done
	(($(connections) == 0))
}
