#!/usr/bin/env bats
# The machine's account (postern-service(7)) with real users: a namespace with its own /etc, /usr/sbin, /run and /var/spool.  There
# systemd-socket-activate stands for the socket unit, and the command is that of the unit.  README says how the namespace works.
# shellcheck disable=SC2016	# the scripts are for the shell of the namespace
# shellcheck disable=SC2154	# set by the helper

load packages
load ../helper

setup_file() {
	local tool why
	skip_all=
	for tool in unshare setpriv socat systemd-socket-activate systemd-sysusers systemd-tmpfiles; do
		command -v "$tool" > /dev/null || skip_all="needs $tool"
	done
	((EUID == 0)) || skip_all="only root can have more users than one in a namespace"
	[[ -d $(system_directory) ]] || skip_all="needs the directory of the system's configuration, $(system_directory)"
	if [[ -z $skip_all ]]; then
		mkdir -p "$BATS_FILE_TMPDIR/try"
		why=$("$BATS_TEST_DIRNAME/namespace" "$BATS_FILE_TMPDIR/try" true 2>&1) || skip_all="needs namespaces: $why"
	fi
	export skip_all
}

setup() {
	[[ -z $skip_all ]] || skip "$skip_all"
	helper_setup
}

teardown() {
	[[ -n $skip_all ]] || helper_teardown
}

# filled FILE: of contrib/systemd, as it is installed on that machine.
filled() {
	sed -e "s|@bindir@|/usr/sbin|" -e "s|@sysconfdir@|/etc|" -e "s|@localstatedir@|/var|" -e "s|@runstatedir@|/run|" \
	    "$SRCDIR/contrib/systemd/$1"
}

# machine [LINE...]: the service's configuration has these lines.  The script of the smarthost is on stdin.
machine() {
	start_server
	: "${logins:=}"
	box=$BATS_TEST_TMPDIR/box out=$BATS_TEST_TMPDIR/out
	mkdir -p "$box"/{sbin,etc/postern,system} "$out"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$box"
	cp "$POSTERN" "$box/sbin/postern"
	ln -s postern "$box/sbin/sendmail"
	ln -s postern "$box/sbin/mailq"
	printf '%s\n' root:x:0:0::/root:/bin/sh nobody:x:65534:65534::/nonexistent:/bin/false alice:x:54321:54321::/nonexistent:/bin/sh \
	    bob:x:54322:54322::/nonexistent:/bin/sh ${logins:+"$logins"} > "$box/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: alice:x:54321: bob:x:54322: > "$box/etc/group"
	printf '%s\n' "passwd: files" "group: files" "hosts: files" > "$box/etc/nsswitch.conf"
	printf '%s\n' "socket /run/postern/smtp" "local_recipients you@example.org" > "$box/system/postern.conf"
	{
		grep -v '^password' "$conf"
		printf '%s\n' "password_file /etc/postern/password" "service_directory /run/postern/users" \
		    "queue_directory /var/spool/postern" "sender_map alice:alice@example.org, bob:bob@example.org" "$@"
	} > "$box/etc/postern/service.conf"
	echo secret > "$box/etc/postern/password"
	filled postern.conf.in > "$box/tmpfiles.conf"
	cp "$SRCDIR/contrib/systemd/sysusers/postern.conf" "$box/sysusers.conf"
	filled postern@.service.in | sed -n 's/^ExecStart=//p' > "$box/command"
	cp "$mail" "$box/mail"
}

# What the machine does when it starts, and what its tests call.
booted='
	set -u
	[ "$system" = /etc ] && cp "$box/system/postern.conf" /etc/ || mount --bind "$box/system" "$system"
	systemd-sysusers "$box/sysusers.conf" && systemd-tmpfiles --create "$box/tmpfiles.conf" || exit 99
	chgrp -R postern /etc/postern && chmod 640 /etc/postern/*
	# serve: systemd, for the service.  root makes the socket, as SocketMode= says; the process has the rights that the unit says.
	serve() {
		(exec systemd-socket-activate --accept --inetd -E TMPDIR="${service_tmp:-/tmp}" -l /run/postern/smtp \
		    setpriv --reuid postern --regid postern --clear-groups --no-new-privs --bounding-set=-all \
		    sh -c "umask 077; exec $(cat "$box/command") 2>> $out/service") > /dev/null 2>&1 &
		until [ -S /run/postern/smtp ]; do sleep 0.05; done
		chmod 666 /run/postern/smtp
	}
	# as USER COMMAND...: with the rights of this user alone.
	as() {
		who=$1; shift
		setpriv --reuid "$who" --regid "$(getent passwd "$who" | cut -d : -f 4 | grep . || echo "$who")" --clear-groups --no-new-privs \
		    env -i PATH=/usr/sbin:/usr/bin:/bin HOME=/nonexistent TMPDIR=/tmp "$@"
	}
	# try NAME USER COMMAND...: the test finds its status and what it said.  Without another stdin it is the message.
	try() {
		name=$1; shift
		as "$@" > "$out/$name.out" 2> "$out/$name.err" < "$box/mail"
		echo $? > "$out/$name"
	}
	: > "$out/service"; chmod 666 "$out/service"
'

# inside SCRIPT
inside() {
	local system
	system=$(system_directory)
	run_bounded env box="$box" out="$out" system="$system" \
	    "$BATS_TEST_DIRNAME/namespace" "$box" bash -c "$booted$1"
	((status == 0)) || complain "the machine: status $status, $stderr, service: $(cat "$out/service")"
}

# ended NAME STATUS [WORDS]: how a try ended, and what it must have said.
ended() {
	[[ $(< "$out/$1") == "$2" && $(cat "$out/$1.out" "$out/$1.err") == *"${3:-}"* ]] \
	    || complain "$1: status $(< "$out/$1"), not $2: $(cat "$out/$1.out" "$out/$1.err") service: $(cat "$out/service")"
}

# from N ADDRESS: the N-th message has this sender.
from() { [[ $(envelope "$1") == *"mail <$2>"* ]] || complain "message $1: $(envelope "$1")"; }

@test "two users, cron as root and the service's own user send; each has its own sender" {
	machine <<-'S'
		tls none
	S
	inside 'serve
		try alice alice sendmail -i you@example.net
		try bob bob /usr/sbin/sendmail -oi -t you@example.net
		try cron root /usr/sbin/sendmail -FCronDaemon -i -B8BITMIME -oem root
		try postern postern sendmail you@example.net'
	ended alice 0; ended bob 0; ended cron 0; ended postern 0
	from 1 alice@example.org; from 2 bob@example.org; from 3 me@example.org; from 4 me@example.org
	[[ $(envelope 3) == *"rcpt <you@example.org>"* && $(message 3) == *"Subject: "* ]]
	[[ ! -s $out/service ]] || complain "$(< "$out/service")"
}

@test "a user reads neither the secret nor the queue nor what another has in hand" {
	machine "queue on" <<-'S'
		tls none
		delay LAST 5000
	S
	inside 'serve
		try conf alice cat /etc/postern/service.conf
		try password alice cat /etc/postern/password
		try option alice sendmail -C /etc/postern/service.conf you@example.net
		try dump alice sendmail -C /etc/postern/service.conf --dump-config
		try file alice sendmail --host=localhost --password-file=/etc/postern/password you@example.net
		# while the service has her own message in hand
		as alice sendmail -i you@example.net < "$box/mail" &
		client=$!
		until pid=$(pgrep -u postern -f "postern -bs --service"); do sleep 0.02; done
		for what in mem environ maps stack io auxv exe cwd fd map_files fdinfo syscall; do
			if [ -d "/proc/$pid/$what" ]; then try "proc-$what" alice ls -L "/proc/$pid/$what/"
			else try "proc-$what" alice head -c 1 "/proc/$pid/$what"; fi
		done
		try kill alice sh -c "kill -ABRT $pid"
		try limit alice prlimit --pid "$pid" --core=unlimited
		grep "^Max core file size" "/proc/$pid/limits" > "$out/core"
		wait "$client"
		# and what waits
		printf "port 1\n" >> /etc/postern/service.conf
		try kept bob sendmail -i you@example.net
		id=$(cd /var/spool/postern && echo *-*)
		echo "$id" > "$out/id"
		try list alice ls /var/spool/postern
		try read alice cat "/var/spool/postern/$id"
		try link alice ln "/var/spool/postern/$id" /tmp/stolen
		try mailq alice mailq --queue-directory=/var/spool/postern
		try show alice sendmail --queue-directory=/var/spool/postern "--queue-show=$id"
		try remove alice sendmail --queue-directory=/var/spool/postern "--queue-remove=$id"
		try flush alice sendmail --queue-directory=/var/spool/postern -qI
		try own alice mailq
		try root root mailq -C /etc/postern/service.conf
		[ -e "/var/spool/postern/$id" ]'
	local name
	for name in conf password option dump file "$out"/proc-*[a-z] kill limit list read link mailq show remove flush; do
		[[ $name != *.* ]] || continue
		[[ $(< "$out/${name##*/}") != 0 ]] || complain "alice can: $name"
	done
	refute grep -q secret "$out"/*.out "$out"/*.err
	grep -Eq ' 0 +0 ' "$out/core" || complain "$(< "$out/core")"
	ended kept 0
	refute grep -l -e "$(< "$out/id")" -e bob@ "$out"/{list,mailq,show,own}.{out,err}
	ended root 0 "$(< "$out/id")"
}

@test "a user cannot send as somebody else: the envelope says who it is, whatever she says" {
	machine "set_from_header on" "logfile /var/spool/postern/log" <<-'S'
		tls none
	S
	printf '%s\n' "From: Bob <bob@example.org>" "Sender: bob@example.org" "Reply-To: bob@example.org" "Resent-From: bob@example.org" \
	    "Return-Path: <bob@example.org>" "Subject: x" "" x > "$box/mail"
	inside 'serve
		n=0
		for args in "-f bob@example.org" "-r bob@example.org" "-F Bob" "-f bob" "-f <>" "--from=bob@example.org" --read-envelope-from \
		    "--sender-map=alice:bob@example.org" "--allow-from-override=on --from=bob@example.org"; do
			n=$((n + 1))
			try "$n" alice sendmail -i $args you@example.net
		done
		cat "$box/mail" | sed "s/$/\r/" > "$box/crlf"
		{ printf "%s\r\n" "EHLO bob" "MAIL FROM:<bob@example.org>" "RCPT TO:<you@example.net>" DATA
		  cat "$box/crlf"; printf "%s\r\n" . "XCLIENT LOGIN=bob" "AUTH PLAIN AGJvYgBib2I=" QUIT; } > "$box/mail"
		chmod 644 "$box/mail"
		try direct alice socat -t5 - UNIX-CONNECT:/run/postern/smtp
		cp /var/spool/postern/log "$out/log"'
	local n
	for n in {1..9}; do
		ended "$n" 0
	done
	[[ $(messages) == 10 ]] || complain "direct: $(cat "$out/direct.out")"
	for n in {1..10}; do
		from "$n" alice@example.org
		grep -q '^From: .*<alice@example.org>' <(message "$n") || complain "message $n: $(message "$n")"
	done
	[[ $(grep -c " uid=54321 login=alice from=alice@example.org " "$out/log") == 10 ]]
	refute grep -q 'login=bob' "$out/log"
}

@test "a full disk: each user is told, nothing half written stays, and what fits is kept" {
	machine "queue on" "port 1" <<-'S'
		tls none
	S
	inside 'owner=$(id -u postern)
		mount -t tmpfs -o "size=200k,mode=700,uid=$owner,gid=$(id -g postern)" none /var/spool/postern
		mkdir "$box/tmp"; mount -t tmpfs -o size=300k,mode=1777 none "$box/tmp"
		service_tmp=$box/tmp serve
		cp "$box/mail" "$box/small"
		cat "$box/small" <(yes "a line of text" | head -c 150000) > "$box/mail"
		try fits alice sendmail -i you@example.net
		try full alice sendmail -i you@example.net
		cat "$box/small" <(yes "a line of text" | head -c 3000000) > "$box/mail"
		try huge alice sendmail -i you@example.net
		cp "$box/small" "$box/mail"
		try small bob sendmail -i you@example.net
		ls -A /var/spool/postern | grep "^.new-" > "$out/left"
		[ -z "$(ls -A "$box/tmp")" ] || ls -A "$box/tmp" >> "$out/left"
		ls /var/spool/postern > "$out/entries"'
	ended fits 0; ended small 0
	ended full 75 "452 4.3.1 cannot write the message into the queue: No space left"
	ended huge 75 "No space left"
	[[ ! -s $out/left && $(grep -c -- - "$out/entries") == 2 ]] || complain "$(cat "$out/left" "$out/entries")"
}

@test "the service without its queue: the log says what is missing, and the flush fails" {
	machine "queue on" "port 1" <<-'S'
		tls none
	S
	sed -i '/^queue_directory/d' "$box/etc/postern/service.conf"
	inside 'spool=$(grep -ao "/[[:alnum:]/]*/spool/postern" "$box/sbin/postern" | head -n 1)
		[ ! -e "$spool" ] || mount --bind "$box/system" "$spool"	# of this machine
		echo "$spool" > "$out/spool"
		serve
		try user alice sendmail -i you@example.net
		try flush postern HOME=/ postern -q -C /etc/postern/service.conf'
	ended user 75 "451 4.4.1"
	ended flush 73 "$(< "$out/spool") is missing, or another user's"
	[[ $(< "$out/service") == *"the message could not be kept in the queue: the user has no home"*"$(< "$out/spool") is missing"* ]]
}

@test "a read-only queue: the flush sends nothing, and names the message and the reason" {
	machine "queue on" <<-'S'
		tls none
	S
	inside 'try kept postern postern -C /etc/postern/service.conf -odq you@example.net
		mount --bind /var/spool/postern /var/spool/postern && mount -o remount,bind,ro /var/spool/postern
		try flush postern postern -q -C /etc/postern/service.conf
		umount /var/spool/postern
		ls /var/spool/postern > "$out/id"
		try again postern postern -q -C /etc/postern/service.conf'
	ended kept 0
	ended flush 78
	[[ $(< "$out/flush.err") == *"cannot open $(< "$out/id") in the queue /var/spool/postern: Read-only file system; it is left as it is"* ]] \
	    || complain "$(< "$out/flush.err")"
	ended again 0
	[[ $(messages) == 1 ]]
}

@test "a user can neither take the place of the socket nor that of the locks" {
	machine <<-'S'
		tls none
	S
	inside 'serve
		try rm alice rm -f /run/postern/smtp
		try mv alice mv /run/postern /tmp/postern
		try ln alice ln -sfn /tmp /run/postern/users
		try bind alice socat -u UNIX-LISTEN:/run/postern/smtp,unlink-early /dev/null
		try locks alice ls /run/postern/users
		try lock alice flock -n /run/postern/users/54322 true
		try works bob sendmail -i you@example.net
		mv /run/postern/users /run/postern/away
		mkdir -m 777 /tmp/evil.$$ && chown alice /tmp/evil.$$ && ln -s /tmp/evil.$$ /run/postern/users
		try links bob sendmail -i you@example.net
		ls -A /tmp/evil.$$ > "$out/evil"; rm -r /tmp/evil.$$ /run/postern/users
		install -d -o alice -m 700 /run/postern/users
		try foreign bob sendmail -i you@example.net'
	local name
	for name in rm mv ln bind locks lock; do
		[[ $(< "$out/$name") != 0 ]] || complain "alice can: $name"
	done
	ended works 0
	ended links 75 "421"
	ended foreign 75 "421"
	[[ ! -s $out/evil && $(messages) == 1 ]]
	[[ $(< "$out/service") == *"/run/postern/users, for the locks of connections"* ]]
}

@test "a user cannot hold all connections with subordinate uids, which have no login" {
	machine <<-'S'
		tls none
	S
	inside 'serve
		clients=
		for uid in 200001 200002 200003 200004 200005; do
			for n in 1 2 3 4 5 6 7 8; do
				as "$uid" sh -c "exec socat -u UNIX-CONNECT:/run/postern/smtp -" > "$out/held.$uid.$n" 2> "$out/held.err" &
				clients="$clients $!"
			done
		done
		until [ "$(cat "$out"/held.*.* | wc -l)" = 40 ]; do sleep 0.05; done
		try bob bob sendmail -i you@example.net
		kill $clients'
	[[ $(cat "$out"/held.*.* | grep -c ^220) == 32 && $(cat "$out"/held.*.* | grep -c ^421) == 8 ]] || complain "$(cat "$out"/held.*)"
	ended bob 0
}

@test "odd logins, and a uid without one: each has the address of its own name, and no other" {
	local long=abcdefghijklmnopqrstuvwxyz012345
	logins=$(printf '%s\n' a.b:x:60001:60001::/:/bin/sh end.:x:60002:60002::/:/bin/sh end-:x:60003:60003::/:/bin/sh \
	    'host$:x:60004:60004::/:/bin/sh' ALICE:x:60005:60005::/:/bin/sh "$long:x:60006:60006::/:/bin/sh" 123:x:60007:60007::/:/bin/sh \
	    '.lead:x:60008:60008::/:/bin/sh' 'wi*d:x:60009:60009::/:/bin/sh' 'al@example.org:x:60010:60010::/:/bin/sh' \
	    'é:x:60011:60011::/:/bin/sh')
	machine "allow_users alice, a.b, end., end-, host\$, ALICE, $long, 60007, 60008, 60009, al@example.org, é, 70000" \
	    "logfile /var/spool/postern/log" <<-'S'
		tls none
	S
	sed -i '/^sender_map/d' "$box/etc/postern/service.conf"
	printf '%s' "sender_map alice:alice@example.org, a.b:a.b@example.com, end.:end@example.com, end-:dash@example.com, " \
	    'host$:dollar@example.com, ' "$long:long@example.com, 123:digits@example.com, .lead:lead@example.com" >> "$box/etc/postern/service.conf"
	inside 'serve
		n=0
		for user in a.b end. end- "host\$" ALICE '"$long"' 60007 .lead "wi*d" al@example.org é 70000 alice; do
			n=$((n + 1))
			try "$n" "$user" sendmail -i you@example.net
		done
		try bob bob sendmail you@example.net
		cp /var/spool/postern/log "$out/log"'
	local n=0 address
	for address in a.b@example.com end@example.com dash@example.com dollar@example.com me@example.org long@example.com digits@example.com \
	    lead@example.com me@example.org me@example.org me@example.org me@example.org alice@example.org; do
		n=$((n + 1))
		ended "$n" 0
		from "$n" "$address"
	done
	ended bob 69 "may not send here"
}
