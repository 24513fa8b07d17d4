#!/usr/bin/env bats
# postern-oauth2 login: what it refuses before a person is asked, the server on the loopback interface, and the browser.
# tests/interop/oauth2.bats has whole logins.  No test here reaches a provider.
# shellcheck disable=SC2154	# set by the helper
# shellcheck disable=SC2016	# the scripts of browsers

load helper
load provider

setup() {
	provider_setup
	oauth2=$BUILDDIR/postern-oauth2 store=$HOME/.local/state/postern/oauth2 secret=$BATS_TEST_TMPDIR/secret
	unset BROWSER DISPLAY WAYLAND_DISPLAY WSL_DISTRO_NAME
	export https_proxy=http://127.0.0.1:1		# nothing can leave the machine
	echo hush > "$secret"
	chmod 600 "$secret"
}

login() { run_bounded setsid -w "$oauth2" login "$@" < /dev/null; }

# refuses STATUS WORDS -- ARGS: the login must end so, and leave nothing.
refuses() {
	local want=$1 words=$2
	shift 3
	login "$@"
	[[ $status == "$want" && $stderr == *"$words"* && -z $stdout ]] \
	    || complain "not $want with \"$words\" but $status from: login $*"
	[[ ! -e $store/${1##*/}.json ]]
}

@test "a provider that is not named or not known: the names are shown" {
	refuses 64 "which provider has the login me?" -- me
	[[ $stderr == *"google, microsoft, yahoo"*"https:// URL"* ]]
	refuses 78 "there is no provider gogle" -- me --provider gogle
	refuses 78 "gives tokens only to a client" -- me --provider gmail
	[[ $stderr == *"postern-oauth2 login me --provider google"* ]]
	refuses 78 "there is no provider google.com" -- me --provider google.com
	refuses 78 "no https:// URL" -- me --provider http://login.example.org
	refuses 78 "no https:// URL" -- me --provider https://
}

@test "a name that could be another file is none" {
	local name
	for name in ../me .me a/b 'a b' "$(printf 'x%.0s' {1..129})"; do
		refuses 64 "is no name for a login" -- "$name" --provider google
	done
}

@test "Google's device flow is refused at once, with the reason and the flow to use" {
	refuses 78 "Google's device flow does not allow the scope of mail" -- me --provider google --device
	[[ $stderr == *"postern-oauth2 login me --provider google --browser"* ]]
}

@test "a device flow that the provider has not" {
	local provider
	for provider in yahoo aol fastmail mailru comcast; do
		refuses 78 "$provider: it offers no device flow" -- me --provider "$provider" --device
	done
}

@test "without a client id three lines say where to get one" {
	local provider
	for provider in google microsoft yahoo aol yandex mailru comcast; do
		refuses 78 "no --client-id is given" -- me --provider "$provider"
		[[ $stderr == *"postern-oauth2 login me --provider $provider --client-id ID"* ]]
	done
	[[ $stderr != *"--redirect-uri"* ]]
	refuses 78 "no --client-id is given" -- me --provider mailru
	[[ $stderr == *"--client-id ID --client-secret-file FILE --redirect-uri U"* ]]
}

@test "without the client's secret, where it is needed" {
	refuses 78 "google gives no token without the secret" -- me --provider google --client-id x
	[[ $stderr == *"--client-secret-file FILE"* ]]
	refuses 78 "the file of --client-secret-file" -- me --provider google --client-id x --client-secret-file /nowhere
	[[ $stderr == *"hint: to write the secret into it: install -D -m 600 /dev/stdin /nowhere"* ]]
	[[ $stderr != *"Open this page"* ]]
	chmod 644 "$secret"
	refuses 77 "other users may read" -- me --provider google --client-id x --client-secret-file "$secret"
	[[ $stderr == *"chmod 600 $secret"* && $stderr != *"Open this page"* ]]
	refuses 75 "--client-secret-command" -- me --provider google --client-id x --client-secret-command false
	[[ $stderr != *"Open this page"* ]]
}

@test "client credentials need a tenant at Microsoft, and are unknown elsewhere" {
	refuses 64 "needs the tenant of one organisation" -- me --provider microsoft --client-credentials --client-id x --client-secret-file "$secret"
	refuses 78 "google has no client credentials for mail" -- me --provider google --client-credentials
	[[ $stderr == *"postern-oauth2 login me --provider google --browser"* ]]
	refuses 78 "google has no tenants" -- me --provider google --tenant example.org
}

@test "a login that cannot be stored is refused before a person is asked" {
	mkdir -p "${store%/*}"
	touch "$store"
	login me --provider google --client-id x --client-secret-file "$secret"
	((status != 0))
	[[ $stderr != *"Open this page"* ]]
}

@test "what could not be written down is refused before a person is asked" {
	local odd=$BATS_TEST_TMPDIR/$'\xff'
	google() { refuses "$1" "$2" -- me --provider google --client-id x --client-secret-file "$secret" "${@:3}"; }
	google 78 "is not UTF-8" --user $'\xff@example.org'
	google 78 "is not UTF-8" --scope $'\xff'
	google 64 "a user cannot have this name" --user "$(printf 'x%.0s' {1..400})"
	cp "$secret" "$odd"
	google 78 "is not UTF-8" --client-secret-file "$odd"
	[[ $stderr != *"Open this page"* && ! -e $store ]]
}

# ------------------------------------------------------------------------------------------- the loopback server, the browser

# A browser that is sent back with this query ("STATE" becomes the right one) after these requests of its own.
browser() {
	cat > "$BATS_TEST_TMPDIR/browser" <<-END
		#!/bin/bash
		exec > "$BATS_TEST_TMPDIR/browsed" 2>&1
		unset https_proxy
		url=\${!#}
		query() { sed -n "s/.*[?&]\$1=\([^&]*\).*/\1/p" <<< "\$url"; }
		state=\$(query state)
		redirect=\$(query redirect_uri | sed 's/%3A/:/g; s/%2F/\//g; s/%5B/[/; s/%5D/]/')
		get() { curl -s -g -o /dev/null -w '%{http_code} ' "\$@"; }
		$1
		curl -s -g "\$redirect?error=access_denied&state=\$state"
	END
	chmod +x "$BATS_TEST_TMPDIR/browser"
}

# at_a_port COMMAND: a login with a free $port in the place of PORT: if somebody has taken it, with another one.
at_a_port() {
	while
		port=$((20000 + RANDOM % 10000))
		"${@//PORT/$port}"
		[[ $stderr == *"cannot listen on "* ]]
	do :; done
}

google() { login me@gmail.com --provider google --client-id 'x y' --client-secret-file "$secret" "$@"; }

# The person refuses at the end of each of these: no code is exchanged, so no provider is asked.
refused() {
	[[ $status == 77 && $stderr == *"has not allowed it"* ]] || complain "it did not end with the refusal"
	eventually grep -qs '</html>' "$BATS_TEST_TMPDIR/browsed"
	grep -q 'Not logged in' "$BATS_TEST_TMPDIR/browsed"
	[[ ! -e $store/me@gmail.com.json ]]
}

@test "the URL has PKCE, the state, the scope, and what Google needs for a refresh token" {
	browser ''
	BROWSER=$BATS_TEST_TMPDIR/browser google
	refused
	[[ $stderr == *"https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=x%20y&redirect_uri=http%3A%2F%2F127.0.0.1%3A"* ]]
	[[ $stderr == *"&scope=https%3A%2F%2Fmail.google.com%2F&state="*"&code_challenge="*"&code_challenge_method=S256"* ]]
	[[ $stderr == *"&login_hint=me%40gmail.com&access_type=offline&prompt=consent"* ]]
}

@test "what does not belong to the login does not end the wait" {
	browser '
		exec 7<> "/dev/tcp/127.0.0.1/${redirect##*:}"
		get "$redirect/favicon.ico"
		get "$redirect/?code=x&state=x"
		get "$redirect/?code=x"
		get -I "$redirect/?code=x&state=$state"
		get -H "Host: evil.example" "$redirect/?code=x&state=$state"
		get "$redirect/other?code=x&state=$state"
		get -H "X: $(printf %20000s x | tr " " x)" "$redirect/?code=x&state=$state"'
	BROWSER=$BATS_TEST_TMPDIR/browser google
	refused
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/browsed") == "404 400 400 405 400 404 431 "* ]]
}

@test "--port is listened on, and a port that is taken is 78" {
	browser 'echo "$redirect"'
	BROWSER=$BATS_TEST_TMPDIR/browser at_a_port google --port PORT
	refused
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/browsed") == "http://127.0.0.1:$port" ]]
	start_server
	BROWSER=$BATS_TEST_TMPDIR/browser google --port "$(sed -n 's/^port *//p' "$conf")"
	((status == 78))
	[[ $stderr == *"cannot listen on 127.0.0.1"*"--port N takes another port"* ]]
}

@test "localhost is 127.0.0.1 and ::1" {
	browser 'get "${redirect/localhost/127.0.0.1}/x"; get "${redirect/localhost/[::1]}/x"'
	BROWSER=$BATS_TEST_TMPDIR/browser login me --provider microsoft --client-id x --browser
	((status == 77))
	[[ $stderr == *"redirect_uri=http%3A%2F%2Flocalhost%3A"* ]]
	[[ -e /proc/net/if_inet6 && ! -s /proc/net/if_inet6 ]] || [[ $(< "$BATS_TEST_TMPDIR/browsed") == "404 404 "* ]]
}

@test "--redirect-uri is used as it is; without a port it gets one" {
	browser 'get "$redirect?error=access_denied&state=$state"'
	BROWSER=$BATS_TEST_TMPDIR/browser google --redirect-uri http://localhost/a/path
	((status == 77))
	[[ $stderr == *"redirect_uri=http%3A%2F%2Flocalhost%3A"*"%2Fa%2Fpath&"* ]]
	google --redirect-uri https://localhost/
	((status == 64))
	[[ $stderr == *"redirect_uri=https%3A%2F%2Flocalhost%2F&"*"nothing can listen for the redirect to https://localhost/"* ]]
}

@test "BROWSER: the first of the list that can be started, with the URL in its place, and no terminal" {
	browser '
		tty 2>&1; (: < /dev/tty) 2> /dev/null && echo "it has the terminal"; env | grep ^POSTERN_
		echo "$#" "$1"'
	export POSTERN_PASSWORD=hush
	BROWSER="/nowhere/browser %s:'$BATS_TEST_TMPDIR/browser' --new %s &:false" google
	refused
	[[ $(head -n 2 "$BATS_TEST_TMPDIR/browsed") == "not a tty"$'\n'"2 --new" ]]
	[[ $stderr == *"A browser was started"* ]]
}

# google_waits ARGS: it is ended when it has told all and waits for a person; sets $stderr.
google_waits() {
	local told=$BATS_TEST_TMPDIR/told
	rm -f "$told"
	with_default_signals setsid "$oauth2" login me@gmail.com --provider google --client-id x --client-secret-file "$secret" "$@" \
	    2> "$told" < /dev/null 3>&- &
	eventually grep -qs 'ssh -L' "$told"
	kill $!
	wait $! || :
	stderr=$(< "$told")
}

@test "--no-browser starts none, and without a display none is tried" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ntouch "%s/started"\n' "$BATS_TEST_TMPDIR" > "$BATS_TEST_TMPDIR/bin/xdg-open"
	chmod +x "$BATS_TEST_TMPDIR/bin/xdg-open"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	google_waits
	[[ $stderr == *"no terminal into which an address could be pasted"*"ssh -t, or --port N and ssh -L"* ]]
	BROWSER=xdg-open google_waits --no-browser
	[[ $stderr == *"Open this page"* && $stderr != *"A browser was started"* && ! -e $BATS_TEST_TMPDIR/started ]]
	DISPLAY=:0 google_waits
	[[ $stderr == *"A browser was started"* ]]
	eventually test -e "$BATS_TEST_TMPDIR/started"
}

# A provider whose token endpoint gives tokens for whatever code; the browser does not visit it.
start_any_provider() {
	start_provider
	export no_proxy=localhost
	answers <<< "{ \"/.well-known/oauth-authorization-server\": [ { \"json\": { \"issuer\": \"$provider\", \"authorization_endpoint\": \"$provider/a\",
		\"device_authorization_endpoint\": \"$provider/d\", \"token_endpoint\": \"$provider/token\" } } ],
		\"/d\": [ { \"json\": { \"device_code\": \"d\", \"user_code\": \"U\", \"verification_uri\": \"$1\", \"interval\": 1 } } ],
		\"/token\": [ { \"json\": { \"access_token\": \"a1\", \"token_type\": \"Bearer\", \"refresh_token\": \"r1\" } } ] }"
}
at_any() { login me --provider "$provider" --tls-trust-file "$certs/ca.pem" --client-id x "$@"; }

@test "the next login of that name takes the way that an option chose before" {
	start_any_provider https://p.example/
	at_any --device --user me@example.org
	((status == 0)) || complain "no login" || return 1
	grep -q '"flow": "device"' "$store/me.json"
	BROWSER=false login me
	[[ $status == 0 && $stderr == *"enter this code"* ]] || complain "not by the device code"
	sed -i 's/"flow": "device"/"flow": "thought"/' "$store/me.json"		# of a later version
	BROWSER=false login me --no-browser
	[[ $status == 0 && $stderr == *"enter this code"* ]] || complain "not by what suits the server"
	refute grep -q flow "$store/me.json"
}

@test "a client that registered itself is registered anew if the provider has forgotten it, or for another scope" {
	local given='{ "json": { "access_token": "a1", "token_type": "Bearer", "refresh_token": "r1" } }' command
	start_any_provider https://p.example/
	answers <<-END
		{ "/.well-known/oauth-authorization-server": [ { "json": { "issuer": "$provider", "registration_endpoint": "$provider/reg",
			"device_authorization_endpoint": "$provider/d", "token_endpoint": "$provider/token" } } ],
		"/d": [ { "json": { "device_code": "d", "user_code": "U", "verification_uri": "https://p.example/", "interval": 1 } } ],
		"/reg": [ { "status": 201, "json": { "client_id": "c1" } }, { "status": 201, "json": { "client_id": "c2" } },
			{ "status": 201, "json": { "client_id": "c3" } } ],
		"/token": [ $given, $given, { "status": 401, "json": { "error": "invalid_client" } }, $given ] }
	END
	login me --provider "$provider" --tls-trust-file "$certs/ca.pem" --device --user me@example.org
	client() { ((status == 0)) && grep -q "\"client_id\": \"$1\"" "$store/me.json" || complain "not the client $1"; }
	client c1
	login me
	client c1
	rm "$store/me.access"
	for command in token status; do
		run_bounded "$oauth2" "$command" me
		[[ $status == 78 && $stderr$stdout == *"postern-oauth2 login me registers another client"* ]] || complain "$command"
	done
	login me
	client c2
	login me --scope smtp
	client c3
	login me
	client c3
}

@test "a server that registers clients for its administrator only: the hint says where to get one" {
	start_provider
	export no_proxy=localhost
	answers <<-END
		{ "/.well-known/oauth-authorization-server": [ { "json": { "issuer": "$provider", "registration_endpoint": "$provider/reg",
			"device_authorization_endpoint": "$provider/d", "token_endpoint": "$provider/token" } } ],
		"/reg": [ { "status": 403, "json": { "error": "insufficient_scope", "error_description": "Policy 'Trusted Hosts' rejected it" } },
			{ "status": 503, "headers": { "Retry-After": "3600" } } ] }
	END
	refuses 78 "Trusted Hosts" -- me --provider "$provider" --tls-trust-file "$certs/ca.pem"
	[[ $stderr == *"ask the server's administrator for a public client"*"postern-oauth2 login me --provider URL --client-id ID"* ]]
	refuses 75 "status 503" -- me --provider "$provider" --tls-trust-file "$certs/ca.pem"
	[[ $stderr != *administrator* ]]
}

@test "http only to this machine, and only with --insecure-http, which the login remembers" {
	start_provider -
	unset https_proxy
	answers <<-END
		{ "/.well-known/oauth-authorization-server": [ { "json": { "issuer": "$provider", "token_endpoint": "$provider/token",
			"device_authorization_endpoint": "$provider/d" } } ],
		"/d": [ { "json": { "device_code": "d", "user_code": "U", "verification_uri": "$provider/x", "interval": 1 } } ],
		"/token": [ { "json": { "access_token": "a1", "token_type": "Bearer", "refresh_token": "r1" } } ] }
	END
	refuses 78 "no https:// URL" -- me --provider "$provider" --client-id x
	refuses 78 "no https:// URL" -- me --provider http://192.0.2.1/ --client-id x --insecure-http
	[[ $(asked) == 0 ]]
	login me --provider "$provider" --client-id x --insecure-http
	((status == 0)) || complain "no login" || return 1
	[[ $stderr == *"has these lines, and no password:"*"    oauth2 me"*"    user ADDRESS"* ]] || complain "nobody has said who logs in"
	rm "$store/me.access"
	run_bounded "$oauth2" token me
	[[ $status == 0 && $stdout == a1 ]] || complain "no token" || return 1
	sed -i '/"insecure_http"/d' "$store/me.json"
	rm "$store/me.access"
	run_bounded "$oauth2" token me
	[[ $status == 78 && $stderr == *"no https:// URL that may be used"* ]] || complain "http without the option"
}

@test "a person has logged in, and the store cannot take it: the login waits until it can" {
	start_any_provider https://p.example/
	browser "
		mkdir $store/me.json.new
		curl -s -g \"\$redirect/?code=c&state=\$state\" &
		while ! grep -q 'cannot be stored yet' $BATS_TEST_TMPDIR/stderr; do sleep 0.1; done
		rmdir $store/me.json.new
		wait
		exit"
	BROWSER=$BATS_TEST_TMPDIR/browser at_any
	((status == 0)) || complain "it is lost"
	[[ $stderr == *"cannot be stored yet"*"Logged in: me"* && $(grep -c '/token' "$provider_dir/requests") == 1 ]]
	grep -q '"refresh_token": "r1"' "$store/me.json"
}

@test "a hostile provider's URL: no shell of a browser's command takes it for its own" {
	start_any_provider "https://p.example/;touch\$IFS$BATS_TEST_TMPDIR/one;\$(touch\$IFS$BATS_TEST_TMPDIR/two)"
	BROWSER="sh -c 'echo %s > $BATS_TEST_TMPDIR/browsed'" at_any --device
	((status == 0))
	eventually test -s "$BATS_TEST_TMPDIR/browsed"
	grep -q '^https://p.example/%3Btouch%24IFS' "$BATS_TEST_TMPDIR/browsed"
	[[ ! -e $BATS_TEST_TMPDIR/one && ! -e $BATS_TEST_TMPDIR/two ]]
	for odd in 'https://p.example/`x`' 'https://p.example/{x}' 'https://p.example/a|b'; do
		start_any_provider "$odd"
		at_any --device
		((status == 76)) || complain "$odd"
	done
}

# ------------------------------------------------------------------------------------------------------------- the manual

# What stands in the literal blocks of postern-oauth2(1).
walks() { sed -n -e '/^\.Bd -literal/,/^\.Ed/ { /^\./d; s/\\-/-/g; s/\\(ti/~/g; s/\\e$/\\/; p }' "$SRCDIR/man/postern-oauth2.1"; }

@test "the logins of postern-oauth2(1) are taken as they are: each comes to its provider" {
	local line n=0
	browser ''
	eval "$(walks | grep 'cat > ~/.config/postern/client-secret')" < "$secret"
	[[ $(< ~/.config/postern/client-secret) == hush ]]
	while IFS= read -r line; do
		[[ $line == "postern-oauth2 login "* ]] || continue
		line=${line/ --no-browser/}	# ours is to answer,
		line=${line/ 8085/ PORT}	# at a port that is free
		eval "BROWSER=$BATS_TEST_TMPDIR/browser at_a_port login ${line#postern-oauth2 login }"
		[[ $status == 75 || ($status == 77 && $stderr == *"has not allowed it"*) ]] || complain "$line" || return 1
		[[ $line == *"login "*@* ]] || complain "nobody says who logs in: $line" || return 1	# some providers do not, either
		n=$((n + 1))
	done < <(walks | sed -e ':more' -e '/\\$/ { N; s/\\\n */ /; b more' -e '}')
	((n == 9))
}

# A user of gpg has a key without a passphrase here.
@test "the store_command of postern-oauth2(1) for gpg encrypts the login, and load_command reads it" {
	command -v gpg > /dev/null || skip "no gpg here"
	(umask 077; mkdir -p "$store" "$HOME/.gnupg")
	gpg --batch --quiet --passphrase '' --quick-generate-key me@example.org 2> /dev/null || skip "gpg makes no key here"
	walks | grep gpg > "$store/store.conf"
	chmod 600 "$store/store.conf"
	printf '{"version":1,"kind":"user","provider":"google","user":"me@example.org","token_endpoint":"https://oauth2.googleapis.com/token",%s}\n' \
	    '"client_id":"id","refresh_token":"do-not-show"' > "$BATS_TEST_TMPDIR/login"
	run_bounded "$oauth2" import me < "$BATS_TEST_TMPDIR/login"
	((status == 0)) || complain "not imported" || return 1
	refute grep -aq -e do-not-show -e google "$store/me.json"
	run_bounded "$oauth2" status me
	[[ $status == 0 && $stdout == *"me@example.org"* ]] || complain "not read" || return 1
	run_bounded "$oauth2" export me
	[[ $stdout == *do-not-show* ]]
	gpgconf --kill all
}
