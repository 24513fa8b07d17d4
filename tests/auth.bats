# AUTH: which mechanism logs in, what a refusal means, and logins by certificate.  Challenges: auth-challenges.bats.

load helper
load auth

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
		late_on "dropped: silence"
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
