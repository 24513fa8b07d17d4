# The test smarthost itself: the violations of the protocol that it notices.  No test here runs postern.

load helper
load testserver

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
