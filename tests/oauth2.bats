#!/usr/bin/env bats
# postern-oauth2 token: when a token is asked for, what the provider may answer, and what is done about a refused token.  The store:
# oauth2-store.bats; other commands: oauth2-commands.bats; crashes: oauth2-crash.bats.
load helper
load provider
load oauth2

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

@test "what ended a login, and what mends it, is told the same at each later run" {
	local first
	start_provider
	login work
	gives '{ "status": 400, "json": { "error": "invalid_grant", "error_subtype": "invalid_rapt", "error_description": "reauth" } }'
	oauth2_fails 77 token work
	first=${stderr#*hint: }
	oauth2_fails 77 token work
	told "invalid_grant (invalid_rapt): reauth"
	[[ ${stderr#*hint: } == "$first" ]] || complain "not: $first"
}

@test "status tells what the provider refused last, with the exit status of token, until a token comes" {
	local error want
	start_provider
	login work
	for error in '"invalid_client", "error_description": "unknown: it"' '"moon_phase"' '"invalid_client", "error_subtype": "x"'; do
		gives "{ \"status\": 400, \"json\": { \"error\": $error } }"
		oauth2 token work
		want=$status error=${stderr%%$'\n'*}
		error=${error#*postern-oauth2: }
		oauth2 status work
		((status == want)) || complain "$status, not $want"
		[[ $stdout != *"(x)"* || $stdout == *": invalid_client (x)"* ]] || complain "$stdout"
		[[ $stdout == *"problem      ${error#*: }"* && $stdout == *$'\nmend '* ]] || complain "not: $error"
		[[ $stdout == *$'\nrefused '* ]]
	done
	oauth2 status --json work
	[[ $stdout == *'"problem": '*invalid_client* && $stdout == *'"refused": '* ]]
	stat -c %i "$store/work.json" > "$BATS_TEST_TMPDIR/inode"
	oauth2_fails 78 token work
	[[ $(stat -c %i "$store/work.json") == "$(< "$BATS_TEST_TMPDIR/inode")" ]]	# the same is not written again
	gives "$(good a1)"
	oauth2_ok token work
	oauth2_ok status work
	[[ $stdout != *refused* && $stdout != *problem* ]]
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
