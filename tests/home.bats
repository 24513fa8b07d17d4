# The HOME of another user: cron, at, su -p, sudo -E and supervisors pass on the environment of root's shell.  The mail of
# their jobs must be sent all the same.

load helper

# A user ID that runs no tests.
stranger=54321

# users: a machine whose only users are alice (uid 54321) and root, with the homes $alice and $root.  $system is its
# configuration for all users.  A user of that machine can reach the test's directory.
users() {
	needs_mounts setpriv
	etc=$(system_directory)
	[[ -d $etc ]] || skip "needs the directory of the system's configuration, $etc"
	alice=$BATS_TEST_TMPDIR/alice root=$BATS_TEST_TMPDIR/root system=$BATS_TEST_TMPDIR/etc/postern.conf
	mkdir -p "$alice/.config/postern" "$root/.config/postern" "${system%/*}"
	printf '%s\n' "root:x:0:0::$root:/bin/sh" "alice:x:$stranger:$stranger::$alice:/bin/sh" > "$BATS_TEST_TMPDIR/passwd"
	cp "$POSTERN" "$BATS_TEST_TMPDIR/postern"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	chown -R "$stranger:$stranger" "$alice"
	chmod 700 "$alice" "$root"
	setpriv --reuid "$stranger" --regid "$stranger" --clear-groups test -x "$BATS_TEST_TMPDIR/postern" \
	    || skip "another user cannot reach $BATS_TEST_TMPDIR"
	start_server <<-'S'
		tls none
	S
}

# as WHO [VARIABLE=VALUE...] ARGS: runs postern as alice, root or a number, on that machine and without -C.
as() {
	local who=$1 environment=()
	shift
	[[ $who != alice ]] || who=$stranger
	[[ $who != root ]] || who=0
	while [[ $1 == [A-Z]*=* ]]; do
		environment+=("$1")
		shift
	done
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded unshare --mount sh -c '
		mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/etc" "$2" || exit 99
		who=$3 dir=$1
		shift 3
		umask 077
		cd / && exec setpriv --reuid "$who" --regid "$who" --clear-groups env "$@"' \
	    - "$BATS_TEST_TMPDIR" "$etc" "$who" TMPDIR=/tmp "${environment[@]}" "$BATS_TEST_TMPDIR/postern" "$@"
}

# sends_from ADDRESS as ARGS...: the message arrives, sent with the configuration that has this address.
sends_from() {
	local from=$1
	shift
	"$@" you@example.net < "$mail"
	((status == 0)) || complain "exit status $status, not 0, from: $*" || return 1
	[[ $(envelope "$(messages)") == *"mail <$from>"* ]] || complain "not by the configuration of $from: $*"
}

# account ADDRESS [OWNER]: writes a configuration for $port with that sender to standard output.
account() { printf '%s\n' "host localhost" "port $port" "tls off" "from $1"; }

# config HOME ADDRESS OWNER: writes the configuration of this home.
config() {
	account "$2" > "$1/.config/postern/config"
	chown -R "$3" "$1/.config"
}

# ---------------------------------------------------------------------------------------------------------------- which home

@test "~ is HOME if it belongs to the user, else the home from the user database" {
	local home env foreign=/
	home=$(getent passwd "$EUID" | cut -d: -f6)
	[[ $home == /* ]] || skip "the user database has no home for this user"
	if ((EUID == 0)); then
		foreign=$BATS_TEST_TMPDIR/foreign
		mkdir "$foreign"
		chown "$stranger" "$foreign"
	fi
	printf '%s\n' "host mail.example.org" "logfile ~/log" > "$conf"
	run_bounded "$POSTERN" -C "$conf" --dump-config
	[[ $stdout == *"logfile $HOME/log"* ]] || complain "HOME is the user's own"
	touch "$BATS_TEST_TMPDIR/file"
	for env in "HOME=$foreign" HOME=/nowhere HOME=relative HOME= "HOME=$BATS_TEST_TMPDIR/file" --unset=HOME; do
		run_bounded env "$env" "$POSTERN" -C "$conf" --dump-config
		[[ $stdout == *"logfile $home/log"* ]] || complain "not $home: $env"
	done
}

@test "a user's job with root's HOME uses the user's own configuration" {
	users
	config "$alice" alice@example.org "$stranger:$stranger"
	config "$root" root@example.org 0:0
	sends_from alice@example.org as alice HOME="$root"
	chmod 755 "$root" "$root/.config" "$root/.config/postern"	# root's HOME is open now, and is still not used
	chmod 644 "$root/.config/postern/config"
	sends_from alice@example.org as alice HOME="$root"
	sends_from alice@example.org as alice HOME="$root" XDG_CONFIG_HOME="$root/.config"
	sends_from alice@example.org as alice HOME="$BATS_TEST_TMPDIR/none" XDG_CONFIG_HOME="$BATS_TEST_TMPDIR/none"
	mkdir -p "$alice/xdg"
	mv "$alice/.config/postern" "$alice/xdg"
	chown -R "$stranger" "$alice/xdg"
	sends_from alice@example.org as alice HOME="$root" XDG_CONFIG_HOME="$alice/xdg"
}

@test "a user's job with root's HOME uses the system's configuration if the user has none" {
	users
	account system@example.org > "$system"
	config "$root" root@example.org 0:0
	sends_from system@example.org as alice HOME="$root" XDG_CONFIG_HOME="$root/.config"
	rm -r "$alice"
	sends_from system@example.org as alice HOME="$root"
}

@test "root with a user's HOME uses root's configuration" {
	users
	config "$alice" alice@example.org "$stranger:$stranger"
	config "$root" root@example.org 0:0
	sends_from root@example.org as root HOME="$alice"
	sends_from root@example.org as root HOME="$alice" XDG_CONFIG_HOME="$alice/.config"
	sends_from root@example.org as root HOME="$root" XDG_CONFIG_HOME="$alice/.config"
}

@test "-v names each variable that is ignored" {
	users
	account system@example.org > "$system"
	sends_from system@example.org as alice HOME="$root" XDG_CONFIG_HOME="$root/.config" -v
	told "* HOME is ignored: $root is no directory that belongs to this user"
	told "* XDG_CONFIG_HOME is ignored: $root/.config is no directory that belongs to this user"
	sends_from system@example.org as alice HOME="$alice" XDG_CONFIG_HOME="$alice/.config" -v
	[[ $stderr != *" is ignored"* ]]
	chown 0:0 "$alice"
	chmod 755 "$alice"
	sends_from system@example.org as alice HOME="$alice" -v		# the user database names the same home
	[[ $stderr != *" is ignored"* ]]
}

@test "a user without entry in the user database uses HOME; if there is no configuration, the error names the files" {
	users
	config "$root" root@example.org 0:0
	chmod 755 "$root" "$root/.config" "$root/.config/postern"
	sends_from root@example.org as 54322 HOME="$root"
	sends_from root@example.org as 54322 HOME=/ XDG_CONFIG_HOME="$root/.config"
	as 54322 HOME="$BATS_TEST_TMPDIR" you@example.net < "$mail"
	((status == 78))
	hinted "into $BATS_TEST_TMPDIR/.config/postern/config or $etc/postern.conf"
	as alice HOME="$root" you@example.net < "$mail"
	((status == 78))
	hinted "into $alice/.config/postern/config or $etc/postern.conf"
}

# --------------------------------------------------------------------------------------------------- files of other users

# noted FILE WHY: the last line of the log and -v say that this file was passed over.
noted() {
	told "* passed over: $1$2"
	tail -n 1 "$log" | grep -qF "note=\"passed over: $1$2" || complain "the log does not say so: $(cat "$log")"
}

@test "a default file that the user may not read is passed over, with a note in -v and in the log" {
	users
	log=$alice/log
	config "$alice" alice@example.org "$stranger:$stranger"
	echo "logfile $log" >> "$alice/.config/postern/config"
	account system@example.org > "$system"
	chmod 640 "$system"				# as root:mail
	sends_from alice@example.org as alice HOME="$alice" -v
	noted "cannot read $etc/postern.conf: " "Permission denied"
	echo "logfile $log" >> "$system"
	chmod 644 "$system"
	chmod 000 "$alice/.config/postern/config"
	sends_from system@example.org as alice HOME="$alice" -v
	noted "cannot read $alice/.config/postern/config: " "Permission denied"
	chown 0 "$alice/.config"
	chmod 700 "$alice/.config"			# a directory above the file cannot be read
	sends_from system@example.org as alice HOME="$alice" -v
	noted "cannot read $alice/.config/postern/config: " "Permission denied"
	chmod 755 "$alice/.config"
	chmod 600 "$alice/.config/postern/config"
	sends_from alice@example.org as alice HOME="$alice" -v
	[[ $stderr != *"passed over"* && $(tail -n 1 "$log") != *note=* ]]
}

@test "a default file that belongs to another user is passed over, with a note in -v and in the log" {
	users
	log=$BATS_TEST_TMPDIR/log
	config "$alice" alice@example.org 54322:54322
	account system@example.org > "$system"
	echo "logfile $log" >> "$system"
	install -m 666 /dev/null "$log"
	chmod 755 "$alice/.config" "$alice/.config/postern"
	chmod 644 "$alice/.config/postern/config"
	sends_from system@example.org as alice HOME="$alice" -v
	noted "$alice/.config/postern/config " "belongs to another user"
	config "$root" stranger@example.org "$stranger:$stranger"
	sends_from system@example.org as root HOME="$root" -v
	noted "$root/.config/postern/config " "belongs to another user"
	config "$root" root@example.org 0:0
	echo "logfile $log" >> "$root/.config/postern/config"
	chown "$stranger" "$system"
	sends_from root@example.org as root HOME="$root" -v
	noted "$etc/postern.conf " "belongs to another user"
}

@test "-bs: the log line of each message has the note" {
	users
	log=$alice/log
	config "$alice" alice@example.org "$stranger:$stranger"
	echo "logfile $log" >> "$alice/.config/postern/config"
	account system@example.org > "$system"
	chmod 600 "$system"
	printf '%s\r\n' "EHLO x" "MAIL FROM:<a@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: x" "" x . \
	    "MAIL FROM:<a@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: x" "" x . QUIT > "$HOME/dialogue"
	as alice HOME="$alice" -bs < "$HOME/dialogue"
	[[ $status == 0 && $(messages) == 2 ]]
	[[ $(grep -cF "note=\"passed over: cannot read $etc/postern.conf: Permission denied\"" "$log") == 2 ]]
}

@test "if no configuration is left, the error names the files that were passed over" {
	local why
	users
	config "$alice" alice@example.org 0:0
	chmod 700 "$alice/.config"
	chown "$stranger" "$alice/.config/postern"
	account system@example.org > "$system"
	chmod 600 "$system"
	why="passed over: cannot read $etc/postern.conf: Permission denied; "
	why+="cannot read $alice/.config/postern/config: Permission denied"
	as alice HOME="$alice" you@example.net < "$mail"
	((status == 78))
	told "postern: config: there is no configuration, and no host was given; $why"
	as alice HOME="$alice" -a work you@example.net < "$mail"
	((status == 78))
	hinted "$why"
	as alice HOME="$alice" -bi
	[[ $status == 0 && $stdout == "there is no configuration, and so no alias file; $why" ]]
	sends_from given@example.org as alice HOME="$alice" --host=localhost --port="$port" --tls=off --from=given@example.org
	rm -r "$alice/.config"
	mkdir -p "$alice/.config/postern"
	printf '%s\n' "account default : default" > "$alice/.config/postern/config"
	chown -R "$stranger" "$alice"
	as alice HOME="$alice" you@example.net < "$mail"
	((status == 78))
	told "$alice/.config/postern/config:1: there is no account \`default\` above"
	hinted "passed over: cannot read $etc/postern.conf: Permission denied"
}

@test "an unreadable file named with -C or by an include is 78, and so is an error in the user's own file" {
	local file
	users
	config "$alice" alice@example.org "$stranger:$stranger"
	file=$alice/.config/postern/config
	account system@example.org > "$system"
	chmod 600 "$system"
	as alice HOME="$alice" -C "$etc/postern.conf" you@example.net < "$mail"
	((status == 78))
	told "postern: config: cannot read $etc/postern.conf"
	chown 54322 "$file"
	chmod 644 "$file"
	as alice HOME="$alice" -C "$file" you@example.net < "$mail"
	((status == 78))
	told "postern: config: $file belongs to another user"
	chown "$stranger" "$file"
	echo "include $etc/postern.conf" >> "$file"
	as alice HOME="$alice" you@example.net < "$mail"
	((status == 78))
	told "postern: config: cannot read $etc/postern.conf"
	printf '%s\n' "host localhost" "nonsense" > "$file"
	as alice HOME="$alice" you@example.net < "$mail"
	((status == 78))
	told "$file:2: there is no key"
	printf '%s\n' "host localhost" "password secret" > "$file"
	as alice HOME="$alice" you@example.net < "$mail"
	((status == 78))
	told "$file:2: the file holds a password and is open to others"
	hinted "chmod 600"
	[[ $(messages) == 0 ]]
	rm "$file"
	chmod 644 "$system"
	sends_from system@example.org as alice HOME="$alice"
}

@test "~/.netrc is passed over if the user may not read it or it belongs to another user" {
	users
	start_server <<< "auth_mechs PLAIN"
	account system@example.org | sed 's/^tls off$/auth_cleartext on/' > "$system"
	cp "$certs/ca.pem" "$BATS_TEST_TMPDIR/ca.pem"
	printf '%s\n' "tls_trust_file $BATS_TEST_TMPDIR/ca.pem" "user user" >> "$system"
	echo "machine localhost login user password secret" > "$alice/.netrc"
	chmod 600 "$alice/.netrc"
	as alice HOME="$alice" -v you@example.net < "$mail"
	((status != 0))
	[[ $stderr != *"cannot read $alice/.netrc"$'\n'* ]]
	told "* passed over: $alice/.netrc: Permission denied"
	chmod 644 "$alice/.netrc"
	chown 54322 "$alice/.netrc"
	as alice HOME="$alice" -v you@example.net < "$mail"
	((status != 0))
	told "* passed over: $alice/.netrc: it belongs to another user"
	[[ $(messages) == 0 ]]
	chown "$stranger" "$alice/.netrc"
	chmod 600 "$alice/.netrc"
	sends_from system@example.org as alice HOME="$alice"
}

# ------------------------------------------------------------------------------ other variables of another user's environment

@test "a TMPDIR of another user is passed over, and the mail is sent" {
	users
	account system@example.org > "$system"
	yes "a line of a body that does not fit in memory" | head -c 2M >> "$mail"
	mkdir -m 700 "$root/tmp"
	sends_from system@example.org as alice HOME="$root" TMPDIR="$root/tmp" -v
	told "* TMPDIR is passed over: cannot make a temporary file in $root/tmp: Permission denied"
}

# from_is SENDER FROM: the last message has this sender and this From.
from_is() {
	local n
	n=$(messages)
	[[ $(envelope "$n") == *"mail <$1>"* ]] || complain "not sent by $1: $(envelope "$n")"
	[[ $(message "$n" | tr -d '\r' | sed -n 's/^From: //p') == "$2" ]] || complain "not from $2: $(message "$n")"
}

@test "EMAIL, NAME and MAILNAME are ignored if HOME is another user's, with a note in -v" {
	local env names=(EMAIL=root@example.com NAME="Charlie Root" MAILNAME="Charlie &")
	users
	printf '%s\n' "host localhost" "port $port" "tls off" "qualify_domain example.org" > "$system"
	printf 'To: you@example.net\n\nx\n' > "$mail"
	for env in "HOME=$root" HOME=/ "HOME=$root/deeper"; do
		as alice "$env" "${names[@]}" -v you@example.net < "$mail"
		((status == 0))
		from_is alice@example.org alice@example.org
		told "* EMAIL is ignored: the environment is another user's, as HOME shows"
		told "* NAME is ignored: "
		told "* MAILNAME is ignored: "
	done
	as root HOME="$alice" "${names[@]}" -v you@example.net < "$mail"
	from_is root@example.org root@example.org
	for env in "HOME=$alice" HOME= HOME=relative HOME=/nowhere; do		# a HOME that does not belong to another user
		as alice "$env" "${names[@]}" -v you@example.net < "$mail"
		from_is root@example.com 'Charlie & <root@example.com>'
		[[ $stderr != *"EMAIL is ignored"* && $stderr != *"NAME is ignored"* ]]
	done
	chown 0:0 "$alice"							# like the home of www-data
	chmod 755 "$alice"
	as alice HOME="$alice" "${names[@]}" you@example.net < "$mail"
	from_is root@example.com 'Charlie & <root@example.com>'
	as 54322 HOME="$root" "${names[@]}" you@example.net < "$mail"		# the user database has no other home
	from_is root@example.com 'Charlie & <root@example.com>'
	as alice HOME="$root" "${names[@]}" -v --from=alice@example.com --from-full-name=Alice you@example.net < "$mail"
	from_is alice@example.com 'Alice <alice@example.com>'
	[[ $stderr != *"EMAIL is ignored"* && $stderr != *"NAME is ignored"* ]]	# the options replace the variables
}

# ---------------------------------------------------------------------------------------------------- the README's machine

@test "the README's way to take the place of sendmail: root's jobs send, and so does the user of a web server" {
	users
	start_server <<-'S'
		auth_mechs PLAIN
		user machine@example.org
		reply MAIL:machine@example.org 250 ok
		reply MAIL 553 5.7.1 not your address
	S
	awk '/^2\. Write these lines into/ { on = 1 } /^   sender_map replaces/ { on = 0 } on && /^\t/ { sub(/^\t/, ""); print }' \
	    "$SRCDIR/README" > "$system"
	sed -i -e 's/^host.*/host localhost/' -e "\$aport $port" -e "\$atls_trust_file $alice/ca.pem" \
	    -e "s|/etc/postern.password|$alice/../password|" "$system"
	cp "$certs/ca.pem" "$alice/"
	chmod 755 "$alice"
	grep -qF "install -m 640 -g www-data /dev/null /etc/postern.password" "$SRCDIR/README"
	install -m 640 -g "$stranger" /dev/null "$BATS_TEST_TMPDIR/password"
	echo secret > "$BATS_TEST_TMPDIR/password"
	sends_from machine@example.org as root HOME="$root" -i -FCronDaemon -B8BITMIME -oem	# Debian's cron
	sends_from machine@example.org as alice HOME=/var/www -t -i				# PHP
	as 54322 HOME=/var/www you@example.net < "$mail"
	[[ $status == 77 ]]
	hinted "a group of yours"
}

# --------------------------------------------------------------------------------------------------------- msmtp's files

# of_msmtp ADDRESS: a complete configuration in the words of msmtp, for the server of users().
of_msmtp() { printf '%s\n' "defaults" "tls off" "port $port" "account default" "host localhost" "from $1"; }

@test "msmtp's files are read if there is no configuration of postern's, in msmtp's order, and -v says so" {
	users
	of_msmtp second@example.org > "$BATS_TEST_TMPDIR/config"
	install -D -m 600 -o "$stranger" "$BATS_TEST_TMPDIR/config" "$alice/.config/msmtp/config"
	sends_from second@example.org as alice HOME="$alice" -v
	told "* there is no configuration of postern's, so that of msmtp is read"
	told "* read $alice/.config/msmtp/config"
	of_msmtp first@example.org > "$alice/.msmtprc"
	chown "$stranger" "$alice/.msmtprc"
	sends_from first@example.org as alice HOME="$alice" -v
	told "* read $alice/.msmtprc"
	[[ $stderr != *msmtp/config* ]]
	mkdir "$alice/xdg"
	mv "$alice/.config/msmtp" "$alice/xdg/"
	rm "$alice/.msmtprc"
	chown -R "$stranger" "$alice/xdg"
	sends_from second@example.org as alice HOME="$alice" XDG_CONFIG_HOME="$alice/xdg"
	account system@example.org > "$system"
	sends_from system@example.org as alice HOME="$alice" XDG_CONFIG_HOME="$alice/xdg" -v
	[[ $stderr != *msmtp* ]] || complain "msmtp's file is read beside ours"
}

@test "/etc/msmtprc is read for all users, and a user's account of msmtp's hides the one there" {
	users
	mkdir "$BATS_TEST_TMPDIR/newetc"
	cp "$BATS_TEST_TMPDIR/passwd" "$BATS_TEST_TMPDIR/newetc/"
	local file
	for file in /etc/hosts /etc/nsswitch.conf; do	# a minimal system has no hosts
		[[ ! -e $file ]] || cp "$file" "$BATS_TEST_TMPDIR/newetc/"
	done
	of_msmtp system@example.org > "$BATS_TEST_TMPDIR/newetc/msmtprc"
	chmod -R a+rX "$BATS_TEST_TMPDIR/newetc"
	# shellcheck disable=SC2016	# the inner shell's
	in_etc() {
		run_bounded unshare --mount sh -c 'mount --bind "$1" /etc && shift && exec setpriv --reuid 54321 --regid 54321 \
		    --clear-groups env "$@"' - "$BATS_TEST_TMPDIR/newetc" HOME="$alice" TMPDIR=/tmp "$BATS_TEST_TMPDIR/postern" "$@"
	}
	sends_from system@example.org in_etc -v
	told "* read /etc/msmtprc"
	of_msmtp alice@example.org > "$alice/.msmtprc"
	chown "$stranger" "$alice/.msmtprc"
	sends_from alice@example.org in_etc
	rm "$alice/.msmtprc"
	chmod 600 "$BATS_TEST_TMPDIR/newetc/msmtprc"
	in_etc you@example.net < "$mail"
	[[ $status == 78 && $stderr == *"there is no configuration, and no host was given; passed over: cannot read /etc/msmtprc"* ]] \
	    || complain "the error does not name the file"
}

@test "root does not read a file of msmtp's that belongs to another user, and the error names it" {
	users
	of_msmtp evil@example.org > "$root/.msmtprc"
	chown "$stranger" "$root/.msmtprc"
	as root HOME="$root" you@example.net < "$mail"
	[[ $status == 78 && $stderr == *"there is no configuration"*"$root/.msmtprc belongs to another user"* ]] || complain "status $status"
	chown 0 "$root/.msmtprc"
	sends_from evil@example.org as root HOME="$root"
}

@test "msmtp's files are not read if a server is named, or if a file of postern's is there" {
	users
	{ of_msmtp alice@example.org; echo "timeout 17"; } > "$alice/.msmtprc"
	chown "$stranger" "$alice/.msmtprc"
	as alice HOME="$alice" --host=mail.example.org --dump-config
	[[ $status == 0 && $stdout != *"timeout 17"* ]] || complain "--host"
	as alice HOME="$alice" POSTERN_URL=smtp://mail.example.org --dump-config
	[[ $status == 0 && $stdout != *"timeout 17"* ]] || complain "POSTERN_URL"
	as alice HOME="$alice" --timeout=18 --dump-config
	[[ $status == 0 && $stdout == *"from alice@example.org"* ]] || complain "another option"
	account x@example.org > "$system"
	chmod 600 "$system"
	as alice HOME="$alice" you@example.net < "$mail"
	[[ $status == 78 && $stderr == *"passed over: cannot read $etc/postern.conf"* ]] || complain "a closed file of ours"
}

@test "where a default of msmtp's is another one, the error names the lines to add" {
	local rc=$HOME/.msmtprc
	lines() { printf '%s\n' "$@" > "$rc"; chmod 600 "$rc"; }
	lines "account default" "host mail.example.org" "user me" "from me@example.org"
	postern_bare -C "$rc" --dump-config
	[[ $status == 78 && $stderr == *"$rc:1: account default is in a file of msmtp's and leaves out \`tls\` \`port\` \`auth\`"* ]] || complain all
	hinted 'as msmtp takes it, `tls off`, `port 25`, `auth off`; as postern does, `tls on`, `port 587`, `auth on`'
	lines "host mail.example.org" "from me@example.org" "tls on" "tls_starttls off"
	postern_bare -C "$rc" --dump-config
	[[ $status == 0 && $stdout == *"port 465"* ]] || complain "465 is the same in both"
	lines "host mail.example.org" "from me@example.org" "tls on" "auth on" "user me"
	postern_bare -C "$rc" --dump-config
	[[ $status == 78 && $stderr == *"leaves out \`port\`, for"* ]] || complain port
	postern_bare -C "$rc" --port=587 --dump-config
	((status == 0)) || complain "an option names the port"
	lines "defaults" "auth on" "tls on" "port 587" "account a" "host mail.example.org" "user me" "account default : a"
	postern_bare -C "$rc" --dump-config
	((status == 0)) || complain "the defaults section has the keys"
	cp "$rc" "$conf"
	lines "host mail.example.org" "from me@example.org" "tls off"
	postern_bare -C "$rc" --dump-config
	((status == 0)) || complain "port 25 is the same in both, and without user there is no login"
	printf '%s\n' "host mail.example.org" "user me" > "$conf"
	postern_ok --dump-config
}
