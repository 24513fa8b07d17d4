#!/usr/bin/env bats
# postern with Postfix, and Dovecot's SASL, as the server: README says how it is run.
# shellcheck disable=SC2154	# set by servers.bash
# shellcheck disable=SC2034	# used by cases.bash

load servers
load cases

mechanisms=(plain login cram-md5 scram-sha-1 scram-sha-256)
acceptance=': message-id='
logged_in_with() { logs "sasl_method=${1^^}, sasl_username=${2:-alice@example.org}"; }
refused_login_with() { logs "SASL ${1^^} authentication failed"; }

setup_file() { interop_setup_file start_dovecot start_postfix; }
teardown_file() { interop_teardown_file; }
setup() { interop_setup; }
teardown() { interop_teardown; }

@test "Postfix: curl can send, so the server works" { seen_by_curl; }

# ----------------------------------------------------------------------------------------------------- TLS, mechanisms

@test "Postfix: STARTTLS, in a session that ends with QUIT" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 (data|bdat)=1 quit=1 commands=8$'
	logs 'TLS connection established from .*TLSv1\.3'
}

@test "Postfix: implicit TLS, in a session that ends with QUIT" {
	use "$smtps"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* ehlo=1 auth=1 mail=1 rcpt=1 (data|bdat)=1 quit=1 commands=6$'
}

@test "Postfix: auth auto takes the strongest mechanism" { login_auto; }

@test "Postfix: login with PLAIN" { logs_in_with plain; }
@test "Postfix: login with LOGIN" { logs_in_with login; }
@test "Postfix: login with CRAM-MD5" { logs_in_with cram-md5; }
@test "Postfix: login with SCRAM-SHA-1" { logs_in_with scram-sha-1; }
@test "Postfix: login with SCRAM-SHA-256" { logs_in_with scram-sha-256; }

@test "Postfix: login with OAUTHBEARER and XOAUTH2 and a token that Dovecot accepts" {
	local mech
	for mech in oauthbearer xoauth2; do
		use "$submission" "$mech"
		set_conf password "$(< "$run/token")"
		send bob@example.org
		logged_in_with "$mech"
	done
	arrived_same bob@example.org
}

@test "Postfix: a token that Dovecot refuses is 77, and the session ends with QUIT" {
	local mech
	for mech in oauthbearer xoauth2; do
		use "$submission" "$mech"
		set_conf password not.a.token
		postern_fails 77 auth -- -f alice@example.org bob@example.org < "$mail"
		refused_login_with "$mech"
	done
	logs 'disconnect from .* auth=0/1 .*quit=1'
	not_arrived bob@example.org
}

@test "Postfix: login with a password with spaces and umlauts, with every mechanism" {
	local mech
	for mech in "${mechanisms[@]}"; do
		use "$submission" "$mech"
		set_conf user bob@example.org
		set_conf password '"pä ss wörd"'
		send bob@example.org
		logged_in_with "$mech" bob@example.org
	done
}

@test "Postfix: login of a user name that is not ASCII" {
	local mech
	for mech in plain login scram-sha-256; do
		use "$submission" "$mech"
		set_conf user zoë@example.org
		send bob@example.org
		logged_in_with "$mech" zoë@example.org
	done
}

@test "Postfix: a wrong password is 77 with every mechanism" { login_wrong; }

@test "Postfix: a mechanism that it does not offer is 69, and there is no login" { login_not_offered; }

@test "Postfix: without TLS the message is refused" { tls_missing; }

@test "Postfix: a certificate from an unknown authority is 69" { tls_unknown_authority; }

# ------------------------------------------------------------------------------------------------------------ envelope

@test "Postfix: an unknown recipient is 67, and the others get the message" { rcpt_unknown; }
@test "Postfix: -bs: two messages in one dialogue, and a reply for each recipient" { dialogue_two; }

@test "Postfix: if every recipient is unknown, nothing is sent" {
	rcpt_all_unknown
	logs 'disconnect from .* rcpt=0/2 .*quit=1'
}

@test "Postfix: a refusal to relay (554) is 69" {
	use "$submission"
	postern_fails 69 rcpt -- -f alice@example.org bob@elsewhere.example < "$mail"
	[[ $stderr == *"Relay access denied"* ]]
}

@test "Postfix: without a login the message is refused" { login_off; }

@test "Postfix: 100 recipients in one transaction" {
	rcpt_100
	logs 'disconnect from .* mail=1 rcpt=100 (data|bdat)=1 quit=1'
}

@test "Postfix: 100 recipients, five of them unknown" {
	rcpt_100_five_unknown
	logs 'disconnect from .* mail=1 rcpt=95/100 (data|bdat)=1 quit=1'
}

@test "Postfix: more recipients than it takes at once: the rest is sent in a second transaction or named in the error" { rcpt_too_many; }
@test "Postfix: the null sender" { sender_null; }
@test "Postfix: -t takes the recipients from the header, and Bcc is removed" { rcpt_from_head; }

# ---------------------------------------------------------------------------------------------------------- extensions

@test "Postfix: with CHUNKING postern sends BDAT" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* bdat=[0-9]'
}

@test "Postfix: without CHUNKING postern sends DATA" {
	use "$nochunking"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* data=1 '
}

@test "Postfix: without PIPELINING postern waits for each reply" { without_pipelining; }

@test "Postfix: a message with only AUTH and STARTTLS offered" {
	use "$bare"
	send bob@example.org
	arrived_same bob@example.org
	logs 'disconnect from .* mail=1 rcpt=1 data=1 quit=1'
}

@test "Postfix: SMTPUTF8 for a sender, a recipient and a header that need it" { utf8_needed; }

@test "Postfix: without SMTPUTF8 a domain is sent as A-labels, and a local part that is not ASCII is 65" { utf8_missing; }

@test "Postfix: DSN: its report has the values of -N, -R and -V" { dsn_headers; }
@test "Postfix: DSN: -R full, and an envelope id that needs xtext" { dsn_full; }
@test "Postfix: DSN that it does not offer is left out, and with dsn_require nothing is sent" { dsn_missing; }

# -------------------------------------------------------------------------------------------------------------- bodies

@test "Postfix: lines of dots" { body_of_dots; }
@test "Postfix: an empty body" { body_empty; }
@test "Postfix: a body of empty lines" { body_of_empty_lines; }
@test "Postfix: a message without newline at its end" { body_without_last_newline; }
@test "Postfix: a message that ends in a dot without newline" { body_that_ends_in_a_dot; }
@test "Postfix: a message with CRLF line ends" { body_with_crlf; }
@test "Postfix: an 8-bit body is sent unchanged" { body_8bit; }

@test "Postfix: an 8-bit body is re-encoded if 8BITMIME is missing" {
	extra=$'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit'
	{ write_head; printf 'Grüße=\n'; } > "$mail"
	use "$bare"
	send bob@example.org
	arrived bob@example.org
	[[ $(LC_ALL=C tr -d '\200-\377' < "$file" | wc -c) == $(wc -c < "$file") ]] || complain "8-bit octets arrived"
	grep -qi '^Content-Transfer-Encoding: quoted-printable' "$file"
	grep -q '^Gr=C3=BC=C3=9Fe=3D$' "$file"
}

@test "Postfix: a line of 998 octets stays whole" { body_998; }
@test "Postfix: a line of 998 octets that begins with a dot" { body_998_dot; }
@test "Postfix: a message of 5 MB" { body_5mb; }
@test "Postfix: a message larger than its SIZE is 65, and not sent" { body_over_size; }
@test "Postfix: a message over a limit that it did not announce: the error has its words, and the status is permanent" { body_over_unannounced_size; }

@test "Postfix: postern's log has its queue id" {
	local id
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	id=$(logged | sed -n "s/.*postfix\/cleanup[^:]*: \([^:]*\): message-id=<$token@example.org>.*/\1/p")
	[[ -n $id ]]
	grep -F "$id" "$BATS_TEST_TMPDIR/logfile" || complain "$id is not in: $(< "$BATS_TEST_TMPDIR/logfile")"
}

# ----------------------------------------------------------------------------------------------------------- the queue

# copies: prints how many copies of each of the messages 1 to 200 are in the mailbox, a line for each that is there.
copies() { grep -rhsm1 -oE "^Message-ID: <$token\.[0-9]+@" "$run/mail/bob@example.org/new" | sort | uniq -c; }
waiting() { find "$HOME/queue" -maxdepth 1 -name '*-*' | wc -l; }
fewer_than() { (($(waiting) < $1)); }
distinct() { [[ $(copies | wc -l) == "$1" ]]; }

@test "Postfix: flushes that are killed lose none of 200 messages, and send none twice whose 250 was read" {
	local n kills=0 left all
	complaints_expected=1			# it notices each connection that is lost
	use "$submission" plain
	printf '%s\n' "queue on" "queue_directory $HOME/queue" >> "$conf"
	{
		printf 'EHLO box\r\n'
		for ((n = 1; n <= 200; n++)); do
			printf '%s\r\n' "MAIL FROM:<alice@example.org>" "RCPT TO:<bob@example.org>" DATA "Message-ID: <$token.$n@example.org>" \
			    "From: alice@example.org" "" "number $n" .
		done
		printf 'QUIT\r\n'
	} > "$BATS_TEST_TMPDIR/dialogue"
	postern_ok -odq -bs < "$BATS_TEST_TMPDIR/dialogue"
	while left=$(waiting) && ((left > 30)); do
		"$POSTERN" -C "$conf" -q 2>> "$BATS_TEST_TMPDIR/flushes" 3>&- &
		await 20 fewer_than $((left - RANDOM % 20)) || complain "no message goes: $left are left" || return 1
		kill -9 "$!" 2> /dev/null || :	# it may have sent all that were left
		wait "$!" || :
		kills=$((kills + 1))
	done
	postern_ok -q
	postern_ok -bp
	[[ $stdout == *"Mail queue is empty"* ]]
	await 20 distinct 200 || complain "there are $(copies | wc -l) messages, not 200, after $kills kills"
	await 20 test -z "$(find "$run"/spool/{incoming,active} -type f)" || complain "Postfix still has some"
	# a flush has one message at a time whose 250 it has not read
	all=$(copies | awk '{ n += $1 } END { print n }')
	((kills >= 1 && all <= 200 + kills)) || complain "$all copies of 200 messages after $kills kills"
	for n in "$run/mail/bob@example.org/new/"*; do
		without_trace "$n" | sed -n 's/^Message-ID: <.*\.\(.*\)@.*/id \1/p; s/^number /is /p' | grep -A1 "^id" | xargs
	done | awk '$1 == "id" && $3 == "is" && $2 != $4 { exit 1 }' || complain "a Message-ID moved to another message"
}

# report_of WORDS: waits for the report with these words in Alice's mailbox; sets $file.
report_of() { file=$(grep -lsrF "$1" "$run/mail/alice@example.org/new" | head -n 1) && [[ -n $file ]]; }

@test "Postfix: our report of a failure comes back to its sender; one that nobody takes ends in dead, and is shown" {
	use "$submission"
	printf '%s\n' "queue on" "queue_directory $HOME/queue" >> "$conf"
	postern_ok -odq -V "$token 1" -f alice@example.org nobody@example.org bob@example.org < "$mail"
	postern_ok -odq -f noone@example.org nobody@example.org < "$mail"
	postern -q
	((status == 78)) || complain "status $status"
	arrived bob@example.org
	await 10 report_of "Original-Envelope-Id: $token 1" || complain "no report came back"
	grep -q '^Return-Path: <>' "$file"
	grep -q '^Diagnostic-Code: smtp; 550 5\.1\.1 ' "$file"
	grep -q '^Final-Recipient: rfc822; nobody@example.org' "$file"
	refute grep -q 'bob@example.org$' <(grep '^Final-Recipient' "$file")
	[[ $(find "$HOME/queue/dead" -type f | wc -l) == 1 ]]
	postern_ok -bp
	[[ $stdout == *MAILER-DAEMON*noone@example.org* && $stdout == *"550 5.1.1 <noone@example.org>"* ]]
	postern_ok -q			# and it is not reported again
	[[ $(find "$HOME/queue" -name '*-*' | wc -l) == 1 ]]
}
