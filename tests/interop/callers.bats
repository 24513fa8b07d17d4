#!/usr/bin/env bats
# Mail programs, git and languages that call sendmail, unpacked from their packages and run with postern as their sendmail: what
# they write must arrive.  README says how; jobs.bats has programs that run jobs; ../callers.bats also has the command lines of
# programs that cannot be run here.
# shellcheck disable=SC2154	# set by the helper, and in setup_file

load box

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
