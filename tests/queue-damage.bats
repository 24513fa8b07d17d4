# The queue: files that are not to be trusted, and what a crash left of an entry.

load helper
load queue

# untrusted: neither mailq nor -q take the only file for an entry, and both leave it as it is.
untrusted() {
	local name=$1 before
	before=$(ls -l "$queue"; [[ ! -f $queue/$name ]] || head -c 100000 "$queue/$name" | cksum)
	postern_as mailq
	[[ $status == 0 && $stdout == *"$name"*"annot be trusted"* ]] || complain "mailq, $2"
	flushed 78
	told "$name"
	postern --queue-remove="$name"
	((status != 0)) || complain "removed, $2"
	[[ $before == "$(ls -l "$queue"; [[ ! -f $queue/$name ]] || head -c 100000 "$queue/$name" | cksum)" ]] || complain "changed, $2"
	[[ $(connections) == 0 ]] || complain "sent, $2"
}

@test "damaged entries are named, never sent and never removed" {
	local id good=$BATS_TEST_TMPDIR/good one
	server
	keep
	id=$(entries)
	cp "$queue/$id" "$good"
	for one in 's/^postern-queue 1/postern-queue 2/' 's/^account default/account Default/' 's/^rcpt you@/rcpt YOU@/' '1s/ [0-9a-f]*$/ 00000000/' \
	    '1s/1 0/1 9/' '1s/^p/P/'; do
		sed "$one" "$good" > "$queue/$id"
		[[ $one != '1s/ [0-9'* ]] || continue	# the checksum of the message: below
		untrusted "$id" "$one"
	done
	for one in 0 10 66 100 300; do
		head -c $one "$good" > "$queue/$id"
		untrusted "$id" "$one octets"
	done
	head -c 5000 /dev/urandom > "$queue/$id"
	untrusted "$id" noise
	truncate -s 3G "$queue/$id"
	: > "$queue/$id"
	truncate -s 3G "$queue/$id"
	untrusted "$id" huge
}

@test "a message whose octets changed is never sent, not at its end either" {
	local id
	server
	keep
	id=$(entries)
	sed -i 's/^and this is the last/and This is the last/' "$queue/$id"
	flushed 78
	told "damaged"
	kept 1
	aged
	postern_ok --queue-show="$id"
	sed -i 's/^and This is the last/and THIS is the last/' "$queue/$id"
	flushed 78
	kept 1
	[[ $(messages) == 0 && $(connections) -le 1 ]]
}

@test "an envelope that does not say what an envelope says is not trusted, with a right checksum either" {
	local id good=$BATS_TEST_TMPDIR/good one
	server
	keep
	id=$(entries)
	cp "$queue/$id" "$good"
	for one in '/^account/d' '/^sender/d' '/^rcpt/d' 's/^rcpt .*/&\n&/' 's/^sender/new-fact/' 's/^sender .*/sender a\\x0d\\x0aRSET/' 's/^created .*/created -1/' \
	    's/^sender.*/&\n&/' 's/^rcpt .*/rcpt a\\x00b/' 's/^rcpt .*/rcpt a\\xzzb/' 's/^rcpt .*/rcpt/' '$d'; do
		cat "$good" > "$queue/$id"
		edited "$id" "$one"
		untrusted "$id" "$one"
	done
}

@test "links, pipes, directories and open files are named, never opened and never removed" {
	local id good=$BATS_TEST_TMPDIR/good
	server
	keep
	id=$(entries)
	mv "$queue/$id" "$good"
	ln -s "$good" "$queue/$id"
	untrusted "$id" symlink
	ln -sf /dev/zero "$queue/$id"
	untrusted "$id" device
	rm "$queue/$id"
	mkfifo "$queue/$id"
	untrusted "$id" pipe
	rm "$queue/$id"
	ln "$good" "$queue/$id"
	untrusted "$id" "hard link"
	rm "$queue/$id"
	mkdir "$queue/$id"
	untrusted "$id" directory
	rmdir "$queue/$id"
	cp "$good" "$queue/$id"
	chmod 640 "$queue/$id"
	untrusted "$id" mode
}

@test "an entry of another user is not trusted" {
	((EUID == 0)) || skip "only root can give a file away"
	local id
	server
	keep
	id=$(entries)
	chown 12345 "$queue/$id"
	untrusted "$id" owner
	chown 12345 "$queue"	# root acts as the owner of a queue
	flushed 78		# who may not read the configuration, which is below a directory of root's
	kept 1
	[[ $(messages) == 0 ]]
}

@test "files that are no entries are named and do no harm" {
	server
	keep
	touch "$queue/README" "$queue/6b49d200-0123456789abcdeF" "$queue/.new-6b49d200-0123456789abcdef"
	mkdir "$queue/6b49d200"
	printf x > "$queue/"$'odd\033[1m\nname'
	postern_as mailq
	[[ $stdout == *"README (is no message"* && $stdout == *"in 1 Request." && $stdout != *$'\033'* && $stdout != *.new-* ]]
	flushed 0
	[[ $(messages) == 1 && $(find "$queue" -mindepth 1 ! -name .flushing ! -name .tally -printf x) == xxxxx ]]
}

@test "a temporary file is removed when it is old, and not while somebody writes it" {
	local at=.new-6b49d200-0123456789abcdef
	server
	keep
	touch -d '2 days ago' "$queue/$at" "$queue/$at.locked"
	touch -d '1 day ago' "$queue/$at.young"
	flock "$queue/$at.locked" "$POSTERN" -C "$conf" -q
	[[ ! -e $queue/$at && -e $queue/$at.locked && -e $queue/$at.young ]]
}

@test "a torn record is as if it were not there, and the next one takes its place" {
	local id
	server "reply RCPT:her@*#1 450 4.2.0 later" "reply RCPT:her@*#2 450 4.2.0 later"
	keep you@example.net her@example.net
	flushed 75
	id=$(entries)
	printf '12345678 try 1 2 done 0-1 : torn' >> "$queue/$id"
	due
	flushed 75
	[[ $(envelope 1) == *you@* && $(messages) == 1 ]]
	due
	flushed 0
	[[ $(messages) == 2 && $(envelope 2) == *"rcpt <her@"* ]]
}

@test "a record with a right checksum and no sense is passed over" {
	local id one
	server
	keep you@example.net her@example.net
	id=$(entries)
	for one in "try 1" "try 1 2 done 0-9 : x" "try 1 2 done 5 : x" "frob 1" "try -1 2 : x" "hold" "release x" "try 1 2 gone 0 : x" "try 1 2 done 1-0 : x"; do
		record "$one"
	done >> "$queue/$id"
	due
	flushed 0
	kept 0
	[[ $(envelope) == *you@*her@* ]]
}
