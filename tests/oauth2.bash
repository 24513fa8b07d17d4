# oauth2.bash - functions for tests of postern-oauth2; helper and provider are loaded before it.
# shellcheck shell=bash disable=SC2034,SC2154

OAUTH2=${OAUTH2:-${POSTERN%/*}/postern-oauth2}
store=		# the directory of the logins

setup() {
	provider_setup
	[[ -x $OAUTH2 ]] || skip "postern-oauth2 is not built"
	store=$HOME/.local/state/postern/oauth2
	provider=https://localhost:1
	export no_proxy=localhost,127.0.0.1
}

# gives ANSWER...: what the token endpoint answers from now on.
gives() { local IFS=,; answers <<< "{ \"/token\": [ $* ] }"; }

# good TOKEN [MEMBER...]: an answer with this access token, and more members of the object.
good() { local IFS=,; printf '{ "json": { "access_token": "%s", "token_type": "Bearer"%s } }' "$1" "${2:+, ${*:2}}"; }

last_request() { requests | tail -n 1; }
forget_requests() { : > "$provider_dir/requests"; }
was_asked() { [[ -s $provider_dir/requests ]]; }
await_request() { eventually was_asked; }

# oauth2 ARGS: the program; sets $status, $stdout, $stderr.  Its standard output is no terminal.
oauth2() { run_bounded "$OAUTH2" "$@"; }
oauth2_ok() {
	oauth2 "$@"
	((status == 0)) || complain "exit status $status, not 0, from: postern-oauth2 $*"
}
oauth2_fails() {
	local want=$1
	oauth2 "${@:2}"
	((status == want)) || complain "exit status $status, not $want, from: postern-oauth2 ${*:2}" || return 1
	[[ $stderr == *"hint: "* ]] || complain "the error does not say what mends it: postern-oauth2 ${*:2}"
}

# login NAME [MEMBER...]: a login as `login` leaves it, without an access token.
login() {
	local IFS=, name=$1
	shift
	printf '{ "version": 1, "kind": "user", "provider": "https://localhost", "token_endpoint": "%s/token",
		"revocation_endpoint": "%s/revoke", "client_id": "me", "user": "me@example.org",
		"trust_file": "%s", "refresh_token": "r1"%s }' \
	    "$provider" "$provider" "$certs/ca.pem" "${*:+, $*}" > "$BATS_TEST_TMPDIR/login"
	"$OAUTH2" import --force "$name" < "$BATS_TEST_TMPDIR/login" 3>&-
}

# access NAME TOKEN SECONDS [AGO]: the stored access token, with this time left, obtained so long ago.
access() {
	local now
	now=$(date +%s)
	printf 'user me@example.org\nobtained %d\nexpires %d\ntoken %s\n' "$((now - ${4:-10}))" "$((now + $3))" "$2" > "$store/$1.access"
	chmod 600 "$store/$1.access"
}

# digest TOKEN: as --unlike takes it.
digest() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }

# member NAME MEMBER: of the stored login; "": it has none.
member() { sed -nE "s/^  \"$2\": \"?([^\"]*[^\",])\"?,?\$/\\1/p" "$store/$1.json"; }

# The store has no file that others may read, and nothing left over.
store_is_clean() {
	local left
	left=$(find "$store" -mindepth 1 \( -name '*.new' -o -perm /077 \))
	[[ -z $left ]] || complain "in the store: $left"
}
