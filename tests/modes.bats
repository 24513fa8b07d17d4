# The modes that send no message: -bv, -bi, -bp, -q; and the other names of the program.

load helper

setup() {
	helper_setup
	cat > "$conf" <<-END
		host smtp.example.org
		from me@example.org
		qualify_domain host.example.org
		aliases $HOME/aliases
		tls_trust_file /nonexistent
	END
	cat > "$HOME/aliases" <<-'END'
		root: me@example.org, joe
		joe: joe@example.net
		gone: :error: has left
		robot: "|/usr/bin/robot"
	END
}

# ------------------------------------------------------------------------------------------------------------------- -bv

@test "-bv shows a line for each address that a recipient expands to, and makes no connection" {
	postern_ok -bv root someone@example.net
	[[ $stdout == "root@host.example.org... deliverable: account default, host smtp.example.org:587, sender me@example.org, user me@example.org
root@host.example.org... deliverable: account default, host smtp.example.org:587, sender me@example.org, user joe@example.net
someone@example.net... deliverable: account default, host smtp.example.org:587, sender me@example.org, user someone@example.net" ]]
	[[ -z $stderr ]]
}

@test "-bv: an alias that refuses is 67, and the other recipients are shown" {
	postern_fails 67 rcpt -- -bv gone joe
	told "no mail for gone@host.example.org: $HOME/aliases:3: the alias gone refuses it"
	told "has left"
	[[ $stdout == "joe@host.example.org... deliverable: "*" user joe@example.net" ]]
}

@test "-bv -t takes the recipients from the message" {
	postern_ok -bv -t < "$mail"
	[[ $stdout == "you@example.net... deliverable: "*" user you@example.net" ]]
}

@test "-bv shows the account and the sender that -f chooses" {
	cat >> "$conf" <<-'END'
		account work : default
		host mail.example.com
		port 2525
		from work@example.com
	END
	postern_ok -bv -f work@example.com you@example.net
	[[ $stdout == *"account work, host mail.example.com:2525, sender work@example.com, user you@example.net" ]]
	postern_ok -bv -f '<>' you@example.net
	[[ $stdout == *"account default, "*"sender <>, "* ]]
}

@test "-bv without recipients is 64, and with an invalid address 65" {
	postern_fails 64 usage -- -bv
	postern_fails 65 input -- -bv 'a b c@'
}

@test "-bv with a full standard output is an error" {
	[[ -e /dev/full ]] || skip "no /dev/full"
	status=0
	"$POSTERN" -C "$conf" -bv joe > /dev/full 2> "$HOME/stderr" || status=$?
	((status != 0))
	grep -q 'cannot write to standard output' "$HOME/stderr"
}

@test "-bv escapes control characters of an alias file" {
	printf 'odd: a\302\233b@example.org\n' >> "$HOME/aliases"
	postern_ok -bv odd
	[[ $stdout == *'user a\xc2\x9bb@example.org' ]]
}

@test "-bv without any recipient in its arguments or in the message of -t is 64" {
	postern_fails 64 usage -- -bv ''
	postern_fails 64 usage -- -bv -t <<< "Subject: to nobody"
}

@test "postmaster and MAILER-DAEMON are expanded like root if they have no alias" {
	postern_ok -bv postmaster
	[[ $stdout == *"user me@example.org"*"user joe@example.net" ]]
	postern_ok -bv MAILER-DAEMON
	[[ $stdout == *"user me@example.org"*"user joe@example.net" ]]
	echo "postmaster: joe" >> "$HOME/aliases"
	postern_ok -bv Mailer-Daemon@localhost
	[[ $stdout == *"user joe@example.net" && $stdout != *me@example.org*me@example.org* ]]
}

# ------------------------------------------------------------------------------------------------------------------- -bi

@test "-bi, -I and newaliases count the aliases and warn of programs and unreadable lists" {
	echo "all: :include:$HOME/nobody" >> "$HOME/aliases"
	for run in "postern -bi" "postern -I" "postern_as newaliases"; do
		$run
		((status == 0)) || complain "$run: $status"
		[[ $stdout == "$HOME/aliases: 5 aliases, longest "*" bytes, "*" bytes total" ]]
		told "warning: $HOME/aliases:4: the alias robot names a program, and postern runs none"
		told "warning: $HOME/aliases:5: the alias all includes a list: cannot read it: No such file"
		[[ $(wc -l <<< "$stderr") == 2 ]]
	done
}

@test "-bi: an alias file that is missing or malformed is 78" {
	echo "no colon here" >> "$HOME/aliases"
	postern_fails 78 config -- -bi
	told "$HOME/aliases:5"
	rm "$HOME/aliases"
	postern_fails 78 config -- -bi
}

@test "-bi without an alias file or without a configuration says so and succeeds" {
	set_conf aliases
	postern_ok -bi
	[[ $stdout == *"no alias file is configured"* ]]
	if [[ -e /dev/full ]]; then
		status=0
		"$POSTERN" -C "$conf" -bi > /dev/full 2> "$HOME/stderr" || status=$?
		((status != 0))
		grep -q 'cannot write to standard output' "$HOME/stderr"
	fi
	[[ ! -e /etc/postern.conf ]] || return 0
	postern_bare -bi
	((status == 0))
	[[ $stdout == *"there is no configuration"* ]]
}

# ------------------------------------------------------------------------------------------------------------- the queue

@test "if there is no queue, -bp and mailq say that it is empty, and -q and runq do nothing" {
	set_conf queue_directory "$HOME/queue"
	for run in "postern -bp" "postern_as mailq" "postern_as mailq -v" "postern_as mailq -Ac"; do
		$run
		[[ $status == 0 && $stdout == "Mail queue is empty" && ($run == *-v || -z $stderr) ]] || complain "$run"
	done
	for run in "postern -q" "postern -qf" "postern -qRexample.org" "postern_as runq" "postern_as runq -v"; do
		$run
		[[ $status == 0 && ($run == *-v || -z $stdout$stderr) ]] || complain "$run"
	done
}

@test "-q with an interval changes neither the output of -bp nor that of -bv" {
	set_conf queue_directory "$HOME/queue"
	for run in "postern -bp -qRexample.org" "postern -qf -bp" "postern_as mailq -qRexample.org"; do
		$run
		[[ $status == 0 && $stdout == "Mail queue is empty" ]] || complain "$run"
	done
	postern_ok -bv -q5m joe
	[[ $stdout == *"user joe@example.net" ]]
}

@test "-q with recipients or -t is 64, so that no message is lost" {
	postern_fails 64 usage -- -q joe@example.net < "$mail"
	postern_fails 64 usage -- -q5m -t < "$mail"
	told "-q"
}

# --------------------------------------------------------------------------------------------------------- --dump-config

@test "--dump-config gives the same account when it is read again, with and without a user" {
	local first
	for user in "" me "somebody@example.org"; do
		set_conf user
		[[ -z $user ]] || set_conf user "$user"
		set_conf tls off
		postern_ok --dump-config
		first=$(grep -v '^# \(read\|the account begins\)' <<< "$stdout")
		printf '%s\n' "$first" > "$BATS_TEST_TMPDIR/dumped"
		run_bounded "$POSTERN" -C "$BATS_TEST_TMPDIR/dumped" --dump-config
		[[ $status == 0 && $(grep -v '^# \(read\|the account begins\)' <<< "$stdout") == "$first" ]] || complain "user '$user'"
	done
}

@test "--dump-config and -v begin with the files that were read, the account, and why it was chosen" {
	local extra=$BATS_TEST_TMPDIR/extra.conf
	printf '%s\n' "account work" "host localhost" "port 9" "tls off" "from *@work.example" > "$extra"
	chmod 600 "$extra"
	printf '%s\n' "account default" "host localhost" "port 9" "tls off" "include $extra" > "$conf"
	postern_ok --dump-config
	[[ $stdout == "# read $conf"$'\n'"# read $extra"$'\n'"# the account begins at $conf:1"$'\n'"# this account was chosen, since its name is default"$'\n'"account default"* ]] \
	    || complain "--dump-config"
	postern_ok --dump-config -f me@work.example
	[[ $stdout == *"# the account begins at $extra:1"$'\n'"# this account was chosen, since its \`from\` is for the sender me@work.example"* ]] || complain "by sender"
	postern_ok --dump-config -f me@home.example
	[[ $stdout == *"since its name is default and no other one is for the sender me@home.example"* ]] || complain "default"
	printf '%s\n' "account login" "host localhost" "user you@home.example" >> "$extra"
	postern_ok --dump-config -f you@home.example
	[[ $stdout == *"since its \`user\` is for the sender you@home.example"* ]] || complain "by login"
	postern_ok --dump-config -a work
	[[ $stdout == *"since -a names it"* ]] || complain "by name"
	run_bounded "$POSTERN" -C /dev/null --host=localhost --dump-config
	[[ $stdout == "# read /dev/null"$'\n'"# this account was chosen, since its name is default"$'\n'"account default"* ]] || complain "/dev/null"
	sed -i 's/^account default/account home/; /^include/d' "$conf"
	postern_ok --dump-config
	[[ $stdout == *"since there is no other one"* ]] || complain "the only one"
	sed -i 's/^account home/account default/' "$conf"
	postern_bare --host=localhost --dump-config
	[[ $stdout == "# no configuration file was read"* || -e $(system_directory)/postern.conf ]] || complain "no file"
	postern -v you@example.net < "$mail"
	[[ $(sed -n '1,2s/^ *[0-9.]* *0 \* //p' <<< "$stderr") == "read $conf"$'\n'"account default of $conf:1, since its name is default" ]] \
	    || complain "-v"
}

# ---------------------------------------------------------------------------------------------------------- installation

@test "--with-sendmail-links installs the other names, and uninstall removes them" {
	[[ -e $BUILDDIR/Makefile && -e $BUILDDIR/config.status ]] || skip "not built by make"
	local root=$BATS_TEST_TMPDIR/root name
	local -a on=(USER_LINKS="mailq newaliases" ADMIN_LINKS="sendmail runq" prefix=/usr DESTDIR="$root")
	run_bounded env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BUILDDIR" install-exec install-man "${on[@]}"
	((status == 0)) || complain "make install"
	run_bounded env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BUILDDIR" install-data-hook "${on[@]}"
	for name in bin/mailq bin/newaliases sbin/sendmail sbin/runq; do
		[[ -L $root/usr/$name && $(basename "$(readlink "$root/usr/$name")") == postern ]] || complain "$name"
	done
	[[ $(readlink "$root/usr/sbin/sendmail") == /usr/bin/postern ]]
	[[ $(< "$root/usr/share/man/man8/sendmail.8") == ".so man1/postern.1" ]]
	run_bounded "$root/usr/bin/mailq"
	[[ $status == 0 && $stdout == "Mail queue is empty" ]]
	run_bounded env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BUILDDIR" uninstall "${on[@]}"
	((status == 0)) || complain "make uninstall"
	[[ -z $(find "$root" -type l -o -type f) ]]
}

@test "--with-sendmail-links and uninstall keep what belongs to another program, and install says so" {
	[[ -e $BUILDDIR/Makefile && -e $BUILDDIR/config.status ]] || skip "not built by make"
	local root=$BATS_TEST_TMPDIR/root
	local -a on=(USER_LINKS="mailq newaliases" ADMIN_LINKS="sendmail runq" prefix=/usr DESTDIR="$root")
	mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/share/man/man1" "$root/usr/share/man/man8"
	ln -s exim4 "$root/usr/sbin/sendmail"		# its target is missing here
	ln -s /etc/alternatives/mailq "$root/usr/bin/mailq"
	echo other > "$root/usr/bin/newaliases"
	echo other > "$root/usr/share/man/man8/sendmail.8"
	ln -s nowhere "$root/usr/share/man/man1/mailq.1"
	run_bounded env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BUILDDIR" install-exec-hook install-data-hook "${on[@]}"
	((status == 0)) || complain "make install"
	[[ $stdout == *"postern: /usr/sbin/sendmail stays"* && $stdout == *"postern: /usr/sbin/runq is a link to /usr/bin/postern"* ]]
	run_bounded env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BUILDDIR" install-exec-hook uninstall-hook "${on[@]}"
	((status == 0)) || complain "make uninstall"
	[[ $(readlink "$root/usr/sbin/sendmail") == exim4 && $(readlink "$root/usr/bin/mailq") == /etc/alternatives/mailq ]]
	[[ $(< "$root/usr/bin/newaliases") == other && $(< "$root/usr/share/man/man8/sendmail.8") == other ]]
	[[ $(readlink "$root/usr/share/man/man1/mailq.1") == nowhere ]]
	[[ ! -L $root/usr/sbin/runq && ! -e $root/usr/share/man/man8/runq.8 ]]
}

# ------------------------------------------------------------------------------------------------------ -S, -h and -?

@test "-S HOST:PORT sends to a catcher on the loopback without TLS, without a login and without any configuration" {
	start_server <<-'S'
		tls none
		auth_clear
		listen 127.0.0.1
	S
	mkdir -p "$HOME/.config/postern"
	printf 'this is no configuration\n' > "$HOME/.config/postern/config"
	chmod 600 "$HOME/.config/postern/config"
	local server
	for server in "localhost:$port" "127.0.0.1:$port"; do
		POSTERN_USER=user POSTERN_PASSWORD=secret POSTERN_PORT=1 POSTERN_FROM=x@example.org \
		    postern_bare -S "$server" -f me@example.org -t < "$mail"
		((status == 0)) || complain "$server"
		[[ $(envelope "$(messages)") == *"mail <me@example.org>"* && $(envelope "$(messages)") != *"auth "* ]]
	done
	postern_bare "-S127.0.0.1:$port" -ti -f me@example.org < "$mail"
	((status == 0))
	(($(messages) == 3))
	postern_bare -S "[::1]:$port" --dump-config
	[[ $status == 0 && $stdout == *"host [::1]"*"port $port"*"tls off"*"auth off"* ]] || complain "::1"
	postern_bare -S "127.0.0.1:$port" --tls=on -f me@example.org you@example.net < "$mail"
	((status == 69)) || complain "--tls=on"
}

@test "-S: TLS is on for other hosts, and --tls=off says otherwise" {
	postern_bare -S mail.example.org --dump-config
	[[ $status == 0 && $stdout == *"host mail.example.org"*"port 587"*"tls on"* ]] || complain "a host"
	postern_bare -S mail.example.org:1025 --tls=off --dump-config
	[[ $status == 0 && $stdout == *"port 1025"*"tls off"* ]] || complain "--tls=off"
	postern_bare -S localhost.example.org --dump-config
	[[ $stdout == *"tls on"* ]]
	postern_bare -S localhost --dump-config
	[[ $stdout == *"port 25"*"tls off"* ]]
	start_server < /dev/null
	postern_bare -S "localhost:$port" --tls=on "--tls-trust-file=$certs/ca.pem" -f me@example.org you@example.net < "$mail"
	[[ $status == 0 && $(envelope) == *"tls TLS1"* && $(envelope) != *"auth "* ]] || complain "$(envelope)"
}

@test "-S without a server is 64, and the error names --check" {
	local args
	for args in "-S" "-S --account=x" "-S -a x" "-tS"; do
		# shellcheck disable=SC2086	# several words
		postern_bare $args
		((status == 64)) || complain "$args"
		hinted "--check"
	done
	for args in user@localhost smtp://localhost localhost:x localhost: :25 ::1 ""; do
		postern_bare -S "$args" you@example.net < "$mail"
		[[ $status == 64 && $stderr == *"-S must be HOST or HOST:PORT, not \`$args\`"* ]] || complain "$args"
	done
	postern_bare -S localhost -a x you@example.net < "$mail"
	[[ $status == 64 && $stderr == *"excludes -a"* ]]
	postern_bare -S localhost -C x you@example.net < "$mail"
	[[ $status == 64 && $stderr == *"excludes -C"* ]]
}

@test "a lone -h and -? mention --help" {
	local option
	for option in -h '-?' -f -z; do
		postern_bare "$option"
		((status == 64)) || complain "$option"
		hinted "--help"
	done
}
