#!/usr/bin/env bats
# postern-oauth2: its command line, and the commands other than token and login: list, status, logout, export, import.
load helper
load provider
load oauth2

@test "list and status show the logins, for people and as JSON, and no secret" {
	start_provider
	gives "$(good sEcReT '"refresh_token": "sEcReT2"' '"scope": "mail"')"
	oauth2_ok list
	told "There are no logins"
	oauth2_ok list --json
	[[ $stdout == '[]' ]]
	oauth2_fails 77 status work
	told "there is no login work in $store"
	oauth2_fails 77 token work
	told "there is no login work in $store"
	login work
	login home '"dead": "invalid_grant"'
	oauth2_ok token work
	oauth2_ok list
	[[ $stdout == home*over*$'\n'work* && $stdout == *me@example.org* ]]
	refute grep -q sEcReT <<< "$stdout"
	oauth2_ok list --json
	node -e 'const l = JSON.parse(require("fs").readFileSync(0)); if (l.length !== 2 || !l[1].good || !l[0].problem || !l[0].mend) process.exit(1)' <<< "$stdout"
	refute grep -q sEcReT <<< "$stdout"
	oauth2_ok status work
	for word in work me@example.org https://localhost mail refreshed "good until"; do
		[[ $stdout == *"$word"* ]] || complain "status does not say $word"
	done
	refute grep -q sEcReT <<< "$stdout"
	oauth2 status --json home
	((status == 77))
	[[ $stdout == *'"mend": "postern-oauth2 login home"'* ]]
}

@test "what a provider or a file says is shown without anything that a terminal acts on, or that looks like another text" {
	start_provider
	login work '"scope": "a\u202egpj\u009b31m"' '"dead": "over \u2066x\u061c"'
	for command in list 'status work'; do
		# shellcheck disable=SC2086	# two words
		oauth2 $command
		[[ $stdout != *$'\xc2\x9b'* && $stdout != *$'\xe2\x80'* && $stdout != *$'\xe2\x81'* && $stdout != *$'\xd8\x9c'* ]]
	done
	[[ $stdout == *'a\xe2\x80\xaegpj\xc2\x9b31m'* ]]
	oauth2 status --json work
	refute grep -q $'[\x80-\xff]' <<< "$stdout"
	[[ $stdout == *'a\u202Egpj\u009B31m'* ]]
}

@test "logout: the provider first, then the files" {
	start_provider
	answers <<< '{ "/revoke": [ { "status": 503 } ] }'
	login work
	access work a1 3000
	oauth2_fails 75 logout work
	hinted "still valid"
	[[ -e $store/work.json && -e $store/work.access ]]
	answers <<< '{ "/revoke": [ { "status": 200 } ] }'
	oauth2_ok logout work
	[[ $(last_request) == *'"token":"r1"'* ]]
	[[ $(ls -A "$store") == work.lock ]]
	oauth2_fails 77 logout work
	answers <<< '{ "/revoke": [ { "status": 503 } ] }'
	login work
	oauth2_ok logout --force work
	told "still valid"
	[[ $(ls -A "$store") == work.lock ]]
}

@test "a login moves: export sets it aside, import takes it, and an import can be undone" {
	local command
	start_provider
	gives "$(good a1)"
	login work
	access work a1 3000
	oauth2_ok export work
	printf '%s\n' "$stdout" > "$BATS_TEST_TMPDIR/moves"
	[[ $stdout == *'"refresh_token": "r1"'* ]]
	[[ $(ls -A "$store") == $'work.exported\nwork.lock' ]]
	for command in token status export; do
		oauth2_fails 77 "$command" work
		told "there is no login work any more: it was exported"
		hinted "import --undo work"
	done
	oauth2_ok import --undo work
	oauth2_ok token work
	oauth2_fails 64 import --undo work
	oauth2_fails 64 import work < "$BATS_TEST_TMPDIR/moves"
	told "already"
	oauth2_ok import elsewhere < "$BATS_TEST_TMPDIR/moves"
	oauth2_ok token elsewhere
	oauth2_fails 64 import other < /dev/null
	oauth2_fails 64 import other <<< '{ "version": 1 }'
	for command in token status logout export; do
		oauth2_fails 77 "$command" other
		told "there is no login other"
		hinted "postern-oauth2 login other; postern-oauth2 list"
	done
	[[ ! -e $store/other.json ]]
}

@test "logout without a refresh token: the access token is revoked, or it is told how long it stays valid" {
	start_provider
	answers <<< '{ "/revoke": [ { "status": 200 } ] }'
	login work
	sed -i 's/"refresh_token"/"another"/' "$store/work.json"
	access work a1 3000
	oauth2_ok logout work
	[[ $(last_request) == *'"token":"a1"'*'"token_type_hint":"access_token"'* && -z $stderr ]] || complain "$(last_request)"
	answers <<< '{ "/revoke": [ { "status": 400, "json": { "error": "unsupported_token_type" } } ] }'
	login work
	sed -i 's/"refresh_token"/"another"/' "$store/work.json"
	access work a1 3000
	oauth2_ok logout work
	told "stays valid until"
	[[ $(ls -A "$store") == work.lock ]]
}

@test "logout removes what an export left here, and does not end the login elsewhere" {
	start_provider
	login work
	oauth2_ok export work
	oauth2_ok logout work
	told "stays valid where it is used now"
	[[ $(ls -A "$store") == work.lock && ! -s $provider_dir/requests ]]
	login work
	oauth2_ok export work
	login work
	answers <<< '{ "/revoke": [ { "status": 200 } ] }'
	oauth2_ok logout work
	[[ $(ls -A "$store") == work.lock && $(last_request) == *'"token":"r1"'* ]]
}

@test "import names the command that a login brings; logout --force says what may still be valid" {
	start_provider
	login work '"client_secret_command": "pass show client"'
	oauth2_ok import other < "$BATS_TEST_TMPDIR/login"
	told "runs a command of its own: pass show client"
	echo x > "$store/work.json"
	oauth2_ok logout --force work
	told "may still be valid at the provider"
	[[ ! -e $store/work.json ]]
}

@test "export does not write on a full disk and then forget, nor on a terminal; import does not wait for one" {
	start_provider
	login work
	run_bounded sh -c '"$1" export work > /dev/full' - "$OAUTH2"
	[[ $status == 75 && -e $store/work.json && ! -e $store/work.exported ]]
	run_bounded script -qec "$OAUTH2 export work" /dev/null
	[[ $status == 64 && $stdout != *r1* && -e $store/work.json ]]
	run_bounded script -qec "$OAUTH2 import other" /dev/null
	[[ $status == 64 && $stdout == *"ssh OTHER-MACHINE postern-oauth2 export other | postern-oauth2 import other"* ]]
}

@test "token to a full disk is no success" {
	start_provider
	login work
	access work a1 3000
	run_bounded sh -c '"$1" token work > /dev/full' - "$OAUTH2"
	((status == 75))
}

@test "the command line: what is wrong is named" {
	local args
	while IFS=$'\t' read -r args word; do
		# shellcheck disable=SC2086	# several words
		oauth2_fails 64 $args
		told "$word"
	done <<-'END'
		lgin work	no command lgin
		token	needs the name
		token a b	one name
		list work	no name
		token --jsn work	no option --jsn
		token --json work	no option --json
		token --unlike abc work	SHA-256
		token --unlike	needs a value
		login --port 0 work	--port needs
		login --device --browser work	--device and --browser are two ways
		login --device=yes work	takes no value
		-x	no option -x
		--undo	no command is given
	END
	oauth2_ok --help
	[[ $stdout == Usage:* ]]
	oauth2_ok --version
}
