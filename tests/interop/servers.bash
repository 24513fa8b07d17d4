# servers.bash - Postfix, Dovecot and Exim as processes of a test: `load servers`
#
# ./fetch has unpacked them; they are not installed.  Configuration, queue, mailboxes and logs are in $run, a directory below /tmp
# that is removed at the end of the run.  README says how the servers are set up and why.
# shellcheck shell=bash
# Set by the helper, or by name in pick_ports:
# shellcheck disable=SC2154

: "${SMARTHOST:=}"
load packages
load ../helper

# Postfix needs an account that only it uses.  Every Debian has this one, and on a test machine nothing else runs as this user.
owner=mail
group=games

# -------------------------------------------------------------------------------------------------------------- set-up

# This suite needs root, a mirror and Debian's versions.  If one of them is missing, the tests are skipped and do not fail.  bats
# 1.8 cannot skip in setup_file, so the reason is kept in skip_all for the setup of each test.
missing() {
	local why
	[[ -x $POSTERN ]] || { echo "there is no program to test: POSTERN is $POSTERN"; return; }
	((EUID == 0)) || { echo "Postfix and Dovecot want to be started by root"; return; }
	getent passwd "$owner" > /dev/null || { echo "Postfix needs a user like $owner, and there is none"; return; }
	getent group "$group" > /dev/null || { echo "Postfix needs a group like $group, and there is none"; return; }
	command -v openssl > /dev/null || { echo "there is no openssl to make a token and certificates with"; return; }
	why=$(why_not servers)
	[[ -z $why ]] || { echo "$why"; return; }
	declare -F "dovecot_$(dovecot_release)" > /dev/null || echo "the configuration here is for Dovecot 2.3 and 2.4"
}

# interop_setup_file START...: calls these functions, which start the servers, one after the other.
interop_setup_file() {
	local start
	cache=$(cache_of servers)
	skip_all=$(missing)
	export cache skip_all
	[[ -z $skip_all ]] || return 0
	owner_uid=$(id -u "$owner") owner_gid=$(id -g "$owner")
	run=$(mktemp -d /tmp/postern-interop.XXXXXX)
	chmod 755 "$run"
	mkdir "$run/pids" "$run/certs" "$run/mail"
	# The servers run from a copy, since they may refuse the name or the mode of the build directory.
	cp -a "$cache" "$run/root"
	libs=$(libs_below "$run/root")
	chown "$owner" "$run/mail"
	export libs run owner_uid owner_gid
	setsid bash -c "$(declare -f watch_parent stop_servers running); watch_parent $$" 3>&- 4>&- < /dev/null > /dev/null 2>&1 &
	interop_certs
	write_mailboxes
	for start in "$@"; do
		"$start" || return 1
	done
}

interop_teardown_file() {
	[[ -n ${run:-} ]] || return 0
	stop_servers
	rm -rf "$run"
}

# watch_parent PID: ends the servers if the run is killed.  It has a session of its own, so that a signal to the run's process
# group does not end it, too.
watch_parent() {
	while kill -0 "$1" && [[ -d $run ]]; do
		sleep 1
	done
	stop_servers
	rm -rf "$run"
}

# launch NAME COMMAND...: starts it in a session of its own, so that one signal to its process group ends all of its processes.
launch() {
	local name=$1
	shift
	setsid env LD_LIBRARY_PATH="$libs" "$@" < /dev/null >> "$run/$name.out" 2>&1 3>&- 4>&- &
	echo $! > "$run/pids/$name"
}

running() {
	kill -0 -- "-$(< "$run/pids/$1")" 2> /dev/null
}

stop_servers() {
	local file name signal n
	for file in "$run"/pids/*; do
		name=${file##*/}
		[[ -e $file ]] || continue
		for signal in TERM KILL; do
			running "$name" || break
			kill -s "$signal" -- "-$(< "$file")" 2> /dev/null || break
			for ((n = 0; n < 30; n++)); do
				running "$name" || break
				sleep 0.1
			done
		done
		rm -f "$file"
	done
}

# Sets the named variables to ports on which nothing listens, below those that the kernel hands out.
pick_ports() {
	local name port=$((20000 + RANDOM % 11000))
	for name in "$@"; do
		while port=$((port + 1)) && (: <> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
			:
		done
		printf -v "$name" %d "$port"
		export "${name?}"
	done
}

# greets PORT WORD: the greeting on this port contains the word, so this is a server of this run.
greets() {
	local line
	line=$(
		exec 2> /dev/null 7<> "/dev/tcp/127.0.0.1/$1" && read -r -t 5 line <&7 && echo "$line" && printf 'QUIT\r\n' >&7
	)
	[[ $line == "220 "*"$2"* ]]
}

give_up() {
	local file
	printf '%s\n' "$1 did not start" >&2
	for file in "$run"/{dovecot,postfix,exim}.{out,log} "$run"/exim/log/*; do
		[[ ! -s $file ]] || { echo "--- $file"; tail -n 20 "$file"; } >&2
	done
	return 1
}

# -------------------------------------------------------------------------------------------------------- certificates

interop_certs() {
	if [[ -x $SMARTHOST ]]; then
		"$SMARTHOST" --make-certs "$run/certs"
	else
		openssl_certs
	fi > "$run/certs.out" 2>&1 || { cat "$run/certs.out" >&2; return 1; }
	chmod -R a+rX "$run/certs"		# Exim reads its key as $owner
	chmod 600 "$run"/certs/*client.key	# postern refuses a key that others may read
}

openssl_certs() {
	local name
	cd "$run/certs" || return 1
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=postern interop CA" -keyout ca.key -out ca.pem \
	    -addext basicConstraints=critical,CA:true -addext keyUsage=keyCertSign
	for name in good client; do
		openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
		if [[ $name == good ]]; then
			printf '%s\n' subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth
		else
			printf '%s\n' subjectAltName=email:alice@example.org extendedKeyUsage=clientAuth
		fi > "$name.ext"
		openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$name.ext" \
		    -out "$name.pem"
	done
	cd - > /dev/null || return 1
}

# ---------------------------------------------------------------------------------------------------- users, mailboxes

# Postfix reads this file as texthash, and Exim with lsearch.
write_mailboxes() {
	local n name
	{
		for name in {alice,bob,carol,dave,disabled}@example.org; do
			echo "$name $name/"
		done
		for ((n = 1; n <= 100; n++)); do
			printf 'r%d@example.net r%d/\n' "$n" "$n"
		done
		echo "zoë@example.org zoe/"
		echo "bob@bücher.example idn/"
		echo "bob@xn--bcher-kva.example idn/"
	} > "$run/mailboxes"
}

b64url() { openssl base64 -A | tr '+/' '-_' | tr -d =; }

# A token (RFC 7519) that Dovecot checks with a key from a file, so that it need not ask another server.
write_token() {
	local key=0123456789abcdef0123456789abcdef signed
	mkdir -p "$run/keys/default/HS256"
	printf %s "$key" | openssl base64 -A > "$run/keys/default/HS256/default"
	signed=$(printf %s '{"typ":"JWT","alg":"HS256"}' | b64url)
	signed+=.$(printf '{"sub":"alice@example.org","iat":%d,"exp":%d}' "$(date +%s)" $(($(date +%s) + 86400)) | b64url)
	printf %s "$signed.$(printf %s "$signed" | openssl dgst -sha256 -hmac "$key" -binary | b64url)" > "$run/token"
}

# ------------------------------------------------------------------------------------------------------------- Dovecot

# Versions 2.3 and 2.4 have configurations of different forms.
dovecot_release() {
	LD_LIBRARY_PATH=$(libs_below "$cache") "$cache/usr/sbin/dovecot" --version 2>&1 | sed -n 's/^\(2\.[0-9]*\)\..*/\1/p'
}

# The part that both versions understand.
write_dovecot() {
	cat <<-END
		base_dir = $run/dovecot
		state_dir = $run/dovecot.state
		libexec_dir = $run/root/usr/lib/dovecot
		log_path = $run/dovecot.log
		protocols =
		ssl = no
		default_internal_user = $owner
		default_internal_group = $(id -gn "$owner")
		default_login_user = nobody
		auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
		auth_username_chars =
		auth_failure_delay = 0
		auth_verbose = yes
		service auth {
		  unix_listener auth-client {
		    mode = 0666
		  }
		}
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
	END
}

dovecot_2.3() {
	write_dovecot
	if [[ -n ${introspection:-} ]]; then
		printf '%s\n' "introspection_mode = post" "introspection_url = $introspection" "username_attribute = email" \
		    "active_attribute = active" "active_value = true" "scope = smtp"
	else
		printf '%s\n' "introspection_mode = local" "local_validation_key_dict = fs:posix:prefix=$run/keys/" \
		    "username_attribute = sub"
	fi > "$run/oauth2.conf"
	cat <<-END
		import_environment = TZ LD_LIBRARY_PATH=$libs
		disable_plaintext_auth = no
		passdb {
		  driver = oauth2
		  mechanisms = oauthbearer xoauth2
		  args = $run/oauth2.conf
		}
		passdb {
		  driver = passwd-file
		  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
		  args = scheme=plain username_format=%u $run/users
		}
		userdb {
		  driver = static
		  args = uid=$owner_uid gid=$owner_gid home=/nonexistent
		}
	END
}

dovecot_2.4() {
	printf 'dovecot_%s_version = 2.4.0\n' config storage
	write_dovecot
	cat <<-END
		import_environment {
		  LD_LIBRARY_PATH = $libs
		}
		auth_allow_cleartext = yes
	END
	if [[ -n ${introspection:-} ]]; then
		cat <<-END
			oauth2 {
			  introspection_mode = post
			  introspection_url = $introspection
			  username_attribute = email
			  active_attribute = active
			  active_value = true
			  scope {
			    smtp = yes
			  }
			}
		END
	else
		cat <<-END
			oauth2 {
			  introspection_mode = local
			  username_attribute = sub
			}
		END
	fi
	cat <<-END
		oauth2_local_validation {
		  dict fs {
		    fs posix {
		      prefix = $run/keys/
		    }
		  }
		}
		passdb oauth2 {
		  mechanisms_filter = oauthbearer xoauth2
		}
		passdb passwd-file {
		  mechanisms_filter = plain login cram-md5 scram-sha-1 scram-sha-256
		  passwd_file_path = $run/users
		  default_password_scheme = plain
		  auth_username_format = %{user}
		}
		userdb static {
		  fields {
		    uid = $owner_uid
		    gid = $owner_gid
		    home = /nonexistent
		  }
		}
	END
}

# Postfix and Exim use Dovecot's authentication server; its other parts are not started.  Passwords are stored in clear, since
# some mechanisms need them so.
start_dovecot() {
	local release by
	write_token
	cat > "$run/users" <<-'END'
		alice@example.org:{PLAIN}secret
		bob@example.org:{PLAIN}pä ss wörd
		zoë@example.org:{PLAIN}secret
	END
	release=$(dovecot_release)
	"dovecot_$release" > "$run/dovecot.conf"
	# dovecot would execute /usr/bin/doveconf, but not if doveconf has started it
	by=("$run/root/usr/bin/doveconf" -c "$run/dovecot.conf")
	case $release in
	2.3) by+=(-f service=master -m master -e) ;;
	*) by+=(-F) ;;
	esac
	launch dovecot "${by[@]}" "$run/root/usr/sbin/dovecot" -F -c "$run/dovecot.conf"
	await 20 test -S "$run/dovecot/auth-client" || give_up Dovecot || return 1
	chmod 755 "$run/dovecot"
}

# ------------------------------------------------------------------------------------------------------------- Postfix

# The ports differ in what they offer: see the end of master.cf.
start_postfix() {
	local try
	for try in 1 2 3; do
		pick_ports submission smtps nochunking nopipelining bare ascii nosize few hasty
		write_postfix
		launch postfix "$run/root/usr/lib/postfix/sbin/master" -d -c "$run/postfix"
		if await 15 greets_or_gone postfix "$submission" "${run##*.}" && running postfix; then
			log=$run/postfix.log
			export log
			return 0
		fi
		stop_servers_named postfix
	done
	give_up "Postfix (tried $try times)"
}

greets_or_gone() {
	greets "$2" "$3" || ! running "$1"
}

stop_servers_named() {
	! running "$1" || kill -s KILL -- "-$(< "$run/pids/$1")"
	rm -f "$run/pids/$1"
}

write_postfix() {
	local spool=$run/spool dir
	mkdir -p "$run/postfix" "$spool" "$run/data"
	for dir in active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public; do
		mkdir -p "$spool/$dir"
		chown "$owner" "$spool/$dir"
		chmod 700 "$spool/$dir"
	done
	mkdir -p "$spool/pid"
	chgrp "$group" "$spool/maildrop" "$spool/public"
	chmod 1730 "$spool/maildrop"
	chmod 2710 "$spool/public"
	chown "$owner" "$run/data"
	cat > "$run/postfix/main.cf" <<-END
		compatibility_level = 3.6
		queue_directory = $spool
		data_directory = $run/data
		daemon_directory = $run/root/usr/lib/postfix/sbin
		command_directory = $run/root/usr/sbin
		shlib_directory = $run/root/usr/lib/postfix
		meta_directory = $run/postfix
		mail_owner = $owner
		setgid_group = $group
		maillog_file = $run/postfix.log
		maillog_file_prefixes = $run
		import_environment = MAIL_CONFIG MAIL_LOGTAG TZ=UTC LANG=C { LD_LIBRARY_PATH=$libs }
		export_environment = TZ MAIL_CONFIG LANG LD_LIBRARY_PATH
		default_process_limit = 20

		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		disable_dns_lookups = yes
		smtpd_peername_lookup = no
		myhostname = postfix.test
		mydestination =
		local_recipient_maps =
		alias_maps =
		mynetworks =
		default_transport = error:5.1.2 no mail leaves this test
		virtual_mailbox_domains = example.org example.net bücher.example xn--bcher-kva.example
		virtual_mailbox_maps = texthash:$run/mailboxes
		virtual_mailbox_base = $run/mail
		transport_maps = inline:{ {disabled@example.org=refusing:} }
		virtual_mailbox_limit = 0
		virtual_minimum_uid = 1
		virtual_uid_maps = static:$owner_uid
		virtual_gid_maps = static:$owner_gid
		message_size_limit = 8000000
		enable_long_queue_ids = yes
		in_flow_delay = 0

		smtpd_banner = \$myhostname ESMTP ${run##*.}
		smtpd_client_event_limit_exceptions = 127.0.0.0/8
		smtpd_tls_security_level = encrypt
		smtpd_tls_auth_only = yes
		smtpd_tls_cert_file = $run/certs/good.pem
		smtpd_tls_key_file = $run/certs/good.key
		smtpd_tls_loglevel = 1
		smtpd_tls_received_header = yes
		smtpd_sasl_auth_enable = yes
		smtpd_sasl_type = dovecot
		smtpd_sasl_path = $run/dovecot/auth-client
		smtpd_sasl_security_options = noanonymous
		smtpd_relay_restrictions = reject_unauth_destination
		smtpd_recipient_restrictions = permit_sasl_authenticated reject
	END
	cat > "$run/postfix/master.cf" <<-END
		postlog unix-dgram n - n - 1 postlogd
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		verify unix - - n - 1 verify
		flush unix n - n 1000? 0 flush
		proxymap unix - - n - - proxymap
		error unix - - n - - error
		refusing unix - n n - - pipe
		 user=nobody argv=/bin/sh -c {exit 67}
		retry unix - - n - - error
		virtual unix - n n - - virtual
		anvil unix - - n - 1 anvil
		127.0.0.1:$submission inet n - n - - smtpd
		127.0.0.1:$smtps inet n - n - - smtpd
		 -o smtpd_tls_wrappermode=yes
		127.0.0.1:$nochunking inet n - n - - smtpd
		 -o smtpd_discard_ehlo_keywords=chunking
		127.0.0.1:$nopipelining inet n - n - - smtpd
		 -o smtpd_discard_ehlo_keywords=pipelining
		127.0.0.1:$bare inet n - n - - smtpd
		 -o smtpd_discard_ehlo_keywords=chunking,pipelining,8bitmime,smtputf8,dsn,size,enhancedstatuscodes
		127.0.0.1:$ascii inet n - n - - smtpd
		 -o smtpd_discard_ehlo_keywords=smtputf8
		127.0.0.1:$nosize inet n - n - - smtpd
		 -o smtpd_discard_ehlo_keywords=size
		127.0.0.1:$few inet n - n - - smtpd
		 -o smtpd_recipient_limit=10
		127.0.0.1:$hasty inet n - n - - smtpd
		 -o smtpd_timeout=2s
	END
}

# ---------------------------------------------------------------------------------------------------------------- Exim

# Debian's Exim looks up its own user before it reads its configuration.  nss_wrapper answers that there is one.
start_exim() {
	local try
	printf '%s\n' "root:x:0:0::/root:/bin/sh" "Debian-exim:x:$owner_uid:$owner_gid::/:/bin/false" > "$run/passwd"
	printf '%s\n' "root:x:0:" "Debian-exim:x:$owner_gid:" > "$run/group"
	wrapper=$(find "$run/root" -name libnss_wrapper.so)
	for try in 1 2 3; do
		pick_ports submission smtps nochunking nopipelining bare ascii nosize few
		write_exim
		launch exim env LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD="$run/passwd" NSS_WRAPPER_GROUP="$run/group" \
		    "$run/root/usr/sbin/exim4" -C "$run/exim.conf" -bdf
		if await 15 greets_or_gone exim "$submission" "${run##*.}" && running exim; then
			log=$run/exim/log/mainlog
			export log
			return 0
		fi
		stop_servers_named exim
	done
	give_up "Exim (tried $try times)"
}

# hidden_on PORT...: a list of hosts for Exim's *_advertise_hosts: all, but none on these ports.
hidden_on() {
	local port ports=
	for port in "$@"; do
		ports+=${ports:+:}$port
	done
	printf %s "\${if inlist{\$received_port}{$ports}{}{*}}"
}

write_exim() {
	mkdir -p "$run/exim/log" "$run/exim/spool"
	chown -R "$owner" "$run/exim"
	cat > "$run/exim.conf" <<-END
		exim_path = $run/root/usr/sbin/exim4
		keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
		exim_user = Debian-exim
		exim_group = Debian-exim
		deliver_drop_privilege
		spool_directory = $run/exim/spool
		log_file_path = $run/exim/log/%slog
		pid_file_path = $run/exim/pid
		notifier_socket =
		log_selector = +8bitmime +pipelining +smtp_protocol_error +smtp_syntax_error +smtp_no_mail +received_recipients \\
		    +tls_peerdn +dnssec +smtp_connection
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $submission : $smtps : $nochunking : $nopipelining : $bare : $ascii : $nosize : $few
		tls_on_connect_ports = $smtps
		daemon_startup_retries = 0
		host_lookup =
		primary_hostname = exim.test
		qualify_domain = example.org
		smtp_banner = exim.test ESMTP ${run##*.}
		acl_smtp_mail = check_mail
		acl_smtp_rcpt = check_rcpt
		message_size_limit = \${if eq{\$received_port}{$nosize}{0}{8000000}}
		domainlist here = example.org : example.net : bücher.example : xn--bcher-kva.example

		tls_advertise_hosts = *
		tls_certificate = $run/certs/good.pem
		tls_privatekey = $run/certs/good.key
		tls_verify_certificates = $run/certs/ca.pem
		tls_try_verify_hosts = *
		auth_advertise_hosts = \${if def:tls_in_cipher {*}{}}
		chunking_advertise_hosts = $(hidden_on "$nochunking" "$bare")
		pipelining_advertise_hosts = $(hidden_on "$nopipelining" "$bare")
		smtputf8_advertise_hosts = $(hidden_on "$ascii" "$bare")
		dsn_advertise_hosts = $(hidden_on "$bare")
		accept_8bitmime = yes

		begin acl
		check_mail:
		  deny !encrypted = *
		    message = 5.7.0 Must issue a STARTTLS command first
		  accept
		check_rcpt:
		  deny !authenticated = *
		    message = 530 5.7.0 Authentication required
		  deny !domains = +here
		    message = 5.7.1 relay not permitted
		  defer condition = \${if and{{eq{\$received_port}{$few}}{>={\$rcpt_count}{11}}}}
		    message = 452 4.5.3 too many recipients
		  deny !verify = recipient
		    message = 5.1.1 no such user
		  accept

		begin routers
		disabled:
		  driver = redirect
		  local_parts = disabled
		  data = :fail: 5.2.1 mailbox disabled
		  allow_fail
		  no_verify
		mailbox:
		  driver = accept
		  condition = \${lookup{\$local_part@\$domain}lsearch{$run/mailboxes}{yes}{no}}
		  transport = maildir

		begin transports
		maildir:
		  driver = appendfile
		  maildir_format
		  return_path_add
		  directory = $run/mail/\${lookup{\$local_part@\$domain}lsearch{$run/mailboxes}}
		  create_directory
		  user = Debian-exim
		  group = Debian-exim

		begin retry
		* * F,1h,5m

		begin authenticators
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  server_prompts = :
		  server_condition = \${if and{{eq{\$auth2}{alice@example.org}}{eq{\$auth3}{secret}}}}
		  server_set_id = \$auth2
		login:
		  driver = plaintext
		  public_name = LOGIN
		  server_prompts = Username:: : Password::
		  server_condition = \${if and{{eq{\$auth1}{alice@example.org}}{eq{\$auth2}{secret}}}}
		  server_set_id = \$auth1
		cram_md5:
		  driver = cram_md5
		  public_name = CRAM-MD5
		  server_secret = \${if eq{\$auth1}{alice@example.org}{secret}fail}
		  server_set_id = \$auth1
		scram_sha_1:
		  driver = dovecot
		  public_name = SCRAM-SHA-1
		  server_socket = $run/dovecot/auth-client
		  server_set_id = \$auth1
		scram_sha_256:
		  driver = dovecot
		  public_name = SCRAM-SHA-256
		  server_socket = $run/dovecot/auth-client
		  server_set_id = \$auth1
		external:
		  driver = external
		  public_name = EXTERNAL
		  server_advertise_condition = \${if eq{\$tls_in_certificate_verified}{1}}
		  server_condition = \${if eq{\$tls_in_certificate_verified}{1}}
		  server_set_id = \${certextract{subject,CN}{\$tls_in_peercert}}
	END
}

# ----------------------------------------------------------------------------------------------------------- each test

# Both files use these as their setup and teardown.
interop_setup() {
	[[ -z $skip_all ]] || skip "$skip_all"
	helper_setup
	token=interop.$BATS_TEST_NUMBER.$RANDOM
	log_start=$(($(stat -c %s "$log" 2> /dev/null || echo 0) + 1))
	complaints_expected=
	write_message > "$mail"
}

# Fails if the server logged a line that it writes only about a client that breaks the protocol.
interop_teardown() {
	local complaints
	[[ -z $skip_all ]] || return 0
	complaints=$(logged | grep -iE 'lost connection|improper command|pipelin.*(error|without)|synchroni[sz]ation error|non-SMTP command|bare <|protocol error|syntax error|unexpected|SSL_accept error|TLS error|fatal:|panic:|warning: process') || :
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		printf '%s\n' "--- what the server logged"
		logged
		[[ ! -s $run/dovecot.log ]] || tail -n 5 "$run/dovecot.log"
		[[ ! -s $conf ]] || { echo "--- configuration"; cat "$conf"; }
	fi
	if [[ -z $complaints_expected && -n $complaints ]]; then
		printf '%s\n' "the server complains:" "$complaints" >&2
		return 1
	fi
}

# The server's log since the test began.
logged() { tail -c "+$log_start" "$log" 2> /dev/null || :; }

# logs PATTERN: the server must log such a line within five seconds.
log_has() { grep -qE -- "$1" <(logged); }
logs() { await 5 log_has "$1" || complain "the server did not log $1"; }

# never_logs PATTERN: the server must not have logged such a line when the session is over.
never_logs() {
	await 5 log_has 'disconnect from|SMTP connection from .*(closed|lost)' || complain "no session came to an end" || return 1
	refute log_has "$1"
}

# use PORT [MECHANISM]: writes $conf for that port.  With the mechanism `off` there is no login.
use() {
	{
		echo "host localhost"
		echo "port $1"
		echo "tls on"
		[[ $1 != "$smtps" ]] || echo "tls_starttls off"
		echo "tls_trust_file $run/certs/ca.pem"
		echo "from alice@example.org"
		echo "auth ${2:-scram-sha-256}"
		if [[ ${2:-} != off ]]; then
			echo "user alice@example.org"
			echo "password secret"
		fi
		echo "logfile $BATS_TEST_TMPDIR/logfile"
	} > "$conf"
	chmod 600 "$conf"
}

# Prints a complete header, with the lines of $extra, and the empty line behind it.
write_head() {
	cat <<-END
		From: Alice <alice@example.org>
		To: Bob <bob@example.org>
		Subject: ${subject:-interop}
		Date: Mon, 02 Mar 2026 10:00:00 +0000
		Message-ID: <$token@example.org>
	END
	[[ -z ${extra:-} ]] || printf '%s\n' "$extra"
	echo
}

write_message() {
	write_head
	printf '%s\n' "Hello," ".this line starts with a dot" "and this is the last one."
}

# found MAILBOX: sets $file to the path of this test's message there; fails if there is none.
found() {
	file=$(grep -lsr -m 1 -F "Message-ID: <$token@example.org>" "$run/mail/$1/new" | head -n 1)
	[[ -n $file ]]
}

# arrived MAILBOX: waits for this test's message there; sets $file.
arrived() {
	await 10 found "$1" || complain "nothing arrived for $1"
}

# Prints the message in the file without the fields that servers add at its beginning.
without_trace() {
	LC_ALL=C awk '
		!head && tolower($0) ~ /^(return-path|delivered-to|x-original-to|envelope-to|delivery-date|received):/ { skip = 1; next }
		!head && skip && /^[ \t]/ { next }
		{ head = 1; print }' "$1"
}

# arrived_same MAILBOX [FILE]: the message must be there, byte for byte as $mail, or as FILE.
arrived_same() {
	arrived "$1" || return 1
	without_trace "$file" > "$BATS_TEST_TMPDIR/arrived"
	cmp "${2:-$mail}" "$BATS_TEST_TMPDIR/arrived" >&2 || {
		diff <(head -c 4000 "${2:-$mail}" | cat -A) <(head -c 4000 "$BATS_TEST_TMPDIR/arrived" | cat -A) | head -n 20 >&2
		return 1
	}
}

# not_arrived MAILBOX...: the message must not be there.  It does not wait: call it when another recipient has the message.
not_arrived() {
	local box
	for box in "$@"; do
		refute found "$box" || return 1
	done
}

# send RCPT...: sends $mail from alice@example.org, which must succeed.
send() { postern_ok -i -f alice@example.org -- "$@" < "$mail"; }

# reported ID [XTEXT]: waits for a report (RFC 3464) to Alice with this envelope id; sets $file.  Exim 4.96 does not decode the
# id, so XTEXT is its encoded form.
report_found() {
	file=$(grep -lsri -F -e "Original-Envelope-Id: $1" -e "Original-Envelope-Id: ${2:-$1}" \
	    "$run/mail/alice@example.org/new" | head -n 1)
	[[ -n $file ]]
}
reported() { await 10 report_found "$@" || complain "no report about $1 came back"; }
