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

# provider HOST WHERE REPLY STATUS HINT: HINT is empty if there must be none.
provider() {
	server_called "$1" <<< "reply $2 $3"
	postern_fails "$4" -- you@example.net < "$mail" || return 1
	told "${3:0:3}" || return 1
	[[ -n $5 ]] || [[ $stderr != *"hint: "* ]] || complain "a hint, where none helps" || return 1
	[[ -z $5 ]] || hinted "$5"
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
	    77 "OAuth2"
	provider smtp.office365.com AUTH '535 5.7.3 Authentication unsuccessful [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "auth xoauth2"
	provider smtp-mail.outlook.com AUTH '535 5.7.3 Authentication unsuccessful [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "auth xoauth2"
	provider smtp.office365.com LAST '554 5.2.252 SendAsDenied; me@example.org not allowed to send as you@example.org; STOREDRV.Submission.Exception:SendAsDeniedException' \
	    69 "\`from\`"
	provider smtp.office365.com LAST '550 5.7.60 SMTP; Client does not have permissions to send as this sender' 69 "\`from\`"
	provider smtp.office365.com MAIL '530 5.7.57 Client not authenticated to send mail. [FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]' 77 "wants a login"
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
	provider mail.example AUTH '535 5.7.8 bad login' 77 "check \`user\` and the password"
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

@test "a server refuses a sender, a recipient or a size: the hint names the remedy" {
	provider mail.example MAIL '530 5.7.0 Authentication required' 77 "wants a login"
	provider mail.example RCPT '530 5.7.0 Authentication required' 77 "wants a login"
	provider mail.example MAIL '553 5.7.1 sender address rejected: not owned by user' 65 "\`from\`"
	provider mail.example MAIL '550 5.7.1 no' 69 "\`from\`"
	provider mail.example RCPT '553 5.7.1 <me@example.org>: Sender address rejected: not owned by user user' 67 "\`from\`"
	provider mail.example RCPT '554 5.7.1 <you@example.net>: Relay access denied' 69 "without a login the server accepts no mail"
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
