# Where the smarthost is: several hosts in order, the time limit that they share, source_ip, ip_version.

load helper

# A name with an empty label, like no..host, has no address, and no name server is asked for it: it fails on every machine.

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }

# came: the addresses that postern connected to, in order.
came() {
	sync_server
	sed -n 's/.*-- connect from .* to //p' "$server_dir/transcript" | tr '\n' ' '
}

# two_hosts LINE...: a server on 127.0.0.1 and 127.0.0.2, which are the hosts in this order; LINEs are more of its script.
two_hosts() {
	start_server <<-S
		tls none
		listen 127.0.0.1
		listen 127.0.0.2
		$(printf '%s\n' "$@")
	S
	set_conf host 127.0.0.1,127.0.0.2
}

six() {
	(: <> "/dev/tcp/::1/1") 2> "$BATS_TEST_TMPDIR/six" || grep -q refused "$BATS_TEST_TMPDIR/six" || skip "no IPv6 here"
}

# ------------------------------------------------------------------------------------------------------------------ order

@test "postern connects only to the first host that works" {
	two_hosts
	send
	[[ $(came) == "127.0.0.1 " ]]
	set_conf host 127.0.0.2,127.0.0.1
	send
	[[ $(came) == "127.0.0.1 127.0.0.2 " ]]
}

@test "a host that refuses the connection or has no address is passed over" {
	local dead
	start_server <<< "tls none"
	for dead in 127.0.0.9 no..host 127.0.0.9,no..host no..host,127.0.0.9; do
		set_conf host "$dead,127.0.0.1"
		send
	done
	(($(messages) == 4 && $(connections) == 4))
}

@test "a host that refuses or breaks off the greeting or EHLO is passed over" {
	local trouble
	for trouble in "reply GREETING#1 421 4.3.2 too busy" "reply GREETING#1 450 4.3.2 later" \
	    "reply GREETING#1 554 5.3.2 no" "reply GREETING#1 nonsense" "drop GREETING#1 close" "drop GREETING#1 reset" \
	    "drop GREETING#1 half" "drop CONNECT#1 close" "reply EHLO#1 421 4.3.2 going down" "reply EHLO#1 451 4.3.0 later" \
	    "drop EHLO#1 close"; do
		two_hosts "$trouble"
		send
		[[ $(came) == "127.0.0.1 127.0.0.2 " ]] || complain "with $trouble"
		(($(messages) == 1))
	done
}

@test "a host that does not offer what the message asks for is passed over" {		# RFC 8689 4.2.1
	local first
	for first in "250-first\r\n250 8BITMIME" "250-first\r\n250 DELIVERBY 7200" "250 SIZE 10"; do
		two_hosts "offer DELIVERBY" "reply EHLO#1 $first"
		postern_ok --deliver-by=1h you@example.net < "$mail"
		[[ $(came) == "127.0.0.1 127.0.0.2 " && $(envelope) == *"BY=3600;R"* ]] || complain "with $first"
		(($(said QUIT) == 2 && $(messages) == 1))
	done
	two_hosts "reply EHLO#1 250-first\r\n250 8BITMIME"
	postern_ok $'j\xc3\xb6rg@example.net' < "$mail"
	[[ $(came) == "127.0.0.1 127.0.0.2 " ]]
	two_hosts
	postern_fails 69 ehlo -- --deliver-by=1h you@example.net < "$mail"
	told "127.0.0.1 does not offer DELIVERBY"
	[[ $(came) == "127.0.0.1 127.0.0.2 " && $(said MAIL) == 0 ]]
	two_hosts "reply EHLO#2 421 4.3.2 later"
	postern_fails 75 -- --deliver-by=1h you@example.net < "$mail"
}

@test "-bs: a host that does not offer what MAIL asks for is passed over, also for the second message" {
	two_hosts "offer DELIVERBY" "reply EHLO#1 250-first\r\n250 8BITMIME"
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: 1" "" . \
	    QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs --deliver-by=1h < "$BATS_TEST_TMPDIR/in"
	[[ $(came) == "127.0.0.1 127.0.0.2 " && $(envelope) == *"BY=3600;R"* ]]
	two_hosts "reply EHLO#1 250-first\r\n250 8BITMIME" "reply EHLO#2 250-first\r\n250 8BITMIME"
	printf '%s\r\n' "EHLO c.example" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: 1" "" . \
	    $'MAIL FROM:<m\xc3\xa4x@example.org> SMTPUTF8' "RCPT TO:<you@example.net>" DATA "Subject: 2" "" . \
	    QUIT > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	[[ $(messages) == 2 && $(came) == "127.0.0.1 127.0.0.1 127.0.0.2 "* ]] || complain "came to $(came)"
}

@test "a host that accepts the connection and then is silent is passed over when its time is up" {
	local trouble
	for trouble in "drop CONNECT#1 silence" "drop EHLO#1 silence"; do
		two_hosts "$trouble"
		late_on "dropped: silence"
		send
		[[ $(came) == "127.0.0.1 127.0.0.2 " ]] || complain "with $trouble"
	done
}

@test "a host that breaks off TLS or refuses STARTTLS for now is passed over" {
	local trouble
	for trouble in "drop TLS#1 close" "drop TLS#1 reset" "reply STARTTLS#1 454 4.7.0 not now"; do
		start_server <<-S
			listen 127.0.0.1
			listen 127.0.0.2
			$trouble
		S
		set_conf host 127.0.0.2,127.0.0.1
		set_conf tls_host_override localhost
		send
		[[ $(came) == "127.0.0.2 127.0.0.1 " ]] || complain "with $trouble"
	done
}

@test "a host that fails verification or refuses login or message ends the run, and no other host is tried" {
	local trouble status_wanted stage
	while read -r status_wanted stage trouble; do
		start_server <<-S
			listen 127.0.0.1
			listen 127.0.0.2
			$trouble
		S
		set_conf host 127.0.0.1,127.0.0.2
		send_fails "$status_wanted" "$stage" || complain "with $trouble" || return 1
		[[ $(came) == "127.0.0.1 " ]] || complain "with $trouble" || return 1
		(($(messages) == 0))
	done <<-'END'
		69 tls cert expired
		69 tls cert wronghost
		69 starttls hide STARTTLS
		69 starttls reply STARTTLS 554 5.7.0 never
		77 auth reply AUTHLINE 535 5.7.8 no
		75 mail reply MAIL 451 4.3.0 later
		75 rcpt reply RCPT 451 4.3.0 later
		75 body reply BODY 451 4.3.0 later
	END
}

# ------------------------------------------------------------------------------------------------------- what is reported

@test "when all hosts fail, a temporary failure is reported before a permanent one" {
	start_server <<-'S'
		tls none
		reply GREETING 554 5.3.2 no
	S
	for hosts in no..host,127.0.0.9 127.0.0.9,no..host no..host,127.0.0.9,no..other; do
		set_conf host "$hosts"
		send_fails 75 connect
		told "cannot connect to 127.0.0.9"
	done
	set_conf host 127.0.0.1,127.0.0.9
	send_fails 75 connect
	set_conf host no..host,127.0.0.1
	send_fails 68 resolve
	told "no..host"
}

@test "when all hosts fail in the same way, the first one is reported, and -v names each" {
	start_server <<< "tls none"
	set_conf host 127.0.0.9,127.0.0.8
	send_fails 75 connect
	told "cannot connect to 127.0.0.9"
	set_conf host no..host,no..other
	send_fails 68 resolve
	told "no..host"
	postern -v you@example.net < "$mail"
	told "no..other"
}

# ------------------------------------------------------------------------------------------------------ shares of the time

@test "a host that does not accept the connection in time leaves time for the other hosts" {
	start_server <<-'S'
		tls none
		listen 127.0.0.1
		listen deaf 127.0.0.2
		listen deaf 127.0.0.3
	S
	set_conf connect_timeout 2
	set_conf host 127.0.0.2,127.0.0.1
	send
	set_conf connect_timeout 3
	set_conf host 127.0.0.2,127.0.0.3,127.0.0.1
	send
	set_conf connect_timeout 1
	set_conf host 127.0.0.2,127.0.0.3
	send_fails 75 connect
	told "127.0.0.2: Connection timed out"
	[[ $(came) == "127.0.0.1 127.0.0.1 " ]]
}

@test "the last host has enough time to try another of its addresses" {
	local deaf
	six
	# one of localhost's addresses is deaf, so the other one is tried a quarter of a second later; no order is assumed
	for deaf in 127.0.0.1 ::1; do
		start_server <<-S
			tls none
			listen $([[ $deaf == ::1 ]] && echo 127.0.0.1 || echo ::1)
			listen deaf $deaf
			listen deaf 127.0.0.2
		S
		set_conf connect_timeout 4
		set_conf host 127.0.0.2,localhost
		send
	done
}

# ------------------------------------------------------------------------------------------------------ source, IP version

@test "the connection comes from source_ip" {
	start_server <<< "tls none"
	set_conf source_ip 127.0.0.7
	set_conf host 127.0.0.1
	send
	sync_server
	[[ $(transcript) == *"-- connect from 127.0.0.7 to 127.0.0.1"* ]]
}

@test "a source_ip that is not local or of the other IP version is 75 with a hint; an invalid one is 78" {
	start_server <<< "tls none"
	set_conf host 127.0.0.1
	set_conf source_ip 192.0.2.1
	send_fails 75 connect
	hinted source_ip
	set_conf source_ip ::1
	send_fails 75 connect
	hinted source_ip
	set_conf source_ip localhost
	send_fails 78 config
	told "source_ip"
	(($(connections) == 0))
}

@test "with source_ip only addresses of its IP version are tried" {
	six
	start_server <<-'S'
		tls none
		listen 127.0.0.1
		listen ::1
	S
	set_conf source_ip ::1
	send
	set_conf source_ip 127.0.0.1
	send
	[[ $(came) == "::1 127.0.0.1 " ]]
}

@test "with ip_version 4 or 6 only such addresses of localhost are tried" {
	six
	start_server <<-'S'
		tls none
		listen 127.0.0.1
		listen ::1
	S
	set_conf ip_version 4
	send
	set_conf ip_version 6
	send
	[[ $(came) == "127.0.0.1 ::1 " ]]
	start_server <<-'S'
		tls none
		listen ::1
	S
	set_conf ip_version any
	send
	set_conf ip_version 4
	send_fails 75 connect
	told "127.0.0.1: Connection refused"
	[[ $stderr != *::1* ]]
}

@test "with ip_version 4 or 6 an address of the other version is passed over" {
	six
	start_server <<-'S'
		tls none
		listen 127.0.0.1
		listen ::1
	S
	set_conf ip_version 4
	set_conf host 127.0.0.1
	send
	set_conf host ::1
	send_fails 68 resolve
	set_conf host ::1,127.0.0.1
	send
	set_conf ip_version 6
	set_conf host 127.0.0.1
	send_fails 68 resolve
	set_conf host '127.0.0.1,[::1]'
	send
	[[ $(came) == "127.0.0.1 127.0.0.1 ::1 " ]]
}

@test "an invalid ip_version is 78" {
	start_server <<< "tls none"
	set_conf ip_version 5
	send_fails 78 config
	(($(connections) == 0))
}
