#!/usr/bin/env bats
# The queue and crashes: postern is run once for each of its system calls, and at the n-th one the process dies, the machine loses
# its power, or the call fails (tests/fault/crash.c).  Afterwards nothing is lost, and nothing is sent twice.
load helper
load queue	# for edited; what has the same name is defined anew here

crash_so=$BUILDDIR/tests/fault/crash.so
disk=		# everything below it is watched
queue=
template=	# a queue that each run begins with

setup() {
	helper_setup
	disk=$BATS_TEST_TMPDIR/disk
	queue=$disk/spool/queue
	template=$BATS_TEST_TMPDIR/template
	trace=$BATS_TEST_TMPDIR/trace
}

# server [LINE]: with a queue, and one recipient (later@) whom it refuses for now, and one (never@) whom it refuses for good.
server() {
	before=0 new=0
	start_server <<-S
		tls none
		listen 127.0.0.1
		reply RCPT:later@* 451 4.3.0 not now
		reply RCPT:never@* 550 5.1.1 not at all
		${1-}
	S
	set_conf host 127.0.0.1
	set_conf domain client.example.org
	set_conf queue on
	set_conf queue_directory "$queue"
}

# crashing N HOW ARGS: one run, with a crash or an error at its n-th system call; sets $status.
crashing() {
	status=0
	rm -f "$trace"
	timeout -k 5 "$postern_timeout" env CRASH_DIR="$disk" CRASH_AT="$1" CRASH_HOW="$2" CRASH_TRACE="$trace" LD_PRELOAD="$crash_so" \
	    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "$POSTERN" -C "$conf" "${@:3}" < "$mail" \
	    > "$BATS_TEST_TMPDIR/stdout" 2> "$BATS_TEST_TMPDIR/stderr" 3>&- || status=$?
	{ stdout=$(< "$BATS_TEST_TMPDIR/stdout") stderr=$(< "$BATS_TEST_TMPDIR/stderr"); } 2> /dev/null
	((status != 99 && status != 134 && status != 139)) || complain "$2 at call $1: status $status"
}

# The queue of each run: empty, or with these recipients waiting.
begin_with_nothing() { rm -rf "$template"; mkdir "$template"; }
begin_with() {
	begin_with_nothing
	fresh
	postern_ok -odq "$@" < "$mail"
	rm -rf "$template"
	cp -a "$queue" "$template"
}

fresh() {
	rm -rf "$disk" "$disk"~*
	mkdir "$disk"
	[[ -z $(ls -A "$template") ]] || { mkdir "$disk/spool"; cp -a "$template" "$queue"; }
}

# May this call fail so?  A loss of power while something is read is no other one than at the next call.
possible() {
	case $1:$2 in
	killed:*) ;;
	power:*\ *open\ * | data:*\ open\ * | power:*\ *read\ * | data:*\ *read\ * | power:*\ *stat* | data:*\ *stat*) return 1 ;;
	power:*\ flock\ * | data:*\ flock\ * | power:*\ close\ /* | data:*\ close\ /*) return 1 ;;
	power:* | data:*) ;;
	EACCES:*\ open\ * | EACCES:*\ create\ * | EACCES:*\ mkdir\ * | EACCES:*\ rename\ * | EACCES:*\ unlink\ *) ;;
	EMFILE:*\ open\ * | EMFILE:*\ create\ *) ;;
	EINTR:*\ fstat*) return 1 ;;
	ENOSPC:*\ *write\ * | ENOSPC:*\ create\ * | ENOSPC:*\ mkdir\ * | ENOSPC:*\ fallocate\ *) ;;
	EIO:* | EINTR:*) ;;
	*) return 1 ;;
	esac
}

# each_call "HOW ..." CHECK ARGS: in each way at each system call.  CHECK is run after each, with $how, $status, the calls of
# the run in $called, and in $before how many messages the server had before.  How often a socket is read depends on the network, so
# that a run may be over before its crash.
each_call() {
	local ways=$1 check=$2 each
	shift 2
	for how in $ways; do
		limit_anew
		fresh
		crashing 0 "$how" "$@"
		mapfile -t calls < "$trace"
		((${#calls[@]} > 8)) || complain "only ${#calls[@]} calls: ${calls[*]}"
		[[ $how != power && $how != data ]] || calls+=("$((${#calls[@]} + 1)) end")
		arrived
		for each in "${calls[@]}"; do
			possible "$how" "$each" || continue
			n=${each%% *} before=$((before + new))
			fresh
			crashing "$n" "$how" "$@"
			mapfile -t called < "$trace"
			! is_crash || ((status == 137 || ${#called[@]} < n)) || complain "$how at call $each: status $status"
			$check || complain "$how at call ${called[n - 1]-end} of ${#calls[@]}: status $status, $new messages arrived
$(printf '%s\n' "${called[@]##*/}")
--- queue
$(tail -n +1 "$queue"/* 2> /dev/null || :)"
		done
	done
}

# How many messages arrived since the run began: sets $new.  entries: sets $kept and $dead.
arrived() {
	local word number
	sync_server
	while read -r word number; do
		[[ $word != messages ]] || new=$((number - before))
	done < "$server_dir/stats"
}
entries() {
	local file
	kept=0 dead=0
	for file in "$queue"/[0-9a-f]*-*; do
		[[ ! -e $file ]] || ((++kept))
	done
	for file in "$queue"/dead/*; do
		[[ ! -e $file ]] || ((++dead))
	done
}

# Tries everything that waits, with nothing in the way.
flush() {
	postern -qI-
	[[ $status == 0 || $status == 75 || ($status == 78 && -d $queue/dead) ]] || complain "the next flush fails: $status"
	arrived
	entries
}

# The server took the message for some, and an error kept the entry from having this: it is among the dead, and not sent again.
is_given_up() { [[ $how == E* ]] && ((kept == 0 && dead == 1)); }

crashes="killed power data"
errors="EIO EACCES EMFILE EINTR ENOSPC"

is_crash() { [[ $how != [A-Z]* ]]; }

# May the server have accepted the message before this crash, and that was not yet on the disk?  The first call that is like this
# puts it there.  Only before that the server may get it again.
may_come_again() {
	local i
	is_crash || return
	for ((i = 0; i < ${#called[@]} - 1; i++)); do
		[[ ! ${called[i]} =~ $1 ]] || return
	done
}

# ---------------------------------------------------------------------------------------------------------------- adding

# Kept, then sent: once, and only if it is not known to have failed.
kept_or_not() {
	local sum
	arrived
	entries
	sum=$((kept + new))
	case $status in
	137) ((kept <= 1 && new == 0)) || return ;;
	0) ((sum == 1)) || return ;;
	*) ((sum == 0)) || return ;;
	esac
	flush && ((new == sum && kept == 0))
}

@test "a crash or an error at each system call while a message is put into the queue" {
	server
	begin_with_nothing
	each_call "$crashes $errors" kept_or_not -odq you@example.net
}

# you@ has it from this run; later@ is in the queue, or the caller knows that it is not.
partly_kept() {
	local was=$status
	arrived
	entries
	((new <= 1 && kept <= new && (was != 0 || kept == 1))) || return
	((was == 0 || was == 137 || kept == 0)) || return
	was=$kept
	flush && ((new <= 1 && kept == was))
}

@test "a crash or an error at each system call while the rest of a message is put into the queue" {
	server
	begin_with_nothing
	each_call "killed ENOSPC EIO" partly_kept you@example.net later@example.net
}

# What -bs has acknowledged is there.  What it has not is there only after a crash, since the caller could not be told any more.
acknowledged() {
	local sum told=0
	[[ $stdout != *"250 2.0.0 kept as "* ]] || told=1
	arrived
	entries
	sum=$((kept + new))
	((new == 0 && kept <= 1 && kept >= told)) || return
	is_crash || ((kept == told)) || return
	flush && ((new == sum && kept == 0))
}

@test "a crash or an error at each system call while -bs puts a message into the queue" {
	server
	begin_with_nothing
	{ printf '%s\n' "EHLO me" "MAIL FROM:<me@example.org>" "RCPT TO:<you@example.net>" DATA; cat "$mail"; printf '%s\n' . QUIT; } \
	    > "$BATS_TEST_TMPDIR/dialogue"
	mail=$BATS_TEST_TMPDIR/dialogue
	fresh
	crashing 0 killed -odq -bs
	[[ $stdout == *"250 2.0.0 kept as "* ]]
	each_call "$crashes $errors" acknowledged -odq -bs
}

@test "the cost of putting a message into the queue does not grow with the queue" {
	local n few one
	server
	begin_with_nothing
	fresh
	crashing 0 killed -odq you@example.net
	crashing 0 killed -odq you@example.net
	few=$(wc -l < "$trace")
	one=$(find "$queue" -name '*-*' -print -quit)
	for n in {1..50}; do
		cp "$one" "$queue/60000000-$(printf %016x "$n")"
	done
	crashing 0 killed -odq you@example.net
	n=$(wc -l < "$trace")
	((n == few && $(grep -cE ' f(data)?sync ' "$trace") == 2)) || complain "$few calls, and then $n: $(< "$trace")"
}

@test "directories that a process made before it was killed are synced by the next one" {
	local n made
	server
	begin_with_nothing
	fresh
	crashing 0 killed -odq you@example.net
	n=$(grep -n -m 1 " mkdir .*/spool/queue\$" "$trace" | cut -d: -f1)
	fresh
	crashing $((n + 1)) killed -odq you@example.net
	[[ $status == 137 && -d $queue ]]
	refute grep -q " fsync $disk/spool\$" "$trace"
	crashing 0 killed -odq you@example.net
	grep -q " fsync $disk/spool\$" "$trace" && grep -q " fsync $disk\$" "$trace" || complain "$(< "$trace")"
	crashing 0 killed -odq you@example.net
	refute grep -q " fsync $disk/spool\$" "$trace"
}

# --------------------------------------------------------------------------------------------------------------- sending

sent_once() {
	flush
	((kept == 0 && (new == 1 || (new == 2)))) || return
	((new == 1)) || may_come_again "fsync .*/queue\$"
}

@test "a crash or an error at each system call while a message is sent from the queue" {
	server
	begin_with you@example.net
	each_call "$crashes $errors" sent_once -q
}

# you@ gets it once, and later@ waits.
sent_to_one() {
	flush
	if is_given_up; then ((new == 1)); return; fi
	((kept == 1 && new >= 1 && new <= 2)) || return
	((new == 1)) || may_come_again "fdatasync" || return
	postern -bp
	[[ $stdout == *later@* && $stdout != *you@* ]]
}

@test "a crash or an error at each system call while a message is sent to one of two recipients" {
	server
	begin_with you@example.net later@example.net
	each_call "$crashes $errors" sent_to_one -q
}

# As before, but there can be no directory dead.
sent_to_one_only() {
	postern -qI-
	arrived
	entries
	((kept == 1 && new == 1))
}

@test "what one of two recipients has is not sent again, even if neither a record nor a move can say so" {
	server
	begin_with you@example.net later@example.net
	touch "$template/dead"
	each_call "EIO ENOSPC" sent_to_one_only -q
	fresh
	crashing 0 EIO -q
	n=$(grep -n -m 1 " pwrite .*queue/[0-9a-f]*-" "$trace")
	fresh
	crashing "$(sed "${n%%:*}!d; s/ .*//" "$trace")" EIO -q
	[[ $status == 78 && $(find "$queue" -name '*-*' -perm 400 | wc -l) == 1 ]] || complain "status $status"
	postern_ok -bp
	[[ $stdout == *"is read-only"* ]]
	postern -q
	[[ $status == 78 ]]
}

# Counts what came since the run began: sets $messages_new and $reports.
sort_arrived() {
	local i
	reports=0
	for ((i = before + 1; i <= before + new; i++)); do
		! grep -q '^mail <>' "$server_dir/env.$i" || ((++reports))
	done
}

# you@ gets it once, and the sender one report about never@.
sent_and_reported() {
	flush
	flush
	sort_arrived
	if is_given_up; then ((new == 1)); return; fi
	((kept == 0 && reports >= 1 && reports <= 2 && new > reports)) || return
	is_crash || ((reports == 1)) || return
	((new == reports + 1)) || { ((new == reports + 2)) && may_come_again "fdatasync"; }
}

@test "a crash or an error at each system call while one recipient gets a message and the sender gets a report" {
	server
	begin_with you@example.net never@example.net
	each_call "$crashes $errors" sent_and_reported -q
}

# you@ gets it once, and the sender a report that it was passed on: perhaps twice after a crash, but never none.
sent_and_passed_on() {
	flush
	flush
	sort_arrived
	if is_given_up; then ((new == 1)); return; fi
	((kept == 0 && reports >= 1 && reports <= 2 && new > reports)) || return
	is_crash || ((new == 2)) || return
	((new == reports + 1)) || { ((new == reports + 2)) && may_come_again "fdatasync"; }
}

@test "a crash or an error at each system call while a message is passed on to a server without DSN, and the sender gets a report" {
	server "hide DSN"
	begin_with -N success you@example.net
	each_call "$crashes $errors" sent_and_passed_on -q
}

# later@ waits, and the sender is told so: perhaps twice after a crash, or where that cannot be recorded, but never not at all.
delayed_and_reported() {
	local twice=0
	if is_crash || [[ $stderr == *"may be reported twice"* ]]; then
		twice=1
	fi
	flush
	flush
	sort_arrived
	((kept == 1 && new == reports && reports >= 1 && reports <= 1 + twice))
}

@test "a crash or an error at each system call while a message is late, and the sender gets a report" {
	server
	begin_with -N delay later@example.net
	queue=$template edited "$(cd "$template" && ls -- *-*)" "s/^created .*/created $(($(date +%s) - 5 * 3600))/"
	each_call "$crashes EIO ENOSPC" delayed_and_reported -q
}

# A report that nobody gets is kept among the dead.
buried() {
	flush
	((kept == 0 && dead == 1 && new == 0))
}

@test "a crash or an error at each system call while a message ends that nobody is told about" {
	server
	begin_with -f "<>" never@example.net
	each_call "$crashes $errors" buried -q
}

# Each recipient is a transaction, and only the last one may come again.
sent_to_each() {
	flush
	if is_given_up; then ((new >= 1 && new <= 3)); return; fi
	((kept == 0 && new >= 3 && new <= 4)) || return
	((new == 3)) || is_crash
}

@test "a crash or an error at each system call while a message is sent in several transactions" {
	before=0 new=0
	start_server <<-'S'
		tls none
		listen 127.0.0.1
		limits RCPTMAX=1
	S
	set_conf host 127.0.0.1
	set_conf queue on
	set_conf queue_directory "$queue"
	begin_with one@example.net two@example.net three@example.net
	each_call "killed EIO" sent_to_each -q
}

# Several in one session: only the message whose answer is on its way, or was not yet recorded, may come again.
sent_in_line() {
	local i
	flush
	((kept == 0 && dead == 0 && new >= 3 && new <= 4)) || return
	((new == 3)) || is_crash || return
	[[ $(for ((i = before + 1; i <= before + new; i++)); do grep '^rcpt' "$server_dir/env.$i"; done | sort -u | wc -l) == 3 ]]
}

@test "a crash or an error at each system call while messages share their flights" {
	server
	begin_with one@example.net
	for to in two three; do
		postern_ok -odq "$to@example.net" < "$mail"
	done
	cp -a "$queue"/*-* "$template"
	each_call "$crashes EIO EINTR" sent_in_line -q
}

# -------------------------------------------------------------------------------------------------------------- handling

held_or_not() {
	local was=$status
	entries
	((kept == 1)) || return
	if ((was == 0)); then
		postern -bp
		[[ $stdout == *held* ]] || return
	fi
	postern_ok --queue-release ALL
	flush && ((new == 1 && kept == 0))
}

@test "a crash or an error at each system call while a message is held" {
	server
	begin_with you@example.net
	each_call "$crashes $errors" held_or_not --queue-hold ALL
}

removed_or_not() {
	local was=$status had
	entries
	had=$kept
	((was != 0 || kept == 0)) || return
	flush && ((new == had && kept == 0))
}

@test "a crash or an error at each system call while a message is removed" {
	server
	begin_with you@example.net
	each_call "$crashes $errors" removed_or_not --queue-remove ALL
}

# ------------------------------------------------------------------------------------------------------- several at once

# many N: a queue of N messages, to r1@ ... rN@.
many() {
	local i
	server
	set_conf queue always
	for ((i = 1; i <= $1; i++)); do
		printf 'MAIL FROM:<me@example.org>\nRCPT TO:<r%d@example.net>\nDATA\n%s\n.\n' "$i" "$(< "$mail")"
	done > "$BATS_TEST_TMPDIR/dialogue"
	{ echo "EHLO me"; sed 's/^\.\(.\)/..\1/' "$BATS_TEST_TMPDIR/dialogue"; echo QUIT; } > "$BATS_TEST_TMPDIR/dialogue.2"
	mkdir -p "$queue"
	chmod 700 "$queue"
	# with -odq no flush begins in the background
	run_bounded "$POSTERN" -C "$conf" -odq -bs < "$BATS_TEST_TMPDIR/dialogue.2"
	entries
	((kept == $1)) || complain "$kept of $1 messages are in the queue"
}

# flushers N: so many at once; all must succeed.
flushers() {
	local i pids=() pid
	for ((i = 0; i < $1; i++)); do
		"$POSTERN" -C "$conf" -q 2>> "$BATS_TEST_TMPDIR/stderr" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || complain "a flush ended with status $?: $(< "$BATS_TEST_TMPDIR/stderr")"
	done
}

# each_got_it N [MORE]: each of N recipients has the message, and at most so many have it more than once.
each_got_it() {
	local got
	sync_server
	got=$(cat "$server_dir"/env.* | grep -c '^rcpt <r')
	[[ $(cat "$server_dir"/env.* | grep '^rcpt <r' | sort -u | wc -l) == "$1" ]] || complain "not all have it"
	((got <= $1 + ${2:-0})) || complain "$1 recipients got $got messages"
	entries
	((kept == 0)) || complain "$kept messages are still there"
}

@test "two flushes at once send each of 300 messages once" {
	many 300
	flushers 2
	each_got_it 300
}

@test "ten flushes at once send each of 300 messages once" {
	many 300
	flushers 10
	each_got_it 300
}

@test "a flush is killed in the middle, beside another one: no message is lost, and only one may come again" {
	many 200
	flushers 1 &
	crashing 2500 killed -q
	wait $!
	((status == 137 || status == 0))
	flushers 1
	each_got_it 200 1
}
