#!/usr/bin/env bats
# How many turn-arounds a submission takes: the exact number of flights in each mode, and the commands in each flight.
#
# A flight is what the client says before it has to wait for the server.  QUIT is one, although the client does not wait for its
# reply.  The handshake of TLS 1.3 is one flight and the beginning of the next.  MAIL, RCPT and DATA are one flight (RFC 2920
# 3.1).  BDAT comes after the replies to MAIL and RCPT (RFC 3030 2), and thus takes as many flights as DATA with its 354.

load helper

# server LINES: a server with these lines in its script.  In each flight it waits until the client does: a flight in pieces counts as one.
server() {
	start_server < <(printf '%s\n' "rtt 1" "auth_mechs PLAIN" "$@")
	set_conf "${set[@]}"
}
set=(timeout 60)		# a key without effect on the flights; a test may replace it

# flown: the flights are those on stdin, one a line: number and words (WORD*N: N times).  TLS: only a part of the handshake.
flown() {
	transcript | awk '
		function line() { if (n) print n words(); count = 0 }
		function words(  s, i) { for (i = 1; i <= count; i++) s = s " " word[i] (times[i] > 1 ? "*" times[i] : ""); return s }
		$2 != "C:" { next }
		$1 != n { line(); for (i = n + 1; i < $1; i++) print i " TLS"; n = $1 }
		{ said = $3 ~ /^\[/ ? "text" : $3 == "" ? "empty" : asked && $3 !~ /^(MAIL|QUIT)$/ ? "answer" : $3 }
		{ asked = said ~ /^(AUTH|answer)$/ }
		count && word[count] == said { times[count]++; next }
		{ word[++count] = said; times[count] = 1 }
		END { line() }' > "$HOME/flown"
	diff - "$HOME/flown" >&2 || complain "these are not the flights"
	(($(flights) == $(wc -l < "$HOME/flown"))) || complain "flights says $(flights)"
}

send() { postern_ok you@example.net < "$mail"; }

# long N: a message of about N kB.
long() { { write_mail; yes "a line of a long message" | head -n $(($1 * 40)); } > "$mail"; }

# ------------------------------------------------------------------------------------------------------------- TLS and AUTH

@test "STARTTLS and AUTH PLAIN take 8 flights with BDAT" {
	server
	send
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 MAIL RCPT
		7 BDAT text
		8 QUIT
	END
}

@test "STARTTLS and AUTH PLAIN take 8 flights with DATA" {
	server "hide CHUNKING"
	send
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 MAIL RCPT DATA
		7 text .
		8 QUIT
	END
}

@test "TLS 1.2 takes one flight more than TLS 1.3" {
	server "tls_versions 1.2"
	send
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 TLS
		5 EHLO
		6 AUTH
		7 MAIL RCPT
		8 BDAT text
		9 QUIT
	END
}

@test "implicit TLS and AUTH PLAIN take 7 flights; the end of the handshake waits for the greeting" {
	server "tls implicit"
	send
	flown <<-'END'
		1 TLS
		2 TLS
		3 EHLO
		4 AUTH
		5 MAIL RCPT
		6 BDAT text
		7 QUIT
	END
	server "tls implicit" "hide CHUNKING"
	send
	flown <<-'END'
		1 TLS
		2 TLS
		3 EHLO
		4 AUTH
		5 MAIL RCPT DATA
		6 text .
		7 QUIT
	END
}

@test "SCRAM-SHA-256 takes two flights more than PLAIN; postern checks and answers the server's proof before MAIL" {
	server "auth_mechs SCRAM-SHA-256"
	send
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 answer
		7 empty
		8 MAIL RCPT
		9 BDAT text
		10 QUIT
	END
}

@test "a submission without TLS and AUTH takes 4 flights" {
	server "tls none"
	send
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT
		3 BDAT text
		4 QUIT
	END
	server "tls none" "hide CHUNKING"
	send
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT DATA
		3 text .
		4 QUIT
	END
}

@test "without PIPELINING each command is a flight, and BDAT takes one flight less than DATA" {
	server "tls none" "hide PIPELINING"
	send
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 BDAT text
		5 QUIT
	END
	server "tls none" "hide PIPELINING" "hide CHUNKING"
	send
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 DATA
		5 text .
		6 QUIT
	END
}

@test "LMTP takes 4 flights with several recipients and a reply for each" {
	set=(protocol lmtp)
	server "tls none" "lmtp on"
	postern_ok a@example.net b@example.net c@example.net < "$mail"
	flown <<-'END'
		1 LHLO
		2 MAIL RCPT*3
		3 BDAT text
		4 QUIT
	END
	server "tls none" "lmtp on" "hide CHUNKING"
	postern_ok a@example.net b@example.net c@example.net < "$mail"
	flown <<-'END'
		1 LHLO
		2 MAIL RCPT*3 DATA
		3 text .
		4 QUIT
	END
}

# --------------------------------------------------------------------------------------------------------- many, and much

@test "100 recipients take no more flights than one recipient" {
	server "tls none"
	postern_ok $(seq -f 'r%g@example.net' 100) < "$mail"
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT*100
		3 BDAT text
		4 QUIT
	END
	server "tls none" "hide CHUNKING"
	postern_ok $(seq -f 'r%g@example.net' 100) < "$mail"
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT*100 DATA
		3 text .
		4 QUIT
	END
}

@test "600 recipients take one flight more, because at most 513 commands wait for their replies at a time" {
	server "tls none"
	postern_ok $(seq -f 'r%g@example.net' 600) < "$mail"
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT*512
		3 RCPT*88
		4 BDAT text
		5 QUIT
	END
	server "tls none" "hide CHUNKING"
	postern_ok $(seq -f 'r%g@example.net' 600) < "$mail"
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT*512
		3 RCPT*88 DATA
		4 text .
		5 QUIT
	END
}

@test "messages of 63 KiB, 65 KiB and 4 MiB take as many flights as a short one, from a file and from a pipe" {
	local kilobytes
	for kilobytes in 63 65 4096; do
		long "$kilobytes"
		server "tls none"
		send
		flown <<-'END'
			1 EHLO
			2 MAIL RCPT
			3 BDAT text
			4 QUIT
		END
		server "tls none" "hide CHUNKING"
		cat "$mail" | postern_ok you@example.net
		flown <<-'END'
			1 EHLO
			2 MAIL RCPT DATA
			3 text .
			4 QUIT
		END
	done
}

# ----------------------------------------------------------------------------------------------------------------------- -bs

# relayed LINE...: sends a caller's message with these lines at its end through -bs.
relayed() {
	printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" "$@" QUIT > "$HOME/in"
	postern_ok -bs < "$HOME/in"
	(($(messages) == 1)) || complain "no message arrived"
}

@test "-bs: MAIL and RCPT share a flight if the caller sends them in one" {
	server "tls none"
	relayed DATA "Subject: x" "" "."
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT
		3 BDAT text
		4 QUIT
	END
	server "tls none"
	relayed "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT
		3 BDAT text
		4 QUIT
	END
	server "tls none" "hide CHUNKING"
	relayed "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT
		3 DATA
		4 text .
		5 QUIT
	END
	server "tls none" "hide PIPELINING"
	relayed "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 BDAT text
		5 QUIT
	END
}

@test "-bs: if the caller waits for each reply, each command is a flight" {
	load dialogue
	server "tls none"
	converse
	ask "" 220
	ask "EHLO x" 250
	ask "MAIL FROM:<me@example.org>" 250
	ask "RCPT TO:<you@example.net>" 250
	printf 'BDAT 14 LAST\r\nSubject: x\r\n\r\n' >&"$to"
	ask "" 250
	ask QUIT 221
	leave 0
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 BDAT text
		5 QUIT
	END
}

# letters N LINE...: a caller that sends N messages in one go, each with these lines at its end.
letters() {
	local n=$1 i
	shift
	{
		printf 'EHLO x\r\n'
		for ((i = 1; i <= n; i++)); do
			printf '%s\r\n' "MAIL FROM:<me@example.org>" "RCPT TO:<you$i@example.net>" "$@"
		done
		printf 'QUIT\r\n'
	} > "$HOME/in"
	postern_ok -bs < "$HOME/in"
	(($(messages) == n)) || complain "$(messages) messages arrived, not $n"
}

@test "-bs: N messages that the caller pipelines wait N + 2 times after the greeting: each envelope shares the flight of the message before" {
	server "tls none"
	letters 3 "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT
		3 BDAT text RSET MAIL RCPT
		4 BDAT text RSET MAIL RCPT
		5 BDAT text
		6 QUIT
	END
	server "tls none" "hide CHUNKING"
	letters 3 DATA "Subject: x" "" "."
	flown <<-'END'
		1 EHLO
		2 MAIL RCPT
		3 DATA
		4 text . RSET MAIL RCPT
		5 DATA
		6 text . RSET MAIL RCPT
		7 DATA
		8 text .
		9 QUIT
	END
}

@test "-bs: with STARTTLS and AUTH a message takes 8 flights, and a second message 1 more" {
	server
	letters 1 "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 MAIL RCPT
		7 BDAT text
		8 QUIT
	END
	server
	letters 2 DATA "Subject: x" "" "."
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 MAIL RCPT
		7 BDAT text RSET MAIL RCPT
		8 BDAT text
		9 QUIT
	END
}

@test "-bs: without PIPELINING, with another account, or at the server's MAILMAX, the next message is not said ahead" {
	server "tls none" "hide PIPELINING"
	letters 2 "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 BDAT text
		5 MAIL
		6 RCPT
		7 BDAT text
		8 QUIT
	END
	server "tls none" "offer LIMITS MAILMAX=1"
	letters 2 "BDAT 14 LAST" "Subject: x" ""
	(($(connections) == 2)) || complain "the server has $(connections) connections"
}

@test "-bs: an alias of 1200 addresses takes 4 flights for its RCPT, and not 1200" {
	local lines
	server "tls none"
	printf 'all: %s\n' "$(printf 'r%d@example.net, ' {1..1199})last@example.net" > "$HOME/aliases"
	set_conf aliases "$HOME/aliases"
	lines=$(printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<all@localhost>" "BDAT 14 LAST" "Subject: x" "" QUIT)
	printf '%s\r\n' "$lines" > "$HOME/in"
	postern_ok -bs < "$HOME/in"
	(($(envelope | grep -c '^rcpt ') == 1200)) || complain "not all have the message"
	(($(flights) <= 9)) || complain "there were $(flights) flights"
}
