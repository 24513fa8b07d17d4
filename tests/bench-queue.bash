# bench-queue.bash - the parts of tests/bench about the queue: enqueue, flush, growth, mailq
#
# Postfix and nullmailer are unpacked, not installed (interop/fetch).  They run as root in namespaces of their own (interop/
# namespace), with their queues on the disk of TMPDIR, as ours.
#
# On 2026-11-28, Debian 12, 2 shared processors, ext4: 2 syncs a message; sendmail with postdrop 6.1 times as long as postern -odq,
# nullmailer-queue 0.7 times (it is not a sendmail: it reads no configuration); 50 msmtp 13 times as long as a flush with STARTTLS and
# AUTH, 7 times without (there each of its calls takes 9 turn-arounds at most, on the loopback without that of the SYN); postqueue -p
# of 100000 entries 2.9 times as long as mailq; 31 system calls for each entry that a flush sends.
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash and bench

others=${POSTERN_INTEROP_CACHE:-$BUILDDIR/tests/interop/cache}
many=${BENCH_ENTRIES:-100000}	# entries for mailq

# elapsed COMMAND...: sets `elapsed`, in seconds.
elapsed() {
	local began=$EPOCHREALTIME
	"$@" || { echo "bench: failed: $*" >&2; exit 2; }
	elapsed=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
}

repeat() { local i; for ((i = 0; i < $1; i++)); do "${@:2}" || return; done; }

# with_queue [LINE...]: a server with these lines, and an empty queue.
with_queue() {
	server discard "$@"
	set_conf queue on
	set_conf queue_directory "$work/queue"
	rm -rf "$work/queue"
}

keep_one() { use_postern -odq you@example.net < "${1:-$work/kilobyte}"; }

# copies N FORMAT FILE: makes N files with this content in the present directory; FORMAT makes a name of a number.
# shellcheck disable=SC2016	# sh expands it
copies() { seq 1 "$1" | xargs printf "$2\n" | (umask 077; xargs -n 2000 sh -c 'from=$1; shift; exec tee "$@" < "$from" > /dev/null' sh "$3"); }

# fill N [MESSAGE]: a queue of N entries.
fill() {
	local id
	rm -rf "$work/queue" "$work/entry"
	keep_one "${2:-}" || exit 2
	id=$(cd "$work/queue" && ls)
	mv "$work/queue/$id" "$work/entry"
	(cd "$work/queue" && copies "$1" "%08x-0000000000000000" "$work/entry")
}

# ------------------------------------------------------------------------------------------------------------- the others

# Are Postfix and nullmailer here?  Sets $postfix, the root of one, and $nullmailer.
others() {
	local why
	((EUID == 0)) || { echo "    (Postfix and nullmailer need root)"; return 1; }
	mkdir -p "$(dirname "$others")"
	why=$("$here/interop/fetch" "$others" servers 2>&1 && "$here/interop/fetch" "$others.queues" queues 2>&1) \
	    || { echo "    (no Postfix or nullmailer: ${why##*$'\n'})"; return 1; }
	postfix=$others nullmailer=$others.queues
	write_postfix
}

# write_postfix: a Postfix in $work/postfix that sends nothing.
write_postfix() {
	local p=$work/postfix name
	[[ ! -d $p ]] || return 0
	chmod 755 "$work"
	mkdir -p "$p/etc" "$p/data" "$p/spool" "$work/box/etc/postfix" "$work/box/sbin"
	for name in active bounce corrupt defer deferred flush hold incoming maildrop private saved trace pid public; do
		mkdir -m 700 "$p/spool/$name"
		[[ $name == pid ]] || chown mail "$p/spool/$name"
	done
	chgrp games "$p/spool/maildrop" "$p/spool/public"
	chmod 730 "$p/spool/maildrop"
	chmod 710 "$p/spool/public"
	chown mail "$p/data"
	cat > "$work/box/etc/postfix/main.cf" <<-END
		compatibility_level = 3.6
		queue_directory = $p/spool
		command_directory = $postfix/usr/sbin
		daemon_directory = $postfix/usr/lib/postfix/sbin
		data_directory = $p/data
		shlib_directory = $postfix/usr/lib/postfix
		meta_directory = $p/etc
		mail_owner = mail
		setgid_group = games
		default_privs = nobody
		maillog_file = $p/log
		maillog_file_prefixes = /
		myhostname = postfix.test
		mydestination =
		default_transport = smtp
		defer_transports = smtp
		inet_interfaces = 127.0.0.1
		import_environment = LD_LIBRARY_PATH TZ
		export_environment = LD_LIBRARY_PATH TZ
	END
	cat > "$work/box/etc/postfix/master.cf" <<-END
		pickup unix n - n 60 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		rewrite unix - - n - - trivial-rewrite
		defer unix - - n - 0 bounce
		showq unix n - n - - showq
		retry unix - - n - - error
		smtp unix - - n - - smtp
		postlog unix-dgram n - n - 1 postlogd
	END
}

# boxed FUNCTION: runs it, with our variables, where /etc/postfix is ours and /var/spool/nullmailer is on the same disk.
boxed() {
	declare -p work postfix nullmailer many > "$work/boxed"
	declare -f elapsed repeat copies "$@" >> "$work/boxed"
	echo "$1" >> "$work/boxed"
	LD_LIBRARY_PATH=$(find "$postfix" -name '*.so*' -printf '%h\n' | grep -v '/modules$' | sort -u | paste -sd :) \
	    "$here/interop/namespace" "$work/box" bash -u "$work/boxed"
}

drop_one() { "$postfix/usr/sbin/sendmail" -f me@example.org you@example.net < "$work/kilobyte"; }
null_one() { "$nullmailer/usr/sbin/nullmailer-queue" < "$work/null"; }

drop_all() {
	mkfifo "$work/postfix/spool/public/pickup"
	exec 8<> "$work/postfix/spool/public/pickup"	# instead of the daemon, which would work at the same time
	elapsed repeat 100 drop_one
	echo "$elapsed"
}

null_all() {
	mkdir -p /var/spool/nullmailer "$work/nullmailer/queue" "$work/nullmailer/tmp"
	mkfifo "$work/nullmailer/trigger"
	chown -R mail "$work/nullmailer"
	mount --bind "$work/nullmailer" /var/spool/nullmailer
	{ printf 'me@example.org\nyou@example.net\n\n'; cat "$work/kilobyte"; } > "$work/null"
	elapsed repeat 100 null_one
	echo "$elapsed"
}

# ---------------------------------------------------------------------------------------------------------------- enqueue

enqueue() {
	local ours theirs syncs elapsed postfix nullmailer
	echo "a message into the queue (-odq), 1 KB"
	with_queue
	keep_one
	if has strace; then
		syncs=$(strace -f -o "$work/syncs" -e trace=fsync,fdatasync,sync_file_range,syncfs,sync,msync "$POSTERN" -C "$conf" \
		    -odq you@example.net < "$work/kilobyte" && grep -c 'sync.*(' "$work/syncs")
		figure "syncs" "$syncs" "at most 2" "syncs <= 2"
	fi
	others || return 0
	elapsed repeat 100 keep_one
	ours=$elapsed
	theirs=$(boxed drop_all drop_one)
	figure "seconds, Postfix (sendmail, postdrop) : postern" "$(ratio "$theirs" "$ours")" "(no verdict: a time)"
	theirs=$(boxed null_all null_one)
	figure "seconds, nullmailer-queue : postern" "$(ratio "$theirs" "$ours")" "(no verdict: a time)"
}

# ------------------------------------------------------------------------------------------------------------------ flush

flush_all() { use_postern -q; }
send_one() { use_msmtp you@example.net < "$work/kilobyte"; }

flush() {
	local ours line elapsed
	echo "1000 messages from the queue, 20 ms a turn-around, against 50 calls of msmtp (times 20)"
	for line in "tls starttls" "tls none"; do
		with_queue "rtt 20" "$line"
		fill 1000
		elapsed flush_all
		ours=$elapsed
		sync_server
		figure "$line: turn-arounds for 1000 messages" "$(flights)" "one each, and at most 10" \
		    "$(flights) >= 1000 && $(flights) <= 1010"
		has msmtp || continue
		[[ $line != "tls none" ]] || sed -i 's/^tls .*/tls off/; s/^tls_starttls .*//; s/^auth .*/auth off/' "$work/msmtprc"
		elapsed repeat 50 send_one
		figure "$line: seconds, msmtp : postern" "$(ratio "$(awk "BEGIN { print 20 * $elapsed }")" "$ours")" \
		    "TLS: at least 10.00 (no verdict: a time)"
	done
}

# ----------------------------------------------------------------------------------------------------------------- growth

# flushed N [MESSAGE]: sets `calls` and `peak` of a flush of N entries.
flushed() {
	fill "$@"
	strace -f -c -o "$work/calls" "$POSTERN" -C "$conf" -q || exit 2
	calls=$(awk '$NF == "total" { print $4 }' "$work/calls")
	fill "$@"
	env time -f %M -o "$work/peak" "$POSTERN" -C "$conf" -q || exit 2
	peak=$(tail -n 1 "$work/peak")
}

growth() {
	local calls peak n
	local -A c=() m=()
	echo "a flush of many entries: no TLS"
	has strace && has time || return 0
	with_queue "tls none" "size 4000000000"
	{ write_mail; yes 'a line of the body, which goes on and on' | head -c 1048576; } > "$work/megabyte"
	for n in 100 1000 10000; do
		flushed "$n"
		c[$n]=$calls m[$n]=$peak
	done
	figure "system calls for each of the first 1000" $(((c[1000] - c[100]) / 900)) "at most 60" "(c[1000] - c[100]) / 900 <= 60"
	figure "of the next 9000" $(((c[10000] - c[1000]) / 9000)) "no more than those (linear)" \
	    "10 * (c[10000] - c[1000]) / 9000 <= 11 * (c[1000] - c[100]) / 900"
	figure "KiB of memory for 10000 entries" "${m[10000]}" "at most 4096 more than for 100" "m[10000] <= m[100] + 4096"
	flushed 100 "$work/megabyte"
	figure "the same for 100 of 1 MiB" "$peak" "at most 6144 more than for 1 KB" "peak <= m[100] + 6144"
}

# ------------------------------------------------------------------------------------------------------------------ mailq

# show_postfix: lets Postfix make a queue file, copies it, and prints how long postqueue takes to show the copies.
show_postfix() {
	local file n pid
	cd "$work/postfix/spool" || exit 2
	rm -f public/pickup
	"$postfix/usr/sbin/sendmail" -f me@example.org you@example.net < "$work/kilobyte" 2> /dev/null
	"$postfix/usr/lib/postfix/sbin/master" -d < /dev/null > /dev/null 2>&1 &
	pid=$!
	for ((n = 0; n < 100; n++)); do
		file=$(find deferred -type f -print -quit)
		[[ -z $file ]] || break
		sleep 0.1
	done
	kill "$pid"
	wait "$pid"
	cp "$file" "$work/theirs"
	rm -rf maildrop/*
	cd hold || exit 2	# where Postfix reads no second file about each of them
	copies "$many" "A%010X" "$work/theirs"
	find . -type f -exec chown mail {} + -exec chmod 700 {} +
	"$postfix/usr/sbin/postqueue" -p > "$work/shown" 2> /dev/null	# so that all is in memory
	elapsed "$postfix/usr/sbin/postqueue" -p > "$work/shown" 2> /dev/null
	echo "$elapsed $(tail -n 1 "$work/shown")"
}

show_ours() { use_postern -bp > "$work/shown"; }

mailq() {
	local ours theirs elapsed postfix nullmailer
	echo "$many entries shown"
	with_queue
	fill "$many"
	show_ours
	elapsed show_ours
	ours=$elapsed
	figure "entries" "$(grep -c 'me@example.org' "$work/shown")" "$many" "$(grep -c 'me@example.org' "$work/shown") == many"
	others || return 0
	theirs=$(boxed show_postfix)
	[[ $theirs == *" $((many)) Requests." || $theirs == *" $((many + 1)) Requests." ]] || echo "    (postqueue: $theirs)"
	figure "seconds, postqueue -p : postern -bp" "$(ratio "${theirs%% *}" "$ours")" "at least 1.00 (no verdict: a time)"
	rm -rf "$work/postfix" "$work/queue"
}
