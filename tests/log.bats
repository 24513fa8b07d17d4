#!/usr/bin/env bats
# The log as the whole program writes it.  tests/unit/log.c has the forms of a line.
load helper

@test "logfile -: the log line of a submission is on standard output" {
	start_server
	set_conf logfile -
	postern_ok you@example.net < "$mail"
	[[ $stdout == *" host=localhost "*" exitcode=EX_OK" && -z $stderr ]]
}

@test "logfile -: if a mode has its own output on standard output, the log line is not there" {
	start_server <<< "offer ETRN"
	set_conf logfile -
	postern_ok -bs <<-'S'
		EHLO me
		MAIL FROM:<me@example.org>
		RCPT TO:<you@example.net>
		DATA
		Subject: x

		text
		.
		QUIT
	S
	[[ $stdout != *host=* && $stderr == *" host=localhost "*" exitcode=EX_OK"* ]]
	awk '!/^[2345][0-9][0-9][ -]/ { exit 1 }' <<< "$stdout" || complain "this is no dialogue"
	postern_ok -bv you@example.net
	[[ $stdout == "you@example.net... "* && $stdout != *host=* ]]
	postern_ok --etrn node.example
	[[ $stdout == 250* && $stdout != *host=* ]]
	postern_ok --dump-config
	[[ $stdout == *"logfile -"* && $stdout != *exitcode* ]]
}

@test "the log has all of 200 recipients, in text and in JSON" {
	local format
	start_server
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	for format in text json; do
		: > "$BATS_TEST_TMPDIR/log"
		set_conf log_format "$format"
		postern_ok somebody.with.a.long.name.{1..200}@example.net < "$mail"
		[[ $(grep -o 'somebody.with.a.long.name.[0-9]*@example.net' "$BATS_TEST_TMPDIR/log" | wc -l) == 200 ]]
	done
}

@test "the log: a handshake or a login that failed is not logged as off" {
	local log=$BATS_TEST_TMPDIR/log
	start_server
	set_conf logfile "$log"
	set_conf tls_trust_file system
	postern_fails 69 tls -- you@example.net < "$mail"
	[[ $(< "$log") == *" tls=failed user="* && $(< "$log") != *" auth="* ]] || complain "$(< "$log")"
	: > "$log"
	write_conf
	set_conf logfile "$log"
	set_conf password wrong
	postern_fails 77 auth -- you@example.net < "$mail"
	[[ $(< "$log") == *" tls=TLS1.3 auth=failed user=user "* ]] || complain "$(< "$log")"
	: > "$log"
	start_server <<< "tls none"
	set_conf logfile "$log"
	postern_ok you@example.net < "$mail"
	[[ $(< "$log") == *" tls=off auth=off "* ]] || complain "$(< "$log")"
}
