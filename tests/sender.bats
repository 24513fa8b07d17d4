# The sender of local users' mail: sender_map, set_from_header, and the variables of the environment.

load helper

# server [LINES]: a server in clear text, and a configuration without a sender.
server() {
	start_server <<-'S'
		tls none
	S
	set_conf from
	set_conf qualify_domain host.example.org
	[[ -z ${1:-} ]] || printf '%s\n' "$1" >> "$conf"
}

# sent HEADER [ARGS...]: sends a message with this header to you@example.net.
sent() {
	local header=$1
	shift
	printf '%s\nSubject: x\n\ntext\n' "$header" > "$BATS_TEST_TMPDIR/in"
	postern_ok "$@" you@example.net < "$BATS_TEST_TMPDIR/in"
	sync_server
}

last() { messages; }
got() { message "$(last)" | tr -d '\r' | grep -E "$1"; }
sender() { envelope "$(last)" | sed -n 's/^mail <\([^>]*\)>.*/\1/p'; }

# ------------------------------------------------------------------------------------------------------------- sender_map

@test "sender_map: a local sender becomes the mapped address, in the envelope and in the header" {
	server "sender_map *:machine@example.org"
	sent "From: root (Cron Daemon)" -f root
	[[ $(sender) == machine@example.org ]]
	[[ $(got '^From:') == "From: machine@example.org (Cron Daemon)" ]]
	[[ $(got '^X-Original-From:') == "X-Original-From: root@host.example.org (Cron Daemon)" ]]
	sent 'From: "root (Cron Daemon)" <root@localhost>' -f root@localhost
	[[ $(got '^From:') == 'From: "root (Cron Daemon)" <machine@example.org>' && $(sender) == machine@example.org ]]
	sent $'From: =?utf-8?Q?J=C3=B6rg?=\n <joe>\nSender: cron\nReply-To: joe, ann@example.net' -f joe@host.example.org
	[[ $(got '^(Sender|Reply-To):') == "Sender: machine@example.org
Reply-To: machine@example.org, ann@example.net" ]]
	[[ $(got '^ <') == " <machine@example.org>
 <joe@host.example.org>" ]]
}

@test "sender_map: without -f the login name is mapped, and postern adds a From with the mapped address" {
	server "sender_map *:machine@example.org"
	sent "To: you@example.net"
	[[ $(sender) == machine@example.org && $(got '^From:') == "From: machine@example.org" ]]
	[[ -z $(got '^X-Original-From:') ]]
}

@test "sender_map: senders of other domains, recipients and the null sender stay" {
	server "sender_map *:machine@example.org"
	sent $'From: joe@example.com\nTo: root\nCc: joe@localhost' -f joe@example.com
	[[ $(sender) == joe@example.com && -z $(got machine@example.org) && -z $(got '^X-Original') ]]
	sent $'From: joe@example.com' -f '<>'
	[[ -z $(sender) ]]
}

@test "sender_map: the first match counts, by address, user@*, *@host, name or detail" {
	server "sender_map ann@example.com:a@example.org, web@*:b@example.org, *@box.example.com:c@example.org, root:d@example.org"
	local row from
	for row in ann@example.com=a ANN@Example.Com=a ann+x@example.com=a web@anywhere.example=b web=b joe@box.example.com=c \
	    root=d root@localhost=d Root=d joe=joe root@example.com=root; do
		from=${row%%=*}
		sent "From: <$from>" -f "$from"
		case ${row#*=} in
		?) [[ $(sender) == "${row#*=}@example.org" && $(got '^From:') == "From: <${row#*=}@example.org>" ]] \
		    || complain "$row: $(sender)" ;;
		*) [[ $(sender) == "${row#*=}"@* && $(sender) != *@example.org ]] || complain "$row: $(sender)" ;;
		esac
	done
}

@test "sender_map applies to -bs" {
	server "sender_map *:machine@example.org"
	printf '%s\r\n' "EHLO x" "MAIL FROM:<root>" "RCPT TO:<you@example.net>" DATA "From: root" "" text . QUIT \
	    > "$BATS_TEST_TMPDIR/in"
	postern_ok -bs < "$BATS_TEST_TMPDIR/in"
	[[ $(sender) == machine@example.org && $(got '^From:') == "From: machine@example.org" ]]
}

@test "sender_map: an invalid map is 78, and the hint shows a valid one" {
	server
	local value
	for value in root root: :x@example.org root:x 'root:x@' "root: x@example.org"; do
		set_conf sender_map "$value"
		postern_fails 78 config -- you@example.net < "$mail"
		[[ $(messages) == 0 ]]
	done
	hinted "sender_map root:you@example.org"
}

@test "sender_map: --dump-config shows the map, and it can be read again" {
	server
	set_conf sender_map 'root:machine@example.org,*@x.example:x@example.org'
	postern_ok --dump-config
	printf '%s\n' "$stdout" > "$conf"
	chmod 600 "$conf"
	postern_ok -bv -f root@localhost you@example.net
	[[ $stdout == *"sender machine@example.org"* ]]
	postern_ok -bv -f joe@x.example you@example.net
	[[ $stdout == *"sender x@example.org"* ]]
}

# -------------------------------------------------------------------------------------------------------- set_from_header

@test "set_from_header on: the address is replaced, name and comments stay, X-Original-From keeps the old address" {
	server "set_from_header on"
	sent "From: root (Cron Daemon)" -f me@example.org
	[[ $(got '^(X-Original-)?From:') == "From: me@example.org (Cron Daemon)
X-Original-From: root@host.example.org (Cron Daemon)" ]]
	sent 'From: "(Cron Daemon)" <root>' -f me@example.org
	[[ $(got '^(X-Original-)?From:') == 'From: "(Cron Daemon)" <me@example.org>
X-Original-From: "(Cron Daemon)" <root@host.example.org>' ]]
	sent 'From: (a (nested) one) Joe Doe <joe (him) @ example . com> (end)' -f me@example.org
	[[ $(got '^From:') == 'From: (a (nested) one) Joe Doe <me@example.org> (end)' ]]
	sent 'FROM:joe@example.com' -f me@example.org
	[[ $(got '^(X-Original-)?F[Rr][Oo][Mm]:') == 'FROM:me@example.org
X-Original-From:joe@example.com' ]]
}

@test "set_from_header on: a From with the sender's address stays, and the null sender changes no From" {
	server "set_from_header on"
	sent "From:  Me  <me@EXAMPLE.org>" -f me@example.org
	[[ $(got '^(X-Original-)?From:') == "From:  Me  <me@EXAMPLE.org>" ]]
	sent "From: joe@example.com" -f '<>'
	[[ $(got '^(X-Original-)?From:') == "From: joe@example.com" ]]
}

@test "set_from_header on: a From that equals the sender after qualification stays" {
	server "set_from_header on"
	sent "From: root (Cron Daemon)" -f root
	[[ $(got '^(X-Original-)?From:') == "From: root@host.example.org (Cron Daemon)" ]]
}

@test "set_from_header on: a From with several addresses or an invalid one is replaced as a whole" {
	server "set_from_header on"
	sent "From: a@example.com, b@example.com" -F "The Name" -f me@example.org
	[[ $(got '^(X-Original-)?From:') == "From: The Name <me@example.org>
X-Original-From: a@example.com, b@example.com" ]]
	sent "From: <<broken" -f me@example.org
	[[ $(got '^(X-Original-)?From:') == "From: me@example.org
X-Original-From: <<broken" ]]
	sent $'Subject: y\nFrom: two\n words@' -f me@example.org
	[[ $(got '^From:') == "From: me@example.org" && $(message "$(last)") == *$'X-Original-From: two\r\n words@'* ]]
}

@test "set_from_header on: a group or several From fields become one address" {
	server "set_from_header on"
	local group
	for group in "all: joe@example.com;" "all: joe@example.com"; do
		sent "From: $group" -f me@example.org
		[[ $(got '^(X-Original-)?From:') == "From: me@example.org
X-Original-From: $group" ]]
	done
	sent $'From: Joe <joe@example.com>\nFrom: me@example.org\nFrom:' -f me@example.org
	[[ $(got '^(X-Original-)?From:') == "From: Joe <me@example.org>
X-Original-From: Joe <joe@example.com>
X-Original-From: me@example.org" ]]
}

@test "an empty From is treated like a missing one" {
	server
	local empty
	for empty in "From:" "from : " $'From:\n \t'; do
		sent "$empty" -F "The Name" -f me@example.org
		[[ $(got '^[Ff][Rr][Oo][Mm] ?:|^[[:blank:]]') == "From: The Name <me@example.org>" ]]
	done
	sent $'Resent-To: joe@example.com\nResent-From:\nFrom:' -f me@example.org
	[[ $(got '^(Resent-)?From') == "Resent-From: me@example.org
From:" ]]
	set_conf set_from_header on
	sent "From:" -f me@example.org
	[[ $(got '^(X-Original-)?From') == "From: me@example.org" ]]
	set_conf set_from_header off
	sent "From:" -f me@example.org
	[[ $(got '^From') == "From:" ]]
}

# ------------------------------------------------------------------------------------------------------------ environment

@test "EMAIL is the sender if neither -f nor from is given" {
	server
	EMAIL='Ann <ann@example.com>' sent "To: you@example.net"
	[[ $(sender) == ann@example.com ]]
	EMAIL=ann@example.com sent "To: you@example.net" -f joe@example.com
	[[ $(sender) == joe@example.com ]]
	EMAIL='no address' sent "To: you@example.net"
	[[ $(sender) == *@host.example.org ]]
	told "warning: EMAIL is no address"
	set_conf from me@example.org
	EMAIL=ann@example.com sent "To: you@example.net"
	[[ $(sender) == me@example.org ]]
}

@test "MAILNAME, or else NAME, is the full name if neither -F nor from_full_name is given" {
	server "from me@example.org"
	NAME="Ann Other" sent "To: you@example.net"
	[[ $(got '^From:') == "From: Ann Other <me@example.org>" ]]
	NAME="Ann Other" MAILNAME="Jörg" sent "To: you@example.net"
	[[ $(got '^From:') == "From: =?utf-8?"*" <me@example.org>" ]]
	NAME="Ann Other" sent "To: you@example.net" -F Joe
	[[ $(got '^From:') == "From: Joe <me@example.org>" ]]
	NAME=$'A\nBcc: x@example.com' MAILNAME=$'\xff' sent "To: you@example.net"
	[[ $(got '^From:') == "From: me@example.org" ]]
}

@test "--read-envelope-from: a From that cannot be read is a warning, and the sender is the usual one" {
	server
	local from
	for from in "ann@example.org>" "Ann <ann@example.org" "Ann at" '"Ann <ann@example.org>'; do
		sent "From: $from" --read-envelope-from
		told "postern: warning: the From of the message cannot be read, so it does not set the sender: "
		[[ $(sender) != ann@* ]]
	done
	told "a quote is not closed"
	sent "From:" --read-envelope-from
	[[ -z $stderr && $(sender) != ann@* ]]
	sent "From: Ann at home@work <ann@example.org.>" --read-envelope-from
	[[ -z $stderr && $(sender) == ann@example.org ]]
}

@test "set_from_header on replaces a source route, too" {
	server "set_from_header on"
	sent "From: Ann <@a.example,@b.example:ann@example.org>" -f me@example.org
	[[ $(got '^(X-Original-)?From:') == "From: Ann <me@example.org>
X-Original-From: Ann <@a.example,@b.example:ann@example.org>" ]]
}

# ------------------------------------------------------------------------------------------------------- the login as sender

# login USER: a server where this user logs in, and a configuration without a sender.
login() {
	start_server <<< "user $1"
	set_conf from
	set_conf user "$1"
	set_conf qualify_domain host.example.org
}

@test "without from the sender is EMAIL, else user if it is an address, else the login name, and -v says which" {
	login me@example.org
	sent "To: you@example.net" -v
	[[ $(sender) == me@example.org && $(got '^From:') == "From: me@example.org" ]]
	told '* the sender is me@example.org, from `user`'
	EMAIL=ann@example.com sent "To: you@example.net" -v
	[[ $(sender) == ann@example.com ]]
	told "* the sender is ann@example.com, from the variable EMAIL"
	sent "To: you@example.net" -v -f joe@example.com
	told "* the sender is joe@example.com, from -f"
	set_conf from you@example.org
	sent "To: you@example.net" -v
	[[ $(sender) == you@example.org ]]
	told '* the sender is you@example.org, from `from`'
	set_conf from "*@example.org"
	sent $'From: Ann <ann@example.com>\nTo: you@example.net'
	[[ $(sender) == me@example.org && $(got '^From:') == "From: Ann <ann@example.com>" ]]
	set_conf user
	sent "To: you@example.net" -v
	[[ $(sender) == *@host.example.org ]]
	told "@host.example.org, from the login name on this machine"
}

@test "a login name that is no address that can receive is not the sender" {
	local user
	login me@example.org
	for user in joe apikey 'EXAMPLE\joe' joe@realm 8f3a001@smtp-brevo.com MS_x1y2z3@example.org smtp@mailtrap.io \
	    ocid1.user.oc1..aaaa@ocid1.tenancy.oc1..bbbb.ab.com; do
		set_conf user "$user"
		postern_ok -bv you@example.net
		[[ $stdout == *", sender "*"@host.example.org, user "* ]] || complain "$user"
	done
	set_conf user me@example.org
	set_conf auth off
	postern_ok -bv you@example.net
	[[ $stdout != *"sender me@example.org"* ]] || complain "there is no login"
}

@test "-f chooses the account without from whose user it is; an explicit from wins" {
	cat > "$conf" <<-'C'
		defaults
		host localhost
		account default
		user me@example.org
		account office
		user office@example.org
		account explicit
		from boss@example.org
		user x@example.org
		account late
		from office@example.com
		user boss@example.org
		account other
		from office+list@example.org
	C
	chosen() { postern_ok -bv -f "$1" you@example.net && [[ $stdout == *" account $2, "* ]] || complain "$1: $stdout"; }
	chosen me@example.org default
	chosen office@example.org office
	chosen Office@Example.org office
	chosen office+work@example.org office
	chosen office+list@example.org other
	chosen boss@example.org explicit
	chosen x@example.org default
	chosen joe@example.org default
}
