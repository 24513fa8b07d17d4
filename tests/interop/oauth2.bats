#!/usr/bin/env bats
# postern-oauth2 with a real OpenID provider: README says how it is run.
# shellcheck disable=SC2154	# set by the helper

load packages
load openid
load ../helper

# bats 1.8 cannot skip in setup_file.
missing() {
	command -v script > /dev/null || { echo "there is no script to make a terminal with"; return; }
	no_openid
}

setup_file() {
	skip_all=$(missing)
	export skip_all
}

setup() {
	[[ -z $skip_all ]] || skip "$skip_all"
	helper_setup
	oauth2=$BUILDDIR/postern-oauth2 store=$HOME/.local/state/postern/oauth2 jar=$BATS_TEST_TMPDIR/jar
	unset BROWSER DISPLAY WAYLAND_DISPLAY WSL_DISTRO_NAME
	export NO_PROXY=localhost,127.0.0.1
	make_certs
	provider=$BATS_TEST_TMPDIR/provider
	write_person
	start_provider
}

teardown() {
	[[ -z $skip_all ]] || return 0
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		show_log
	fi
	stop_provider
	helper_teardown
}

show_log() { tail -n 40 "$provider/log" "$provider/stderr" >&2; }

# login ARGS: logs in as me@example.org, under this name.  $status, $stdout, $stderr.
login() { run_bounded "$oauth2" login me@example.org --provider "$issuer" --tls-trust-file "$certs/ca.pem" "$@" < /dev/null; }
run_oauth2() { run_bounded "$oauth2" "$@" < /dev/null; }

# Standard output must be empty: it is for what was asked for.
logged_in() {
	[[ $status == 0 && -z $stdout && $stderr == *"Logged in: me@example.org"* && $stderr == *"    oauth2 me@example.org"* ]] || {
		printf '%s\n' "status $status" "$stdout" "$stderr" >&2
		return 1
	}
}

# The token of the login must be the one that the provider gave last.
token_is_latest() {
	run_oauth2 token me@example.org
	((status == 0)) && [[ $stdout == "$(tail -n 1 "$provider/access")" && -z $stderr ]]
}

logs() { grep -qE -- "$1" "$provider/log"; }
times() { grep -cE -- "$1" "$provider/log"; }

# What is written for people has none of the secrets.
tells_no_secret() {
	local secret
	cat "$provider"/{access,refresh} 2> /dev/null > "$BATS_TEST_TMPDIR/secrets"
	while read -r secret; do
		[[ $1 != *"$secret"* ]] || { echo "it shows a token" >&2; return 1; }
	done < "$BATS_TEST_TMPDIR/secrets"
}

# ----------------------------------------------------------------------------------------------------------- the browser

@test "the browser flow with a client that registers itself, by BROWSER" {
	BROWSER=$person login --browser
	logged_in
	tells_no_secret "$stderr"
	token_is_latest
	logs '^POST /reg 201'
	await 5 test -e "$person.page"
	grep -q 'Logged in' "$person.page"
	[[ $(stat -c %a "$store/me@example.org.json" "$store/me@example.org.access" | sort -u) == 600 ]]
}

@test "the next login of that name needs no option, and takes the same client" {
	BROWSER=$person login --browser
	logged_in
	BROWSER=$person run_oauth2 login me@example.org
	logged_in
	token_is_latest
	[[ $(times '^POST /reg ') == 1 && $(times '^POST /token authorization_code 200') == 2 ]]
}

@test "a person who refuses: the browser and the terminal say so, and no login is left" {
	is person ''
	BROWSER=$person login --client-id native
	((status == 77))
	[[ $stderr == *"has not allowed it"*"access_denied"*"The person said no."* ]]
	await 5 test -e "$person.page"
	grep -q 'Not logged in' "$person.page"
	[[ ! -e $store/me@example.org.json && ! -e $store/me@example.org.access ]]
}

@test "another account than the one that was asked for is named" {
	is person you@example.net
	BROWSER=$person login --client-id native
	logged_in
	[[ $stderr == *"warning: the login is for me@example.org, and you@example.net has logged in"* ]]
}

@test "a redirect of another issuer ends the login" {
	is plain_iss https://evil.example
	BROWSER=$person login --client-id native
	((status == 76))
	[[ $stderr == *"comes from https://evil.example and not from $issuer"* ]]
	refute logs '^POST /token'
}

@test "a scope that cannot send is refused, although the provider gave tokens" {
	is scope 'openid email offline_access'
	BROWSER=$person login --client-id native
	((status == 77))
	[[ $stderr == *"cannot send: urn:ietf:params:oauth:scope:mail is missing"* ]]
	await 5 test -e "$person.page"
	grep -q 'Not logged in' "$person.page"
	[[ ! -e $store/me@example.org.json ]]
}

@test "the authorities that login trusted are those of later runs, too" {
	is lifetime 4
	BROWSER=$person run_oauth2 login me@example.org --provider "$issuer" --client-id native
	((status == 75))
	[[ $stderr == *"is not trusted"*"--tls-trust-file"* ]]
	cp "$certs/ca.pem" "$HOME/ca.pem"
	cd "$HOME"
	POSTERN_TLS_TRUST_FILE=ca.pem BROWSER=$person run_oauth2 login me@example.org --provider "$issuer" --client-id native
	logged_in
	cd /
	sleep 4
	token_is_latest
}

@test "the address of the metadata stands for the issuer" {
	BROWSER=$person login --client-id native --provider "$issuer/.well-known/openid-configuration"
	logged_in
	grep -qF "\"provider\": \"$issuer\"" "$store/me@example.org.json"
}

# ------------------------------------------------------------------------------------------------------------- the paste

# Follows the pages up to the redirect to an address where nobody listens, and prints that address.
last_address() {
	local at=$1 next
	while [[ $at == https://* ]]; do
		next=$(curl -sS --max-time 20 --cacert "$certs/ca.pem" -c "$jar" -b "$jar" -o /dev/null -w '%{redirect_url}' "$at")
		[[ -n $next ]] || return 1
		at=$next
	done
	echo "$at"
}

# type_address: waits until the terminal shows the page, and types the address of the last one.
type_address() {
	local url
	await 20 grep -q 'press Enter' "$BATS_TEST_TMPDIR/screen"
	url=$(grep -o 'https://[^[:space:]]*' "$BATS_TEST_TMPDIR/screen" | head -n 1)
	last_address "$url" | tee "$BATS_TEST_TMPDIR/address"
}

@test "5,000 characters pasted into a terminal, which are not shown" {
	local command="$oauth2 login me@example.org --provider $issuer --tls-trust-file $certs/ca.pem --client-id native --paste"
	is bits 30000
	at_terminal "$command; stty -a" < <(type_address)
	((status == 0))
	(($(wc -c < "$BATS_TEST_TMPDIR/address") > 5000))
	[[ $screen == *"Logged in: me@example.org"* && $screen != *"code="?????* ]]
	[[ $screen == *" icanon"* && $screen == *" echo "* ]]
	tells_no_secret "$screen"
	(($(wc -c < "$store/me@example.org.access") > 5000))
	token_is_latest
}

@test "a pasted code, or another login's address, is refused with the reason, and the wait goes on" {
	local command="$oauth2 login me@example.org --provider $issuer --tls-trust-file $certs/ca.pem --client-id native --paste"
	type_all() {
		local address code
		address=$(type_address)
		code=${address#*code=}
		echo "${code%%&*}"
		await 10 grep -q 'has no .state.' "$BATS_TEST_TMPDIR/screen"
		echo "${address/state=/state=x}"
		await 10 grep -q 'belongs to another login' "$BATS_TEST_TMPDIR/screen"
		printf '%s\n' "  $address  "
	}
	at_terminal "$command" < <(type_all)
	((status == 0))
	[[ $screen == *"Logged in: me@example.org"* ]]
}

@test "a paste while the browser is waited for" {
	local command="$oauth2 login me@example.org --provider $issuer --tls-trust-file $certs/ca.pem --client-id native --browser --no-browser"
	at_terminal "$command" < <(type_address)
	((status == 0))
	[[ $screen == *"Logged in: me@example.org"* ]]
}

@test "Ctrl-C ends the wait, restores the terminal and leaves no login" {
	local command="$oauth2 login me@example.org --provider $issuer --tls-trust-file $certs/ca.pem --client-id native --paste"
	interrupt() {
		await 20 grep -q 'press Enter' "$BATS_TEST_TMPDIR/screen"
		printf 'half an addr\003'
		await 20 grep -q 'speed' "$BATS_TEST_TMPDIR/screen"
	}
	at_terminal "trap : INT; $command; echo \"it was \$?\"; stty -a" < <(interrupt)
	[[ $screen == *"stopped by signal 2"*"it was 75"*" icanon"*" echo "* && $screen != *"half an addr"* ]]
	[[ ! -e $store/me@example.org.json ]]
}

@test "without a terminal --paste says why it cannot go on" {
	run_bounded setsid -w "$oauth2" login me@example.org --provider "$issuer" --tls-trust-file "$certs/ca.pem" --client-id native --paste \
	    < /dev/null
	((status == 64))
	[[ $stderr == *"there is no terminal into which the address could be pasted"* ]]
}

# ------------------------------------------------------------------------------------------------------------ the device

# The device flow, with a person who enters the code.
device() {
	local shown=$BATS_TEST_TMPDIR/stderr	# of run_bounded
	: > "$shown"
	(
		await 20 grep -q 'enter this code' "$shown"
		"$person" "$issuer/device" "$(sed -n 's/.*enter this code:  //p' "$shown")"
	) 3>&- &
	login --client-id native --device --no-browser
	wait "$!"
}

@test "the device flow, at the provider's pace" {
	is interval 1
	device
	logged_in
	tells_no_secret "$stderr"
	[[ $stderr == *"    $issuer/device"* && $stderr != *"asks too early"* ]]
	token_is_latest
	refute logs 'too early'
}

@test "the device flow slows down when it is told to" {
	is interval 1
	is slow_down 1
	device
	logged_in
	logs '^POST /token device_code 400 slow_down'
	refute logs 'too early'
}

@test "the device flow ends when the person refuses" {
	is interval 1
	is person ''
	device
	((status == 77))
	[[ $stderr == *"has not allowed it"* ]]
	[[ ! -e $store/me@example.org.json ]]
}

# ------------------------------------------------------------------------------------------------- without a person

@test "client credentials, with a secret of all characters from a file" {
	printf 'tin+/=%% man\n' > "$BATS_TEST_TMPDIR/secret"
	chmod 600 "$BATS_TEST_TMPDIR/secret"
	cd "$BATS_TEST_TMPDIR"
	login --client-credentials --client-id robot --client-secret-file secret --scope smtp
	logged_in
	token_is_latest
	cd /
	rm "$store/me@example.org.access"
	token_is_latest
	[[ $(times '^POST /token client_credentials 200') == 2 ]]
}

@test "client credentials without a secret are refused before the provider is asked for a token" {
	login --client-credentials --client-id robot --scope smtp
	((status == 78))
	[[ $stderr == *"--client-secret-file"* ]]
	refute logs '^POST /token'
}

# --------------------------------------------------------------------------------------------------- a login's later life

# A token with four seconds has one second less than that as its good time.
short_login() {
	is lifetime 4
	BROWSER=$person login --client-id native
	logged_in
}

refresh_token() { sed -n 's/.*"refresh_token": "\(.*\)".*/\1/p' "$store/me@example.org.json"; }

@test "each refresh token is used once: after a rotation the new one is kept" {
	local n
	short_login
	for n in 1 2 3; do
		sleep 4
		token_is_latest
		[[ $(refresh_token) == "$(tail -n 1 "$provider/refresh")" ]]
	done
	[[ $(times '^POST /token refresh_token 200') == 3 && $(sort -u "$provider/refresh" | wc -l) == 4 ]]
}

@test "twenty at once, with a token that has expired: one refresh" {
	local n
	local -a at_once=()
	short_login
	is lifetime 3600
	sleep 4
	for n in {1..20}; do
		"$oauth2" token me@example.org > "$BATS_TEST_TMPDIR/token.$n" 2>&1 3>&- &
		at_once+=("$!")
	done
	wait "${at_once[@]}"
	[[ $(sort -u "$BATS_TEST_TMPDIR"/token.* | wc -l) == 1 && $(cat "$BATS_TEST_TMPDIR/token.1") == "$(tail -n 1 "$provider/access")" ]]
	[[ $(times '^POST /token refresh_token 200') == 1 ]]
}

@test "a refresh token that was used twice ends the login: 77, and the provider is not asked again" {
	short_login
	cp "$store/me@example.org.json" "$BATS_TEST_TMPDIR/stolen"
	sleep 4
	token_is_latest
	cp "$BATS_TEST_TMPDIR/stolen" "$store/me@example.org.json"
	sleep 4
	run_oauth2 token me@example.org
	((status == 77))
	[[ -z $stdout && $stderr == *"invalid_grant"*"postern-oauth2 login me@example.org"* ]]
	tells_no_secret "$stderr"
	run_oauth2 token me@example.org
	((status == 77))
	[[ $(times '^POST /token refresh_token') == 2 ]]
	is lifetime 3600
	BROWSER=$person run_oauth2 login me@example.org
	logged_in
	token_is_latest
}

@test "logout revokes the login at the provider, and deletes it here" {
	local token
	short_login
	token=$(refresh_token)
	run_oauth2 logout me@example.org
	((status == 0))
	logs '^POST /token/revocation 200'
	[[ ! -e $store/me@example.org.json && ! -e $store/me@example.org.access ]]
	[[ $(curl -sS --cacert "$certs/ca.pem" -d grant_type=refresh_token -d client_id=native --data-urlencode "refresh_token=$token" \
	    "$issuer/token") == *invalid_grant* ]]
}
