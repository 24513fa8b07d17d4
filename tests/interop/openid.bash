# openid.bash - an OpenID provider and a person with a browser: `load openid`, after packages
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154	# used, and set, by the tests

# no_openid: prints the reason why there can be no provider, if there is one.
no_openid() {
	local why
	[[ -x $BUILDDIR/postern-oauth2 ]] || { echo "postern-oauth2 was not built"; return; }
	for why in node curl openssl; do
		command -v "$why" > /dev/null || { echo "there is no $why"; return; }
	done
	why_not provider
}

# Starts provider.mjs, whose header says what it does, with the directory $provider; sets $issuer, and $introspection for mail servers.
start_provider() {
	local line says
	mkdir "$provider"
	touch "$provider/log"
	mkfifo "$provider/hold" "$provider/says"
	node "$SRCDIR/tests/interop/provider.mjs" "$provider" "$certs" "$(cache_of provider)/node_modules" \
	    < "$provider/hold" > "$provider/says" 2> "$provider/stderr" 3>&- &
	echo $! > "$provider/pid"
	exec {provider_hold}> "$provider/hold" {says}< "$provider/says"
	read -r -u "$says" line || { cat "$provider/stderr" >&2; return 1; }
	exec {says}<&-
	[[ $line == "port "*" plain "* ]] || return 1
	introspection=http://dovecot:introspect@127.0.0.1:${line##* }/token/introspection
	line=${line#port }
	issuer=https://localhost:${line%% *}
}

stop_provider() {
	[[ -z ${provider_hold:-} ]] || exec {provider_hold}>&-
	provider_hold=
}

# is NAME VALUE: what the provider does from now on.
is() { printf '%s\n' "$2" > "$provider/$1"; }

# A person's browser: `person URL [CODE]` opens the page, and sends its forms.  What it shows in the end is in $person.page.
write_person() {
	person=$BATS_TEST_TMPDIR/person
	cat > "$person" <<-END
		#!/bin/sh
		exec 2> "$person.err"
		get() { curl -sSL --cacert "$certs/ca.pem" -c "$jar" -b "$jar" -o "$person.new" -w '%{url_effective}' "\$@"; }
		field() { sed -n "s/.*name=\"\$1\" *value=\"\([^\"]*\)\".*/\1/p" "$person.new" | head -n 1; }
		at=\$(get "\$1") || echo "\$at" > "$person.last"
		for n in 1 2; do
			xsrf=\$(field xsrf)
			[ -n "\$xsrf" ] || break
			at=\$(get --data-urlencode "xsrf=\$xsrf" --data-urlencode "user_code=\${2:-\$(field user_code)}" \\
			    --data-urlencode "confirm=\$(field confirm)" "\${1%%\?*}")
		done
		mv "$person.new" "$person.page"
	END
	chmod +x "$person"
}
