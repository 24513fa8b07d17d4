# postern, postern-oauth2 and a provider together: a login, and the mail that is sent with it.
load helper
load provider

# logged_in: the login `work`, by client credentials; the provider gives the tokens first, second, third.
logged_in() {
	start_provider
	answers <<-'A'
		{ "/.well-known/oauth-authorization-server": [ { "json": { "issuer": "https://localhost:%PORT%",
		    "token_endpoint": "https://localhost:%PORT%/token" } } ],
		  "/token": [ { "json": { "access_token": "first", "token_type": "Bearer", "expires_in": 3600 } },
		    { "json": { "access_token": "second", "token_type": "Bearer", "expires_in": 3600 } },
		    { "json": { "access_token": "third", "token_type": "Bearer", "expires_in": 3600 } } ] }
	A
	(umask 077; echo secret > "$BATS_TEST_TMPDIR/secret")
	POSTERN_TLS_TRUST_FILE=$certs/ca.pem run_bounded "${POSTERN%/*}/postern-oauth2" login work --provider "$provider" \
	    --client-credentials --client-id id --client-secret-file "$BATS_TEST_TMPDIR/secret" --scope mail --user me@example.org
	((status == 0)) || complain "login: status $status"
	access=$HOME/.local/state/postern/oauth2/work.access
	start_server <<-S
		auth_mechs OAUTHBEARER PLAIN
		user me@example.org
		token $1
	S
	set_conf user
	set_conf password
	set_conf from
	set_conf oauth2 work
}

# aged SECONDS: the token is so old.
aged() {
	local obtained expires
	read -r _ obtained < <(grep '^obtained' "$access")
	read -r _ expires < <(grep '^expires' "$access")
	sed -i -e "s/^obtained.*/obtained $((obtained - $1))/" -e "s/^expires.*/expires $((expires - $1))/" "$access"
}

tokens() { grep -c '"path":"/token"' "$provider_dir/requests"; }

@test "a login is all that is needed: the token of the login is used, and the provider is not asked again" {
	logged_in first
	postern_ok you@example.net < "$mail"
	postern_ok you@example.net < "$mail"
	[[ $(tokens) == 1 ]]
	[[ $(envelope) == *"auth OAUTHBEARER me@example.org"*"mail <me@example.org>"* ]]
}

@test "a token that has expired, is damaged or is lost is replaced before connecting" {
	logged_in second
	aged 3400
	postern_ok you@example.net < "$mail"
	[[ $(tokens) == 2 && $(transcript | grep -c "C: AUTH") == 1 ]]
	stop_server
	rm "$access"
	start_server <<< $'auth_mechs OAUTHBEARER\ntoken third\nuser me@example.org'
	set_conf user
	set_conf password
	set_conf oauth2 work
	postern_ok you@example.net < "$mail"
	[[ $(tokens) == 3 ]]
}

@test "a token that the server refuses is replaced once, and AUTH is said again" {
	logged_in second
	aged 1200
	postern_ok you@example.net < "$mail"
	[[ $(tokens) == 2 && $(transcript | grep -c "C: AUTH") == 2 ]]
	grep -qx "token second" "$access"
}

@test "a new token that is refused costs no request at the provider, however many messages are tried" {
	local n
	logged_in never
	for n in 1 2 3; do
		postern_fails 77 auth -- you@example.net < "$mail"
		hinted "postern-oauth2 login work"
	done
	[[ $(tokens) == 1 ]]
	aged 1200
	sed -i 's/"refused_at": *[0-9]*/"refused_at": 1/' "${access%.access}.json"
	postern_fails 77 auth -- you@example.net < "$mail"
	postern_fails 77 auth -- you@example.net < "$mail"
	[[ $(tokens) == 2 ]]
	run_bounded "${POSTERN%/*}/postern-oauth2" status work
	[[ $stdout == *refused* ]]
}

@test "a login that is over: 77, the words of the provider, and the queue keeps the mail" {
	logged_in first
	aged 1200
	answers <<< '{ "/token": [ { "status": 400, "json": { "error": "invalid_grant", "error_description": "Token has been expired or revoked." } } ] }'
	rm "$access"
	postern_fails 77 secret -- -f me@example.org you@example.net < "$mail"
	told "Token has been expired or revoked."
	hinted "postern-oauth2 login work"
	set_conf queue on
	set_conf queue_directory "$BATS_TEST_TMPDIR/queue"
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	postern_ok -f me@example.org you@example.net < "$mail"
	[[ $(< "$BATS_TEST_TMPDIR/log") == *"needs=person"*"postern-oauth2 login work"* ]] || complain "$(< "$BATS_TEST_TMPDIR/log")"
}

@test "the provider cannot be reached: 75; its nonsense is 76" {
	logged_in second
	rm "$access"
	answers <<< '{ "/token": [ { "status": 503, "headers": { "Retry-After": "3600" } } ] }'
	postern_fails 75 secret -- -f me@example.org you@example.net < "$mail"
	answers <<< '{ "/token": [ { "body": "[]" } ] }'
	postern_fails 76 secret -- -f me@example.org you@example.net < "$mail"
}
