# AUTH: the server's challenges, the proofs and errors in them, and which secrets are not shown.

load helper
load auth

# ------------------------------------------------------------------------------------------------------------------ challenges

@test "postern answers an invalid challenge with *, and makes no second attempt" {
	local mech challenge
	while read -r mech challenge; do
		start_server <<-S
			auth_mechs $mech
			reply AUTH 334 $challenge
		S
		set_conf auth "$mech"
		postern you@example.net < "$mail"
		((status == 69 || status == 76)) || complain "exit status $status after $challenge"
		[[ $(transcript) == *"C: *"* ]] || complain "no * after $challenge"
		one_attempt
		nothing_shown
	done <<-END
		SCRAM-SHA-256 !!!!
		SCRAM-SHA-256 cj1h=
		SCRAM-SHA-256 $(base64 'r=\0,s=YQ==,i=4096')
		SCRAM-SHA-256 $(base64 'garbage')
		CRAM-MD5 not base64
		CRAM-MD5 $(base64 'a\0b')
	END
}

@test "a challenge of two megabytes ends the login" {
	start_server <<-'S'
		auth_mechs SCRAM-SHA-256
		longline AUTH 2000000
		reply AUTH 334 x
	S
	postern you@example.net < "$mail"
	((status == 69 || status == 76)) || complain "exit status $status"
	one_attempt
}

@test "postern answers a challenge of 12288 octets, and refuses a longer one" {		# RFC 4954 4
	local times answers challenge
	while read -r times answers; do
		printf -v challenge 'QUFB%.0s' $(seq "$times")
		start_server <<-S
			auth_mechs CRAM-MD5
			reply AUTH 334 $challenge
			reply AUTHLINE 535 5.7.8 no
		S
		set_conf auth CRAM-MD5
		violations_expected=1		# the answer is to a challenge that the server does not remember
		postern you@example.net < "$mail"
		[[ $(said dXNlciA) == "$answers" && $(said '[*]$') == 0 ]] || complain "$((times * 4)) octets"
		[[ $(messages) == 0 ]]
	done <<-END
		3072 1
		3073 0
	END
}

@test "a server that sends challenges without end gets no login, and postern ends in time" {
	local mech
	for mech in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER; do
		start_server <<-S
			auth_mechs $mech
			reply AUTH 334 ${mech:+PDEyQGE+}
			reply AUTHLINE 334 PDEyQGE+
		S
		set_conf auth "$mech"
		violations_expected=1		# some answers are to challenges that the server does not remember
		postern you@example.net < "$mail"
		((status == 69 || status == 76)) || complain "exit status $status with $mech"
		(($(said MAIL) == 0))
		nothing_shown
	done
}

@test "SCRAM: a server that does not prove that it knows the password is refused" {
	local fault
	for fault in nonce signature missing; do
		start_server <<-S
			auth_mechs SCRAM-SHA-256
			scram_bad $fault
		S
		send_fails 69 auth
		one_attempt
		nothing_shown
	done
}

@test "SCRAM: a 235 before the server's proof is refused" {
	local when
	for when in AUTH AUTHLINE#1; do
		start_server <<-S
			auth_mechs SCRAM-SHA-256
			reply $when 235 2.7.0 welcome
		S
		send_fails 69 auth
		told "did not prove"
		one_attempt
	done
}

@test "any 2yz reply to AUTH is success if the mechanism has no proof" {
	local code
	for code in 200 220 250 299; do
		start_server <<-S
			auth_mechs PLAIN LOGIN
			reply AUTH:PLAIN $code welcome
			reply AUTHLINE#2 $code welcome
		S
		set_conf auth plain
		send
		set_conf auth login
		send
	done
}

@test "SCRAM: no 2yz reply replaces the server's proof; after the proof any 2yz is success" {
	local code when
	for code in 200 235 250; do
		for when in AUTH AUTHLINE#1; do
			start_server <<-S
				auth_mechs SCRAM-SHA-256
				reply $when $code welcome
			S
			send_fails 69 auth
			told "did not prove"
		done
		# the proof came in a challenge: after it any 2yz is as good as 235
		start_server <<-S
			auth_mechs SCRAM-SHA-256
			reply AUTHLINE#2 $code welcome
		S
		send
	done
}

@test "SCRAM: an iteration count that is invalid, below 4096 or too high is refused" {
	local n
	for n in 0 1 4095 -1 1000001 2000000000 99999999999999999999 4096x text; do
		start_server <<-S
			auth_mechs SCRAM-SHA-1
			scram_iterations $n
		S
		send_fails 69 auth
		told "iteration count"
		one_attempt
	done
	start_server <<-'S'
		auth_mechs SCRAM-SHA-1
		scram_iterations 10000
	S
	send
}

@test "LOGIN: postern answers with name and password, whatever the prompts say" {
	local prompt
	for prompt in "$(base64 'Username:')" "$(base64 'User Name\0')" "who are you?" "" "=" "!"; do
		start_server <<-S
			auth_mechs LOGIN
			auth_prompt $prompt
		S
		send
		logged_in_with LOGIN
		[[ $(transcript) == *"C: dXNlcg=="*"C: c2VjcmV0"* ]]
	done
}

@test "SCRAM: the password is prepared with SASLprep (RFC 4013), as the server's form of it is" {
	local mech
	for mech in SCRAM-SHA-256 SCRAM-SHA-1; do
		start_server <<-S
			auth_mechs $mech
			password I X pāss
		S
		set_conf password $'I\xc2\xa0\xc2\xadX pa\xcc\x84ss'
		send
		logged_in_with "$mech"
	done
}

@test "PLAIN: with a long password postern sends the response after the server's empty 334" {
	local password
	password=$(printf 'x%.0s' {1..500})
	start_server <<-S
		auth_mechs PLAIN
		password $password
	S
	set_conf password "$password"
	send
	logged_in_with PLAIN
	[[ $(transcript) == *"C: AUTH PLAIN"$'\n'* ]]
}

@test "postern sends an initial response only if the line stays within 512 octets" {
	local n
	# AUTH PLAIN, a blank, and CRLF leave 499: 496 of base64, which are 372 octets, six of them NUL and name
	for n in 366 367; do
		start_server <<-S
			auth_mechs PLAIN
			password $(printf '%0*d' "$n" 0)
		S
		set_conf password "$(printf '%0*d' "$n" 0)"
		send
		logged_in_with PLAIN
		((n == 367)) || [[ $(transcript) == *"C: AUTH PLAIN AHVz"* ]]
		((n == 366)) || [[ $(transcript) == *"C: AUTH PLAIN"$'\n'* ]]
	done
}

@test "a long token is sent after the 334" {
	local mech token
	token=$(printf 'tokenxxx%.0s' {1..500})
	for mech in XOAUTH2 OAUTHBEARER; do
		start_server <<-S
			auth_mechs $mech
			token $token
		S
		set_conf auth "$mech"
		set_conf password "$token"
		send
		logged_in_with "$mech"
		[[ $(transcript) == *"C: AUTH $mech"$'\n'* ]]
	done
}

# ---------------------------------------------------------------------------------------------------------------------- OAuth2

@test "the server refuses a token: postern answers the error challenge and shows the error" {
	local mech
	for mech in XOAUTH2 OAUTHBEARER; do
		start_server <<< "auth_mechs $mech"
		set_conf auth "$mech"
		set_conf password wrong-token
		send_fails 77 auth
		told 535
		told invalid_token
		one_attempt
		nothing_shown wrong-token
	done
}

@test "a token that the server repeats in its error is not shown" {
	local mech
	for mech in XOAUTH2 OAUTHBEARER; do
		start_server <<-S
			auth_mechs $mech
			reply AUTH 334 $(base64 '{"status":"400","token":"wrong-token"}')
			reply AUTHLINE 535 5.7.8 not with wrong-token
		S
		set_conf auth "$mech"
		set_conf password wrong-token
		violations_expected=1
		send_fails 77 auth
		told 400
		nothing_shown wrong-token
		postern -v you@example.net < "$mail"
		nothing_shown wrong-token "$(base64 wrong-token | tr -d =)"
	done
}

# --------------------------------------------------------------------------------------------------------------------- secrecy

@test "postern shows no secret with -v, even if the server repeats it in any form" {
	local mech reply
	for mech in PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5; do
		start_server <<-S
			auth_mechs $mech
			reply AUTHLINE 535 5.7.8 not 'secret', not c2VjcmV0, not AHVzZXIAc2VjcmV0
			reply AUTH:PLAIN 535-5.7.8 not AUTH PLAIN AHVzZXIAc2VjcmV0\r\n535 5.7.8 nor \x00user\x00secret
			reply MAIL 550 5.7.1 secret
		S
		set_conf auth "$mech"
		set_conf logfile "$BATS_TEST_TMPDIR/log"
		violations_expected=1
		postern -v you@example.net < "$mail"
		((status != 0))
		nothing_shown
		refute grep -E 'secret|c2VjcmV0' "$BATS_TEST_TMPDIR/log"
	done
}

@test "postern shows no secret after a successful login, neither with -v nor in the log" {
	local mech
	for mech in PLAIN LOGIN SCRAM-SHA-256 XOAUTH2; do
		start_server <<-S
			auth_mechs $mech
			token secret
			reply AUTH:LOGIN 334 VXNlcm5hbWU6
			reply DOT 250 2.0.0 taken from secret
			reply LAST 250 2.0.0 taken from secret c2VjcmV0
		S
		set_conf auth "$mech"
		set_conf logfile "$BATS_TEST_TMPDIR/log"
		postern -v you@example.net < "$mail"
		((status == 0))
		[[ $stderr == *"AUTH $mech"* ]]
		nothing_shown
		refute grep -E 'secret|c2VjcmV0' "$BATS_TEST_TMPDIR/log"
	done
}
