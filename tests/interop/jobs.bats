#!/usr/bin/env bats
# Programs that watch a machine or run jobs, unpacked from their packages and run with postern as their sendmail: what they write
# must arrive.  README says how; callers.bats has mail programs, git and languages.
# shellcheck disable=SC2154	# set by the helper, and in setup_file

load box

# ----------------------------------------------------------------------------------------- programs that watch a machine

@test "logwatch" {
	needs usr/sbin/logwatch
	box
	mkdir -p "$box/logwatch/conf" "$box/log"
	printf '%s\n' "mailer = \"$sendmail -t\"" "AppendVarLogToLogDirs = 0" "AppendVarAdmToLogDirs = 0" \
	    > "$box/logwatch/conf/logwatch.conf"
	sed "s|/usr/share/logwatch|$root&|; s|/etc/logwatch|$box/logwatch|; s|/var/cache/logwatch|$TMPDIR|" "$root/usr/sbin/logwatch" \
	    > "$box/logwatch.pl"
	echo "Nov 27 06:59:36 box sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2" > "$box/log/auth.log"
	here perl "$box/logwatch.pl" --output mail --mailto root --range all --logdir "$box/log" --service sshd
	passed -t
	sent - you@example.org
	as_written "Date: *" "Message-ID: *" -e 's/^To: root/&@box.example.org/' -e 's/^From: .*/&@box.example.org/'
	says '192\.0\.2\.1'
}

@test "smartd's warning, through bsd-mailx" {
	needs usr/share/smartmontools/smartd_warning.sh
	box
	echo "set sendmail=$sendmail" > "$HOME/mailrc"
	here env MAILRC="$HOME/mailrc" SMARTD_MAILER="$root/usr/bin/bsd-mailx" SMARTD_ADDRESS=root SMARTD_FAILTYPE=EmailTest \
	    SMARTD_MESSAGE="TEST EMAIL from smartd for device: /dev/sda" SMARTD_PREVCNT=0 \
	    sh "$root/usr/share/smartmontools/smartd_warning.sh"
	passed -i -t
	sent - you@example.org
	as_written "Date: *" "From: machine@example.org" "Message-ID: *" -e 's/^To: root/&@box.example.org/'
	says '^TEST EMAIL from smartd'
}

@test "fail2ban: a jail starts, bans and stops" {
	needs usr/bin/fail2ban-server
	local dir=$BATS_TEST_TMPDIR/fail2ban
	[[ -x /usr/bin/python3 ]] || skip "there is no /usr/bin/python3"
	box
	mkdir "$dir"
	cp -r "$root/etc/fail2ban/action.d" "$dir"
	mkdir "$dir/filter.d"
	printf '%s\n' "[Definition]" "failregex = ^no <HOST>" > "$dir/filter.d/test.conf"
	printf '%s\n' "[Definition]" "logtarget = $dir/log" "dbfile = None" "socket = $dir/socket" "pidfile = $dir/pid" \
	    > "$dir/fail2ban.conf"
	printf '%s\n' "[test]" "enabled = true" "filter = test" "logpath = $dir/watched" "backend = polling" \
	    "action = sendmail[mailcmd='$sendmail -f \"<sender>\" \"<dest>\"']" > "$dir/jail.conf"
	: > "$dir/watched"
	unpacked fail2ban-server -c "$dir" -b start
	await 20 calls 1
	unpacked fail2ban-client -c "$dir" set test banip 192.0.2.1
	await 20 calls 2
	passed -f fail2ban root
	sent fail2ban@box.example.org you@example.org
	as_written "Message-ID: *" -e 's/^To: root/&@box.example.org/' -e 's/<fail2ban>/<fail2ban@box.example.org>/'
	says '192.0.2.1'
	unpacked fail2ban-client -c "$dir" stop
	await 20 calls 3
}

# ---------------------------------------------------------------------------------------- programs that call /usr/sbin/sendmail

# inside COMMAND: runs it as root of a machine whose /usr/sbin/sendmail is the box's, until sendmail was called.
# A daemon that changes to other users needs more than one user there.
inside() {
	((EUID == 0)) || [[ $1 == anacron* ]] || skip "only root can have more users than one in a namespace"
	[[ -z $private ]] || skip "$private"
	printf '%s\n' "root:x:0:0:root:$HOME:/bin/sh" "daemon:x:1:1::/:/bin/false" "alice:x:54321:54321::$box/alice:/bin/sh" \
	    > "$box/etc/passwd"
	printf '%s:x:%d:\n' root 0 daemon 1 crontab 2 alice 54321 > "$box/etc/group"
	printf '%s\n' "passwd: files" "group: files" "shadow: files" > "$box/etc/nsswitch.conf"
	printf '%s required pam_permit.so\n' auth account password session > "$box/etc/pam.d/other"
	# sudo sends a mail of its own if it does not find this machine
	echo "hosts: files" >> "$box/etc/nsswitch.conf"
	echo "127.0.0.1 localhost $(uname -n)" > "$box/etc/hosts"
	rm -f "$ended"
	# until run_bounded ends it; cronie once took over 20 seconds to start
	unpacked "$BATS_TEST_DIRNAME/namespace" "$box" sh -c "$1
	    until [ -e $ended ]; do sleep 0.05; done"
	calls 1 || complain "sendmail was not called, or not once: $(cat "$ended" 2>&1)"
}

@test "anacron" {
	needs usr/sbin/anacron
	box
	mkdir "$box/spool"
	echo "1 0 daily echo größer" > "$box/anacrontab"
	inside "anacron -f -n -s -d -q -t '$box/anacrontab' -S '$box/spool'"
	passed -FAnacron -odi root
	sent - you@example.org
	as_written "Date: *" "Message-ID: *" -e 's/^To: root/&@box.example.org/' -e 's/^From: Anacron <root/&@box.example.org/'
}

@test "Debian's cron" {
	needs usr/sbin/cron
	box
	echo '@reboot root echo .; echo ..größer' > "$box/etc/crontab"
	inside cron
	passed -FCronDaemon -i -B8BITMIME -oem root
	sent - you@example.org
	as_written "Date: *" "Message-ID: *" -e 's/^(To|From): root/&@box.example.org/' -e "$encoded"
	says '^From: root@box.example.org \(Cron Daemon\)$'
	says '^X-Cron-Env: '
	says '^\.\.(größer|gr=C3=B6=C3=9Fer)$'	# Debian 12's, and 13's, which encodes it
}

@test "cronie" {
	local cronie lib why
	cronie=$(cache_of cronie)
	why=$(why_not cronie)
	[[ -z $why ]] || skip "$why"
	box
	lib=$(find "$cronie/usr/lib" -name libc.so.6 -printf %h)
	echo '@reboot root echo .; echo ..größer' > "$box/etc/crontab"
	mkdir "$box/etc/cron.d"
	# cronie is from a release with a newer libc
	inside "mkdir -p /var/spool/cron/crontabs
	    $(find "$lib" -name 'ld-linux*') --library-path $lib $cronie/usr/sbin/crond"
	passed -FCronDaemon -i -odi -oem -oi -t -f root
	sent root@box.example.org you@example.org
	as_written "Date: *" "Message-ID: *" -e 's/^To: root/&@box.example.org/' -e 's/^(From: .*<root)>/\1@box.example.org>/' \
	    -e "$encoded"
	says '^From: "\(Cron Daemon\)" <root@box.example.org>$'
	says '^X-Cron-Env: '
	says '^\.\.größer$'
}

@test "at" {
	needs usr/sbin/atd
	box
	inside 'cd /var/spool; mkdir -p cron/atjobs cron/atspool && : > cron/atjobs/.SEQ && chown -R daemon:daemon cron &&
	    echo "echo ..it ran" | at -m now; atd -s'
	passed -i root
	sent - you@example.org
	as_written "Date: *" "From: machine@example.org" "Message-ID: *" -e 's/^To: root/&@box.example.org/'
	says '^\.\.it ran$'
}

@test "sudo" {
	needs usr/bin/sudo
	box
	printf '%s\n' "Defaults mail_always, mailto=root" "root ALL=(ALL) NOPASSWD: ALL" > "$box/etc/sudoers"
	chmod 440 "$box/etc/sudoers"
	printf '%s\n' "Plugin sudoers_policy $root/usr/libexec/sudo/sudoers.so" > "$box/etc/sudo.conf"
	inside "sudo -n id"
	passed -t
	sent - you@example.org
	as_written "Date: *" "Message-ID: *" -e 's/^(To|From): root/&@box.example.org/'
	says 'COMMAND=/usr/bin/id'
}

# ----------------------------------------------------------------------- jobs of an ordinary user, with root's HOME

# users_box: like box, but all users share the system's configuration, and alice's jobs can reach sendmail.  HOME, in the shell
# in which a test starts its daemon, is root's: alice cannot read it, and the configuration in it has another sender, so that
# its use would be noticed.
users_box() {
	local place notes=$BATS_TEST_TMPDIR/notes
	((EUID == 0)) || skip "only root can have more users than one in a namespace"
	system=$(system_directory)
	[[ -d $system ]] || skip "needs the directory of the system's configuration, $system"
	box "tls none"
	place=$box/etc
	[[ $system == /etc ]] || place=$box/system
	mkdir -p "$place" "$box/alice" "$notes"
	install -m 644 "$conf" "$place/postern.conf"
	sed -i 's/^from .*/from root@example.org/' "$HOME/.config/postern/config"
	cp "$POSTERN" "$box/postern"
	written=$notes/written passed=$notes/passed ended=$notes/ended
	cat > "$sendmail" <<-END
		#!/bin/bash
		echo "\$HOME" > "$notes/home"
		echo "\$*" > "$passed"
		(exec -a "\$0" "$box/postern" "\$@" < <(tee "$written") 2> "$notes/said")
		echo "\$?" >> "$ended"
		exit "\$(tail -n 1 "$ended")"
	END
	chown 54321:54321 "$box/alice"
	chmod 700 "$HOME" "$box/alice"
	chmod 1777 "$notes"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	setpriv --reuid 54321 --regid 54321 --clear-groups test -x "$box/postern" \
	    || skip "another user cannot reach $BATS_TEST_TMPDIR"
}

# users_job COMMAND [SENDER [HOME]]: like inside; sendmail was called with this HOME (default: root's), and the mail arrived.
users_job() {
	local configured='' notes=${ended%/*}
	[[ $system == /etc ]] || configured="mount --bind '$box/system' '$system' && "
	inside "$configured$1"
	[[ $(< "$ended") == 0 && ! -s $notes/said ]] \
	    || complain "sendmail ended with $(< "$ended"): $(< "$notes/said")" || return 1
	[[ $(< "$notes/home") == "${3:-$HOME}" ]] || complain "another HOME: $(< "$notes/home")" || return 1
	sent "${2:--}" you@example.org
}

@test "Debian's cron: a user's job with root's HOME" {
	needs usr/sbin/cron
	users_box
	echo '@reboot alice id -un; echo ..größer' > "$box/etc/crontab"
	users_job "(cron -f &)"
	passed -FCronDaemon -i -B8BITMIME -oem alice
	says '^To: alice@box.example.org$'
	says '^alice$'
}

@test "at: a user's job with root's HOME" {
	needs usr/sbin/atd
	users_box
	: > "$box/etc/at.deny"
	# an installed at is set-user-ID and set-group-ID
	users_job 'cd /var/spool; mkdir -p cron/atjobs cron/atspool && : > cron/atjobs/.SEQ && chown -R daemon:daemon cron &&
	    chmod 1770 cron/atjobs cron/atspool && chmod 600 cron/atjobs/.SEQ &&
	    echo "id -un" | setpriv --ruid 54321 --euid 1 --rgid 54321 --egid 1 --clear-groups at -m now; atd -s'
	passed -i alice
	says '^To: alice@box.example.org$'
	says '^alice$'
}

# bcron-exec runs the jobs that bcron-sched passes to it.  Here it gets one job at once, instead of at the next minute, as a
# netstring of slot, user and command, each followed by a NUL.
@test "bcron: a user's job with root's HOME" {
	local bcron why job='id -un; echo ..größer'
	bcron=$(cache_of bcron)
	why=$(why_not bcron)
	[[ -z $why ]] || skip "$why"
	users_box
	printf '1\0alice\0%s\0' "$job" > "$box/job"
	{ printf '%d:' "$(wc -c < "$box/job")"; cat "$box/job"; printf ,; } > "$box/jobs"
	libs+=:$(libs_below "$bcron")
	users_job "(cat $box/jobs; sleep 600) | $bcron/usr/sbin/bcron-exec &"
	passed -FCronDaemon -i -odi -oem -t
	says '^To: <alice@box.example.org>$'
	says '^alice$'
}

@test "setpriv, su -p and runuser -p: a user's mail with root's HOME" {
	local command
	users_box
	for command in "setpriv --reuid 54321 --regid 54321 --clear-groups /usr/sbin/sendmail -i root" \
	    "su -p alice -c '/usr/sbin/sendmail -i root'" "runuser -p alice -c '/usr/sbin/sendmail -i root'"; do
		users_job "id -un | $command"
	done
	[[ $(messages) == 3 ]]
}

@test "root's mail with a user's HOME" {
	users_box
	mkdir -p "$box/alice/.config/postern"
	install -m 600 "$conf" "$box/alice/.config/postern/config"
	chown -R 54321 "$box/alice"
	users_job "id -un | HOME=$box/alice /usr/sbin/sendmail -i root" root@example.org "$box/alice"
}
