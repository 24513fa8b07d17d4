# callers.bash - for tests of programs that call sendmail: their machine, and what arrived from it: `load callers`
# shellcheck shell=bash

# machine [LINE...]: starts a smarthost with these lines of script, and configures a machine that is called box.example.org.
machine() {
	start_server < <(printf '%s\n' "$@")
	set_conf from machine@example.org
	set_conf local_recipients you@example.org
	set_conf qualify_domain box.example.org
}

# sent FROM TO...: the latest message must have this envelope.  FROM `-` is the machine's sender.
sent() {
	local want from=$1
	shift
	[[ $from != - ]] || from=machine@example.org
	want="mail <$from>$(printf '\nrcpt <%s>' "$@")"
	[[ $(envelope "$(messages)" | sed -n 's/^\(mail\|rcpt\) \(<[^>]*>\).*/\1 \2/p') == "$want" ]] \
	    || complain "not this envelope: $want"
}

# arrived: the latest message must be the one on stdin.  There `Date: *` and `Message-ID: *` stand for the fields that postern
# adds.
arrived() {
	cat > "$HOME/want"
	message "$(messages)" | sed 's/\r$//' | awk -v want="$HOME/want" '
		{ getline line < want }
		line == "Date: *" && /^Date: [A-Z][a-z][a-z], [0-9]+ [A-Z][a-z][a-z] [0-9]+ [0-9:]+ \+0000$/ { $0 = line }
		line == "Message-ID: *" && /^Message-ID: <[0-9]+\.[0-9a-f]+@[^ <>@]+>$/ { $0 = line }
		{ print }' > "$HOME/got"
	diff "$HOME/want" "$HOME/got" >&2 || complain "the message that arrived is not the one that the caller wrote"
}
