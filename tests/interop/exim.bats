#!/usr/bin/env bats
# What Exim makes of our dialogue: README says how it is run.
# shellcheck disable=SC2154	# set by servers.bash
# shellcheck disable=SC2034	# used by cases.bash

load servers
load cases

mechanisms=(plain login cram-md5 scram-sha-1 scram-sha-256)
acceptance=' <= '
logged_in_with() { logs " <= .* A=${1//-/_}:${2:-alice@example.org}"; }
refused_login_with() { logs "${1//-/_} authenticator failed .*535"; }

setup_file() { interop_setup_file start_dovecot start_exim; }
teardown_file() { interop_teardown_file; }
setup() { interop_setup; }
teardown() { interop_teardown; }

@test "Exim itself works, as curl sees it" { seen_by_curl; }

# ------------------------------------------------------------------------------------------------------ TLS, mechanisms

@test "Exim: STARTTLS, in one orderly session" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs ' <= alice@example.org .*P=esmtpsa.* X=TLS1\.3'
	logs 'SMTP connection from .* closed by QUIT'
}

@test "Exim: implicit TLS, in one orderly session" {
	use "$smtps"
	send bob@example.org
	arrived_same bob@example.org
	logs ' <= alice@example.org .*P=esmtpsa.* X=TLS1\.3'
	logs 'SMTP connection from .* closed by QUIT'
}

@test "Exim: auth auto takes the strongest mechanism" { login_auto; }
@test "Exim: PLAIN" { logs_in_with plain; }
@test "Exim: LOGIN" { logs_in_with login; }
@test "Exim: CRAM-MD5" { logs_in_with cram-md5; }
@test "Exim: SCRAM-SHA-1" { logs_in_with scram-sha-1; }
@test "Exim: SCRAM-SHA-256" { logs_in_with scram-sha-256; }

@test "Exim: EXTERNAL, by STARTTLS and by implicit TLS" {
	local port
	for port in "$submission" "$smtps"; do
		use "$port" external
		set_conf password
		set_conf tls_cert_file "$run/certs/client.pem"
		set_conf tls_key_file "$run/certs/client.key"
		send bob@example.org
		logs ' <= alice@example.org .*A=external:'
	done
	arrived_same bob@example.org
}

@test "Exim: EXTERNAL without a certificate is 69" {
	use "$submission" external
	set_conf password
	postern_fails 69 -- -f alice@example.org bob@example.org < "$mail"
	not_arrived bob@example.org
}

@test "Exim: a client certificate does not keep us from a password" {
	use "$submission" auto
	set_conf tls_cert_file "$run/certs/client.pem"
	set_conf tls_key_file "$run/certs/client.key"
	send bob@example.org
	arrived_same bob@example.org
}

@test "Exim: a wrong password is 77 with every mechanism" { login_wrong; }
@test "Exim: a mechanism that is not offered is 69, and nothing is tried" { login_not_offered; }
@test "Exim: without a login it refuses every recipient" { login_off; }
@test "Exim: without TLS there is no mail, and we do not try" { tls_missing; }
@test "Exim: a certificate that no authority vouches for is refused before anything is said" { tls_unknown_authority; }

# ------------------------------------------------------------------------------------------------------------- envelope

@test "Exim: an unknown recipient is 67, the others have the message" { rcpt_unknown; }
@test "Exim: -bs: two messages in one dialogue, and each recipient's answer" { dialogue_two; }
@test "Exim: when every recipient is unknown nothing is sent" { rcpt_all_unknown; }

@test "Exim: relaying denied (550) is 67" {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org bob@elsewhere.example < "$mail"
	[[ $stderr == *"relay not permitted"* ]]
}

@test "Exim: 100 recipients in one transaction" {
	rcpt_100
	[[ $(logged | grep -c ' <= ') == 1 ]]
}

@test "Exim: 100 recipients, five of them unknown" { rcpt_100_five_unknown; }
@test "Exim: more recipients than it takes at once: told truthfully, or sent in turns" { rcpt_too_many; }
@test "Exim: the null sender" { sender_null; }
@test "Exim: -t takes the recipients from the head, and Bcc stays out" { rcpt_from_head; }

# ----------------------------------------------------------------------------------------------------------- extensions

@test "Exim: with CHUNKING the message goes as BDAT" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs ' <= alice@example.org .* K '
}

@test "Exim: without CHUNKING it goes as DATA" {
	use "$nochunking"
	send bob@example.org
	arrived_same bob@example.org
	logs "$acceptance"
	never_logs ' <= .* K '
}

@test "Exim: with PIPELINING we use it" {
	use "$submission"
	send bob@example.org carol@example.org
	logs ' <= alice@example.org .* L[.*]? '
}

@test "Exim: without PIPELINING every command waits for its answer" { without_pipelining; }

@test "Exim: without CHUNKING, PIPELINING, DSN and SMTPUTF8" {
	use "$bare"
	send bob@example.org
	arrived_same bob@example.org
}

@test "Exim: SMTPUTF8 for a sender, a recipient and a head that need it" { utf8_needed; }
@test "Exim: without SMTPUTF8 a domain becomes A-labels and a local part is 65" { utf8_missing; }
@test "Exim: DSN: -N, -R and -V reach it and come back in its report" { dsn_headers; }
@test "Exim: DSN: -R full for a failure, and an envelope id that needs xtext" { dsn_full; }
@test "Exim: DSN asked for and not offered: sent all the same, unless dsn_require" { dsn_missing; }

# --------------------------------------------------------------------------------------------------------------- bodies

@test "Exim: lines of dots" { body_of_dots; }
@test "Exim: an empty body" { body_empty; }
@test "Exim: a body of empty lines" { body_of_empty_lines; }
@test "Exim: no newline at the end" { body_without_last_newline; }
@test "Exim: a last line that is a dot without newline" { body_that_ends_in_a_dot; }
@test "Exim: CRLF input" { body_with_crlf; }

@test "Exim: an 8-bit body goes as it is, with BODY=8BITMIME" {
	body_8bit
	logs ' <= alice@example.org .*M8S=8'
}

@test "Exim: a line of 998 octets stays whole" { body_998; }
@test "Exim: a line of 998 octets that begins with a dot" { body_998_dot; }
@test "Exim: 5 MB" { body_5mb; }
@test "Exim: a message over its SIZE is 65, and not sent" { body_over_size; }

@test "Exim: its queue id stands in our log" {
	local id
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	id=$(logged | awk '$4 == "<=" { print $3 }')
	[[ -n $id ]]
	grep -F "$id" "$BATS_TEST_TMPDIR/logfile" || complain "$id is not in: $(< "$BATS_TEST_TMPDIR/logfile")"
}
