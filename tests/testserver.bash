# testserver.bash - for tests of the test smarthost itself: `load testserver` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154,SC2059	# set or used in helper.bash, and in the files that load this one

teardown() {
	hang_up
	helper_teardown
}

need() { command -v "$1" > /dev/null || skip "$1 is not installed"; }

# Raw dialogue on descriptor $line.
dial() { hang_up; exec {line}<> "/dev/tcp/127.0.0.1/$port"; hear; }
hang_up() { [[ -z ${line:-} ]] || exec {line}>&-; line=; }
say() { { printf "$1" | cat >&"$line"; } 2> /dev/null || :; }	# the format is the text; cat, since bash writes line by line
hear() {				# one reply; its last line in $reply, all of it in $replies
	replies=
	while IFS= read -r -u "$line" reply; do
		reply=${reply%$'\r'}
		replies+=$reply$'\n'
		[[ $reply != ???-* ]] || continue
		return 0
	done
	reply=
	return 1
}
heard_three() { hear && hear && hear; }
ask() {					# ask TEXT CODE...: a flight, and the codes of its replies
	local code
	say "$1"
	for code in "${@:2}"; do
		hear || { echo "no reply, where $code was wanted" >&2; return 1; }
		[[ $reply == "$code"* ]] || { echo "'$reply', not $code" >&2; return 1; }
	done
}
plain_server() {
	{ echo "tls none"; cat; } > "$BATS_TEST_TMPDIR/script"
	start_server < "$BATS_TEST_TMPDIR/script"
}
# The server complained of this, and of nothing else if it is the only complaint.
complained() {
	sync_server
	violations_expected=1
	grep -q -- "$1" "$server_dir/violations" || { cat "$server_dir/violations" "$server_dir/transcript" >&2; return 1; }
}
MAIL='MAIL FROM:<a@b.example>\r\n' RCPT='RCPT TO:<c@d.example>\r\n'
EHLO='EHLO client.example\r\n' HEAD='From: a@b.example\r\nDate: x\r\n\r\n'
envelope_open() { dial; ask "$EHLO" 250; ask "$MAIL$RCPT" 250 250; }

curl_mail() {
	need curl
	run_bounded curl -sS --crlf --cacert "$certs/ca.pem" --mail-from a@b.example --mail-rcpt c@d.example -T "$mail" "$@"
}
