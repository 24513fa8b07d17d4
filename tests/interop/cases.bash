# cases.bash - the tests that both servers must pass: a function for each, which a test of each .bats file calls
# shellcheck shell=bash
# shellcheck disable=SC2154	# set by servers.bash
# shellcheck disable=SC2034	# used there

# ---------------------------------------------------------------------------------------------------------- TLS, login

seen_by_curl() {
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

logs_in_with() {
	use "$submission" "$1"
	send bob@example.org
	arrived_same bob@example.org
	logged_in_with "$1"
}

login_auto() {
	use "$submission" auto
	send bob@example.org
	arrived_same bob@example.org
	logged_in_with scram-sha-256
}

login_wrong() {
	local mech
	for mech in "${mechanisms[@]}"; do
		use "$submission" "$mech"
		set_conf password wrong
		postern_fails 77 auth -- -f alice@example.org bob@example.org < "$mail"
		refused_login_with "$mech"
		[[ $stderr == *535* ]]
	done
	not_arrived bob@example.org
}

login_not_offered() {
	use "$submission" scram-sha-256-plus	# Debian builds neither server with channel binding
	postern_fails 69 auth -- -f alice@example.org bob@example.org < "$mail"
	never_logs "$acceptance| auth=|authenticator"
}

login_off() {
	use "$submission" off
	postern -f alice@example.org bob@example.org < "$mail"
	((status == 69 || status == 77)) || complain "exit status $status"
	[[ $stderr == *"5.7."* ]]
	not_arrived bob@example.org
}

tls_missing() {
	use "$submission"
	set_conf tls off
	postern -f alice@example.org bob@example.org < "$mail"
	((status == 69 || status == 77 || status == 78)) || complain "exit status $status"
	not_arrived bob@example.org
}

tls_unknown_authority() {
	complaints_expected=1
	use "$submission"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=other" -keyout "$HOME/key" -out "$HOME/other.pem" 2> "$HOME/err"
	set_conf tls_trust_file "$HOME/other.pem"
	postern_fails 69 tls -- -f alice@example.org bob@example.org < "$mail"
	logs 'SSL_accept error|TLS error'	# otherwise the server may log it during the next test
	never_logs "$acceptance"
}

# ------------------------------------------------------------------------------------------------------------ envelope

rcpt_unknown() {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org bob@example.org nobody@example.org carol@example.org < "$mail"
	[[ $stderr == *nobody@example.org*"5.1.1"* ]]
	arrived_same bob@example.org
	arrived_same carol@example.org
}

rcpt_all_unknown() {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org no1@example.org no2@example.org < "$mail"
	[[ $stderr == *no1@example.org* && $stderr == *no2@example.org* ]]
	never_logs "$acceptance"
}

# The caller of -bs gets the server's replies, with DATA and with BDAT.
dialogue_two() {
	use "$submission"
	{
		printf '%s\r\n' "EHLO box" "MAIL FROM:<alice@example.org>" "RCPT TO:<bob@example.org>" "RCPT TO:<nobody@example.org>" DATA
		sed 's/^\./../; s/$/\r/' "$mail"
		printf '%s\r\n' . "MAIL FROM:<alice@example.org>" "RCPT TO:<carol@example.org>" "BDAT $(stat -c %s "$mail") LAST"
		cat "$mail"
		printf '%s\r\n' QUIT
	} > "$BATS_TEST_TMPDIR/dialogue"
	postern_ok -bs < "$BATS_TEST_TMPDIR/dialogue"
	[[ $(grep -c '^550 5\.1\.1 ' <<< "$stdout") == 1 && $(grep -c '^250 2\.[01]\.[05] ' <<< "$stdout") -ge 4 ]] \
	    || complain "what -bs answered: $stdout" || return 1
	arrived_same bob@example.org
	arrived_same carol@example.org
}

rcpt_100() {
	use "$submission"
	send r{1..100}@example.net
	local n
	for n in {1..100}; do
		arrived_same "r$n"
	done
}

rcpt_100_five_unknown() {
	use "$submission"
	postern_fails 67 rcpt -- -f alice@example.org r{1..50}@example.net no{1..5}@example.net r{51..95}@example.net < "$mail"
	[[ $(grep -o 'no[1-5]@example.net' <<< "$stderr" | sort -u | wc -l) == 5 ]]
	arrived_same r1
	arrived_same r95
}

rcpt_too_many() {
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

sender_null() {
	use "$submission"
	postern_ok -i -f '<>' bob@example.org < "$mail"
	arrived_same bob@example.org
	grep -qi '^Return-Path: <>' "$file"
}

rcpt_from_head() {
	use "$submission"
	sed 's/^To:.*/&, Carol <carol@example.org>\nBcc: dave@example.org/' "$mail" > "$HOME/mail"
	postern_ok -t -i -f alice@example.org < "$HOME/mail"
	sed 's/^To:.*/&, Carol <carol@example.org>/' "$mail" > "$HOME/expected"
	arrived_same bob@example.org "$HOME/expected"
	arrived_same carol@example.org "$HOME/expected"
	arrived_same dave@example.org "$HOME/expected"
}

# ---------------------------------------------------------------------------------------------------------- extensions

without_pipelining() {
	use "$nopipelining"
	send bob@example.org carol@example.org
	arrived_same bob@example.org
	arrived_same carol@example.org
	postern_fails 67 rcpt -- -f alice@example.org no@example.org bob@example.org < "$mail"
}

utf8_needed() {
	use "$submission"
	subject="Grüße, Zoë" write_message > "$mail"
	postern_ok -i -f zoë@example.org zoë@example.org bob@bücher.example bob@example.org < "$mail"
	arrived_same zoe
	grep -qi '^Return-Path: <zoë@example.org>' "$file"
	grep -qiE 'with utf8e?smtpsa' "$file"
	arrived_same idn
	arrived_same bob@example.org
}

utf8_missing() {
	use "$ascii"
	send bob@bücher.example
	arrived idn
	grep -qi 'with esmtpsa' "$file"
	postern_fails 65 -- -f alice@example.org zoë@example.org < "$mail"
	not_arrived zoe
}

dsn_missing() {
	use "$bare"
	postern_ok -i -N success -R hdrs -V x -f alice@example.org bob@example.org < "$mail"
	arrived_same bob@example.org
	set_conf dsn_require on
	postern_fails 69 -- -i -N success -f alice@example.org carol@example.org < "$mail"
	not_arrived carol@example.org
}

dsn_headers() {
	local id=id.$RANDOM
	use "$submission"
	postern_ok -i -N success,failure -R hdrs -V "$id" -f alice@example.org bob@example.org < "$mail"
	reported "$id"
	grep -q '^Action: delivered' "$file"
	grep -qi '^Original-Recipient: rfc822; *bob@example.org' "$file"
	grep -qi '^Content-Type: text/rfc822-headers' "$file"
	[[ $(< "$file") != *"and this is the last one"* ]]
}

dsn_full() {
	local n=$RANDOM
	use "$submission"
	postern_ok -i -N failure -R full -V "a+b=c.$n" -f alice@example.org disabled@example.org < "$mail"
	reported "a+b=c.$n" "a+2Bb+3Dc.$n"
	grep -q '^Action: failed' "$file"
	grep -q 'and this is the last one' "$file"
}

# -------------------------------------------------------------------------------------------------------------- bodies

# carries [FILE]: sends $mail with BDAT and with DATA.  It must arrive unchanged, or as the message in FILE.
carries() {
	local port expected=${1:-$mail}
	for port in "$submission" "$nochunking"; do
		use "$port"
		send bob@example.org
		arrived_same bob@example.org "$expected"
		rm "$file"
	done
}

body_of_dots() {
	{ write_head; printf '%s\n' . .. ... "" . ".a" "..b" ; } > "$mail"
	carries
}

body_empty() {
	write_head > "$mail"
	carries
}

body_of_empty_lines() {
	{ write_head; printf '\n\n\n'; } > "$mail"
	carries
}

body_without_last_newline() {
	{ write_head; printf 'last'; } > "$mail"
	{ cat "$mail"; echo; } > "$HOME/expected"
	carries "$HOME/expected"
}

body_that_ends_in_a_dot() {
	{ write_head; printf 'x\n.'; } > "$mail"
	{ cat "$mail"; echo; } > "$HOME/expected"
	carries "$HOME/expected"
}

body_with_crlf() {
	cp "$mail" "$HOME/expected"
	sed -i 's/$/\r/' "$mail"
	carries "$HOME/expected"
}

body_8bit() {
	extra=$'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit'
	{ write_head; printf 'Grüße\n\xe2\x82\xac\n'; } > "$mail"
	carries
}

body_998() {
	{ write_head; printf '%0998d\n' 0; printf '%0997d\n' 1; } > "$mail"
	carries
}

body_998_dot() {
	{ write_head; printf '.%0997d\n' 0; } > "$mail"
	carries
}

body_5mb() {
	{ write_head; yes "a line of text, .and more of it, as in any log that somebody mails" | head -c 5000000; echo; } > "$mail"
	carries
}

body_over_size() {
	{ write_head; yes "a line" | head -c 9000000; echo; } > "$mail"
	use "$submission"
	postern_fails 65 -- -f alice@example.org bob@example.org < "$mail"
	never_logs "$acceptance"
}

body_over_unannounced_size() {
	local port
	complaints_expected=1		# the server may close the connection during the message
	{ write_head; yes "a line" | head -c 9000000; echo; } > "$mail"
	for port in "$nosize" "$bare"; do
		use "$port"
		postern -f alice@example.org bob@example.org < "$mail"
		((status == 65 || status == 69)) || complain "exit status $status"
		[[ $stderr == *552* ]] || complain "the error does not quote the server"
	done
	not_arrived bob@example.org
}
