# The queue: how an entry ends, and the reports to its sender: failed, delayed, passed on.

load helper
load queue

# ------------------------------------------------------------------------------------------------------------ the end

@test "when its time is over, the sender gets a report through the same server" {
	local id
	server "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -R full -V 'env 1+1' gone@example.net you@example.net
	aged
	flushed 0
	kept 0
	[[ $(connections) == 1 && $(messages) == 2 && $(envelope 2) == *"mail <>"* && $(envelope 2) == *"rcpt <me@example.org>"* ]]
	report 2 > "$BATS_TEST_TMPDIR/report"
	for one in 'Auto-Submitted: auto-replied' 'To: <me@example.org>' 'In-Reply-To: <standard@example.org>' 'MIME-Version: 1.0' \
	    'Content-Type: multipart/report; report-type=delivery-status;' 'Content-Type: message/delivery-status' \
	    'Content-Type: message/rfc822' 'Final-Recipient: rfc822; gone@example.net' 'Action: failed' 'Original-Envelope-Id: env 1+1' \
	    '.this line starts with a dot' 'Subject: a test'; do
		grep -qFx -- "$one" "$BATS_TEST_TMPDIR/report" || complain "the report does not have: $one"
	done
	grep -qE '^Reporting-MTA: (dns; [^ ]+\.|x-local-hostname; [^ .]+$)' "$BATS_TEST_TMPDIR/report"
	grep -qE '^Arrival-Date: [A-Z][a-z]{2}, ' "$BATS_TEST_TMPDIR/report"
	grep -qE '^Status: [45]\.[0-9]+\.[0-9]+$' "$BATS_TEST_TMPDIR/report"
	grep -qE '^Diagnostic-Code: smtp; 451 4\.2\.2 mailbox full' "$BATS_TEST_TMPDIR/report"
	refute grep -q 'you@example.net$' <(grep -i '^final' "$BATS_TEST_TMPDIR/report")
	well_formed "$BATS_TEST_TMPDIR/report" 3
}

@test "the original recipient and the envelope id are reported without their encoding, and no line comes out of it" {
	server "reply RCPT:*@example.net 451 4.2.2 mailbox full"
	printf '%s\r\n' "EHLO x" "MAIL FROM:<me@example.org> ENVID=a+2Bb+3Dc" "RCPT TO:<you@example.net> ORCPT=rfc822;a+2Bb@example.net" \
	    "RCPT TO:<her@example.net> ORCPT=rfc822;x+0D+0AInjected:+20y" DATA "Subject: x" "" "." QUIT > "$BATS_TEST_TMPDIR/said"
	postern_ok -odq -bs < "$BATS_TEST_TMPDIR/said"
	aged
	flushed 0
	report 1 > "$BATS_TEST_TMPDIR/report"
	for one in "Original-Envelope-Id: a+b=c" "Original-Recipient: rfc822;a+b@example.net" "Original-Recipient: rfc822;x+0D+0AInjected:+20y"; do
		grep -qFx -- "$one" "$BATS_TEST_TMPDIR/report" || complain "the report does not have: $one"
	done
	refute grep -q '^Injected' "$BATS_TEST_TMPDIR/report"
}

# well_formed FILE N: the boundary stands N times before a part and once at the end.
well_formed() {
	local boundary
	boundary=$(sed -n 's/^ boundary="\(.*\)"$/\1/p' "$1" | head -n 1)
	[[ -n $boundary && $(grep -cFx -- "--$boundary" "$1") == "$2" && $(grep -cFx -- "--$boundary--" "$1") == 1 \
	    && $(tail -n 1 "$1") == "--$boundary--" ]] || complain "the parts of $(< "$1")"
}

@test "a final refusal at a later try is reported at once, with the header only" {
	server "reply RCPT:gone@*#1 450 4.2.0 later" "reply RCPT:gone@*#2 550 5.1.1 gone for ever"
	silent_ok gone@example.net < "$mail"
	due
	flushed 0
	[[ $(messages) == 1 && $(envelope 1) == *"mail <>"* ]]
	report 1 > "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Status: 5.1.1' "$BATS_TEST_TMPDIR/report"
	grep -qF '550 5.1.1 gone for ever' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: text/rfc822-headers' "$BATS_TEST_TMPDIR/report"
	refute grep -q 'this line starts' "$BATS_TEST_TMPDIR/report"
	well_formed "$BATS_TEST_TMPDIR/report" 3
}

@test "a dead smarthost until the end: each message is reported, and each report has its message" {
	local n ids
	unreachable
	for n in 1 2 3; do
		sed "s/^Subject: .*/Subject: number $n/" "$mail" > "$BATS_TEST_TMPDIR/n"
		silent_ok you@example.net < "$BATS_TEST_TMPDIR/n"
	done
	ids=$(entries)
	aged
	due
	flushed 75		# the reports would go the same way: they remain, and are due
	kept 3
	for n in $ids; do
		[[ $(grep " from=me@example.org recipients=you@example.net expired=$n report=" "$log") == *'error="'*refused*'"'* ]] || complain "$n"
	done
	for n in $(entries); do
		grep -q " report=$n " "$log"
	done
	server
	flushed 0
	[[ $(messages) == 3 ]]
	for n in 1 2 3; do
		grep -q "^Subject: number $n" "$server_dir"/msg.*
		well_formed <(report "$n") 3 2> /dev/null || { report "$n" > "$BATS_TEST_TMPDIR/report"; well_formed "$BATS_TEST_TMPDIR/report" 3; }
	done
}

@test "a try that a signal stops does not end a message" {
	server "drop GREETING silence"
	keep
	aged
	with_default_signals "$POSTERN" -C "$conf" -q < /dev/null 2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
	heard connect
	kill -TERM "$pid"
	wait "$pid" || :
	kept 1
	[[ $(envelope_of "$(entries)") == *you@* ]]
}

@test "before its time is over, an entry waits; and in the future it has just come" {
	unreachable
	silent_ok you@example.net < "$mail"
	edited "$(entries)" "s/^created .*/created $(($(date +%s) - 400000))/"
	due
	flushed 75
	kept 1
	edited "$(entries)" "s/^created .*/created $(($(date +%s) + 86400 * 365))/"
	due
	flushed 75
	kept 1
}

@test "NOTIFY=NEVER: no report, and the entry is over" {
	server "reply RCPT 451 4.2.2 mailbox full"
	keep -N never gone@example.net
	aged
	flushed 0
	kept 0
	[[ $(messages) == 0 && ! -e $queue/dead ]]
}

@test "a message without a sender, or with queue_bounce off, moves to dead and is shown" {
	local id
	server "reply RCPT 451 4.2.2 mailbox full"
	keep -f '<>' gone@example.net
	id=$(entries)
	aged
	flushed 78
	told "$id moved to the directory dead, since its sender cannot be told that it was given up: the server refused gone@example.net: 451"
	grep -q " from=<> recipients=gone@example.net dead=$id needs=person error=\"the server refused gone@.* 451 4.2.2 mailbox full" "$log" \
	    || complain "$(< "$log")"
	set_conf queue_bounce off
	keep lost@example.net
	aged
	flushed 78
	kept 0
	[[ $(find "$queue/dead" -type f | wc -l) == 2 && $(messages) == 0 && $(grep -c ' dead=' "$log") == 2 ]]
	postern_ok -bp
	[[ $stdout == "Given up, and nobody could be told, $queue/dead:"*gone@example.net* && $stdout == *lost@example.net* && $stdout == *"2 Requests." ]]
	[[ $(grep -c '^    (.*: 451 4\.2\.2 mailbox full' <<< "$stdout") == 2 && $(grep -c 'account default, 1 try$' <<< "$stdout") == 2 ]]
	id=$(basename "$(find "$queue/dead" -type f | sort | head -n 1)")
	postern_ok --queue-show "$id"
	[[ $stdout == "postern-queue 1 "*"Subject: "* ]]
	postern_fails 64 usage -- --queue-hold "$id"
	postern_ok --queue-remove "$id"
	[[ $(find "$queue/dead" -type f | wc -l) == 1 ]]
	postern_fails 64 usage -- --queue-remove "$id"
	postern_ok --queue-remove ALL
	postern_ok -bp
	[[ $stdout == "Mail queue is empty" ]]
}

@test "a report that is refused is not reported" {
	server "reply RCPT:gone@* 550 5.1.1 gone" "reply RCPT:me@* 550 5.1.1 gone, too"
	keep gone@example.net
	flushed 78
	kept 0
	[[ $(find "$queue/dead" -type f | wc -l) == 1 && $(messages) == 0 ]]
}

@test "a server that takes no null sender gets the report from the account, and asks for none about it" {
	server "reply MAIL:<> 550 5.7.1 no null sender" "reply MAIL: 550 5.7.1 no null sender" "reply RCPT:gone@* 550 5.1.1 gone"
	keep gone@example.net
	flushed 0
	kept 0
	[[ $(connections) == 1 && $(messages) == 1 && $(envelope 1) == *"mail <me@example.org>"* && $(envelope 1) == *"NOTIFY=NEVER"* && ! -e $queue/dead ]]
}

@test "a report about an address or a header that is not ASCII" {
	server "offer SMTPUTF8" "reply RCPT:*gone@* 550 5.1.1 weg"
	sed 's/^Subject: .*/Subject: gr\xc3\xbc\xc3\x9fe/' "$mail" > "$BATS_TEST_TMPDIR/u"
	silent_ok -odq $'gr\xc3\xbcgone@example.net' < "$BATS_TEST_TMPDIR/u"
	flushed 0
	[[ $(messages) == 1 ]]
	report 1 > "$BATS_TEST_TMPDIR/report"
	grep -qFx $'Final-Recipient: utf-8; gr\xc3\xbcgone@example.net' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: message/global-delivery-status' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: message/global-headers' "$BATS_TEST_TMPDIR/report"
	well_formed "$BATS_TEST_TMPDIR/report" 3
}

@test "a header that is neither ASCII nor UTF-8 is not attached as UTF-8" {
	server "reply RCPT:*gone@* 550 5.1.1 gone"
	sed 's/^Subject: .*/Subject: gr\xfc\xdfe/' "$mail" > "$BATS_TEST_TMPDIR/latin"
	for one in hdrs full; do
		silent_ok -odq -R "$one" gone@example.net < "$BATS_TEST_TMPDIR/latin"
		flushed 0
	done
	report 1 > "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: text/rfc822-headers' "$BATS_TEST_TMPDIR/report"
	report 2 > "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: message/rfc822' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Subject: =?unknown-8bit?Q?gr=FC=DFe?=' "$BATS_TEST_TMPDIR/report"
}

@test "words of the server do not become lines of the entry or of the report" {
	server 'reply RCPT:gone@*#1 450-4.2.0 a\r\n450 4.2.0 b\x01 \\ rcpt evil@example.net' \
	    'reply RCPT:gone@*#2 550-5.1.1 a\r\n550 5.1.1 Final-Recipient: rfc822; x@example.net'
	silent_ok gone@example.net < "$mail"
	[[ $(records_of "$(entries)" | wc -l) == 1 ]]
	due
	flushed 0
	report 1 > "$BATS_TEST_TMPDIR/report"
	[[ $(grep -c '^Final-Recipient' "$BATS_TEST_TMPDIR/report") == 1 ]]
}

# ------------------------------------------------------------------------------------------- the other two reports

@test "after four hours the sender is told once, if NOTIFY has DELAY" {
	server "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -N delay,failure gone@example.net
	aged 13000
	flushed 75
	[[ $(messages) == 0 ]]
	aged 14500
	due
	flushed 75
	kept 1
	[[ $(messages) == 1 && $(envelope 1) == *"mail <>"*"rcpt <me@example.org>"* ]]
	report 1 > "$BATS_TEST_TMPDIR/report"
	for one in 'Subject: Your message is delayed' 'Auto-Submitted: auto-replied' 'Action: delayed' 'Status: 4.2.2' \
	    'Final-Recipient: rfc822; gone@example.net' 'Content-Type: text/rfc822-headers'; do
		grep -qFx -- "$one" "$BATS_TEST_TMPDIR/report" || complain "the report does not have: $one"
	done
	grep -qE '^Diagnostic-Code: smtp; 451 4\.2\.2 mailbox full' "$BATS_TEST_TMPDIR/report"
	local until created
	until=$(sed -n 's/^Will-Retry-Until: //p' "$BATS_TEST_TMPDIR/report")
	created=$(envelope_of "$(entries)" | sed -n 's/^created //p')
	(($(date -d "$until" +%s) == created + 432000)) || complain "until $until"
	well_formed "$BATS_TEST_TMPDIR/report" 3
	due
	flushed 75
	[[ $(messages) == 1 ]]
	aged
	due
	flushed 0			# its time is over
	kept 0
	[[ $(messages) == 2 ]]
	report 2 | grep -qx 'Action: failed'
}

@test "no delay is reported without NOTIFY=DELAY, to nobody, with queue_bounce off, and of a message that has just been released" {
	server "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -N delay gone@example.net
	postern_ok --queue-hold=ALL
	keep gone@example.net
	keep -N failure,success gone@example.net
	keep -N delay -f '<>' gone@example.net
	aged 20000
	postern_ok --queue-release=ALL
	flushed 75
	kept 4
	set_conf queue_bounce off
	aged 20000
	keep -N delay gone@example.net
	aged 20000
	due
	flushed 75
	kept 5
	[[ $(messages) == 0 ]]
}

@test "a delay is told for those recipients alone that still wait and ask for it, also without an answer of the server" {
	server "reply RCPT:gone@* 451 4.2.2 mailbox full" "drop RCPT:cut@* close"
	keep gone@example.net you@example.net
	keep cut@example.net
	local id
	for id in $(entries); do
		edited "$id" "s/^rcpt .*/&\nnotify 8/; s/^created .*/created $(($(date +%s) - 20000))/"
	done
	flushed 75
	kept 2
	[[ $(messages) == 3 ]]
	for id in 2 3; do
		report $id > "$BATS_TEST_TMPDIR/report"
		[[ $(grep -c '^Final-Recipient' "$BATS_TEST_TMPDIR/report") == 1 ]]
		refute grep -q you@ <(grep '^Final' "$BATS_TEST_TMPDIR/report")
		grep -qE '^Status: 4\.[0-9]+\.[0-9]+$' "$BATS_TEST_TMPDIR/report"
		grep -qE '^Diagnostic-Code: (smtp|x-postern); .' "$BATS_TEST_TMPDIR/report"
	done
}

@test "NOTIFY=SUCCESS and a server without DSN: the sender is told that the message was passed on" {
	server "hide DSN"
	keep -N success -R full you@example.net her@example.net
	keep -N failure you@example.net
	keep -N success -f '<>' you@example.net
	flushed 0
	kept 0
	[[ $(messages) == 4 ]]
	grep -lq '^Subject: Your message was passed on' "$server_dir"/msg.4
	report 4 > "$BATS_TEST_TMPDIR/report"
	[[ $(grep -cx 'Action: relayed' "$BATS_TEST_TMPDIR/report") == 2 && $(grep -cx 'Status: 2.0.0' "$BATS_TEST_TMPDIR/report") == 2 ]]
	refute grep -q '^Diagnostic-Code' "$BATS_TEST_TMPDIR/report"
	grep -qFx 'Content-Type: text/rfc822-headers' "$BATS_TEST_TMPDIR/report"
	well_formed "$BATS_TEST_TMPDIR/report" 3
	stop_server
	server
	write_conf
	keep -N success you@example.net
	flushed 0
	[[ $(messages) == 1 ]]			# the server reports it
}

@test "a message that goes through at once is reported as passed on, too; and not where the queue or queue_bounce is off" {
	server "hide DSN"
	set_conf queue off
	silent_ok -N success you@example.net < "$mail"
	set_conf queue on
	set_conf queue_bounce off
	silent_ok -N success you@example.net < "$mail"
	[[ $(messages) == 2 ]]
	kept 0
	set_conf queue_bounce on
	silent_ok -N success you@example.net < "$mail"
	flock "$queue/.flushing" true
	kept 0
	[[ $(messages) == 4 && $(envelope 4) == *"mail <>"* ]]
	report 4 | grep -qx 'Action: relayed'
}

@test "a recipient that has the message is reported as passed on once, while another one waits" {
	server "hide DSN" "reply RCPT:gone@* 451 4.2.2 mailbox full"
	keep -N success gone@example.net you@example.net
	flushed 75
	due
	flushed 75
	kept 1
	[[ $(messages) == 2 ]]
	report 2 > "$BATS_TEST_TMPDIR/report"
	[[ $(grep '^Final' "$BATS_TEST_TMPDIR/report") == *you@example.net ]]
	# the report was not made before a crash: it is made now
	id=$(entries)
	{ envelope_of "$id"; message_of "$id"; } > /dev/null
	head -c $((66 + envelope_len + message_len)) "$queue/$id" > "$BATS_TEST_TMPDIR/cut"
	{ cat "$BATS_TEST_TMPDIR/cut"; record "sent $(date +%s) done 0-1 relayed 0"; } > "$BATS_TEST_TMPDIR/all"
	cat "$BATS_TEST_TMPDIR/all" > "$queue/$id"
	flushed 0
	kept 0
	[[ $(messages) == 3 ]]
	report 3 | grep -qx 'Final-Recipient: rfc822; gone@example.net'
}
