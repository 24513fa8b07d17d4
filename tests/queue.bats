# The queue: what is kept and what is final, what `postern -q` does with it, and how an entry ends.
# Time is never waited for: a test makes an entry older (`aged`) or due (--queue-retry).

load helper
load queue

# envelope_of ID, message_of ID, records_of ID: the parts of an entry, by the lengths in its first line.
lengths() { read -r _ _ envelope_len message_len _ < "$queue/$1"; envelope_len=$((10#$envelope_len)) message_len=$((10#$message_len)); }
envelope_of() { lengths "$1"; tail -c +67 "$queue/$1" | head -c "$envelope_len"; }
message_of() { lengths "$1"; tail -c +$((67 + envelope_len)) "$queue/$1" | head -c "$message_len"; }
records_of() { lengths "$1"; tail -c +$((67 + envelope_len + message_len)) "$queue/$1"; }

# crc: of stdin, as gzip writes it.  record TEXT: a line with its checksum.
crc() { gzip -c | tail -c 8 | od -An -v -tx4 -N4 --endian=little | tr -d ' '; }
record() { printf '%s %s\n' "$(printf %s "$1" | crc)" "$1"; }

# edited ID SCRIPT: changes the envelope with sed, and makes the checksum right again.
edited() {
	local at=$BATS_TEST_TMPDIR/part
	envelope_of "$1" | sed "$2" > "$at.e"
	message_of "$1" > "$at.m"
	records_of "$1" > "$at.r"
	{
		printf 'postern-queue 1 %012d %018d %s %s\n' "$(stat -c %s "$at.e")" "$(stat -c %s "$at.m")" "$(crc < "$at.e")" "$(crc < "$at.m")"
		cat "$at.e" "$at.m" "$at.r"
	} > "$at.all"
	cat "$at.all" > "$queue/$1"
}

# aged [SECONDS]: every entry is ten days old, or so many seconds.
aged() {
	local id
	for id in $(entries); do
		edited "$id" "s/^created .*/created $(($(date +%s) - ${1:-864000}))/"
	done
}

# ------------------------------------------------------------------------------------------------------ what is kept

# kept_with LINE...: with such a server, the message is kept, and the caller hears nothing.
kept_with() {
	rm -rf "$queue"
	start_server <<< "$(printf '%s\n' "$@")"
	silent_ok you@example.net < "$mail" || complain "not kept with: $*" || return 1
	kept 1
	stop_server
}

@test "what is wrong with the smarthost or with the account is kept, and the caller hears nothing" {
	local one
	violations_expected=1
	for one in "drop GREETING close" "reply GREETING 421 4.3.2 busy" "reply GREETING 554 5.7.1 go away" "cert selfsigned" \
	    "cert expired" "hide STARTTLS" "reply STARTTLS 454 4.7.0 no TLS now" "drop TLS close" \
	    "reply AUTH 535 5.7.8 wrong password" "reply AUTH 454 4.7.0 later" "auth_mechs GSSAPI" "drop AUTH close"; do
		kept_with "$one"
		[[ $(records_of "$(entries)") == ????????" try "* ]]
	done
	rm -rf "$queue"
	for one in "password_file $HOME/none" "password_command false" "tls_trust_file $HOME/none" "host nobody.invalid"; do
		write_conf
		[[ $one != pass* ]] || set_conf password
		set_conf ${one%% *} "${one#* }"
		silent_ok you@example.net < "$mail"
	done
	kept 4
	[[ $(grep -c ' needs=person ' "$log") == 9 ]] || complain "$(< "$log")"	# not those that may pass by themselves
}

@test "every temporary refusal and every unknown outcome is kept" {
	local one
	for one in "reply MAIL 451 4.3.0 later" "reply RCPT 450 4.2.0 later" "reply RCPT 421 4.3.2 busy" "reply BODY 452 4.3.1 full" \
	    "drop MAIL close" "drop RCPT close" "drop BODY@50 close" "drop AFTERDOT close" "drop AFTERDOT reset"; do
		kept_with "tls none" "$one"
	done
	kept_with "tls none" "hide CHUNKING" "reply DATA 451 4.3.0 later"
	kept_with "tls none" "hide CHUNKING" "drop DOT close"
	refute grep -q needs=person "$log"
}

@test "nobody listens: the message is kept, with all that is needed later" {
	local id
	unreachable
	silent_ok -f me@example.org -N success -V 'a id' --priority=3 --deliver-by=2h,notify you@example.net her@example.net < "$mail"
	id=$(entries)
	envelope_of "$id" > "$BATS_TEST_TMPDIR/env"
	for one in "account default" "config $conf" "sender me@example.org" "rcpt you@example.net" "rcpt her@example.net" "set priority=3" \
	    "set dsn_notify=success" "set deliver_by=2h,notify" "envid a+20id"; do
		grep -qFx "$one" "$BATS_TEST_TMPDIR/env" || complain "not in the envelope: $one"
	done
	message_of "$id" | cmp - "$mail"
	[[ $(stat -c %a "$queue/$id") == 600 && $(stat -c %a "$queue") == 700 ]]
	[[ $(< "$log") == *" kept=$id "* ]]
	refute grep -q secret "$queue/$id"
}

@test "what the server refuses for good is not kept, and the status is that of a machine without a queue" {
	local one
	for one in "69 mail reply MAIL 550 5.7.1 no" "67 rcpt reply RCPT 550 5.1.1 no such user" "69 body reply BODY 554 5.6.0 spam" \
	    "65 mail size 100"; do
		read -r want stage line <<< "$one"
		server "$line"
		postern_fails "$want" -- you@example.net < "$mail"
		kept 0
		stop_server
	done
	[[ ! -e $queue ]]
}

@test "wrong use, a bad message and a missing account are final" {
	unreachable
	postern_fails 64 -- < "$mail"
	postern_fails 65 -- -t < /dev/null
	postern_fails 65 -- 'a@b@c' < "$mail"
	postern_fails 78 -- -a none you@example.net < "$mail"
	[[ ! -e $queue ]]
}

@test "of several recipients only those that may still get the message are kept" {
	local id
	server "reply RCPT:later@* 450 4.2.2 full" "reply RCPT:never@* 550 5.1.1 no such user"
	postern_fails 67 rcpt -- you@example.net later@example.net never@example.net < "$mail"
	told "never@example.net"
	[[ $stderr != *later@* ]]
	id=$(entries)
	[[ $(envelope_of "$id" | grep ^rcpt) == "rcpt later@example.net" ]]
	[[ $(envelope) == *"rcpt <you@example.net>"* ]]
}

@test "a refused recipient and a dead connection: the refused one is reported, the others are kept" {
	server "reply RCPT:never@* 550 5.1.1 no such user" "drop BODY@20 close"
	postern_fails 67 rcpt -- you@example.net never@example.net < "$mail"
	[[ $(envelope_of "$(entries)" | grep ^rcpt) == "rcpt you@example.net" ]]
}

@test "-odq keeps without a connection, with queue always, too; -odi sends" {
	server
	keep
	set_conf queue always
	keep
	kept 2
	[[ $(connections) == 0 && -z $(records_of "$(entries | head -n 1)") && ! -e $queue/.flushing ]]
	set_conf queue_directory "$HOME/other"
	silent_ok -odi you@example.net < "$mail"
	[[ $(messages) == 1 && ! -e $HOME/other ]]
}

@test "-odb keeps, and a process of its own sends" {
	server "delay GREETING 200"
	silent_ok -odb you@example.net < "$mail"
	flock "$queue/.flushing" true
	[[ $(messages) == 1 ]]
	kept 0
}

@test "queue always keeps, and a process of its own sends" {
	server "delay GREETING 200"
	set_conf queue always
	silent_ok you@example.net < "$mail"
	flock "$queue/.flushing" true
	[[ $(messages) == 1 ]]
	kept 0
}

@test "a message that is only kept is sent at once, also behind many that are not due" {
	local n
	unreachable
	for n in {1..101}; do
		printf 'MAIL FROM:<me@example.org>\r\nRCPT TO:<r%d@example.net>\r\nDATA\r\n\r\nx\r\n.\r\n' "$n"
	done > "$BATS_TEST_TMPDIR/dialogue"
	postern_ok -bs -odq < <(printf 'EHLO x\r\n'; cat "$BATS_TEST_TMPDIR/dialogue"; printf 'QUIT\r\n')
	flushed 75
	kept 101
	for n in $(entries); do	# they are the oldest by their names, too
		mv "$queue/$n" "$queue/60000000${n:8}"
	done
	server
	write_conf
	silent_ok -odb you@example.net < "$mail"
	flock "$queue/.flushing" true
	[[ $(messages) == 1 ]] || complain "$(messages) messages"
	kept 101
}

@test "-odb while another flush runs: the message is sent after it, and the caller does not wait" {
	local n running
	server
	keep
	exec {running}<> "$queue/.flushing"
	flock "$running"
	for n in 1 2 3; do
		silent_ok -odb you@example.net < "$mail"
	done
	kept 4
	refute flock -n "$queue/.flush-next" true	# it waits, and is the only one
	exec {running}>&-
	flock "$queue/.flush-next" true
	flock "$queue/.flushing" true
	[[ $(messages) == 4 ]] || complain "$(messages) messages"
	kept 0
	postern_ok -bp
	[[ $stdout == "Mail queue is empty" ]]
}

@test "-bs with -odq only keeps, and starts no flush" {
	server
	postern_ok -bs -odq < <(printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA \
	    "Subject: x" "" text . QUIT)
	[[ $stdout == *"kept as"* && ! -e $queue/.flushing && $(connections) == 0 ]]
	kept 1
}

@test "-odb works with a relative -C, too" {
	server
	cd "$BATS_TEST_TMPDIR"
	conf=postern.conf silent_ok -odb you@example.net < "$mail"
	flock "$queue/.flushing" true
	[[ $(messages) == 1 ]]
	kept 0
}

@test "without the queue -odb and -odq send at once" {
	local one
	server
	for one in off ""; do
		set_conf queue $one
		silent_ok -odb you@example.net < "$mail"
		silent_ok -odq you@example.net < "$mail"
	done
	[[ $(messages) == 4 && ! -e $queue ]]
}

@test "with a setting of the server from the command line or the environment nothing is kept, and the error says why" {
	unreachable
	for one in "--host=localhost" "--port=$port" "--tls=off" "--user=me" "--url=smtp://localhost:$port"; do
		postern $one you@example.net < "$mail"
		((status != 0)) || complain "$one"
		told "not kept"
	done
	POSTERN_PORT=$port postern_fails 75 -- you@example.net < "$mail"
	told "not kept"
	[[ ! -e $queue ]]
	for one in --timeout=5 --priority=1 --set-msgid-header=off; do
		silent_ok $one you@example.net < "$mail"
	done
	kept 3
}

@test "require_all_recipients: a final refusal keeps the message from all, a temporary one keeps it for all" {
	server "reply RCPT:never@* 550 5.1.1 no such user" "reply RCPT:later@* 450 4.2.2 full"
	set_conf require_all_recipients on
	postern_fails 67 -- you@example.net never@example.net < "$mail"
	[[ ! -e $queue ]]
	silent_ok you@example.net later@example.net < "$mail"
	[[ $(envelope_of "$(entries)" | grep -c ^rcpt) == 2 && $(messages) == 0 ]]
}

@test "a stop signal keeps nothing: the caller has the message" {
	server "drop GREETING silence"
	with_default_signals "$POSTERN" -C "$conf" you@example.net < "$mail" 2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
	timeout 20 grep -q -m 1 connect <(exec timeout 20 tail -s 0.05 -n +1 -F "$server_dir/transcript" 2> /dev/null 3>&-)
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status == 75 && -z $(entries) ]] || complain "status $status"
}

@test "queue_size: what does not fit is not kept" {
	unreachable
	set_conf queue_size 1K
	silent_ok you@example.net < "$mail"
	postern_fails 75 -- you@example.net < <(cat "$mail"; head -c 1000 /dev/zero | tr '\0' x)
	told "queue_size"
	kept 1
	set_conf queue_size off
	silent_ok you@example.net < <(cat "$mail"; head -c 3000 /dev/zero | tr '\0' x)
	kept 2
}

@test "queue_size holds for many at once, and counts what is in dead" {
	local n pids=()
	unreachable
	keep
	mkdir -m 700 "$queue/dead"
	mv "$queue/$(entries)" "$queue/dead/"
	rm "$queue/.tally"
	n=$(stat -c %s "$queue"/dead/*)
	set_conf queue_size $((6 * n))
	for _ in {1..20}; do
		"$POSTERN" -C "$conf" -odq you@example.net < "$mail" > /dev/null 2>> "$BATS_TEST_TMPDIR/stderr" 3>&- &
		pids+=($!)
	done
	n=0
	for pid in "${pids[@]}"; do
		! wait "$pid" || n=$((n + 1))
	done
	kept "$n"
	((n >= 4 && n <= 5)) || complain "$n are kept"
	set_conf queue_size 100M
	keep				# more room, and the number is right again after a removal
	set_conf queue_size "$(($(stat -c %s "$queue"/dead/*) * (n + 2)))"
	postern_fails 75 -- you@example.net < "$mail"
	postern_ok --queue-remove=ALL
	silent_ok you@example.net < "$mail"
}

# The first is stopped while it waits for the lock that the test holds, so its file is there before it is counted.
@test "a message that waits to be counted takes no room from another one" {
	local lock pid rc=0
	unreachable
	keep
	set_conf queue_size $((5 * $(stat -c %s "$queue/$(entries)") / 2))
	exec {lock}> "$queue/.tally"	# it has no number, so the directory is read
	flock "$lock"
	"$POSTERN" -C "$conf" -odq you@example.net < "$mail" 2> "$BATS_TEST_TMPDIR/said" 3>&- {lock}>&- &
	pid=$!
	until [[ -n $(find "$queue" -name '.new-*' -size +0) ]]; do
		sleep 0.05	# the limit of the test ends this
	done
	kill -STOP "$pid"
	until [[ $(ps -o state= -p "$pid") == T ]]; do
		sleep 0.05
	done
	exec {lock}>&-
	silent_ok -odq you@example.net < "$mail" || { kill -KILL "$pid"; return 1; }
	kept 2
	kill -CONT "$pid"
	wait "$pid" || rc=$?
	[[ $rc == 75 && $(< "$BATS_TEST_TMPDIR/said") == *queue_size* ]] || complain "$rc: $(< "$BATS_TEST_TMPDIR/said")"
	kept 2
}

@test "a number of the queue's size that cannot be right is not believed" {
	local one
	unreachable
	set_conf queue_size 100K
	keep
	for one in "" "junk" "00000000000000000000 0000000000000000000x" "-0000000000000000001 00000000000000000001"; do
		head -c 200000 /dev/zero > "$queue/65000000-0000000000000000"
		printf '%s\n' "$one" > "$queue/.tally"
		postern_fails 75 -- you@example.net < "$mail"
		told queue_size
		printf '%020d %020d\n' 1 1 > "$queue/.tally"
		touch -d "@1000000000" "$queue/.tally"	# before the machine was started
		postern_fails 75 -- you@example.net < "$mail"
		rm "$queue/65000000-0000000000000000"
		silent_ok you@example.net < "$mail"
	done
}

@test "a directory that cannot be used: the verdict, and a warning" {
	unreachable
	mkdir "$HOME/open" && chmod 777 "$HOME/open"
	for one in "$HOME/open" /proc/queue "$mail/queue" relative; do
		set_conf queue_directory "$one"
		postern_fails 75 -- you@example.net < "$mail"
		told "could not be kept"
	done
	set_conf queue always
	postern_fails 75 -- you@example.net < "$mail"
	told "cannot be kept"
}

@test "a kept message is told about with -v, and to nobody else" {
	unreachable
	postern_ok -v you@example.net < "$mail"
	told "kept in the queue as $(entries)"
}

# --------------------------------------------------------------------------------------------------------- the bytes

@test "CRLF, 8-bit, dots, a missing last line end and 3 MB arrive as without the queue" {
	local one=$BATS_TEST_TMPDIR/one
	server
	for how in crlf eight none large; do
		case $how in
		crlf) sed 's/$/\r/' "$mail" > "$one" ;;
		eight) { printf 'Content-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n'; sed 's/^Hello/Gr\xc3\xbc\xc3\x9fe/' "$mail"; } > "$one" ;;
		none) head -c -1 "$mail" > "$one" ;;
		large) { cat "$mail"; yes "$(printf '%070d' 0)" | head -c 3000000; echo; } > "$one" ;;
		esac
		mail=$one
		silent_ok -odi you@example.net < "$one"
		keep
		[[ $how == crlf ]] || message_of "$(entries)" | cmp - "$one"	# the header is kept with LF
		flushed 0
		kept 0
		sync_server
		cmp "$server_dir/msg.1" "$server_dir/msg.2"
		stop_server
		server
		write_mail > "$BATS_TEST_TMPDIR/mail"
		mail=$BATS_TEST_TMPDIR/mail
	done
}

@test "a message without date and id has the same ones at every try" {
	local id
	server "reply BODY#1 451 4.3.0 later" "reply BODY#2 451 4.3.0 later"
	printf 'Subject: bare\n\nx\n' > "$mail"
	silent_ok you@example.net < "$mail"
	id=$(message_of "$(entries)" | grep -i ^message-id)
	due
	flushed 75
	due
	flushed 0
	[[ $(message | tr -d '\r' | grep -i ^message-id) == "$id" ]]
	message | grep -qi ^date
}

# -------------------------------------------------------------------------------------------------------- the flush

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
	local flush child
	server
	keep
	set_conf host nowhere.example
	export HANG_PID=$BATS_TEST_TMPDIR/resolver
	# so many descriptors are open that the queue has high ones
	HANG_SO=$BUILDDIR/tests/fault/hang.so ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
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
	postern_ok -qR you@ || true
	postern_ok -qRyou@
	kept 0
	[[ $(messages) == 1 ]]
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
	timeout 20 grep -q -m 1 'C: QUIT' <(exec timeout 20 tail -s 0.05 -n +1 -F "$server_dir/transcript" 2> /dev/null 3>&-)
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

# ------------------------------------------------------------------------------------------------------------ the end

# The report that arrived, with LF.
report() { message "$1" | tr -d '\r'; }

@test "when its time is over, the sender gets a report through the same server" {
	local id
	server "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -R full -V 'env 1+1' gone@example.net you@example.net
	aged
	flushed 0
	kept 0
	[[ $(connections) == 1 && $(messages) == 2 && $(envelope 2) == *"mail <>"* && $(envelope 2) == *"rcpt <me@example.org>"* ]]
	report 2 > "$BATS_TEST_TMPDIR/report"
	for one in 'Auto-Submitted: auto-replied' 'To: <me@example.org>' 'In-Reply-To: <standard@example.org>' 'MIME-Version: 1.0' \
	    'Content-Type: multipart/report; report-type=delivery-status;' 'Content-Type: message/delivery-status' \
	    'Content-Type: message/rfc822' 'Final-Recipient: rfc822; gone@example.net' 'Action: failed' 'Original-Envelope-Id: env 1+1' \
	    '.this line starts with a dot' 'Subject: a test'; do
		grep -qFx -- "$one" "$BATS_TEST_TMPDIR/report" || complain "the report does not have: $one"
	done
	grep -qE '^Reporting-MTA: (dns; [^ ]+\.|x-local-hostname; [^ .]+$)' "$BATS_TEST_TMPDIR/report"
	grep -qE '^Arrival-Date: [A-Z][a-z]{2}, ' "$BATS_TEST_TMPDIR/report"
	grep -qE '^Status: [45]\.[0-9]+\.[0-9]+$' "$BATS_TEST_TMPDIR/report"
	grep -qE '^Diagnostic-Code: smtp; 451 4\.2\.2 mailbox full' "$BATS_TEST_TMPDIR/report"
	refute grep -q 'you@example.net$' <(grep -i '^final' "$BATS_TEST_TMPDIR/report")
	well_formed "$BATS_TEST_TMPDIR/report" 3
}

@test "the original recipient and the envelope id are reported without their encoding, and no line comes out of it" {
	server "reply RCPT:*@example.net 451 4.2.2 mailbox full"
	printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org> ENVID=a+2Bb+3Dc" "RCPT TO:<you@example.net> ORCPT=rfc822;a+2Bb@example.net" \
	    "RCPT TO:<her@example.net> ORCPT=rfc822;x+0D+0AInjected:+20y" DATA "Subject: x" "" "." QUIT > "$BATS_TEST_TMPDIR/said"
	postern_ok -odq -bs < "$BATS_TEST_TMPDIR/said"
	aged
	flushed 0
	report 1 > "$BATS_TEST_TMPDIR/report"
	for one in "Original-Envelope-Id: a+b=c" "Original-Recipient: rfc822;a+b@example.net" "Original-Recipient: rfc822;x+0D+0AInjected:+20y"; do
		grep -qFx -- "$one" "$BATS_TEST_TMPDIR/report" || complain "the report does not have: $one"
	done
	refute grep -q '^Injected' "$BATS_TEST_TMPDIR/report"
}

# well_formed FILE N: the boundary stands N times before a part and once at the end.
well_formed() {
	local boundary
	boundary=$(sed -n 's/^ boundary="\(.*\)"$/\1/p' "$1" | head -n 1)
	[[ -n $boundary && $(grep -cFx -- "--$boundary" "$1") == "$2" && $(grep -cFx -- "--$boundary--" "$1") == 1 \
	    && $(tail -n 1 "$1") == "--$boundary--" ]] || complain "the parts of $(< "$1")"
}

@test "a final refusal at a later try is reported at once, with the header only" {
	server "reply RCPT:gone@*#1 450 4.2.0 later" "reply RCPT:gone@*#2 550 5.1.1 gone for ever"
	silent_ok gone@example.net < "$mail"
	due
	flushed 0
	[[ $(messages) == 1 && $(envelope 1) == *"mail <>"* ]]
	report 1 > "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Status: 5.1.1' "$BATS_TEST_TMPDIR/report"
	grep -qF '550 5.1.1 gone for ever' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: text/rfc822-headers' "$BATS_TEST_TMPDIR/report"
	refute grep -q 'this line starts' "$BATS_TEST_TMPDIR/report"
	well_formed "$BATS_TEST_TMPDIR/report" 3
}

@test "a dead smarthost until the end: each message is reported, and each report has its message" {
	unreachable
	for n in 1 2 3; do
		sed "s/^Subject: .*/Subject: number $n/" "$mail" > "$BATS_TEST_TMPDIR/n"
		silent_ok you@example.net < "$BATS_TEST_TMPDIR/n"
	done
	aged
	due
	flushed 75		# the reports would go the same way: they remain, and are due
	kept 3
	server
	flushed 0
	[[ $(messages) == 3 ]]
	for n in 1 2 3; do
		grep -q "^Subject: number $n" "$server_dir"/msg.*
		well_formed <(report "$n") 3 2> /dev/null || { report "$n" > "$BATS_TEST_TMPDIR/report"; well_formed "$BATS_TEST_TMPDIR/report" 3; }
	done
}

@test "a try that a signal stops does not end a message" {
	server "drop GREETING silence"
	keep
	aged
	with_default_signals "$POSTERN" -C "$conf" -q < /dev/null 2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
	timeout 20 grep -q -m 1 connect <(exec timeout 20 tail -s 0.05 -n +1 -F "$server_dir/transcript" 2> /dev/null 3>&-)
	kill -TERM "$pid"
	wait "$pid" || :
	kept 1
	[[ $(envelope_of "$(entries)") == *you@* ]]
}

@test "before its time is over, an entry waits; and in the future it has just come" {
	unreachable
	silent_ok you@example.net < "$mail"
	edited "$(entries)" "s/^created .*/created $(($(date +%s) - 400000))/"
	due
	flushed 75
	kept 1
	edited "$(entries)" "s/^created .*/created $(($(date +%s) + 86400 * 365))/"
	due
	flushed 75
	kept 1
}

@test "NOTIFY=NEVER: no report, and the entry is over" {
	server "reply RCPT 451 4.2.2 mailbox full"
	keep -N never gone@example.net
	aged
	flushed 0
	kept 0
	[[ $(messages) == 0 && ! -e $queue/dead ]]
}

@test "a message without a sender, or with queue_bounce off, moves to dead and is shown" {
	server "reply RCPT 451 4.2.2 mailbox full"
	keep -f '<>' gone@example.net
	aged
	flushed 78
	set_conf queue_bounce off
	keep lost@example.net
	aged
	flushed 78
	kept 0
	[[ $(find "$queue/dead" -type f | wc -l) == 2 && $(messages) == 0 ]]
	postern_ok -bp
	[[ $stdout == "Given up, and nobody could be told, $queue/dead:"*gone@example.net* && $stdout == *lost@example.net* && $stdout == *"2 Requests." ]]
	[[ $(grep -c '^    (.*: 451 4\.2\.2 mailbox full' <<< "$stdout") == 2 && $(grep -c 'account default, 1 try$' <<< "$stdout") == 2 ]]
	local id
	id=$(basename "$(find "$queue/dead" -type f | sort | head -n 1)")
	postern_ok --queue-show "$id"
	[[ $stdout == "postern-queue 1 "*"Subject: "* ]]
	postern_fails 64 usage -- --queue-hold "$id"
	postern_ok --queue-remove "$id"
	[[ $(find "$queue/dead" -type f | wc -l) == 1 ]]
	postern_fails 64 usage -- --queue-remove "$id"
	postern_ok --queue-remove ALL
	postern_ok -bp
	[[ $stdout == "Mail queue is empty" ]]
}

@test "a report that is refused is not reported" {
	server "reply RCPT:gone@* 550 5.1.1 gone" "reply RCPT:me@* 550 5.1.1 gone, too"
	keep gone@example.net
	flushed 78
	kept 0
	[[ $(find "$queue/dead" -type f | wc -l) == 1 && $(messages) == 0 ]]
}

@test "a server that takes no null sender gets the report from the account, and asks for none about it" {
	server "reply MAIL:<> 550 5.7.1 no null sender" "reply MAIL: 550 5.7.1 no null sender" "reply RCPT:gone@* 550 5.1.1 gone"
	keep gone@example.net
	flushed 0
	kept 0
	[[ $(connections) == 1 && $(messages) == 1 && $(envelope 1) == *"mail <me@example.org>"* && $(envelope 1) == *"NOTIFY=NEVER"* && ! -e $queue/dead ]]
}

@test "a report about an address or a header that is not ASCII" {
	server "offer SMTPUTF8" "reply RCPT:*gone@* 550 5.1.1 weg"
	sed 's/^Subject: .*/Subject: gr\xc3\xbc\xc3\x9fe/' "$mail" > "$BATS_TEST_TMPDIR/u"
	silent_ok -odq $'gr\xc3\xbcgone@example.net' < "$BATS_TEST_TMPDIR/u"
	flushed 0
	[[ $(messages) == 1 ]]
	report 1 > "$BATS_TEST_TMPDIR/report"
	grep -qFx $'Final-Recipient: utf-8; gr\xc3\xbcgone@example.net' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: message/global-delivery-status' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: message/global-headers' "$BATS_TEST_TMPDIR/report"
	well_formed "$BATS_TEST_TMPDIR/report" 3
}

@test "a header that is neither ASCII nor UTF-8 is not attached as UTF-8" {
	server "reply RCPT:*gone@* 550 5.1.1 gone"
	sed 's/^Subject: .*/Subject: gr\xfc\xdfe/' "$mail" > "$BATS_TEST_TMPDIR/latin"
	for one in hdrs full; do
		silent_ok -odq -R "$one" gone@example.net < "$BATS_TEST_TMPDIR/latin"
		flushed 0
	done
	report 1 > "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: text/rfc822-headers' "$BATS_TEST_TMPDIR/report"
	report 2 > "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: message/rfc822' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Subject: =?unknown-8bit?Q?gr=FC=DFe?=' "$BATS_TEST_TMPDIR/report"
}

@test "words of the server do not become lines of the entry or of the report" {
	server 'reply RCPT:gone@*#1 450-4.2.0 a\r\n450 4.2.0 b\x01 \\ rcpt evil@example.net' \
	    'reply RCPT:gone@*#2 550-5.1.1 a\r\n550 5.1.1 Final-Recipient: rfc822; x@example.net'
	silent_ok gone@example.net < "$mail"
	[[ $(records_of "$(entries)" | wc -l) == 1 ]]
	due
	flushed 0
	report 1 > "$BATS_TEST_TMPDIR/report"
	[[ $(grep -c '^Final-Recipient' "$BATS_TEST_TMPDIR/report") == 1 ]]
}

# ------------------------------------------------------------------------------------------------- looking and handling

@test "mailq: in the order of arrival, with what a person needs; the last line is that of other programs" {
	local first second
	unreachable
	postern_as mailq
	[[ $status == 0 && $stdout == "Mail queue is empty" ]]
	silent_ok -f '<>' one@example.net < "$mail"
	first=$(entries)
	edited "$first" "s/^created .*/created 1700000000/"
	mv "$queue/$first" "$queue/6553f100-0123456789abcdef"
	keep two@example.net three@example.net
	second=$(entries | tail -n 1)
	postern_as mailq
	((status == 0))
	[[ $stdout == "The queue $queue:"*MAILER-DAEMON*onnection\ refused*"1 try,"*one@*"$second"*me@example.org*due*two@*three@*"-- 1 Kbytes in 2 Requests." ]] \
	    || complain "mailq" 
	[[ $stdout == *"$(stat -c %s "$mail")"* && $stdout == *2023-11-14T22:13:20Z* ]]
	postern_ok --queue-remove="$second"
	postern_as mailq
	[[ $stdout == *"-- 1 Kbytes in 1 Request." ]]
}

@test "--queue-show shows all of an entry" {
	unreachable
	silent_ok you@example.net < "$mail"
	postern_ok --queue-show="$(entries)"
	[[ $stdout == *"rcpt you@example.net"*"$(< "$mail")"*" try "*"refused"* ]]
	postern_fails 64 usage -- --queue-show=6b49d200-0123456789abcdef
	postern_fails 64 usage -- --queue-show=../../etc/passwd
	postern_fails 64 usage -- --queue-show=
}

@test "a held message is not sent, also with -qR and --queue-retry, until it is released" {
	local id
	server
	keep
	id=$(entries)
	postern_ok --queue-hold="$id"
	flushed 0
	postern_ok -qRyou@
	postern_fails 64 usage -- --queue-retry="$id"
	postern_ok -bp
	[[ $stdout == *held* && $(messages) == 0 ]]
	postern_ok --queue-release="$id"
	flushed 0
	[[ $(messages) == 1 ]]
	kept 0
}

@test "the lifetime of a held message begins at its release" {
	unreachable
	silent_ok you@example.net < "$mail"
	postern_ok --queue-hold=ALL
	aged
	postern_ok --queue-release=ALL
	flushed 75
	kept 1
}

@test "a message for later is held here if the server does not offer FUTURERELEASE, and is sent without it when its time has come" {
	local id now release
	server
	silent_ok --hold-for=2h you@example.net < "$mail"
	id=$(entries) now=$(date +%s)
	[[ $(messages) == 0 && $(said MAIL) == 0 ]]
	release=$(envelope_of "$id" | sed -n 's/^release //p')
	((release >= now + 7180 && release <= now + 7200))
	refute grep -q needs= "$log"
	flushed 0
	postern_ok -qRyou@
	postern_fails 64 usage -- --queue-retry="$id"
	postern_ok -bp
	[[ $stdout == *"held until $(date -u -d "@$release" +%Y-%m-%dT%H:%M:%SZ)"* && $(messages) == 0 ]]
	edited "$id" "s/^release .*/release $((now - 1))/"
	due
	flushed 0
	kept 0
	[[ $(messages) == 1 && $(said 'MAIL.*HOLD') == 0 ]]
	silent_ok --hold-until=2096-12-24T08:00Z you@example.net < "$mail"
	flushed 0
	postern_ok --queue-release="$(entries)"
	flushed 0
	[[ $(messages) == 2 ]]
	kept 0
}

@test "a message for later goes to a server that holds messages; if it is kept, it is held here, with its time from the first submission" {
	server "offer FUTURERELEASE 999999999 2098-12-24T08:00:00Z"
	silent_ok --hold-for=2h you@example.net < "$mail"
	[[ $(messages) == 1 && $(said 'MAIL.*HOLDFOR=7200') == 1 ]]
	keep --hold-for=2h you@example.net
	flushed 0
	kept 1
	[[ $(messages) == 1 && $(envelope_of "$(entries)") == *$'\nrelease '* ]]
	silent_ok -odq --hold-for=2h -f '<>' you@example.net < "$mail"	# a report is not held
	kept 2
	flushed 0
	kept 1
	[[ $(messages) == 2 && $(said 'MAIL.*HOLD') == 1 ]]
	stop_server
	silent_ok --hold-for=2h you@example.net < "$mail"
	kept 2
	flushed 0
	postern_ok -bp
	[[ $(grep -c 'held until' <<< "$stdout") == 2 ]]
	server
	set_conf queue off
	postern_fails 69 ehlo -- --hold-for=2h you@example.net < "$mail"
}

@test "the lifetime of a message for later begins at its release, and no clock ends it before" {
	unreachable
	keep --hold-for=2h you@example.net
	aged 90000000
	edited "$(entries)" "s/^release .*/release $(($(date +%s) - 400000))/"
	flushed 75
	kept 1
	edited "$(entries)" "s/^release .*/release $(($(date +%s) - 440000))/"
	due
	flushed 75			# over; the report remains
	[[ $(envelope_of "$(entries)") == *"report yes"* ]]
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

@test "--queue-remove removes one, or all; the others stay" {
	local id
	unreachable
	postern_ok --queue-remove=ALL
	keep one@example.net
	keep two@example.net
	keep three@example.net
	id=$(entries | head -n 1)
	postern_ok --queue-remove="$id"
	kept 2
	postern_fails 64 usage -- --queue-remove="$id"
	postern_ok --queue-remove=ALL
	kept 0
	[[ $(connections) == 0 ]]
}

@test "behind a service mailq names the machine's queue, and its last line stays the same" {
	((EUID == 0)) || skip "only root can become another user"
	unreachable
	printf '%s\n' "socket /run/postern/smtp" "queue_directory $HOME/queue" > "$conf"
	chmod 644 "$conf"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$HOME"
	run_bounded setpriv --reuid 12345 --regid 12345 --clear-groups "$POSTERN" -C "$conf" -bp
	[[ $status == 0 && $stdout == "What the service behind /run/postern/smtp has kept is in the queue of the machine"*"sudo mailq"*$'\nMail queue is empty' ]] \
	    || complain "$stdout"
	for one in "host localhost" "protocol lmtp"; do
		printf '%s\n' "socket /run/postern/smtp" "$one" "tls off" "queue_directory $HOME/queue" > "$conf"
		run_bounded setpriv --reuid 12345 --regid 12345 --clear-groups "$POSTERN" -C "$conf" -bp
		[[ $status == 0 && $stdout == "Mail queue is empty" ]] || complain "$one"
	done
	postern_ok -bp
	[[ $stdout == "Mail queue is empty" ]]
}

# ------------------------------------------------------------------------------------------- the other two reports

@test "after four hours the sender is told once, if NOTIFY has DELAY" {
	server "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -N delay,failure gone@example.net
	aged 14000
	flushed 75
	[[ $(messages) == 0 ]]
	aged 14500
	due
	flushed 75
	kept 1
	[[ $(messages) == 1 && $(envelope 1) == *"mail <>"*"rcpt <me@example.org>"* ]]
	report 1 > "$BATS_TEST_TMPDIR/report"
	for one in 'Subject: Your message is delayed' 'Auto-Submitted: auto-replied' 'Action: delayed' 'Status: 4.2.2' \
	    'Final-Recipient: rfc822; gone@example.net' 'Content-Type: text/rfc822-headers'; do
		grep -qFx -- "$one" "$BATS_TEST_TMPDIR/report" || complain "the report does not have: $one"
	done
	grep -qE '^Diagnostic-Code: smtp; 451 4\.2\.2 mailbox full' "$BATS_TEST_TMPDIR/report"
	local until created
	until=$(sed -n 's/^Will-Retry-Until: //p' "$BATS_TEST_TMPDIR/report")
	created=$(envelope_of "$(entries)" | sed -n 's/^created //p')
	(($(date -d "$until" +%s) == created + 432000)) || complain "until $until"
	well_formed "$BATS_TEST_TMPDIR/report" 3
	due
	flushed 75
	[[ $(messages) == 1 ]]
	aged
	due
	flushed 0			# its time is over
	kept 0
	[[ $(messages) == 2 ]]
	report 2 | grep -qx 'Action: failed'
}

@test "no delay is reported without NOTIFY=DELAY, to nobody, with queue_bounce off, and of a message that has just been released" {
	server "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -N delay gone@example.net
	postern_ok --queue-hold=ALL
	keep gone@example.net
	keep -N failure,success gone@example.net
	keep -N delay -f '<>' gone@example.net
	aged 20000
	postern_ok --queue-release=ALL
	flushed 75
	kept 4
	set_conf queue_bounce off
	aged 20000
	keep -N delay gone@example.net
	aged 20000
	due
	flushed 75
	kept 5
	[[ $(messages) == 0 ]]
}

@test "a delay is told for those recipients alone that still wait and ask for it, also without an answer of the server" {
	server "reply RCPT:gone@* 451 4.2.2 mailbox full" "drop RCPT:cut@* close"
	keep gone@example.net you@example.net
	keep cut@example.net
	local id
	for id in $(entries); do
		edited "$id" "s/^rcpt .*/&\nnotify 8/; s/^created .*/created $(($(date +%s) - 20000))/"
	done
	flushed 75
	kept 2
	[[ $(messages) == 3 ]]
	for id in 2 3; do
		report $id > "$BATS_TEST_TMPDIR/report"
		[[ $(grep -c '^Final-Recipient' "$BATS_TEST_TMPDIR/report") == 1 ]]
		refute grep -q you@ <(grep '^Final' "$BATS_TEST_TMPDIR/report")
		grep -qE '^Status: 4\.[0-9]+\.[0-9]+$' "$BATS_TEST_TMPDIR/report"
		grep -qE '^Diagnostic-Code: (smtp|x-postern); .' "$BATS_TEST_TMPDIR/report"
	done
}

@test "NOTIFY=SUCCESS and a server without DSN: the sender is told that the message was passed on" {
	server "hide DSN"
	keep -N success -R full you@example.net her@example.net
	keep -N failure you@example.net
	keep -N success -f '<>' you@example.net
	flushed 0
	kept 0
	[[ $(messages) == 4 ]]
	grep -lq '^Subject: Your message was passed on' "$server_dir"/msg.4
	report 4 > "$BATS_TEST_TMPDIR/report"
	[[ $(grep -cx 'Action: relayed' "$BATS_TEST_TMPDIR/report") == 2 && $(grep -cx 'Status: 2.0.0' "$BATS_TEST_TMPDIR/report") == 2 ]]
	refute grep -q '^Diagnostic-Code' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: text/rfc822-headers' "$BATS_TEST_TMPDIR/report"
	well_formed "$BATS_TEST_TMPDIR/report" 3
	stop_server
	server
	write_conf
	keep -N success you@example.net
	flushed 0
	[[ $(messages) == 1 ]]			# the server reports it
}

@test "a message that goes through at once is reported as passed on, too; and not where the queue or queue_bounce is off" {
	server "hide DSN"
	set_conf queue off
	silent_ok -N success you@example.net < "$mail"
	set_conf queue on
	set_conf queue_bounce off
	silent_ok -N success you@example.net < "$mail"
	[[ $(messages) == 2 ]]
	kept 0
	set_conf queue_bounce on
	silent_ok -N success you@example.net < "$mail"
	flock "$queue/.flushing" true
	kept 0
	[[ $(messages) == 4 && $(envelope 4) == *"mail <>"* ]]
	report 4 | grep -qx 'Action: relayed'
}

@test "a recipient that has the message is reported as passed on once, while another one waits" {
	server "hide DSN" "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -N success gone@example.net you@example.net
	flushed 75
	due
	flushed 75
	kept 1
	[[ $(messages) == 2 ]]
	report 2 > "$BATS_TEST_TMPDIR/report"
	[[ $(grep '^Final' "$BATS_TEST_TMPDIR/report") == *you@example.net ]]
	# the report was not made before a crash: it is made now
	id=$(entries)
	{ envelope_of "$id"; message_of "$id"; } > /dev/null
	head -c $((66 + envelope_len + message_len)) "$queue/$id" > "$BATS_TEST_TMPDIR/cut"
	{ cat "$BATS_TEST_TMPDIR/cut"; record "sent $(date +%s) done 0-1 relayed 0"; } > "$BATS_TEST_TMPDIR/all"
	cat "$BATS_TEST_TMPDIR/all" > "$queue/$id"
	flushed 0
	kept 0
	[[ $(messages) == 3 ]]
	report 3 | grep -qx 'Final-Recipient: rfc822; gone@example.net'
}

# -------------------------------------------------------------------------------------- what is not to be trusted

# untrusted: neither mailq nor -q take the only file for an entry, and both leave it as it is.
untrusted() {
	local name=$1 before
	before=$(ls -l "$queue"; [[ ! -f $queue/$name ]] || head -c 100000 "$queue/$name" | cksum)
	postern_as mailq
	[[ $status == 0 && $stdout == *"$name"*"annot be trusted"* ]] || complain "mailq, $2"
	flushed 78
	told "$name"
	postern --queue-remove="$name"
	((status != 0)) || complain "removed, $2"
	[[ $before == "$(ls -l "$queue"; [[ ! -f $queue/$name ]] || head -c 100000 "$queue/$name" | cksum)" ]] || complain "changed, $2"
	[[ $(connections) == 0 ]] || complain "sent, $2"
}

@test "damaged entries are named, never sent and never removed" {
	local id good=$BATS_TEST_TMPDIR/good one
	server
	keep
	id=$(entries)
	cp "$queue/$id" "$good"
	for one in 's/^postern-queue 1/postern-queue 2/' 's/^account default/account Default/' 's/^rcpt you@/rcpt YOU@/' '1s/ [0-9a-f]*$/ 00000000/' \
	    '1s/1 0/1 9/' '1s/^p/P/'; do
		sed "$one" "$good" > "$queue/$id"
		[[ $one != '1s/ [0-9'* ]] || continue	# the checksum of the message: below
		untrusted "$id" "$one"
	done
	for one in 0 10 66 100 300; do
		head -c $one "$good" > "$queue/$id"
		untrusted "$id" "$one octets"
	done
	head -c 5000 /dev/urandom > "$queue/$id"
	untrusted "$id" noise
	truncate -s 3G "$queue/$id"
	: > "$queue/$id"
	truncate -s 3G "$queue/$id"
	untrusted "$id" huge
}

@test "a message whose octets changed is never sent, not at its end either" {
	local id
	server
	keep
	id=$(entries)
	sed -i 's/^and this is the last/and This is the last/' "$queue/$id"
	flushed 78
	told "damaged"
	kept 1
	aged
	postern_ok --queue-show="$id"
	sed -i 's/^and This is the last/and THIS is the last/' "$queue/$id"
	flushed 78
	kept 1
	[[ $(messages) == 0 && $(connections) -le 1 ]]
}

@test "an envelope that does not say what an envelope says is not trusted, with a right checksum either" {
	local id good=$BATS_TEST_TMPDIR/good one
	server
	keep
	id=$(entries)
	cp "$queue/$id" "$good"
	for one in '/^account/d' '/^sender/d' '/^rcpt/d' 's/^rcpt .*/&\n&/' 's/^sender/new-fact/' 's/^sender .*/sender a\\x0d\\x0aRSET/' 's/^created .*/created -1/' \
	    's/^sender.*/&\n&/' 's/^rcpt .*/rcpt a\\x00b/' 's/^rcpt .*/rcpt a\\xzzb/' 's/^rcpt .*/rcpt/' '$d'; do
		cat "$good" > "$queue/$id"
		edited "$id" "$one"
		untrusted "$id" "$one"
	done
}

@test "links, pipes, directories and open files are named, never opened and never removed" {
	local id good=$BATS_TEST_TMPDIR/good
	server
	keep
	id=$(entries)
	mv "$queue/$id" "$good"
	ln -s "$good" "$queue/$id"
	untrusted "$id" symlink
	ln -sf /dev/zero "$queue/$id"
	untrusted "$id" device
	rm "$queue/$id"
	mkfifo "$queue/$id"
	untrusted "$id" pipe
	rm "$queue/$id"
	ln "$good" "$queue/$id"
	untrusted "$id" "hard link"
	rm "$queue/$id"
	mkdir "$queue/$id"
	untrusted "$id" directory
	rmdir "$queue/$id"
	cp "$good" "$queue/$id"
	chmod 640 "$queue/$id"
	untrusted "$id" mode
}

@test "an entry of another user is not trusted" {
	((EUID == 0)) || skip "only root can give a file away"
	local id
	server
	keep
	id=$(entries)
	chown 12345 "$queue/$id"
	untrusted "$id" owner
	chown 12345 "$queue"	# root acts as the owner of a queue
	flushed 78		# who may not read the configuration, which is below a directory of root's
	kept 1
	[[ $(messages) == 0 ]]
}

# An account with a queue of its own, for each name.
accounts() {
	local name
	for name in "$@"; do
		printf '%s\n' "account $name" "host localhost" "port $port" "tls off" "auth off" "queue on" \
		    "queue_directory $HOME/of/$name" "from $name@example.org"
	done
}

@test "mailq, -q and --queue-* see the queues of all accounts; with -a only that of one" {
	local id
	server
	{ accounts one two three; printf '%s\n' "account four : one"; } > "$conf"
	for one in one two four; do
		silent_ok -a $one -odq "$one@example.net" < "$mail"
	done
	mkdir -m 700 "$HOME/of/three"
	postern_as mailq
	[[ $stdout == "The queue $HOME/of/one:"*one@*four@*"The queue $HOME/of/two:"*two@*"-- 1 Kbytes in 3 Requests." ]] || complain "$stdout"
	[[ $(grep -c '^The queue' <<< "$stdout") == 2 ]]
	postern_as mailq -a two
	[[ $stdout == "The queue $HOME/of/two:"*"1 Request." && $stdout != *of/one* ]]
	postern_fails 78 -- -bp -a none
	id=$(basename "$HOME"/of/two/????????-*)
	postern_fails 64 -- -a one --queue-show="$id"
	postern_ok --queue-show="$id"
	[[ $stdout == *"rcpt two@"* ]]
	postern_ok --queue-hold="$id"
	postern_ok -q -a four
	[[ $(messages) == 2 ]]
	postern_ok -q
	[[ $(messages) == 2 ]]
	postern_ok --queue-release=ALL
	postern_ok -q
	[[ $(messages) == 3 ]]
	postern_as mailq
	[[ $stdout == "Mail queue is empty" ]]
}

@test "a queue that cannot be read does not hide the others, and is an error; two names of one directory are one queue" {
	server
	accounts one two three > "$conf"
	silent_ok -a two -odq you@example.net < "$mail"
	mkdir "$HOME/of/one"
	chmod 777 "$HOME/of/one"
	ln -s two "$HOME/of/three"
	postern -bp
	[[ $status == 73 && $stdout == *you@* && $stdout != *Request* && $(grep -c '^The queue' <<< "$stdout") == 1 ]] || complain "$status $stdout"
	postern -q
	[[ $status == 73 && $(messages) == 1 ]]
}

@test "root flushes each queue as its owner, and several owners' in one run" {
	((EUID == 0)) || skip "only root can give a file away"
	local who=$BATS_TEST_TMPDIR/who one
	server "auth_clear"
	printf '#!/bin/sh\nid -ru >> %s\necho secret\n' "$who" > "$who.sh"
	touch "$who"
	chmod 666 "$who"
	chmod 755 "$who.sh"
	accounts one two three | sed "s|^auth off|user user\npassword_command $who.sh|" > "$conf"
	chmod 644 "$conf"
	for one in one two three; do
		silent_ok -a $one -odq "$one@example.net" < "$mail"
	done
	chmod 711 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$HOME" "$HOME/of"
	chown -R 12345 "$HOME/of/one"
	chown -R 12346 "$HOME/of/two"
	postern_as mailq
	[[ $stdout == *one@*two@*three@*"3 Requests." ]] || complain "$stdout"
	postern_ok -v -q
	[[ $stdout == "3 sent, 0 given up, 0 waiting" && $(messages) == 3 && $(xargs < "$who") == "12345 12346 0" ]] || complain "$stdout"
	[[ -z $(find "$HOME/of" -type f ! -name .tally) ]]
}

@test "files that are no entries are named and do no harm" {
	server
	keep
	touch "$queue/README" "$queue/6b49d200-0123456789abcdeF" "$queue/.new-6b49d200-0123456789abcdef"
	mkdir "$queue/6b49d200"
	printf x > "$queue/"$'odd\033[1m\nname'
	postern_as mailq
	[[ $stdout == *"README (is no message"* && $stdout == *"in 1 Request." && $stdout != *$'\033'* && $stdout != *.new-* ]]
	flushed 0
	[[ $(messages) == 1 && $(find "$queue" -mindepth 1 ! -name .flushing ! -name .tally -printf x) == xxxxx ]]
}

@test "a temporary file is removed when it is old, and not while somebody writes it" {
	local at=.new-6b49d200-0123456789abcdef
	server
	keep
	touch -d '2 days ago' "$queue/$at" "$queue/$at.locked"
	touch -d '1 day ago' "$queue/$at.young"
	flock "$queue/$at.locked" "$POSTERN" -C "$conf" -q
	[[ ! -e $queue/$at && -e $queue/$at.locked && -e $queue/$at.young ]]
}

@test "a torn record is as if it were not there, and the next one takes its place" {
	local id
	server "reply RCPT:her@*#1 450 4.2.0 later" "reply RCPT:her@*#2 450 4.2.0 later"
	keep you@example.net her@example.net
	flushed 75
	id=$(entries)
	printf '12345678 try 1 2 done 0-1 : torn' >> "$queue/$id"
	due
	flushed 75
	[[ $(envelope 1) == *you@* && $(messages) == 1 ]]
	due
	flushed 0
	[[ $(messages) == 2 && $(envelope 2) == *"rcpt <her@"* ]]
}

@test "a record with a right checksum and no sense is passed over" {
	local id one
	server
	keep you@example.net her@example.net
	id=$(entries)
	for one in "try 1" "try 1 2 done 0-9 : x" "try 1 2 done 5 : x" "frob 1" "try -1 2 : x" "hold" "release x" "try 1 2 gone 0 : x" "try 1 2 done 1-0 : x"; do
		record "$one"
	done >> "$queue/$id"
	due
	flushed 0
	kept 0
	[[ $(envelope) == *you@*her@* ]]
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
