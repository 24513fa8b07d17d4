# auth.bash - for tests of AUTH: `load auth` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154,SC2059	# set or used in helper.bash, and in the files that load this one

send() { postern_ok you@example.net < "$mail"; }
send_fails() { postern_fails "$@" -- you@example.net < "$mail"; }
logged_in_with() { [[ $(envelope "${2:-1}") == *"auth $1 user"* ]] || complain "no login with $1"; }

# postern printed no secret, in any form.
nothing_shown() {
	local form
	for form in secret c2VjcmV0 AHVzZXIAc2VjcmV0 "$@"; do
		[[ $stderr$stdout != *"$form"* ]] || complain "shown: $form" || return 1
	done
}

base64() { printf "$1" | command base64 -w 0; }		# the format is the text

# One AUTH, no MAIL, no message.
one_attempt() {
	(($(said AUTH) == 1 && $(said MAIL) == 0 && $(messages) == 0)) || complain "more than one attempt"
}
