# dialogue.bash - for tests that speak SMTP with the program (-bs): `load dialogue` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash, and in the files that load this one

# talk LINES: the caller writes all its lines at once.  hear: the same with the lines in $BATS_TEST_TMPDIR/in.  Both set $codes,
# the codes of the replies in order.
talk() { printf '%s\r\n' "$@" > "$BATS_TEST_TMPDIR/in"; hear; }
hear() {
	postern "${options[@]}" -bs "${arguments[@]}" < "$BATS_TEST_TMPDIR/in"
	codes=$(awk '/^[0-9][0-9][0-9] / { printf "%s%s", n++ ? " " : "", $1 }' <<< "$stdout")
}
setup() {
	helper_setup
	options=() arguments=()
}

# answered CODES: these must be all codes, and the status must be 0.  replied PATTERN: a line of a reply must begin with it.
answered() { [[ $codes == "$*" && $status == 0 ]] || complain "the answers are: $codes, not: $*; status $status"; }
replied() { grep -q -- "^$1" <<< "$stdout" || complain "no reply begins: $1"; }

me="MAIL FROM:<me@example.org>" you="RCPT TO:<you@example.net>"
text=("Subject: x" "" "hello" ".")
one=("$me" "$you" DATA "${text[@]}")

# converse ARGS: starts -bs with pipes: the test writes to descriptor $to and reads from $from.
converse() {
	mkfifo "$BATS_TEST_TMPDIR/to" "$BATS_TEST_TMPDIR/from"
	timeout -k 5 "$postern_timeout" "$POSTERN" -C "$conf" -bs "$@" < "$BATS_TEST_TMPDIR/to" > "$BATS_TEST_TMPDIR/from" \
	    2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	child=$!
	exec {to}> "$BATS_TEST_TMPDIR/to" {from}< "$BATS_TEST_TMPDIR/from"
}
# ask LINE CODE: writes the line, unless it is empty, and waits for the reply, whose last line must begin with CODE.
ask() {
	[[ -z $1 ]] || printf '%s\r\n' "$1" >&"$to"
	reply=
	while read -r -u "$from" reply && [[ $reply == ???-* ]]; do :; done
	[[ $reply == "$2"* ]] || complain "'$1' is answered: $reply, not: $2"
}
# leave STATUS: the caller closes its end.  The exit status must be STATUS.  Sets $stderr, and $rest: the replies not read before.
leave() {
	local s=0
	exec {to}>&-
	rest=$(cat <&"$from")
	exec {from}<&-
	wait "$child" || s=$?
	stderr=$(< "$BATS_TEST_TMPDIR/stderr")
	[[ $s == "$1" ]] || complain "exit status $s, not $1"
}
