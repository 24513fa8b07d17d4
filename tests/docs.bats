# The documents say what the program's tables say, in both directions: manual, --help, README.  The completions: completions.bats.
# A fact that a table has is read from the table; the manual's form is fixed in a comment at its top.

load helper
load docs

# ---------------------------------------------------------------------------------------------------------------- options

@test "the manual has the options of the table, each where it belongs" {
	local all
	all=$(table --list-options)
	same "groups of options" "$(groups_of_help; printf '%s\n' "Accepted and ignored" Refused "Names of the program")" \
	    "$(man1 | section OPTIONS | sed -n 's/^\.Ss //p')"
	same "ignored options" "$(awk -F '\t' '$3 ~ /^accepted, ignored/ { print $1 }' <<< "$all")" \
	    "$(man1 | section OPTIONS "Accepted and ignored" | options_of)"
	same "refused options" "$(awk -F '\t' '$3 == "not available" { print $1 }' <<< "$all")" \
	    "$(man1 | section OPTIONS Refused | options_of)"
	same "options" "$(useful_options)" \
	    "$(groups_of_help | while read -r part; do man1 | section OPTIONS "$part"; done | options_of)"
	same "all options" "$(cut -f 1 <<< "$all")" "$(man1 | section OPTIONS | options_of)"
}

@test "an option that takes a value in the table takes one in the manual" {
	same "options with a value" "$(table --list-options | awk -F '\t' '$2 != "" { print $1 }')" \
	    "$(man1 | section OPTIONS | grep '^\.It Fl' | grep -v 'Fl -key ' | sed 's/ , /\n/g' | grep -w -e Ar \
	        | sed -n 's/.*Fl \([^ ]*\).*/-\1/p')"
}

@test "the manual names the modes, those that are refused, and the other names" {
	local letter modes="" refused=""
	for letter in {a..z} {A..Z}; do
		run_bounded "$POSTERN" "-b$letter" --version
		if ((status == 0)); then
			modes+="-b$letter"$'\n'
		elif [[ $stderr != *"there is no mode"* ]]; then
			refused+="-b$letter"$'\n'
		fi
	done
	same "modes" "${modes%$'\n'}" \
	    "$(man1 | section OPTIONS "Modes and queue" | sed -n '/^\.It Fl b /,/^\.It/ s/^\.Fl \(b.\).*/-\1/p')"
	same "bash -b" "$(tr -d b- <<< "${modes%$'\n'}")" "$(complete_bash -b "")"
	same "refused modes" "${refused%$'\n'}" \
	    "$(man1 | section OPTIONS Refused | sed -n '/^The modes/,$ s/^\.Fl \(b.\).*/-\1/p')"
	same "names" "$(awk '/^static.*faces|^} faces/ { on = 1 } on && /^}/ && !/faces/ { on = 0 }
	    on { split($0, q, "\""); if (q[2] != "") print q[2] }' "$SRCDIR/src/config/cmdline.c")" \
	    "$(man1 | section OPTIONS "Names of the program" | sed -n 's/^\.Nm \([a-z][a-z]*\).*/\1/p')"
}

@test "--help shows the options that do something, names the ignored ones, and fits a terminal" {
	local help
	help=$(table --help)
	same "options in --help" "$(useful_options)" \
	    "$(grep -E '^  [ -]' <<< "$help" | cut -c 1-29 | grep -oE -e '--[a-z-]+|-[A-Za-z]( |,|\[|$)' | tr -d ' ,[')"
	same "ignored in --help" "$(table --list-options | awk -F '\t' '$3 ~ /^accepted, ignored/ { print $1 }')" \
	    "$(sed -n 's/^Accepted and ignored: //p' <<< "$help" | tr ' ' '\n')"
	awk 'length > 79 { print "too wide: " $0; bad = 1 } END { exit bad }' <<< "$help"
}

@test "--help shows what most people need on the first screen of 24 lines" {
	local first
	first=$(table --help | head -n 24)
	for option in "-f, --from=" "-t, --read-recipients" "-F NAME" "-i " "-a, --account=" "-C, --file=" "-v, --verbose" \
	    "--dump-config" "--list-keys" "--help" "Every key of postern.conf(5)"; do
		[[ $first == *"$option"* ]] || complain "not on the first screen: $option" || return 1
	done
}

# ------------------------------------------------------------------------------------------------------------------- keys

@test "the manual has the keys of the table, and msmtp's" {
	local all
	all=$(table --list-keys)
	same "keys" "$(keys)" "$(man5 | section KEYS | sed '/^\.Ss Keys of msmtp/,$d' | items Ic)"
	same "renamed keys" "$(sed -n 's/\trenamed to / /p' <<< "$all")" \
	    "$(man5 | section KEYS "Keys of msmtp" | awk '/^\.It Ic .* Ta Ic / { print $3, $6 }')"
	same "ignored and refused keys" "$(grep -P '\t(ignored|not available)' <<< "$all" | cut -f 1)" \
	    "$(man5 | section KEYS "Keys of msmtp" | awk '/^\.It Ic / && !/ Ta / { print $3 }')"
}

@test "the manual has the table's defaults, and only those" {
	same defaults "$(table --list-keys | awk -F '\t' 'NF == 4 && $3 != "" { print $1, $3 }')" \
	    "$(man5 | section KEYS | awk '/^\.It Ic / { key = $3 } after { print key, $2 } { after = /^Default:$/ }')"
}

@test "the table's defaults are those in force" {
	: > "$BATS_TEST_TMPDIR/empty"
	same "defaults in force" "$(table --list-keys | awk -F '\t' 'NF == 4 && $3 != "" { print $1, $3 }')" \
	    "$(run_bounded "$POSTERN" -C "$BATS_TEST_TMPDIR/empty" --host=h --user=u --dump-config
	       grep -vE '^(# read|# this account was chosen,|account|host|port|user) ' <<< "$stdout")"
}

@test "each key's words are in the manual" {
	local key form word text
	while IFS=$'\t' read -r key form _; do
		[[ $form == *"|"* && $key != auth ]] || continue	# its mechanisms have a test of their own
		text=$(man5 | section KEYS | awk -v key="$key" '/^\.(It|El)/ { on = $2 == "Ic" && $3 == key } on')
		for word in ${form//[|,]/ }; do
			[[ $word == on || $word == path || $word == ... || $word == *[A-Z]* || $word == local[1-6] ]] \
			    || grep -qE "(Cm|,) $word( |$)|switch$" <<< "$text" \
			    || { echo "$key: the manual does not say what $word is" >&2; return 1; }
		done
	done < <(table --list-keys)
}

@test "each key has one example in the manual, and the program takes it" {
	local key value file=$BATS_TEST_TMPDIR/example
	same "keys with an example" "$(keys | sed 's/.*/& &/')" \
	    "$(man5 | section KEYS | awk '/^\.It Ic/ { key = $3 } /^\.Dl/ { print key, $2 }')"
	while read -r key value; do
		printf '%s\n' "host example.org" "$key $value" "tls_cert_file /c" "tls_key_file /k" "user u" > "$file"
		chmod 600 "$file"
		run_bounded "$POSTERN" -C "$file" --port=24 --dump-config
		((status == 0)) || complain "the example of $key is refused" || return 1
		[[ $key == url || $key == tls* || $key == user ]] \
		    || grep -qE "^(# )?$key\b" <<< "$stdout" || complain "the example of $key sets nothing" || return 1
	done < <(man5 | section KEYS | sed -n 's/^\.Dl //p' | plain)
}

@test "each example of a key is labelled, and none weakens what the default protects" {
	man5 | section KEYS | awk '/^\.Dl/ && last != "Example:" { print "no label: " $0; bad = 1 } { last = $0 } END { exit bad }'
	local key standard example n=0
	while IFS=$'\t' read -r key _ standard _; do
		[[ $key =~ ^(tls|tls_certcheck|auth_cleartext|remove_bcc_headers)$ ]] || continue
		example=$(man5 | section KEYS | sed -n "s/^\.Dl $key //p")
		[[ $example == "$standard" ]] || complain "the example of $key is $example" || return 1
		n=$((n + 1))
	done < <(table --list-keys)
	((n == 4))
	refute grep -E '^\.Dl tls_priorities .*(VERS-TLS1\.[01]|PROFILE_(LOW|VERY_WEAK)|SHA1)' <(man5 | plain)
}

# Every literal block of a section, into the files $1.1, $1.2, ...
blocks() {
	awk -v to="$1" '/^\.Bd -literal/ { n++; on = 1; next } /^\.Ed/ { on = 0 } on { print > (to "." n) }'
	chmod 600 "$1".*
}

@test "the configurations in the manuals and in the README are taken as they are" {
	local file=$BATS_TEST_TMPDIR/block n=0 one account
	man5 | plain > "$file.man"
	section EXAMPLES < "$file.man" | blocks "$file.e"
	man1 | plain | section EXAMPLES | awk '/^The programs also need/ { on = 1 } /^If only root may read/ { on = 0 } on' | blocks "$file.s"
	section DESCRIPTION < "$file.man" | blocks "$file.d"
	man1 | plain | section DESCRIPTION | blocks "$file.c"
	plain < "$SRCDIR/man/postern-oauth2.1" | blocks "$file.o"
	grep -L '^host ' "$file".o.* | xargs rm
	sed -n 's/^\t\(host\|from\|user\|password_command\|local_recipients\|logfile\)[\t ]*/\1 /p' "$SRCDIR/README" > "$file.readme.1"
	chmod 600 "$file".*
	for one in "$file".[ecdos].* "$file.readme.1"; do
		for account in $(sed -n 's/^account \([^ ]*\).*/\1/p' "$one") ""; do
			run_bounded "$POSTERN" -C "$one" ${account:+-a "$account"} --dump-config
			((status == 0)) || complain "refused: $(< "$one")" || return 1
			[[ $stdout == *"host "* || $stdout == *"socket "* ]]
			n=$((n + 1))
		done
	done
	((n >= 10))
}

# What the form of a key has besides auto, on and off.
words_of() {
	table --list-keys | awk -F '\t' -v key="$1" '$1 == key { print $2 }' | sed 's/,\.\.\.$//' | tr '|' '\n' | grep -vx -e auto -e on -e off
}

@test "mechanisms: the manual and the form of auth have the table's" {
	local table
	table=$(sed -n '/^} mechs\[\]/,/^};/ s/^\t{ "\([A-Z0-9-]*\)".*/\1/p' "$SRCDIR/src/smtp/sasl.c")
	same "mechanisms in the manual" "$table" \
	    "$(man5 | awk '/^\.It Ic / { on = $3 == "auth" } on' | grep -oE '\b[A-Z][A-Z0-9-]{3,}[A-Z0-9]\b')"
	same "mechanisms in the form" "${table,,}" "$(words_of auth)"
}

@test "syslog facilities: the manual and the form of syslog have the table's" {
	local table
	table=$(sed -n '/^} facilities\[\]/,/^};/p' "$SRCDIR/src/base/log.c" | grep -oE '"[a-z0-7]+"' | tr -d '"')
	same facilities "$(grep -v '^local[1-6]$' <<< "$table")" \
	    "$(man5 | awk '/^\.It Ic / { on = $3 == "syslog" } on && /^\.Cm/' | grep -oE '\b(auth|authpriv|cron|daemon|local[07]|mail|user|kern|lpr|news|uucp|ftp)\b')"
	same "facilities in the form" "$table" "$(words_of syslog)"
}

# The completions rely on it.
@test "a key may stand without a value if its form has \`on\`, and only then" {
	local key form n=0
	while IFS=$'\t' read -r key form _; do
		run_bounded "$POSTERN" --list-keys "--$key"
		if [[ "|$form|" == *"|on|"* ]]; then
			((status == 0)) || complain "--$key needs a value" || return 1
			n=$((n + 1))
		elif [[ $key != from ]]; then
			((status == 64)) && [[ $stderr == *"needs a value"* ]] || complain "--$key needs no value" || return 1
		fi
	done < <(table --list-keys | awk -F '\t' 'NF == 4')
	((n > 10))
}

@test "the words of each form are values of the key" {
	local key form word n=0
	while IFS=$'\t' read -r key form _; do
		[[ $form == *"|"* ]] || continue
		for word in ${form//[|,]/ }; do
			[[ $word != *[A-Z]* && $word != path && $word != ... && "|$form|" != *"TIME,$word|"* ]] || continue
			run_bounded "$POSTERN" -C /dev/null --host=h --port=24 --user=u "--$key=$word" --dump-config
			((status == 0)) || complain "--$key=$word is refused" || return 1
			n=$((n + 1))
		done
	done < <(table --list-keys)
	((n > 60))
}

@test "the log: the manual has the names of its fields" {
	same fields "$(sed -n 's/^\t\t{ .name = "\([a-z]*\)", .* },$/\1/p' "$SRCDIR/src/deliver/report.c"; echo time)" \
	    "$(man5 | awk '/^\.It Ic / { on = $3 == "log_format" } on && /^\.Cm/ && !/:$/ && !/ \.$/' | grep -oE '[a-z]{3,}')"
}

# ------------------------------------------------------------------------------------- statuses, stages, variables, files

# "NUMBER EX_NAME" of everything that err.c can answer with; the numbers are those of the names in their order.
statuses() {
	awk '
		/^const char \*err_status_name/ { on = 1 }
		on { while (match($0, /"[A-Z]+"/)) {
			number["EX_" substr($0, RSTART + 1, RLENGTH - 2)] = 64 + n++
			$0 = substr($0, RSTART + RLENGTH) }
		     if (n > 0 && /}/) on = 0 }
		!on { while (match($0, /EX_[A-Z]+/)) {
			used[substr($0, RSTART, RLENGTH)] = 1
			$0 = substr($0, RSTART + RLENGTH) } }
		END { number["EX_OK"] = 0
		      for (name in used) print (name in number ? number[name] : "?"), name }' "$SRCDIR/src/base/err.c"
}

@test "exit statuses: manual and README have those that the program can give" {
	same "statuses in the manual" "$(statuses)" "$(man1 | section "EXIT STATUS" | awk '/^\.It / { print $2, $4 }')"
	same "statuses in the README" "$(statuses | cut -d ' ' -f 1)" \
	    "$(sed -n '/^What it answers/,/^postern(1)/p' "$SRCDIR/README" | grep -oE '(^|[^0-9])(0|[67][0-9])   *[a-z]|	(0|[67][0-9])  ' | grep -oE '[0-9]+')"
}

@test "the numbers are those of sysexits.h" {
	needs "${CC:-cc}"
	local name number
	while read -r number name; do
		echo "_Static_assert($name == $number, \"$name\");"
	done < <(statuses) > "$BATS_TEST_TMPDIR/statuses.h"
	grep -q EX_TEMPFAIL "$BATS_TEST_TMPDIR/statuses.h"
	${CC:-cc} -std=c11 -fsyntax-only -include sysexits.h -x c "$BATS_TEST_TMPDIR/statuses.h"
}

@test "stages: the manual has those of the table" {
	same stages "$(sed -n 's/^\t\[ST_[A-Z]*\] *= { "\([a-z]*\)".*/\1/p' "$SRCDIR/src/base/err.c")" \
	    "$(man1 | section DIAGNOSTICS | sed -n 's/^\.Cm \([a-z]*\).*/\1/p')"
}

@test "variables: the manual has those that are read" {
	same variables "$(grep -ohE 'getenv\("[A-Z_]+"\)' -r "$SRCDIR/src" --include='*.c' --exclude-dir=oauth2 | grep -oE '[A-Z_]{2,}')" \
	    "$(man1 | section ENVIRONMENT | items Ev | grep -vx -e POSTERN_KEY -e POSTERN_KEY_FILE)"
}

@test "the files that the READMEs name are there" {
	local name
	while read -r name; do
		[[ -e $SRCDIR/$name ]] || { echo "README names $name" >&2; return 1; }
	done < <(sed -n '/^Find your way/,$ p' "$SRCDIR/README" | grep -oE '(\b(src|tests|man|completions)|\.ci)/[A-Za-z]*|\bCOPYING' | sort -u)
	while read -r name; do
		compgen -G "$SRCDIR/src/$name*" > /dev/null || { echo "src/README names $name" >&2; return 1; }
	done < <(grep -oE '\b(base|mail|mime|net|smtp|secret|config|deliver|queue|server|modes|oauth2)/[a-z0-9]*(\.[ch])?|\bmain\.c|\b(LAYERS|STYLE|GLOSSARY)' "$SRCDIR/src/README" | sort -u)
	grep -q 'base/err.c' "$SRCDIR/src/README" && grep -q 'src/README' "$SRCDIR/README"
}

# --------------------------------------------------------------------------------------------------------------- the pages

@test "each manual page is installed, and names the others" {
	local page other
	for page in "$SRCDIR"/man/*.[1-9]; do
		[[ " $(sed -n 's/^dist_man_MANS +\{0,1\}= //p' "$SRCDIR/Makefile.am" | tr '\n' ' ') " == *" man/${page##*/} "* ]] || complain "not installed: $page"
		for other in "$SRCDIR"/man/*.[1-9]; do
			other=${other##*/}
			[[ $page == */$other ]] || grep -qE "^\.Xr ${other%.?} ${other##*.}( ,)?$" <(section "SEE ALSO" < "$page") \
			    || complain "$page does not name $other"
		done
	done
}

@test "mandoc has nothing against the manual" {
	needs mandoc
	run_bounded mandoc -T lint -W warning "$SRCDIR"/man/*.[1-9]
	((status == 0)) && [[ -z $stdout$stderr ]] || complain "mandoc -T lint"
}

# --------------------------------------------------------------------------------------------------------- postern-oauth2

# The same of the manual: `.It Cm command' and `.It Fl -option' in the subsection of the command.
oauth2_manual() {
	section COMMANDS < "$SRCDIR/man/postern-oauth2.1" | awk '
		/^\.It Cm / { command = $3; print command "\t\t" ($4 == "Ar" ? toupper($5) : "") }
		/^\.It Fl / { sub(/^-/, "", $3); print command "\t--" $3 "\t" ($4 == "Ar" ? toupper($5) : "") }'
}

@test "postern-oauth2: the manual has the commands and options of the table, and a value where it takes one" {
	local value='s/\t[A-Z][A-Z0-9]*$/\tvalue/'
	oauth2_help
	same "postern-oauth2(1)" "$(oauth2_rows | sed "$value")" "$(oauth2_manual | sed "$value")"
	same "SYNOPSIS" "$(oauth2_rows | cut -f 1)" "$(section SYNOPSIS < "$SRCDIR/man/postern-oauth2.1" | sed -n 's/^\.Cm //p' | tr -d '|' | tr -s ' ' '\n')"
	awk 'length > 79 { print "too wide: " $0; bad = 1 } END { exit bad }' <<< "$help"
}

@test "postern-oauth2: the manual has the providers, the variables and the exit statuses that there are" {
	local page=$SRCDIR/man/postern-oauth2.1
	oauth2_help
	same providers "$(oauth2_providers)" \
	    "$(section PROVIDERS < "$page" | awk '/^\.It Cm / { print $3 }')"
	same variables "$({ grep -ohE '(getenv|is_set)\("[A-Z_]+"\)' -r "$SRCDIR/src/oauth2" | grep -oE '[A-Z_]{2,}'
	        printf '%s\n' HOME XDG_STATE_HOME https_proxy all_proxy no_proxy PATH; })" \
	    "$(section ENVIRONMENT < "$page" | sed -n 's/^\.It Ev //p' | sed 's/ , /\n/g')"
	same statuses "$(grep -oE '\b(0|[67][0-9])(,|:)' <<< "$help" | tr -d ',:')" \
	    "$(section "EXIT STATUS" < "$page" | awk '/^\.It / { print $2 }')"
}

@test "postern-oauth2: its manual and its completions are installed with it, and only with it" {
	local want
	[[ -x $SRCDIR/configure && ! -e $SRCDIR/config.status ]] || skip "needs a configure that was not run in the source"
	mkdir "$BATS_TEST_TMPDIR/built"
	cd "$BATS_TEST_TMPDIR/built"
	want=$'bash-completion/completions/postern-oauth2\nman/man1/postern-oauth2.1\nfish/vendor_completions.d/postern-oauth2.fish'
	want+=$'\nzsh/site-functions/_postern-oauth2'
	for option in --with-oauth2 --without-oauth2; do
		"$SRCDIR/configure" -q -C --prefix=/usr "$option" > /dev/null 2> "$BATS_TEST_TMPDIR/configure" || skip "cannot configure $option"
		make -s DESTDIR="$PWD/root$option" install-data > /dev/null
	done
	same installed "$want" "$(find root--with-oauth2/usr/share -name '*postern-oauth2*' | sed 's|.*/share/||')"
	[[ -z $(find root--without-oauth2/usr/share -name '*postern-oauth2*') ]] || complain "installed without it"
}
