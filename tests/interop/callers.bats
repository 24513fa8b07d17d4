#!/usr/bin/env bats
# Programs that call sendmail, unpacked from their packages and run with postern as their sendmail: what they write must
# arrive.  README says how; ../callers.bats also has the command lines of programs that cannot be run here.
# shellcheck disable=SC2154	# set by the helper, and in setup_file

load packages
load ../helper
load ../callers

setup_file() {
	root=$(cache_of callers)
	skip_all=$(why_not callers)
	libs=$(libs_below "$root")
	perl5=$root/usr/share/perl5:$(find "$root"/usr/lib/*/perl5 -mindepth 1 -maxdepth 1 2> /dev/null | paste -sd :)
	private=
	command -v unshare > /dev/null && mkdir -p "$BATS_FILE_TMPDIR/try" \
	    && why=$("$BATS_TEST_DIRNAME/namespace" "$BATS_FILE_TMPDIR/try" true 2>&1) \
	    || private="a private /usr/sbin needs namespaces: ${why:-there is no unshare}"
	export root skip_all libs perl5 private
}

setup() {
	[[ -z $skip_all ]] || skip "$skip_all"
	helper_setup
	box=$BATS_TEST_TMPDIR/box
	written=$BATS_TEST_TMPDIR/written passed=$BATS_TEST_TMPDIR/passed ended=$BATS_TEST_TMPDIR/ended
	sendmail=$box/sbin/sendmail
}

teardown() {
	[[ -z $skip_all ]] || return 0
	[[ ! -e $BATS_TEST_TMPDIR/fail2ban/pid ]] || unpacked fail2ban-client -c "$BATS_TEST_TMPDIR/fail2ban" stop
	helper_teardown
}

# box [LINE...]: the machine of ../callers.bash with root's own configuration.  Its sendmail is a script that records the
# caller's arguments and message, and runs postern with them.
box() {
	machine "$@"
	mkdir -p "$box"/{sbin,etc/pam.d,home} "$HOME/.config/postern"
	cat > "$sendmail" <<-END
		#!/bin/bash
		export HOME="$HOME"
		echo "\$*" > "$passed"
		(exec -a "\$0" "$POSTERN" "\$@" < <(tee "$written"))
		echo "\$?" >> "$ended"
		exit "\$(tail -n 1 "$ended")"
	END
	chmod 755 "$sendmail"
	cp -p "$conf" "$HOME/.config/postern/config"
}

# needs FILE: skips the test if no package has this file.
needs() {
	compgen -G "$root/$1" > /dev/null || skip "there is no package with $1"
}

# unpacked COMMAND...: runs it with the programs of the packages, their libraries and modules.
unpacked() {
	run_bounded env PATH="$root/usr/bin:$root/usr/sbin:$PATH" LD_LIBRARY_PATH="$libs" PERL5LIB="$perl5" \
	    NODE_PATH="$root/usr/share/nodejs" PYTHONPATH="$root/usr/lib/python3/dist-packages" "$@"
}

# here COMMAND...: runs it like unpacked; it must succeed and print no error.
here() {
	unpacked "$@"
	((status == 0)) || complain "exit status $status from $1" || return 1
	[[ -z $stderr ]] || complain "$1 has something to say"
}

# calls N: sendmail was called N times and has ended each time.
calls() { [[ -e $ended && $(wc -l < "$ended") == "$1" ]]; }

# passed ARGS: the caller gave these arguments to sendmail.
passed() { [[ $(< "$passed") == "$*" ]] || complain "not $*, but: $(< "$passed")"; }

# as_written [FIELD...] [-e EDIT...]: the message arrived as the caller wrote it, with these fields added, edited by sed.
as_written() {
	local added=
	while (($#)) && [[ $1 != -e ]]; do
		added+=$1$'\n'
		shift
	done
	sed 's/\r$//' "$written" | sed -E -e '' "$@" | awk -v added="$added" '
		!body && /^$/ { printf "%s", added; body = 1 }
		{ print }' > "$BATS_TEST_TMPDIR/expected"
	arrived < "$BATS_TEST_TMPDIR/expected"
}

# cron's Subject has the command, in raw UTF-8: it becomes an encoded word.
encoded='/^Subject:/s/\.\.größer/=?utf-8?B?Li5ncsO2w59lcg==?=/'

# last_of_dialogue: from here on the written message is the last one of the caller's SMTP session.
last_of_dialogue() {
	sed 's/\r$//' "$written" | awk '
		/^\.$/ { text = 0 }
		text { sub(/^\./, ""); mail = mail $0 "\n" }
		/^DATA$/ && !text { text = 1; mail = "" }
		END { printf "%s", mail }' > "$written.last"
	mv "$written.last" "$written"
}

# says PATTERN: a line of the latest message matches.
says() { message "$(messages)" | tr -d '\r' | grep -qE -- "$1" || complain "no line like $1"; }

body() { printf '%s\n' "one" "." ".two" "..three" "From here" "größer" "last"; }

# --------------------------------------------------------------------------------------------------------- mail programs

# mutts WHICH: mutt and neomutt have the same settings and pass the same arguments.
mutts() {
	local set=(-n -F /dev/null -e "set sendmail=\"$sendmail -oem -oi\"" -e "set copy=no from=me@example.org charset=utf-8"
	    -e 'set crypt_use_gpgme=no')	# without gpg it would complain
	needs "usr/bin/$1"
	box
	export LC_ALL=C.UTF-8
	here "$1" "${set[@]}" -s "größer" -b secret@example.net -- you@example.net < <(body)
	passed -oem -oi -- you@example.net secret@example.net
	sent - you@example.net secret@example.net
	as_written
	here "$1" "${set[@]}" -e 'set use_envelope_from=yes use_8bitmime=yes' -e 'set dsn_notify="delay,failure" dsn_return=hdrs' \
	    -s again -a "$mail" -- you@example.net root@box.example.org < <(body)
	passed -oem -oi -B8BITMIME -f me@example.org -N delay,failure -R hdrs -- you@example.net root@box.example.org
	sent me@example.org you@example.net you@example.org
	as_written
	[[ $(said 'RCPT TO:.* NOTIFY=FAILURE,DELAY') == 2 ]]
	says '^Content-Type: multipart/mixed'
}

@test "mutt" { mutts mutt; }
@test "neomutt" { mutts neomutt; }

@test "mutt: when the server refuses the recipient, mutt fails and shows sendmail's status" {
	needs usr/bin/mutt
	box "reply RCPT:no@* 550 5.1.1 no such user"
	unpacked mutt -n -F /dev/null -e "set sendmail=\"$sendmail -oem -oi\"" \
	    -e 'set copy=no sendmail_wait=0 from=me@example.org' -s subject -- no@example.net < <(body)
	((status != 0))
	[[ $stdout$stderr == *67* ]]
}

@test "s-nail" {
	needs usr/bin/s-nail
	box
	export DEAD=/dev/null LC_ALL=C.UTF-8
	here s-nail -:/ -S v15-compat -S mta="$sendmail" -S from=me@example.org -s subject you@example.net < <(body)
	passed -i -- you@example.net
	sent - you@example.net
	as_written
	here s-nail -:/ -S v15-compat -S mta="$sendmail" -r dave@example.org -s subject you@example.net < <(body)
	passed -i -f dave@example.org -- you@example.net
	sent dave@example.org you@example.net
	as_written
}

@test "bsd-mailx" {
	needs usr/bin/bsd-mailx
	box
	echo "set sendmail=$sendmail" > "$HOME/mailrc"
	export MAILRC=$HOME/mailrc
	here bsd-mailx -s subject you@example.net < <(body)
	passed -i -t
	sent - you@example.net
	as_written "Date: *" "From: machine@example.org" "Message-ID: *"
	here bsd-mailx -s subject -r dave@example.org -b secret@example.net root < <(body)
	passed -i -t -f dave@example.org
	sent dave@example.org you@example.org secret@example.net
	as_written "Date: *" "Message-ID: *" -e '/^Bcc:/d' -e 's/^To: root/&@box.example.org/'
}

@test "mailutils" {
	needs usr/bin/mail.mailutils
	box
	here mail.mailutils -E "set sendmail=\"sendmail:$sendmail\"" -s subject -r dave@example.org you@example.net < <(body)
	passed -oi -f dave@example.org -t
	sent dave@example.org you@example.net
	as_written "From: dave@example.org" "Message-ID: *"
	here mail.mailutils -E "set sendmail=\"sendmail:$sendmail\"" -s subject root < <(body)
	sent "$(id -un)@$(uname -n)" you@example.org
	as_written "From: $(id -un)@$(uname -n)" "Message-ID: *" -e 's/^To: root/&@box.example.org/'
}

# ------------------------------------------------------------------------------------------------------------------ git

repository() {
	needs usr/lib/git-core/git-send-email
	command -v git > /dev/null || export GITPERLLIB=$root/usr/share/perl5
	export GIT_EXEC_PATH=$root/usr/lib/git-core GIT_CONFIG_NOSYSTEM=1
	mkdir "$HOME/repository"
	cd "$HOME/repository" || return
	git init -q -b main
	git config user.name "Zoë Müller"
	git config user.email me@example.org
	printf '.\n..\ngrößer\n' > file
	git add file
	git commit -q -m "dots" -m "größer"
}

@test "git send-email: sendmailCmd" {
	box
	repository
	here git -c sendemail.sendmailCmd="$sendmail" send-email --quiet --to=you@example.net --cc=list@example.net -1
	passed -i you@example.net list@example.net me@example.org
	sent - you@example.net list@example.net me@example.org
	as_written
	here git -c sendemail.sendmailCmd="$sendmail" -c sendemail.envelopeSender=auto send-email --quiet --to=you@example.net -1
	passed -f me@example.org -i you@example.net me@example.org
	sent me@example.org you@example.net me@example.org
}

@test "git send-email: smtpServer=/path" {
	box
	repository
	here git -c sendemail.smtpServer="$sendmail" send-email --quiet --suppress-cc=all --to=you@example.net --bcc=secret@example.net -1
	passed -i you@example.net secret@example.net
	sent - you@example.net secret@example.net
	as_written
}

@test "git send-email: when the server refuses the recipient, git fails and shows the server's words" {
	box "reply RCPT:no@* 550 5.1.1 no such user"
	repository
	unpacked git -c sendemail.sendmailCmd="$sendmail" send-email --quiet --suppress-cc=all --to=no@example.net -1
	((status != 0))
	[[ $stderr == *"no such user"* ]]
}

# ------------------------------------------------------------------------------------------------------------- languages

# php ARGS: runs the unpacked PHP with its modules.
php() {
	local modules
	needs 'usr/bin/php[0-9]*'
	modules=$(dirname "$(find "$root/usr/lib/php" -name mbstring.so)")
	here "$(basename "$root"/usr/bin/php[0-9]*)" -n -d extension_dir="$modules" -d extension=mbstring -d extension=intl \
	    -d extension=iconv -d extension=ctype -d include_path="$root/usr/share/php" -d display_errors=stderr "$@"
}

@test "PHP's mail()" {
	box
	php -d sendmail_path="$sendmail -t -i" < <(cat <<-'END'
		<?php
		exit(mail("you@example.net", "subject", "one\r\ntwo\n.\n", "From: App <app@example.org>\r\nBcc: secret@example.net",
		    "-fapp@example.org") ? 0 : 1);
	END
	)
	passed -t -i -fapp@example.org
	sent app@example.org you@example.net secret@example.net
	as_written "Date: *" "Message-ID: *" -e '/^Bcc:/d'
}

@test "PHP's mail() returns false when the server refuses the recipient" {
	box "reply RCPT:no@* 550 5.1.1 no such user"
	php -d sendmail_path="$sendmail -t -i" < <(echo '<?php var_dump(@mail("no@example.net", "subject", "text"));') || :
	[[ $stdout == *"bool(false)"* && $stderr == *"no such user"* ]]
}

@test "PHPMailer" {
	needs usr/share/php/libphp-phpmailer/autoload.php
	box
	php < <(cat <<-END
		<?php
		require "libphp-phpmailer/autoload.php";
		\$m = new PHPMailer\\PHPMailer\\PHPMailer(true);
		\$m->isSendmail();
		\$m->Sendmail = "$sendmail";
		\$m->setFrom("app@example.org", "App");
		\$m->addAddress("you@example.net");
		\$m->addBCC("secret@example.net");
		\$m->CharSet = "UTF-8";
		\$m->Subject = "größer";
		\$m->Body = "one\n.\n..two\n";
		\$m->send();
	END
	)
	passed -oi -fapp@example.org -t
	sent app@example.org you@example.net secret@example.net
	as_written -e '/^Bcc:/d'
}

# symfony COMMAND [TO]: sends two messages with this command; prints the error of a message that was not sent.
symfony() {
	needs usr/share/php/Symfony/Component/Mailer/autoload.php
	php < <(cat <<-END
		<?php
		require "Symfony/Component/Mailer/autoload.php";
		\$mailer = new Symfony\\Component\\Mailer\\Mailer(
		    Symfony\\Component\\Mailer\\Transport::fromDsn("sendmail://default?command=" . rawurlencode("$1")));
		foreach (["${2:-you@example.net}", "b@example.net"] as \$to) {
			\$m = (new Symfony\\Component\\Mime\\Email())->from("App <app@example.org>")->to(\$to)->bcc("secret@example.net")
			    ->subject("größer")->text("one\n.\n..two\nlast\n");
			try {
				\$mailer->send(\$m);
			} catch (Exception \$e) {
				echo \$e->getMessage();
			}
		}
	END
	)
}

@test "Symfony: its default -bs; Laravel: -bs -i" {
	local option
	box
	for option in "" " -i"; do
		symfony "$sendmail -bs$option"
		passed "-bs$option"
		[[ -z $stdout ]]
		sent app@example.org b@example.net secret@example.net
		last_of_dialogue
		as_written
	done
	[[ $(messages) == 4 && $(connections) == 2 ]]
}

@test "Symfony -bs: a refused recipient is an exception with the server's words, and the next message is sent" {
	box "reply RCPT:no@* 550 5.1.1 no such user"
	symfony "$sendmail -bs" no@example.net
	[[ $stdout == *"no such user"* ]]
	sent app@example.org b@example.net secret@example.net
}

@test "Symfony: -t" {
	box
	symfony "$sendmail -oi -t"
	passed -oi -fapp@example.org -- b@example.net secret@example.net
	sent app@example.org b@example.net secret@example.net
	as_written
	[[ $(messages) == 2 ]]
}

@test "Perl: Email::Sender" {
	needs usr/share/perl5/Email/Sender/Transport/Sendmail.pm
	box
	here env sendmail="$sendmail" perl - < <(cat <<-'END'
		use Email::Sender::Simple qw(sendmail);
		use Email::Sender::Transport::Sendmail;
		use Email::Simple;
		my $mail = Email::Simple->create(header => [To => 'you@example.net', From => 'app@example.org',
		    Subject => 'subject'], body => "one\n.\n..two\n");
		sendmail($mail, { from => 'app@example.org', to => ['you@example.net', 'b@example.net'],
		    transport => Email::Sender::Transport::Sendmail->new({ sendmail => $ENV{sendmail} }) });
	END
	)
	passed -i -f app@example.org -- you@example.net b@example.net
	sent app@example.org you@example.net b@example.net
	as_written "Message-ID: *"
}

@test "Perl: MIME::Lite" {
	needs usr/share/perl5/MIME/Lite.pm
	box
	here env sendmail="$sendmail" perl - < <(cat <<-'END'
		use MIME::Lite;
		my $mail = MIME::Lite->new(From => 'app@example.org', To => 'you@example.net', Bcc => 'secret@example.net',
		    Subject => 'subject', Type => 'multipart/mixed');
		$mail->attach(Type => 'TEXT', Data => "one\n.\n..two\n");
		MIME::Lite->send('sendmail', "$ENV{sendmail} -t -oi -oem");
		$mail->send or die;
	END
	)
	passed -t -oi -oem
	sent - you@example.net secret@example.net
	as_written "Message-ID: *" -e '/^Bcc:/d'
}

@test "Nodemailer" {
	needs usr/share/nodejs/nodemailer/package.json
	box
	here node - < <(cat <<-END
		const t = require('nodemailer').createTransport({ sendmail: true, newline: 'unix', path: '$sendmail' });
		t.sendMail({ from: 'App <app@example.org>', to: 'you@example.net', bcc: 'secret@example.net', subject: 'größer',
		    text: 'one\n.\n..two\nlast' }, (error) => { if (error) throw error; });
	END
	)
	passed -i -f app@example.org you@example.net secret@example.net
	sent app@example.org you@example.net secret@example.net
	as_written -e '/^Bcc:/d'
}

@test "Python: the recipe of its manual" {
	box
	command -v python3 > /dev/null || skip "there is no python3"
	here python3 - < <(cat <<-END
		from email.message import EmailMessage
		import subprocess
		m = EmailMessage()
		m["From"], m["To"], m["Bcc"], m["Subject"] = "app@example.org", "you@example.net", "secret@example.net", "größer"
		m.set_content("one\n.\n..two\ngrößer\n")
		subprocess.run(["$sendmail", "-t", "-oi"], input=m.as_bytes(), check=True)
	END
	)
	passed -t -oi
	sent - you@example.net secret@example.net
	as_written "Date: *" "Message-ID: *" -e '/^Bcc:/d'
}

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
	# more than a minute: cronie once took over 20 seconds to start
	postern_timeout=90 unpacked "$BATS_TEST_DIRNAME/namespace" "$box" sh -c "$1
	    n=0; until [ -e $ended ] || [ \$n -gt 1400 ]; do sleep 0.05; n=\$((n + 1)); done"
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
	users_job "(cat $box/jobs; sleep 60) | $bcron/usr/sbin/bcron-exec &"
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
