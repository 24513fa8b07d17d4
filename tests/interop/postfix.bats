#!/usr/bin/env bats
# What Postfix 3.7 with Dovecot's SASL makes of our dialogue: README says how it is run.
# shellcheck disable=SC2154	# set by servers.bash

load servers

setup_file() {
	interop_setup_file
	start_dovecot
	start_postfix
}
teardown_file() { interop_teardown_file; }
setup() { interop_setup; }
teardown() { interop_teardown; }

@test "Postfix itself works, as curl sees it" {
	command -v curl > /dev/null || skip "there is no curl"
	run_bounded curl -sS --ssl-reqd --cacert "$run/certs/ca.pem" "smtp://localhost:$submission" --crlf \
	    --mail-from alice@example.org --mail-rcpt bob@example.org -u alice@example.org:secret -T "$mail"
	((status == 0)) || complain "curl: $status"
	arrived_same bob@example.org
	run_bounded curl -sS --cacert "$run/certs/ca.pem" "smtps://localhost:$smtps" --crlf \
	    --mail-from alice@example.org --mail-rcpt carol@example.org -u alice@example.org:secret -T "$mail"
	((status == 0)) || complain "curl: $status"
	arrived_same carol@example.org
}

# -------------------------------------------------------------------------------------------------------- TLS, mechanisms

@test "Postfix: STARTTLS, in one orderly session" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 (data|bdat)=1 quit=1 commands=8$'
	logs 'TLS connection established from .*TLSv1\.3'
}

@test "Postfix: implicit TLS, in one orderly session" {
	use "$smtps"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* ehlo=1 auth=1 mail=1 rcpt=1 (data|bdat)=1 quit=1 commands=6$'
}

@test "Postfix: auth auto takes the strongest mechanism" {
	use "$submission" auto
	send bob@example.org
	arrived_same bob@example.org
	logs 'sasl_method=SCRAM-SHA-256, sasl_username=alice@example.org'
}

logs_in_with() {
	use "$submission" "$1"
	send bob@example.org
	arrived_same bob@example.org
	logs "sasl_method=${1^^}, sasl_username=alice@example.org"
}

@test "Postfix: PLAIN" { logs_in_with plain; }
@test "Postfix: LOGIN" { logs_in_with login; }
@test "Postfix: CRAM-MD5" { logs_in_with cram-md5; }
@test "Postfix: SCRAM-SHA-1" { logs_in_with scram-sha-1; }
@test "Postfix: SCRAM-SHA-256" { logs_in_with scram-sha-256; }

@test "Postfix: OAUTHBEARER and XOAUTH2 with a token that Dovecot checks" {
	local mech
	for mech in oauthbearer xoauth2; do
		use "$submission" "$mech"
		set_conf password "$(< "$run/token")"
		send bob@example.org
		logs "sasl_method=${mech^^}, sasl_username=alice@example.org"
	done
	arrived_same bob@example.org
}

@test "Postfix: a token that Dovecot refuses is 77, and the session ends in order" {
	local mech
	for mech in oauthbearer xoauth2; do
		use "$submission" "$mech"
		set_conf password not.a.token
		postern_fails 77 auth -- -f alice@example.org bob@example.org < "$mail"
		logs "SASL ${mech^^} authentication failed"
	done
	logs 'disconnect from .* auth=0/1 .*quit=1'
	not_arrived bob@example.org
}

@test "Postfix: a password with spaces and umlauts, by every mechanism" {
	local mech
	for mech in plain login cram-md5 scram-sha-1 scram-sha-256; do
		use "$submission" "$mech"
		set_conf user bob@example.org
		set_conf password '"pä ss wörd"'
		send bob@example.org
		logs "sasl_method=${mech^^}, sasl_username=bob@example.org"
	done
}

@test "Postfix: a user name that is not ASCII" {
	local mech
	for mech in plain login scram-sha-256; do
		use "$submission" "$mech"
		set_conf user zoë@example.org
		send bob@example.org
		logs "sasl_method=${mech^^}, sasl_username=zoë@example.org"
	done
}

@test "Postfix: a wrong password is 77 with every mechanism" {
	local mech
	for mech in plain login cram-md5 scram-sha-1 scram-sha-256; do
		use "$submission" "$mech"
		set_conf password wrong
		postern_fails 77 auth -- -f alice@example.org bob@example.org < "$mail"
		logs "SASL ${mech^^} authentication failed"
		[[ $stderr == *535* ]]
	done
	not_arrived bob@example.org
}

@test "Postfix: a mechanism that is not offered is 69, and nothing is tried" {
	use "$submission" digest-md5
	postern_fails 69 -- -f alice@example.org bob@example.org < "$mail"
	never_logs ' auth='
}

@test "Postfix: without TLS there is no mail, and we do not try" {
	use "$submission"
	set_conf tls off
	postern -f alice@example.org bob@example.org < "$mail"
	((status == 69 || status == 77 || status == 78)) || complain "exit status $status"
	never_logs ' auth='
	not_arrived bob@example.org
}

@test "Postfix: a certificate that no authority vouches for is refused before anything is said" {
	complaints_expected=1
	use "$submission"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=other" -keyout "$HOME/key" -out "$HOME/other.pem" 2> "$HOME/err"
	set_conf tls_trust_file "$HOME/other.pem"
	postern_fails 69 tls -- -f alice@example.org bob@example.org < "$mail"
	never_logs ' (auth|mail)='
}

# --------------------------------------------------------------------------------------------------------------- envelope

@test "Postfix: an unknown recipient is 67, the others have the message" {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org bob@example.org nobody@example.org carol@example.org < "$mail"
	[[ $stderr == *nobody@example.org*"5.1.1"* ]]
	arrived_same bob@example.org
	arrived_same carol@example.org
}

@test "Postfix: when every recipient is unknown nothing is sent" {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org no1@example.org no2@example.org < "$mail"
	[[ $stderr == *no1@example.org* && $stderr == *no2@example.org* ]]
	logs 'disconnect from .* rcpt=0/2 .*quit=1'
	never_logs ': message-id='
}

@test "Postfix: relaying denied (554) is 69" {
	use "$submission"
	postern_fails 69 rcpt -- -f alice@example.org bob@elsewhere.example < "$mail"
	[[ $stderr == *"Relay access denied"* ]]
}

@test "Postfix: without a login it refuses every recipient" {
	use "$submission" off
	postern -f alice@example.org bob@example.org < "$mail"
	((status == 69 || status == 77)) || complain "exit status $status"
	[[ $stderr == *"5.7.1"* ]]
	not_arrived bob@example.org
}

@test "Postfix: 100 recipients in one transaction" {
	use "$submission"
	send r{1..100}@example.net
	logs 'disconnect from .* mail=1 rcpt=100 (data|bdat)=1 quit=1'
	local n
	for n in {1..100}; do
		arrived_same "r$n"
	done
}

@test "Postfix: 100 recipients, five of them unknown" {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org r{1..50}@example.net no{1..5}@example.net r{51..95}@example.net < "$mail"
	logs 'disconnect from .* mail=1 rcpt=95/100 (data|bdat)=1 quit=1'
	[[ $(grep -o 'no[1-5]@example.net' <<< "$stderr" | sort -u | wc -l) == 5 ]]
	arrived_same r1
	arrived_same r95
}

@test "Postfix: more recipients than it takes at once: told truthfully, or sent in turns" {
	use "$few"
	postern -i -f alice@example.org r{1..15}@example.net < "$mail"
	arrived_same r1
	arrived_same r10
	if ((status == 75)); then
		[[ $stderr == *r15@example.net* && $stderr == *452* ]]
		not_arrived r11 r15
	else
		((status == 0)) || complain "exit status $status"
		arrived_same r15
	fi
}

@test "Postfix: the null sender" {
	use "$submission"
	postern_ok -i -f '<>' bob@example.org < "$mail"
	arrived_same bob@example.org
	grep -q '^Return-Path: <>' "$file"
}

@test "Postfix: -t takes the recipients from the head, and Bcc stays out" {
	use "$submission"
	sed 's/^To:.*/&, Carol <carol@example.org>\nBcc: dave@example.org/' "$mail" > "$HOME/mail"
	postern_ok -t -i -f alice@example.org < "$HOME/mail"
	sed 's/^To:.*/&, Carol <carol@example.org>/' "$mail" > "$HOME/expected"
	arrived_same bob@example.org "$HOME/expected"
	arrived_same carol@example.org "$HOME/expected"
	arrived_same dave@example.org "$HOME/expected"
}

# ------------------------------------------------------------------------------------------------------------- extensions

@test "Postfix: with CHUNKING the message goes as BDAT" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* bdat=[0-9]'
}

@test "Postfix: without CHUNKING it goes as DATA" {
	use "$nochunking"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* data=1 '
}

@test "Postfix: without PIPELINING every command waits for its answer" {
	use "$nopipelining"
	send bob@example.org carol@example.org
	arrived_same bob@example.org
	arrived_same carol@example.org
	postern_fails 67 rcpt -- -f alice@example.org no@example.org bob@example.org < "$mail"
}

@test "Postfix: with nothing but AUTH and STARTTLS offered" {
	use "$bare"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* mail=1 rcpt=1 data=1 quit=1'
}

@test "Postfix: SMTPUTF8 for a sender, a recipient and a head that need it" {
	use "$submission"
	subject="Grüße, Zoë" write_message > "$mail"
	postern_ok -i -f zoë@example.org zoë@example.org bob@bücher.example bob@example.org < "$mail"
	arrived_same zoe
	grep -q '^Return-Path: <zoë@example.org>' "$file"
	grep -q 'with UTF8SMTPSA' "$file"
	arrived_same idn
	arrived_same bob@example.org
}

@test "Postfix: without SMTPUTF8 a domain becomes A-labels and a local part is 65" {
	use "$ascii"
	send bob@bücher.example
	arrived idn
	grep -qE 'with ESMTPSA' "$file"
	postern_fails 65 -- -f alice@example.org zoë@example.org < "$mail"
	not_arrived zoe
}

@test "Postfix: DSN: -N, -R and -V reach it and come back in its report" {
	local id=id.$RANDOM
	use "$submission"
	postern_ok -i -N success,failure -R hdrs -V "$id" -f alice@example.org bob@example.org < "$mail"
	reported "$id"
	grep -q '^Action: delivered' "$file"
	grep -qi '^Original-Recipient: rfc822; *bob@example.org' "$file"
	grep -q '^Content-Type: text/rfc822-headers' "$file"
	[[ $(< "$file") != *"and this is the last one"* ]]
}

@test "Postfix: DSN: -R full, and an envelope id that needs xtext" {
	local id="a+b=c.$RANDOM"
	use "$submission"
	postern_ok -i -N success -R full -V "$id" -f alice@example.org bob@example.org < "$mail"
	reported "$id"
	grep -q 'and this is the last one' "$file"
}

@test "Postfix: DSN asked for and not offered: sent all the same, unless dsn_require" {
	use "$bare"
	postern_ok -i -N success -R hdrs -V x -f alice@example.org bob@example.org < "$mail"
	arrived_same bob@example.org
	set_conf dsn_require on
	postern_fails 69 -- -i -N success -f alice@example.org carol@example.org < "$mail"
	not_arrived carol@example.org
}

# ----------------------------------------------------------------------------------------------------------------- bodies

# carries MAILBOX: by BDAT and by DATA, what is in $mail arrives as it was.
carries() {
	local port expected=${1:-$mail}
	for port in "$submission" "$nochunking"; do
		use "$port"
		send bob@example.org
		arrived_same bob@example.org "$expected"
		rm "$file"
	done
}

@test "Postfix: lines of dots" {
	{ write_head; printf '%s\n' . .. ... "" . ".a" "..b" ; } > "$mail"
	carries
}

@test "Postfix: an empty body" {
	write_head > "$mail"
	carries
}

@test "Postfix: a body of empty lines" {
	{ write_head; printf '\n\n\n'; } > "$mail"
	carries
}

@test "Postfix: no newline at the end" {
	{ write_head; printf 'last'; } > "$mail"
	{ cat "$mail"; echo; } > "$HOME/expected"
	carries "$HOME/expected"
}

@test "Postfix: a last line that is a dot without newline" {
	{ write_head; printf 'x\n.'; } > "$mail"
	{ cat "$mail"; echo; } > "$HOME/expected"
	carries "$HOME/expected"
}

@test "Postfix: CRLF input" {
	cp "$mail" "$HOME/expected"
	sed -i 's/$/\r/' "$mail"
	carries "$HOME/expected"
}

@test "Postfix: an 8-bit body goes as it is" {
	extra=$'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit'
	{ write_head; printf 'Grüße\n\xe2\x82\xac\n'; } > "$mail"
	carries
}

@test "Postfix: an 8-bit body is re-encoded where 8BITMIME is missing" {
	extra=$'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit'
	{ write_head; printf 'Grüße=\n'; } > "$mail"
	use "$bare"
	send bob@example.org
	arrived bob@example.org
	[[ $(LC_ALL=C tr -d '\200-\377' < "$file" | wc -c) == $(wc -c < "$file") ]] || complain "8-bit octets arrived"
	grep -qi '^Content-Transfer-Encoding: quoted-printable' "$file"
	grep -q '^Gr=C3=BC=C3=9Fe=3D$' "$file"
}

@test "Postfix: a line of 998 octets stays whole" {
	{ write_head; printf '%0998d\n' 0; printf '%0997d\n' 1; } > "$mail"
	carries
}

@test "Postfix: a line of 998 octets that begins with a dot" {
	{ write_head; printf '.%0997d\n' 0; } > "$mail"
	carries
}

@test "Postfix: 5 MB" {
	{ write_head; yes "a line of text, .and more of it, as in any log that somebody mails" | head -c 5000000; echo; } > "$mail"
	carries
}

@test "Postfix: a message over its SIZE is 65, and not sent" {
	{ write_head; yes "a line" | head -c 9000000; echo; } > "$mail"
	use "$submission"
	postern_fails 65 -- -f alice@example.org bob@example.org < "$mail"
	never_logs ' (data|bdat)='
}

@test "Postfix: a message over its limit that it did not announce: its words, a permanent status" {
	local port
	complaints_expected=1		# it may hang up on what is left of the message
	{ write_head; yes "a line" | head -c 9000000; echo; } > "$mail"
	for port in "$nosize" "$bare"; do
		use "$port"
		postern -f alice@example.org bob@example.org < "$mail"
		((status == 65 || status == 69)) || complain "exit status $status"
		[[ $stderr == *552* ]] || complain "where are the server's words?"
	done
	not_arrived bob@example.org
}

@test "Postfix: its queue id stands in our log" {
	local id
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	id=$(logged | sed -n "s/.*postfix\/cleanup[^:]*: \([^:]*\): message-id=<$token@example.org>.*/\1/p")
	[[ -n $id ]]
	grep -F "$id" "$BATS_TEST_TMPDIR/logfile" || complain "$id is not in: $(< "$BATS_TEST_TMPDIR/logfile")"
}
