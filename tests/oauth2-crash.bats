#!/usr/bin/env bats
# postern-oauth2 and crashes: the program is run once for each of its system calls, and at the n-th one it is killed, the machine
# loses its power, or the call fails (tests/fault/crash.c).  Afterwards the login is there.
load helper
load provider
load oauth2

crash_so=$BUILDDIR/tests/fault/crash.so

# disk: the store is below $disk from now on.  The provider has no name that a thread would look up.
disk() {
	[[ -e $crash_so ]] || skip "tests/fault/crash.so is not built"
	with_own_time FAST_PAUSES=1
	provider=${provider/localhost/127.0.0.1}
	disk=$BATS_TEST_TMPDIR/disk store=$BATS_TEST_TMPDIR/disk/postern/oauth2 trace=$BATS_TEST_TMPDIR/trace
	export XDG_STATE_HOME=$disk
	mkdir -p "$disk"
}

# crashing N HOW ARGS: one run of postern-oauth2 on a copy of $template, which reads the file $reads; sets $status, $stdout, $stderr.
# An error of a socket makes it ask again after some seconds, which take no time here.
crashing() {
	rm -rf "$disk" "$disk"~* "$trace"
	cp -a "$template" "$disk"
	run_bounded env "${own_time[@]}" CRASH_DIR="$disk" CRASH_AT="$1" CRASH_HOW="$2" CRASH_TRACE="$trace" \
	    LD_PRELOAD="$crash_so:$BUILDDIR/tests/fault/fast.so" "$OAUTH2" "${@:3}" < "${reads:-/dev/null}"
	((status != 99 && status != 134 && status != 139)) || complain "$2 at call $1: status $status"
}

# is_other CALL: is that another case than the same at the next call?  A call that changes nothing loses nothing with the power, and
# a full disk does not mind one that takes no room.
is_other() {
	case $how:$1 in
	power:*\ connect\ * | power:*\ open\ * | power:*\ read\ * | power:*\ *stat\ * | power:*\ flock\ * | power:*\ close\ *) return 1 ;;
	data:*\ connect\ * | data:*\ open\ * | data:*\ read\ * | data:*\ *stat\ * | data:*\ flock\ * | data:*\ close\ *) return 1 ;;
	ENOSPC:*\ write\ * | ENOSPC:*\ create\ * | ENOSPC:*\ mkdir\ * | ENOSPC:*\ fallocate\ * | ENOSPC:*\ pwrite\ *) ;;
	ENOSPC:*) return 1 ;;
	esac
}

# each_call "HOW ..." CHECK ARGS: in each way at each system call; then CHECK, with $how.
each_call() {
	local how n each calls
	for how in $1; do
		limit_anew
		crashing 0 "$how" "${@:3}"
		((status == 0)) || complain "without a crash: status $status"
		mapfile -t calls < "$trace"
		((${#calls[@]} > 8)) || complain "only ${#calls[@]} calls"
		[[ $how != power && $how != data ]] || calls+=("$((${#calls[@]} + 1)) end")
		for each in "${calls[@]}"; do
			is_other "$each" || continue
			n=${each%% *}
			forget_requests
			crashing "$n" "$how" "${@:3}"
			"$2" || complain "$how at call $n of ${#calls[@]}: status $status; $(sed -n "${n}p" "$trace"); $(ls -A "$store")"
		done
	done
}

# The next run has a token.  If this one gave its token away, the new refresh token is the one that is kept.
token_is_safe() {
	local gave=$stdout was=$status warned=$stderr
	case $was in
	0 | 137) ;;
	75 | 77) [[ -z $gave ]] || return ;;
	*) return 1 ;;
	esac
	oauth2 token work
	((status == 0)) && [[ $stdout == a1 ]] || return
	[[ -z $gave || $(member work refresh_token) == r2 || $warned == *"may be lost"* ]]
}

@test "a crash or an error at each system call while a token is renewed" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE EINTR ENOSPC" token_is_safe token work
}

# Nobody but a person can take a login away.
login_is_there() {
	local was=$stdout
	oauth2 status work
	((status == 0)) && return
	[[ $was == *'"refresh_token": "r1"'* && -e $store/work.exported ]]
}

@test "a crash or an error at each system call while a login is exported" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	login work
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES ENOSPC" login_is_there export work
}

# A login that is taken in, for the first time or in the place of another one: whatever happens, there is a whole one with $old or $new
# as its refresh token, or there was none and is none; and a run that says that it is in has left it.
login_is_whole() {
	local was=$status kept=''
	oauth2 status work
	[[ ! -e $store/work.json ]] || kept=$(member work refresh_token)
	case $was:$status in
	0:0) [[ $kept == "$new" ]] ;;
	[17]*:0) [[ $kept == "$new" || $kept == "$old" ]] ;;
	[17]*:77) [[ -z $old && ! -e $store/work.json ]] ;;
	*) return 1 ;;
	esac
}

@test "a crash or an error at each system call while a login is imported, or takes the place of another one" {
	local template=$BATS_TEST_TMPDIR/template reads=$BATS_TEST_TMPDIR/moves old='' new=r1
	start_provider
	disk
	login work
	cp "$BATS_TEST_TMPDIR/login" "$reads"
	rm -r "$disk/postern"
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE ENOSPC" login_is_whole import work
	old=r1 new=r2
	sed 's/"r1"/"r2"/' "$BATS_TEST_TMPDIR/login" > "$reads"
	mv "$template" "$disk"
	login work
	access work a1 3000
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE ENOSPC" login_is_whole import --force work
}

@test "a crash or an error at each system call while a person's login takes the place of another one" {
	local template=$BATS_TEST_TMPDIR/template old=r1 new=r2
	start_provider
	disk
	answers <<< "{ \"/.well-known/oauth-authorization-server\": [ { \"json\": { \"issuer\": \"$provider\", \"token_endpoint\": \"$provider/token\" } } ],
		\"/token\": [ $(good a2 '"refresh_token": "r2"') ] }"
	(umask 077; printf secret > "$BATS_TEST_TMPDIR/secret")
	login work
	access work a1 3000
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES EMFILE ENOSPC" login_is_whole login work --provider "$provider" --client-credentials \
	    --client-id me --client-secret-file "$BATS_TEST_TMPDIR/secret" --tls-trust-file "$certs/ca.pem"
}

@test "a crash or an error at each system call while an export is undone" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	login work
	oauth2_ok export work
	mv "$disk" "$template"
	back_or_aside() { [[ -e $store/work.exported ]] && ((status != 0)) || oauth2_ok status work; }
	each_call "killed power data EIO EACCES ENOSPC" back_or_aside import --undo work
}

# A run that says that the login has ended has left nothing of it; any other can be repeated.
ended_or_there() {
	((status == 0)) || oauth2 logout work
	[[ $(ls -A "$store") == work.lock ]]
}

@test "a crash or an error at each system call while a login is ended" {
	local template=$BATS_TEST_TMPDIR/template
	start_provider
	disk
	answers <<< '{ "/revoke": [ { "status": 200 } ] }'
	login work
	access work a1 3000
	mv "$disk" "$template"
	each_call "killed power data EIO EACCES ENOSPC" ended_or_there logout work
}

@test "killed between the last byte of a new login and its name: the next run finds it, and a strict provider is not asked with the old one" {
	local template=$BATS_TEST_TMPDIR/template n
	start_provider
	disk
	gives "$(good a1 '"refresh_token": "r2"')"
	login work
	mv "$disk" "$template"
	crashing 0 killed token work
	n=$(sed -nE 's/^([0-9]+) rename .*work\.json.*/\1/p' "$trace" | head -n 1)
	[[ -n $n ]] || complain "no rename: $(cat "$trace")"
	crashing "$n" killed token work
	((status == 137))
	[[ -z $stdout && $(ls -A "$store") == $'work.json\nwork.json.new\nwork.lock' ]]
	oauth2_ok token work
	[[ $(last_request) == *'"refresh_token":"r2"'* ]]
	store_is_clean
}

@test "SIGTERM while the provider answers: the new refresh token is kept" {
	start_provider
	gives '{ "wait": 1000, "json": { "access_token": "a1", "token_type": "Bearer", "refresh_token": "r2" } }'
	login work
	with_default_signals "$OAUTH2" token work > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	await_request
	kill -TERM $!
	wait $! || true
	[[ $(member work refresh_token) == r2 && -e $store/work.access ]]
	store_is_clean
}
