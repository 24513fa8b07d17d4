# postern-oauth2 and a provider that it knows only by its metadata: discovery, the requests for tokens, registration, refusals.
# Client credentials are the flow that needs no person.
load helper
load provider

setup() {
	provider_setup
	make_certs
	export POSTERN_TLS_TRUST_FILE=$certs/ca.pem
	secret=$BATS_TEST_TMPDIR/secret
	(umask 077; echo 's e+c/r=t' > "$secret")
}

oauth2() { run_bounded "${POSTERN%/*}/postern-oauth2" "$@"; }
oauth2_fails() { # STATUS ARGS
	oauth2 "${@:2}"
	[[ $status == "$1" ]] || { printf '%s\n' "status $status" "$stdout" "$stderr" >&2; return 1; }
}
log_in() { oauth2_fails "$1" login work --provider "$provider$2" --client-credentials --client-id i/d --client-secret-file "$secret" --scope s "${@:3}"; }

# metadata PATH-OF-ISSUER [JSON MEMBERS]
metadata() { printf '{"status": 200, "json": {"issuer": "%s%s", "token_endpoint": "%s/token"%s}}' "$provider" "$1" "$provider" "${2:+, $2}"; }
token='[{"json": {"access_token": "abc", "token_type": "Bearer"}}]'
post='"token_endpoint_auth_methods_supported": ["client_secret_post"]'

@test "metadata are found at the place of RFC 8414, before the issuer's path" {
	start_provider
	answers <<< "{\"/.well-known/oauth-authorization-server/a/b\": [$(metadata /a/b "$post")], \"/token\": $token}"
	log_in 0 /a/b
	requests | sed -n 1p | grep -F '"path":"/.well-known/oauth-authorization-server/a/b","method":"GET"'
	requests | sed -n 2p | grep -F '"form":{"grant_type":"client_credentials","scope":"s","client_id":"i/d","client_secret":"s e+c/r=t"}'
	[[ $(asked) == 2 ]]
	oauth2_fails 0 token work
	[[ $stdout == abc && $(asked) == 2 ]]
}

@test "metadata are found at the place of OpenID Connect, behind the path, although the other place has a page" {
	start_provider
	answers <<< "{\"/.well-known/oauth-authorization-server/a\": [{\"type\": \"text/html\", \"body\": \"<html>\"}],
		\"/a/.well-known/openid-configuration\": [$(metadata /a "$post")], \"/token\": $token}"
	log_in 0 /a
}

@test "an issuer with a slash at its end is asked without it, and compared with it" {
	start_provider
	answers <<< "{\"/.well-known/oauth-authorization-server\": [$(metadata /)], \"/token\": $token}"
	log_in 0 /
	log_in 78 ""
	[[ $stderr == *"of another issuer"*"$provider/"* ]]
}

@test "a server whose metadata do not name client_secret_post gets the secret by Basic" {
	start_provider
	answers <<< "{\"/.well-known/oauth-authorization-server\": [$(metadata "")], \"/token\": $token}"
	log_in 0 ""
	requests | tail -n 1 | grep -F "\"authorization\":\"Basic $(printf 'i%%2Fd:s%%20e%%2Bc%%2Fr%%3Dt' | base64)\""
	requests | tail -n 1 | grep -F '"form":{"grant_type":"client_credentials","scope":"s"}'
}

@test "lying metadata are 78, and nothing is asked of what they name" {
	local lie
	start_provider
	for lie in '"issuer": "https://evil.example"' "\"issuer\": \"$provider/\"" '"token_endpoint": "http://localhost/token"' \
	    '"authorization_endpoint": "javascript:x"' '"revocation_endpoint": "https://me:secret@localhost/"'; do
		answers <<< "{\"/.well-known/oauth-authorization-server\":
			[{\"json\": $(node -e 'const o = { issuer: process.argv[1], token_endpoint: process.argv[1] + "/token" };
				console.log(JSON.stringify({ ...o, ...JSON.parse(`{${process.argv[2]}}`) }))' "$provider" "$lie")}], \"/token\": $token}"
		: > "$provider_dir/requests"
		log_in 78 ""
		refute grep -F '"path":"/token"' "$provider_dir/requests"
		[[ ! -e $HOME/.local/state/postern/oauth2/work.json ]]
	done
}

@test "a server without metadata is 78; one that is busy is 75" {
	start_provider
	log_in 78 ""
	[[ $stderr == *"has no metadata for OAuth2"* ]]
	answers <<< '{"/.well-known/oauth-authorization-server": [{"status": 503, "headers": {"Retry-After": "3600"}}]}'
	log_in 75 ""
	[[ $stderr == *"status 503"* ]]
}

@test "what the token endpoint answers decides the status, and no body with a token is shown" {
	local row
	start_provider
	while read -r row; do
		answers <<< "{\"/.well-known/oauth-authorization-server\": [$(metadata "")], \"/token\": [${row#* }]}"
		log_in "${row%% *}" ""
		[[ $stderr != *abc* && $stderr != *$'\e'* && $stdout == "" ]]
		[[ $stderr == *"localhost:$provider_port"* ]]
	done <<'EOF'
76 {"type": "text/html", "body": "<html>"}
76 {"body": "[]"}
76 {"body": "{\"access_token\": \"abc"}
76 {"json": {"access_token": "abc\r\nRCPT TO:<x@y>"}}
76 {"json": {"access_token": "abc\u0001"}}
76 {"type": "text/plain", "body": "access_token=abc"}
75 {"status": 404, "type": "text/html", "body": "<html>"}
75 {"status": 302, "headers": {"Location": "/other"}}
75 {"status": 429, "headers": {"Retry-After": "3600"}}
75 {"how": "cut", "json": {"access_token": "abcdefghijklmnopq"}}
75 {"status": 500, "json": {"access_token": "abc"}}
75 {"status": 500, "type": "text/plain", "body": "access_token=abc"}
78 {"status": 401, "json": {"error": "invalid_client"}}
78 {"status": 400, "json": {"error": "invalid_scope", "error_description": "\u001b[31mred"}}
78 {"json": {"access_token": "abc", "token_type": "DPoP"}}
77 {"status": 400, "json": {"error": "access_denied"}}
EOF
}

@test "the hint names the command, with the name of the login" {
	start_provider
	answers <<< "{\"/.well-known/oauth-authorization-server\": [$(metadata "")],
		\"/token\": [{\"status\": 400, \"json\": {\"error\": \"invalid_grant\", \"error_description\": \"AADSTS50173: changed\"}}]}"
	log_in 77 ""
	[[ $stderr == *"hint: the password was changed, or all sessions were ended: postern-oauth2 login work" ]]
}

@test "the client's secret: a file that others may read is 77, one that is missing or empty is 78; a command is run each time" {
	start_provider
	answers <<< "{\"/.well-known/oauth-authorization-server\": [$(metadata "" "$post")], \"/token\": $token}"
	chmod 644 "$secret"
	log_in 77 ""
	[[ $stderr == *"chmod 600 $secret"* ]]
	: > "$secret"
	chmod 600 "$secret"
	log_in 78 ""
	rm "$secret"
	log_in 78 ""
	[[ $(requests | grep -c '"path":"/token"') == 0 ]]
	echo from-command > "$BATS_TEST_TMPDIR/vault"
	oauth2_fails 0 login work --provider "$provider" --client-credentials --client-id id --scope s \
	    --client-secret-command "cat $BATS_TEST_TMPDIR/vault"
	requests | tail -n 1 | grep -F '"client_secret":"from-command"'
	refute grep -r from-command "$HOME/.local/state/postern"
}
