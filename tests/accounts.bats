#!/usr/bin/env bats
# Accounts: which account a message takes, and from which layer each value comes (postern.conf(5), Accounts and Precedence).

load helper

# config < TEXT: the configuration.
config() { cat > "$conf"; chmod 600 "$conf"; }

# has LINE... -- ARGS: --dump-config ARGS shows these lines (`KEY -`: no line with this key).
has() {
	local -a want=()
	while [[ $1 != -- ]]; do
		want+=("$1")
		shift
	done
	shift
	"${run:-postern}" --dump-config "$@"
	((status == 0)) || complain "exit status $status from --dump-config $*"
	lines_are "${want[@]}"
}

lines_are() {
	local line
	for line in "$@"; do
		if [[ $line == *" -" ]]; then
			refute grep -q "^${line% -}\( \|$\)" <<< "$stdout"
		else
			grep -qxF -- "$line" <<< "$stdout" || complain "there is no line: $line"
		fi
	done
}

# -------------------------------------------------------------------------------------------------------------- inheritance

@test "a later base wins over an earlier one, and the account wins over both; a key that one base has comes from that base" {
	config <<-'END'
		account one
		host one.example
		port 1001
		user one
		timeout 11
		account two
		host two.example
		port 1002
		from two@example.org
		account a : one, two
		timeout 13
		account b : two,one
		account c : a, one
	END
	has "account a" "host two.example" "port 1002" "user one" "from two@example.org" "timeout 13" -- -a a
	has "account b" "host one.example" "port 1001" "user one" "from two@example.org" "timeout 11" -- -a b
	has "host one.example" "port 1001" "from two@example.org" "timeout 11" -- -a c
}

@test "an empty value removes an inherited value, in this account and in accounts that inherit from it" {
	config <<-'END'
		account one
		host one.example
		user one
		from one@example.org
		account a : one
		user
		account b : a
	END
	has "user one" -- -a one
	has "host one.example" "user -" -- -a a
	has "host one.example" "user -" "from one@example.org" -- -a b
}

@test "a base must stand above the account and be given by its whole name, and no name is used twice" {
	local base
	for base in below on a; do
		config <<-END
			account one
			host one.example
			account a : $base
			account below
			host below.example
		END
		postern_fails 78 config -- --dump-config -a a
		told "$base"
	done
	config <<-'END'
		account one
		host one.example
		account one
		host two.example
	END
	postern_fails 78 config -- --dump-config -a one
}

@test "defaults apply to the accounts below them up to the next defaults, and bases win over defaults" {
	config <<-'END'
		account before
		host before.example
		from before@example.org
		defaults
		timeout 21
		port 1021
		account first : before
		account own
		host own.example
		timeout 22
		defaults
		timeout 23
		account last : own
		account plain
		host plain.example
	END
	has "timeout off" "port 587" -- -a before
	has "timeout 21" "port 1021" "host before.example" -- -a first
	has "timeout 22" "port 1021" -- -a own
	has "timeout 22" "host own.example" -- -a last
	has "timeout 23" "host plain.example" -- -a plain
}

@test "keys before the first account belong to the account default" {
	config <<-'END'
		host keys.example
		from me@example.org
		account other : default
		port 1031
	END
	has "account default" "host keys.example" "port 587" --
	has "account other" "host keys.example" "port 1031" -- -a other
}

@test "an included file can define accounts, and the account that was open continues after the include" {
	config <<-END
		account one
		host one.example
		include included
		port 1041
		account three : two
	END
	printf '%s\n' "account two" "host two.example" "from two@example.org" > "${conf%/*}/included"
	chmod 600 "${conf%/*}/included"
	has "port 1041" "host one.example" -- -a one
	has "port 587" "host two.example" "from two@example.org" -- -a three
}

# ----------------------------------------------------------------------------------------------------------------- choosing

@test "-a wins over -f; without both postern takes the account default or the only account, and otherwise refuses" {
	config <<-'END'
		account one
		host one.example
		from one@example.org
	END
	has "account one" --
	has "account one" -- -f somebody@else.example
	printf '%s\n' "account two" "host two.example" "from two@example.org" >> "$conf"
	postern_fails 78 config -- --dump-config
	told "no account was asked for"
	hinted "one, two"
	postern_fails 78 config -- --dump-config -a three
	hinted "one, two"
	has "account two" -- -f two@example.org
	has "account one" -- -a one -f two@example.org
	printf '%s\n' "account default" "host default.example" >> "$conf"
	has "account default" --
	has "account default" -- -f somebody@else.example
	has "account two" -- -f two@example.org
}

@test "postern takes the first account whose from matches, by address, pattern or detail, in the order of the file" {
	config <<-'END'
		account wide
		host wide.example
		from wide@example.org, *@lists.example.org
		account narrow
		host narrow.example
		from one@lists.example.org, narrow@example.org
		account default
		host default.example
		from me@example.org
	END
	has "account wide" -- -f one@lists.example.org
	has "account narrow" -- -f narrow@example.org
	has "account narrow" -- -f narrow+detail@example.org
	has "account narrow" -- -f narrow@EXAMPLE.org
	has "account default" -- -f nobody@example.org
	has "account default" -- -f me@example.org
	has "account default" -- -f lists.example.org@example.net
}

# ------------------------------------------------------------------------------------------------ environment, command line

@test "the environment wins over the account and its bases, and the command line wins over the environment" {
	config <<-'END'
		account one
		host one.example
		port 1051
		timeout 51
		account a : one
		port 1052
	END
	has "port 1052" "timeout 51" -- -a a
	POSTERN_PORT=1053 POSTERN_TIMEOUT=53 has "port 1053" "timeout 53" "host one.example" -- -a a
	POSTERN_PORT=1053 POSTERN_TIMEOUT=53 has "port 1054" "timeout 53" -- -a a --port=1054
	has "port 1054" "timeout 51" -- -a a --port=1054
	POSTERN_HOST=env.example has "host env.example" "port 1052" -- -a a
	POSTERN_HOST=env.example has "host line.example" -- -a a --host=line.example
}

@test "a host from the environment or the command line replaces the socket of the account" {
	config <<-'END'
		account a
		socket /run/server
		tls off
	END
	has "socket /run/server" -- -a a
	POSTERN_HOST=env.example has "host env.example" "socket -" -- -a a
	has "host line.example" "socket -" -- -a a --host=line.example
}

@test "only one source of the password is used: the one that is set last or in the nearer layer" {
	start_server
	printf 'wrong\n' > "$HOME/wrong"
	printf 'secret\n' > "$HOME/right"
	chmod 600 "$HOME"/*
	# base, account: the account's value is the right one each time
	local base account
	for base in "password wrong" "password_file $HOME/wrong" "password_command cat '$HOME/wrong'"; do
		for account in "password secret" "password_file $HOME/right" "password_command cat '$HOME/right'"; do
			config <<-END
				account base
				host localhost
				port $port
				from me@example.org
				tls_trust_file $certs/ca.pem
				user user
				$base
				account default : base
				$account
			END
			postern_ok you@example.net < "$mail"
		done
	done
	(($(messages) == 9))
	set_conf password_command "cat '$HOME/wrong'"
	POSTERN_PASSWORD=secret postern_ok you@example.net < "$mail"
	POSTERN_PASSWORD=wrong postern_ok --password-file="$HOME/right" you@example.net < "$mail"
}

# --------------------------------------------------------------------------------------- the system's file and the user's file

# both: postern without -C, in a mount namespace where the system's file is $HOME/system.
both() {
	# shellcheck disable=SC2016	# for the inner shell
	run_bounded unshare "${unshare[@]}" sh -c 'mount -t tmpfs none "$1" && cp "$2" "$1/postern.conf" \
	    && chmod 644 "$1/postern.conf" && shift 2 && exec "$@"' - "$sysconfdir" "$HOME/system" "$POSTERN" "$@"
}

two_layers() {
	local file
	run=both unshare=(--mount)
	((EUID == 0)) || unshare+=(--map-root-user)
	file=$(grep -aoE -m 1 '/[[:print:]]*/postern\.conf' "$POSTERN" | head -n 1)
	sysconfdir=${file%/*}
	[[ -d $sysconfdir ]] || skip "$sysconfdir is not there"
	unshare "${unshare[@]}" mount -t tmpfs none "$sysconfdir" 2> /dev/null || skip "nothing can be mounted here"
	mkdir -p "$HOME/.config/postern"
	cat > "$HOME/system"
	: > "$HOME/.config/postern/config"
	chmod 600 "$HOME/.config/postern/config"
}

user_file() { cat > "$HOME/.config/postern/config"; }

@test "a user's account hides the system's account of the same name, and may inherit from it" {
	two_layers <<-'END'
		account default
		host system.example
		port 1061
		from system@example.org
		account other
		host other.example
		from other@example.org
	END
	has "account default" "host system.example" "port 1061" --
	user_file <<-'END'
		account default
		host user.example
	END
	has "host user.example" "port 587" "from -" --
	has "host other.example" -- -a other
	user_file <<-'END'
		account default : default
		port 1062
		account mine : other, default
	END
	has "host system.example" "port 1062" "from system@example.org" --
	has "host system.example" "port 1062" "from system@example.org" -- -a mine
}

@test "the system's defaults do not apply to the user's accounts, not even to those that inherit from a system account" {
	two_layers <<-'END'
		defaults
		timeout 71
		account system
		host system.example
	END
	user_file <<-'END'
		account user
		host user.example
		account heir : system
	END
	has "timeout 71" -- -a system
	has "timeout off" -- -a user
	has "timeout off" "host system.example" -- -a heir
}

@test "the user's accounts are matched with the sender before the system's accounts; hidden accounts are not matched" {
	two_layers <<-'END'
		account default
		host default.example
		account system
		host system.example
		from *@example.org
		account hidden
		host hidden.example
		from hidden@example.net
	END
	user_file <<-'END'
		account user
		host user.example
		from me@example.org
		account hidden
		host visible.example
		from visible@example.net
	END
	has "account user" -- -f me@example.org
	has "account system" -- -f you@example.org
	has "account default" -- -f hidden@example.net
	has "account hidden" "host visible.example" -- -f visible@example.net
}
