# --check: the steps of a submission without a message, what each of them says, and what is looked at after a failure.

load helper

# step WORD VERDICT GLOB: there must be a line with this first word, this verdict, and this text.
step() {
	local line
	while IFS= read -r line; do
		[[ $line =~ ^([a-z]+)\ +[0-9]+\ ms\ \ (ok|failed|-)\ +(.*)$ ]] || complain "no step: $line" || return 1
		# shellcheck disable=SC2053	# a pattern
		[[ ${BASH_REMATCH[1]} != "$1" || ${BASH_REMATCH[2]} != "$2" || ${BASH_REMATCH[3]} != $3 ]] || return 0
	done <<< "$stdout"
	complain "no step: $1 $2 $3"
}

words() { awk '{ print $1 }' <<< "$stdout" | uniq | tr '\n' ' '; }
no_step() { [[ $'\n'$stdout != *$'\n'"$1 "* ]] || complain "there is a step $1"; }

# -------------------------------------------------------------------------------------------------------------- all is well

@test "--check says every step in order, and sends nothing" {
	start_server < /dev/null
	postern_ok --check
	[[ $(words) == "config secret resolve connect greeting ehlo starttls tls ehlo auth result " ]] || complain "$(words)"
	step config - "read $conf"
	step config ok "account default of $conf:1, since its name is default"
	step config - "host localhost, from $conf:2"
	step config - "server 1 is localhost, port $port, with STARTTLS"
	step config - "the sender is <me@example.org>, from \`from\`"
	step secret ok "from \`password\`"
	step resolve ok "localhost is *127.0.0.1*"
	step connect ok "127.0.0.1, port $port"
	step greeting ok "220 *"
	step starttls ok "220 *"
	step tls - 'certificate 1: "smarthost.test", for *localhost*, issued by "*", valid until 20??-??-??, * day* left'
	step tls ok "the certificate is trusted because of \"*\" in $certs/ca.pem"
	step tls ok "TLS1.3 *"
	step ehlo ok "EHLO * without TLS: *, STARTTLS*"
	step ehlo ok "EHLO * within TLS: PIPELINING, SIZE *, AUTH *"
	step auth - "SCRAM-SHA-256-PLUS is used, of these: *PLAIN*"
	step auth ok "logged in as user with SCRAM-SHA-256-PLUS"
	step result ok "localhost would take a message; nothing was sent"
	[[ -z $stderr ]]
	(($(messages) == 0 && $(said MAIL) == 0 && $(said QUIT) == 1))
}

@test "--check goes the way of the settings: TLS from the start, no TLS, LMTP, a unix socket" {
	start_server <<< "tls implicit"
	postern_ok --check
	[[ $(words) == "config secret resolve connect tls greeting ehlo auth result " ]] || complain "$(words)"
	start_server <<< "tls none"
	postern_ok --check
	[[ $(words) == "config secret resolve connect greeting ehlo auth result " ]] || complain "$(words)"
	step secret - "no login is wanted*"
	step auth - "no login*"
	start_server <<-'S'
		tls none
		lmtp on
		listen unix smtp.sock
	S
	set_conf port
	set_conf protocol lmtp
	set_conf socket "$server_dir/smtp.sock"
	postern_ok --check=you@example.net
	[[ $(words) == "config secret connect greeting ehlo auth mail rcpt rset result " ]] || complain "$(words)"
	step connect ok "$server_dir/smtp.sock"
	step ehlo ok "LHLO *"
}

@test "--check=ADDRESS asks about sender and recipient, says RSET, and sends no message" {
	start_server < /dev/null
	postern_ok --check=you@example.net
	step mail ok "<me@example.org>: 250 *"
	step rcpt ok "<you@example.net>: 250 *"
	step rset ok "*nothing was sent"
	step result ok "* would take a message for this address; nothing was sent"
	(($(said "MAIL FROM:<me@example.org>") == 1 && $(said "RCPT TO:<you@example.net>") == 1 && $(said RSET) == 1))
	(($(said DATA) == 0 && $(said BDAT) == 0 && $(said QUIT) == 1 && $(messages) == 0))
}

@test "--check uses the account of -a and the sender of -f, like a message" {
	start_server < /dev/null
	printf '%s\n' "account work : default" "from work@example.com" >> "$conf"
	postern_ok --check=you@example.net -a work
	step config ok "account work of $conf:*, since -a names it"
	step config - "from work@example.com, from $conf:*"
	step config - "host localhost, from $conf:2"
	step mail ok "<work@example.com>: *"
	postern_ok --check -f work@example.com
	step config ok "account work of *, since its \`from\` is for the sender work@example.com"
	postern_fails 78 config -- --check -a nobody
	step config failed "there is no account \`nobody\`"
	hinted "the accounts are: default, work"
}

@test "--check names the variable or the option that a value comes from" {
	start_server < /dev/null
	POSTERN_DOMAIN=client.example postern_ok --check --timeout=7
	step config - "domain client.example, from POSTERN_DOMAIN"
	step config - "timeout 7, from --timeout"
	step ehlo ok "EHLO client.example without TLS: *"
}

@test "--serverinfo is msmtp's name for --check" {
	start_server < /dev/null
	postern_ok --serverinfo
	step result ok "*"
}

@test "--check with -v shows the session, too, on standard error" {
	start_server < /dev/null
	postern_ok --check -v
	step result ok "*"
	told "C EHLO "
	[[ $stderr != *secret* && $stdout != *"C EHLO"* ]]
}

@test "--check reads no message and takes no recipients" {
	start_server < /dev/null
	postern_ok --check < /dev/zero
	postern_fails 64 usage -- --check you@example.net
	hinted "--check=ADDRESS"
	postern_fails 64 usage -- --check -t
	postern_fails 64 usage -- --check=
	postern_fails 65 -- --check='b@@c'
	step input failed "*b@@c*"
}

@test "--check: the password and the command that gives it are never shown" {
	start_server <<< "password pa55w0rd"
	set_conf password pa55w0rd
	postern_ok --check -v
	step config - "password, not shown, from $conf:*"
	[[ $stdout$stderr != *pa55w0rd* ]]
	set_conf password
	set_conf password_command "echo pa55w0rd"
	postern_ok --check -v
	step config - "password_command, not shown, from $conf:*"
	step secret ok "from \`password_command\`"
	[[ $stdout$stderr != *pa55w0rd* ]]
	echo pa55w0rd > "$HOME/password"
	chmod 600 "$HOME/password"
	set_conf password_command
	set_conf password_file "$HOME/password"
	postern_ok --check
	step secret ok "from \`password_file\`, $HOME/password"
	[[ $stdout$stderr != *pa55w0rd* ]]
}

@test "--check: a server that repeats the password, as it is or in base64, does not get it shown" {
	start_server <<-'S'
		password pa55w0rd
		reply GREETING 220 pa55w0rd
		ehlo_line X-ECHO pa55w0rd cGE1NXcwcmQ=
		reply AUTH 535 5.7.8 pa55w0rd is wrong
	S
	set_conf password pa55w0rd
	postern_fails 77 auth -- --check -v
	step greeting ok "220 [*][*]*"
	step ehlo ok "*X-ECHO [*]*"
	step auth failed "*[*] is wrong"
	[[ $stdout$stderr != *pa55w0rd* && $stdout$stderr != *cGE1NXcwcm* ]]
}

@test "--check: what a server or a certificate says is printable" {
	start_server <<< 'reply GREETING 220-a\x1b[2J\r\n220 b'
	postern_ok --check
	step greeting ok '220 a\\x1b\[2J b'
}

@test "--check with a full standard output is an error" {
	[[ -e /dev/full ]] || skip "no /dev/full"
	start_server < /dev/null
	run_bounded sh -c '"$@" > /dev/full' sh "$POSTERN" -C "$conf" --check
	((status != 0))
	told "cannot write to standard output"
}

# ---------------------------------------------------------------------------------------------------------------- failures

@test "--check: a wrong password is 77, with the advice of a message" {
	start_server < /dev/null
	set_conf password wrong
	postern_fails 77 auth -- --check=you@example.net
	step auth - "* is used, of these: *"
	step auth failed "localhost refused the login of user with *: 535 *"
	hinted "check \`user\` and the password"
	no_step mail
	no_step result
	no_step probe
}

@test "--check: a missing password is 77, before any connection" {
	start_server < /dev/null
	set_conf password
	postern_fails 77 secret -- --check < /dev/null
	step secret failed "there is no password for user at localhost"
	no_step connect
	(($(connections) == 0))
}

@test "--check: a certificate for another name, expired, or unknown: its names and dates are shown" {
	start_server <<< "cert wronghost"
	postern_fails 69 tls -- --check
	step tls - 'certificate 1: "*", for *, issued by *'
	step tls failed "the certificate is for *, not for localhost"
	hinted "tls_host_override"
	no_step auth
	start_server <<< "cert expired"
	postern_fails 69 tls -- --check
	step tls - "certificate 1: *, expired on 20*, * day* ago"
	step tls failed "the certificate of localhost expired on *"
	start_server <<< "cert intermediate"
	postern_ok --check
	step tls - "certificate 2: *"
	start_server <<< "cert selfsigned"
	postern_fails 69 tls -- --check
	step tls failed "*self-signed*"
	set_conf tls_fingerprint "$(< "$certs/selfsigned.sha256")"
	postern_ok --check
	step tls ok "the certificate is trusted because of tls_fingerprint"
	set_conf tls_fingerprint
	set_conf tls_certcheck off
	postern_ok --check
	step tls - "the certificate is not checked*"
}

# late_greeting: the time for the greeting of the first connection is over when the server has it, and no other limit is reached.
late_greeting() {
	local late=$server_dir/late
	(heard connect; echo > "$late") 3>&- &
	with_own_time FAST_WHEN="$late"
	by=(env "${own_time[@]}")
}

@test "--check: STARTTLS is configured, and the port has TLS from the start: the advice says so" {
	start_server <<< "tls implicit"
	set_conf tls_starttls on
	late_greeting
	postern_fails 75 greeting -- --check
	step probe ok "localhost, port $port: speaks TLS from the start"
	hinted "at port $port: set \`tls on\` and \`tls_starttls off\`"
	nothing_said
	start_server <<-'S'
		tls implicit
		cert wronghost
	S
	set_conf tls_starttls on
	late_greeting
	postern_fails 75 greeting -- --check
	step probe ok "*: speaks TLS from the start"	# although its certificate is refused
}

@test "--check: TLS from the start is configured, and the port begins in clear text: the advice says so" {
	start_server < /dev/null
	set_conf tls_starttls off
	violations_expected=1
	postern_fails 75 tls -- --check
	step tls failed "localhost answers in clear text and not with TLS*"
	step probe ok "localhost, port $port: begins in clear text, and offers STARTTLS"
	hinted "at port $port: set \`tls on\` and \`tls_starttls on\`"
	start_server <<< "hide STARTTLS"
	set_conf tls_starttls off
	postern_fails 75 tls -- --check
	step probe ok "localhost, port $port: begins in clear text, and does not offer STARTTLS"
	[[ $stderr != *"tls off"* ]]
}

@test "--check: a port that is no mail server's is found out" {
	start_server <<< 'reply GREETING SSH-2.0-OpenSSH_9.2'
	violations_expected=1
	postern_fails 76 greeting -- --check
	step probe failed "localhost, port $port: open, but no answer in SMTP*"
}

@test "--check: nobody listens, and no such host" {
	start_server < /dev/null
	stop_server
	set_conf host 127.0.0.1
	postern_fails 75 connect -- --check
	step connect failed "127.0.0.1: Connection refused"
	step connect failed "cannot connect to 127.0.0.1, port $port*"
	hinted "nothing listens on port $port"
	no_step probe			# a server of this machine, and none of the usual ports: no other is looked at
	set_conf host no..host
	postern_fails 68 resolve -- --check
	step resolve failed "*no..host*"
	no_step connect
}

@test "--check tries the servers in the order of a message, and shows each" {
	start_server < /dev/null
	set_conf host 127.0.0.9,localhost
	postern_ok --check
	step connect failed "127.0.0.9: Connection refused"
	step result ok "localhost would take a message*"
}

@test "--check=ADDRESS: the server refuses the recipient or the sender; status and advice are those of a message" {
	start_server <<< "reply RCPT:bad@* 550 5.1.1 no such user"
	postern_fails 67 rcpt -- --check=bad@example.org
	step rcpt failed "<bad@example.org>: 550 5.1.1 no such user"
	step rset ok "*"
	no_step result
	told "refused bad@example.org"
	start_server <<< "reply MAIL 553 5.7.1 not your address"
	postern --check=you@example.net
	((status != 0))
	local want=$status
	step mail failed "<me@example.org>: 553 5.7.1 not your address"
	no_step rcpt
	hinted "\`from\`"
	postern you@example.net < "$mail"
	((status == want))
}

@test "--check=ADDRESS: a local name is expanded, and an alias that refuses it counts" {
	start_server < /dev/null
	printf '%s\n' "root: me@example.org, you@example.net" "gone: :error: has left" > "$HOME/aliases"
	set_conf aliases "$HOME/aliases"
	postern_ok --check=root
	step rcpt ok "<me@example.org>: *"
	step rcpt ok "<you@example.net>: *"
	postern_fails 67 rcpt -- --check=gone
	step rcpt failed "no mail for gone@*"
	(($(said MAIL) == 1))
	no_step result
}

@test "--check without a configuration says so, and uses the options" {
	start_server <<< "tls none"
	postern_bare --check --host=127.0.0.1 --port="$port" --tls=off
	((status == 0)) || complain "status $status"
	step config - "no configuration file was read"
	step config - "host 127.0.0.1, from --host"
	postern_bare --check
	((status == 78))
	step config - "no configuration file was read"
	step config failed "there is no configuration, and no host was given"
	hinted "/.config/postern/config"
}
