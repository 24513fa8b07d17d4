#!/usr/bin/env bats
# postern-oauth2: the directory of the logins, and the machine's: what is not to be trusted, and what may happen to files.
load helper
load provider
load oauth2

# --------------------------------------------------------------------------------------------------------------- the store

@test "a store, or a file in it, that others could have changed or read is refused, with the line that mends it" {
	local mode file
	start_provider
	gives "$(good a1)"
	login work
	access work good 3000
	for mode in 750 707 777; do
		chmod "$mode" "$store"
		oauth2_fails 77 token work
		hinted "chmod"
		chmod 700 "$store"
	done
	for file in json lock; do
		rm -f "$store/work.access"
		for mode in 640 604 622; do
			chmod "$mode" "$store/work.$file"
			oauth2_fails 77 token work
			hinted "chmod 600 $store/work.$file"
		done
		chmod 600 "$store/work.$file"
		ln "$store/work.$file" "$store/second"
		oauth2_fails 77 token work
		rm "$store/second"
		mv "$store/work.$file" "$store/real"
		ln -s real "$store/work.$file"
		oauth2_fails 77 token work
		told "symbolic link"
		rm "$store/work.$file"
		mkfifo -m 600 "$store/work.$file"
		oauth2_fails 77 token work
		rm "$store/work.$file"
		mv "$store/real" "$store/work.$file"
	done
	[[ $(asked) == 0 ]]
	access work good 3000
	chmod 644 "$store/work.access"
	oauth2_fails 77 token work
	hinted "chmod 600"
}

@test "a file of another user is refused" {
	((EUID == 0)) || skip "needs root"
	start_provider
	login work
	chown 12345 "$store/work.json"
	oauth2_fails 77 token work
	hinted "sudo chown 0 $store/work.json"
	chown 0 "$store/work.json"
	chown 12345 "$store"
	oauth2_fails 77 token work
}

@test "a login that is damaged, or of a later version, is refused and stays" {
	local text
	start_provider
	login work
	for text in '' '{' '{}' 'x' '{"version": 2}' "$(sed "s/me@example.org/$(printf 'x%.0s' {1..400})/" "$store/work.json")"; do
		printf %s "$text" > "$store/work.json"
		oauth2_fails 77 token work
		hinted "postern-oauth2 login work"
		[[ $(cat "$store/work.json") == "$text" ]]
	done
	oauth2_ok logout --force work
	[[ ! -e $store/work.json ]]
	# a new login replaces it
	for text in x '{"version": 2}'; do
		printf %s "$text" > "$store/work.json"
		oauth2_fails 77 import work < "$BATS_TEST_TMPDIR/login"
		login work
		oauth2_ok status work
	done
	printf x > "$store/work.json"
	(umask 077; printf secret > "$BATS_TEST_TMPDIR/secret")
	answers <<< "{ \"/.well-known/oauth-authorization-server\": [ { \"json\": { \"issuer\": \"$provider\",
		\"token_endpoint\": \"$provider/token\", \"grant_types_supported\": [\"client_credentials\"] } } ], \"/token\": [ $(good a1) ] }"
	oauth2_ok login work --provider "$provider" --client-credentials --client-id me --client-secret-file "$BATS_TEST_TMPDIR/secret" \
	    --tls-trust-file "$certs/ca.pem"
	oauth2_ok token work
	[[ $stdout == a1 ]]
}

@test "names cannot leave the store" {
	local name
	start_provider
	login work
	for name in ../work .work -x --version a/b '' 'a b' "$(printf '%0129d' 0)"; do
		oauth2 token -- "$name"
		((status == 64 || status == 77)) || complain "$name: $status"
		[[ -z $stdout ]]
		oauth2 import -- "$name" < "$BATS_TEST_TMPDIR/login"
		((status == 64)) || complain "$name: $status"
	done
	[[ $(ls -A "$store") == $'work.json\nwork.lock' ]]
}

@test "a store that cannot be written: nothing is asked for, and what is left of the old token is used" {
	needs_mounts
	local -a readonly=(unshare --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"' - "$store")
	local -a full=(unshare --mount sh -c 'cp -a "$1" "$1.copy" && mount -t tmpfs -o size=16k,mode=700 none "$1" && cp -a "$1.copy/." "$1" \
	    && { dd if=/dev/zero of="$1/fill" bs=1k count=100 2> /dev/null; shift; exec "$@"; }' - "$store")
	start_provider
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	run_bounded "${readonly[@]}" "$OAUTH2" token work
	[[ $status == 75 && -z $stdout && $(asked) == 0 ]] || complain "read-only: $status"
	told "Read-only"
	run_bounded "${full[@]}" "$OAUTH2" token work
	[[ $status == 75 && -z $stdout && $(asked) == 0 ]] || complain "full: $status"
	told "No space"
	rm -rf "$store.copy"
	access work old 100 3500
	run_bounded "${readonly[@]}" "$OAUTH2" token work
	[[ $status == 0 && $stdout == old ]] || complain "read-only: $status"
	run_bounded "${full[@]}" "$OAUTH2" token work
	[[ $status == 0 && $stdout == old ]] || complain "full: $status"
}

@test "the clock was set back: the token is not used, and status says so" {
	start_provider
	gives "$(good a1)"
	login work
	access work old 7200 -3600
	oauth2 status work
	[[ $stdout == *"clock"* ]]
	oauth2_ok token work
	[[ $stdout == a1 ]]
}

@test "a damaged access token costs a refresh" {
	start_provider
	gives "$(good a1)"
	login work
	echo "token x" > "$store/work.access"
	chmod 600 "$store/work.access"
	oauth2_ok token work
	[[ $stdout == a1 ]]
	truncate -s 100K "$store/work.access"
	oauth2_ok token work
	[[ $stdout == a1 && $(asked) == 2 ]]
}

@test "the store's commands: what is kept is theirs, and a failing one is no lost login" {
	start_provider
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	printf '%s\n' '# no secret, but another text' 'store_command base64' 'load_command base64 -d' > "$store/store.conf"
	oauth2_ok token work		# it was plain before
	refute grep -q refresh_token "$store/work.json"
	base64 -d "$store/work.json" | grep -q refresh_token
	rm "$store/work.access"
	oauth2_ok token work
	[[ $(last_request) == *'"refresh_token":"r2"'* ]]
	rm "$store/work.access"
	printf '%s\n' 'store_command false' 'load_command base64 -d' > "$store/store.conf"
	forget_requests
	oauth2_fails 75 token work
	[[ $(asked) == 0 ]]
	printf '%s\n' 'store_command base64' 'load_command false' > "$store/store.conf"
	oauth2_fails 75 token work
	printf '%s\n' 'store_command base64' > "$store/store.conf"
	oauth2_fails 78 token work
	printf '%s\n' 'stor_command base64' > "$store/store.conf"
	oauth2_fails 78 token work
}

@test "programs that do not give back what they were given are noticed before a login and an import" {
	start_provider
	answers <<< '{}'
	login work
	for line in "78 tr e f" "78 head -c 3" "75 false"; do
		printf '%s\n' 'store_command base64' "load_command ${line#* }" > "$store/store.conf"
		oauth2_fails "${line%% *}" import other < "$BATS_TEST_TMPDIR/login"
		told load_command
		oauth2_fails "${line%% *}" login other --provider microsoft --client-id me --user me@example.org --device
		told load_command
		[[ ! -e $store/other.json && $(asked) == 0 ]] || complain "$line"
	done
	printf '%s\n' 'store_command base64' 'load_command base64 -d' > "$store/store.conf"
	oauth2_ok import other < "$BATS_TEST_TMPDIR/login"
}

# program NAME < SCRIPT
program() {
	{ echo '#!/bin/sh'; cat; } > "$BATS_TEST_TMPDIR/$1"
	chmod 755 "$BATS_TEST_TMPDIR/$1"
}

@test "load_command may ask at the terminal; Ctrl-C does not end the store_command, whose text has the new refresh token" {
	local n=0
	start_provider
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	program load <<-'S'
		read -r word < /dev/tty && [ "$word" = open ] && exec base64 -d
	S
	program keep <<-S
		if grep -q r22 "\$1"; then touch "$BATS_TEST_TMPDIR/storing"; sleep 1; fi
		exec base64 "\$1"
	S
	printf '%s\n' "store_command $BATS_TEST_TMPDIR/keep /dev/stdin" "load_command $BATS_TEST_TMPDIR/load" > "$store/store.conf"
	oauth2_ok token work			# it was plain before
	[[ $(base64 -d "$store/work.json") == *r2* ]]
	gives "$(good a2 '"refresh_token": "r22"')"
	rm "$store/work.access"
	at_terminal "$OAUTH2 token work" < <(
		echo open
		until [[ -e $BATS_TEST_TMPDIR/storing ]] || ((n++ > 400)); do sleep 0.05; done
		printf '\003'
	)
	base64 -d "$store/work.json" > "$BATS_TEST_TMPDIR/plain" || complain "$screen"
	grep -q r22 "$BATS_TEST_TMPDIR/plain" || complain "$screen"
	rm "$store/work.access"
	SECONDS=0
	oauth2_fails 75 token work		# nobody can be asked
	((SECONDS < 30))
}

# ----------------------------------------------------------------------------------------------------------- the machine's

# machine MODE: postern-oauth2 token --machine work, where the machine's directory is root's with this mode; prints what is in it.
machine() {
	local directory
	directory=$(grep -aoE '/[[:alnum:]/._+-]+/lib/postern/access' "$OAUTH2" | head -n 1)
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded unshare --mount sh -c 'dir=$1 top=$1 program=$2
		while ! test -d "$top"; do top=${top%/*}; done
		mount -t tmpfs none "${top:-/nonexistent}" && mkdir -p "$dir" && chgrp 12345 "$dir" && chmod "$3" "$dir" || exit 99
		"$program" token --machine work && cd "$dir" && ls -A && stat -c "%a %u %g" work && cat work' - "$directory" "$OAUTH2" "$1"
}

@test "a machine's login: root keeps the refresh token, and a group can read the access token" {
	needs_mounts
	start_provider
	gives "$(good a1 '"expires_in": 3600' '"refresh_token": "r2"')" "$(good a2)"
	login work
	machine 750
	[[ $status == 0 && $stdout == $'work\n640 0 12345\nuser me@example.org\nobtained '*$'\ntoken a1' && -z $stderr ]] || complain "status $status"
	[[ $stdout != *r2* && $(member work refresh_token) == r2 ]]
	machine 750
	[[ $status == 0 && $stdout == *$'\ntoken a1' && $(asked) == 1 ]]
	access work a1 800 2800		# a user's would be good; the machine's is renewed early
	machine 750
	[[ $status == 0 && $stdout == *$'\ntoken a2' ]]
	for mode in 770 755; do
		machine "$mode"
		((status == 77)) || complain "mode $mode: status $status"
		hinted "chmod 750"
	done
}

# A run that fails leaves the senders without a token.  So the unit takes no failure for a success, and systemctl --failed shows it.
@test "a machine's login: while the provider is away, a run fails as soon as the token is over, and not before" {
	needs_mounts
	start_provider
	gives '{ "status": 503 }'
	login work
	access work a1 60 3540
	machine 750
	[[ $status == 0 && $stdout == *$'\ntoken a1' ]] || complain "status $status"
	access work a1 -1 3601
	machine 750
	((status == 75)) || complain "status $status"
	refute grep -q SuccessExitStatus "$SRCDIR/contrib/systemd/postern-oauth2@.service.in"
}

# outsider GROUP: postern-oauth2 token work, of a user of this group, without a login; group 12345 may enter the machine's directory.
outsider() {
	local directory
	directory=$(grep -aoE '/[[:alnum:]/._+-]+/lib/postern/access' "$OAUTH2" | head -n 1)
	cp "$OAUTH2" "$BATS_TEST_TMPDIR/program"
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
	# shellcheck disable=SC2016	# the inner shell's
	run_bounded unshare --mount sh -c 'dir=$1 top=$1
		while ! test -d "$top"; do top=${top%/*}; done
		mount -t tmpfs none "${top:-/nonexistent}" && chmod 755 "$top" && (umask 022; mkdir -p "$dir") && chgrp 12345 "$dir" \
		    && chmod 750 "$dir" || exit 99
		cd / && exec setpriv --reuid 54321 --regid "$3" --clear-groups env HOME=/nonexistent "$2" token work' \
	    - "$directory" "$BATS_TEST_TMPDIR/program" "$1"
}

@test "a machine's login: a user without a token hears what root does" {
	needs_mounts setpriv
	outsider 54321
	[[ $status == 77 && $stderr == *"there is no login work"* ]] || complain "status $status"
	hinted "postern-oauth2 login work; if it is this machine's, root adds this user to the group of "
	outsider 12345
	[[ $status == 77 && $stderr == *"there is no login work"* ]] || complain "status $status"
	hinted "root runs postern-oauth2 token --machine work"
}

@test "systemd has nothing against the units of a machine's login, and they are hardened" {
	command -v systemd-analyze > /dev/null || skip "needs systemd-analyze"
	local units=$BATS_TEST_TMPDIR/units
	mkdir "$units"
	sed -e "s|@bindir@|${OAUTH2%/*}|; s|@localstatedir@|/var|" "$SRCDIR/contrib/systemd/postern-oauth2@.service.in" \
	    > "$units/postern-oauth2@.service"
	cp "$SRCDIR/contrib/systemd/postern-oauth2@.timer" "$units"
	cd "$units"
	run_bounded systemd-analyze verify --man=no ./*
	[[ $status == 0 && -z $stdout$stderr ]] || complain "systemd-analyze verify"
	run_bounded systemd-analyze security --offline=true --no-pager --threshold=20 ./postern-oauth2@.service
	((status == 0)) || complain "systemd-analyze security"
}
