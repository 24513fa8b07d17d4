# The queue: what `postern -q` and the other flushes try, when, and in what order; how long an entry waits for its next try.
# flush.bats has entries that share a connection, clock.bats a clock that jumps.

load helper
load queue

@test "what waits goes over one connection" {
	local n
	server
	for n in 1 2 3 4; do
		keep "you$n@example.net"
	done
	flushed 0
	kept 0
	[[ $(connections) == 1 && $(messages) == 4 ]]
	# EHLO, two for each message, QUIT
	(($(flights) <= 10)) || complain "$(flights) flights"
}

@test "a dead smarthost costs one attempt, and every entry waits" {
	server "reply GREETING 421 4.3.2 busy"
	keep one@example.net
	keep two@example.net
	keep three@example.net
	flushed 75
	[[ $(connections) == 1 ]]
	kept 3
	for id in $(entries); do
		[[ $(records_of "$id") == *"4.3.2 busy"* ]]
	done
	flushed 0				# nothing is due now
	[[ $(connections) == 1 ]]
}

@test "a message that is always refused or kills the connection does not hold up the others" {
	server "reply RCPT:later@* 451 4.3.0 later" "drop RCPT:poison@* close"
	keep poison@example.net
	keep later@example.net
	keep you@example.net
	keep poison@example.net
	keep her@example.net
	flushed 75
	kept 3
	[[ $(messages) == 2 ]]
}

@test "a flush that is killed leaves no lock behind, even while its resolver hangs" {
	local flush child hang=$BUILDDIR/tests/fault/hang.so
	[[ -e $hang ]] || skip "needs tests/fault/hang.so: make check builds it"
	server
	keep
	set_conf host nowhere.example
	export HANG_PID=$BATS_TEST_TMPDIR/resolver
	# so many descriptors are open that the queue has high ones
	HANG_SO=$hang ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
	    bash -c 'for n in {3..70}; do eval "exec $n< /dev/null"; done; LD_PRELOAD=$HANG_SO exec "$@"' \
	    bash "$POSTERN" -C "$conf" -q < /dev/null > "$BATS_TEST_TMPDIR/stdout" 2> "$BATS_TEST_TMPDIR/stderr" &
	flush=$!
	until [[ -s $HANG_PID ]]; do
		sleep 0.05
	done
	child=$(< "$HANG_PID")
	refute flock -n "$queue/$(entries)" true
	kill -KILL "$flush"
	wait "$flush" || :
	kill -0 "$child" || complain "the resolver is gone, too"
	flock -n "$queue/$(entries)" true || complain "the entry is still locked"
	set_conf host localhost
	flushed 0
	kill -KILL "$child"
	kept 0
}

@test "the wait doubles up to the longest one, and is up to a quarter longer" {
	local waits
	unreachable
	set_conf queue_retry 100s,300s
	silent_ok you@example.net < "$mail"
	for _ in 1 2 3; do
		due
		flushed 75
	done
	waits=$(records_of "$(entries)" | awk '$2 == "try" { print $4 - $3 }' | xargs)
	read -r a b c d <<< "$waits"
	((a >= 100 && a <= 125 && b >= 200 && b <= 250 && c >= 300 && c <= 375 && d >= 300 && d <= 375)) || complain "$waits"
}

@test "what is not due is not tried; what is chosen with -qI, -qR, -qS is, even so" {
	local id
	unreachable
	silent_ok -f one@example.org you@example.net < "$mail"
	server
	write_conf
	flushed 0
	kept 1
	id=$(entries)
	for one in -qRother@ -qSyou@ -qIzzz -q!Ryou@ -q!S"one@" "-q!I$id"; do
		postern_ok $one
		kept 1
	done
	postern_fails 64 usage -- -qR you@
	postern_ok -qRYOU@Example.net
	kept 0
	[[ $(messages) == 1 ]]
}

@test "of choices with one letter, one is enough; of several letters, each must agree" {
	server
	keep -f one@example.org you@example.net
	keep -f two@example.org you@example.net
	keep -f two@example.org her@example.net
	postern_ok -qSone@ -qRher@
	kept 3
	postern_ok -qSthree@ -qSTWO@ -qRyou@
	kept 2
	[[ $(envelope) == *"mail <two@example.org>"*"rcpt <you@example.net>"* ]]
	postern_ok -qRher@ -q!Sone@ -qI-
	kept 1
	[[ $(envelope 2) == *"rcpt <her@example.net>"* ]]
}

@test "while the configuration is wrong, nothing is tried: no entry ends, and none waits long" {
	local one good=$BATS_TEST_TMPDIR/good
	server
	keep
	aged
	cp "$conf" "$good"
	for one in '$ajunk' '1s/default/other/' /^host/d; do
		sed "$one" "$good" > "$conf"
		conf=$good due
		conf=$good flushed 78
		[[ $one == /^host/d ]] || told "the account default cannot be used"
		conf=$good postern_ok -bp
		[[ $stdout == *"0 tries, next "* ]] || complain "$stdout"
	done
	read -r _ word at next _ < <(records_of "$(entries)" | tail -n 1)
	[[ $word == wait ]]
	((next - at >= 300 && next - at <= 375))
	[[ $(grep -c ' needs=person ' "$log") == 1 && $(connections) == 0 ]]	# only the incomplete one has a log
	cat "$good" > "$conf"
	due
	flushed 0
	kept 0
	[[ $(messages) == 1 ]]
}

@test "the configuration is read again: a corrected port helps what waits" {
	unreachable
	silent_ok you@example.net < "$mail"
	server
	due
	flushed 0
	[[ $(messages) == 1 ]]
	kept 0
}

@test "a wrong password: 78 until it is corrected" {
	start_server <<< ""
	set_conf password wrong
	silent_ok you@example.net < "$mail"
	due
	flushed 78
	set_conf password secret
	due
	flushed 0
	[[ $(messages) == 1 ]]
	kept 0
}

@test "an account that is gone waits for a person, and others go out" {
	server
	printf 'account old : default\n' >> "$conf"
	keep -a old you@example.net
	keep her@example.net
	sed -i '/^account old/d' "$conf"
	flushed 78
	kept 1
	[[ $(messages) == 1 && $(envelope) == *her@* ]]
	postern_ok -bp
	[[ $stdout == *old* ]]
}

@test "wishes of the command line and of the environment hold at the later try" {
	server "offer MT-PRIORITY" "offer DSN"
	POSTERN_PRIORITY=4 keep -N never -R hdrs -V id you@example.net
	flushed 0
	[[ $(envelope) == *"RET=HDRS"*"ENVID=id"* && $(envelope) == *"MT-PRIORITY=4"* && $(envelope) == *"NOTIFY=NEVER"* ]]
}

@test "-C is kept with its absolute path" {
	server
	cd "$BATS_TEST_TMPDIR"
	conf=./postern.conf keep
	[[ $(envelope_of "$(entries)") == *"config $BATS_TEST_TMPDIR/postern.conf"* ]]
	cd /
	flushed 0
	[[ $(messages) == 1 ]]
}

@test "some recipients have it, and only the others get it later" {
	server "reply RCPT:her@*#1 450 4.2.0 later" "reply RCPT:her@*#2 450 4.2.0 later"
	keep you@example.net her@example.net
	flushed 75
	due
	flushed 75
	due
	flushed 0
	[[ $(messages) == 2 && $(envelope 1) != *"rcpt <her@"* && $(envelope 2) != *you@* && $(envelope 2) == *"rcpt <her@"* ]]
	kept 0
}

@test "an entry that another process has locked is left to it" {
	server
	keep
	flock "$queue/$(entries)" "$POSTERN" -C "$conf" -q
	kept 1
	[[ $(messages) == 0 ]]
	flock "$queue/$(entries)" "$POSTERN" -C "$conf" --queue-remove="$(entries)" 2> "$BATS_TEST_TMPDIR/stderr" || status=$?
	[[ $status == 73 ]] || complain "status $status"
	grep -q "is being sent" "$BATS_TEST_TMPDIR/stderr"
	flushed 0
	[[ $(messages) == 1 ]]
}

@test "a message that goes through starts a flush of what is due" {
	server
	keep her@example.net
	silent_ok you@example.net < "$mail"
	flock "$queue/.flushing" true
	kept 0
	[[ $(messages) == 2 ]]
}

@test "-q15m repeats until a signal" {
	server
	keep
	with_default_signals "$POSTERN" -C "$conf" -q15m < /dev/null 3>&- &
	pid=$!
	heard 'C: QUIT'
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status == 0 && $(messages) == 1 ]] || complain "status $status"
	kept 0
	postern_fails 64 usage -- -qx
	postern_fails 64 usage -- -q0
}

@test "-q needs a queue that can be read" {
	unreachable
	flushed 0				# there is none
	mkdir "$queue" && chmod 777 "$queue"
	flushed 73
	told "$queue"
}

@test "a clock that was set back neither ends nor freezes a message" {
	local id now
	unreachable
	now=$(date +%s)
	keep you@example.net
	id=$(entries)
	record "try $((now + 8640000)) $((now + 8640600)) : it was later then" >> "$queue/$id.record"
	{ envelope_of "$id" > /dev/null; head -c $((66 + envelope_len + message_len)) "$queue/$id"; cat "$queue/$id.record"; } > "$BATS_TEST_TMPDIR/all"
	rm "$queue/$id.record"
	cat "$BATS_TEST_TMPDIR/all" > "$queue/$id"
	edited "$id" "s/^created .*/created $((now + 8639000))/"
	flushed 75
	kept 1
	[[ $(records_of "$id" | wc -l) == 2 ]]
	[[ $(records_of "$id" | tail -n 1) =~ \ try\ ([0-9]+)\ ([0-9]+)\  ]]
	((BASH_REMATCH[1] >= now && BASH_REMATCH[2] <= now + 1000))
	flushed 0			# its wait has begun
}

@test "the first wait after a failed submission has a random part, too" {
	unreachable
	set_conf queue_retry 100000s,200000s
	for _ in {1..6}; do
		silent_ok you@example.net < "$mail"
	done
	waits=$(for id in $(entries); do records_of "$id"; done | awk '$2 == "try" { print $4 - $3 }' | sort -nu)
	(($(wc -l <<< "$waits") > 1)) || complain "$waits"
	(($(head -n 1 <<< "$waits") >= 100000 && $(tail -n 1 <<< "$waits") <= 125000))
}

# ------------------------------------------------------------------------------------------------------- the manual

@test "the set-ups of postern-queue(7) work as they stand there" {
	local n=0 block=$BATS_TEST_TMPDIR/block line
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$POSTERN" "$BATS_TEST_TMPDIR/bin/postern"
	awk -v to="$block" '/^\.Sh EXAMPLES/ { in_it = 1 } !in_it { next } /^\.Bd/ { n++; on = 1; next } /^\.Ed/ { on = 0 } on { print > (to "." n) }' \
	    "$SRCDIR/man/postern-queue.7"
	server "auth_clear"
	for one in "$block".*; do
		grep -q ^host "$one" || continue
		{
			grep -vE '^(host|user|password)' "$one"
			printf '%s\n' "host localhost" "port $port" "tls off" "queue_directory $queue" "from me@example.org"
		} > "$conf"
		keep
		n=$((n + 1))
	done
	((n == 2))
	while read -r line; do
		[[ $line == *" -q" ]]
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run_bounded sh -c "${line##*/} -C $conf" 
		((status == 0)) || complain "$line"
		n=$((n + 1))
	done < <(sed -n 's|^\.Dl \*/5 \* \* \* \* ||p' "$SRCDIR/man/postern-queue.7" | sed 's/\\-/-/g')
	((n == 4))
	[[ $(messages) == 2 ]]
}
