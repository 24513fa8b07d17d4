#!/usr/bin/env bats
# Secrets that a server repeats: in any reply, whole, in part, or cut.  tests/unit/redact.c has the forms.
load helper

# A server in clear text that accepts a login with PLAIN.  $1: the password.
server() {
	start_server <<-S
		tls none
		auth_mechs PLAIN
		auth_clear
		$(cat)
	S
	set_conf user user
	set_conf password "$1"
	set_conf auth plain
	set_conf auth_cleartext on
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	violations_expected=1
}

# None of these words is in the output or the log.
hidden() {
	local word
	for word in "$@"; do
		if grep -aF -e "$word" "$BATS_TEST_TMPDIR/stdout" "$BATS_TEST_TMPDIR/stderr" "$BATS_TEST_TMPDIR/log"; then
			complain "this was shown: $word"
		fi
	done
}

@test "a password that is not UTF-8 is hidden in every reply that repeats it" {
	local reply
	for reply in 'RCPT 550 5.1.1 p\xe4ss\xffword!' 'MAIL 550 p\xe4ss\xffword!' 'LAST 250 queued as p\xe4ss\xffword!' \
	    'RCPT 550-no\r\n551 p\xe4ss\xffword!' 'MAIL p\xe4ss\xffword!' 'QUIT 221 p\xe4ss\xffword!' \
	    'EHLO 250-p\xe4ss\xffword!\r\n250 AUTH PLAIN' 'GREETING 554 p\xe4ss\xffword!'; do
		server $'p\xe4ss\xffword' <<-S
			reply AUTH 235 welcome
			reply $reply
		S
		postern -v you@example.net < "$mail"
		hidden $'p\xe4ss' 'p\xe4ss' word '\xffw' "$(printf 'p\xe4ss\xffword' | base64)"
		[[ $stderr == *'*********!'* || $reply == QUIT* ]]
	done
}

@test "a password that is cut at a limit of postern's is hidden from its first byte" {
	local n pad
	# a recipient's reply is cut at 240 bytes, the quote in an error at 600, a line of the trace at 4096
	for n in 215 225 235 238 575 585 595 4070 4080 4090; do
		printf -v pad '%*s' "$n" ''
		server 'WxYzWxYzWxYzWxYz' <<-S
			reply AUTH 235 welcome
			reply RCPT:a@* 550-5.1.1 ${pad// /-}WxYzWxYzWxYzWxYz\r\n550 5.1.1 end
			reply RCPT:b@* 550 5.1.1 ${pad// /\\x01}WxYzWxYzWxYzWxYz
			reply RCPT:c@* 25x ${pad// /-}WxYzWxYzWxYzWxYz
		S
		postern -v a@example.net b@example.net c@example.net < "$mail"
		((status != 0))
		hidden Wx
	done
}

@test "a password that a server breaks over two lines is hidden" {
	server 'opensesame' <<-'S'
		reply AUTH 235 welcome
		reply RCPT 550-5.1.1 opens\r\n550 5.1.1 esame
	S
	postern_fails 67 -- -v you@example.net < "$mail"
	hidden opens esame
}

@test "an extension's name that equals the password is still understood" {
	start_server <<-'S'
		auth_mechs PLAIN
		password 8BITMIME
	S
	set_conf password 8BITMIME
	postern_ok -v you@example.net < "$mail"
	[[ $stderr == *"250-********"* && $stderr != *8BITMIME* ]]
	start_server <<-'S'
		auth_mechs PLAIN
		password PLAIN
	S
	set_conf password PLAIN
	postern_ok you@example.net < "$mail"
}

@test "a challenge is not shown, even if the server sends it as its greeting" {
	server opensesame <<-'S'
		reply GREETING 334 Y2hhbGxlbmdl
	S
	postern_fails 76 -- -v you@example.net < "$mail"
	hidden Y2hhbGxlbmdl
}

@test "clear text that the server sends instead of TLS is shown without the password" {
	local how
	for how in 'inject 250 p\xe4ssword! hello' 'inject 250 (cORzc3dvcmQ=) hello' 'tls_raw 250 p\xe4ssword! hello' \
	    'tls_raw 250-p\xe4ss\r\nword! hello' 'tls_raw p\xe4ssword! hello' 'inject 250 hello\r\n250-p\xe4ss\c'; do
		start_server <<-S
			$how
		S
		set_conf password $'p\xe4ssword'
		set_conf logfile "$BATS_TEST_TMPDIR/log"
		violations_expected=1
		postern -v you@example.net < "$mail"
		hidden $'p\xe4ss' 'p\xe4ss' word "$(printf 'p\xe4ssword' | base64)"
		[[ $stderr == *'**'*hello* || $stderr == *hello*'**'* || $how == *'\r\n'* ]]
	done
}
