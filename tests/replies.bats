# What a server says in place of an answer, or beside it.

load helper

@test "a reply without end is no reply: 76 at every stage, and 75 where the message may have gone" {
	local where status_wanted
	for where in GREETING:76 EHLO:76 AUTH:76 MAIL:76 RCPT:76 DATA:76 DOT:75; do
		status_wanted=${where#*:}
		start_server <<-S
			hide CHUNKING
			endless ${where%:*}
		S
		postern_fails "$status_wanted" -- you@example.net < "$mail"
		told "the server's reply has too many lines"
		[[ $(messages) == 0 || $where == DOT* ]]
	done
}

@test "a reply of many long lines is taken" {
	local where line text
	printf -v line '%0479d' 0
	for where in GREETING:220 AUTH:235 MAIL:250 RCPT:250 DATA:354 DOT:250; do
		text=
		for _ in {1..60}; do
			text+="${where#*:}-$line\\r\\n"
		done
		start_server <<-S
			hide CHUNKING
			auth_mechs PLAIN
			reply ${where%:*} $text${where#*:} end
		S
		postern_ok you@example.net < "$mail"
		[[ $(messages) == 1 ]]
	done
}
