#!/usr/bin/env bats
# postern with `oauth2 NAME`, and Postfix with Dovecot's SASL, which asks the OpenID provider about each token (RFC 7662).
# shellcheck disable=SC2154	# set by servers.bash and openid.bash

load servers
load openid

acceptance=': message-id='

setup_file() {
	postern_provider=$(no_openid)
	export postern_provider
	[[ -n $postern_provider ]] || interop_setup_file start_openid start_dovecot start_postfix
}

teardown_file() {
	stop_provider
	interop_teardown_file
}

start_openid() {
	certs=$run/certs provider=$run/openid
	start_provider
	export certs provider issuer introspection
}

setup() {
	[[ -z $postern_provider ]] || skip "$postern_provider"
	interop_setup
	certs=$run/certs jar=$BATS_TEST_TMPDIR/jar
	export NO_PROXY=localhost,127.0.0.1
	rm -f "$provider"/{bits,lifetime,scope}
	is person alice@example.org
	write_person
}

teardown() {
	[[ -z $postern_provider ]] || return 0
	interop_teardown
}

# log_in [ARGS]: alice logs in.  use_login MECHANISM: the account has nothing but this login.
log_in() {
	BROWSER=$person run_bounded "$BUILDDIR/postern-oauth2" login alice@example.org --provider "$issuer" \
	    --tls-trust-file "$certs/ca.pem" --client-id native --browser --scope "smtp offline_access" "$@" < /dev/null
	((status == 0)) || complain "the login"
}

use_login() {
	use "$submission" "$1"
	set_conf user
	set_conf password
	set_conf oauth2 alice@example.org
}

latest() { tail -n 1 "$provider/access"; }
refreshes() { grep -c '^POST /token refresh_token 200' "$provider/log" || :; }

# The access token becomes one that is worth nothing, as after a revocation (here that would end the refresh token, too).  It has
# to be older than ten minutes: for one that is refused as soon as it was made, no other is asked for.
spoil_access() {
	sed -i -e "s/^obtained .*/obtained $(($(date +%s) - 700))/" -e 's/^token .*/token spoilt/' \
	    "$HOME/.local/state/postern/oauth2/alice@example.org.access"
}

@test "Postfix and Dovecot take the token of a login, with both mechanisms, short and long" {
	local bits mech
	for bits in 240 18000; do
		is bits "$bits"
		log_in
		(($(latest | wc -c) == bits / 6 + 1))
		for mech in oauthbearer xoauth2; do
			use_login "$mech"
			send bob@example.org
			logs "sasl_method=${mech^^}, sasl_username=alice@example.org"
		done
		arrived_same bob@example.org
	done
}

@test "a token that the server does not take any more is replaced once, and the message is sent in the same run" {
	local before mech
	log_in
	for mech in oauthbearer xoauth2; do
		before=$(refreshes)
		spoil_access
		use_login "$mech"
		complaints_expected=1
		send bob@example.org
		(($(refreshes) == before + 1))
		logs "SASL ${mech^^} authentication failed"
		logs "sasl_method=${mech^^}, sasl_username=alice@example.org"
	done
}

@test "a token of somebody else is 77, and is not replaced again and again" {
	local before n
	is person bob@example.org
	log_in
	before=$(refreshes)
	use_login xoauth2
	complaints_expected=1
	for n in 1 2 3; do
		postern_fails 77 -- -f alice@example.org bob@example.org < "$mail"
	done
	(($(refreshes) <= before + 1))
	not_arrived bob@example.org
}

@test "a login without the scope of the mail server is 77" {
	log_in --scope "openid email offline_access"
	use_login oauthbearer
	complaints_expected=1
	postern_fails 77 -- -f alice@example.org bob@example.org < "$mail"
	not_arrived bob@example.org
}

# The last test, since the provider does not come back.
@test "while the provider is down, a refused token is 75, and the login stays as it is" {
	log_in
	sed -i "s/^obtained .*/obtained $(($(date +%s) - 700))/" "$HOME/.local/state/postern/oauth2/alice@example.org.access"
	kill "$(< "$provider/pid")"
	use_login oauthbearer
	complaints_expected=1
	postern_fails 75 -- -f alice@example.org bob@example.org < "$mail"
	refute grep -q '"dead"' "$HOME/.local/state/postern/oauth2/alice@example.org.json"
	not_arrived bob@example.org
}
