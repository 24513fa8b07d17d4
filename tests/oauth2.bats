#!/usr/bin/env bats
# postern-oauth2 without a person: tokens, the store, what a provider may answer, and what may happen to files.
load helper
load provider
load oauth2

setup() {
	provider_setup
	oauth2_setup
}

# The store has no file that others may read, and nothing left over.
store_is_clean() {
	local left
	left=$(find "$store" -mindepth 1 \( -name '*.new' -o -perm /077 \))
	[[ -z $left ]] || complain "in the store: $left"
}

# ------------------------------------------------------------------------------------------------------------------ tokens

@test "token prints the token and nothing else; a good one is not asked for again" {
	start_provider
	gives "$(good a1 '"expires_in": 3600' '"refresh_token": "r2"')"
	login work
	oauth2_ok token work
	[[ $stdout == a1 && -z $stderr ]]
	[[ $(wc -c < "$BATS_TEST_TMPDIR/stdout") == 3 ]]
	[[ $(last_request) == *'"grant_type":"refresh_token"'* && $(last_request) == *'"refresh_token":"r1"'* && $(last_request) == *'"client_id":"me"'* ]]
	oauth2_ok token work
	[[ $stdout == a1 && $(asked) == 1 ]]
	[[ $(member work refresh_token) == r2 ]]
	refute grep -r a1 "$store/work.json"
	[[ $(stat -c %a "$store/work.json" "$store/work.access" "$store/work.lock" "$store") == $'600\n600\n600\n700' ]]
	store_is_clean
}

@test "the refresh token stays if the answer has none; members of a later version stay, too" {
	start_provider
	gives "$(good a1)"
	login work '"later": "stays"'
	oauth2_ok token work
	[[ $(member work refresh_token) == r1 && $(member work later) == stays ]]
}

@test "a token with little time left is replaced, and is used if the provider is away" {
	start_provider
	login work
	access work old 200 3400
	gives '{ "status": 503 }'
	oauth2_ok token work
	[[ $stdout == old ]]
	gives "$(good new)"
	oauth2_ok token work
	[[ $stdout == new ]]
	access work old 200 200		# a quarter of 400 seconds is the margin
	oauth2_ok token work
	[[ $stdout == old ]]
}

@test "what expires_in may be" {
	local value left
	start_provider
	while read -r value left; do
		gives "$(good "a1" "$value")"
		login work
		oauth2_ok token work
		[[ $(($(sed -n 's/^expires //p' "$store/work.access") - $(sed -n 's/^obtained //p' "$store/work.access"))) == "$left" ]] \
		    || complain "$value: $(cat "$store/work.access")"
	done <<-'END'
		"scope":"x" 3600
		"expires_in":"1800" 1800
		"expires_in":"soon" 3600
		"expires_in":1800.5 1800
		"expires_in":0 1
		"expires_in":-5 1
		"expires_in":100000000000000000000 31536000
	END
}

@test "twenty at once: one refresh, and the same token for all" {
	local n
	local -a pids=()
	start_provider
	gives '{ "wait": 300, "json": { "access_token": "a1", "token_type": "Bearer", "refresh_token": "r2" } }' '{ "status": 400, "json": { "error": "invalid_grant" } }'
	login work
	for ((n = 0; n < 20; n++)); do
		"$OAUTH2" token work > "$BATS_TEST_TMPDIR/out.$n" 2>&1 3>&- &
		pids+=("$!")
	done
	wait "${pids[@]}"
	[[ $(sort "$BATS_TEST_TMPDIR"/out.* | uniq -c) =~ ^\ *20\ a1$ ]] || complain "$(cat "$BATS_TEST_TMPDIR"/out.*)"
	[[ $(asked) == 1 ]]
	store_is_clean
}

# ------------------------------------------------------------------------------------------------------------- refusals

# refused_before SECONDS: the mail server refused a token of `work` so long ago.
refused_before() {
	sed -i "s/\"refused_at\": *[0-9]*/\"refused_at\": $(($(date +%s) - $1))/" "$store/work.json"
}

@test "a token that a mail server refused is replaced, unless a sibling has done so" {
	start_provider
	gives "$(good new)"
	login work
	access work old 3000 700
	oauth2_ok token --unlike "$(digest other)" work
	[[ $stdout == old && $(asked) == 0 ]]
	oauth2_ok token --unlike "$(digest old)" work
	[[ $stdout == new && $(asked) == 1 ]]
	oauth2_ok token --unlike "$(digest old)" work
	[[ $stdout == new && $(asked) == 1 ]]
}

@test "a new token that a mail server refused is not replaced for ten minutes, and status says so" {
	start_provider
	gives "$(good newer)"
	login work
	access work new 3000 30
	for _ in 1 2; do
		oauth2_fails 77 token --unlike "$(digest new)" work
		told "refuses a new access token"
	done
	[[ $(asked) == 0 ]]
	oauth2 status work
	((status == 77))
	[[ $stdout == *"has refused"* ]]
	access work new 3000 601
	oauth2_fails 77 token --unlike "$(digest new)" work
	refused_before 601
	oauth2_ok token --unlike "$(digest new)" work
	[[ $stdout == newer ]]
	oauth2_ok status work
}

@test "a token that took the place of a refused one is not replaced for ten minutes" {
	start_provider
	gives "$(good second)"
	login work
	access work first 3000 100
	oauth2_ok token --unlike "$(digest first)" work
	[[ $stdout == second ]]
	access work second 3000 300
	refused_before 300
	for _ in 1 2; do
		oauth2_fails 77 token --unlike "$(digest second)" work
	done
	[[ $(asked) == 1 ]]
	gives "$(good third)"
	refused_before 601
	oauth2_ok token --unlike "$(digest second)" work
	[[ $stdout == third ]]
}

@test "a refused token is not used while the provider is away" {
	start_provider
	gives '{ "status": 503 }'
	login work
	access work old 3000 700
	oauth2_fails 75 token --unlike "$(digest old)" work
}

@test "a login that is over is not asked for again, until a person logs in" {
	start_provider
	gives '{ "status": 400, "json": { "error": "invalid_grant", "error_description": "Token has been expired or revoked." } }'
	login work
	for _ in 1 2; do
		oauth2_fails 77 token work
		told "expired or revoked"
		hinted "postern-oauth2 login work"
	done
	[[ $(asked) == 1 ]]
	oauth2 status work
	((status == 77))
	[[ $stdout == *problem*revoked* && -z $stderr ]]
	[[ $(member work refresh_token) == r1 ]]
	gives "$(good a1)"
	login work
	oauth2_ok token work
}

@test "another machine has renewed the login meanwhile: that is no end" {
	start_provider
	gives '{ "wait": 1000, "status": 400, "json": { "error": "invalid_grant" } }'
	login work
	"$OAUTH2" token work > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	await_request
	# as a machine does that does not see the lock
	sed 's/"r1"/"r2"/' "$store/work.json" > "$store/x" && chmod 600 "$store/x" && mv "$store/x" "$store/work.json"
	access work theirs 3000
	wait $!
	[[ $(cat "$BATS_TEST_TMPDIR/out") == theirs ]]
	[[ -z $(member work dead) ]]
}

@test "a provider that repeats what it was sent: no secret comes to the screen or into the store" {
	local secret=1//0gVeryLongWord.that-nobody_should~see+x/y= long
	long=$secret$(printf 'x%.0s' {1..400})
	start_provider
	(umask 077; printf %s "client-$secret" > "$BATS_TEST_TMPDIR/secret")
	for sent in "$secret" "$long" "client-$secret"; do
		for answer in "\"json\": { \"error\": \"invalid_grant\", \"error_description\": \"not $sent\" }" \
		    "\"json\": { \"error\": \"x\", \"error_subtype\": \"$sent\" }" "\"type\": \"text/plain\", \"body\": \"not $sent\""; do
			for basic in true false; do
				login work "\"basic_only\": $basic" "\"client_secret_file\": \"$BATS_TEST_TMPDIR/secret\""
				sed -i "s|\"r1\"|\"${sent#client-}\"|" "$store/work.json"
				gives "{ \"status\": 400, $answer }"
				oauth2 token work
				[[ $status != 0 && $stderr == *'****'* && $stderr$(member work dead) != *0gVery* ]] || complain "$answer"
				oauth2 status work
				[[ $stdout != *0gVery* ]]
			done
		done
	done
	answers <<< "{ \"/revoke\": [ { \"status\": 400, \"json\": { \"error\": \"x\", \"error_description\": \"$secret\" } } ] }"
	oauth2 logout work
	[[ $status != 0 && $stderr != *0gVery* ]]
}

@test "errors that are not known do not end a login; a wrong client is 78" {
	start_provider
	login work
	gives '{ "status": 400, "json": { "error": "moon_phase" } }'
	oauth2_fails 77 token work
	[[ -z $(member work dead) ]]
	gives '{ "status": 401, "json": { "error": "invalid_client" } }'
	oauth2_fails 78 token work
	[[ -z $(member work dead) ]]
	gives "$(good a1)"
	oauth2_ok token work
}

# What the provider may answer, and the exit status.  After none of them the login is lost.
@test "every answer of the provider that is none" {
	local want answer
	start_provider
	login work
	while IFS=$'\t' read -r want answer; do
		[[ -n $want ]] || continue
		gives "$answer"
		oauth2_fails "$want" token work
		[[ -z $stdout && $(member work refresh_token) == r1 && -z $(member work dead) ]] || complain "$answer"
		[[ ! -e $store/work.access ]] || complain "$answer"
		store_is_clean || complain "$answer"
	done <<-'END'
		75	{ "status": 429 }
		75	{ "status": 500 }
		75	{ "status": 503, "type": "text/html", "body": "<html>" }
		75	{ "status": 404, "type": "text/html", "body": "<html>" }
		75	{ "how": "cut", "json": { "access_token": "a", "token_type": "Bearer" } }
		75	{ "how": "short", "json": { "access_token": "a", "token_type": "Bearer" } }
		75	{ "how": "none" }
		76	{ "type": "text/html", "body": "<html>login to the hotel" }
		76	{ "body": "" }
		76	{ "body": "[]" }
		76	{ "size": 100000 }
		76	{ "how": "chunked", "size": 100000 }
		75	{ "status": 302, "headers": { "Location": "https://localhost:%PORT%/elsewhere" } }
		76	{ "json": { "access_token": "a\nb", "token_type": "Bearer" } }
		76	{ "json": { "access_token": "a b", "token_type": "Bearer" } }
		76	{ "json": { "access_token": "", "token_type": "Bearer" } }
		76	{ "json": { "access_token": 5, "token_type": "Bearer" } }
		78	{ "json": { "access_token": "a", "token_type": "DPoP" } }
		76	{ "body": "access_token=a&token_type=Bearer", "type": "application/x-www-form-urlencoded" }
	END
}

@test "an answer may have the only refresh token that still counts: what else is odd in it does not lose that" {
	local odd
	start_provider
	for odd in '"scope": ["mail"]' '"scope": 5' '"scope": "a\u0007"' '"id_token": 5'; do
		login work
		gives "$(good a1 '"refresh_token": "r2"' "$odd")"
		oauth2_ok token work
		[[ $stdout == a1 && $(member work refresh_token) == r2 ]] || complain "$odd"
	done
	while IFS=$'\t' read -r want odd; do
		login work
		gives "{ \"json\": { $odd, \"refresh_token\": \"r2\" } }"
		oauth2_fails "$want" token work
		[[ $(member work refresh_token) == r2 && ! -e $store/work.access ]] || complain "$odd"
		store_is_clean
	done <<-'END'
		76	"access_token": "a b", "token_type": "Bearer"
		76	"access_token": 5, "token_type": "Bearer"
		76	"token_type": "Bearer"
		78	"access_token": "a", "token_type": "DPoP"
	END
}

@test "an answer in pieces is whole; one that was lost is asked for once more, if there is no token for now" {
	start_provider
	login work
	gives '{ "how": "chunked", "json": { "access_token": "a1", "token_type": "Bearer" } }'
	oauth2_ok token work
	[[ $stdout == a1 ]]
	rm "$store/work.access"
	forget_requests
	answers <<< '{ "/token": [ {}, { "how": "cut", "json": { "access_token": "x", "token_type": "Bearer" } }, { "json": { "access_token": "a2", "token_type": "Bearer" } } ] }'
	oauth2_ok token work
	[[ $stdout == a2 && $(asked) == 2 ]]
}

@test "an answer is lost, and the old token has time left: it is used, and the refresh token is not sent again in this run" {
	start_provider
	login work
	access work old 200 3400
	gives '{ "how": "cut", "json": { "access_token": "x", "token_type": "Bearer" } }'
	oauth2_ok token work
	[[ $stdout == old && $(asked) == 1 ]]
}

# --------------------------------------------------------------------------------------------------------------- the store

@test "a store, or a file in it, that others could have changed or read is refused, with the line that mends it" {
	local mode file
	start_provider
	gives "$(good a1)"
	login work
	access work good 3000
	for mode in 750 707 777; do
		chmod "$mode" "$store"
		oauth2_fails 77 token work
		hinted "chmod"
		chmod 700 "$store"
	done
	for file in json lock; do
		rm -f "$store/work.access"
		for mode in 640 604 622; do
			chmod "$mode" "$store/work.$file"
			oauth2_fails 77 token work
			hinted "chmod 600 $store/work.$file"
		done
		chmod 600 "$store/work.$file"
		ln "$store/work.$file" "$store/second"
		oauth2_fails 77 token work
		rm "$store/second"
		mv "$store/work.$file" "$store/real"
		ln -s real "$store/work.$file"
		oauth2_fails 77 token work
		told "symbolic link"
		rm "$store/work.$file"
		mkfifo -m 600 "$store/work.$file"
		oauth2_fails 77 token work
		rm "$store/work.$file"
		mv "$store/real" "$store/work.$file"
	done
	[[ $(asked) == 0 ]]
	access work good 3000
	chmod 644 "$store/work.access"
	oauth2_fails 77 token work
	hinted "chmod 600"
}

@test "a file of another user is refused" {
	((EUID == 0)) || skip "needs root"
	start_provider
	login work
	chown 12345 "$store/work.json"
	oauth2_fails 77 token work
	hinted "sudo chown 0 $store/work.json"
	chown 0 "$store/work.json"
	chown 12345 "$store"
	oauth2_fails 77 token work
}

@test "a login that is damaged, or of a later version, is refused and stays" {
	local text
	start_provider
	login work
	for text in '' '{' '{}' 'x' '{"version": 2}' "$(sed "s/me@example.org/$(printf 'x%.0s' {1..400})/" "$store/work.json")"; do
		printf %s "$text" > "$store/work.json"
		oauth2_fails 77 token work
		hinted "postern-oauth2 login work"
		[[ $(cat "$store/work.json") == "$text" ]]
	done
	oauth2_ok logout --force work
	[[ ! -e $store/work.json ]]
	# a new login replaces it
	for text in x '{"version": 2}'; do
		printf %s "$text" > "$store/work.json"
		oauth2_fails 77 import work < "$BATS_TEST_TMPDIR/login"
		login work
		oauth2_ok status work
	done
	printf x > "$store/work.json"
	(umask 077; printf secret > "$BATS_TEST_TMPDIR/secret")
	answers <<< "{ \"/.well-known/oauth-authorization-server\": [ { \"json\": { \"issuer\": \"$provider\",
		\"token_endpoint\": \"$provider/token\", \"grant_types_supported\": [\"client_credentials\"] } } ], \"/token\": [ $(good a1) ] }"
	oauth2_ok login work --provider "$provider" --client-credentials --client-id me --client-secret-file "$BATS_TEST_TMPDIR/secret" \
	    --tls-trust-file "$certs/ca.pem"
	oauth2_ok token work
	[[ $stdout == a1 ]]
}

@test "names cannot leave the store" {
	local name
	start_provider
	login work
	for name in ../work .work -x --version a/b '' 'a b' "$(printf '%0129d' 0)"; do
		oauth2 token -- "$name"
		((status == 64 || status == 77)) || complain "$name: $status"
		[[ -z $stdout ]]
		oauth2 import -- "$name" < "$BATS_TEST_TMPDIR/login"
		((status == 64)) || complain "$name: $status"
	done
	[[ $(ls -A "$store") == $'work.json\nwork.lock' ]]
}

@test "a store that cannot be written: nothing is asked for, and what is left of the old token is used" {
	needs_mounts
	local -a readonly=(unshare --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"' - "$store")
	local -a full=(unshare --mount sh -c 'cp -a "$1" "$1.copy" && mount -t tmpfs -o size=16k,mode=700 none "$1" && cp -a "$1.copy/." "$1" \
	    && { dd if=/dev/zero of="$1/fill" bs=1k count=100 2> /dev/null; shift; exec "$@"; }' - "$store")
	start_provider
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	run_bounded "${readonly[@]}" "$OAUTH2" token work
	[[ $status == 75 && -z $stdout && $(asked) == 0 ]] || complain "read-only: $status"
	told "Read-only"
	run_bounded "${full[@]}" "$OAUTH2" token work
	[[ $status == 75 && -z $stdout && $(asked) == 0 ]] || complain "full: $status"
	told "No space"
	rm -rf "$store.copy"
	access work old 100 3500
	run_bounded "${readonly[@]}" "$OAUTH2" token work
	[[ $status == 0 && $stdout == old ]] || complain "read-only: $status"
	run_bounded "${full[@]}" "$OAUTH2" token work
	[[ $status == 0 && $stdout == old ]] || complain "full: $status"
}

@test "the clock was set back: the token is not used, and status says so" {
	start_provider
	gives "$(good a1)"
	login work
	access work old 7200 -3600
	oauth2 status work
	[[ $stdout == *"clock"* ]]
	oauth2_ok token work
	[[ $stdout == a1 ]]
}

@test "a damaged access token costs a refresh" {
	start_provider
	gives "$(good a1)"
	login work
	echo "token x" > "$store/work.access"
	chmod 600 "$store/work.access"
	oauth2_ok token work
	[[ $stdout == a1 ]]
	truncate -s 100K "$store/work.access"
	oauth2_ok token work
	[[ $stdout == a1 && $(asked) == 2 ]]
}

@test "the store's commands: what is kept is theirs, and a failing one is no lost login" {
	start_provider
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	printf '%s\n' '# no secret, but another text' 'store_command base64' 'load_command base64 -d' > "$store/store.conf"
	oauth2_ok token work		# it was plain before
	refute grep -q refresh_token "$store/work.json"
	base64 -d "$store/work.json" | grep -q refresh_token
	rm "$store/work.access"
	oauth2_ok token work
	[[ $(last_request) == *'"refresh_token":"r2"'* ]]
	rm "$store/work.access"
	printf '%s\n' 'store_command false' 'load_command base64 -d' > "$store/store.conf"
	forget_requests
	oauth2_fails 75 token work
	[[ $(asked) == 0 ]]
	printf '%s\n' 'store_command base64' 'load_command false' > "$store/store.conf"
	oauth2_fails 75 token work
	printf '%s\n' 'store_command base64' > "$store/store.conf"
	oauth2_fails 78 token work
	printf '%s\n' 'stor_command base64' > "$store/store.conf"
	oauth2_fails 78 token work
}

# ---------------------------------------------------------------------------------------------------------- other commands

@test "list and status show the logins, for people and as JSON, and no secret" {
	start_provider
	gives "$(good sEcReT '"refresh_token": "sEcReT2"' '"scope": "mail"')"
	oauth2_ok list
	told "There are no logins"
	oauth2_ok list --json
	[[ $stdout == '[]' ]]
	oauth2_fails 77 status work
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
	start_provider
	gives "$(good a1)"
	login work
	access work a1 3000
	oauth2_ok export work
	printf '%s\n' "$stdout" > "$BATS_TEST_TMPDIR/moves"
	[[ $stdout == *'"refresh_token": "r1"'* ]]
	[[ $(ls -A "$store") == $'work.exported\nwork.lock' ]]
	oauth2_fails 77 token work
	hinted "import --undo work"
	oauth2_fails 77 export work
	oauth2_ok import --undo work
	oauth2_ok token work
	oauth2_fails 64 import --undo work
	oauth2_fails 64 import work < "$BATS_TEST_TMPDIR/moves"
	told "already"
	oauth2_ok import elsewhere < "$BATS_TEST_TMPDIR/moves"
	oauth2_ok token elsewhere
	oauth2_fails 64 import other < /dev/null
	oauth2_fails 64 import other <<< '{ "version": 1 }'
	[[ ! -e $store/other.json ]]
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

@test "export does not write on a full disk and then forget, nor on a terminal" {
	start_provider
	login work
	run_bounded sh -c '"$1" export work > /dev/full' - "$OAUTH2"
	[[ $status == 75 && -e $store/work.json && ! -e $store/work.exported ]]
	run_bounded script -qec "$OAUTH2 export work" /dev/null
	[[ $status == 64 && $stdout != *r1* && -e $store/work.json ]]
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

# ----------------------------------------------------------------------------------------------------------- the machine's

# machine MODE: postern-oauth2 token --machine work, where the machine's directory is root's with this mode; prints what is in it.
machine() {
	local directory
	directory=$(grep -aoE '/[[:alnum:]/._+-]+/lib/postern/access' "$OAUTH2" | head -n 1)
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded unshare --mount sh -c 'dir=$1 top=$1 program=$2
		while ! test -d "$top"; do top=${top%/*}; done
		mount -t tmpfs none "${top:-/nonexistent}" && mkdir -p "$dir" && chgrp 12345 "$dir" && chmod "$3" "$dir" || exit 99
		"$program" token --machine work && cd "$dir" && ls -A && stat -c "%a %u %g" work && cat work' - "$directory" "$OAUTH2" "$1"
}

@test "a machine's login: root keeps the refresh token, and a group can read the access token" {
	needs_mounts
	start_provider
	gives "$(good a1 '"expires_in": 3600' '"refresh_token": "r2"')" "$(good a2)"
	login work
	machine 750
	[[ $status == 0 && $stdout == $'work\n640 0 12345\nuser me@example.org\nobtained '*$'\ntoken a1' && -z $stderr ]] || complain "status $status"
	[[ $stdout != *r2* && $(member work refresh_token) == r2 ]]
	machine 750
	[[ $status == 0 && $stdout == *$'\ntoken a1' && $(asked) == 1 ]]
	access work a1 800 2800		# a user's would be good; the machine's is renewed early
	machine 750
	[[ $status == 0 && $stdout == *$'\ntoken a2' ]]
	for mode in 770 755; do
		machine "$mode"
		((status == 77)) || complain "mode $mode: status $status"
		hinted "chmod 750"
	done
}

@test "systemd has nothing against the units of a machine's login, and they are hardened" {
	command -v systemd-analyze > /dev/null || skip "needs systemd-analyze"
	local units=$BATS_TEST_TMPDIR/units
	mkdir "$units"
	sed -e "s|@bindir@|${OAUTH2%/*}|; s|@localstatedir@|/var|" "$SRCDIR/contrib/systemd/postern-oauth2@.service.in" \
	    > "$units/postern-oauth2@.service"
	cp "$SRCDIR/contrib/systemd/postern-oauth2@.timer" "$units"
	cd "$units"
	run_bounded systemd-analyze verify --man=no ./*
	[[ $status == 0 && -z $stdout$stderr ]] || complain "systemd-analyze verify"
	run_bounded systemd-analyze security --offline=true --no-pager --threshold=20 ./postern-oauth2@.service
	((status == 0)) || complain "systemd-analyze security"
}

# ----------------------------------------------------------------------------------------------------------------- crashes

# The program is run once for each of its system calls, and at the n-th one it is killed, the machine loses its power, or the call
# fails (tests/fault/crash.c).

crash_so=$BUILDDIR/tests/fault/crash.so

# disk: the store is below $disk from now on.  The provider has no name that a thread would look up.
disk() {
	[[ -e $crash_so ]] || skip "tests/fault/crash.so is not built"
	provider=${provider/localhost/127.0.0.1}
	disk=$BATS_TEST_TMPDIR/disk store=$BATS_TEST_TMPDIR/disk/postern/oauth2 trace=$BATS_TEST_TMPDIR/trace
	export XDG_STATE_HOME=$disk
	mkdir -p "$disk"
}

# crashing N HOW ARGS: one run of postern-oauth2 on a copy of $template, which reads the file $reads; sets $status, $stdout, $stderr.
crashing() {
	rm -rf "$disk" "$disk"~* "$trace"
	cp -a "$template" "$disk"
	run_bounded env CRASH_DIR="$disk" CRASH_AT="$1" CRASH_HOW="$2" CRASH_TRACE="$trace" LD_PRELOAD="$crash_so" \
	    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "$OAUTH2" "${@:3}" < "${reads:-/dev/null}"
	((status != 99 && status != 134 && status != 139)) || complain "$2 at call $1: status $status"
}

# each_call "HOW ..." CHECK ARGS: in each way at each system call; then CHECK, with $how.
each_call() {
	local how n last
	for how in $1; do
		crashing 0 "$how" "${@:3}"
		((status == 0)) || complain "without a crash: status $status"
		last=$(wc -l < "$trace")
		((last > 8)) || complain "only $last calls"
		[[ $how != power && $how != data ]] || ((++last))
		for ((n = 1; n <= last; n++)); do
			forget_requests
			crashing "$n" "$how" "${@:3}"
			"$2" || complain "$how at call $n of $last: status $status; $(sed -n "${n}p" "$trace"); $(ls -A "$store")"
		done
	done
}

# The next run has a token.  If this one gave its token away, the new refresh token is the one that is kept.
token_is_safe() {
	local gave=$stdout was=$status warned=$stderr
	case $was in
	0 | 137) ;;
	75 | 77) [[ -z $gave ]] || return ;;
	*) return 1 ;;
	esac
	oauth2 token work
	((status == 0)) && [[ $stdout == a1 ]] || return
	[[ -z $gave || $(member work refresh_token) == r2 || $warned == *"may be lost"* ]]
}

@test "a crash or an error at each system call while a token is renewed" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE EINTR ENOSPC" token_is_safe token work
}

# Nobody but a person can take a login away.
login_is_there() {
	local was=$stdout
	oauth2 status work
	((status == 0)) && return
	[[ $was == *'"refresh_token": "r1"'* && -e $store/work.exported ]]
}

@test "a crash or an error at each system call while a login is exported" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	login work
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES ENOSPC" login_is_there export work
}

# A login that is taken in, for the first time or in the place of another one: whatever happens, there is a whole one with $old or $new
# as its refresh token, or there was none and is none; and a run that says that it is in has left it.
login_is_whole() {
	local was=$status kept=''
	oauth2 status work
	[[ ! -e $store/work.json ]] || kept=$(member work refresh_token)
	case $was:$status in
	0:0) [[ $kept == "$new" ]] ;;
	[17]*:0) [[ $kept == "$new" || $kept == "$old" ]] ;;
	[17]*:77) [[ -z $old && ! -e $store/work.json ]] ;;
	*) return 1 ;;
	esac
}

@test "a crash or an error at each system call while a login is imported, or takes the place of another one" {
	local template=$BATS_TEST_TMPDIR/template reads=$BATS_TEST_TMPDIR/moves old='' new=r1
	start_provider
	disk
	login work
	cp "$BATS_TEST_TMPDIR/login" "$reads"
	rm -r "$disk/postern"
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE ENOSPC" login_is_whole import work
	old=r1 new=r2
	sed 's/"r1"/"r2"/' "$BATS_TEST_TMPDIR/login" > "$reads"
	mv "$template" "$disk"
	login work
	access work a1 3000
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE ENOSPC" login_is_whole import --force work
}

@test "a crash or an error at each system call while a person's login takes the place of another one" {
	local template=$BATS_TEST_TMPDIR/template old=r1 new=r2
	start_provider
	disk
	answers <<< "{ \"/.well-known/oauth-authorization-server\": [ { \"json\": { \"issuer\": \"$provider\", \"token_endpoint\": \"$provider/token\" } } ],
		\"/token\": [ $(good a2 '"refresh_token": "r2"') ] }"
	(umask 077; printf secret > "$BATS_TEST_TMPDIR/secret")
	login work
	access work a1 3000
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE ENOSPC" login_is_whole login work --provider "$provider" --client-credentials \
	    --client-id me --client-secret-file "$BATS_TEST_TMPDIR/secret" --tls-trust-file "$certs/ca.pem"
}

@test "a crash or an error at each system call while an export is undone" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	login work
	oauth2_ok export work
	mv "$disk" "$template"
	back_or_aside() { [[ -e $store/work.exported ]] && ((status != 0)) || oauth2_ok status work; }
	each_call "killed power data EIO EACCES ENOSPC" back_or_aside import --undo work
}

# A run that says that the login has ended has left nothing of it; any other can be repeated.
ended_or_there() {
	((status == 0)) || oauth2 logout work
	[[ $(ls -A "$store") == work.lock ]]
}

@test "a crash or an error at each system call while a login is ended" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	answers <<< '{ "/revoke": [ { "status": 200 } ] }'
	login work
	access work a1 3000
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES ENOSPC" ended_or_there logout work
}

@test "killed between the last byte of a new login and its name: the next run finds it, and a strict provider is not asked with the old one" {
	local template=$BATS_TEST_TMPDIR/template n
	start_provider
	disk
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	mv "$disk" "$template"
	crashing 0 killed token work
	n=$(sed -nE 's/^([0-9]+) rename .*work\.json.*/\1/p' "$trace" | head -n 1)
	[[ -n $n ]] || complain "no rename: $(cat "$trace")"
	crashing "$n" killed token work
	((status == 137))
	[[ -z $stdout && $(ls -A "$store") == $'work.json\nwork.json.new\nwork.lock' ]]
	oauth2_ok token work
	[[ $(last_request) == *'"refresh_token":"r2"'* ]]
	store_is_clean
}

@test "SIGTERM while the provider answers: the new refresh token is kept" {
	start_provider
	gives '{ "wait": 1000, "json": { "access_token": "a1", "token_type": "Bearer", "refresh_token": "r2" } }'
	login work
	with_default_signals "$OAUTH2" token work > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	await_request
	kill -TERM $!
	wait $! || true
	[[ $(member work refresh_token) == r2 && -e $store/work.access ]]
	store_is_clean
}
