#!/usr/bin/env bats
# The exact command lines of programs that call sendmail, with the message that each of them writes.  The configuration is the
# README's: mail for local names goes to you@example.org.  interop/callers.bats and jobs.bats run the programs.

load helper
load callers

# calls ARGS: runs sendmail as this caller does; it must succeed without output, because a caller would show any output.
calls() {
	postern_as sendmail "$@"
	((status == 0)) || complain "exit status $status, not 0, from: sendmail $*" || return 1
	[[ -z $stdout$stderr ]] || complain "a word to the caller, from: sendmail $*"
}

# ---------------------------------------------------------------------------------------------------------------- cron

cron_mail() {
	cat <<-'END'
		From: root (Cron Daemon)
		To: root
		Subject: Cron <root@box> test -x /usr/sbin/anacron || run-parts /etc/cron.daily
		MIME-Version: 1.0
		Content-Type: text/plain; charset=UTF-8
		Content-Transfer-Encoding: 8bit
		X-Cron-Env: <SHELL=/bin/sh>
		X-Cron-Env: <HOME=/root>
		X-Cron-Env: <LOGNAME=root>

		/etc/cron.daily/backup: größer als erwartet
		.
		..done
	END
}

cron_arrived() {
	arrived < <(cron_mail | sed -e 's/^\(From\|To\): root/&@box.example.org/' -e '/HOME=/!b' \
	    -e 'n' -e 'a Date: *\nMessage-ID: *')
}

@test "Debian's cron" {
	machine
	calls -FCronDaemon -i -B8BITMIME -oem root < <(cron_mail)
	sent - you@example.org
	cron_arrived
	[[ $(envelope) == *8BITMIME* ]]
}

@test "Debian's cron with the environment of a job, and with several addresses in MAILTO" {
	machine
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -s "$POSTERN" "$BATS_TEST_TMPDIR/bin/sendmail"
	cron_mail > "$HOME/mail"
	run_bounded env -i "$BATS_TEST_TMPDIR/bin/sendmail" -C "$conf" -FCronDaemon -i -B8BITMIME -oem root,a@example.net \
	    < "$HOME/mail"
	((status == 0)) || complain "status $status"
	sent - you@example.org a@example.net
	cron_arrived
}

@test "Vixie's cron" {
	machine
	calls -FCronDaemon -odi -oem -or0s root < <(cron_mail)
	sent - you@example.org
	cron_arrived
}

cronie_mail() {
	cat <<-'END'
		From: "(Cron Daemon)" <root>
		To: root
		Subject: Cron <root@box> date
		MIME-Version: 1.0
		Content-Type: text/plain; charset=UTF-8
		Content-Transfer-Encoding: 8bit
		Auto-Submitted: auto-generated
		Precedence: bulk
		X-Cron-Env: <LANG=C>

		Mon Mar  2 10:00:00 UTC 2026
	END
}

cronie_arrived() {
	arrived < <(cronie_mail | sed -e 's/<root>/<root@box.example.org>/' -e 's/^To: root/&@box.example.org/' \
	    -e '/LANG=/a Date: *\nMessage-ID: *')
}

@test "cronie: the recipient is in the message, the sender is root or MAILFROM" {
	machine
	calls -FCronDaemon -i -odi -oem -oi -t -f root < <(cronie_mail)
	sent root@box.example.org you@example.org
	cronie_arrived
	calls -FCronDaemon -i -odi -oem -oi -t -f jobs@example.net < <(cronie_mail)
	sent jobs@example.net you@example.org
	cronie_arrived
}

@test "cronie: its sender is replaced if allow_from_override is off" {
	machine
	set_conf allow_from_override off
	calls -FCronDaemon -i -odi -oem -oi -t -f root < <(cronie_mail)
	sent - you@example.org
	cronie_arrived
}

@test "cronie 1.7.0: the null sender" {
	machine
	calls -FCronDaemon -i -odi -oem -oi -t -f '<>' < <(cronie_mail)
	sent '' you@example.org
	cronie_arrived
}

@test "anacron: standard output and error are /dev/null" {
	machine
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -s "$POSTERN" "$BATS_TEST_TMPDIR/bin/sendmail"
	"$BATS_TEST_TMPDIR/bin/sendmail" -C "$conf" -FAnacron -odi root > /dev/null 2>&1 <<-'END'
		From: Anacron <root>
		To: root
		Subject: Anacron job 'cron.daily' on box
		Content-Type: text/plain; charset=ANSI_X3.4-1968

		/etc/cron.daily/x: failed
	END
	sent - you@example.org
	arrived <<-'END'
		From: Anacron <root@box.example.org>
		To: root@box.example.org
		Subject: Anacron job 'cron.daily' on box
		Content-Type: text/plain; charset=ANSI_X3.4-1968
		Date: *
		Message-ID: *

		/etc/cron.daily/x: failed
	END
}

@test "systemd-cron: the value of -B is a separate word and not a recipient" {
	machine
	calls -i -B 8BITMIME root < <(sed 's/^To:.*/To: root/' "$mail")
	sent - you@example.org
	arrived < <(sed 's/^To:.*/To: root@box.example.org/' "$mail")
}

busybox_mail() { printf 'To: %s\nSubject: cron: %s\n\n' "$@"; echo "what the job says"; }

@test "busybox crond, dcron: -ti" {
	machine
	calls -ti < <(busybox_mail root "run-parts /etc/periodic")
	sent - you@example.org
	arrived < <(busybox_mail root@box.example.org "run-parts /etc/periodic" \
	    | sed '/^Subject/a Date: *\nFrom: machine@example.org\nMessage-ID: *')
}

@test "fcron" {
	machine
	calls -i -Ffcron -odi -oem root < <(busybox_mail root job)
	sent - you@example.org
	arrived < <(busybox_mail root@box.example.org job \
	    | sed '/^Subject/a Date: *\nFrom: fcron <machine@example.org>\nMessage-ID: *')
}

@test "atd" {
	machine
	calls -i dave <<-'END'
		Subject: Output from your job        5
		To: dave

		.
		it ran
	END
	sent - you@example.org
	arrived <<-'END'
		Subject: Output from your job        5
		To: dave@box.example.org
		Date: *
		From: machine@example.org
		Message-ID: *

		.
		it ran
	END
}

# ----------------------------------------------------------------------------------------- programs that watch a machine

@test "mdadm --monitor: -t only, and a message with dots" {
	machine
	calls -t <<-'END'
		From: root
		To: root
		Subject: Fail event on /dev/md0:box

		This is an automatically generated mail message from mdadm
		running on box

		A Fail event had been detected on md device /dev/md0.
		.
		Faithfully yours, etc.
	END
	sent - you@example.org
	arrived <<-'END'
		From: root@box.example.org
		To: root@box.example.org
		Subject: Fail event on /dev/md0:box
		Date: *
		Message-ID: *

		This is an automatically generated mail message from mdadm
		running on box

		A Fail event had been detected on md device /dev/md0.
		.
		Faithfully yours, etc.
	END
}

@test "sudo" {
	machine
	calls -t <<-'END'
		To: root
		From: dave
		Auto-Submitted: auto-generated
		Subject: *** SECURITY information for box ***

		box : Mar  2 10:00:00 : dave : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/home/dave ; USER=root ; COMMAND=/bin/ls

	END
	sent - you@example.org
	arrived <<-'END'
		To: root@box.example.org
		From: dave@box.example.org
		Auto-Submitted: auto-generated
		Subject: *** SECURITY information for box ***
		Date: *
		Message-ID: *

		box : Mar  2 10:00:00 : dave : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/home/dave ; USER=root ; COMMAND=/bin/ls

	END
}

logwatch_mail() {
	cat <<-'END'
		Subject: Logwatch for box (Linux)
		Auto-Submitted: auto-generated
		Precedence: bulk
		MIME-Version: 1.0
		Content-Transfer-Encoding: 8bit
		Content-Type: text/plain; charset="UTF-8"

		 
		 ################### Logwatch 7.7 (07/22/22) ####################
		 /dev/sda1        20G   10G  9.0G  53% /

		.
		 ###################### Logwatch End #########################

	END
}

@test "logwatch: -t only" {
	machine
	calls -t < <(echo "To: root"; echo "From: Logwatch"; logwatch_mail)
	sent - you@example.org
	arrived < <(echo "To: root@box.example.org"; echo "From: Logwatch@box.example.org"
	    logwatch_mail | sed '/^Content-Type/a Date: *\nMessage-ID: *')
}

@test "unattended-upgrades, apt-listchanges, cron-apt: -oi -t" {
	machine
	upgrades() {
		cat <<-END
			Content-Type: text/plain; charset="utf-8"
			MIME-Version: 1.0
			Content-Transfer-Encoding: 8bit
			Subject: [package on hold] unattended-upgrades result for box: SUCCESS
			From: root$1
			To: root$1
			Auto-Submitted: auto-generated$2

			Paket-Protokoll: größer
			.
		END
	}
	calls -oi -t < <(upgrades "" "")
	sent - you@example.org
	arrived < <(upgrades @box.example.org $'\nDate: *\nMessage-ID: *')
}

@test "fail2ban: a sender without a domain, and a sender with one" {
	machine
	banned() {
		printf '%b' "Subject: [Fail2Ban] sshd: banned 192.0.2.1 from box\nDate: Mon, 02 Mar 2026 10:00:00 +0100\n" \
		    "From: Fail2Ban <$1>\nTo: $2\n${3-}\nHi,\n\nThe IP 192.0.2.1 has just been banned.\nRegards,\n\nFail2Ban\n"
	}
	calls -f fail2ban root < <(banned fail2ban root)
	sent fail2ban@box.example.org you@example.org
	arrived < <(banned fail2ban@box.example.org root@box.example.org 'Message-ID: *\n')
	calls -f root@box.example.org abuse@example.net < <(banned root@box.example.org abuse@example.net)
	sent root@box.example.org abuse@example.net
	arrived < <(banned root@box.example.org abuse@example.net 'Message-ID: *\n')
}

# --------------------------------------------------------------------------------------------------------- mail programs

# composed FIELD...: a complete message as a mail program writes it.
composed() {
	printf '%s\n' "Date: Mon, 02 Mar 2026 10:00:00 +0100" "From: Me <me@example.org>" "$@" \
	    "Message-ID: <20260302090000.GA1@caller.example>" "MIME-Version: 1.0" \
	    "Content-Type: text/plain; charset=us-ascii" "" "one" "." ".two" "..three" "From here" "last"
}

# as_composed FIELD...: that message arrived byte for byte.
as_composed() { arrived < <(composed "$@"); }

@test "bsd-mailx, and smartd through it: -i -t" {
	machine
	mailx() { printf '%s\n' "To: root$1" "Subject: SMART error (CurrentPendingSector) detected on host: box" \
	    "MIME-Version: 1.0" 'Content-Type: text/plain; charset="UTF-8"' "Content-Transfer-Encoding: 8bit" "$2" "" \
	    "The following warning/error was logged by the smartd daemon:" "."; }
	local added=$'Date: *\nFrom: machine@example.org\nMessage-ID: *'
	calls -i -t < <(mailx "" "Message-Id: <E1-5@caller.example>")
	sent - you@example.org
	arrived < <(mailx @box.example.org $'Message-Id: <E1-5@caller.example>\nDate: *\nFrom: machine@example.org')
	calls -i -t -f dave@example.org -m < <(mailx "" "X-Mailer: mailx" )
	sent dave@example.org you@example.org
	arrived < <(mailx @box.example.org "X-Mailer: mailx"$'\n'"${added/machine/dave}")
}

@test "bsd-mailx -v: the user sees the session" {
	machine
	postern_as sendmail -i -t -v < <(composed "To: you@example.net")
	((status == 0)) || complain "status $status"
	sent - you@example.net
	as_composed "To: you@example.net"
	[[ $stderr == *"RCPT TO:<you@example.net>"* ]]
}

@test "mailutils: recipients from the message, or from the command line" {
	machine
	calls -oi -t < <(composed "To: you@example.net" "Cc: other@example.net")
	sent - you@example.net other@example.net
	as_composed "To: you@example.net" "Cc: other@example.net"
	calls -oi -f dave@example.org -t < <(composed "To: you@example.net")
	sent dave@example.org you@example.net
	calls -oi -f dave@example.org a@example.net b@example.net < <(composed "To: you@example.net")
	sent dave@example.org a@example.net b@example.net
	as_composed "To: you@example.net"
}

@test "s-nail" {
	machine
	calls -i -- you@example.net < <(composed "To: you@example.net")
	sent - you@example.net
	as_composed "To: you@example.net"
	calls -i -m -f dave@example.org -F "Dave Doe" -- a@example.net b@example.net < <(composed "To: a@example.net")
	sent dave@example.org a@example.net b@example.net
	as_composed "To: a@example.net"
	postern_as sendmail -i -v -- you@example.net < <(composed "To: you@example.net")
	((status == 0))
	[[ $stderr == *"RCPT TO:"* ]]
}

@test "mutt, neomutt" {
	machine
	calls -oem -oi -- you@example.net < <(composed "To: you@example.net" "Bcc: secret@example.net")
	sent - you@example.net
	as_composed "To: you@example.net"
	calls -oem -oi -B8BITMIME -f me@example.org -N delay,failure -R hdrs -- you@example.net dave \
	    < <(composed "To: you@example.net" "Cc: dave@box.example.org")
	sent me@example.org you@example.net you@example.org
	as_composed "To: you@example.net" "Cc: dave@box.example.org"
	[[ $(said 'MAIL FROM:<me@example.org>.* RET=HDRS') == 1 && $(said 'RCPT TO:<you@.* NOTIFY=FAILURE,DELAY') == 2 ]]
}

@test "mutt: -N and -R are left out if the server does not offer DSN" {
	machine "hide DSN"
	calls -oem -oi -f me@example.org -N failure -R full -- you@example.net < <(composed "To: you@example.net")
	sent me@example.org you@example.net
	[[ $(said '.*(NOTIFY|RET)=') == 0 ]]
}

@test "git send-email" {
	machine
	patch() {
		printf '%s\n' "From: Me <me@example.org>" "To: you@example.net" "Cc: list@example.net" \
		    "Subject: [PATCH] größer" "Date: Mon,  2 Mar 2026 10:00:00 +0100" \
		    "Message-Id: <20260302090000.1-1-me@example.org>" "X-Mailer: git-send-email 2.39.5" "MIME-Version: 1.0" \
		    "Content-Type: text/plain; charset=UTF-8" "Content-Transfer-Encoding: 8bit" "" "---" " 1 file" "" \
		    "diff --git a/x b/x" "+größer" "." "-- " "2.39.5" "" | sed '/^Subject/s/größer/=?UTF-8?q?gr=C3=B6=C3=9Fer?=/'
	}
	calls -i you@example.net list@example.net me@example.org < <(patch)
	sent - you@example.net list@example.net me@example.org
	arrived < <(patch)
	calls -f me@example.org -i you@example.net list@example.net < <(patch)
	sent me@example.org you@example.net list@example.net
	arrived < <(patch)
}

@test "Emacs: sendmail must print nothing, because Emacs takes any output for an error" {
	machine
	calls -oi -f me@example.org -oem -odb -t < <(composed "To: you@example.net" "Bcc: dave")
	sent me@example.org you@example.net you@example.org
	as_composed "To: you@example.net"
	local again=("Resent-To: r@example.net" "Resent-From: me@example.org" "Resent-Date: Mon, 02 Mar 2026 10:00:00 +0100" \
	    "Resent-Message-ID: <r@caller.example>" "To: you@example.net")
	calls -oi -f me@example.org -oem -odb -t < <(composed "${again[@]}")
	sent me@example.org r@example.net
	as_composed "${again[@]}"
	calls -oi -f me@example.org a@example.net b@example.net < <(composed "To: you@example.net")
	sent me@example.org a@example.net b@example.net
	as_composed "To: you@example.net"
}

# ------------------------------------------------------------------------------------------------------------- languages

@test "PHP mail(): PHP writes LF, and the text from its caller has CRLF" {
	machine
	calls -t -i < <(printf 'To: you@example.net\nSubject: hello\nX-PHP-Originating-Script: 0:x.php\nFrom: app@example.org\r\n%s' \
	    $'Bcc: secret@example.net\r\nX-Mailer: PHP\r\n\nfirst\r\nsecond\n.\nlast\r\n')
	sent - you@example.net secret@example.net
	arrived <<-'END'
		To: you@example.net
		Subject: hello
		X-PHP-Originating-Script: 0:x.php
		From: app@example.org
		X-Mailer: PHP
		Date: *
		Message-ID: *

		first
		second
		.
		last
	END
	calls -t -i -fapp@example.org < <(composed "To: you@example.net")
	sent app@example.org you@example.net
	as_composed "To: you@example.net"
}

@test "PHPMailer" {
	machine
	calls -oi -fapp@example.org -t < <(composed "To: you@example.net" "Bcc: secret@example.net" | sed 's/$/\r/')
	sent app@example.org you@example.net secret@example.net
	as_composed "To: you@example.net"
	calls -i -t < <(composed "To: you@example.net")
	sent - you@example.net
}

@test "PHPMailer's command for qmail has no recipient: 64, as with sendmail" {
	machine
	postern_as sendmail -fapp@example.org < <(composed "To: you@example.net")
	[[ $status == 64 && $stderr == *"recipient"* && $(connections) == 0 ]]
}

# plays ARGS: speaks SMTP with `sendmail ARGS` step by step.  stdin: lines to send, and `=CODE`, the reply to wait for.
plays() {
	local step line to from
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -sf "$POSTERN" "$BATS_TEST_TMPDIR/bin/sendmail"
	rm -f "$HOME/in" "$HOME/out"
	mkfifo "$HOME/in" "$HOME/out"
	timeout "$postern_timeout" "$BATS_TEST_TMPDIR/bin/sendmail" -C "$conf" "$@" < "$HOME/in" > "$HOME/out" 2> "$HOME/err" 3>&- &
	exec {to}> "$HOME/in" {from}< "$HOME/out"
	while IFS= read -r step; do
		if [[ $step != =* ]]; then
			printf '%s\r\n' "$step" >&"$to"
			continue
		fi
		while IFS= read -r -u "$from" line && [[ $line == [0-9][0-9][0-9]-* ]]; do :; done
		[[ $line == "${step#=} "*$'\r' ]] || { echo "not ${step#=}: $line" >&2; cat "$HOME/err" >&2; return 1; }
	done
	exec {to}>&- {from}<&-
	wait $!
	[[ ! -s $HOME/err ]] || { cat "$HOME/err" >&2; return 1; }
}

@test "Symfony -bs, Laravel -bs -i: one session for two messages, and 550 for a refused recipient" {
	local option
	machine "reply RCPT:no@* 550 5.1.1 no such user"
	for option in "" -i; do
		plays -bs $option < <(printf '%s\n' =220 "HELO [127.0.0.1]" =250 "MAIL FROM:<app@example.org>" =250 \
		    "RCPT TO:<you@example.net>" =250 "RCPT TO:<no@example.net>" =550 "RSET" =250 \
		    "MAIL FROM:<app@example.org>" =250 "RCPT TO:<you@example.net>" =250 "DATA" =354
		    composed "To: you@example.net" | sed 's/^\./&./'
		    printf '%s\n' . =250 "NOOP" =250 "MAIL FROM:<app@example.org>" =250 "RCPT TO:<b@example.net>" =250 "DATA" =354
		    composed "To: b@example.net" | sed 's/^\./&./'; printf '%s\n' . =250 QUIT =221)
		sent app@example.org b@example.net
		as_composed "To: b@example.net"
	done
	[[ $(messages) == 4 && $(connections) == 2 ]]
}

@test "Symfony -t: it passes the sender and the recipients as arguments instead of -t" {
	machine
	calls -oi -fapp@example.org -- you@example.net b@example.net < <(composed "To: you@example.net")
	sent app@example.org you@example.net b@example.net
	as_composed "To: you@example.net"
}

# Without -i or -oi in its command Symfony doubles the dots at the beginnings of lines, for sendmail's -bm without -i.  No other
# caller without -i (mdadm, sudo, logwatch, fail2ban) doubles them, and postern takes a dot as data.
@test "Symfony -t without -i: the dots that it doubles stay doubled" {
	machine
	calls -fapp@example.org -- you@example.net < <(composed "To: you@example.net" | sed 's/^\./&./')
	sent app@example.org you@example.net
	arrived < <(composed "To: you@example.net" | sed 's/^\./&./')
}

@test "Ruby's mail, Rails" {
	machine
	calls -i -f app@example.org -- you@example.net b@example.net < <(composed "To: you@example.net" | sed 's/$/\r/')
	sent app@example.org you@example.net b@example.net
	as_composed "To: you@example.net"
	calls -i -f '<>' -- you@example.net < <(composed "To: you@example.net")
	sent '' you@example.net
}

@test "Nodemailer" {
	machine
	calls -i -f app@example.org you@example.net b@example.net < <(composed "To: you@example.net")
	sent app@example.org you@example.net b@example.net
	as_composed "To: you@example.net"
	calls -i you@example.net < <(composed "To: you@example.net")
	sent - you@example.net
}

@test "Perl's Email::Sender and MIME::Lite" {
	machine
	calls -i -f app@example.org -- you@example.net b@example.net < <(composed "To: you@example.net")
	sent app@example.org you@example.net b@example.net
	as_composed "To: you@example.net"
	calls -t -oi -oem < <(composed "To: you@example.net" "Bcc: secret@example.net")
	sent - you@example.net secret@example.net
	as_composed "To: you@example.net"
}

@test "Django's add-ons and the recipe of Python's manual: -t -i, -t -oi" {
	local option
	machine
	for option in -i -oi; do
		calls -t $option < <(composed "To: you@example.net")
		sent - you@example.net
		as_composed "To: you@example.net"
	done
}

# ----------------------------------------------------------------------------------------------------------------- refusals

@test "a refusal: the server's words are on stderr, and the status is from sysexits" {
	machine "reply RCPT:no@* 550 5.1.1 no such user" "reply RCPT:late@* 451 4.3.0 try again"
	postern_as sendmail -oem -oi -- no@example.net < <(composed "To: no@example.net")
	[[ $status == 67 && $stderr == *"no such user"* ]]
	postern_as sendmail -i -f me@example.org -- late@example.net < <(composed "To: late@example.net")
	[[ $status == 75 && $stderr == *"try again"* ]]
	[[ $(messages) == 0 ]]
}
