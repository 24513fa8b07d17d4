# Hints: what well-known providers reply to a refused login or message, and the hint that postern then gives the user.

load helper

# Makes postern believe that the server has this name: it connects through a socket.
server_called() {
	{ echo "listen unix smtp.sock"; cat; } > "$BATS_TEST_TMPDIR/script"
	start_server < "$BATS_TEST_TMPDIR/script"
	set_conf port
	set_conf host "$1"
	set_conf socket "$server_dir/smtp.sock"
	set_conf tls_host_override localhost
	set_conf domain client.example
}

# provider HOST WHERE REPLY STATUS HINT: HINT is empty if there must be none, and * if any will do.  The login succeeds, unless WHERE is AUTH.
provider() {
	server_called "$1" <<< "reply $2 $3"
	refused "$@"
}

# anonymous HOST WHERE REPLY STATUS HINT: the same without a login.
anonymous() {
	server_called "$1" <<< "reply $2 $3"
	set_conf user
	set_conf password
	refused "$@"
}

# in_clear HOST WHERE REPLY STATUS HINT: the same without a login and without TLS.
in_clear() {
	server_called "$1" <<< $'tls none\n'"reply $2 $3"
	refused "$@"
}

refused() {
	postern_fails "$4" -- you@example.net < "$mail" || return 1
	told "${3:0:3}" || return 1
	[[ -n $5 ]] || [[ $stderr != *"hint: "* ]] || complain "a hint, where none helps" || return 1
	[[ -z $5 || $5 == "*" ]] || hinted "$5"
}

@test "Gmail refuses the password: the hint asks for an application password" {
	local host
	for host in smtp.gmail.com SMTP.GMail.com smtp-relay.gmail.com; do
		provider "$host" AUTH '535-5.7.8 Username and Password not accepted. For more information, go to\r\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials 5b1f17b1804b1-4 - gsmtp' \
		    77 "application password"
	done
	provider smtp.googlemail.com AUTH '534-5.7.9 Application-specific password required. For more information, go to\r\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor 5b1f17b1804b1-4 - gsmtp' \
	    77 "myaccount.google.com/apppasswords"
	provider smtp.company.example AUTH '535 5.7.8 Username and Password not accepted 5b1f17b1804b1-4 - gsmtp' 77 "Google wants an application password"
}

@test "Gmail limits the logins: the hint does not ask for another password" {
	provider smtp.gmail.com AUTH '454 4.7.0 Too many login attempts, please try again later. 5b1f17b1804b1-4 - gsmtp' 75 "try again later"
	provider smtp.gmail.com AUTH '421 4.7.0 Try again later, closing connection. 5b1f17b1804b1-4 - gsmtp' 75 ""
}

@test "Microsoft 365 refuses login, sender or MAIL: the hint names the remedy" {
	provider smtp.office365.com AUTH '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' \
	    77 "administrator has to enable"
	provider smtp-mail.outlook.com AUTH '535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' \
	    77 "set \`oauth2\`"
	provider smtp.office365.com AUTH '535 5.7.3 Authentication unsuccessful [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "set \`oauth2\`"
	provider smtp-mail.outlook.com AUTH '535 5.7.3 Authentication unsuccessful [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "set \`oauth2\`"
	provider smtp.office365.com LAST '554 5.2.252 SendAsDenied; me@example.org not allowed to send as you@example.org; STOREDRV.Submission.Exception:SendAsDeniedException' \
	    69 "\`from\`"
	provider smtp.office365.com LAST '550 5.7.60 SMTP; Client does not have permissions to send as this sender' 69 "\`from\`"
	anonymous smtp.office365.com MAIL '530 5.7.57 Client not authenticated to send mail. [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "wants a login"
	provider smtp.office365.com MAIL '530 5.7.57 Client not authenticated to send mail. [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "the login succeeded"
	provider smtp.office365.com MAIL '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded' 75 ""
}

@test "iCloud, Yahoo and AOL refuse the password: the hint asks for an application password" {
	provider smtp.mail.me.com AUTH '535 5.7.8 Error: authentication failed: (reason unavailable)' 77 "iCloud wants an app-specific password"
	provider smtp.mail.icloud.com AUTH '535 5.7.8 Error: authentication failed' 77 "app-specific password"
	provider smtp.mail.yahoo.com AUTH '535 5.7.0 (#AUTH005) Too many bad auth attempts.' 77 "Yahoo wants an application password"
	provider smtp.mail.yahoo.co.uk AUTH '535 5.7.0 (#AUTH005) Too many bad auth attempts.' 77 "Yahoo wants an application password"
	provider smtp.aol.com AUTH '535 5.7.0 (#MBR1212) Incorrect username or password' 77 "AOL wants an application password"
	provider mygmail.company.example AUTH '535 5.7.8 no' 77 "check \`user\` and the password"
}

@test "an unknown provider refuses the login: the hint follows code and text" {
	provider mail.example AUTH '535 5.7.8 an Application Password is needed' 77 "this provider wants an application password"
	provider mail.example AUTH '535 5.7.8 bad login' 77 "check \`user\` and the password: \`user\` mostly is the whole mail address"
	provider mail.example AUTH '535 bad login' 77 "check \`user\` and the password"
	provider mail.example AUTH '534 5.7.9 too weak' 77 "another mechanism"
	provider mail.example AUTH '538 5.7.11 encryption needed' 77 "tls on"
	provider mail.example AUTH '454 4.7.0 the database is away' 75 "try again later"
}

@test "a server refuses a token: the hint speaks of the token, for every provider" {
	local host
	for host in smtp.gmail.com smtp.office365.com mail.example; do
		server_called "$host" <<< "auth_mechs XOAUTH2"
		set_conf auth xoauth2
		postern_fails 77 auth -- you@example.net < "$mail"
		hinted "tokens are valid for about an hour"
	done
}

# with_login HOST WHERE REPLY STATUS HINT: the same with the access token of a login that was made just now.
with_login() {
	local logins=$HOME/.local/state/postern/oauth2 now
	now=$(date +%s)
	mkdir -p "$logins"
	chmod 700 "$logins"
	printf '%s\n' "user user" "obtained $now" "expires $((now + 3600))" "token token" > "$logins/work.access"
	printf '{ "version": 1, "kind": "user", "provider": "https://localhost", "token_endpoint": "https://localhost/token",
		"client_id": "me", "user": "user", "refresh_token": "r1" }\n' > "$logins/work.json"
	chmod 600 "$logins"/work.*
	server_called "$1" <<< $'auth_mechs XOAUTH2\n'"reply $2 $3"
	set_conf user
	set_conf password
	set_conf oauth2 work
	refused "$@"
}

@test "a server refuses the token of a login: the hint names what a person can do, and no password" {
	local outlook='[FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' host
	for host in smtp.office365.com smtp-mail.outlook.com; do
		with_login "$host" AUTH "535 5.7.3 Authentication unsuccessful $outlook" 77 "https://outlook.office.com/SMTP.Send (not for Graph)"
		hinted "postern-oauth2 login work"
		with_login "$host" AUTH "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. $outlook" \
		    77 "aka.ms/smtp_auth_disabled"
		with_login "$host" AUTH "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. $outlook" \
		    77 "security defaults of the organisation"
		with_login "$host" AUTH "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. $outlook" \
		    77 "a policy of the organisation"
		with_login "$host" MAIL "530 5.7.57 Client not authenticated to send mail. $outlook" 77 "aka.ms/smtp_auth_disabled"
	done
	with_login smtp.office365.com LAST "554 5.2.252 SendAsDenied; me@example.org not allowed to send as you@example.org" 69 "\`from\`"
	with_login smtp.gmail.com AUTH '535-5.7.8 Username and Password not accepted. For more information, go to\r\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials 5b1f17b1804b1-4 - gsmtp' \
	    77 "the scope https://mail.google.com/"
	hinted "postern-oauth2 login work"
	with_login mail.example AUTH '535 5.7.8 Error: authentication failed: (reason unavailable)' 77 "cannot check tokens at the moment"
	with_login mail.example AUTH '454 4.7.0 Temporary authentication failure' 75 "cannot check logins at the moment"
}

@test "Microsoft refuses passwords for good: the hint names OAuth2" {
	provider smtp.office365.com MAIL '550 5.7.30 Basic authentication is not supported for Client Submission.' 69 "set \`oauth2\`"
}

@test "a server refuses a sender, a recipient or a size: the hint names the remedy" {
	provider mail.example MAIL '553 5.7.1 sender address rejected: not owned by user' 65 "\`from\`"
	provider mail.example MAIL '550 5.7.1 no' 69 "\`from\`"
	provider mail.example RCPT '553 5.7.1 <me@example.org>: Sender address rejected: not owned by user user' 69 "\`from\`"
	provider mail.example RCPT '451 4.7.1 Greylisted: this sender is new' 75 ""
	provider mail.example MAIL '552 5.3.4 Message size exceeds fixed limit' 65 "too big"
	provider mail.example LAST '552 5.3.4 Message size exceeds fixed limit' 65 "too big"
	provider mail.example LAST '552 5.2.3 too long for this mailbox' 65 "too big"
}

@test "534 and 523 outside AUTH are not taken for a refused login" {
	provider mail.example MAIL '534 5.3.4 message too big' 65 "too big"
	provider mail.example LAST '534 5.3.4 message too big' 65 "too big"
	provider mail.example LAST '523 5.2.3 message too big' 65 "too big"
	provider mail.example MAIL '534 what' 69 ""
	provider mail.example LAST '534 what' 69 ""
	provider mail.example RCPT '534 what' 69 ""
}

@test "without a login: the hint asks for one; after a login that succeeded it does not" {
	local reply
	for reply in '554 5.7.1 <you@example.net>: Relay access denied' '550 5.7.1 Unable to relay' '550 Relay prohibited' \
	    '454 4.7.1 <you@example.net>: Relay access denied' '550 Unauthenticated senders not allowed' \
	    '550 must be authenticated' '553 5.7.1 <me@example.org>: Sender address rejected: not logged in' \
	    '530 5.7.0 Authentication required'; do
		anonymous mail.example RCPT "$reply" "$(status_of "$reply")" "set \`user\`"
		provider mail.example RCPT "$reply" "$(status_of "$reply")" "*"
		[[ $stderr != *'set `user`'* ]] || complain "it asks for a login"
	done
	for reply in '530 5.7.0 Authentication required' '550 5.7.1 Invalid credentials for relay [192.0.2.7]' \
	    '550 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org'; do
		anonymous mail.example MAIL "$reply" "$(status_of "$reply")" "set \`user\`"
	done
	anonymous smtp.office365.com MAIL '451 5.7.3 STARTTLS is required to send mail' 75 ""
	in_clear smtp.office365.com MAIL '451 5.7.3 STARTTLS is required to send mail' 75 "set tls on"
}

status_of() {
	case $1 in
	4*) echo 75 ;;
	530*) echo 77 ;;
	"550 "[^5]*) echo 67 ;;
	*) echo 69 ;;
	esac
}

@test "a server wants STARTTLS first: the hint says tls on, not user" {
	local where
	for where in MAIL RCPT; do
		in_clear smtp.gmail.com "$where" '530 5.7.0 Must issue a STARTTLS command first. pe5sm5768337wjb.15 - gsmtp' 77 "set tls on"
		[[ $stderr != *'`user`'* && $stderr != *"the sender"* ]] || complain "it blames the login or the sender"
	done
	in_clear smtp.zoho.com MAIL '530 Must issue a STARTTLS command first.' 77 "set tls on"
}

@test "a server refuses our name, at EHLO, MAIL or RCPT: the hint says domain" {
	local where reply
	for reply in '501 Syntactically invalid EHLO argument(s)' '501 5.5.4 Invalid domain name' \
	    '504 5.5.2 <client>: Helo command rejected: need fully-qualified hostname' \
	    '550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)'; do
		provider mail.example EHLO "$reply" 69 "set \`domain\`"
		told "refused our EHLO client.example"
		[[ $stderr != *"does not know EHLO"* ]] || complain "the server knows EHLO"
		[[ $(said HELO) == 0 ]]
	done
	for where in MAIL RCPT; do
		for reply in '504 5.5.2 <client>: Helo command rejected: need fully-qualified hostname' \
		    '550 HELO argument does not match calling host' '501 Invalid HELO' \
		    '450 4.7.1 <client>: Helo command rejected: Host not found'; do
			provider mail.example "$where" "$reply" "$(name_status "$where" "$reply")" "set \`domain\`"
		done
	done
	provider mail.example EHLO '502 5.5.1 command not implemented' 69 "a submission server knows EHLO"
	told "does not know EHLO"
}

name_status() {
	case $1:$2 in
	*:450*) echo 75 ;;
	MAIL:501*) echo 65 ;;
	RCPT:550*) echo 67 ;;
	*) echo 69 ;;
	esac
}

@test "a server that speaks only SMTP refuses LHLO: the hint names protocol" {
	server_called mail.example <<< "tls none"
	set_conf protocol lmtp
	violations_expected=1
	postern_fails 69 ehlo -- you@example.net < "$mail"
	hinted "protocol smtp"
}

@test "a provider refuses the sender: the hint names the sender, where it comes from, and the key" {
	local row
	while IFS='|' read -r host where reply; do
		provider "$host" "$where" "$reply" "$(sender_status "$where" "$reply")" 'the sender me@example.org comes from `from`: set `from`'
	done <<-'END'
		email-smtp.eu-west-1.amazonaws.com|LAST|554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: me@example.org
		smtp.sendgrid.net|LAST|550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.
		smtp.sparkpostmail.com|LAST|550 5.7.1 Unconfigured Sending Domain <example.org>
		smtp.postmarkapp.com|LAST|550 The 'From' address you supplied is not a Sender Signature on your account.
		smtp.yandex.ru|MAIL|553 5.7.1 Sender address rejected: not owned by auth user.
		smtp.zoho.com|LAST|553 5.7.1 Relaying disallowed as me@example.org
		smtp.zoho.com|RCPT|553 Relaying disallowed
		smtp.mail.me.com|LAST|550 5.7.0 From address is not one of your addresses
		mail.gmx.net|MAIL|550-Requested action not taken: mailbox unavailable\r\n550 Sender address is not allowed.
		mail.gmx.net|LAST|550-Requested action not taken: mailbox unavailable\r\n550 Sender address is not allowed.
		smtp.strato.de|MAIL|550 Forbidden domain 'strato.de' in Envelope-From (B-EFROM-STRATO)
		smtp.strato.de|LAST|550 Forbidden domain 'strato.de' in Envelope-From (B-EFROM-STRATO)
		127.0.0.1|MAIL|451 4.0.0 backend: invalid return path: not owned by user
		127.0.0.1|LAST|554 5.0.0 Error: transaction failed: unknown sender address
		postal.example|LAST|530 From/Sender name is not valid
		mail.smtp2go.com|LAST|550 From header sender domain not verified (example.org)
		mail.example|LAST|550 5.1.0 Sender is not allowed to send from gmail.com (R2)
		mail.example|RCPT|553 5.7.1 <me@example.org>: Sender address rejected: not owned by user user@example.org
		mail.example|RCPT|450 4.1.8 <me@example.org>: Sender address rejected: Domain not found
		mail.example|MAIL|450 4.1.8 Domain of sender address me@example.org does not resolve
		mail.example|RCPT|550 5.1.8 <me@example.org>: Sender address rejected: Domain not found
		mail.example|MAIL|501 5.1.7 Bad address mailbox syntax.
		smtp.office365.com|LAST|554 5.2.252 SendAsDenied; user@example.org not allowed to send as me@example.org
		smtp.office365.com|LAST|550 5.7.60 SMTP; Client does not have permissions to send as this sender
	END
}

sender_status() {
	case $1:$2 in
	*:4*) echo 75 ;;
	MAIL:553* | MAIL:501*) echo 65 ;;
	RCPT:553\ R*) echo 67 ;;
	*) echo 69 ;;
	esac
}

@test "the hint for a refused sender names where the sender comes from" {
	from_which() {
		postern_fails 69 mail -- "${@:2}" you@example.net < "$mail"
		hinted "$1"
	}
	server_called mail.example <<< 'reply MAIL 550 5.7.1 not yours'
	from_which 'the sender bad@example.org comes from -f: give -f an address' -f bad@example.org
	from_which 'the sender me@example.org comes from the From field' --read-envelope-from
	set_conf from
	EMAIL="Me <mail@example.org>" from_which 'the sender mail@example.org comes from the variable EMAIL: set `from`'
	set_conf qualify_domain example.com
	from_which '@example.com comes from the login name on this machine: set `from`'
	set_conf sender_map '*:mapped@example.com'
	from_which 'the sender mapped@example.com comes from sender_map: change its row'
}

@test "-bs: the hint for a refusal that the caller is told is on standard error, once for each message" {
	server_called mail.example <<-'S'
		reply MAIL:bad@* 553 5.7.1 not yours
		reply RCPT:*@example.net 554 5.7.1 Relay access denied
	S
	postern_ok -bs <<-'S'
		EHLO me
		MAIL FROM:<bad@example.org>
		MAIL FROM:<me@example.org>
		RCPT TO:<a@example.net>
		RCPT TO:<b@example.net>
		QUIT
	S
	hinted "the sender bad@example.org comes from the caller's MAIL"
	hinted "the login succeeded"
	[[ $(grep -c '^hint: ' <<< "$stderr") == 2 ]] || complain "there must be two hints"
	[[ $stdout == *"553 5.7.1 not yours"*"554 5.7.1 Relay access denied"* && $stdout != *hint* ]]
}

@test "a parameter of MAIL is refused: neither the sentence nor the hint blames the sender" {
	local reply
	for reply in '501 5.5.4 Syntax error in parameters' '555 5.5.4 unsupported parameter' '550 5.7.15 priority too low'; do
		provider mail.example MAIL "$reply" 69 "*"
		told "the server refused MAIL FROM <me@example.org>"
		[[ $stderr != *"the sender"* && $stderr != *'`from`'* ]] || complain "it blames the sender"
	done
	hinted 'set `priority`'
}

@test "port 25 refuses a home network: the hint asks for a login and port 587" {
	anonymous mail.example GREETING '554 5.7.1 192.0.2.7 is on a block list' 69 ""
	set_conf port 25
	postern_fails 69 greeting -- you@example.net < "$mail"
	hinted '`port 587`'
}

@test "temporary refusals have a hint where waiting does not help" {
	provider mail.example AUTH '432 4.7.12 A password transition is needed' 75 'auth plain'
	provider mail.example STARTTLS '454 4.7.0 TLS not available due to local problem' 75 'tls_starttls off'
	provider mail.example RCPT '450 4.2.0 Greylisted' 75 ''
	provider mail.example MAIL '451 4.3.0 try again' 75 ''
}

@test "the status follows the enhanced code: 67 says only that the recipient does not exist" {
	provider mail.example RCPT '550 5.7.1 blocked by policy' 69 ""
	provider mail.example RCPT '553 5.7.1 not you' 69 ""
	provider mail.example RCPT '550 5.1.7 bad address' 69 "*"
	provider mail.example RCPT '553 5.1.8 no such domain' 69 "*"
	provider mail.example RCPT '550 5.1.1 user unknown' 67 ""
	provider mail.example RCPT '550 user unknown' 67 ""
	provider mail.example RCPT '556 5.1.10 the domain takes no mail' 67 "takes no mail"
	provider mail.example LAST '550 5.1.1 user unknown' 67 ""
	provider mail.example LAST '550 5.7.1 content' 69 ""
}

@test "rows without a provider: a list that a login does not pass, a parameter of RCPT, From, a login in other words" {
	provider mail.example RCPT '554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org' 69 "ask its administrator"
	provider mail.example RCPT '555 5.5.4 unknown parameter' 69 "a parameter behind it"
	provider mail.example LAST '550 the From address is not yours' 69 "comes from \`from\`"
	provider mail.example LAST '550 me@example.org is not allowed to send as you@example.org' 69 "comes from \`from\`"
	anonymous mail.example RCPT '550 5.7.1 please log in first' 69 "set \`user\`"
	anonymous mail.example RCPT '554 5.7.1 192.0.2.7 is on our black list' 69 "port 587"
	anonymous mail.example RCPT '554 5.7.1 192.0.2.7 is on a block list' 69 "port 587"
}
