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
	rm -f "$provider"/{bits,lifetime,scope,blind,revoke}
	is person alice@example.org
	store=$HOME/.local/state/postern/oauth2
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

aged() { sed -i "s/^obtained .*/obtained $(($(date +%s) - $1))/" "$store/alice@example.org.access"; }

# Somebody ends the access token.  One that is refused within a minute of its birth is not replaced, so it becomes older.
revoke_access() {
	is revoke "$(latest)"
	aged 61
}

# revoke_login: the same with the login.
revoke_login() {
	curl -sS -f --cacert "$certs/ca.pem" -d client_id=native --data-urlencode "token=$(tail -n 1 "$provider/refresh")" \
	    "$issuer/token/revocation"
	aged 61
}

# subject TEXT: the next message has it, and an id of its own.
subject() {
	token=interop.$BATS_TEST_NUMBER.$RANDOM subject=$1
	write_message > "$mail"
}

with_queue() {
	set_conf queue "$1"
	set_conf queue_directory "$BATS_TEST_TMPDIR/queue"
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

@test "a token that has expired is renewed, and no person is needed" {
	local before
	is lifetime 2
	log_in
	rm "$provider/lifetime"
	before=$(refreshes)
	use_login oauthbearer
	sleep 2
	send bob@example.org
	send bob@example.org
	(($(refreshes) == before + 1))
	logs "sasl_username=alice@example.org"
	never_logs "authentication failed"
}

@test "a token that was revoked at the provider is replaced once, and the message is sent in the same run" {
	local before mech
	log_in
	for mech in oauthbearer xoauth2; do
		before=$(refreshes)
		sed -i '/"refused_at"/s/[0-9][0-9]*/1000000000/' "$store/alice@example.org.json"
		revoke_access
		use_login "$mech"
		complaints_expected=1
		send bob@example.org
		(($(refreshes) == before + 1))
		logs "SASL ${mech^^} authentication failed"
		logs "sasl_method=${mech^^}, sasl_username=alice@example.org"
	done
}

@test "a login that was revoked: 77; the queue keeps the mail, the log says what to do, and after a login the mail is sent" {
	log_in
	revoke_login
	use_login oauthbearer
	complaints_expected=1
	postern_fails 77 secret -- -f alice@example.org bob@example.org < "$mail"
	told "invalid_grant"
	told "535 5.7.8"
	[[ $stderr == *"hint: postern-oauth2 login alice@example.org" ]]
	with_queue on
	send bob@example.org
	not_arrived bob@example.org
	rm "$store/alice@example.org.access"
	send bob@example.org
	grep "needs=person" "$BATS_TEST_TMPDIR/logfile" | tail -n 1 | grep -q "postern-oauth2 login alice@example.org"
	postern -bp
	[[ $stdout == *"-- "*" Kbytes in 2 Requests."* ]]
	log_in
	postern --queue-retry ALL
	postern -q
	((status == 0)) || complain "the flush after the login"
	postern -bp
	[[ $stdout == "Mail queue is empty" ]]
	arrived_same bob@example.org
}

@test "twenty submissions at once with a token that has expired: one refresh, and all are sent" {
	local before n
	local -a at_once=()
	is lifetime 2
	log_in
	rm "$provider/lifetime"
	use_login xoauth2
	before=$(refreshes)
	sleep 2
	for n in {1..20}; do
		"$POSTERN" -C "$conf" -i -f alice@example.org bob@example.org < "$mail" > "$BATS_TEST_TMPDIR/out.$n" 2>&1 3>&- &
		at_once+=("$!")
	done
	for n in "${at_once[@]}"; do
		wait "$n" || complain "$(cat "$BATS_TEST_TMPDIR"/out.*)"
	done
	(($(refreshes) == before + 1))
	all_arrived() { (($(grep -lr -F "<$token@example.org>" "$run/mail/bob@example.org/new" | wc -l) == 20)); }
	await 10 all_arrived
}

@test "-bs: a session that lasts longer than its token logs in with a new one" {
	local before
	is lifetime 2
	log_in
	use_login oauthbearer
	set_conf port "$hasty"
	before=$(refreshes)
	says_two() {
		local n
		for n in 1 2; do
			printf '%s\r\n' "MAIL FROM:<alice@example.org>" "RCPT TO:<bob@example.org>" DATA
			sed 's/^\./../; s/$/\r/' "$mail"
			printf '.\r\n'
			((n == 2)) || sleep 3
		done
		printf 'QUIT\r\n'
	}
	run_bounded "$POSTERN" -C "$conf" -bs < <(printf 'EHLO here\r\n'; says_two)
	((status == 0)) && (($(grep -c '^250 .*' <<< "$stdout") >= 6)) || complain "the session"
	(($(refreshes) > before))
	never_logs "authentication failed"
	arrived bob@example.org
}

@test "a flush that goes on longer than a token lives" {
	local before n pid
	is lifetime 2
	log_in
	use_login xoauth2
	set_conf port "$hasty"
	with_queue always
	before=$(refreshes)
	"$POSTERN" -C "$conf" -q1s > "$BATS_TEST_TMPDIR/flush" 2>&1 3>&- &
	pid=$!
	for n in 1 2; do
		subject "$n"
		send bob@example.org
		arrived bob@example.org
		((n == 2)) || sleep 3
	done
	kill "$pid"
	wait "$pid" || :
	(($(refreshes) > before))
	never_logs "authentication failed"
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

# Postfix over Dovecot 2.3 answers 535 and has no challenge, as for a wrong password.  Over 2.4 the challenge says internal_failure, or
# 500 with XOAUTH2.
@test "the mail server cannot ask the provider: 75 where it says so, else 77 with a hint that names this" {
	local before want=77 mech
	log_in
	aged 700
	before=$(refreshes)
	is blind 1
	complaints_expected=1
	[[ $(dovecot_release) == 2.3 ]] || want=75
	for mech in oauthbearer xoauth2; do
		use_login "$mech"
		postern_fails "$want" auth -- -f alice@example.org bob@example.org < "$mail"
	done
	((want == 75)) || hinted "cannot check tokens at the moment"
	(($(refreshes) <= before + 1))
	with_queue on
	send bob@example.org
	rm "$provider/blind"
	postern --queue-retry ALL
	postern -q
	((status == 0)) || complain "the flush"
	arrived_same bob@example.org
}

# The last test, since the provider does not come back.
@test "while the provider is down, a refused token is 75, and the login stays as it is" {
	log_in
	aged 700
	kill "$(< "$provider/pid")"
	use_login oauthbearer
	complaints_expected=1
	postern_fails 75 -- -f alice@example.org bob@example.org < "$mail"
	refute grep -q '"dead"' "$store/alice@example.org.json"
	not_arrived bob@example.org
}
