#!/usr/bin/env bats
# The last check before the wire: no value in a command becomes a parameter, a second address or a second command.
load helper

hostile=$'x@a.example\357\274\236\343\200\200\357\274\257\357\274\262\357\274\243\357\274\260\357\274\264\357\274\235x'

server() {
	start_server <<-END
		tls none
		${1:-}
	END
}

talk() {
	printf '%s\r\n' "$@" > "$BATS_TEST_TMPDIR/in"
	postern -bs < "$BATS_TEST_TMPDIR/in"
}

@test "a recipient whose domain IDNA maps to > and a blank is refused with 65, and the others get the message" {
	local hide
	for hide in "" "hide SMTPUTF8"; do
		server "$hide"
		postern_fails 65 input -- "$hostile" you@example.net < "$mail"
		told "no domain name"
		[[ $(said 'RCPT TO:') == 1 && $(envelope) == *"rcpt <you@example.net>"* ]]
	done
}

@test "such an address as sender, as the only recipient or in -t is refused with 65, and there is no MAIL" {
	server
	postern_fails 65 input -- -f "$hostile" you@example.net < "$mail"
	postern_fails 65 input -- "$hostile" < "$mail"
	printf 'To: %s\n\nx\n' "$hostile" | postern_fails 65 input -- -t
	[[ $(said MAIL) == 0 && $(messages) == 0 ]]
}

@test "a full-width @ in a domain is refused and does not become a second @" {
	server
	postern_fails 65 input -- $'x@y\357\274\240z.example' < "$mail"
	[[ $(said MAIL) == 0 ]]
}

@test "a domain in brackets that is not an address literal is refused" {
	local bad
	server
	for bad in 'x@[h> NOTIFY=NEVER ]' 'x@[127.0.0.1> X=]' 'x@[256.0.0.1]' 'x@[IPv6:::g]' 'x@[tag:text]'; do
		postern_fails 65 input -- "$bad" you@example.net < "$mail"
		postern_fails 65 input -- -f "$bad" you@example.net < "$mail"
	done
	[[ $(said '.*(NOTIFY|X=)') == 0 && $(messages) == 5 ]]
	postern_ok 'x@[192.0.2.1]' 'y@[IPv6:2001:db8::1]' < "$mail"
	[[ $(envelope 6) == *"rcpt <x@[192.0.2.1]>"*"rcpt <y@[IPv6:2001:db8::1]>"* ]]
}

@test "-bs: such addresses are refused, and the caller can go on" {
	server
	talk "EHLO x" "MAIL FROM:<x@[h> NOTIFY=NEVER]>" "MAIL FROM:<me@example.org>" 'RCPT TO:<x@[h NOTIFY=NEVER]>' \
		"RCPT TO:<$hostile>" "RCPT TO:<you@example.net>" DATA "Subject: x" "" "text" . QUIT
	((status == 0))
	[[ $(messages) == 1 && $(said '.*NOTIFY') == 0 && $(envelope) == *"rcpt <you@example.net>"* ]]
	[[ $(grep -c '^5' <<< "$stdout") -ge 2 ]] || complain "too few refusals"
}

@test "a domain with an underscore and the recipient postmaster are accepted" {
	server
	postern_ok -f root@my_app.example postmaster you@a_b.example < "$mail"
	[[ $(envelope) == *"mail <root@my_app.example>"*"rcpt <you@a_b.example>"* ]]
}

@test "a local part with misplaced dots is quoted" {
	server
	postern_ok a..b.@docomo.example < "$mail"
	[[ $(envelope) == *'rcpt <"a..b."@docomo.example>'* ]]
}

@test "a recipient without a domain is refused with 65 and the reason if qualify_domain is empty" {
	server
	postern_fails 65 input -- --qualify-domain= you < "$mail"
	told "it has no domain"
	[[ $(said MAIL) == 0 ]]
}

@test "require_all_recipients: one recipient with an invalid address holds the message back" {
	server
	postern_fails 65 input -- --require-all-recipients 'x@[h]' you@example.net < "$mail"
	[[ $(messages) == 0 && $(said MAIL) == 0 ]]
}

@test "a login name with a backslash and a blank becomes a quoted local part, also as %U" {
	[[ $(id -u) == 0 ]] || skip "only root can be another user"
	server
	conf=$(TMPDIR=/tmp mktemp -d)/postern.conf # another user must reach it
	write_conf
	set_conf from
	chmod -R a+rX "${conf%/*}"
	run_bounded setpriv --reuid=61234 --regid=61234 --clear-groups env HOME=/nonexistent LOGNAME='EXAMPLE\john doe' \
		"$POSTERN" -C "$conf" --qualify-domain=q.test you@example.net < "$mail"
	((status == 0)) || complain "exit status $status"
	[[ $(envelope) == *'mail <"EXAMPLE\\john doe"@q.test>'* ]]
	set_conf from '%U@u.test'
	chmod a+r "$conf"
	run_bounded setpriv --reuid=61234 --regid=61234 --clear-groups env HOME=/nonexistent LOGNAME='EXAMPLE\john doe' \
		"$POSTERN" -C "$conf" you@example.net < "$mail"
	[[ $(envelope 2) == *'mail <"EXAMPLE\\john doe"@u.test>'* ]]
	rm -r "${conf%/*}"
}

@test "EHLO has the domain in A-labels" {
	server
	set_conf domain $'b\303\274cher.test'
	postern_ok you@example.net < "$mail"
	[[ $(said 'EHLO xn--bcher-kva.test$') == 1 ]]
}

@test "an invalid domain or qualify_domain is an error of the configuration" {
	local bad
	server
	for bad in 'a b' 'a_b..c' '[x]' '-a' $'a\343\200\200b' 'x>y'; do
		set_conf domain "$bad"
		postern_fails 78 config -- you@example.net < "$mail"
		told "domain must be a domain"
		set_conf domain
		set_conf qualify_domain "$bad"
		postern_fails 78 config -- you@example.net < "$mail"
		set_conf qualify_domain
	done
	[[ $(connections) == 0 ]]
}

@test "-bs: an ORCPT in UTF-8 is sent in ASCII, with and without SMTPUTF8" {
	local hide
	for hide in "" "hide SMTPUTF8"; do
		server "$hide"
		talk "EHLO x" "MAIL FROM:<me@example.org>" $'RCPT TO:<you@example.net> ORCPT=utf-8;\303\274@x.test' \
			DATA "Subject: x" "" "text" . QUIT
		[[ $(said 'RCPT TO:<you@example.net> ORCPT=utf-8;.x[{]FC[}]@x.test$') == 1 && $(messages) == 1 ]]
	done
}
