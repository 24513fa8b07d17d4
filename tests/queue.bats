# The queue: what is kept and what is final, and that a message stays the same in it.  What becomes of an entry: queue-flush.bats,
# queue-report.bats, queue-handling.bats, queue-owner.bats, queue-damage.bats.

load helper
load queue

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
	run_bounded "$POSTERN" -C "$conf" -bs --port="$port" \
	    < <(printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" QUIT)
	[[ $stdout == *$'\n451 '* ]] || complain "-bs"
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
	heard connect
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status == 75 && -z $(entries) ]] || complain "status $status"
}

@test "queue_size: what does not fit is not kept, and nobody says so" {
	unreachable
	set_conf queue_size 1K
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	silent_ok you@example.net < "$mail"
	grep -q " kept=$(entries) " "$BATS_TEST_TMPDIR/log"
	postern_fails 75 -- -v you@example.net < <(cat "$mail"; head -c 1000 /dev/zero | tr '\0' x)
	told "queue_size"
	[[ $stderr != *"is kept in"* ]] || complain "it is not kept"
	[[ $(wc -l < "$BATS_TEST_TMPDIR/log") == 2 && $(tail -n 1 "$BATS_TEST_TMPDIR/log") != *kept=* ]] \
	    || complain "$(< "$BATS_TEST_TMPDIR/log")"
	kept 1
	set_conf queue_size off
	silent_ok you@example.net < <(cat "$mail"; head -c 3000 /dev/zero | tr '\0' x)
	kept 2
}

# There is room for five.  While four are being written, they may have more octets than they need at last, so the fifth may be
# refused.  The time that one waits for the lock stands still between its looks at it.
@test "queue_size holds for many at once, and counts what is in dead" {
	local n pids=()
	unreachable
	keep
	mkdir -m 700 "$queue/dead"
	mv "$queue/$(entries)" "$queue/dead/"
	rm "$queue/.tally"
	n=$(stat -c %s "$queue"/dead/*)
	set_conf queue_size $((6 * n))
	with_own_time
	for _ in {1..20}; do
		env "${own_time[@]}" "$POSTERN" -C "$conf" -odq you@example.net < "$mail" > /dev/null 2>> "$BATS_TEST_TMPDIR/stderr" 3>&- &
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
