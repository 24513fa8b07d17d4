# tls_priorities: unless the string names a weaker value, postern's minimum holds with any keyword.

load helper

keywords=(
	LEGACY NORMAL PERFORMANCE PFS SECURE SECURE128 SECURE192 SECURE256 SUITEB128 SUITEB192 normal
	NORMAL:+VERS-ALL NORMAL:+VERS-TLS-ALL NORMAL:+SIGN-ALL NORMAL:-VERS-TLS1.0:-SIGN-RSA-SHA1
	SECURE192:+LEGACY NORMAL:%PROFILE_MEDIUM:+LEGACY SECURE256:%PROFILE_HIGH:+NORMAL
	NONE:+VERS-ALL:+CIPHER-ALL:+MAC-ALL:+KX-ALL:+SIGN-ALL:+GROUP-ALL:+CTYPE-ALL
)

# refused: the server is refused with every keyword.  With some keywords the handshake already fails.
refused() {
	local priorities
	for priorities in '' "${keywords[@]}"; do
		set_conf tls_priorities
		[[ -z $priorities ]] || set_conf tls_priorities "$priorities"
		postern you@example.net < "$mail"
		[[ $status == 69 || $status == 75 ]] && told "postern: tls: " || complain "with '$priorities'" || return 1
	done
	nothing_said
}

# accepted STRING...: with each of them the server is accepted, so this server works.
accepted() {
	local priorities
	for priorities; do
		set_conf tls_priorities "$priorities"
		postern_ok you@example.net < "$mail" || complain "with '$priorities'" || return 1
	done
}

@test "a key of 1024 bits is refused with every keyword, and accepted if a lower profile is named" {
	start_server <<< "cert rsa1024"
	refused
	set_conf tls_priorities SECURE128
	postern_fails 69 tls -- you@example.net < "$mail"
	told "weak key: RSA with 1024 bits"
	accepted SECURE128:%PROFILE_LOW NORMAL:%PROFILE_VERY_WEAK %PROFILE_LOW:+NORMAL
}

@test "a certificate with a SHA-1 signature is refused with every keyword, and accepted if both exceptions are named" {
	start_server <<< "cert sha1"
	refused
	set_conf tls_priorities NORMAL:%VERIFY_ALLOW_SIGN_WITH_SHA1
	postern_fails 69 tls -- you@example.net < "$mail"
	told "weak signature"
	accepted NORMAL:%PROFILE_LOW:%VERIFY_ALLOW_SIGN_WITH_SHA1
}

@test "TLS 1.0 and 1.1 are refused with every keyword, and accepted if they are named" {
	local version
	for version in 1.0 1.1; do
		start_server <<< "tls_versions $version"
		refused
		accepted "NORMAL:+VERS-TLS$version" "legacy:+vers-tls$version" "SECURE128: +VERS-TLS$version"
		[[ $(envelope) == *"tls TLS$version"* ]]
	done
	# naming TLS 1.0 does not allow TLS 1.1
	set_conf tls_priorities NORMAL:+VERS-TLS1.0
	postern_fails 69 tls -- you@example.net < "$mail"
}

@test "a handshake signed with SHA-1 is refused with every keyword, and accepted if it is named" {
	start_server <<< "tls_priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-SIGN-ALL:+SIGN-ECDSA-SHA1:+SIGN-RSA-SHA1"
	refused
	accepted NORMAL:-VERS-ALL:+VERS-TLS1.2:+SIGN-ECDSA-SHA1:+SIGN-RSA-SHA1
}

@test "a string with more words than GnuTLS reads is 78, because GnuTLS would ignore postern's words behind them" {
	start_server <<< "cert rsa1024"
	set_conf tls_priorities "NORMAL$(printf ':+AES-128-GCM%.0s' {1..47})"
	postern_fails 69 tls -- you@example.net < "$mail"
	set_conf tls_priorities "NORMAL$(printf ':+AES-128-GCM%.0s' {1..48})"
	postern_fails 78 config -- you@example.net < "$mail"
	told "words"
	nothing_said
}
