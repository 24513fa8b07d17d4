# provider.bash - `load provider`: a provider of OAuth2 that answers as the test says (tests/server/provider.js), over TLS.
#
#	start_provider [CERTIFICATE]	starts it; sets $provider (https://localhost:PORT), $provider_port, $provider_dir.  `-`: plain HTTP
#	answers				its answers.json is standard input; may be called again
#	requests			prints a line of JSON for each request
#	asked				prints how many there were
#
# setup and teardown are here, so a file with its own calls provider_setup and provider_teardown.  Several providers may run; the
# functions are about the latest, unless the test sets $provider_dir back.
#
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash, and in the files that load this one

provider_setup() {
	helper_setup
	[[ -x ${POSTERN%/*}/postern-oauth2 ]] || skip "built without postern-oauth2"
	command -v node > /dev/null || skip "no node here"
	providers=()
}

provider_teardown() {
	local hold
	for hold in "${providers[@]}"; do
		exec {hold}>&-
	done
	helper_teardown
}

setup() { provider_setup; }
teardown() { provider_teardown; }

start_provider() {
	local hold say line
	provider_dir=$BATS_TEST_TMPDIR/provider.${#providers[@]}
	make_certs || return 1
	mkdir "$provider_dir"
	echo '{}' > "$provider_dir/answers.json"
	: > "$provider_dir/requests"
	mkfifo "$provider_dir/hold" "$provider_dir/says"
	(
		for hold in "${providers[@]}"; do
			exec {hold}>&-
		done
		cert=$certs/${1:-good}.pem key=$certs/${1:-good}.key
		[[ ${1:-good} != - ]] || cert=- key=-
		exec node "$SRCDIR/tests/server/provider.js" "$provider_dir" "$cert" "$key" \
		    < "$provider_dir/hold" > "$provider_dir/says" 2> "$provider_dir/stderr" 3>&-
	) &
	exec {hold}> "$provider_dir/hold" {say}< "$provider_dir/says"
	providers+=("$hold")
	if ! read -r -u "$say" line || [[ $line != "port "* ]]; then
		echo "the provider did not start:" "$(< "$provider_dir/stderr")" >&2
		return 1
	fi
	exec {say}<&-
	provider_port=${line#port }
	provider=https://localhost:$provider_port
	[[ ${1:-good} != - ]] || provider=http://127.0.0.1:$provider_port
}

answers() { cat > "$provider_dir/answers.json"; }
requests() { cat "$provider_dir/requests"; }
asked() { grep -c . "$provider_dir/requests" || :; }
