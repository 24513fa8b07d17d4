#!/usr/bin/env bats
# A flush sends many entries over one connection: where the server offers PIPELINING and CHUNKING, MAIL and RCPT of the next entry
# go with the end of the present one.  What one entry meets must not change what becomes of the others.

load helper
load queue

# line_up RCPT...: keeps a message for each of these recipients (NAME, or NAME,NAME for several), in this order.
line_up() {
	local names n=0 to
	rm -rf "$queue"
	for names; do
		IFS=, read -ra to <<< "$names"
		keep "${to[@]/%/@example.net}"
		n=$((n + 1))
		mv "$queue/$(entries | tail -n 1)" "$queue/$(printf '%08x-0000000000000000' "$n")"
	done
}

# entry N: the name of the N-th.  tries N: how many tries were recorded.
entry() { printf '%08x-0000000000000000' "$1"; }
tries() { grep -ac '^........ try ' "$queue/$(entry "$1")" || :; }

# arrived NAME...: these recipients got the message, in this order, each as often as it is named.
arrived() {
	local n got
	got=$(for ((n = 1; n <= $(messages); n++)); do envelope "$n" | sed -n 's/^rcpt <\(.*\)@.*/\1/p'; done | xargs)
	[[ $got == "$*" ]] || complain "arrived: $got"
}

# in_flight N WORDS: these are the client's commands in that flight of the first connection.
in_flight() {
	local got
	got=$(transcript | awk -v n="$1" '$2 == "connect" { c++ } c == 1 && $1 == n && $2 == "C:" { print $3 ~ /^\[/ ? "text" : $3 }' | xargs)
	[[ $got == "$2" ]] || complain "flight $1: $got"
}

# ------------------------------------------------------------------------------------------------------- turn-arounds

@test "ten messages take ten turn-arounds and three more: EHLO, the first MAIL, QUIT" {
	server "rtt 1"
	line_up {a..j}
	flushed 0
	arrived {a..j}
	[[ $(connections) == 1 && $(flights) == 13 ]] || complain "$(flights) flights"
	in_flight 2 "MAIL RCPT"
	in_flight 3 "BDAT text RSET MAIL RCPT"
	in_flight 12 "BDAT text"
}

@test "LMTP: the same, with an answer for each recipient" {
	server "rtt 1" "lmtp on"
	set_conf protocol lmtp
	line_up a b,c d
	flushed 0
	arrived a b c d
	[[ $(flights) == 6 ]] || complain "$(flights) flights"
}

@test "without PIPELINING or without CHUNKING, each message is over before the next" {
	local word
	for word in PIPELINING CHUNKING; do
		server "hide $word" "reply RCPT:b@* 451 4.3.0 later"
		line_up a b c
		flushed 75
		arrived a c
		(($(said RSET) <= 1)) || complain "RSET"
	done
}

@test "an entry that this server cannot be given does not share a flight, and the others go on" {
	server "size 1000"
	set_conf queue_bounce off
	line_up a
	{ cat "$mail"; yes "a long line of text" | head -n 100; } > "$BATS_TEST_TMPDIR/long"
	mail=$BATS_TEST_TMPDIR/long keep b@example.net
	keep c@example.net
	flushed 78
	sync_server
	[[ $(messages) == 2 && $(cat "$server_dir"/env.* | grep -c '^rcpt <[ac]@') == 2 && $(connections) == 1 ]]
	[[ $(find "$queue/dead" -type f | wc -l) == 1 ]]
	kept 0
}

# ---------------------------------------------------------------------------------------------------- refusals and limits

@test "a recipient, a sender or a message that is refused concerns its own entry only" {
	server "reply RCPT:b@* 451 4.3.0 later" "reply MAIL#3 451 4.3.0 later" "reply LAST#3 451 4.3.0 later"
	line_up a b c d e f			# LAST: a, d, e, f
	flushed 75
	arrived a d f
	[[ $(tries 2) == 1 && $(tries 3) == 1 && $(tries 5) == 1 && $(connections) == 1 ]]
	kept 3
}

@test "RCPTMAX: an entry takes several transactions, and only the last one shares its flight" {
	server "limits RCPTMAX=2" "reply RCPT:d@* 450 4.2.1 later"
	line_up a b,c,d,e,f g
	flushed 75
	arrived a b c e f g
	kept 1
	[[ $(connections) == 1 ]]
}

@test "MAILMAX: another connection, and no try is lost" {
	server "limits MAILMAX=2"
	line_up a b c d e
	flushed 0
	arrived a b c d e
	[[ $(connections) == 3 ]]
}

@test "a server that closes after some messages: the next entry goes over a new connection, and that was no try" {
	local how
	for how in "reply MAIL#3 421 4.7.0 enough" "reply RSET#2 421 4.7.0 enough" "drop MAIL#3 close" "reply RCPT#3 421 4.7.0 enough"; do
		server "$how"
		line_up a b c d
		flushed 0
		arrived a b c d
		kept 0
		[[ $(connections) == 2 ]] || complain "$(connections) connections: $how"
	done
}

@test "a server that closes before it answers: what it may have is kept, and what was not tried goes on" {
	server "drop LAST#2 close"
	line_up a b c
	flushed 75
	arrived a c
	[[ $(tries 2) == 1 ]]
	kept 1
}

# line_up_with OPTION... NAME: one more, with these options.
line_up_with() {
	keep "${@:1:$#-1}" "${!#}@example.net"
	n=$(($(entries | wc -l)))
	mv "$queue/$(entries | tail -n 1)" "$queue/$(printf '%08x-0000000000000000' "$n")"
}

@test "messages of one account go over one connection, each with its own wishes" {
	server "offer MT-PRIORITY"
	rm -rf "$queue"
	line_up_with --priority=3 a
	line_up_with b
	line_up_with --priority=-2 -N success c
	line_up_with -N never d
	flushed 0
	[[ $(messages) == 4 && $(connections) == 1 && $(flights) == 7 ]]
	[[ $(transcript | sed -n 's/.*MAIL FROM:<me@example.org> SIZE=[0-9]*//p' | xargs) == "MT-PRIORITY=3 MT-PRIORITY=-2" ]]
	[[ $(transcript | sed -n 's/.*C: RCPT TO:<\(.\)@[^ ]*> NOTIFY=\([^ ]*\).*/\1 \2/p' | xargs) == "c SUCCESS d NEVER" ]]
}

@test "one smarthost that is dead costs one attempt, whatever each message asks for" {
	server "reply GREETING 421 4.3.2 not now"
	rm -rf "$queue"
	line_up_with --priority=3 a
	line_up_with b
	line_up_with -N never c
	flushed 75
	[[ $(connections) == 1 && $(tries 1) == 1 && $(tries 2) == 1 && $(tries 3) == 1 ]]
}

@test "a message that asks for what its account cannot have any more waits for a person, and the others go" {
	server
	rm -rf "$queue"
	line_up a b
	set_conf tls on
	line_up_with --require-tls=on c
	mv "$queue/$(entry 3)" "$queue/$(entry 0)"
	set_conf tls off
	flushed 78
	arrived a b
	kept 1
	grep -q "has require_tls without verified TLS" "$log"
	postern_ok -bp
	[[ $stdout == *"require_tls"*" 0 tries"* ]]
}

# ------------------------------------------------------------------------------------------------------------- bad servers

@test "a message that breaks the dialogue may cost the one before it a second copy, but only once" {
	server "drop RCPT:poison@* silence"
	late_on "dropped: silence"
	line_up a poison c
	flushed 75
	due
	flushed 75
	[[ $(messages) == 3 ]] || arrived a c
	[[ -e $queue/$(entry 2) && ! -e $queue/$(entry 1) && ! -e $queue/$(entry 3) ]]
	due
	keep d@example.net
	flushed 75
	kept 1
	(($(messages) <= 4))
}

@test "a message that breaks the dialogue is sent alone from then on" {
	server "drop RCPT:poison@* close"
	line_up poison a
	flushed 75
	line=$(tr '\0' '\n' < "$queue/$(entry 1)" | grep -a '^........ alone ')
	[[ -n $line ]]
	due
	keep b@example.net
	flushed 75
	transcript | awk '$2 == "C:" && $3 == "BDAT" { text = $1 } $2 == "C:" && /poison/ && $1 == text { exit 1 }'
	arrived a b
	kept 1
}

@test "an answer too many: no message counts as sent for an answer that may be another's" {
	local n
	for where in MAIL:*#2 RCPT:b@* LAST#2 RSET#2; do
		server "reply $where 250 2.0.0 fine\r\n250 2.0.0 and once more"
		line_up a b c
		postern -q
		for n in 1 2 3; do	# what is not there must be in the queue
			name=$(echo x a b c | cut -d ' ' -f $((n + 1)))
			[[ -e $queue/$(entry "$n") ]] || cat "$server_dir"/env.* | grep -q "^rcpt <$name@" || complain "$name is lost: $where"
		done
	done
}

@test "an answer too many, and the message is refused: the refusal that RSET seems to get shows it" {
	server "reply LAST#1 250 2.0.0 an answer to nothing\r\n550 5.7.1 spam" "drop RCPT:b@*#1 half"
	line_up a b
	flushed 75
	[[ $(tries 1) == 1 && ! -e $queue/$(entry 2) ]]
}

@test "a server that refuses RSET gets each message once: what it says to QUIT shows that no answer was another's" {
	server "reply RSET 502 5.5.1 what is that"
	line_up a b c d
	flushed 0
	arrived a b c d
	kept 0
}

@test "RSET is refused, and then the connection is lost: whose refusal it was is not known" {
	server "reply RSET#1 502 5.5.1 what is that" "reply MAIL#2 421 4.7.0 closing"
	line_up a b
	flushed 75
	[[ $(tries 1) == 1 && ! -e $queue/$(entry 2) ]]
}

@test "a server that refuses RSET, and then the next MAIL as out of order: the next message goes over another connection" {
	local how
	for how in PIPELINING CHUNKING; do
		server "hide $how" "reply RCPT:a@* 450 4.2.0 later" "reply RSET 502 5.5.1 what is that" "reply MAIL#2 503 5.5.1 nested MAIL"
		line_up a b
		flushed 75
		arrived b
		kept 1
	done
}

@test "nobody of the first transaction is accepted, and DATA refused: the others have their turn" {
	server "limits RCPTMAX=2" "hide CHUNKING" "reply RCPT:a@* 450 4.2.0 later" "reply RCPT:b@* 550 5.1.1 never"
	line_up a,b,c,d
	flushed 75
	arrived c d me	# and the report about b
	kept 1
	postern_ok -bp
	[[ $stdout == *" a@example.net"* && $stdout != *" c@"* ]]
}

# ------------------------------------------------------------------------------------------------------------ random faults

# pick WORD...: sets $picked to one of them; the same ones for the same $seed.
pick() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	local n=$(((seed >> 8) % $# + 1))
	picked=${!n}
}

# The script of a server with faults at four places.  may_repeat=1: it may take a message without an answer.
faulty() {
	local i where what limit rude=()
	may_repeat=0
	pick yes no
	[[ $picked == no ]] || rude=(close reset half)
	pick "" "" "limits RCPTMAX=1" "limits RCPTMAX=2" "limits MAILMAX=1" "limits MAILMAX=2"; script=("$picked")
	pick "" "" "" "hide CHUNKING" "hide PIPELINING"; script+=("$picked")
	for ((i = 0; i < 4; i++)); do
		pick GREETING EHLO MAIL MAIL RCPT RCPT RSET RSET LAST LAST DOT; where=$picked
		pick 1 2 3 4 5 6; limit=$picked
		pick "451 4.3.0 not now" "550 5.3.0 never" "421 4.3.2 closing" "${rude[@]}"; what=$picked
		case $what in
		[0-9]*) script+=("reply $where#$limit $what") ;;
		*) script+=("drop $where#$limit $what") may_repeat=1 ;;
		esac
	done
}

@test "whatever fails wherever, each recipient gets the message, or its sender a report (one that is refused is in dead); and once, if no answer was lost" {
	local first name all got reports
	for first in 8 2 14 15 92 65 35 89 79 32 38 46; do
		seed=$first
		faulty
		server "${script[@]}"
		line_up a,b c d,e,f g
		for ((n = 0; n < 10; n++)); do
			postern -qI-
			[[ $status != 0 ]] || break
		done
		kept 0
		sync_server
		got=$(cat "$server_dir"/env.* | sed -n 's/^rcpt <\(.\)@.*/\1/p' | sort)
		reports=$(cat "$server_dir"/msg.* "$queue"/dead/* 2> /dev/null | sed -n 's/^Final-Recipient: rfc822; \(.\)@.*/\1/p')
		for name in a b c d e f g; do
			grep -q "$name" <<< "$got$reports" || complain "$name is lost: seed $first: $(printf '%s; ' "${script[@]}")"
		done
		((may_repeat)) || [[ $got == "$(uniq <<< "$got")" ]] || complain "twice: $got: seed $first: $(printf '%s; ' "${script[@]}")"
	done
}

# -------------------------------------------------------------------------------------------------------------- the locks

# locked PID N: has this process locked the N-th entry?  To try the lock would keep it from the flush for a moment.
locked() { grep -q " $1 .*:$(stat -c %i "$queue/$(entry "$2")") " /proc/locks; }

@test "the next entry is locked before the present one is settled, and a signal leaves it untried" {
	local pid
	server "drop LAST silence"
	line_up a b c
	"$POSTERN" -C "$conf" -q 3>&- &
	pid=$!
	eventually locked "$pid" 2
	locked "$pid" 1 || complain "$(cat /proc/locks)"
	refute locked "$pid" 3
	kill "$pid"
	wait "$pid" || :
	[[ $(tries 1) == 1 && $(tries 2) == 0 && $(tries 3) == 0 ]]
	kept 3
	flock -n "$queue/$(entry 2)" true
}

# flushers N: so many flushes at once, of a thousand entries with a recipient each.  None gets a greeting before all are connected,
# and each begins a connection, since the others have locked no more than two entries each.
flushers() {
	local n pids=()
	server "gather GREETING $1"
	rm -rf "$queue"
	for ((n = 1; n <= 1000; n++)); do
		printf '%s\r\n' "MAIL FROM:<me@example.org>" "RCPT TO:<r$n@example.net>" "BDAT 14 LAST" "Subject: x" ""
	done > "$BATS_TEST_TMPDIR/dialogue"
	{ printf 'EHLO x\r\n'; cat "$BATS_TEST_TMPDIR/dialogue"; printf 'QUIT\r\n'; } > "$BATS_TEST_TMPDIR/in"
	postern_ok -odq -bs < "$BATS_TEST_TMPDIR/in"
	kept 1000
	for ((n = 0; n < $1; n++)); do
		"$POSTERN" -C "$conf" -q 3>&- &
		pids+=("$!")
	done
	for n in "${pids[@]}"; do
		wait "$n" || complain "status $?"
	done
	kept 0
	[[ $(messages) == 1000 && $(connections) -ge $1 ]] || complain "$(messages) messages, $(connections) connections"
	[[ $(cat "$server_dir"/env.* | grep '^rcpt' | sort -u | wc -l) == 1000 ]]
}

@test "two flushes at once over 1000 entries: each is sent once, and none is left" { flushers 2; }
@test "ten flushes at once over 1000 entries: each is sent once, and none is left" { flushers 10; }
