# The test smarthost itself, with plain tools: curl, openssl, gnutls-cli, bash's /dev/tcp.  No test here runs postern.

load helper

teardown() {
	hang_up
	helper_teardown
}

need() { command -v "$1" > /dev/null || skip "$1 is not installed"; }

# Raw dialogue on descriptor $line.
dial() { hang_up; exec {line}<> "/dev/tcp/127.0.0.1/$port"; hear; }
hang_up() { [[ -z ${line:-} ]] || exec {line}>&-; line=; }
say() { { printf "$1" | cat >&"$line"; } 2> /dev/null || :; }	# the format is the text; cat, since bash writes line by line
hear() {				# one reply; its last line in $reply, all of it in $replies
	replies=
	while IFS= read -r -t 20 -u "$line" reply; do
		reply=${reply%$'\r'}
		replies+=$reply$'\n'
		[[ $reply != ???-* ]] || continue
		return 0
	done
	reply=
	return 1
}
heard_three() { hear && hear && hear; }
ask() {					# ask TEXT CODE...: a flight, and the codes of its replies
	local code
	say "$1"
	for code in "${@:2}"; do
		hear || { echo "no reply, where $code was wanted" >&2; return 1; }
		[[ $reply == "$code"* ]] || { echo "'$reply', not $code" >&2; return 1; }
	done
}
plain_server() {
	{ echo "tls none"; cat; } > "$BATS_TEST_TMPDIR/script"
	start_server < "$BATS_TEST_TMPDIR/script"
}
# The server complained of this, and of nothing else if it is the only complaint.
complained() {
	sync_server
	violations_expected=1
	grep -q -- "$1" "$server_dir/violations" || { cat "$server_dir/violations" "$server_dir/transcript" >&2; return 1; }
}
MAIL='MAIL FROM:<a@b.example>\r\n' RCPT='RCPT TO:<c@d.example>\r\n'
EHLO='EHLO client.example\r\n' HEAD='From: a@b.example\r\nDate: x\r\n\r\n'
envelope_open() { dial; ask "$EHLO" 250; ask "$MAIL$RCPT" 250 250; }

curl_mail() {
	need curl
	run_bounded curl -sS --crlf --cacert "$certs/ca.pem" --mail-from a@b.example --mail-rcpt c@d.example -T "$mail" "$@"
}

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
		IFS= read -r -t 20 -u "$line" reply
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
	postern_timeout=2
	head -c 4000000 /dev/zero | tr '\0' 'x' > "$BATS_TEST_TMPDIR/big"
	mail=$BATS_TEST_TMPDIR/big curl_mail "smtp://127.0.0.1:$port/client.example"
	((status == 124))
	violations_expected=1
	[[ $(transcript) == *"-- stopped reading"* ]]
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

# ----------------------------------------------------------------------------------------------------------- violations

@test "the server notices violations in the dialogue" {
	local text want
	while IFS='|' read -r text want; do
		# bash writes each line on its own: the server waits for the whole flight
		plain_server <<-'S'
			rtt 20
			hide DSN
			hide SMTPUTF8
			hide 8BITMIME
		S
		dial
		say "$text"
		say 'QUIT\r\n'
		while hear && [[ $reply != 221* ]]; do :; done
		hang_up
		complained "$want" || { echo "nothing about: $want"; return 1; }
	done <<-'END'
		EHLO client.example\n|bare LF
		EHLO cl\rient.example\r\n|bare CR
		EHLO client.example\0\r\n|NUL
		EHLO localhost\r\n|neither a full domain
		EHLO under_score.example\r\n|neither a full domain
		EHLO [127.0.0.300]\r\n|neither a full domain
		EHLO client.example\r\nNOOP\r\n|octets after EHLO
		HELO client.example\r\n|without having tried EHLO
		LHLO client.example\r\n|LHLO where
		FROB\r\n|unknown command
		MAIL FROM:<a@b.example>\r\n|MAIL before EHLO
		EHLO client.example\r\nMAIL FROM: <a@b.example>\r\n|malformed path
		EHLO client.example\r\nMAIL FROM:<a@b.example>x\r\n|malformed path
		EHLO client.example\r\nMAIL FROM:<a@b..example>\r\n|malformed address
		EHLO client.example\r\nMAIL FROM:<a b@b.example>\r\n|malformed address
		EHLO client.example\r\nMAIL FROM:<\303\244@b.example>\r\n|non-ASCII
		EHLO client.example\r\nMAIL FROM:<a@b.example> SIZE=x\r\n|SIZE is malformed
		EHLO client.example\r\nMAIL FROM:<a@b.example> SIZE=1 SIZE=1\r\n|came twice
		EHLO client.example\r\nMAIL FROM:<a@b.example> RET=HDRS\r\n|RET was not offered
		EHLO client.example\r\nMAIL FROM:<a@b.example> BODY=8BITMIME\r\n|BODY was not offered
		EHLO client.example\r\nMAIL FROM:<a@b.example> SMTPUTF8\r\n|SMTPUTF8 was not offered
		EHLO client.example\r\nMAIL FROM:<a@b.example>  SIZE=1\r\n|stray blank
		EHLO client.example\r\nRCPT TO:<a@b.example>\r\n|RCPT without MAIL
		EHLO client.example\r\nDATA\r\n|DATA without MAIL
		EHLO client.example\r\nBDAT 2 LAST\r\n\r\n|BDAT without MAIL
		EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b.example>\r\n|MAIL in a transaction
		EHLO client.example\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\n|AUTH was not offered
		EHLO client.example\r\nSTARTTLS\r\n|STARTTLS was not offered
		EHLO client.example\r\nRSET now\r\n|takes no argument
		EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT x LAST\r\n|malformed BDAT
	END
	plain_server < /dev/null
	dial
	say "EHLO $(printf '%0600d' 0).example\r\n"
	hear
	complained "a line of 6"
}

@test "the server notices violations in the message" {
	local text want
	while IFS='|' read -r text want; do
		plain_server < /dev/null
		envelope_open
		ask 'DATA\r\n' 354
		say "$HEAD$text"
		ask '\r\n.\r\n' 250
		complained "$want" || { echo "nothing about: $want"; return 1; }
	done <<-'END'
		a\nb|bare LF in the message
		a\rb|bare CR in the message
		a\n.\nb|bare LF
		a\r\n.\rb|bare CR
		a\0b|NUL in the message
		\303\244|without BODY=8BITMIME
		\r\n.x|not doubled
	END
	plain_server < /dev/null
	envelope_open
	ask 'DATA\r\n' 354
	ask "$HEAD$(printf '%0998d' 0)\r\n.\r\n" 250
	[[ ! -s $server_dir/violations ]]
	ask "MAIL FROM:<a@b.example> SIZE=10\r\n${RCPT}DATA\r\n" 250 250 354
	ask "$HEAD$(printf '%0999d' 0)\r\n.\r\n" 250
	complained "more than 998"
	complained "SIZE=10"
}

@test "the server notices violations around BDAT" {
	plain_server < /dev/null
	envelope_open
	ask 'BDAT 3\r\na\r\n' 250
	ask 'DATA\r\n' 554
	complained "DATA after BDAT"
	plain_server <<-'S'
		reply BDAT 452 4.3.1 no room
	S
	envelope_open
	ask 'BDAT 3\r\na\r\n' 452
	ask 'BDAT 3 LAST\r\na\r\n' 452
	complained "after a refused BDAT"
	plain_server <<-'S'
		hide CHUNKING
	S
	envelope_open
	ask 'BDAT 1 LAST\r\na' 250
	complained "BDAT was not offered"
	complained "does not end with CRLF"
}

@test "the server notices pipelining without an offer" {
	plain_server <<-'S'
		hide PIPELINING
	S
	dial
	ask "$EHLO" 250
	ask "$MAIL$RCPT" 250 250
	complained "PIPELINING was not offered"
}

@test "a conforming pipelined dialogue is no violation" {
	plain_server < /dev/null
	envelope_open
	ask "DATA\r\n" 354
	ask "$HEAD.\r\n$MAIL$RCPT" 250 250 250
	ask "BDAT 2 LAST\r\n\r\nRSET\r\nQUIT\r\n" 250 250 221
	no_violations
	(($(messages) == 2))
}

@test "the server notices a BDAT that does not wait for the replies to MAIL and RCPT" {
	plain_server < /dev/null
	dial
	ask "$EHLO" 250
	ask "$MAIL${RCPT}BDAT 2 LAST\r\n\r\n" 250 250 250
	complained "BDAT before the replies"
}

@test "the server notices a client that speaks before the greeting" {
	plain_server <<-'S'
		delay GREETING 200
	S
	exec {line}<> "/dev/tcp/127.0.0.1/$port"
	say "$EHLO"
	hear && hear
	complained "before the greeting"
}

@test "the server notices bytes behind STARTTLS" {
	start_server <<< "rtt 50"
	dial
	ask "$EHLO" 250
	ask 'STARTTLS\r\nEHLO client.example\r\n' 220
	hang_up
	complained "octets after STARTTLS"
}

@test "the server checks parameters and commands that few servers know" {
	local text n=0
	plain_server <<-'S'
		offer DELIVERBY 60
		offer FUTURERELEASE 7200 2026-12-24T08:00:00Z
		offer MT-PRIORITY
		offer REQUIRETLS
		offer ETRN
	S
	dial
	ask "$EHLO" 250
	for text in 'BY=60;R' 'BY=-999999999;NT' 'HOLDFOR=7200' 'HOLDUNTIL=2026-12-24T08:00:00Z' MT-PRIORITY=-9 MT-PRIORITY=0; do
		ask "MAIL FROM:<a@b.example> $text\r\n" 250
		ask 'RSET\r\n' 250
	done
	for text in node node.example @d.example '#queue-1'; do
		ask "ETRN $text\r\n" 250
	done
	no_violations
	for text in BY=60 'BY=59;R' 'BY=60;X' 'BY=60;RX' 'BY=;N' 'BY=1000000000;N' 'BY=-60;R' HOLDFOR=0 HOLDFOR=7201 HOLDFOR=x \
	    HOLDUNTIL=2026-12-24T08:00:01Z HOLDUNTIL=2026-12-24T08:00Z HOLDUNTIL=2026-12-24T09:00:00+01:00 \
	    'HOLDFOR=1 HOLDUNTIL=2026-12-24T08:00:00Z' MT-PRIORITY=10 MT-PRIORITY=-0 MT-PRIORITY=+1 MT-PRIORITY REQUIRETLS; do
		ask "MAIL FROM:<a@b.example> $text\r\n" 501
		n=$((n + 1))
		[[ $(sync_server; wc -l < "$server_dir/violations") -eq $n ]] || { echo "nothing about: $text"; return 1; }
	done
	complained "malformed or came twice"
	for text in 'ETRN\r\n' 'ETRN @\r\n' 'ETRN a b\r\n' 'ETRN a_b..\r\n'; do
		ask 'RSET\r\n' 250
		ask "$text" 501
		complained "malformed ETRN"
	done
	plain_server < /dev/null
	dial
	ask "$EHLO" 250
	for text in 'BY=60;N' HOLDFOR=1 HOLDUNTIL=2026-12-24T08:00:00Z MT-PRIORITY=1 REQUIRETLS; do
		ask "MAIL FROM:<a@b.example> $text\r\n" 555
		complained "parameter ${text%%=*} was not offered"
	done
	ask 'ETRN node.example\r\n' 500
	complained "ETRN was not offered"
}

@test "the server checks AUTH" {
	local text want
	while IFS='|' read -r text want; do
		plain_server <<< "auth_clear"
		dial
		ask "$EHLO" 250
		say "$text"
		hear
		[[ $want != second ]] || { say "$text"; hear; }
		complained "$want" || { echo "nothing about: $want"; return 1; }
	done <<-'END'
		AUTH PLAIN AHVzZXIAc2VjcmV0\r\n|second
		AUTH PLAIN AHVzZXIAc2VjcmV\r\n|not base64
		AUTH GSSAPI\r\n|GSSAPI was not offered
	END
	plain_server <<< "auth_clear"
	dial
	ask "$EHLO" 250
	ask "AUTH PLAIN $(printf 'A%.0s' {1..600})\r\n" 535
	complained "a line of 613 octets"
	ask 'AUTH LOGIN\r\n' '334 VXNlciBOYW1l'
	ask '*\r\n' 501
}
