# The queue: looking at entries and handling them (mailq, --queue-*): held messages, messages for later, and the queues of several
# accounts.

load helper
load queue

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

@test "mailq with -qI, -qR and -qS lists only what they choose" {
	local id
	unreachable
	keep one@example.net
	id=$(entries)
	silent_ok -f '<>' two@example.net < "$mail"
	for choice in -qRONE@ -qI"$id" -qSme@ -q'!Rtwo' "-qRone -qSexample.org"; do
		# shellcheck disable=SC2086	# several words
		postern_ok -bp $choice
		[[ $stdout == *"$id"*one@*"in 1 Request." && $stdout != *two@* ]] || complain "$choice"
	done
	postern_as mailq -qRtwo@
	[[ $status == 0 && $stdout == *two@*"in 1 Request." && $stdout != *one@* ]]
	postern_ok -qRnobody@ -bp
	[[ $stdout == *"-- 0 Kbytes in 0 Requests." ]]
	postern_ok -q5m -bp
	[[ $stdout == *"in 2 Requests." ]]
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
	local id before now release
	server
	before=$(date +%s)
	silent_ok --hold-for=2h you@example.net < "$mail"
	id=$(entries) now=$(date +%s)
	[[ $(messages) == 0 && $(said MAIL) == 0 ]]
	release=$(envelope_of "$id" | sed -n 's/^release //p')
	((release >= before + 7200 && release <= now + 7200))
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

# ------------------------------------------------------------------------------------------------------- several queues

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
	[[ $stdout == "3 sent, 0 given up, 0 waiting" && $(messages) == 3 && $(sort "$who" | xargs) == "0 12345 12346" ]] || complain "$stdout"
	[[ -z $(find "$HOME/of" -type f ! -name .tally) ]]
}
