# The machine's account for its users, with users of their own for the service and for those who send, and the programs that start
# the service.

load helper
load service

# machine LINE...: a machine with the users postern, alice and bob, whose service has a configuration with these lines.
machine() {
	needs_mounts setpriv
	start_server
	home=$BATS_TEST_TMPDIR/service service=$home/service.conf socket=$home/run/smtp
	printf '%s\n' root:x:0:0::/root:/bin/sh "postern:x:$postern_uid:$postern_uid::/nonexistent:/bin/sh" \
	    "alice:x:$alice:$alice::/nonexistent:/bin/sh" "bob:x:$bob:$bob::/nonexistent:/bin/sh" > "$BATS_TEST_TMPDIR/passwd"
	cp "$POSTERN" "$BUILDDIR/tests/server/accept" "$BATS_TEST_TMPDIR/"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	mkdir -p "$home/run" "$home/queue"
	{ cat "$conf"; printf '%s\n' "service_directory $home/users" "queue_directory $home/queue" "$@"; } > "$service"
	echo "socket $socket" > "$BATS_TEST_TMPDIR/users.conf"
	chmod 644 "$BATS_TEST_TMPDIR/users.conf"
	chown -R "$postern_uid:$postern_uid" "$home"
	chmod 600 "$service"
	chmod 700 "$home/queue"
	setpriv --reuid "$alice" --regid "$alice" --clear-groups test -x "$BATS_TEST_TMPDIR/postern" \
	    || skip "another user cannot reach $BATS_TEST_TMPDIR"
	mkfifo "$BATS_TEST_TMPDIR/listens"
}

# on_machine UID COMMAND: as this user, who has the users of that machine in /etc/passwd.
on_machine() {
	# shellcheck disable=SC2016	# the inner shell's
	exec unshare --mount sh -c 'mount --bind "$1" /etc/passwd || exit 99
		who=$2
		shift 2
		cd / && exec setpriv --reuid "$who" --regid "$who" --clear-groups env HOME=/nonexistent TMPDIR=/tmp "$@"' \
	    - "$BATS_TEST_TMPDIR/passwd" "$@"
}

# listen_with COMMAND: the service of that machine, by this program.
listen_with() {
	exec {listener}> >(apart on_machine "$postern_uid" "$@" > "$BATS_TEST_TMPDIR/listens" 2>> "$BATS_TEST_TMPDIR/service.err")
}

listen() {
	local ready
	listen_with "$BATS_TEST_TMPDIR/accept" "$socket" "$BATS_TEST_TMPDIR/postern" -bs --service -C "$service"
	read -r ready < "$BATS_TEST_TMPDIR/listens" && [[ $ready == ready ]]
}

# as UID ARGS: postern of this user, with the configuration of all users.
as() {
	local who=$1
	shift
	# the limit stands before the namespace, and a function cannot follow timeout(1)
	run_bounded bash -c "$(declare -f on_machine); BATS_TEST_TMPDIR=\$0; on_machine \"\$@\"" "$BATS_TEST_TMPDIR" "$who" \
	    "$BATS_TEST_TMPDIR/postern" -C "$BATS_TEST_TMPDIR/users.conf" "$@"
}

@test "two users send by the account of a third, each as itself, and cannot read its files" {
	machine "sender_map alice:alice@example.org, bob:bob@example.org" "logfile $BATS_TEST_TMPDIR/service/log" <<-'S'
		tls none
	S
	listen
	as "$alice" -f bob@example.org you@example.net < "$mail"
	((status == 0)) || complain "alice: status $status"
	as "$bob" you@example.net < "$mail"
	((status == 0)) || complain "bob: status $status"
	as 0 you@example.net < "$mail"
	((status == 0)) || complain "root: status $status"
	[[ $(envelope 1) == *"mail <alice@example.org>"* && $(envelope 2) == *"mail <bob@example.org>"* \
	    && $(envelope 3) == *"mail <me@example.org>"* ]]
	grep -q " uid=$alice login=alice from=alice@example.org " "$home/log"
	refute setpriv --reuid "$alice" --regid "$alice" --clear-groups cat "$service" 2> /dev/null
	refute setpriv --reuid "$alice" --regid "$alice" --clear-groups ls "$home/queue" 2> /dev/null
	as "$alice" -C "$service" you@example.net < "$mail"
	((status == 77 || status == 78)) || complain "alice took the service's configuration: status $status"
	[[ $(messages) == 3 ]]
}

@test "another user who listens in place of the service hears nothing" {
	local ready
	machine <<-'S'
		tls none
	S
	chown "$bob" "$home" "$home/run"
	exec {listener}> >(apart on_machine "$bob" "$BATS_TEST_TMPDIR/accept" "$socket" sh -c \
	    'echo 220 evil; echo came >> "$1"; cat >> "$1"' - "$home/run/heard" > "$BATS_TEST_TMPDIR/listens")
	read -r ready < "$BATS_TEST_TMPDIR/listens" && [[ $ready == ready ]]
	chown 0 "$socket"	# whoever can put a file there as its own is the service
	as "$alice" you@example.net < "$mail"
	((status == 75)) || complain "status $status"
	told "uid $bob listens on $socket, which is neither root's, nor ours"
	[[ ! -e $home/run/heard || $(< "$home/run/heard") == came ]] || complain "it heard: $(< "$home/run/heard")"
}

all_greeted() { (($(cat "$BATS_TEST_TMPDIR"/held.* | grep -c ^220) == 8)); }

@test "one user holds all its connections, and another sends" {
	machine <<-'S'
		tls none
	S
	listen
	local n
	for ((n = 0; n < 8; n++)); do
		exec {fd}> >(apart on_machine "$alice" "$BATS_TEST_TMPDIR/accept" --connect "$socket" > "$BATS_TEST_TMPDIR/held.$n")
		held+=("$fd")
	done
	eventually all_greeted
	as "$alice" you@example.net < "$mail"
	((status == 75)) || complain "alice: status $status"
	told "has 8 connections already"
	as "$bob" you@example.net < "$mail"
	((status == 0)) || complain "bob: status $status"
	for fd in "${held[@]}"; do
		exec {fd}>&-
	done
}

@test "what the service keeps is the service's: users cannot see it, and root works in its queue as its owner" {
	machine "queue on" <<-'S'
		tls none
	S
	listen
	stop_server
	as "$alice" you@example.net < "$mail"
	((status == 0)) || complain "alice: status $status"
	cp "$service" "$BATS_TEST_TMPDIR/root.conf"
	chown 0:0 "$BATS_TEST_TMPDIR/root.conf"
	run_bounded "$POSTERN" -C "$BATS_TEST_TMPDIR/root.conf" you@example.net < "$mail"
	((status == 0)) || complain "root: status $status"
	[[ $(find "$home/queue" -name '*-*' -user "$postern_uid" -perm 600 | wc -l) == 2 ]] || complain "$(ls -la "$home/queue")"
	run_bounded "$POSTERN" -C "$BATS_TEST_TMPDIR/root.conf" -bp
	[[ $status == 0 && $stdout == *"in 2 Requests."* ]] || complain "mailq of root"
	run_bounded setpriv --reuid "$alice" --regid "$alice" --clear-groups "$BATS_TEST_TMPDIR/postern" \
	    -C "$BATS_TEST_TMPDIR/users.conf" --queue-directory="$home/queue" -bp
	[[ $stdout != *example* ]] || complain "alice sees it"
}

# A configuration that only root may read, and a program in it: an entry that the service's user has written names both.
@test "-q of root runs nothing with root's rights that an entry names" {
	machine "queue on" <<-'S'
		tls none
	S
	listen
	stop_server
	as "$alice" you@example.net < "$mail"
	((status == 0)) || complain "alice: status $status"
	printf '%s\n' "host localhost" "user x" "password_command sh -c 'id -u > $BATS_TEST_TMPDIR/service/ran'" > "$home/evil.conf"
	cp "$service" "$home/was.conf"
	cat "$home/evil.conf" > "$service"
	run_bounded "$POSTERN" -C "$home/was.conf" -qI
	[[ $(cat "$home/ran" 2> /dev/null) == "$postern_uid" ]] || complain "it ran as: $(cat "$home/ran")"
}

# The lines of postern-service(7).  server NAME: the one that begins so, for this machine.
server() {
	sed -n "s/^\.Dl $1 //p" "$SRCDIR/man/postern-service.7" | sed -e 's|\\-|-|g' -e "s|/run/postern/smtp|$socket|" \
	    -e "s|/etc/postern/service.conf|$service|" -e "s|postern -bs|$BATS_TEST_TMPDIR/postern -bs|"
}

listens() { "$BUILDDIR/tests/server/accept" --connect "$socket" < /dev/null > /dev/null 2>&1; }

# The configuration of a service in postern-service(7).
example() { sed -n '/^host /,/^\.Ed/{ /^\.Ed/q; p; }' "$SRCDIR/man/postern-service.7"; }

# by_server NAME: it makes the socket, and two users send as themselves.
by_server() {
	command -v "$1" > /dev/null || skip "needs $1"
	machine "$(example | grep -E "^(sender_map|queue) ")" <<-'S'
		tls none
	S
	rm "$BATS_TEST_TMPDIR/listens"	# it is a file now: nobody says that it is ready
	listen_with sh -c "exec 5<&0; $1 $(server "$1") & cat <&5 > /dev/null; kill \$!"
	eventually listens	# the socket is there before that
	as "$alice" you@example.net < "$mail"
	((status == 0)) || complain "alice: status $status, $(cat "$BATS_TEST_TMPDIR/service.err")"
	as "$bob" you@example.net < "$mail"
	((status == 0)) || complain "bob: status $status"
	[[ $(envelope 1) == *"mail <alice@example.org>"* && $(envelope 2) == *"mail <bob@example.org>"* ]]
}

@test "the configuration of postern-service(7) is one" {
	(umask 077 && example > "$BATS_TEST_TMPDIR/service.conf")
	run_bounded "$POSTERN" -C "$BATS_TEST_TMPDIR/service.conf" --dump-config
	[[ $status == 0 && $stdout == *"sender_map"*alice@example.org* && $stdout == *"queue on"* ]] || complain "status $status"
	[[ -z $stderr ]]
}

@test "socat starts the service as the manual says" {
	by_server socat
}

@test "s6-ipcserver starts the service as the manual says" {
	by_server s6-ipcserver
}
