# The queue: what root does in the queue of another user, who may be hostile.

load helper
load queue

# hostile: root's configuration has the queues of uid 12345 (one) and of uid 12346 (two), each with a message; $of is where they are.
hostile() {
	((EUID == 0)) || skip "only root can act as another user"
	of=$HOME/of
	server
	accounts one two > "$conf"
	chmod 644 "$conf"
	silent_ok -a one -odq one@example.net < "$mail"
	silent_ok -a two -odq two@example.net < "$mail"
	chmod 711 "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR" "$HOME" "$of"
	chown -R 12345 "$of/one"
	chown -R 12346 "$of/two"
	queue=$of/one
	id=$(entries)
}

# program TEXT: the entry of uid 12345 leads to a configuration of that user's, whose password comes from this shell script.
program() {
	local own=$BATS_TEST_TMPDIR/own
	mkdir "$own"
	printf '#!/bin/sh\n%s\necho secret\n' "$1" > "$own/say"
	printf '%s\n' "account one" "host localhost" "port $port" "tls off" "user u" "password_command $own/say" > "$own/conf"
	chmod 755 "$own/say"
	chmod 644 "$own/conf"
	chown -R 12345 "$own"
	edited "$id" "s|^config .*|config $own/conf|"
}

@test "mailq shows no control characters of an entry, and --queue-show none on a terminal" {
	server
	keep
	id=$(entries)
	edited "$id" 's/^account .*/account a\\x1b[31m\\x0ab/'
	record $'try 1 2 : \033]0;title\007bad' >> "$queue/$id"
	postern_ok -bp
	[[ $stdout == *'account a\x1b[31m\x0ab, 1 try'* && $stdout == *'(\x1b]0;title\x07bad)'* && $stdout != *[$'\033\a']* ]] || complain "$stdout"
	postern_ok --queue-show="$id"
	[[ $stdout == *$'\033]0;title\abad'* ]]
	run_bounded script -qec "$POSTERN -C $conf --queue-show=$id" /dev/null
	[[ $status == 0 && $stdout == *'\x1b]0;title\x07bad'* && $stdout != *[$'\033\a']* && $stdout == *"Subject: "* ]] || complain "$stdout"
}

@test "an entry that cannot be read does not hide the others" {
	hostile
	cp -p "$of/one/$id" "$of/one/6b49d200-0123456789abcdef"
	chmod 0 "$of/one/6b49d200-0123456789abcdef"
	postern -bp
	[[ $status == 73 && $stdout == *"6b49d200-0123456789abcdef (cannot be read: Permission denied)"* && $stdout == *one@*two@* ]] || complain "$stdout"
}

@test "an entry that is one large hole costs nothing to look at" {
	local i at
	server
	keep
	for i in {100..199}; do
		at=$queue/6b49d200-0123456789abc$i
		printf 'postern-queue 1 %012d %018d 12345678 12345678\n' 268435456 0 > "$at"
		truncate -s 300M "$at"
		chmod 600 "$at"
	done
	postern_ok -bp	# 2 s each, if all of it were read
	[[ $(grep -c 'is damaged' <<< "$stdout") == 100 && $stdout == *"in 1 Request." ]] || complain "$stdout"
}

@test "root is not led into another user's queue, and makes none below another user's directory" {
	hostile
	mkdir "$of/led"
	ln -s ../two "$of/led/q"
	sed -i "s|^queue_directory .*/one$|queue_directory $of/led/q|" "$conf"
	postern_ok -a one -bp	# root's own link
	[[ $stdout == *two@* ]]
	chown -h 12345 "$of/led" "$of/led/q"
	postern_fails 73 spool -- -a one --queue-remove=ALL
	[[ $stderr == *"link in a directory that is not root's alone"* ]]
	queue=$of/two
	kept 1
	rm "$of/led/q"
	postern -a one -odq me@example.net < "$mail"
	[[ $stderr == *"root does not make it"* && ! -e $of/led/q ]] || complain
}

@test "root does not wait for ever for a lock that the queue's owner holds" {
	hostile
	exec 9>> "$of/one/.tally"
	flock 9
	postern -a one -odq you@example.net < "$mail"
	exec 9>&-
	[[ $status == 0 && $stderr == *"sent at once, since it cannot be kept"*timed\ out* ]] || complain "$status"
}

@test "what an owner has run in a flush by root has neither root's terminal nor its environment" {
	local said=$BATS_TEST_TMPDIR/own/said
	hostile
	program "{ id -u; pwd; ls /proc/self/fd; env; (: < /dev/tty) && echo terminal; } > $said 2>&1; printf '\\033[31mred\\n' >&2"
	SESAME=open XDG_STATE_HOME=/root run_bounded script -qec "$POSTERN -C $conf -q" /dev/null
	[[ -s $said && $(head -n 6 "$said" | xargs) == "12345 / 0 1 2 3" ]] || complain "$(cat "$said")"
	refute grep -E '^(SESAME|XDG|HOME=/root|TERM|terminal)' "$said"
	[[ $stdout == *'\x1b[31mred'* && $stdout != *$'\033'* ]] || complain
}

@test "an owner who stops the flush of its queue does not stop the others'" {
	hostile
	program "kill -STOP \$PPID"
	postern -q
	[[ $status == 71 && $stderr == *"the process that flushes the queue $of/one was killed, since it was stopped"* && $(messages) == 1 ]] || complain "$status"
	[[ -z $(queue=$of/two entries) && -n $(queue=$of/one entries) ]]
}
