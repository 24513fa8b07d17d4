# The files that TLS needs are read once in a run: postern uses what it checked before connecting, and a file may be a pipe.

load helper

send() { postern_ok you@example.net < "$mail"; }

# piped KEY FILE: sets KEY to a pipe with the content of FILE, for one run.
piped() {
	local fd
	exec {fd}< <(cat "$2")
	set_conf "$1" "/dev/fd/$fd"
	pipes+=("$fd")
}

close_pipes() {
	local fd
	for fd in "${pipes[@]}"; do
		exec {fd}<&-
	done
	pipes=()
}

identity() {
	set_conf tls_cert_file "$certs/client.pem"
	set_conf tls_key_file "$certs/client.key"
}

all_piped() {
	piped tls_trust_file "$certs/ca.pem"
	piped tls_crl_file "$certs/crl.pem"
	piped tls_cert_file "$certs/client.pem"
	piped tls_key_file "$certs/client.key"
}

@test "each of the files may be a pipe" {
	local key
	local -A file=([tls_trust_file]=ca.pem [tls_crl_file]=crl.pem [tls_cert_file]=client.pem [tls_key_file]=client.key)
	start_server <<< "request_client_cert require"
	for key in "${!file[@]}"; do
		set_conf tls_trust_file "$certs/ca.pem"
		identity
		set_conf tls_crl_file
		piped "$key" "$certs/${file[$key]}"
		send
		close_pipes
	done
	(($(messages) == 4))
	[[ $(transcript) == *"-- client-certificate good user"* ]]
}

@test "all of the files may be pipes at once" {
	start_server <<< "request_client_cert require"
	all_piped
	send
	[[ $(transcript) == *"-- client-certificate good user"* ]]
}

@test "certificate and key may come through one pipe" {
	start_server <<< "request_client_cert require"
	cat "$certs/client.pem" "$certs/client.key" > "$BATS_TEST_TMPDIR/both.pem"
	piped tls_cert_file "$BATS_TEST_TMPDIR/both.pem"
	set_conf tls_key_file "/dev/fd/${pipes[0]}"
	send
	[[ $(transcript) == *"-- client-certificate good user"* ]]
}

@test "a revocation list from a pipe is applied" {
	start_server <<< "cert revoked"
	piped tls_crl_file "$certs/crl.pem"
	postern_fails 69 tls -- you@example.net < "$mail"
	told "has been revoked"
	nothing_said
}

@test "files from pipes are kept for every host and every handshake of a run" {
	start_server <<< "request_client_cert require"
	set_conf host no..host,localhost
	all_piped
	send
	close_pipes
	start_server <<-'S'
		request_client_cert require
		reply EHLO#2 421 4.3.2 going down
	S
	set_conf host 127.0.0.1,localhost
	all_piped
	send
	(($(connections) == 2))
}

@test "a trust file from a pipe is kept for the search in the whole store" {
	start_server <<< "cert nointermediate"
	piped tls_trust_file "$certs/ca.pem"
	postern_fails 69 tls -- you@example.net < "$mail"
	told "Intermediate CA"
}

@test "files from pipes are kept for every account of a dialogue" {
	start_server <<< "request_client_cert require"
	all_piped
	printf '%s\n' "account other : default" "from other@example.org" >> "$conf"
	{
		printf '%s\r\n' "EHLO here"
		for sender in me other me; do
			printf '%s\r\n' "MAIL FROM:<$sender@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: x" "" "$sender" .
		done
		printf '%s\r\n' QUIT
	} > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	(($(messages) == 3))
	(($(connections) == 3))
}

@test "a file that changes after postern checked it has no effect" {
	start_server <<< "request_client_cert require"
	identity
	cp "$certs/ca.pem" "$certs/crl.pem" "$certs/client.pem" "$certs/client.key" "$BATS_TEST_TMPDIR"
	set_conf tls_trust_file "$BATS_TEST_TMPDIR/ca.pem"
	set_conf tls_crl_file "$BATS_TEST_TMPDIR/crl.pem"
	set_conf tls_cert_file "$BATS_TEST_TMPDIR/client.pem"
	set_conf tls_key_file "$BATS_TEST_TMPDIR/client.key"
	set_conf password
	# it runs between the check and the connection
	cat > "$BATS_TEST_TMPDIR/change" <<-END
		#!/bin/sh
		for file in ca.pem crl.pem client.pem client.key; do
			echo changed > "$BATS_TEST_TMPDIR/\$file"
		done
		echo secret
	END
	chmod +x "$BATS_TEST_TMPDIR/change"
	set_conf passwordeval "$BATS_TEST_TMPDIR/change"
	send
	[[ $(transcript) == *"-- client-certificate good user"* ]]
	[[ $(< "$BATS_TEST_TMPDIR/ca.pem") == changed ]]
}
