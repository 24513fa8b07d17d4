# Configuration files: which are read, what they may contain, and what permissions they must have.

load helper

# dump ARGS: what --dump-config shows for $conf.
dump() { postern --dump-config "$@"; }

@test "-C /dev/null is an empty configuration; any other device is refused" {
	start_server <<-'S'
		tls none
	S
	postern_bare -C /dev/null --host=localhost --port="$port" --tls=off -f me@example.org you@example.net < "$mail"
	[[ $status == 0 && $(messages) == 1 ]] || complain "status $status"
	conf=/dev/zero
	postern_fails 78 config -- --dump-config
	told "/dev/zero is neither a regular file nor a pipe"
}

@test "a configuration file that everybody may write is refused" {
	printf 'host mail.example.org\nfrom me@example.org\n' > "$conf"
	chmod 664 "$conf"
	dump && ((status == 0)) || complain "status $status"
	chmod 646 "$conf"
	postern_fails 78 config -- --dump-config
	told "can be written by everybody"
	hinted "chmod o-w"
}

@test "a password in a file that others may read or write is refused, in an included file too" {
	local mode
	printf 'host mail.example.org\nfrom me@example.org\nuser me\npassword secret\n' > "$conf"
	for mode in 604 602 644; do
		chmod "$mode" "$conf"
		postern_fails 78 config -- --dump-config
	done
	hinted "chmod 600"
	mv "$conf" "$conf.secret"
	printf 'include %s\n' "$conf.secret" > "$conf"
	chmod 600 "$conf"
	postern_fails 78 config -- --dump-config
	told "postern.conf.secret:4"
	[[ $stderr != *" secret"* ]]
}

@test "a file that includes itself through another file is refused" {
	printf 'include %s\n' "$conf.b" > "$conf"
	printf 'include %s\n' "$conf" > "$conf.b"
	chmod 600 "$conf"*
	postern_fails 78 config -- --dump-config
	told "includes itself"
}

@test "msmtp's keys are taken; obsolete ones are ignored with a warning, and proxy_host is refused" {
	local line
	while IFS= read -r line; do
		printf 'host mail.example.org\nfrom me@example.org\nuser me\n%s\n' "$line" > "$conf"
		chmod 600 "$conf"
		dump
		[[ $status == 0 && -z $stderr ]] || complain "status $status: $line"
	done <<-'END'
		auth
		auth on
		auth login
		tls
		tls on
		tls_starttls off
		tls_trust_file system
		tls_trust_file /etc/ssl/certs/ca-certificates.crt
		tls_crl_file
		tls_fingerprint
		tls_fingerprint 11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00
		tls_certcheck off
		tls_nocertcheck
		tls_priorities NORMAL
		tls_host_override other.example.org
		timeout off
		domain localhost
		source_ip 127.0.0.1
		proxy_host
		maildomain example.org
		auto_from off
		allow_from_override off
		dsn_notify failure,delay
		dsn_return headers
		set_from_header auto
		set_date_header off
		set_msgid_header auto
		remove_bcc_headers off
		undisclosed_recipients on
		add_missing_from_header on
		keepbcc off
		logfile ~/.msmtp.log
		logfile_time_format %Y-%m-%d
		syslog LOG_MAIL
		syslog on
		aliases ~/.aliases
		passwordeval gpg -q --decrypt ~/.password.gpg
		eval echo timeout 17
	END
	printf 'host mail.example.org\nfrom me@example.org\nntlmdomain X\ntls_min_dh_prime_bits 1024\n' > "$conf"
	dump && ((status == 0))
	told "ntlmdomain is ignored"
	told "tls_min_dh_prime_bits is ignored"
	printf 'host mail.example.org\nproxy_host 127.0.0.1\n' > "$conf"
	postern_fails 78 config -- --dump-config
	told "proxy_host is not supported yet"
	printf 'account a\nhost mail.example.org\naccount b : a\n' > "$conf"
	run_bounded "$POSTERN" -C "$conf" -a b --ntlmdomain=X --dump-config
	((status == 0)) && [[ $(grep -c "ntlmdomain is ignored" <<< "$stderr") == 1 ]] || complain "one warning for two accounts"
}

@test "a file name that no file can have is 78 and not a temporary failure" {
	local name
	ln -s loop "$HOME/loop"
	for name in "$HOME/loop" "$HOME/$(printf '%0300d' 0)"; do
		run_bounded "$POSTERN" -C "$name" you@example.net < "$mail"
		((status == 78)) || complain "exit status $status, not 78, for $name"
		told "postern: config: cannot read $HOME/"
	done
}

@test "a server's name may be in UTF-8: postern turns it into A-labels" {
	printf 'account default\nhost b\xc3\xbccher.example, 192.0.2.1, [2001:db8::1], plain.example\ntls_host_override m\xc3\xbcller.example\n' > "$conf"
	postern_ok --dump-config
	[[ $stdout == *"host xn--bcher-kva.example, 192.0.2.1, [2001:db8::1], plain.example"* ]] || complain host
	[[ $stdout == *"tls_host_override xn--mller-kva.example"* ]] || complain tls_host_override
	printf 'account default\nurl smtp://b\xc3\xbccher.example\n' > "$conf"
	postern_ok --dump-config
	[[ $stdout == *"host xn--bcher-kva.example"* ]] || complain url
	printf 'account default\nhost b\xc3\xbc\xef\xb9\xa5.example\n' > "$conf"
	postern_fails 78 config -- --dump-config
	told "host must be a name or an address"
}

# --------------------------------------------------------------------------------------------- habits from other programs

# refused LINE WORDS: the configuration with this third line is refused at it, and the error has these words.
refused() {
	printf 'from me@example.org\ntimeout 60\n%s\n' "$1" > "$conf"
	chmod 600 "$conf"
	postern_fails 78 config -- --dump-config
	told "$conf:3: "
	told "$2" || complain "the line: $1"
	[[ $stderr != *s3cret* ]] || complain "the value is shown: $1"
}

# taken LINE [KEY VALUE]: the configuration with this line is taken, and the key has this value.
taken() {
	printf 'host mail.example.org\n%s\n' "$1" > "$conf"
	chmod 600 "$conf"
	postern_ok --dump-config
	[[ -z ${2:-} || $'\n'$stdout$'\n' == *$'\n'"$2 $3"$'\n'* ]] || complain "not $2 $3"
}

@test "a sign between a key and its value is an error that says so, with the line" {
	local line
	for line in "host = mail.example.org" "host=mail.example.org" "host =mail.example.org" "host= mail.example.org" \
	    "host: mail.example.org" "host : mail.example.org" "HOST=mail.example.org"; do
		refused "$line" 'a blank stands between `' || complain "$line"
		[[ $stderr == *'`host` and its value, and no `'[=:]* || $stderr == *'`HOST` and its value'* ]]
		hinted '`host smtp.example.org`'
	done
	refused "password=s3cret" '`password` and its value'
	refused "password = s3cret" '`password` and its value'
	refused "account=default" '`account` and its value'
	refused "tls = on" '`tls` and its value'
	refused "keepbcc=on" '`keepbcc` and its value'
	refused "hots=mail.example.org" 'did you mean `host`?'
	hinted 'no `=`'
	refused "a=b=c?" 'there is no key `a`'
	refused "s3cret/=x" "does not begin with a key"
	taken 'user "= x"' user "= x"
	taken "password =s3cret"
	taken "sender_map *:x@example.org" sender_map "*:x@example.org"
}

@test "a comment behind a value is an error that says so, with the line" {
	local line
	for line in "port 587 # submission" "host mail.example.org #mine" "tls # on" "user me@example.org	# me" \
	    "account default # mine" "include x # y" "defaults # all" "password_command pass show x # y" \
	    "from_full_name O'Neil # boss" "password s3cret # mine"; do
		refused "$line" "a comment needs a line of its own" || complain "$line"
	done
	hinted "double quotes"
	taken 'from_full_name "Room # 1"' from_full_name "Room # 1"
	taken "from_full_name Room#1" from_full_name "Room#1"
	taken "password s3 #cret"
	taken "passwordeval cat x # the password" passwordeval "cat x # the password"
	taken "password_command printf '%s # %s'" password_command "printf '%s # %s'"
	taken "eval echo timeout 17 # seconds" timeout 17
}

@test "a key of another program is an error that names ours" {
	refused "mailhub=smtp.example.org:587" '`mailhub` is a key of ssmtp; in this file it is `host`'
	hinted 'no `=`'
	refused "root=me@example.org" '`root` is a key of ssmtp; in this file it is `local_recipients`'
	refused "AuthUser=me" '`AuthUser` is a key of ssmtp; in this file it is `user`'
	refused "AuthPass=s3cret" 'in this file it is `password`'
	refused "UseSTARTTLS=YES" 'in this file it is `tls_starttls`'
	refused "SMARTHOST smtp.example.org" '`SMARTHOST` is a key of dma; in this file it is `host`'
	refused "relayhost = [smtp.example.org]:587" '`relayhost` is a key of Postfix; in this file it is `host`'
	hinted 'no `=`'
	refused "username me@example.org" 'did you mean `user`?'
	local name key rows=0
	while read -r name key; do
		refused "$name x" "\`$key\`"
		"$POSTERN" --list-keys | grep -q "^$key"$'\t' || complain "there is no key $key"
		rows=$((rows + 1))
	done < <(sed -n 's/.*\.name = "\([^"]*\)".*\.key = "\([^"]*\)".*/\1 \2/p' "$SRCDIR/src/config/habits.c")
	((rows > 20))
}

@test "account default after keys without an account: the error names defaults" {
	printf 'tls on\nlogfile ~/log\n\naccount default\nhost mail.example.org\n' > "$conf"
	postern_fails 78 config -- --dump-config
	told "$conf:4: account default was already defined, at $conf:1"
	hinted 'write the line `defaults` above them'
	sed -i '1i defaults' "$conf"
	postern_ok --dump-config
	printf 'account default\nhost mail.example.org\naccount default\n' > "$conf"
	postern_fails 78 config -- --dump-config
	told "$conf:3: account default was already defined, at $conf:1"
	[[ $stderr != *'`defaults`'* ]]
}

@test "single quotes around a value, and a double quote that is not closed, are errors at their line" {
	local value
	for value in "'mail.example.org'" '"mail.example.org'; do
		printf 'logfile ~/log\nhost %s\n' "$value" > "$conf"
		postern_fails 78 config -- --dump-config
		told "$conf:2: the value of \`host\`"
		hinted "without quotes"
	done
	printf 'host "mail.example.org"\nfrom "a b"@example.org\nfrom_full_name O'\''Brian\npassword_command '\''cat'\''\n' > "$conf"
	postern_ok --dump-config
	printf 'host mail.example.org\npassword "secret\n' > "$conf"
	chmod 600 "$conf"
	postern_ok --dump-config
}

@test "a name before an address is an error, since it would be an address of its own" {
	local key
	for key in from local_recipients always_bcc; do
		printf 'host mail.example.org\n%s Ann <ann@example.org>\n' "$key" > "$conf"
		postern_fails 78 config -- --dump-config
		told "$conf:2: $key takes addresses without names, not \`Ann <ann@example.org>\`"
		printf 'host mail.example.org\n%s ann@example.org <bob@example.org>\n' "$key" > "$conf"
		postern_ok --dump-config
	done
}

@test "a wrong source_ip, fingerprint or command is an error at its line" {
	local line
	for line in "source_ip localhost" "tls_fingerprint AB:CD" "tls_fingerprint pin-sha256:x" "password_command cat 'x"; do
		printf 'host mail.example.org\n%s\n' "$line" > "$conf"
		postern_fails 78 config -- --dump-config
		told "$conf:2: ${line%% *}"
	done
}

@test "a file that is missing is named together with the line or the key that names it" {
	printf 'host mail.example.org\ninclude other\n' > "$conf"
	postern_fails 78 config -- --dump-config
	told "cannot read ${conf%/*}/other"
	hinted "\`include\` at $conf:2 names it"
	printf 'host mail.example.org\naliases %s/none\n' "$HOME" > "$conf"
	postern_fails 78 config -- -bv root
	hinted 'the key `aliases` names it'
}

@test "keys before the only account, without a server: the error names defaults" {
	printf 'tls on\nlogfile ~/log\n\naccount work\nhost mail.example.org\n' > "$conf"
	postern_fails 78 config -- --dump-config
	told "$conf:1: account default names no server"
	hinted 'write the line `defaults` above them'
	printf 'tls on\n' > "$conf"
	postern_fails 78 config -- --dump-config
	hinted 'set `host`'
}

@test "several accounts and none is chosen: the error says how to choose one" {
	printf 'account a\nhost mail.example.org\naccount b\nhost mail.example.org\n' > "$conf"
	postern_fails 78 config -- --dump-config
	hinted 'choose one with -a, or with a line such as `account default : work`; the accounts are: a, b'
}

@test "auth with a name that is no mechanism is an error with the line, and none says off" {
	refused "auth none" "there is no authentication mechanism named none"
	hinted '`auth off` means no login'
	refused "auth plian" "there is no authentication mechanism named plian"
	hinted "did you mean PLAIN?"
	refused "auth plain, gssapi" "named gssapi"
	POSTERN_AUTH=none run_bounded "$POSTERN" -C /dev/null --host=x --dump-config
	[[ $status == 78 && $stderr == *"POSTERN_AUTH: there is no authentication mechanism named none"* ]] || complain environment
}
