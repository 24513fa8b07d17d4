# TLS: attacks and failures before a word of the message is sent.

load helper

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }

# -------------------------------------------------------------------------------------------------------------- STARTTLS

@test "a server that does not offer STARTTLS is 69, and nothing is sent" {
	local script
	for script in 'hide STARTTLS' $'hide STARTTLS\nehlo_line XXXXXXXA' $'hide STARTTLS\nehlo_line STARTTLSX' $'hide STARTTLS\nehlo_line X-STARTTLS STARTTLS'; do
		start_server <<< "$script"
		send_fails 69 starttls
		told "does not offer STARTTLS"
		hinted "tls_starttls off"
		nothing_said
	done
}

@test "STARTTLS is recognised in lower case" {
	start_server <<-'S'
		hide STARTTLS
		ehlo_line starttls
	S
	violations_expected=1		# the server knows only its own spelling
	postern you@example.net < "$mail"
	(($(said STARTTLS) == 1))
}

@test "the server refuses STARTTLS: the status follows its reply, and postern sends nothing in clear text" {
	local code status
	while read -r status code; do
		start_server <<< "reply STARTTLS $code"
		send_fails "$status" starttls
		told "${code:0:3}"
		nothing_said
	done <<-'END'
		75 454 4.7.0 TLS not available
		69 502 5.5.1 not implemented
		69 501 5.5.4 syntax error
		76 334 abc
		75 421 4.3.0 going down
	END
}

@test "a server that knows only HELO is 69, because it cannot offer STARTTLS" {
	start_server <<< "reply EHLO 502 5.5.1 what?"
	send_fails 69 ehlo
	told "does not know EHLO"
	nothing_said
	(($(said HELO) == 0))
}

@test "text behind the 220 to STARTTLS is 69, and there is no handshake" {
	local text
	for text in '250 injected' '250-a\r\n250 b' 'EHLO x' '250 half a line\c' 'x\c'; do
		start_server <<< "inject $text"
		send_fails 69 tls
		told "sent text before TLS that no command had asked for"
		nothing_said
		[[ $(transcript) != *"-- tls TLS"* ]]
	done
}

@test "postern forgets what the server offered before TLS" {
	start_server <<-'S'
		hide_tls PIPELINING
		hide_tls CHUNKING
		hide_tls DSN
		hide_tls SIZE
		hide_tls 8BITMIME
	S
	postern_ok -N success you@example.net < "$mail"
	(($(said EHLO) == 2))
	[[ $(envelope) == *"body DATA"* && $(envelope) != *NOTIFY* && $(envelope) != *SIZE=* ]]
}

@test "postern uses what the server offers only in TLS" {
	start_server <<-'S'
		hide_clear AUTH
		hide_clear CHUNKING
	S
	send
	[[ $(envelope) == *"auth SCRAM-SHA-256-PLUS user"* && $(envelope) == *"body BDAT"* ]]
}

@test "an offer of AUTH before TLS does not count" {
	start_server <<-'S'
		auth_clear
		hide_tls AUTH
	S
	send_fails 69 auth
	told "does not offer authentication"
	nothing_said
}

# ------------------------------------------------------------------------------------------------------- versions, ciphers

@test "postern speaks TLS 1.2 and 1.3" {
	local version
	for version in 1.2 1.3; do
		start_server <<< "tls_versions $version"
		send
		[[ $(envelope) == *"tls TLS$version"* ]]
	done
}

@test "a server with TLS 1.0 or 1.1 only is 69, also with tls_priorities NORMAL" {
	local version priorities
	for version in 1.0 1.1; do
		for priorities in '' NORMAL; do
			start_server <<< "tls_versions $version"
			[[ -z $priorities ]] || set_conf tls_priorities "$priorities"
			send_fails 69 tls
			told "speaks no TLS that is new enough"
			nothing_said
		done
	done
}

@test "a server with only ciphers that do not encrypt is refused" {
	start_server <<-'S'
		tls_priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+NULL:+SHA1:+SHA256
	S
	send_fails 75 tls		# the server's only answer is handshake_failure
	nothing_said
}

@test "tls_priorities chooses the version, and an invalid string is 78 before connecting" {
	start_server < /dev/null
	set_conf tls_priorities NORMAL:-VERS-ALL:+VERS-TLS1.2
	send
	[[ $(envelope) == *"tls TLS1.2"* ]]
	set_conf tls_priorities NORMAL:+NONSENSE
	send_fails 78 config
	told "NONSENSE"
	(($(connections) == 1))
}

# ------------------------------------------------------------------------------------------------------ client certificates

client_cert() {
	set_conf tls_cert_file "$certs/$1.pem"
	set_conf tls_key_file "$certs/${2:-$1}.key"
}

@test "postern shows its client certificate if the server asks for it, and goes on if it has none" {
	start_server <<< request_client_cert
	send
	[[ $(transcript) == *"-- client-certificate none"* ]]
	start_server <<< request_client_cert
	client_cert client
	send
	[[ $(transcript) == *"-- client-certificate good user"* ]]
}

@test "a server that requires a client certificate and gets none or a wrong one is 69" {
	local version
	for version in 1.2 1.3; do
		start_server <<-S
			tls_versions $version
			request_client_cert require
		S
		send_fails 69 tls
		hinted tls_cert_file
		(($(messages) == 0))
		client_cert otherclient
		postern you@example.net < "$mail"
		((status == 69)) || complain "exit status $status"
		client_cert client
		send
	done
}

@test "the client certificate and its key are checked before connecting" {
	start_server <<< request_client_cert
	client_cert client otherclient
	send_fails 78 config
	told "is not that of"
	client_cert client
	cp "$certs/client.key" "$BATS_TEST_TMPDIR/open.key"
	chmod 644 "$BATS_TEST_TMPDIR/open.key"
	set_conf tls_key_file "$BATS_TEST_TMPDIR/open.key"
	send_fails 78 config
	hinted "chmod 600"
	set_conf tls_key_file "$BATS_TEST_TMPDIR/missing.key"
	send_fails 72
	(($(connections) == 0))
}

# ------------------------------------------------------------------------------------------------ implicit TLS, clear text

@test "implicit TLS: postern sends one EHLO and no STARTTLS" {
	start_server <<< "tls implicit"
	send
	(($(said STARTTLS) == 0 && $(said EHLO) == 1))
}

@test "implicit TLS to a server that speaks clear text is 75 with a hint" {
	start_server < /dev/null
	set_conf tls_starttls off
	send_fails 75 tls
	told "answers in clear text"
	told "220 smarthost.test"
	hinted "tls_starttls on"
	violations_expected=1		# a ClientHello is no command
	[[ $(transcript) != *"C: EHLO"* ]]
}

@test "clear text to a server that speaks implicit TLS is 75 with a hint" {
	start_server <<< "tls implicit"
	set_conf tls_starttls
	late_on connect
	send_fails 75 greeting
	hinted "if this port has TLS from the start, as 465 mostly has, set tls_starttls off"
	nothing_said
}

@test "a greeting in clear text before implicit TLS is refused" {
	start_server <<-'S'
		tls implicit
		smtps_greeting_early
	S
	violations_expected=1
	postern you@example.net < "$mail"
	((status != 0))
	(($(messages) == 0))
}

# ------------------------------------------------------------------------------------------------------------ the handshake

@test "a handshake that fails or stops is 75 within the time limit" {
	local how port_kind
	for port_kind in starttls implicit; do
		for how in "garbage TLS" plaintext_on_tls "drop TLS close" "drop TLS reset" "drop TLS half" "drop TLS silence"; do
			start_server <<-S
				tls $port_kind
				$how
			S
			late_on "$([[ $how == garbage* ]] && echo garbage || echo "dropped: silence")"
			send_fails 75 || { echo "$how"; return 1; }
			[[ $stderr == "postern: tls: "* ]] || complain "$how"
			nothing_said
		done
	done
}

@test "invalid records and alerts are 75" {
	local raw
	while read -r raw; do
		start_server <<< "tls_raw $raw\\c"
		late_on "dropped: silence"
		send_fails 75 tls || { echo "$raw"; return 1; }
		nothing_said
	done <<-'END'
		\x15\x03\x03\0\x02\x02\x28
		\x15\x03\x03\0\x02\x02\x50
		\x16\x03\x03\xff\xffoversize
		\x16\x03\x03\0\0\x16\x03\x03\0\0\x16\x03\x03\0\0
		\x17\x03\x03\0\x05hello
		\x80\x2e\x01\0\x02\0\x15\0\0\0\x10
		HTTP/1.1 400 Bad Request\r\n\r\n
		-ERR what?\r\n
	END
}

@test "a handshake in slow drips is 75, because the time limit is for the whole handshake" {
	start_server <<-'S'
		rtt 1
		drip TLS 0
	S
	with_own_time FAST_SOCKET=1	# each octet takes a second: each reply before TLS has fewer than 400, and the handshake more
	by=(env "${own_time[@]}")
	set_conf timeout 400
	set_conf total_timeout off
	send_fails 75 tls
	nothing_said
}

@test "a record in clear text or with a wrong key ends the session" {
	local raw version
	for version in 1.2 1.3; do
		for raw in '250 hello' '\x17\x03\x03\0\x20aaaaaaaabbbbbbbbccccccccdddddddd\c' '\x17\x03\x03\0\0\c' '\x15\x03\x03\0\x02\x02\x50\c'; do
			start_server <<-S
				tls_versions $version
				tls_spoil $raw
			S
			violations_expected=1
			late_on "dropped: silence"
			send_fails 75
			[[ $stderr == *TLS* ]]
			(($(messages) == 0))
		done
	done
}

@test "the keys of the session are not written to SSLKEYLOGFILE" {
	start_server < /dev/null
	export SSLKEYLOGFILE=$BATS_TEST_TMPDIR/keys
	send
	[[ ! -e $SSLKEYLOGFILE ]]
}

@test "a handshake of 1000 alerts is 75" {
	start_server <<< "tls_alerts 1000"
	violations_expected=1
	send_fails 75 tls
	nothing_said
}

@test "a reply in one segment with TLS's own messages is read at once" {
	local kind
	for kind in starttls implicit; do
		start_server <<-S
			tls $kind
			tls_versions 1.3
			tls_rekey
		S
			send
	done
}

@test "a server's key update is answered with TLS 1.3, and its renegotiation refused with TLS 1.2" {
	start_server <<-'S'
		tls_versions 1.3
		tls_rekey
	S
	send
	start_server <<-'S'
		tls_versions 1.2
		tls_rekey
	S
	violations_expected=1
	send_fails 75
	told "renegotiate"
	(($(messages) == 0))
}

# ------------------------------------------------------------------------------------------------------------------ the end

@test "a missing close_notify after the 250 is success" {
	start_server <<< no_close_notify
	send
	(($(messages) == 1))
	start_server <<-'S'
		no_close_notify
		drop QUIT reset
	S
	send
}

@test "postern sends close_notify, also after a refusal" {
	start_server < /dev/null
	send
	[[ $(transcript) == *"-- close_notify"* ]]
	start_server <<< "reply RCPT 550 5.1.1 no"
	send_fails 67
	[[ $(transcript) == *"-- close_notify"* ]]
}

@test "a session that is cut before or in the last reply is 75, and the error says that the server may have the message" {
	local how
	for how in "AFTERDOT close" "AFTERDOT reset" "LAST half"; do
		start_server <<-S
			no_close_notify
			drop $how
		S
		send_fails 75 body
		told "may have the message"
	done
}

@test "TLS works when TCP splits records into single octets" {
	start_server <<< "split 1"
	send
	start_server <<-'S'
		split 1
		tls implicit
		tls_versions 1.2
	S
	send
}
