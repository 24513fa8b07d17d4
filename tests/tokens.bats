# tokens.bats - `oauth2 NAME`: the access token of a login, from its file or from postern-oauth2; what happens if it is refused.
#
# A script stands for postern-oauth2, beside a copy of postern, since there it is looked for.
load helper

setup() {
	helper_setup
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/cwd"
	cp "$POSTERN" "$BATS_TEST_TMPDIR/bin/postern"
	POSTERN=$BATS_TEST_TMPDIR/bin/postern logins=$HOME/.local/state/postern/oauth2 asked=$BATS_TEST_TMPDIR/asked
	mkdir -p "$logins"
	chmod 700 "$logins"
	: > "$asked"
	program 'answer new'
}

# program COMMANDS: a postern-oauth2 that notes its arguments and then does this.  `answer TOKEN [USER]` writes the file and prints the
# token.
program() {
	cat > "$BATS_TEST_TMPDIR/bin/postern-oauth2" <<-S
		#!/bin/bash
		echo "\$*" >> '$asked'
		logins='$logins'
		answer() {
			umask 077
			printf '%s\n' "user \${2-user}" "obtained \$(date +%s)" "expires \$((\$(date +%s) + 3600))" "token \$1" > "\$logins/work.access"
			echo "\$1"
		}
		$1
	S
	chmod 755 "$BATS_TEST_TMPDIR/bin/postern-oauth2"
}

# cached TOKEN [SECONDS [AGE]]: the file has a token that is good for so long.
cached() {
	local now
	now=$(date +%s)
	printf '%s\n' "user user" "obtained $((now - ${3:-0}))" "expires $((now + ${2:-3600}))" "token $1" > "$logins/work.access"
	chmod 600 "$logins/work.access"
}

# token_server: a server that takes the token `new`, with more of a script on stdin.
token_server() {
	local script
	script=$(cat)
	start_server <<-S
		auth_mechs ${mechs-XOAUTH2 OAUTHBEARER PLAIN LOGIN SCRAM-SHA-256}
		token ${token-new}
		$script
	S
	set_conf password
	set_conf user
	set_conf oauth2 work
}

sends() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }
digest() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
asks() { [[ $(< "$asked") == "$1" ]] || complain "asked: $(< "$asked")"; }
auths() { [[ $(transcript | grep -c 'C: AUTH ') == "$1" ]] || complain "$(transcript)"; }
connections() { [[ $(transcript | grep -c 'S: 220 .*ESMTP') == "$1" ]] || complain "$(transcript)"; }

# ---------------------------------------------------------------------------------------------------------------------- the token

@test "a token in the file that is good is used, and nothing is started" {
	local mech
	for mech in OAUTHBEARER XOAUTH2; do
		for token in "$(printf 'x%.0s' {1..40})" "$(printf 'y%.0s' {1..3000})"; do
			mechs="$mech PLAIN" token_server < /dev/null
			cached "$token"
			sends
			[[ $(envelope) == *"auth $mech user"* ]]
			asks ""
		done
	done
}

@test "OAUTHBEARER comes before XOAUTH2, and a password mechanism is never used" {
	cached new
	token_server < /dev/null
	sends
	[[ $(envelope) == *"auth OAUTHBEARER user"* ]]
	mechs="PLAIN LOGIN SCRAM-SHA-256" token_server < /dev/null
	send_fails 69 auth
	auths 0
	hinted "an access token needs OAUTHBEARER or XOAUTH2"
}

@test "without a file, or with a token near its end, postern-oauth2 is asked before connecting" {
	token_server < /dev/null
	sends
	asks "token work"
	for age in "200 3000" "-5 3600" "3600 -100"; do		# near its end, over, obtained in the future
		: > "$asked"
		# shellcheck disable=SC2086	# two words
		cached old $age
		sends
		asks "token work"
	done
	: > "$asked"
	cached new 200 100	# a quarter of its lifetime is less than five minutes
	sends
	asks ""
}

@test "a damaged file costs a new token, and a file that is open to others is refused" {
	token_server < /dev/null
	echo "token ab" > "$logins/work.access"
	chmod 600 "$logins/work.access"
	sends
	asks "token work"
	truncate -s 100K "$logins/work.access"
	sends
	asks "token work
token work"
	chmod 644 "$logins/work.access"
	send_fails 77 secret
	hinted "chmod 600 $logins/work.access"
	rm "$logins/work.access"
	ln -s /dev/null "$logins/work.access"
	send_fails 77 secret
	told "symbolic link"
}

@test "user of the configuration counts before that of the login; without either it is an error" {
	token_server <<< "user office@example.org"
	cached new
	set_conf user office@example.org
	sends
	[[ $(envelope) == *"auth OAUTHBEARER office@example.org"* ]]
	set_conf user
	sed -i '/^user/d' "$logins/work.access"
	send_fails 78 config
	told "does not say with which user name"
	hinted "set \`user\`"
}

@test "the login's address is the sender, and chooses the account" {
	token_server <<< "user me@work.example.org"
	cached new
	sed -i 's/^user.*/user me@work.example.org/' "$logins/work.access"
	set_conf from
	sends
	[[ $(envelope) == *"mail <me@work.example.org>"* ]]
	sed -i 's/^account default/account work/' "$conf"
	printf '%s\n' "account default" "host other.example" >> "$conf"
	postern_ok -f me@work.example.org you@example.net < "$mail"
}

@test "the access token is sent over TLS only, whatever auth_cleartext says" {
	cached new
	start_server <<< $'tls none\nauth_clear\nauth_mechs XOAUTH2 PLAIN'
	set_conf oauth2 work
	set_conf auth_cleartext on
	send_fails 78 config
	told "has \`oauth2\` without TLS"
}

@test "oauth2 and a password in one place are an error that names both; an account replaces what the defaults say" {
	local rival
	for rival in "password_command pass show x" "password x" "password_file /f" "passwordeval echo x"; do
		printf '%s\n' "host mail.example" "oauth2 work" "$rival" > "$conf"
		chmod 600 "$conf"
		postern --dump-config
		((status == 78))
		told "${rival%% *} and oauth2 are both set"
		told "$conf:2"
	done
	printf '%s\n' "defaults" "host mail.example" "password_command pass show x" "account a" "oauth2 work" "account b : a" \
	    "password y" > "$conf"
	postern_ok -a a --dump-config
	[[ $stdout == *"oauth2 work"* && $stdout != *password_command* ]]
	postern_ok -a b --dump-config
	[[ $stdout != *"oauth2 work"* && $stdout == *"password: set"* ]]
	postern_fails 64 -- -a a --oauth2=x --password-command=y --dump-config
	told "are both set"
	postern_ok -a a --password-command=y --dump-config
}

@test "oauth2 and a mechanism with a password are an error, and so is a name that is no name" {
	printf '%s\n' "host mail.example" "oauth2 work" "auth plain" > "$conf"
	postern_fails 78 config -- you@example.net < "$mail"
	told "takes no access token"
	local name
	for name in ../work -x --version --machine; do		# the last three would be options of postern-oauth2
		printf '%s\n' "host mail.example" "oauth2 $name" > "$conf"
		postern_fails 78 config -- you@example.net < "$mail"
		told "must be the name of a login"
	done
}

@test "--check says which login and how it goes" {
	token_server < /dev/null
	cached new
	postern_ok --check
	[[ $stdout == *"from \`oauth2\`, work"* && $stdout == *"logged in as user with OAUTHBEARER"* ]]
	nothing_shown() { [[ $stdout$stderr != *"$1"* ]]; }
	[[ $stdout == *"oauth2 work, from $conf:"* ]]
}

# ------------------------------------------------------------------------------------------------------------- postern-oauth2

@test "the exit status of postern-oauth2 becomes ours, and its words are shown" {
	local status stage
	token_server < /dev/null
	while read -r status stage; do
		program "printf 'postern-oauth2: the provider\\033 says no\nmore\nhint: do this\nhint: and that\n' >&2; exit $status"
		send_fails "$status" "$stage"
		told "the login work"
		told 'the provider\x1b says no'
		hinted "do this; and that"
		connections 0
	done <<-'S'
		75 secret
		76 secret
		77 secret
		78 config
	S
	program 'exit 3'
	send_fails 75 secret
	told "exit status 3"
	program 'kill -9 $$'
	send_fails 75 secret
	told "ended by signal 9"
}

@test "without a hint of postern-oauth2 the words of the provider give one" {
	token_server < /dev/null
	program 'echo "postern-oauth2: refused: invalid_grant AADSTS50173: The provided grant has expired" >&2; exit 77'
	send_fails 77 secret
	hinted "postern-oauth2 login work"
	program 'exit 77'
	send_fails 77 secret
	hinted "postern-oauth2 login work"
}

@test "what postern-oauth2 prints must be one token; many words do not block it" {
	local out
	token_server < /dev/null
	for out in "" "a b" 'a\nb' 'x\r' 'new\001' "$(printf 'z%.0s' {1..20000})"; do
		program "printf '%b\n' '$out'"
		send_fails 75 secret
	done
	program 'head -c 300000 /dev/zero | tr "\0" x >&2; answer new'
	sends
	told "warning: postern-oauth2: xxx"
	rm "$logins/work.access"
	program 'printf "postern-oauth2: warning: %s\n" one two >&2; yes | head -n 100 >&2; answer new'
	sends
	[[ $stderr == "postern: warning: postern-oauth2: one
postern: warning: postern-oauth2: two
"* && $(grep -c . <<< "$stderr") == 4 ]] || complain "the warnings"
}

@test "a token whose file could not be written, or that has only seconds left, is used, and asked for once" {
	token_server < /dev/null
	set_conf user user
	program 'echo new'
	sends
	asks "token work"
	: > "$asked"
	program 'answer new; sed -i "s/^expires.*/expires $(($(date +%s) + 5))/; s/^obtained.*/obtained $(($(date +%s) - 3595))/" "$logins/work.access"'
	sends
	asks "token work"
}

@test "postern-oauth2 is missing: the error names it" {
	token_server < /dev/null
	rm "$BATS_TEST_TMPDIR/bin/postern-oauth2"
	[[ ! -x $(command -v postern-oauth2) ]] || skip "an installed postern-oauth2 is found"
	send_fails 78 config
	told "/postern-oauth2 is missing"
	hinted "--without-oauth2"
}

@test "postern-oauth2 that takes too long gets SIGTERM, and may end what it does" {
	token_server < /dev/null
	# bash says on standard error that its sleep was ended, and nobody reads that any more
	program "exec 2> '$BATS_TEST_TMPDIR/ended.sleep'
		trap 'echo > $BATS_TEST_TMPDIR/term' TERM
		echo > '$BATS_TEST_TMPDIR/begun'
		until [[ -e '$BATS_TEST_TMPDIR/term' && -e '$BATS_TEST_TMPDIR/over' ]]; do sleep 0.05; done
		echo whole > '$BATS_TEST_TMPDIR/ended'"
	with_own_time FAST_WHEN="$BATS_TEST_TMPDIR/begun" FAST_SECONDS=600
	by=(env "${own_time[@]}")
	send_fails 75 secret
	told "did not answer in time"
	: > "$BATS_TEST_TMPDIR/over"
	eventually test -s "$BATS_TEST_TMPDIR/ended"
}

@test "postern-oauth2 gets neither standard input nor variables of postern's" {
	token_server < /dev/null
	program "cat > '$BATS_TEST_TMPDIR/stdin'; env > '$BATS_TEST_TMPDIR/env'; answer new"
	POSTERN_TIMEOUT=20 sends
	[[ ! -s $BATS_TEST_TMPDIR/stdin ]]
	refute grep POSTERN_ "$BATS_TEST_TMPDIR/env"
}

# ---------------------------------------------------------------------------------------------------------------------- refused

@test "the server refuses a token from the file: it is renewed once, and AUTH is said again on the same connection" {
	local mech json
	for mech in OAUTHBEARER XOAUTH2; do
		for json in '{"status":"invalid_token","openid-configuration":"https://x"}' \
		    '{"status":"401","schemes":"bearer","scope":"mail"}' '{"schemes":"Bearer","status":"400"}' 'nonsense' ''; do
			: > "$asked"
			cached old
			mechs=$mech token_server <<< "oauth_error $json"
			sends
			asks "token --unlike $(digest old) work"
			auths 2
			connections 1
		done
	done
}

@test "the server closes the connection after its refusal: the new token is used on another one" {
	cached old
	mechs=XOAUTH2 token_server <<-'S'
		drop AUTH#2 close
	S
	sends
	connections 2
	asks "token --unlike $(digest old) work"
	: > "$asked"
	cached old
	mechs=XOAUTH2 token_server <<< "reply AUTH#2 421 4.7.0 too many"
	sends
	connections 2
	asks "token --unlike $(digest old) work"
}

@test "a new token that is refused: no third AUTH, postern-oauth2 is told, and it is 77" {
	cached old
	program 'answer newer'
	token_server < /dev/null
	send_fails 77 auth
	auths 2
	asks "token --unlike $(digest old) work
token --unlike $(digest newer) work"
	: > "$asked"
	rm "$logins/work.access"
	token_server < /dev/null
	send_fails 77 auth
	auths 1
	asks "token work
token --unlike $(digest newer) work"
	hinted "postern-oauth2 login work"
}

@test "postern-oauth2 has no newer token: its verdict counts" {
	cached old 3000 3000
	token_server < /dev/null
	program 'echo "postern-oauth2: the login has ended: invalid_grant" >&2; exit 77'
	send_fails 77 secret
	told "invalid_grant"
	told "535"
	hinted "postern-oauth2 login work"
	program 'exit 75'
	send_fails 75 secret
	auths 2		# one for each message
	cached old	# there was a new one lately, which was refused, too: the words of the server count
	program 'echo "postern-oauth2: the mail server refuses a new access token of the login work" >&2; exit 77'
	send_fails 77 auth
	hinted "\`user\` must be the account that logged in"
}

@test "a status of 5xx in the challenge, and 454, are temporary: nothing is renewed" {
	local json
	for json in '{"status":"500"}' '{"status":503}' '{"a":{"status":"401"},"b":["}"],"status" : "500" }'; do
		cached old
		token_server <<< "oauth_error $json"
		send_fails 75 auth
	done
	token_server <<< "reply AUTHLINE 454 4.7.0 Temporary authentication failure"
	send_fails 75 auth
	asks ""
}

@test "a scope that is missing is not mended by a new token" {
	local json
	for json in '{"status":"insufficient_scope","scope":"mail"}' '{"status":"403"}'; do
		cached old
		token_server <<< "oauth_error $json"
		send_fails 77 auth
		hinted "postern-oauth2 login work"
		hinted "does not allow sending"
	done
	asks ""
}

@test "5.7.139 is not mended by a new token, and 5.7.3 may be" {
	cached old
	mechs=XOAUTH2 token_server <<< "reply AUTHLINE 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
	send_fails 77 auth
	asks ""
	hinted "administrator has to enable"
	mechs=XOAUTH2 token_server <<< "reply AUTHLINE#1 535 5.7.3 Authentication unsuccessful"
	sends
	asks "token --unlike $(digest old) work"
}

@test "a challenge with long or wild JSON is bounded, and shown printable" {
	local json
	cached old
	for json in "{\"status\":\"$(printf 'x%.0s' {1..5000})\"}" "$(printf '[%.0s' {1..500})" "{\"a\":$(printf '{%.0s' {1..100})" \
	    '{"status":' "{\"status\":\"\\u001b[2J\\" '{"x' '{"status":{}}'; do
		: > "$asked"
		cached old
		token_server <<< "oauth_error $json"
		sends
		asks "token --unlike $(digest old) work"
	done
	mechs=OAUTHBEARER token_server <<-S
		reply AUTHLINE#1 334 $(printf '{"status":"401","\033[2J":1}' | base64)
	S
	program 'answer newer'
	cached old
	send_fails 77 auth
	[[ $stderr != *$'\033'* ]]
}

@test "a token that is too long for any server is an error of ours, before it is sent" {
	token=$(printf 'x%.0s' {1..9500})
	token_server < /dev/null
	cached "$token"
	send_fails 69 auth
	told "the access token is too long"
	auths 0
	token=$(printf 'x%.0s' {1..9000})
	token_server < /dev/null
	cached "$token"
	sends
}

@test "neither trace, log nor error shows a token" {
	cached old-token-value
	program 'answer newer-token-value'
	token_server <<-S
		oauth_error {"status":"old-token-value"}
		reply AUTHLINE#3 535 5.7.8 not with newer-token-value, $(printf newer-token-value | base64)
	S
	postern -vv --logfile="$BATS_TEST_TMPDIR/log" you@example.net < "$mail"
	((status == 77))
	refute grep -E "(old|newer)-token-value" "$BATS_TEST_TMPDIR/log" <(echo "$stdout$stderr")
}

# ------------------------------------------------------------------------------------------------------- queue, service, many

@test "with the queue on, a dead login keeps the mail and the log says what to do" {
	token_server < /dev/null
	program 'echo "postern-oauth2: the login has ended: invalid_grant" >&2; exit 77'
	set_conf queue on
	set_conf queue_directory "$BATS_TEST_TMPDIR/queue"
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	sends
	[[ $(< "$BATS_TEST_TMPDIR/log") == *"needs=person"*"hint=\"postern-oauth2 login work\""* ]] || complain "$(< "$BATS_TEST_TMPDIR/log")"
	connections 0
	program 'answer new'
	rm -f "$logins/work.access"
	postern_ok -qRyou
	[[ $(envelope) == *"rcpt <you@example.net>"* ]]
}

@test "-bs: a token that ends during the session is replaced before the next connection" {
	local n
	token_server <<< "limits MAILMAX=1"
	program 'answer new'
	cached new 304 3600	# good for four seconds more
	session() {
		echo "EHLO client.example"
		for n in 1 2; do
			printf '%s\n' "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: $n" "" . 
			sleep $((6 * (2 - n)))
		done
		echo QUIT
	}
	postern_ok -bs < <(session)
	asks "token work"
	connections 2
}

# ------------------------------------------------------------------------------------------------------------------ the machine's

# machine FILE MODE: the machine's directory of access tokens, with this file for the login `work`.
machine() {
	needs_mounts
	access=$(grep -aoE '/[[:alnum:]/._+-]+/lib/postern/access' "$POSTERN" | sed -n 1p)
	top=${access%/*/*/*}	# where a file system of the test's own is mounted: /var, or of /usr/local/var what is there
	while [[ ! -d $top ]]; do top=${top%/*}; done
	[[ $top == /var* || $top == /*/* ]] || skip "needs the directory of variable data, ${access%/*/*/*}"
	cp "$1" "$BATS_TEST_TMPDIR/machine"
	chown 0:54322 "$BATS_TEST_TMPDIR/machine"
	chmod "$2" "$BATS_TEST_TMPDIR/machine"
	cp "$conf" "$BATS_TEST_TMPDIR/all.conf"
	cp "$certs/ca.pem" "$BATS_TEST_TMPDIR/ca.pem"
	sed -i "s|^tls_trust_file.*|tls_trust_file $BATS_TEST_TMPDIR/ca.pem|" "$BATS_TEST_TMPDIR/all.conf"
	chmod 644 "$BATS_TEST_TMPDIR/all.conf" "$BATS_TEST_TMPDIR/ca.pem"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$POSTERN" || skip "another user cannot reach $BATS_TEST_TMPDIR"
}

# member GROUPS: postern of a user with these groups on that machine.
member() {
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded unshare --mount sh -c '
		mount -t tmpfs none "$4" && chmod 755 "$4" && (umask 022; mkdir -p "$1") && chown 0:54322 "$1" && chmod 750 "$1" && cp -p "$2" "$1/work" || exit 99
		groups=$3
		shift 4
		cd / && exec setpriv --reuid 54321 --regid 54321 --groups "$groups" env HOME=/nonexistent TMPDIR=/tmp "$@"' \
	    - "$access" "$BATS_TEST_TMPDIR/machine" "$1" "$top" "$POSTERN" -C "$BATS_TEST_TMPDIR/all.conf" you@example.net < "$mail"
}

@test "the machine's login: its group sends with the token of root's, and never asks for one" {
	token_server < /dev/null
	cached new
	machine "$logins/work.access" 640
	member 54322
	((status == 0)) || complain "status $status"
	[[ $(envelope) == *"auth OAUTHBEARER user"* ]]
	program "echo 'postern-oauth2: there is no login work' >&2; exit 77"
	chmod 666 "$asked"
	member 54323		# not in the group
	((status == 77))
	told "there is no login work"
	: > "$asked"
	cached new 100 3600
	machine "$logins/work.access" 640
	member 54322
	((status == 75))
	told "postern-oauth2@work.timer"
	hinted "systemctl status postern-oauth2@work.service"	# that of the timer shows no failure
	cached old
	machine "$logins/work.access" 640
	member 54322
	((status == 75))
	told "postern-oauth2@work.timer"
	told 535
	machine "$logins/work.access" 644
	member 54322
	((status == 77))
	hinted "chmod 640 $access/work"
	echo damaged > "$logins/work.access"
	machine "$logins/work.access" 640
	member 54322
	((status == 75))
	told "postern-oauth2@work.timer"
	asks ""
}
