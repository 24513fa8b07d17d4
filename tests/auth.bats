# AUTH: which mechanism logs in, what a refusal means, and which secrets are not shown.

load helper

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }
logged_in_with() { [[ $(envelope "${2:-1}") == *"auth $1 user"* ]] || complain "no login with $1"; }

# postern printed no secret, in any form.
nothing_shown() {
	local form
	for form in secret c2VjcmV0 AHVzZXIAc2VjcmV0 "$@"; do
		[[ $stderr$stdout != *"$form"* ]] || complain "shown: $form" || return 1
	done
}

base64() { printf "$1" | command base64 -w 0; }		# the format is the text

# One AUTH, no MAIL, no message.
one_attempt() {
	(($(said AUTH) == 1 && $(said MAIL) == 0 && $(messages) == 0)) || complain "more than one attempt"
}

# ------------------------------------------------------------------------------------------------------------ mechanisms

@test "every mechanism logs in with TLS 1.2 and 1.3" {
	local mech version
	for version in 1.2 1.3; do
		start_server <<-S
			tls_versions $version
			auth_mechs SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2
			token secret
		S
		n=0
		for mech in SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2; do
			set_conf auth "${mech,,}"
			send
			logged_in_with "$mech" $((++n))
		done
	done
}

@test "auth auto takes the strongest mechanism that the server offers" {
	local offered want
	while read -r want offered; do
		start_server <<< "auth_mechs $offered"
		set_conf auth auto
		send
		logged_in_with "$want"
	done <<-'END'
		SCRAM-SHA-256-PLUS LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS
		SCRAM-SHA-1-PLUS LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-1-PLUS
		SCRAM-SHA-256 PLAIN SCRAM-SHA-1 SCRAM-SHA-256
		SCRAM-SHA-1 CRAM-MD5 PLAIN SCRAM-SHA-1
		PLAIN LOGIN CRAM-MD5 XOAUTH2 PLAIN
		LOGIN XOAUTH2 LOGIN
	END
}

@test "a mechanism whose name only begins or ends like a known one is not taken" {
	start_server <<-'S'
		hide AUTH
		ehlo_line AUTH PLAIN-CLIENTTOKEN XPLAIN LOGIN2 SCRAM-SHA-256-PLUSX
	S
	send_fails 69 auth
	told "PLAIN-CLIENTTOKEN"
	nothing_said
}

@test "several AUTH lines add up, in any case, also in the old form AUTH=" {
	local line
	for line in $'ehlo_line auth=login\nehlo_line Auth plain' $'ehlo_line AUTH=PLAIN' $'ehlo_line AUTH \tx-foo  pLaIn'; do
		start_server <<-S
			hide AUTH
			$line
		S
		violations_expected=1		# the server looks for a list of its own
		postern you@example.net < "$mail"
		[[ $(transcript) == *"C: AUTH PLAIN"* ]] || complain "no AUTH PLAIN after: $line"
	done
}

@test "postern takes the first mechanism of the configuration that the server offers" {
	start_server < /dev/null
	set_conf auth "cram-md5,login,scram-sha-256"
	send
	logged_in_with LOGIN
}

@test "a mechanism that the server does not offer is 69; a mechanism that postern does not know is 78" {
	start_server <<< "auth_mechs PLAIN LOGIN"
	set_conf auth scram-sha-256
	send_fails 69 auth
	told "no authentication mechanism of localhost can be used"
	told "PLAIN LOGIN"
	hinted '`auth` allows none of these'
	nothing_said
	set_conf auth scram-sha-265
	send_fails 78 config
	hinted "SCRAM-SHA-256"
	set_conf auth digest-md5
	send_fails 78 config
	hinted "without \`auth\` the strongest"
	(($(connections) == 1))
}

@test "OAuth2 is not chosen automatically, and a hint names the setting" {
	start_server <<< "auth_mechs XOAUTH2 OAUTHBEARER"
	send_fails 69 auth
	hinted "auth xoauth2"
	nothing_said
}

@test "a server that does not offer AUTH is 69 when a user is configured" {
	start_server <<< "hide AUTH"
	send_fails 69 auth
	told "does not offer authentication"
	nothing_said
}

@test "with auth off or without a user postern does not log in" {
	start_server < /dev/null
	set_conf auth off
	send
	set_conf auth
	set_conf user
	set_conf password
	send
	(($(said AUTH) == 0))
}

@test "a server that refuses the channel binding is 77" {
	start_server <<-'S'
		auth_mechs SCRAM-SHA-256-PLUS
		scram_bad proof
	S
	send_fails 77 auth
	told 535
	one_attempt
}

# flag MECHANISM BASE64: postern has logged in with it, and its first message began with this.
flag() { (($(said "AUTH $1 $2") == 1)) || complain "the login: $(transcript | grep "C: AUTH")"; }

@test "SCRAM says y if postern can bind the login to TLS and the server offers no -PLUS" {		# RFC 5802 6
	local n="biws" y="eSws" p="cD10"	# "n,,", "y,,", "p=t"
	start_server <<< "auth_mechs SCRAM-SHA-256 PLAIN"
	send
	flag SCRAM-SHA-256 "$y"
	start_server <<< "auth_mechs SCRAM-SHA-1"
	send
	flag SCRAM-SHA-1 "$y"
	start_server <<< "auth_mechs SCRAM-SHA-256-PLUS SCRAM-SHA-256"
	send
	flag SCRAM-SHA-256-PLUS "$p"
	set_conf auth scram-sha-256
	send
	flag SCRAM-SHA-256 "$n"
	start_server <<< "auth_mechs SCRAM-SHA-1-PLUS SCRAM-SHA-256"
	set_conf auth scram-sha-256
	send
	flag SCRAM-SHA-256 "$n"
	start_server < <(printf '%s\n' "tls none" auth_clear "auth_mechs SCRAM-SHA-256")
	set_conf user user
	set_conf password secret
	send
	flag SCRAM-SHA-256 "$n"
}

# -------------------------------------------------------------------------------------------------------------- without TLS

@test "without TLS postern sends no secret, not even the mechanism's name, on the loopback too" {
	local auth
	for auth in auto plain login cram-md5 xoauth2 oauthbearer; do
		start_server <<-'S'
			tls none
			auth_clear
			auth_mechs PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER
		S
		set_conf user user
		set_conf password secret
		set_conf auth "$auth"
		send_fails 69 auth
		hinted "tls on"
		nothing_said
	done
}

@test "SCRAM may be used without TLS, because it does not reveal the password" {
	start_server <<-'S'
		tls none
		auth_clear
	S
	set_conf user user
	set_conf password secret
	send
	logged_in_with SCRAM-SHA-256
	[[ -z $stderr ]]
}

@test "auth_cleartext on sends the secret without TLS and warns each time" {
	local n
	start_server <<-'S'
		tls none
		auth_clear
		auth_mechs PLAIN
	S
	set_conf user user
	set_conf password secret
	set_conf auth_cleartext on
	for n in 1 2; do
		send
		told "warning: sending a secret to localhost without TLS"
		logged_in_with PLAIN "$n"
	done
}

# ------------------------------------------------------------------------------------------------------------------ refusals

@test "the server refuses the login: the status follows the reply, and postern makes one attempt with one mechanism" {
	local want reply
	while read -r want reply; do
		start_server <<< "reply AUTH $reply"
		send_fails "$want" auth
		told "${reply%%\\*}"
		one_attempt
		nothing_shown
	done <<-'END'
		77 535 5.7.8 no such login
		77 534 5.7.9 too weak
		77 538 5.7.11 encryption wanted
		77 530 5.7.0 must do something else
		75 454 4.7.0 temporary failure
		75 432 4.7.12 a password transition is needed
		75 421 4.3.0 going down
		75 451 4.3.0 later
		69 504 5.5.4 no such mechanism
		69 500 5.5.6 line too long
		69 503 5.5.1 not now
	END
}

@test "a wrong password is 77 with every mechanism, after one attempt" {
	local mech
	for mech in scram-sha-256-plus scram-sha-256 scram-sha-1 plain login cram-md5; do
		start_server <<< "auth_mechs SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN CRAM-MD5"
		set_conf auth "$mech"
		set_conf password wrong-one
		send_fails 77 auth
		told "refused the login of user with ${mech^^}"
		one_attempt
		nothing_shown wrong-one
	done
}

@test "a connection lost during the login is 75" {
	local how
	for how in "AUTH close" "AUTH reset" "AUTH half" "AUTH silence" "AUTHLINE close" "AUTHLINE silence"; do
		start_server <<< "drop $how"
		set_conf timeout 1
		send_fails 75 auth
		(($(messages) == 0))
	done
}

@test "a malformed reply to AUTH is 76, and postern makes no second attempt" {
	local reply
	for reply in 'hello' '2' '999 what' '334x'; do
		start_server <<-S
			auth_mechs PLAIN
			reply AUTH $reply
		S
		postern you@example.net < "$mail"
		((status == 76)) || complain "exit status $status after $reply"
		one_attempt
	done
}

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
		postern_timeout=20
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
		postern_timeout=20
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

# -------------------------------------------------------------------------------------------------------------------- EXTERNAL

external() {
	start_server <<-'S'
		request_client_cert
		auth_mechs EXTERNAL PLAIN
	S
	set_conf tls_cert_file "$certs/client.pem"
	set_conf tls_key_file "$certs/client.key"
}

@test "EXTERNAL: the certificate is the login, and an empty identity is sent as =" {
	external
	set_conf auth external
	set_conf password
	set_conf user
	send
	logged_in_with EXTERNAL
	[[ $(transcript) == *"C: AUTH EXTERNAL ="$'\n'* ]]
}

@test "EXTERNAL: postern sends authzid as the identity, or else the user" {
	external
	set_conf auth external
	set_conf password
	send
	logged_in_with EXTERNAL
	[[ $(transcript) == *"C: AUTH EXTERNAL dXNlcg=="* ]]
	external
	set_conf auth external
	set_conf user nobody
	set_conf authzid user
	send
	[[ $(transcript) == *"C: AUTH EXTERNAL dXNlcg=="* ]]
}

@test "EXTERNAL is chosen automatically if there is a certificate and no password" {
	external
	set_conf password
	send
	logged_in_with EXTERNAL
	external
	send
	logged_in_with PLAIN
}

@test "EXTERNAL works without a user; if the server does not offer it, postern does not go on without login" {
	local auth
	for auth in external auto; do
		external
		set_conf auth "$auth"
		set_conf user
		set_conf password
		send
		logged_in_with EXTERNAL
		start_server <<< "auth_mechs PLAIN"
		set_conf auth "$auth"
		set_conf tls_cert_file "$certs/client.pem"
		set_conf tls_key_file "$certs/client.key"
		set_conf user
		set_conf password
		send_fails 69 auth
		nothing_said
	done
}

@test "EXTERNAL is not chosen automatically without a certificate" {
	start_server <<< "auth_mechs EXTERNAL"
	send_fails 69 auth
	nothing_said
}

@test "EXTERNAL: postern sends authzid" {
	external
	set_conf auth external
	set_conf authzid user
	send
	[[ $(transcript) == *"C: AUTH EXTERNAL dXNlcg=="* ]]
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
