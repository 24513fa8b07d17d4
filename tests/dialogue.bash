# dialogue.bash - for tests that speak SMTP with the program (-bs): `load dialogue` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154	# the files that load it and helper.bash have the others

# talk LINES: the whole dialogue in one go, as a caller that pipelines; then $codes are the replies' codes in order.
talk() { printf '%s\r\n' "$@" > "$BATS_TEST_TMPDIR/in"; hear; }
hear() {
	postern "${options[@]}" -bs "${arguments[@]}" < "$BATS_TEST_TMPDIR/in"
	codes=$(awk '/^[0-9][0-9][0-9] / { printf "%s%s", n++ ? " " : "", $1 }' <<< "$stdout")
}
setup() {
	helper_setup
	options=() arguments=()
}

answered() { [[ $codes == "$*" && $status == 0 ]] || complain "the answers are: $codes, not: $*; status $status"; }
replied() { grep -q -- "^$1" <<< "$stdout" || complain "no reply begins: $1"; }

me="MAIL FROM:<me@example.org>" you="RCPT TO:<you@example.net>"
text=("Subject: x" "" "hello" ".")
one=("$me" "$you" DATA "${text[@]}")

# converse: the program with pipes at both ends; `to` and `from` are ours.
converse() {
	mkfifo "$BATS_TEST_TMPDIR/to" "$BATS_TEST_TMPDIR/from"
	timeout -k 5 30 "$POSTERN" -C "$conf" -bs "$@" < "$BATS_TEST_TMPDIR/to" > "$BATS_TEST_TMPDIR/from" \
	    2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	child=$!
	exec {to}> "$BATS_TEST_TMPDIR/to" {from}< "$BATS_TEST_TMPDIR/from"
}
# ask LINE CODE: says it and waits for the answer, whose last line must begin with CODE.
ask() {
	[[ -z $1 ]] || printf '%s\r\n' "$1" >&"$to"
	reply=
	while read -r -t 20 -u "$from" reply && [[ $reply == ???-* ]]; do :; done
	[[ $reply == "$2"* ]] || complain "'$1' is answered: $reply, not: $2"
}
leave() {
	local s=0
	exec {to}>&-
	rest=$(cat <&"$from")
	exec {from}<&-
	wait "$child" || s=$?
	stderr=$(< "$BATS_TEST_TMPDIR/stderr")
	[[ $s == "$1" ]] || complain "exit status $s, not $1"
}
