# The completions of bash, fish and zsh: what they offer comes from the program.

load helper
load docs

# Every spelling that a completion may offer at the beginning of an option.
completable() { { useful_options; key_options; } | sort -u; }

# offers_nothing COMMAND...: it succeeds without a word.
offers_nothing() {
	local offered
	offered=$("$@") || return 1
	[[ -z $offered ]] || complain "$*: $offered"
}

@test "no completion has the name of a key: the program knows them" {
	local file key
	for file in postern.bash _postern postern.fish; do
		grep -v '^[[:space:]]*#' "$SRCDIR/completions/$file" > "$BATS_TEST_TMPDIR/code"
		grep -q -- --list-keys "$BATS_TEST_TMPDIR/code"
		for key in $(table --list-keys | cut -f 1); do
			refute grep -nwE -e "$key|${key//_/-}" "$BATS_TEST_TMPDIR/code"
		done
	done
}

@test "bash completes options and keys" {
	same "bash -" "$(completable)" "$(complete_bash - | sed 's/=$//')"
	same "bash --tls-" "$(key_options | grep '^--tls-')" "$(complete_bash --tls- | sed 's/=$//')"
}

@test "bash completes the values of keys" {
	local key form
	while IFS=$'\t' read -r key form _; do
		key=--${key//_/-}
		if [[ $form =~ ^[a-z0-9_]+(\|[a-z0-9_]+)+$ && $form != *path ]]; then
			same "bash $key=" "${form//|/$'\n'}" "$(complete_bash "$key" = "")"
		elif [[ "|$form|" == *"|path|"* ]]; then
			grep -qx "$SRCDIR/README" <<< "$(complete_bash "$key" = "$SRCDIR/REA")" || { echo "$key: no file" >&2; return 1; }
		fi
	done < <(table --list-keys)
	grep -qx "$SRCDIR/README" <<< "$(complete_bash -C "$SRCDIR/REA")"
	grep -qx "$SRCDIR/README" <<< "$(complete_bash -X "$SRCDIR/REA")"
	[[ $(complete_bash --tls-trust-file = "syst") == system ]]
	offers_nothing complete_bash --tls "o"	# the next word is a recipient
	offers_nothing complete_bash --host = ""
	same "bash -R" $'off\nfull\nhdrs' "$(complete_bash -R "")"
	same "bash -N" $'off\nnever\nsuccess\nfailure\ndelay' "$(complete_bash -N "")"
	[[ $(complete_bash -N "success,f") == success,failure ]]
	[[ $(complete_bash --auth = "plain,scram-sha-256-") == plain,scram-sha-256-plus ]]
	[[ $(complete_bash --deliver-by = "") == off ]]
	same "bash --url=" $'smtps://\nsmtp://\nlmtp://' "$(complete_bash --url = "")"
	same "bash -o" $'i\nv\ndi\ndb\ndq' "$(complete_bash -o "")"
	same "bash -O" $'requiretls=yes\nrequiretls=no' "$(complete_bash -O "r")"
}

@test "bash completes accounts, and quotes their names" {
	mkdir -p "$HOME/.config/postern"
	printf '%s\n' 'host h' 'account work : home' 'account home' 'account w$(echo>&2)' > "$HOME/.config/postern/config"
	same "bash -a" $'work\nw\\$\\(echo\\>\\&2\\)' "$(complete_bash -a "w")"
	same "bash --account=" $'work\nhome\nw\\$\\(echo\\>\\&2\\)' "$(complete_bash --account = "")"
}

# The program's name is the user's text.
@test "completions offer nothing and say nothing if the program cannot be run, and run nothing else" {
	local program made=$BATS_TEST_TMPDIR/made
	mkdir "$BATS_TEST_TMPDIR/broken"
	echo '#!/nonexistent' > "$BATS_TEST_TMPDIR/broken/postern"
	chmod +x "$BATS_TEST_TMPDIR/broken/postern"
	for program in "$BATS_TEST_TMPDIR"/{,broken/}postern "\$(touch $made)/postern" "touch $made; postern" "-p" ""; do
		offers_nothing complete_bash -
		[[ ! -e $made ]]
	done
	if command -v fish > /dev/null; then
		offers_nothing complete_fish "$BATS_TEST_TMPDIR/postern -"
		offers_nothing complete_fish "$BATS_TEST_TMPDIR/broken/postern -"
		offers_nothing complete_fish "\"(touch $made)/postern\" -"
	fi
	if command -v zsh > /dev/null; then
		offers_nothing complete_zsh "$BATS_TEST_TMPDIR/postern -"
		offers_nothing complete_zsh "$BATS_TEST_TMPDIR/broken/postern -"
		offers_nothing complete_zsh "'\$(touch $made)/postern' -"
	fi
	[[ ! -e $made ]]
}

# What fish offers for a line.
complete_fish() {
	run_bounded fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$SRCDIR/completions/$of.fish" "$1"
	[[ $status == 0 && -z $stderr ]] || complain "fish completion of: $1" || return 1
	cut -f 1 <<< "$stdout"
}

@test "fish completes options, keys and values" {
	needs fish
	same "fish -" "$(completable)" "$({ complete_fish "$POSTERN -"; complete_fish "$POSTERN --"; } | sed 's/=$//')"
	same "fish --tls-" "$(key_options | grep '^--tls-')" "$(complete_fish "$POSTERN --tls-" | sed 's/=$//')"
	same "fish descriptions" "$(table --list-options | awk -F '\t' '$1 == "--version" { print $3 }')" \
	    "$(complete_fish "$POSTERN --vers" > /dev/null; cut -f 2 <<< "$stdout")"
	offers_nothing complete_fish "$POSTERN --tls o"	# the next word is a recipient
	[[ $(complete_fish "$POSTERN -N success,f") == success,failure ]]
	[[ $(complete_fish "$POSTERN -b m") == m ]]
	[[ $(complete_fish "$POSTERN --tls-trust-file=syst") == --tls-trust-file=system ]]
	[[ $(complete_fish "$POSTERN --logfile=$SRCDIR/REA") == "--logfile=$SRCDIR/README" ]]
	[[ $(complete_fish "$POSTERN -C $SRCDIR/REA") == "$SRCDIR/README" ]]
	same "fish --tls-certcheck=" $'--tls-certcheck=on\n--tls-certcheck=off' "$(complete_fish "$POSTERN --tls-certcheck=")"
}

# fish_dir PREFIX SYSCONFDIR: where the completions go if postern is configured so.
fish_dir() {
	mkdir -p "$BATS_TEST_TMPDIR/built"
	(cd "$BATS_TEST_TMPDIR/built" && "$SRCDIR/configure" -q -C --prefix="$1" --sysconfdir="$2" \
	    && rm -rf root && make -s DESTDIR="$PWD/root" install-dist_fishcompDATA > /dev/null && cd root \
	    && dirname "/$(find . -name postern.fish -printf %P)") 2> "$BATS_TEST_TMPDIR/make" \
	    || complain "not configured or installed: $(< "$BATS_TEST_TMPDIR/make")"
}

@test "make install puts the fish completions where fish looks, in a session without XDG_DATA_DIRS too" {
	needs fish
	[[ -x $SRCDIR/configure && ! -e $SRCDIR/config.status ]] || skip "needs a configure that was not run in the source"
	local row dir
	for row in "/usr /etc" "/usr/local /etc"; do
		# shellcheck disable=SC2086	# two words
		dir=$(fish_dir $row)
		# shellcheck disable=SC2016	# the variables are those of fish
		env -u XDG_DATA_DIRS fish -c 'contains -- $argv[1] $fish_complete_path' "$dir" || complain "$row: $dir"
	done
	[[ $(fish_dir /opt/x /opt/x/etc) == /opt/x/share/fish/vendor_completions.d ]]
}

# What zsh offers for a line: compadd(1) of the shell in the pseudo-terminal writes down what matched.
complete_zsh() {
	cat > "$BATS_TEST_TMPDIR/zsh" <<-'END'
		zmodload zsh/zpty
		zpty inner zsh -f -i
		zpty -w inner "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste"
		zpty -w inner 'compadd() { local -a hits; if ((! ${@[(I)-[OAD]*]})); then builtin compadd -O hits "$@"
			print -rl -- $hits >> '$3'; fi; builtin compadd "$@" }'
		zpty -w inner 'look() { BUFFER='${(qq)2}' CURSOR=$#BUFFER; zle complete-word; print -l fini""shed }'
		zpty -w inner 'zle -N look; bindkey "^X" look'
		zpty -w -n inner $'\x18'
		zpty -r inner answer '*finished*'
		zpty -d inner
	END
	: > "$BATS_TEST_TMPDIR/offered"
	run_bounded zsh -f "$BATS_TEST_TMPDIR/zsh" "$SRCDIR/completions" "$1" "$BATS_TEST_TMPDIR/offered"
	((status == 0)) || complain "zsh completion of: $1" || return 1
	grep . "$BATS_TEST_TMPDIR/offered" || true
}

@test "zsh completes options, keys and values" {
	needs zsh
	zsh -n "$SRCDIR/completions/_postern"
	same "zsh -" "$(completable)" "$(complete_zsh "$POSTERN -")"
	same "zsh --tls-" "$(key_options | grep '^--tls-')" "$(complete_zsh "$POSTERN --tls-")"
	same "zsh -N" $'off\nnever\nsuccess\nfailure\ndelay' "$(complete_zsh "$POSTERN -N ")"
	[[ $(complete_zsh "$POSTERN -N success,f") == failure ]]
	same "zsh -b" $'m\ns\nv\ni\np' "$(complete_zsh "$POSTERN -b ")"
	same "zsh --url=" $'smtps://\nsmtp://\nlmtp://' "$(complete_zsh "$POSTERN --url=")"
	same "zsh --tls-trust-file=" system "$(complete_zsh "$POSTERN --tls-trust-file=syst")"
	[[ $(complete_zsh "$POSTERN -C $SRCDIR/REA") == *README* ]]
	same "zsh --tls-certcheck=" $'on\noff' "$(complete_zsh "$POSTERN --tls-certcheck=")"
}

# --------------------------------------------------------------------------------------------------------- postern-oauth2

@test "postern-oauth2: the completions know no command and no option: the program does" {
	local file word
	oauth2_help
	for file in postern-oauth2.bash _postern-oauth2 postern-oauth2.fish; do
		grep -v '^[[:space:]]*#' "$SRCDIR/completions/$file" > "$BATS_TEST_TMPDIR/code"
		for word in $(oauth2_rows | cut -f 1,2 | tr '\t' '\n' | grep -vx -e help -e list -e ''); do
			refute grep -nE -e "$word([^a-z-]|$)" <(grep -oE -e '([-a-z]+)' "$BATS_TEST_TMPDIR/code")
		done
	done
}

# shows LINE WANT: what each shell offers at the end of the line is WANT.
shows() {
	local shell program=$oauth2 of=postern-oauth2 got
	local -a line
	IFS=' ' read -ra line <<< "$1"
	[[ $1 != *" " && -n $1 ]] || line+=("")
	for shell in bash fish zsh; do
		command -v "$shell" > /dev/null || continue
		case $shell in
		bash) got=$(complete_bash "${line[@]}") ;;
		*) got=$(complete_$shell "$oauth2 $1") ;;
		esac || return 1
		same "$shell: postern-oauth2 $1" "$2" "$got" || return 1
	done
}

@test "postern-oauth2: bash, fish and zsh complete commands, options, providers and logins" {
	local command
	oauth2_help
	shows "" "$(oauth2_rows | cut -f 1)"
	shows lo $'login\nlogout'
	for command in login token status import; do
		shows "$command --" "$(oauth2_rows | awk -F '\t' -v c="$command" '$1 == c && $2 != "" { print $2 }')"
	done
	shows "login me --provider " "$(oauth2_providers)"
	shows "login --provider fa" fastmail
	[[ $(program=$oauth2 of=postern-oauth2 complete_bash login --provider = fa) == fastmail ]]
	mkdir -p "$HOME/.local/state/postern/oauth2"
	chmod 700 "$HOME/.local/state/postern/oauth2"
	echo '{}' > "$HOME/.local/state/postern/oauth2/me@example.org.json"
	cp "$HOME/.local/state/postern/oauth2"/{me@example.org,work}.json
	chmod 600 "$HOME/.local/state/postern/oauth2"/*
	shows "status " $'me@example.org\nwork'
	shows "token m" me@example.org
}
