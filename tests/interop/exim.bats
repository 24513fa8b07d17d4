#!/usr/bin/env bats
# postern with Exim as the server: README says how it is run.
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

@test "Exim: curl can send, so the server works" { seen_by_curl; }

# ------------------------------------------------------------------------------------------------------ TLS, mechanisms

@test "Exim: STARTTLS, in a session that ends with QUIT" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs ' <= alice@example.org .*P=esmtpsa.* X=TLS1\.3'
	logs 'SMTP connection from .* closed by QUIT'
}

@test "Exim: implicit TLS, in a session that ends with QUIT" {
	use "$smtps"
	send bob@example.org
	arrived_same bob@example.org
	logs ' <= alice@example.org .*P=esmtpsa.* X=TLS1\.3'
	logs 'SMTP connection from .* closed by QUIT'
}

@test "Exim: auth auto takes the strongest mechanism" { login_auto; }
@test "Exim: login with PLAIN" { logs_in_with plain; }
@test "Exim: login with LOGIN" { logs_in_with login; }
@test "Exim: login with CRAM-MD5" { logs_in_with cram-md5; }
@test "Exim: login with SCRAM-SHA-1" { logs_in_with scram-sha-1; }
@test "Exim: login with SCRAM-SHA-256" { logs_in_with scram-sha-256; }

@test "Exim: login with EXTERNAL, with STARTTLS and with implicit TLS" {
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

@test "Exim: with a client certificate and a password postern logs in with the password" {
	use "$submission" auto
	set_conf tls_cert_file "$run/certs/client.pem"
	set_conf tls_key_file "$run/certs/client.key"
	send bob@example.org
	arrived_same bob@example.org
}

@test "Exim: a wrong password is 77 with every mechanism" { login_wrong; }
@test "Exim: a mechanism that it does not offer is 69, and there is no login" { login_not_offered; }
@test "Exim: without a login the message is refused" { login_off; }
@test "Exim: without TLS the message is refused" { tls_missing; }
@test "Exim: a certificate from an unknown authority is 69" { tls_unknown_authority; }

# ------------------------------------------------------------------------------------------------------------- envelope

@test "Exim: an unknown recipient is 67, and the others get the message" { rcpt_unknown; }
@test "Exim: -bs: two messages in one dialogue, and a reply for each recipient" { dialogue_two; }
@test "Exim: if every recipient is unknown, nothing is sent" { rcpt_all_unknown; }

@test "Exim: a refusal to relay (550 5.7.1) is 69" {
	use "$submission"
	postern_fails 69 rcpt -- -f alice@example.org bob@elsewhere.example < "$mail"
	[[ $stderr == *"relay not permitted"* ]]
}

@test "Exim: 100 recipients in one transaction" {
	rcpt_100
	[[ $(logged | grep -c ' <= ') == 1 ]]
}

@test "Exim: 100 recipients, five of them unknown" { rcpt_100_five_unknown; }
@test "Exim: more recipients than it takes at once: the rest is sent in a second transaction or named in the error" { rcpt_too_many; }
@test "Exim: the null sender" { sender_null; }
@test "Exim: -t takes the recipients from the header, and Bcc is removed" { rcpt_from_head; }

# ----------------------------------------------------------------------------------------------------------- extensions

@test "Exim: with CHUNKING postern sends BDAT" {
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	logs ' <= alice@example.org .* K '
}

@test "Exim: without CHUNKING postern sends DATA" {
	use "$nochunking"
	send bob@example.org
	arrived_same bob@example.org
	logs "$acceptance"
	never_logs ' <= .* K '
}

@test "Exim: with PIPELINING postern pipelines" {
	use "$submission"
	send bob@example.org carol@example.org
	logs ' <= alice@example.org .* L[.*]? '
}

@test "Exim: without PIPELINING postern waits for each reply" { without_pipelining; }

@test "Exim: without CHUNKING, PIPELINING, DSN and SMTPUTF8" {
	use "$bare"
	send bob@example.org
	arrived_same bob@example.org
}

@test "Exim: SMTPUTF8 for a sender, a recipient and a header that need it" { utf8_needed; }
@test "Exim: without SMTPUTF8 a domain is sent as A-labels, and a local part that is not ASCII is 65" { utf8_missing; }
@test "Exim: DSN: its report has the values of -N, -R and -V" { dsn_headers; }
@test "Exim: DSN: -R full, and an envelope id that needs xtext" { dsn_full; }
@test "Exim: DSN that it does not offer is left out, and with dsn_require nothing is sent" { dsn_missing; }

# --------------------------------------------------------------------------------------------------------------- bodies

@test "Exim: lines of dots" { body_of_dots; }
@test "Exim: an empty body" { body_empty; }
@test "Exim: a body of empty lines" { body_of_empty_lines; }
@test "Exim: a message without newline at its end" { body_without_last_newline; }
@test "Exim: a message that ends in a dot without newline" { body_that_ends_in_a_dot; }
@test "Exim: a message with CRLF line ends" { body_with_crlf; }

@test "Exim: an 8-bit body is sent unchanged with BODY=8BITMIME" {
	body_8bit
	logs ' <= alice@example.org .*M8S=8'
}

@test "Exim: a line of 998 octets stays whole" { body_998; }
@test "Exim: a line of 998 octets that begins with a dot" { body_998_dot; }
@test "Exim: a message of 5 MB" { body_5mb; }
@test "Exim: a message larger than its SIZE is 65, and not sent" { body_over_size; }

@test "Exim: postern's log has its queue id" {
	local id
	use "$submission"
	send bob@example.org
	arrived_same bob@example.org
	id=$(logged | awk '$4 == "<=" { print $3 }')
	[[ -n $id ]]
	grep -F "$id" "$BATS_TEST_TMPDIR/logfile" || complain "$id is not in: $(< "$BATS_TEST_TMPDIR/logfile")"
}
