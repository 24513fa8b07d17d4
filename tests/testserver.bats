# The test smarthost itself, with plain tools: curl, openssl, gnutls-cli, bash's /dev/tcp.  No test here runs postern.
# What it complains of: testserver-violations.bats.

load helper
load testserver

# --------------------------------------------------------------------------------------------------- conforming behaviour

@test "curl delivers over STARTTLS with a password" {
	start_server
	curl_mail --ssl-reqd -u user:secret "smtp://localhost:$port/client.example"
	((status == 0))
	cmp "$server_dir/msg.1" "$mail" || diff <(tr -d '\r' < "$server_dir/msg.1") "$mail"
	[[ $(envelope) == *"auth PLAIN user"* ]]
	[[ $(envelope) == *"mail <a@b.example> SIZE="* ]]
	[[ $(envelope) == *"rcpt <c@d.example>"* ]]
	[[ $(envelope) == *"tls TLS1."* ]]
	[[ $(envelope) == *"body DATA"* ]]
	[[ $(transcript) == *"-- close_notify"* ]]
	(($(flights) == 11))
}

@test "curl delivers over implicit TLS" {
	start_server <<-'S'
		tls implicit
	S
	curl_mail -u user:secret "smtps://localhost:$port/client.example"
	((status == 0))
	(($(messages) == 1))
}

@test "the server knows every mechanism that curl speaks" {
	local mech
	start_server <<-'S'
		auth_mechs PLAIN LOGIN CRAM-MD5
	S
	for mech in PLAIN LOGIN CRAM-MD5; do
		curl_mail --ssl-reqd -u user:secret --login-options "AUTH=$mech" "smtp://localhost:$port/client.example"
		((status == 0))
	done
	[[ $(envelope 1) == *"auth PLAIN user"* && $(envelope 2) == *"auth LOGIN user"* ]]
	[[ $(envelope 3) == *"auth CRAM-MD5 user"* ]]
	for mech in XOAUTH2 OAUTHBEARER; do
		start_server <<< "auth_mechs $mech"
		curl_mail --ssl-reqd -u user: --oauth2-bearer token "smtp://localhost:$port/client.example"
		((status == 0))
		[[ $(envelope) == *"auth $mech user"* ]]
	done
}

@test "a wrong password and a wrong token are refused" {
	start_server <<-'S'
		auth_mechs PLAIN OAUTHBEARER
	S
	curl_mail --ssl-reqd -u user:wrong --login-options AUTH=PLAIN "smtp://localhost:$port/client.example"
	((status == 67))
	curl_mail --ssl-reqd -u user: --oauth2-bearer wrong --login-options AUTH=OAUTHBEARER "smtp://localhost:$port/client.example"
	((status == 67))
	[[ $(transcript) == *"S: 535 5.7.8"* && $(transcript) == *"C: AQ=="* ]]
	(($(messages) == 0))
}

@test "curl logs in with EXTERNAL and a client certificate" {
	start_server <<-'S'
		request_client_cert require
		auth_mechs EXTERNAL
	S
	curl_mail --ssl-reqd --cert "$certs/client.pem" --key "$certs/client.key" -u user: --login-options AUTH=EXTERNAL "smtp://localhost:$port/client.example"
	((status == 0))
	[[ $(envelope) == *"auth EXTERNAL user"* ]]
	curl_mail --ssl-reqd --cert "$certs/otherclient.pem" --key "$certs/otherclient.key" "smtp://localhost:$port/client.example"
	((status != 0))
}

@test "each certificate is what its name says" {
	need openssl
	local name want
	make_certs
	while read -r name want; do
		run_bounded openssl verify -purpose sslserver -verify_hostname localhost -CAfile "$certs/ca.pem" -untrusted "$certs/$name.pem" "$certs/$name.pem"
		[[ $stdout$stderr == *"$want"* ]] || { echo "$name: $stdout$stderr"; return 1; }
	done <<-'END'
		good OK
		intermediate OK
		noeku OK
		expired has expired
		future not yet valid
		selfsigned self-signed
		unknownca unable to get local issuer
		nointermediate unable to get local issuer
		wronghost ostname mismatch
		clientonly unsuitable certificate purpose
		critical unhandled critical extension
		notca invalid CA
		expiredca has expired
	END
	run_bounded openssl verify -crl_check -CAfile "$certs/ca.pem" -CRLfile "$certs/crl.pem" "$certs/revoked.pem"
	[[ $stdout$stderr == *"certificate revoked"* ]]
	run_bounded openssl verify -crl_check -CAfile "$certs/ca.pem" -CRLfile "$certs/crl-old.pem" "$certs/good.pem"
	[[ $stdout$stderr == *"CRL has expired"* ]]
	run_bounded openssl verify -crl_check -CAfile "$certs/ca.pem" -CRLfile "$certs/crl-empty.pem" "$certs/revoked.pem"
	[[ $stdout == *OK* ]]
	[[ $(openssl x509 -in "$certs/good.pem" -outform DER | sha256sum) == "$(< "$certs/good.sha256")"* ]]
	[[ $(openssl x509 -in "$certs/good.pem" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64) == "$(< "$certs/good.spki256")" ]]
}

@test "curl refuses each bad certificate that the server presents" {
	local name
	for name in expired unknownca wronghost selfsigned nointermediate notca clientonly; do
		start_server <<< "cert $name"
		curl_mail --ssl-reqd "smtp://localhost:$port/client.example"
		((status == 60)) || { echo "$name: $status"; return 1; }
	done
}

@test "TLS versions can be limited" {
	need gnutls-cli
	violations_expected=1		# its EHLO is for localhost
	local version
	for version in 1.2 1.3; do
		start_server <<< "tls_versions $version"
		run_bounded gnutls-cli --starttls-proto=smtp --x509cafile "$certs/ca.pem" -p "$port" 127.0.0.1 < /dev/null
		[[ $(transcript) == *"-- tls TLS$version"* ]]
	done
	start_server <<-'S'
		tls implicit
		tls_versions 1.1
	S
	run_bounded gnutls-cli --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 --x509cafile "$certs/ca.pem" -p "$port" 127.0.0.1 < /dev/null
	((status != 0))
	[[ $(transcript) == *"-- tls-failed"* ]]
}

@test "an unknown directive ends the server with status 2" {
	local wrong
	for wrong in 'frobnicate on' 'reply FROB 250 ok' 'drop RCPT sideways' 'split x' 'reply RCPT 250 \q' 'drop BODY close'; do
		printf '# a comment\n%s\n' "$wrong" > "$BATS_TEST_TMPDIR/script"
		run_bounded "$SMARTHOST" --dir "$BATS_TEST_TMPDIR" --script "$BATS_TEST_TMPDIR/script"
		((status == 2))
		[[ $stderr == *"script:2: "* ]]
	done
}

@test "flights are counted as turn-arounds, however TCP splits them" {
	plain_server < /dev/null
	dial
	ask "$EHLO" 250
	say 'MAIL FROM:<a@b.exa'
	ask "mple>\r\n${RCPT}" 250 250
	ask 'BDAT 2 LAST\r\n\r\n' 250
	ask 'QUIT\r\n' 221
	(($(flights) == 4))
	[[ $(envelope) == *"body BDAT 1"* ]]
}

# The pause is no limit: a longer one only makes it more probable that a server that does not wait is found out.
@test "a client that is held up in the middle of its flight makes no second one of it, and one that waits does" {
	local client
	plain_server <<< "rtt 1"
	dial
	ask "$EHLO" 250
	(printf "$MAIL" >&"$line"; kill -STOP "$BASHPID"; printf "$RCPT" >&"$line") 3>&- &
	client=$!
	heard '^2 C: MAIL'
	sleep 0.3
	while kill -CONT "$client" 2> /dev/null; do sleep 0.05; done	# again, if it was not stopped yet
	hear
	hear
	(($(flights) == 2)) || complain "$(flights) flights, and the client waited twice"
	ask "$RCPT" 250
	ask "$RCPT" 250
	(($(flights) == 4)) || complain "$(flights) flights, and the client waited four times"
}

@test "BDAT chunks are joined, and their dots stay" {
	plain_server < /dev/null
	envelope_open
	ask "BDAT 5\r\n.a\r\n.BDAT 5\r\n\r\n.\r\nBDAT 0 LAST\r\n" 250 250 250
	[[ $(od -An -c "$server_dir/msg.1" | tr -d ' \n') == '.a\r\n.\r\n.\r\n' ]]
	[[ $(envelope) == *"body BDAT 3"* ]]
}

@test "dots are undone in DATA, at every split" {
	local i text='..a\r\n...\r\nb.\r\n..\r\n' octets
	plain_server < /dev/null
	envelope_open
	ask 'DATA\r\n' 354
	octets=$(printf '%b.\r\n' "$text" | od -An -v -tx1)
	for i in $octets; do
		say "\\x$i"
	done
	hear
	[[ $reply == 250* ]]
	[[ $(od -An -c "$server_dir/msg.1" | tr -d ' \n') == '.a\r\n..\r\nb.\r\n.\r\n' ]]
}

@test "keywords are offered and hidden by phase" {
	start_server <<-'S'
		auth_clear
		offer XFOO 1 2
		offer_tls XTLS
		hide_tls DSN
		hide CHUNKING
		ehlo_line SIZE
		offer_clear XCLEAR
		auth_mechs SCRAM-SHA-256-PLUS PLAIN
	S
	dial
	ask "$EHLO" 250
	[[ $replies == *"250-XFOO 1 2"* && $replies == *XCLEAR* && $replies == *DSN* && $replies != *XTLS* ]]
	[[ $replies != *CHUNKING* && $replies == *"250-SIZE"$'\n'* && $replies == *"AUTH PLAIN"$'\n'* ]]
	hang_up
	curl_mail --ssl-reqd -v "smtp://localhost:$port/client.example"
	[[ $(transcript) == *"250-AUTH SCRAM-SHA-256-PLUS PLAIN"* ]]
	[[ $stderr == *XTLS* ]]
}

@test "replies can be scripted by verb, glob and occurrence" {
	plain_server <<-'S'
		reply RCPT:bad@* 550 5.1.1 no such user
		reply RCPT:twice@*#2 452-4.2.2 full\r\n452 4.2.2 still full
		reply BODY 451 4.3.0 later
	S
	dial
	ask "$EHLO" 250
	ask "${MAIL}RCPT TO:<bad@d.example>\r\nRCPT TO:<twice@d.example>\r\n" 250 "550 5.1.1 no such user" 250
	ask 'RCPT TO:<twice@d.example>\r\n' 452
	[[ $replies == $'452-4.2.2 full\n452 4.2.2 still full\n' ]]
	ask 'BDAT 2 LAST\r\n\r\n' 451
	(($(messages) == 0))
}

@test "a 2yz reply in place of the final one accepts the message" {
	plain_server <<-'S'
		reply RCPT:no@* 550 no
		reply DOT 251 fine
	S
	dial
	ask "$EHLO" 250
	ask "$MAIL${RCPT}RCPT TO:<no@d.example>\r\nDATA\r\n" 250 250 550 354
	ask '.\r\n' 251
	[[ $(envelope) == *"refused <no@d.example> 550 no"* ]]
	[[ ! -s $server_dir/msg.1 ]]
}

@test "LMTP replies for each recipient" {
	plain_server <<-'S'
		lmtp on
		reply DOT:full@* 452 4.2.2 full
	S
	dial
	ask 'LHLO client.example\r\n' 250
	ask "$MAIL${RCPT}RCPT TO:<full@d.example>\r\nDATA\r\n" 250 250 250 354
	ask "$HEAD.\r\n" 250 452
	[[ $(envelope) == *"rcpt <c@d.example>"*"refused <full@d.example> 452 4.2.2 full"* ]]
}

@test "the server enforces limits, size and rcptmax" {
	plain_server <<-'S'
		size 10
		rcptmax 1
		second_mail 451 one is enough
		rtt 50
	S
	dial
	ask "$EHLO" 250
	[[ $replies == *"SIZE 10"* ]]
	ask 'MAIL FROM:<a@b.example> SIZE=11\r\n' 552
	ask "$MAIL" 451
	hang_up
	dial
	ask "$EHLO$MAIL" 250 250 || :
	ask "$RCPT$RCPT" 250 452
	complained "octets after EHLO"
}

@test "the server listens on several addresses with one port, and on a unix socket" {
	plain_server <<-'S'
		listen 127.0.0.1
		listen 127.0.0.2
		listen unix smtp.sock
	S
	dial
	exec {line}<> "/dev/tcp/127.0.0.2/$port"
	hear
	[[ $reply == 220* && -S $server_dir/smtp.sock ]]
	need curl
	run_bounded curl -sv --unix-socket "$server_dir/smtp.sock" smtp://client.example/client.example
	[[ $stderr == *"220 smarthost.test"* ]]
}

@test "the server ends with its standard input" {
	plain_server < /dev/null
	dial
	stop_server
	refute kill -0 "$server_pid" 2> /dev/null
	refute hear
}

# -------------------------------------------------------------------------------------------------------- misbehaviour

@test "the server ends connections as the script says" {
	local verb how want
	while read -r verb how want; do
		plain_server <<< "drop $verb $how"
		exec {line}<> "/dev/tcp/127.0.0.1/$port"
		say "${EHLO}"
		refute heard_three
		hang_up
		[[ $(transcript) == *"-- dropped: $want"* ]] || { transcript; return 1; }
		violations_expected=1
	done <<-'END'
		CONNECT close close
		GREETING reset reset
		GREETING half close
		EHLO close close
		EHLO half close
		EHLO#1 reset reset
	END
}

@test "half a reply is sent without its rest" {
	plain_server <<-'S'
		drop MAIL half
		reply MAIL 250 0123456789
	S
	dial
	ask "$EHLO" 250
	say "$MAIL"
	refute hear
	[[ $replies == '' ]]
}

@test "the server breaks the connection in the body, and after the dot" {
	plain_server <<-'S'
		drop BODY@100 close
	S
	envelope_open
	ask 'DATA\r\n' 354
	say "$(printf '%080d\\r\\n' 0 0)"
	refute hear
	[[ $(transcript) == *"bytes]"* ]]
	(($(messages) == 0))
	plain_server <<-'S'
		drop AFTERDOT reset
	S
	envelope_open
	ask 'DATA\r\n' 354
	say '.\r\n' 
	refute hear
	[[ $(transcript) == *"C: ."*"-- dropped: reset"* && $(messages) == 0 ]]
}

@test "injected text is in the same segment as the 220 to STARTTLS" {
	start_server <<-'S'
		inject 250 injected
	S
	dial
	ask "$EHLO" 250
	ask 'STARTTLS\r\n' 220 '250 injected'
}

@test "early text comes with the reply to EHLO" {
	plain_server <<-'S'
		early 250 2.0.0 taken already
	S
	dial
	ask "$EHLO" 250 '250 2.0.0 taken'
}

@test "the server sends endless, long and dripping replies" {
	local n
	plain_server <<-'S'
		endless RSET
		longline NOOP 5000
		drip VRFY 1
	S
	dial
	ask 'NOOP\r\n' '250 xxx'
	((${#reply} == 4998))
	ask 'VRFY x\r\n' 252
	say 'RSET\r\n'
	for ((n = 0; n < 1000; n++)); do
		IFS= read -r -u "$line" reply
		[[ $reply == 250-* ]]
	done
}

@test "the server sends garbage instead of a handshake, or breaks it off" {
	need openssl
	local how
	for how in "garbage TLS" plaintext_on_tls "drop TLS close" "drop TLS half" "drop TLS reset"; do
		start_server <<< "$how"
		run_bounded openssl s_client -starttls smtp -connect "127.0.0.1:$port" < /dev/null
		((status != 0)) || { echo "$how"; return 1; }
	done
}

@test "the server stops reading, and the client can leave" {
	plain_server <<-'S'
		stop_reading 1000
	S
	head -c 4000000 /dev/zero | tr '\0' 'x' > "$BATS_TEST_TMPDIR/big"
	need curl
	curl -sS --crlf --mail-from a@b.example --mail-rcpt c@d.example -T "$BATS_TEST_TMPDIR/big" "smtp://127.0.0.1:$port/client.example" \
	    > /dev/null 2>&1 3>&- &
	heard "stopped reading"
	kill -KILL "$!"
	wait "$!" || :
	violations_expected=1
	sync_server			# the server has noticed
	(($(messages) == 0))
}

@test "max_connections limits the connections" {
	plain_server <<-'S'
		max_connections 1
	S
	dial
	[[ $reply == 220* ]]
	dial
	[[ $reply == 421* ]]
	refute hear
}

# A child that has the processor no more: it is stopped, waits for its client for longer than a second, and has something unread.
@test "sync waits for a connection that has something to read, however long ago it began to wait" {
	local child going
	plain_server < /dev/null
	dial
	child=$(pgrep -P "$server_pid")
	kill -STOP "$child"
	say 'NOOP\r\n'
	hang_up
	(sleep 3; kill -CONT "$child") 3>&- &
	going=$!
	transcript > "$BATS_TEST_TMPDIR/seen"
	wait "$going"
	grep -q 'C: NOOP' "$BATS_TEST_TMPDIR/seen"
	grep -q -- '-- eof' "$BATS_TEST_TMPDIR/seen"
}
