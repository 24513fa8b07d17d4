# The machine's account for its users: -bs --service behind a unix socket.  With users of their own: service-users.bats.

load helper
load service

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

# hold N [CODE]: connections that say nothing more; their descriptors are in $held, and the processes end with them.  Each has got
# this greeting.
hold() {
	local n fd
	held=()
	for ((n = 0; n < $1; n++)); do
		coproc { apart "$BUILDDIR/tests/server/accept" --connect "$socket"; }
		read -r -u "${COPROC[0]}" greeting
		[[ $greeting == "${2:-220}"* ]] || { echo "$greeting" >&2; return 1; }
		eval "exec {fd}>&${COPROC[1]}"
		held+=("$fd" "$COPROC_PID")
	done
} 2> /dev/null

# killed [-o]: all processes of the service, or the oldest one, are killed, and are gone: only then do they hold nothing.
killed() {
	local pids
	mapfile -t pids < <(pgrep -f "$@" -- "^$POSTERN -bs --service -C $service")
	kill -KILL "${pids[@]}"
	eventually gone "${pids[@]}"
}

@test "one uid has eight connections at most, and a process that was killed counts no more" {
	service <<-'S'
		tls none
	S
	hold 8
	postern_fails 75 greeting -- you@example.net < "$mail"
	told "has 8 connections already"
	killed -o
	postern_ok you@example.net < "$mail"
	killed
	hold 8
}

@test "a user who may not send holds no more connections than one who may" {
	service <<-'S'
		tls none
	S
	echo "allow_users nobody-of-that-name" >> "$service"
	hold 8 554
	postern_fails 75 greeting -- you@example.net < "$mail"
	told "has 8 connections already"
}

# For the service, each octet of its client takes five seconds.
service_slow() {
	with_own_time FAST_STEP=5
	run_by=(env "${own_time[@]}")
	service
}

# drip FIRST PIECE: a user who says FIRST, and then PIECE again and again, until the service leaves.
drip() {
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded bash -c '{ printf "%b" "$2"; while printf "%b" "$3"; do :; done; } 2> /dev/null |
		"$0" --connect "$1"' "$BUILDDIR/tests/server/accept" "$socket" "$1" "$2"
	((status != 124)) || complain "$1 $2: the service does not leave"
}

# drip_too_long FIRST PIECE: the last answer must be that the service leaves.
drip_too_long() {
	drip "$@"
	[[ $stdout == *$'421 4.3.0 postern leaves\r' ]] || complain "$1 $2: no 421 at the end"
}

envelope_said='EHLO me\r\nMAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.net>\r\n'

@test "a command has five minutes, however it drips" {
	service_slow <<-'S'
		tls none
	S
	drip_too_long "" N
	grep -q "silent for 300 seconds" "$BATS_TEST_TMPDIR/service.err"
}

@test "a line of a message has five minutes, and the message is not sent" {
	service_slow <<-'S'
		tls none
	S
	drip_too_long "${envelope_said}DATA\r\nSubject: x\r\n\r\n" x
	[[ $stdout == *$'\n354 '* ]]
	drip_too_long "${envelope_said}BDAT 100000 LAST\r\n" x
	[[ $(messages) == 0 ]]
}

@test "a dialogue has thirty minutes, whatever drips: commands, lines, or octets of a chunk" {
	local n pieces=('' 'NOOP\r\n' '' 'EHLO me\r\n' '' 'RSET\r\n' '' 'MAIL FROM:<me@example.org>\r\nRSET\r\n'
	    "${envelope_said}DATA\r\n" 'x\r\n' "${envelope_said}BDAT 100000 LAST\r\n" '\r\n')
	service_slow <<-'S'
		tls none
	S
	for ((n = 0; n < ${#pieces[@]}; n += 2)); do
		drip_too_long "${pieces[@]:n:2}"
	done
	[[ $(messages) == 0 ]]
	[[ $(grep -c "the dialogue took too long" "$BATS_TEST_TMPDIR/service.err") == 6 ]] \
	    || complain "another reason: $(< "$BATS_TEST_TMPDIR/service.err")"
}

@test "a user who may not send has thirty minutes, too" {
	service_slow <<-'S'
		tls none
	S
	echo "allow_users nobody-of-that-name" >> "$service"
	drip "" 'NO'
	[[ $stdout == "554 "* ]] || complain "no 554"
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

@test "a connection takes ten thousand recipients, and the message goes to these" {
	service <<-'S'
		tls none
		no_transcript
	S
	{
		printf '%s\r\n' "EHLO me" "MAIL FROM:<me@example.org>"
		printf 'RCPT TO:<u%s@example.net>\r\n' {1..10002}
		printf '%s\r\n' DATA "Subject: x" "" "." QUIT
	} > "$BATS_TEST_TMPDIR/many"
	run_bounded "$BUILDDIR/tests/server/accept" --connect "$socket" < "$BATS_TEST_TMPDIR/many"
	[[ $(grep -c '^250 2.1.5' <<< "$stdout") == 10000 ]] || complain "other answers"
	[[ $(grep -c '^452 4.5.3' <<< "$stdout") == 2 ]] || complain "no 452"
	[[ $(envelope | grep -c '^rcpt ') == 10000 ]]
}

@test "a message has 100 MiB at most: 552, whether its size is announced or not, and the connection goes on" {
	service <<-'S'
		tls none
		discard
	S
	local large=$((100 * 1024 * 1024 + 1)) to="RCPT TO:<you@example.net>" from="MAIL FROM:<me@example.org>"
	{
		printf '%s\r\n' "EHLO me" "$from SIZE=$large" "$to" DATA RSET "$from" "$to" DATA
		head -c "$large" /dev/zero | tr '\0' '\n'
		printf '%s\r\n' "" . "$from" "$to" "BDAT $large"
		head -c "$large" /dev/zero | tr '\0' '\n'
		printf '%s\r\n' "BDAT 0 LAST" "$from" "$to" "BDAT 4 LAST"
		printf 'x: yQUIT\r\n'
	} > "$BATS_TEST_TMPDIR/said"
	run_bounded "$BUILDDIR/tests/server/accept" --connect "$socket" < "$BATS_TEST_TMPDIR/said"
	[[ $stdout == *"250-SIZE $((large - 1))"* ]] || complain "SIZE is not offered"
	[[ $(grep -c '^552 5.3.4 ' <<< "$stdout") == 6 ]] || complain "not six times 552"
	[[ $(grep -o '^[2-5][0-9][0-9] ' <<< "$stdout" | tr -d '\n') == \
	    "220 250 552 552 552 250 250 250 354 552 250 250 552 552 250 250 250 221 " ]] || complain "other answers"
	[[ $(messages) == 1 ]]
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

@test "a full disk: the user keeps the message, and is told" {
	local crash=$BUILDDIR/tests/fault/crash.so
	[[ -e $crash ]] || skip "needs tests/fault/crash.so: make check builds it"
	mkdir -m 700 "$BATS_TEST_TMPDIR/queue"
	run_by=(env CRASH_DIR="$BATS_TEST_TMPDIR/queue" CRASH_AT=1 CRASH_HOW=ENOSPC CRASH_TRACE="$BATS_TEST_TMPDIR/trace"
	    LD_PRELOAD="$crash" ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0")
	service <<-'S'
		tls none
	S
	printf '%s\n' "queue on" "queue_directory $BATS_TEST_TMPDIR/queue" "logfile $BATS_TEST_TMPDIR/log" >> "$service"
	stop_server
	postern you@example.net < "$mail"
	((status == 75)) || complain "status $status"
	[[ $(wc -l < "$BATS_TEST_TMPDIR/log") == 1 && $(< "$BATS_TEST_TMPDIR/log") != *kept=* ]] || complain "$(< "$BATS_TEST_TMPDIR/log")"
	grep -q "could not be kept in the queue: .*No space left on device" <(tr "\n" " " < "$BATS_TEST_TMPDIR/service.err") \
	    || complain "$(< "$BATS_TEST_TMPDIR/service.err")"
	[[ -z $(ls "$BATS_TEST_TMPDIR/queue") ]]
	run_by=()
}

@test "a message that is kept for a part of an alias only has one line in the log" {
	service <<-'S'
		tls none
	S
	echo "team: you@example.net, :include:/nonexistent" > "$BATS_TEST_TMPDIR/aliases"
	mkdir -m 700 "$BATS_TEST_TMPDIR/queue"
	printf '%s\n' "aliases $BATS_TEST_TMPDIR/aliases" "queue on" "queue_directory $BATS_TEST_TMPDIR/queue" \
	    "logfile $BATS_TEST_TMPDIR/log" >> "$service"
	stop_server
	postern_ok team < "$mail"
	[[ $(wc -l < "$BATS_TEST_TMPDIR/log") == 1 && $(< "$BATS_TEST_TMPDIR/log") == *kept=*"cannot read it"* ]] \
	    || complain "$(< "$BATS_TEST_TMPDIR/log")"
}

@test "a service that ends without a word: the hint names its log" {
	start_server <<< "tls none"
	socket=$BATS_TEST_TMPDIR/ends
	serve true
	printf '%s\n' "socket $socket" > "$conf"
	postern_fails 75 greeting -- you@example.net < "$mail"
	hinted "the log of the server that listens on $socket says why"
}

@test "the password is a credential, as postern-service(7) says" {
	local line
	line=$(sed -n 's/^\.Ql \(passwordeval .*\)$/\1/p' "$SRCDIR/man/postern-service.7")
	[[ $line == passwordeval* ]]
	mkdir -m 500 "$BATS_TEST_TMPDIR/credentials"
	install -m 400 /dev/stdin "$BATS_TEST_TMPDIR/credentials/password" <<< secret
	run_by=(env CREDENTIALS_DIRECTORY="$BATS_TEST_TMPDIR/credentials")
	service < /dev/null
	sed -i '/^password/d' "$service"
	echo "$line" >> "$service"
	postern_ok you@example.net < "$mail"
	[[ $(envelope) == *"auth "*user* ]] || complain "$(envelope)"
}

@test "one uid has a thousand messages and 100 MiB in the queue at most: 452 4.3.1, and the message stays with the user" {
	service <<-'S'
		tls none
	S
	local n other
	stop_server
	printf '%s\n' "queue on" "queue_directory $BATS_TEST_TMPDIR/queue" >> "$service"
	postern_ok you@example.net < "$mail"
	id=$(basename "$BATS_TEST_TMPDIR/queue/"*-*)
	other=$BATS_TEST_TMPDIR/queue/${id%-*}-ffffffffffffffff
	cp "$BATS_TEST_TMPDIR/queue/$id" "$other"
	truncate -s 100M "$other"
	rm "$BATS_TEST_TMPDIR/queue/.tally"*	# which does not know of it
	postern you@example.net < "$mail"
	((status == 75)) || complain "status $status"
	told "452 4.3.1 the queue has 2 messages of uid $(id -u), 1024"
	rm "$other"
	for ((n = 1; n < 1000; n++)); do
		cp "$BATS_TEST_TMPDIR/queue/$id" "$BATS_TEST_TMPDIR/queue/$(printf '%s-%016x' "${id%-*}" "$n")"
	done
	rm "$BATS_TEST_TMPDIR/queue/.tally"*	# which does not know of these
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

# ------------------------------------------------------------------------------------------------------------ the units

# unit FILE: a unit as it is installed.
unit() {
	mkdir -p "$BATS_TEST_TMPDIR/units"
	sed -e "s|@bindir@|${POSTERN%/*}|" -e "s|@sysconfdir@|/etc|" -e "s|@localstatedir@|/var|" -e "s|@runstatedir@|/run|" \
	    "$SRCDIR/contrib/systemd/$1" > "$BATS_TEST_TMPDIR/units/${1%.in}"
}

@test "systemd has nothing against the units, and they are hardened" {
	command -v systemd-analyze > /dev/null || skip "needs systemd-analyze"
	local name
	for name in postern.socket.in postern@.service.in postern-queue.service.in postern-queue.timer; do
		unit "$name"
	done
	cd "$BATS_TEST_TMPDIR/units"
	run_bounded systemd-analyze verify --man=no ./*
	[[ $status == 0 && -z $stdout$stderr ]] || complain "systemd-analyze verify"
	for name in postern@.service postern-queue.service; do
		run_bounded systemd-analyze security --offline=true --no-pager --threshold=20 "./$name"
		((status == 0)) || complain "$name: systemd-analyze security" || return 1
	done
	refute grep -rn '^PrivateUsers' .
	for name in ListenStream=/run/postern/smtp SocketMode=0666 Accept=yes MaxConnections=64 TriggerLimitIntervalSec=0; do
		grep -qxF "$name" postern.socket || complain "postern.socket: no $name"
	done
}
