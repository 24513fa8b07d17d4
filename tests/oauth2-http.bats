# oauth2/http against real sockets: what a provider, or what stands before it, can do to a request.
load helper
load provider

setup() {
	provider_setup
	with_own_time FAST_PAUSES=1
}

# asks [OPTION...] PATH: must get an answer; sets $stdout.  asks_fails STATUS [OPTION...] PATH: must end so; sets $stderr.
# Time goes by in the pauses between two requests only, and these take none, so that no limit passes because the machine is busy.
ask() { run_bounded env "${own_time[@]}" "$BUILDDIR/tests/server/ask" --trust "$certs/ca.pem" "${@:1:$#-1}" "$provider${*: -1}"; }
asks() { asks_fails 0 "$@"; }
asks_fails() {
	ask "${@:2}"
	[[ $status == "$1" ]] || { printf '%s\n' "status $status" "$stdout" "$stderr" >&2; return 1; }
}

@test "a request has what RFC 6749 asks for, and nothing of us but the name" {
	start_provider
	answers <<< '{"/t": [{"json": {"a": 1}}]}'
	asks --form grant_type=x --form 'secret=a+b/c=d e~!&' /t
	[[ $stdout == $'200 application/json 0 7\n{"a":1}' ]]
	asks --basic 'i d:s/e c' --form a=b /t
	asks --bearer abc --json '{"x":1}' /t
	requests | head -n 1 | grep -F '"form":{"grant_type":"x","secret":"a+b/c=d e~!&"}'
	requests | head -n 1 | grep -F '"method":"POST","type":"application/x-www-form-urlencoded","accept":"application/json","agent":"postern-oauth2/'
	# RFC 6749 2.3.1: form-encoded before base64
	requests | sed -n 2p | grep -F "\"authorization\":\"Basic $(printf 'i%%20d:s%%2Fe%%20c' | base64)\""
	requests | sed -n 3p | grep -F '"type":"application/json","authorization":"Bearer abc"'
	requests | sed -n 3p | grep -F '"body":"{\"x\":1}"'
}

@test "the answer may be chunked, of HTTP/1.0, after 100, and 64 KB long" {
	start_provider
	answers <<< '{"/c": [{"how": "chunked", "size": 65536}], "/o": [{"how": "old", "body": "x"}], "/w": [{"size": 65536}],
		"/h": [{"how": "continue", "body": "x", "type": "Text/HTML; charset=utf-8"}]}'
	asks /c
	[[ $stdout == "200 application/json 0 65536" ]]
	asks /w
	[[ $stdout == "200 application/json 0 65536" ]]
	asks /o
	[[ $stdout == $'200 application/json 0 1\nx' ]]
	asks /h
	[[ $stdout == $'200 text/html 0 1\nx' ]]
}

@test "an answer of more than 64 KB is not read: 76 if it claims success, else 75" {
	start_provider
	answers <<< '{"/c": [{"how": "chunked", "size": 65537}], "/w": [{"size": 2000000}], "/b": [{"how": "big head"}],
		"/e": [{"status": 500, "size": 2000000}], "/f": [{"status": 404, "how": "big head"}]}'
	for path in /c /w /b; do
		asks_fails 76 --again "$path"
		[[ $stderr == "the answer of localhost:$provider_port is too large"* ]]
	done
	asks_fails 75 /e
	asks_fails 75 /f
}

@test "a cut answer is temporary, nothing of it is used, and it is asked for once more only if that is allowed" {
	local how
	start_provider
	for how in cut short none; do
		answers <<< "{\"/x\": [{\"how\": \"$how\", \"json\": {\"access_token\": \"abcdefgh\"}}]}"
		: > "$provider_dir/requests"
		asks_fails 75 --form a=b /x
		[[ $stdout == "" && $stderr != *abcd* && $(asked) == 1 ]]
		: > "$provider_dir/requests"
		asks_fails 75 --form a=b --again /x
		[[ $(asked) == 2 ]]
	done
}

@test "after a cut answer a second one counts" {
	start_provider
	answers <<< '{"/x": [{"how": "cut", "json": {"a": 1}}, {"json": {"b": 2}}]}'
	asks --again /x
	[[ $stdout == *'{"b":2}' ]]
}

@test "a redirect is an answer, and is not followed" {
	start_provider
	answers <<< '{"/x": [{"status": 302, "headers": {"Location": "/y"}}, {"status": 307, "headers": {"Location": "/y"}}]}'
	asks --form secret=1 --again /x
	[[ $stdout == 302* ]]
	asks --form secret=1 --again /x
	[[ $stdout == 307* && $(asked) == 2 ]]
}

@test "503, 429 and 408 are asked for again after 1 and after 3 seconds, if that is before the end" {
	start_provider
	answers <<< '{"/x": [{"status": 503}, {"status": 429}, {"json": {"a": 1}}], "/z": [{"status": 408}]}'
	asks --again --seconds 5 /x
	[[ $stdout == *'{"a":1}' && $(asked) == 3 ]]
	asks --again --seconds 5 /z
	[[ $stdout == 408* && $(asked) == 6 ]]
	asks --again --seconds 4 /z
	[[ $stdout == 408* && $(asked) == 8 ]]
	asks --again --seconds 1 /z
	[[ $stdout == 408* && $(asked) == 9 ]]
}

@test "Retry-After makes the pause longer, and not shorter" {
	start_provider
	answers <<< '{"/x": [{"status": 429, "headers": {"Retry-After": "20"}}, {"status": 503, "headers": {"Retry-After": "2"}}, {"json": {"a": 1}}],
		"/y": [{"status": 429, "headers": {"Retry-After": "20"}}], "/z": [{"status": 429}, {"status": 503, "headers": {"Retry-After": "2"}}]}'
	asks --again --seconds 24 /x
	[[ $stdout == *'{"a":1}' && $(asked) == 3 ]]
	asks --again --seconds 20 /y
	[[ $stdout == 429* && $(asked) == 4 ]]
	asks --again --seconds 4 /z
	[[ $stdout == 503* && $(asked) == 6 ]]
}

@test "Retry-After: a number and a date are told; one that is too late ends the tries" {
	local began at
	start_provider
	at=$(($(date +%s) + 3000))
	answers <<< "{\"/n\": [{\"status\": 429, \"headers\": {\"Retry-After\": \"120\"}}],
		\"/d\": [{\"status\": 503, \"headers\": {\"Retry-After\": \"$(date -u -d "@$at" '+%a, %d %b %Y %H:%M:%S GMT')\"}}],
		\"/p\": [{\"status\": 503, \"headers\": {\"Retry-After\": \"Fri, 01 Jan 1999 00:00:00 GMT\"}}],
		\"/j\": [{\"status\": 503, \"headers\": {\"Retry-After\": \"soon\"}}]}"
	asks --again /n
	[[ $stdout == "429 application/json 120 0"* && $(asked) == 1 ]]
	began=$(date +%s)
	asks --again /d
	[[ $stdout =~ ^"503 application/json "([0-9]+)" 0" && $(asked) == 2 ]]
	((BASH_REMATCH[1] <= at - began))
	((BASH_REMATCH[1] >= at - $(date +%s)))
	asks /p
	[[ $stdout == "503 application/json 0 0"* ]]
	asks /j
	[[ $stdout == "503 application/json 0 0"* ]]
}

# over_when_asked SECONDS: so long goes by for `ask` when the provider has got a request.
over_when_asked() { with_own_time FAST_PAUSES=1 FAST_WHEN="$provider_dir/requests" FAST_SECONDS="$1"; }

@test "no answer, and one that drips, end with the time" {
	start_provider
	answers <<< '{"/l": [{"how": "late"}], "/d": [{"how": "drip", "json": {"a": 1}}]}'
	over_when_asked 20
	asks_fails 75 --seconds 20 --again /l
	[[ $stderr == *"did not answer in time"* && $(asked) == 1 ]]
	asks_fails 75 --seconds 20 /d
	[[ $stderr == *"did not answer in time"* && $(asked) == 2 ]]
}

@test "one request has 30 seconds, and is made again once if that is allowed" {
	start_provider
	answers <<< '{"/l": [{"how": "late"}], "/m": [{"how": "late"}, {"json": {"a": 1}}]}'
	over_when_asked 30
	asks_fails 75 --seconds 600 --again /l
	[[ $stderr == *"did not answer in time"* && $(asked) == 2 ]]
	asks --seconds 600 --again /m
	[[ $stdout == *'{"a":1}' && $(asked) == 4 ]]
}

@test "a stop signal ends the wait" {
	start_provider
	answers <<< '{"/l": [{"how": "late"}]}'
	with_default_signals env "${own_time[@]}" "$BUILDDIR/tests/server/ask" --trust "$certs/ca.pem" "$provider/l" \
	    2> "$BATS_TEST_TMPDIR/stderr" 3>&- &
	eventually test -s "$provider_dir/requests"
	kill -TERM $!
	status=0
	wait $! || status=$?
	((status == 75))
	grep -F "stopped by signal 15" "$BATS_TEST_TMPDIR/stderr"
}

@test "what is no HTTP is temporary" {
	start_provider
	answers <<< '{"/r": [{"how": "raw", "body": "220 smtp.example.org ESMTP\r\n"}], "/e": [{"how": "raw", "body": ""}],
		"/z": [{"how": "raw", "body": "HTTP/1.1 abc\r\n\r\n"}]}'
	for path in /r /e /z; do
		asks_fails 75 "$path"
	done
}

@test "a body with NUL comes whole" {
	start_provider
	answers <<< '{"/x": [{"body": "a\u0000b"}]}'
	asks /x
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/stdout") == "200 application/json 0 3" ]]
}

@test "a certificate of another authority, for another name, or expired, gets no request, and the error says what to do" {
	local cert
	for cert in unknownca selfsigned wronghost expired future; do
		start_provider "$cert"
		asks_fails 75 --form secret=1 --again /x
		[[ $stderr == "the certificate of localhost:$provider_port is not trusted"* && $stderr == *--tls-trust-file* && $(asked) == 0 ]]
	done
}

@test "a trust file that is not there, or has no certificate, is 78" {
	start_provider
	run_bounded "$BUILDDIR/tests/server/ask" --trust "$BATS_TEST_TMPDIR/none.pem" "$provider/x"
	[[ $status == 78 && $stderr == *--tls-trust-file* && $(asked) == 0 ]]
}

@test "without a trust file the system's authorities count, and the test's is none of them" {
	start_provider
	run_bounded "$BUILDDIR/tests/server/ask" "$provider/x"
	[[ $status == 75 && $stderr == *"is not trusted"* && $(asked) == 0 ]]
}

@test "with a trust file the system's authorities do not count" {
	needs_mounts mount
	start_provider
	answers <<< '{"/x": [{"json": {"a": 1}}]}'
	mkdir "$BATS_TEST_TMPDIR/system"
	cp "$certs/ca.pem" "$BATS_TEST_TMPDIR/system/ca-certificates.crt"
	[[ -d /etc/ssl/certs ]] || skip "the system's authorities are elsewhere"
	run_bounded unshare --mount sh -c 'mount --bind "$1" /etc/ssl/certs && shift && exec "$@"' sh "$BATS_TEST_TMPDIR/system" \
	    "$BUILDDIR/tests/server/ask" --trust "$certs/otherca.pem" "$provider/x"
	[[ $status == 75 && $stderr == *"is not trusted"* && $(asked) == 0 ]]
}

# A part of it is too long for DNS, so that no server is asked.
no_name=$(printf 'x%.0s' {1..64}).invalid

@test "nobody listens, or there is no such name: 75, after the tries" {
	provider=https://localhost:1 certs=$BUILDDIR/tests/certs
	make_certs
	asks_fails 75 /x
	[[ $stderr == "there is no connection to localhost:1"* ]]
	provider=https://$no_name
	asks_fails 75 /x
	[[ $stderr == "the name of $no_name cannot be resolved"* ]]
}

@test "http:// is refused, but to a loopback host with --insecure" {
	start_provider -
	answers <<< '{"/x": [{"json": {"a": 1}}]}'
	asks_fails 78 /x
	[[ $(asked) == 0 ]]
	asks --insecure /x
	provider=http://10.0.0.1
	asks_fails 78 --insecure /x
	provider=https://me:secret@localhost
	asks_fails 78 /x
}

@test "the proxy of the environment is used, and its refusal is named; no_proxy does without it" {
	local to
	start_provider
	answers <<< '{"/x": [{"json": {"a": 1}}]}'
	to=$provider
	start_provider -
	export https_proxy=$provider
	provider=$to
	asks /x
	requests | grep -F '"path":"localhost:'
	answers <<< '{"CONNECT": [{"status": 407}]}'
	asks_fails 75 /x
	[[ $stderr == *"the proxy gives no connection to localhost"*407*https_proxy* ]]
	export no_proxy=localhost
	asks /x
	export no_proxy='' https_proxy=http://$no_name:3128
	asks_fails 75 /x
	[[ $stderr == *proxy*https_proxy* ]]
}

@test "~/.netrc and libcurl's own files are not looked at" {
	start_provider
	printf 'machine localhost login me password secret\n' > "$HOME/.netrc"
	printf 'user = "me:secret"\n' > "$HOME/.curlrc"
	answers <<< '{"/x": [{"json": {"a": 1}}]}'
	asks /x
	refute grep -F '"authorization"' "$provider_dir/requests"
}
