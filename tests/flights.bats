#!/usr/bin/env bats
# How many turn-arounds a submission takes: exactly so many flights in each mode, and what is said in each of them.
#
# A flight is what the client says before it has to wait for the server; QUIT is one, although nobody waits for its reply.  The
# handshake of TLS 1.3 is one flight and the beginning of the next.  MAIL, RCPT and DATA are one flight (RFC 2920 3.1); BDAT comes
# after the replies to MAIL and RCPT (RFC 3030 2), so that it takes as many flights as DATA, whose text waits for the 354.

load helper

# server LINES: with these words in its script; it takes a moment for each flight, so that one that comes in pieces stays one.
server() {
	start_server < <(printf '%s\n' "rtt 20" "auth_mechs PLAIN" "$@")
	set_conf "${set[@]}"
}
set=(timeout 60)		# a key that the program has to have

# flown: the flights are those on stdin, a line each: number and words (WORD*N: N times).  TLS: a part of the handshake alone.
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

@test "STARTTLS, AUTH PLAIN: 8, by BDAT" {
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

@test "STARTTLS, AUTH PLAIN: 8, by DATA" {
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

@test "TLS 1.2 takes one more" {
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

@test "implicit TLS, AUTH PLAIN: 7; the end of the handshake waits for the greeting" {
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

@test "SCRAM-SHA-256: two more than PLAIN; the server's proof is checked and answered before MAIL" {
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

@test "without TLS and AUTH: 4" {
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

@test "without PIPELINING every command waits, and by BDAT it is one less" {
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

@test "LMTP: 4, with any number of recipients that get a reply each" {
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

@test "100 recipients take no more than one" {
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

@test "600 recipients: one more, since at most 513 commands are open at a time" {
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

@test "63 KiB, 65 KiB and 4 MiB take no more than a line, from a file and from a pipe" {
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

# relayed LINE...: a caller's message with these lines at its end.
relayed() {
	printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" "$@" QUIT > "$HOME/in"
	postern_ok -bs < "$HOME/in"
	(($(messages) == 1)) || complain "no message arrived"
}

@test "-bs: MAIL and RCPT are a flight each, since the caller waits for the replies" {
	server "tls none"
	relayed DATA "Subject: x" "" "."
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 BDAT text
		5 QUIT
	END
	server "tls none"
	relayed "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 BDAT text
		5 QUIT
	END
	server "tls none" "hide CHUNKING"
	relayed "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 MAIL
		3 RCPT
		4 DATA
		5 text .
		6 QUIT
	END
}

@test "-bs: with STARTTLS and AUTH it is 9; a second message takes 3 more" {
	server
	relayed "BDAT 14 LAST" "Subject: x" ""
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 MAIL
		7 RCPT
		8 BDAT text
		9 QUIT
	END
	server
	printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: x" "" . \
	    "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: y" "" . QUIT > "$HOME/in"
	postern_ok -bs < "$HOME/in"
	flown <<-'END'
		1 EHLO
		2 STARTTLS
		3 TLS
		4 EHLO
		5 AUTH
		6 MAIL
		7 RCPT
		8 BDAT text
		9 MAIL
		10 RCPT
		11 BDAT text
		12 QUIT
	END
}
