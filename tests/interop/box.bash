# box.bash - for tests of programs that call sendmail: a machine whose sendmail is postern, and records what it gets: `load box`
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in what is loaded before, and in the files that load this one

load packages
load ../helper
load ../callers

setup_file() {
	root=$(cache_of callers)
	skip_all=$(why_not callers)
	libs=$(libs_below "$root")
	perl5=$root/usr/share/perl5:$(find "$root"/usr/lib/*/perl5 -mindepth 1 -maxdepth 1 2> /dev/null | paste -sd :)
	private=
	command -v unshare > /dev/null && mkdir -p "$BATS_FILE_TMPDIR/try" \
	    && why=$("$BATS_TEST_DIRNAME/namespace" "$BATS_FILE_TMPDIR/try" true 2>&1) \
	    || private="a private /usr/sbin needs namespaces: ${why:-there is no unshare}"
	export root skip_all libs perl5 private
}

setup() {
	[[ -z $skip_all ]] || skip "$skip_all"
	helper_setup
	box=$BATS_TEST_TMPDIR/box
	written=$BATS_TEST_TMPDIR/written passed=$BATS_TEST_TMPDIR/passed ended=$BATS_TEST_TMPDIR/ended
	sendmail=$box/sbin/sendmail
}

teardown() {
	[[ -z $skip_all ]] || return 0
	[[ ! -e $BATS_TEST_TMPDIR/fail2ban/pid ]] || unpacked fail2ban-client -c "$BATS_TEST_TMPDIR/fail2ban" stop
	helper_teardown
}

# box [LINE...]: the machine of ../callers.bash with root's own configuration.  Its sendmail is a script that records the
# caller's arguments and message, and runs postern with them.
box() {
	machine "$@"
	mkdir -p "$box"/{sbin,etc/pam.d,home} "$HOME/.config/postern"
	cat > "$sendmail" <<-END
		#!/bin/bash
		export HOME="$HOME"
		echo "\$*" > "$passed"
		(exec -a "\$0" "$POSTERN" "\$@" < <(tee "$written"))
		echo "\$?" >> "$ended"
		exit "\$(tail -n 1 "$ended")"
	END
	chmod 755 "$sendmail"
	cp -p "$conf" "$HOME/.config/postern/config"
}

# needs FILE: skips the test if no package has this file.
needs() {
	compgen -G "$root/$1" > /dev/null || skip "there is no package with $1"
}

# unpacked COMMAND...: runs it with the programs of the packages, their libraries and modules.
unpacked() {
	run_bounded env PATH="$root/usr/bin:$root/usr/sbin:$PATH" LD_LIBRARY_PATH="$libs" PERL5LIB="$perl5" \
	    NODE_PATH="$root/usr/share/nodejs" PYTHONPATH="$root/usr/lib/python3/dist-packages" "$@"
}

# here COMMAND...: runs it like unpacked; it must succeed and print no error.
here() {
	unpacked "$@"
	((status == 0)) || complain "exit status $status from $1" || return 1
	[[ -z $stderr ]] || complain "$1 has something to say"
}

# calls N: sendmail was called N times and has ended each time.
calls() { [[ -e $ended && $(wc -l < "$ended") == "$1" ]]; }

# passed ARGS: the caller gave these arguments to sendmail.
passed() { [[ $(< "$passed") == "$*" ]] || complain "not $*, but: $(< "$passed")"; }

# as_written [FIELD...] [-e EDIT...]: the message arrived as the caller wrote it, with these fields added, edited by sed.
as_written() {
	local added=
	while (($#)) && [[ $1 != -e ]]; do
		added+=$1$'\n'
		shift
	done
	sed 's/\r$//' "$written" | sed -E -e '' "$@" | awk -v added="$added" '
		!body && /^$/ { printf "%s", added; body = 1 }
		{ print }' > "$BATS_TEST_TMPDIR/expected"
	arrived < "$BATS_TEST_TMPDIR/expected"
}

# cron's Subject has the command, in raw UTF-8: it becomes an encoded word.
encoded='/^Subject:/s/\.\.größer/=?utf-8?B?Li5ncsO2w59lcg==?=/'

# last_of_dialogue: from here on the written message is the last one of the caller's SMTP session.
last_of_dialogue() {
	sed 's/\r$//' "$written" | awk '
		/^\.$/ { text = 0 }
		text { sub(/^\./, ""); mail = mail $0 "\n" }
		/^DATA$/ && !text { text = 1; mail = "" }
		END { printf "%s", mail }' > "$written.last"
	mv "$written.last" "$written"
}

# says PATTERN: a line of the latest message matches.
says() { message "$(messages)" | tr -d '\r' | grep -qE -- "$1" || complain "no line like $1"; }

body() { printf '%s\n' "one" "." ".two" "..three" "From here" "größer" "last"; }
