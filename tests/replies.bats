# Replies that are too long, missing, malformed or unexpected, and what postern reports.

load helper

@test "a reply without end is 76 at every stage, and 75 after the message" {
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

@test "a reply of 60 long lines is accepted" {
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

@test "354 after all recipients were refused: postern sends no empty message and reports the refusals" {
	start_server <<-'S'
		hide CHUNKING
		reply RCPT 550 5.1.1 no such user
		reply DATA 354 go on
	S
	postern_fails 67 rcpt -- you@example.net < "$mail"
	[[ $stderr != *"may have the message"* ]]
	[[ $(said '\.$') == 0 && $(said QUIT) == 0 && $(messages) == 0 ]]
}

@test "354 after all recipients were refused: postern sends to the remaining recipients on another connection" {
	start_server <<-'S'
		hide CHUNKING
		limits RCPTMAX=1
		reply RCPT:bad@* 550 5.1.1 no such user
		reply DATA#1 354 go on
	S
	postern_fails 67 rcpt -- bad@example.net ok@example.net < "$mail"
	[[ $(envelope) == *"rcpt <ok@example.net>"* && $(connections) == 2 ]]
}

@test "without PIPELINING postern does not send DATA after all recipients were refused" {
	start_server <<-'S'
		hide PIPELINING
		hide CHUNKING
		reply RCPT 550 5.1.1 no such user
	S
	postern_fails 67 rcpt -- you@example.net < "$mail"
	[[ $(said DATA) == 0 && $(said QUIT) == 1 ]]
}

@test "require_all_recipients: \"too many recipients\" is a refusal, and the message goes to no recipient" {
	local hidden
	conf_extra="require_all_recipients on"
	for hidden in CHUNKING PIPELINING DSN; do
		start_server <<-S
			rcptmax 2
			hide $hidden
		S
		postern_fails 75 rcpt -- a@example.net b@example.net c@example.net < "$mail"
		told "refused c@example.net"
		[[ $(messages) == 0 ]]
	done
}

@test "the server refuses the sender in a later transaction: the error names each recipient without the message" {
	start_server <<-'S'
		rcptmax 2
		second_mail 451 4.3.0 enough for today
		reply RCPT:bad@* 550 5.1.1 no such user
	S
	postern_fails 67 -- a@example.net b@example.net c@example.net bad@example.net d@example.net < "$mail"
	[[ $(messages) == 1 ]]
	[[ $stderr == *"refused the sender"*"451 4.3.0 enough for today"* ]]
	told "not sent to c@example.net"
	told "not sent to d@example.net"
	told "refused bad@example.net"
	[[ $stderr != *"not sent to bad@"* && $stderr != *"not sent to a@"* ]]
}

@test "the connection is lost after the text of a later transaction: the error says that its recipient may have the message" {
	start_server <<-'S'
		rcptmax 1
		drop LAST#2 close
	S
	postern_fails 75 -- a@example.net b@example.net < "$mail"
	told "perhaps not sent to b@example.net"
}

@test "the connection is lost before the text of a later transaction: the error says that its recipient does not have it" {
	start_server <<-'S'
		rcptmax 1
		drop MAIL#2 close
	S
	postern_fails 75 -- a@example.net b@example.net < "$mail"
	told "not sent to b@example.net"
	[[ $stderr != *perhaps* ]]
}

# RFC 3030 2: a server that does not discard the chunk would run the message as commands.
@test "postern sends no BDAT after the server refused MAIL or all recipients" {
	local where
	for where in MAIL RCPT; do
		start_server <<-S
			reply $where 550 5.7.1 no
		S
		postern you@example.net < "$mail"
		((status == 69 || status == 67))
		[[ $(said BDAT) == 0 && $(messages) == 0 ]]
	done
}

@test "a 421 that refuses a command and ends the session is shown once" {
	local where
	for where in MAIL RCPT DOT; do
		start_server <<-S
			hide CHUNKING
			reply $where 421 4.3.2 going down
		S
		postern_fails 75 -- you@example.net < "$mail"
		[[ $(grep -c '421 4.3.2 going down' <<< "$stderr") == 1 ]]
	done
}

@test "the log: the server's words cannot end a value early" {
	start_server <<-'S'
		reply BODY 250 2.0.0 " exitcode=EX_USAGE queued as A"B\\
	S
	set_conf logfile "$BATS_TEST_TMPDIR/log"
	postern_ok you@example.net < "$mail"
	[[ $(< "$BATS_TEST_TMPDIR/log") == *' smtpmsg="\" exitcode=EX_USAGE queued as A\"B\\" queueid="A\"B\\" msgid='* ]]
}

@test "LMTP: a server that speaks only SMTP refuses LHLO: 69, and postern sends no HELO" {
	start_server <<-'S'
		tls none
	S
	set_conf protocol lmtp
	violations_expected=1
	postern_fails 69 ehlo -- you@example.net < "$mail"
	told "refused our LHLO"
	[[ $(said HELO) == 0 && $(messages) == 0 ]]
}

@test "too many recipients: later transactions ask for as many as the server accepted in the first" {
	local hidden
	for hidden in CHUNKING PIPELINING DSN; do
		start_server <<-S
			rcptmax 3
			hide $hidden
		S
		postern_ok {1..10}@example.net < "$mail"
		[[ $(messages) == 4 && $(said RCPT) == $((10 + 3 + 3 + 1)) ]]
		[[ $(cat "$server_dir"/env.* | grep -c '^rcpt ') == 10 ]]
	done
}

@test "one full mailbox in the middle does not make the transactions smaller" {
	start_server <<-'S'
		reply RCPT:2@* 452 4.2.2 mailbox full
	S
	postern_fails 75 rcpt -- {1..10}@example.net < "$mail"
	told "refused 2@example.net"
	[[ $(messages) == 1 && $(said RCPT) == 11 ]]
}

@test "552: too many recipients is for now, and a message too big for a mailbox is for good" {	# RFC 1870 6.4, RFC 5321 4.5.3.1.10
	local reply
	for reply in "65 552 5.2.3 too big for this mailbox" "69 552 5.2.2 mailbox full" "65 552 5.3.4 too big"; do
		start_server <<< "reply RCPT:2@*#1 ${reply#* }"
		postern_fails "${reply%% *}" rcpt -- {1..3}@example.net < "$mail"
		[[ $(messages) == 1 && $(said RCPT) == 3 ]]
	done
	for reply in "552 too many recipients" "552 5.5.3 too many recipients"; do
		start_server <<< "reply RCPT:2@*#1 $reply"
		postern_ok {1..3}@example.net < "$mail"
		[[ $(messages) == 2 && $(said RCPT) == 4 ]]
	done
	start_server <<< "reply RCPT:2@* 552 5.5.3 too many recipients"
	postern_fails 75 rcpt -- {1..3}@example.net < "$mail"
}

@test "only 354 begins a message: another 3yz to DATA is 76, and no text is sent" {	# RFC 1845 has 355
	local code
	for code in 355 350 334; do
		start_server <<-S
			hide CHUNKING
			reply DATA $code octet offset is 0
		S
		postern_fails 76 data -- you@example.net < "$mail"
		told "the server's reply $code is no answer to DATA"
		[[ $(messages) == 0 && $(transcript) != *"a test"* ]]
	done
}

@test "421 to one recipient: the error names the other recipients, which have no message either" {
	start_server <<-'S'
		reply RCPT:b@* 421 4.3.2 going down
	S
	postern_fails 75 rcpt -- a@example.net b@example.net c@example.net < "$mail"
	told "refused b@example.net"
	told "not sent to a@example.net"
	told "not sent to c@example.net"
}

@test "LMTP: 421 to one recipient: the error says that the recipients after it may have the message" {
	start_server <<-'S'
		tls none
		lmtp on
		reply BODY:b@* 421 4.3.2 shutting down
	S
	set_conf protocol lmtp
	postern_fails 75 body -- a@example.net b@example.net c@example.net < "$mail"
	told "refused the message for b@example.net"
	told "perhaps not sent to c@example.net"
	[[ $(grep a@example.net <<< "$stderr") == "postern: sent to a@example.net" ]]
}
