# The examples of the manual, with the test server as the provider.

load helper

# smallest FILE: the first example of a manual or the README, with its three lines.
smallest() {
	sed 's/\\-/-/g; s/^\t//' "$SRCDIR/$1" | awk '/^host[ \t]/ { on = 1 } on { print } /^password_command/ && on { exit }'
}

@test "the smallest configuration of each manual works with a provider that binds senders to logins" {
	local file user rows=0
	for file in man/postern.1 man/postern.conf.5 README; do
		smallest "$file" > "$BATS_TEST_TMPDIR/smallest"
		user=$(awk '$1 == "user" { print $2 }' "$BATS_TEST_TMPDIR/smallest")
		start_server <<-S
			user $user
			require_auth
			reply MAIL:$user 250 2.1.0 ok
			reply MAIL 553 5.7.1 <sender>: Sender address rejected: not owned by user $user
		S
		sed -e 's/^host.*/host localhost/' -e 's/^password_command.*/password_command echo secret/' \
		    -e "\$aport $port" -e "\$atls_trust_file $certs/ca.pem" "$BATS_TEST_TMPDIR/smallest" > "$conf"
		(($(wc -l < "$conf") <= 6))
		run_bounded "$POSTERN" -C "$conf" friend@example.net < <(printf 'Subject: a test\n\nIt works.\n')
		((status == 0)) || complain "$file: status $status"
		[[ $(message) == *"From: $user"$'\r'* ]]
		rows=$((rows + 1))
	done
	((rows == 3))
}

@test "a container: variables and a file with the secret, without a configuration file" {
	start_server <<< "tls implicit"
	echo secret > "$HOME/smtp"
	export POSTERN_URL=smtps://us%65r@localhost:$port POSTERN_FROM=app@example.org
	export POSTERN_PASSWORD_FILE=$HOME/smtp POSTERN_TLS_TRUST_FILE=$certs/ca.pem
	run_bounded "$POSTERN" you@example.net < "$mail"
	((status == 0)) || complain "status $status"
	[[ $(envelope) == *"auth "*" user"$'\n'"mail <app@example.org>"* ]]
}

@test "LMTP over a unix socket: LHLO has a valid name, and each recipient gets its own reply" {
	start_server <<-'S'
		tls none
		lmtp on
		listen unix lmtp
		reply BODY:full@* 452 4.2.2 the mailbox is full
	S
	printf '%s\n' "socket $server_dir/lmtp" "protocol lmtp" "tls off" > "$conf"
	postern_fails 75 -- -f me@example.org ok@example.net full@example.net < "$mail"
	[[ $stderr == *"the message for full@example.net"*"mailbox is full"* && $stderr != *"message for ok@"* ]]
	[[ $(transcript) =~ "C: LHLO "(\[127\.0\.0\.1\]|[a-z0-9-]+\.[a-z0-9.-]+) ]]
}

@test "a client certificate is the login with auth external; without that line there is no login" {
	start_server <<-'S'
		request_client_cert require
		offer AUTH EXTERNAL PLAIN
	S
	set_conf user
	set_conf password
	set_conf tls_cert_file "$certs/client.pem"
	set_conf tls_key_file "$certs/client.key"
	postern_ok you@example.net < "$mail"
	[[ $(envelope) != *"auth "* ]]
	set_conf auth external
	postern_ok you@example.net < "$mail"
	[[ $(envelope 2) == *"auth EXTERNAL"* ]]
}

@test "OAuth2: the login is all that is needed" {
	local logins=$HOME/.local/state/postern/oauth2 now
	now=$(date +%s)
	start_server <<-'S'
		offer AUTH XOAUTH2
		token opensesame
		user me@example.org
	S
	mkdir -p "$logins"
	chmod 700 "$logins"
	printf '%s\n' "user me@example.org" "obtained $now" "expires $((now + 3600))" "token opensesame" > "$logins/work.access"
	chmod 600 "$logins/work.access"
	set_conf user
	set_conf password
	set_conf oauth2 work
	postern_ok you@example.net < "$mail"
	[[ $(envelope) == *"auth XOAUTH2 me@example.org"* ]]
}

@test "OAuth2: password_command prints the token" {
	start_server <<-'S'
		offer AUTH XOAUTH2
		token opensesame
	S
	set_conf auth xoauth2
	set_conf password
	set_conf password_command "echo opensesame"
	postern_ok you@example.net < "$mail"
	[[ $(envelope) == *"auth XOAUTH2 user"* ]]
}

@test "two accounts: the sender chooses one, also by a pattern or with a detail" {
	start_server < /dev/null
	sed -i "s/^account.*/defaults/" "$conf"
	cat >> "$conf" <<-'C'
		account default
		from me@example.org
		account office : default
		from office@example.org, *@office.example.org
		domain office.example.org
	C
	local sender want n=0
	while read -r sender want; do
		postern_ok -f "$sender" you@example.net < "$mail"
		n=$((n + 1))
		[[ $(envelope "$n") == *"helo $want"* ]] || { echo "$sender: not $want" >&2; return 1; }
	done <<-'S'
		office@example.org office.example.org
		Office+bills@example.org office.example.org
		who@office.example.org office.example.org
		me@example.org [
		stranger@example.com [
	S
}

@test "cron, PHP, git and mutt: their command lines work" {
	start_server < /dev/null
	postern_as sendmail -FCronDaemon -i -B8BITMIME -oem root < "$mail"
	((status == 0))
	[[ $(envelope 1) == *"rcpt <root@"* ]]
	postern_as sendmail -t -i -fapp@example.org < "$mail"
	((status == 0))
	[[ $(envelope 2) == *"mail <app@example.org>"*"rcpt <you@example.net>"* ]]
	postern_as sendmail -f me@example.org -i you@example.net < "$mail"
	((status == 0))
	[[ $(envelope 3) == *"rcpt <you@example.net>"* ]]
	postern_as sendmail -oem -oi -f me@example.org -N delay -R hdrs -- you@example.net < "$mail"
	((status == 0))
	[[ $(envelope 4) == *"RET=HDRS"*"NOTIFY=DELAY"* ]]
}
