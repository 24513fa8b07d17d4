# Files that a user or a configuration names: opened with whose rights, within which time, and what is shown of them.

load helper

# open_dir: $dir, a directory that every user can reach; bats' own are closed to others.
open_dir() {
	dir=$(TMPDIR='' mktemp -d /tmp/postern-files.XXXXXX)
	chmod 755 "$dir"
}

setup() {
	helper_setup
	umask 022
	dir=
}

teardown() {
	[[ -z $dir ]] || rm -rf "$dir"
	helper_teardown
}

needs_root() {
	((EUID == 0)) || skip "only root can make a file of another user"
	command -v setpriv > /dev/null || skip "there is no setpriv"
	open_dir
}

# as_nobody COMMAND ARGS: as a user who owns nothing here.
as_nobody() { run_bounded setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }

# set_id MODE: $program, a copy of the program that belongs to root and has this mode.
set_id() {
	program=$dir/postern
	cp "$POSTERN" "$program"
	chown 0:0 "$program"
	chmod "$1" "$program"
	cp /usr/bin/id "$dir/id"
	chown 0:0 "$dir/id"
	chmod "$1" "$dir/id"
	as_nobody "$dir/id"
	[[ $stdout == *euid=0* || $stdout == *egid=0* ]] || skip "set-user-ID bits have no effect here"
}

# ------------------------------------------------------------------------------------------------------------- set-id

# The same words and status as from a copy without the bits.
same_without_bits() {
	local was_status was_stderr
	as_nobody "$program" "$@" < "$dir/mail"
	was_status=$status was_stderr=$stderr
	cp "$POSTERN" "$dir/plain"
	chmod 755 "$dir/plain"
	as_nobody "$dir/plain" "$@" < "$dir/mail"
	[[ $status == "$was_status" && $stderr == "$was_stderr" ]] || complain "with the bits: $was_status $was_stderr"
}

closed_to_nobody() {
	local mode=$1
	set_id "$mode"
	cp "$mail" "$dir/mail"
	printf 'host localhost\nport 1\ntls off\nfrom me@example.org\n' > "$dir/conf"
	printf 'topsecret\n' > "$dir/closed"
	chmod 640 "$dir/closed"
	mkdir "$dir/logs"
	chmod 770 "$dir/logs"
	same_without_bits -C "$dir/closed" you@example.net
	told "cannot read $dir/closed"
	told "Permission denied"
	same_without_bits -C "$dir/conf" "--aliases=$dir/closed" you@example.net
	told "cannot read $dir/closed"
	same_without_bits -C "$dir/conf" "--password-file=$dir/closed" --user=x you@example.net
	told "$dir/closed"
	same_without_bits -C "$dir/conf" --tls=on "--tls-trust-file=$dir/closed" you@example.net
	told "$dir/closed"
	same_without_bits -C "$dir/conf" "--logfile=$dir/logs/log" you@example.net
	told "cannot write the log $dir/logs/log"
	[[ ! -e $dir/logs/log && $stderr != *topsecret* ]]
}

@test "a set-user-ID bit gives no rights: files are those that the user may open" {
	needs_root
	closed_to_nobody 4755
}

@test "a set-group-ID bit gives no rights either" {
	needs_root
	closed_to_nobody 2755
}

@test "a capability of the program's file gives no rights either" {
	needs_root
	command -v setcap > /dev/null || skip "there is no setcap"
	set_id 4755
	chmod 755 "$program"
	setcap cap_dac_override+ep "$program" || skip "the file system keeps no capabilities"
	echo topsecret > "$dir/closed"
	chmod 600 "$dir/closed"
	as_nobody "$program" -C "$dir/closed" you@example.net
	((status == 78 || status == 77)) || complain "status $status"
	told "Permission denied"
}

@test "what a program with a set-user-ID bit starts has the user's rights, and no way back" {
	needs_root
	set_id 4755
	cat > "$dir/conf" <<-END
		host localhost
		port 1
		tls off
		user x
		from me@example.org
		passwordeval grep -E '^(Uid|Gid)' /proc/\$PPID/status > $dir/out/ids; exit 3
	END
	mkdir "$dir/out"
	chmod 777 "$dir/out"
	as_nobody "$program" -C "$dir/conf" --auth-cleartext=on you@example.net < "$mail"
	[[ $(tr -s '\t ' ' ' < "$dir/out/ids") == "Uid: 65534 65534 65534 65534"$'\n'"Gid: 65534 65534 65534 65534" ]] \
	    || complain "ids: $(cat "$dir/out/ids")"
}
