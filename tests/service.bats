# The machine's account for its users: -bs --service behind a unix socket.

load helper

postern_timeout=20 test_limit=60

# Users of the machine of these tests, which run no tests themselves.
postern_uid=54320 alice=54321 bob=54322

setup() {
	helper_setup
	listener=
}

teardown() {
	[[ -z $listener ]] || exec {listener}>&-
	helper_teardown
}

# service ARGS: a smarthost with the script on stdin, and the service before it, which has the arguments.  $service is its
# configuration, to which a test may have added lines in $conf_extra; $socket leads to it, and $conf is that of its users.
service() {
	start_server
	service=$BATS_TEST_TMPDIR/service/service.conf socket=$BATS_TEST_TMPDIR/run/smtp
	mkdir -p "${service%/*}" "${socket%/*}/users"
	{ cat "$conf"; echo "service_directory ${socket%/*}/users"; } > "$service"
	chmod 600 "$service"
	printf '%s\n' "socket $socket" > "$conf"
	serve "$POSTERN" -bs --service -C "$service" "$@"
}

# apart COMMAND: without the descriptors of the test, which lead to the smarthost.
apart() {
	local fd
	for fd in "${server_holds[@]}" "${server_says[@]}" ${listener:+"$listener"} 3; do
		[[ -z $fd ]] || exec {fd}>&-
	done
	exec "$@"
}

# serve COMMAND: for each connection.
serve() {
	[[ -x $BUILDDIR/tests/server/accept ]] || skip "needs tests/server/accept: make check builds it"
	local ready
	[[ -e $BATS_TEST_TMPDIR/listens ]] || mkfifo "$BATS_TEST_TMPDIR/listens"
	exec {listener}> >(apart "$BUILDDIR/tests/server/accept" "$socket" "$@" > "$BATS_TEST_TMPDIR/listens" \
	    2>> "$BATS_TEST_TMPDIR/service.err")
	read -r -t 30 ready < "$BATS_TEST_TMPDIR/listens" && [[ $ready == ready ]]
}

# The dialogue on stdin, with the service.
talk() { run_bounded "$POSTERN" -bs --service -C "$service" "$@"; }

@test "a message goes through the service, with the smarthost's answer for each recipient" {
	service <<-'S'
		tls none
		reply RCPT:bad@* 550 5.1.1 no such user
	S
	postern_fails 67 rcpt -- -f me@example.org you@example.net bad@example.net < "$mail"
	told "refused bad@example.net"
	told "no such user"
	[[ $(envelope) == *"rcpt <you@example.net>"* ]]
}

@test "standard input that is no unix socket: 421, and exit 78" {
	service <<-'S'
		tls none
	S
	talk <<< QUIT
	((status == 78)) || complain "status $status"
	[[ $stdout == "421 "* ]] || complain "no 421"
	told "must be a unix socket whose peer is known"
	[[ $(connections) == 0 ]]
}

@test "--service goes with -bs only" {
	start_server
	postern_fails 64 usage -- --service you@example.net < "$mail"
}

@test "an account that leads back to the service is refused, with a temporary answer" {
	service <<-'S'
		tls none
	S
	printf '%s\n' "socket $socket" "service_directory ${socket%/*}/users" > "$service"
	postern_fails 75 -- you@example.net < "$mail"
	told "421"
	told "leads back to this service"
}

@test "the sender is the account's, whatever the user says; allow_from_override lets it choose" {
	service <<-'S'
		tls none
	S
	postern_ok -f boss@example.org you@example.net < "$mail"
	[[ $(envelope) == *"mail <me@example.org>"* ]] || complain "$(envelope)"
	echo "allow_from_override on" >> "$service"
	postern_ok -f boss@example.org you@example.net < "$mail"
	[[ $(envelope 2) == *"mail <boss@example.org>"* ]] || complain "$(envelope 2)"
}

@test "the account is the service's default one, whatever the sender" {
	service <<-'S'
		tls none
	S
	printf '%s\n' "account other" "host other.invalid" "from boss@example.org" >> "$service"
	postern_ok -f boss@example.org you@example.net < "$mail"
	[[ $(envelope) == *"mail <me@example.org>"* ]]
}

@test "sender_map gives each user an address by its login" {
	local login
	login=$(id -un)
	service <<-'S'
		tls none
	S
	echo "sender_map $login:mapped@example.org" >> "$service"
	postern_ok -f boss@example.org you@example.net < "$mail"
	[[ $(envelope) == *"mail <mapped@example.org>"* ]] || complain "$(envelope)"
	echo "set_from_header on" >> "$service"
	postern_ok you@example.net < "$mail"
	[[ $(message 2) == *"From: Me <mapped@example.org>"* ]] || complain "$(message 2)"
}

@test "uid and login are in the log; a Received field comes only where a key asks for it" {
	service <<-'S'
		tls none
	S
	echo "logfile $BATS_TEST_TMPDIR/log" >> "$service"
	postern_ok you@example.net < "$mail"
	grep -q " uid=$(id -u) login=$(id -un) " "$BATS_TEST_TMPDIR/log" || complain "$(< "$BATS_TEST_TMPDIR/log")"
	refute grep -q Received <<< "$(message)"
	echo "set_received_header on" >> "$service"
	postern_ok you@example.net < "$mail"
	grep -qE "^Received: by [^ ]+ \(postern, from uid $(id -u)\);" <<< "$(message 2)" || complain "$(message 2)"
}

@test "allow_users: others are refused for good; logins and uids may be named" {
	service <<-'S'
		tls none
	S
	echo "allow_users nobody-of-that-name" >> "$service"
	postern_fails 69 greeting -- you@example.net < "$mail"
	told "may not send here"
	[[ $(connections) == 0 ]]
	for who in "$(id -u)" "$(id -un)" "root, 7, $(id -un)"; do
		sed -i '/^allow_users/d' "$service"
		echo "allow_users $who" >> "$service"
		postern_ok you@example.net < "$mail"
	done
}

# hold N: connections that say nothing more; their descriptors are in $held, and the processes end with them.
hold() {
	local n fd
	held=()
	for ((n = 0; n < $1; n++)); do
		coproc { apart "$BUILDDIR/tests/server/accept" --connect "$socket"; }
		read -r -t 30 -u "${COPROC[0]}" greeting
		[[ $greeting == 220* ]] || { echo "$greeting" >&2; return 1; }
		eval "exec {fd}>&${COPROC[1]}"
		held+=("$fd" "$COPROC_PID")
	done
} 2> /dev/null

@test "one uid has eight connections at most, and a process that was killed counts no more" {
	service <<-'S'
		tls none
	S
	hold 8
	postern_fails 75 greeting -- you@example.net < "$mail"
	told "has 8 connections already"
	kill -9 "$(pgrep -f -o -- "^$POSTERN -bs --service -C $service")"
	postern_ok you@example.net < "$mail"
}

@test "a connection takes a hundred messages, and the client knows" {
	service <<-'S'
		tls none
	S
	local n
	for ((n = 0; n < 101; n++)); do
		printf '%s\r\n' "MAIL FROM:<me@example.org>" RSET
	done > "$BATS_TEST_TMPDIR/many"
	run_bounded "$BUILDDIR/tests/server/accept" --connect "$socket" < <(printf 'EHLO me\r\n'; cat "$BATS_TEST_TMPDIR/many")
	[[ $stdout == *"LIMITS MAILMAX=100"* ]]
	[[ $(grep -c '^250 2.1.0' <<< "$stdout") == 100 ]] || complain "other answers"
	[[ $stdout == *"421 4.7.0 there were too many messages in this connection"* ]]
}

@test "a smarthost that is away: with the queue on the message is kept, and the 250 has its id" {
	service <<-'S'
		tls none
	S
	echo "queue on" >> "$service"
	echo "queue_directory $BATS_TEST_TMPDIR/queue" >> "$service"
	stop_server
	printf '%s\r\n' "EHLO me" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA "Subject: x" "" "." QUIT \
	    > "$BATS_TEST_TMPDIR/said"
	run_bounded "$BUILDDIR/tests/server/accept" --connect "$socket" < "$BATS_TEST_TMPDIR/said"
	id=$(basename "$BATS_TEST_TMPDIR/queue/"*-*)
	[[ $stdout == *"250 2.0.0 kept as $id"* ]] || complain "no id"
	grep -qx "uid $(id -u)" "$BATS_TEST_TMPDIR/queue/$id"
}

@test "one uid has a thousand messages in the queue at most: 452 4.3.1, and the message stays with the user" {
	service <<-'S'
		tls none
	S
	local n
	stop_server
	printf '%s\n' "queue on" "queue_directory $BATS_TEST_TMPDIR/queue" >> "$service"
	postern_ok you@example.net < "$mail"
	id=$(basename "$BATS_TEST_TMPDIR/queue/"*-*)
	for ((n = 1; n < 1000; n++)); do
		cp "$BATS_TEST_TMPDIR/queue/$id" "$BATS_TEST_TMPDIR/queue/$(printf '%s-%016x' "${id%-*}" "$n")"
	done
	postern you@example.net < "$mail"
	((status == 75)) || complain "status $status"
	told "452 4.3.1"
	sed -i "1,3s/^uid $(id -u)\$/uid 7/" "$BATS_TEST_TMPDIR/queue/$id"	# another's count for nobody else
	postern_ok you@example.net < "$mail"
}

@test "nobody listens: exit 75, and the hint; with the user's own queue the message is kept" {
	conf=$BATS_TEST_TMPDIR/user.conf
	echo "socket $BATS_TEST_TMPDIR/nothing" > "$conf"
	postern_fails 75 connect -- you@example.net < "$mail"
	hinted "is the server that listens on"
	printf '%s\n' "queue on" "queue_directory $BATS_TEST_TMPDIR/queue" "from me@example.org" >> "$conf"
	postern_ok you@example.net < "$mail"
	[[ -n $(ls "$BATS_TEST_TMPDIR/queue") ]]
}

@test "the hint for the machine's own socket names its unit" {
	local own
	own=$(grep -aoE '/[[:alnum:]/._+-]+/postern/smtp' "$POSTERN" | head -1)
	[[ -n $own && ! -e $own ]] || skip "there is $own"
	conf=$BATS_TEST_TMPDIR/user.conf
	echo "socket $own" > "$conf"
	postern_fails 75 connect -- you@example.net < "$mail"
	hinted "postern.socket"
}
