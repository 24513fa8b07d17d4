# The source tree: shellcheck, what bootstrap installs, the order and the names of modules, the lists in Makefile.am.

load helper
load docs

@test "shellcheck has nothing against the scripts" {
	needs shellcheck
	cd "$SRCDIR"
	run_bounded shellcheck bootstrap .ci/* completions/*.bash tests/*.bash tests/bench tests/mutants tests/interop/*.bash tests/interop/fetch
	((status == 0)) || complain "shellcheck"
}

# What shellcheck may say about a .bats file: it does not know that ...
may_say=(
	SC2002	# a pipe may be what is tested
	SC2016	# text in single quotes may be for another shell
	SC2030	# each test is a process of its own,
	SC2031	# and begins with what setup sets
	SC2034	# the helper reads variables that a test sets,
	SC2154	# and sets those that a test reads
	SC2046	# words without quotes are meant to be several,
	SC2086	# also those of a variable
	SC2059	# the format of printf may be the text
	SC2088	# a tilde may be text
	SC2119	# a function may have arguments in some calls only,
	SC2120	# or pass on what it never gets
	SC2258	# a comma at the end of a word may be text
)

@test "shellcheck has nothing against the tests" {
	needs shellcheck
	cd "$SRCDIR"
	run_bounded shellcheck -x -P tests -e "$(IFS=,; echo "${may_say[*]}")" tests/*.bats tests/interop/*.bats
	((status == 0)) || complain "shellcheck"
}

# In a .bats file it is an error for shellcheck, but not at the end of a function, and not in what the file loads.
@test "no test relies on the status of \`! command\`" {
	cd "$SRCDIR"
	refute grep -nE '(^|[;{]|\b(then|do|else))[[:space:]]*! ([^|]|\|[^|])*$' tests/*.bats tests/*.bash tests/interop/*.bats tests/interop/*.bash
}

# A false condition on the left of && does not fail a test.  Behind the line there must be `||`, or it is a status for `if`.
@test "no test relies on a condition on the left of &&" {
	cd "$SRCDIR"
	refute awk '
		FNR == 1 { in_test = 0; left = "" }
		/^@test / { in_test = 1 }
		left != "" && !/^}/ { print left; bad = 1 }
		{ left = "" }
		/^}/ { in_test = 0 }
		in_test && /^\t+(\(\(.*\)\)|\[\[ .* \]\]) && / && !/ \|\| / { left = FILENAME ":" FNR ": " $0 }
		END { exit !bad }' tests/*.bats tests/interop/*.bats
}

# A test that waits by the clock depends on the machine: `heard`, `eventually` and `read` without -t wait as long as the test may.
@test "no test has a time of its own to wait" {
	cd "$SRCDIR"
	refute grep -nE '\bread (-[a-z]+ )*-t [0-9]|\btimeout (-k [0-9]+ )?[0-9]+ (grep|"\$POSTERN")|\btail [^|]*-F ' tests/*.bats tests/[!b]*.bash
}

# A test that skips for want of a program never runs on a fresh machine, unless bootstrap installs that program.
@test "bootstrap installs what tests would skip without" {
	local tool list tools
	tools=$(sed -nE -e 's/^[[:space:]]*needs? ([a-z][a-z-]*)$/\1/p' \
	    -e 's/.*command -v ([a-z][a-z-]*) > .dev.null \|\| .*/\1/p' "$SRCDIR"/tests/*.{bats,bash} "$SRCDIR"/tests/interop/*.bash | sort -u)
	[[ $tools == *curl*mandoc*zsh* ]]
	list=$(sed -n '/apt:check/,/;;/p' "$SRCDIR/bootstrap")
	for tool in $tools; do
		case $tool in
		gnutls-cli) tool=gnutls-bin ;;
		setpriv | unshare | perl) continue ;; # util-linux is everywhere, and perl comes with autoconf
		gpg) tool=gnupg ;;
		node) tool=nodejs ;;
		script) tool=bsdutils ;;
		setcap) tool=libcap2-bin ;;
		systemd-analyze) tool=systemd ;;
		esac
		[[ " $list " == *" $tool "* ]] || complain "bootstrap does not install $tool"
	done
}

@test "includes go downwards only, in the order of src/LAYERS" {
	cd "$SRCDIR/src"
	run_bounded awk -f ../tests/layers.awk LAYERS $(find . -name '*.[ch]')
	((status == 0)) || complain "tests/layers.awk"
}

@test "a function's name leads to its header" {
	cd "$SRCDIR/src"
	run_bounded awk -f ../tests/names.awk ./*/*.h ./*/*.h
	((status == 0)) || complain "tests/names.awk"
}

@test "every process begins in base/child, which lets it inherit no descriptor" {
	[[ $(grep -rlE '\b(fork|vfork|clone|posix_spawnp?|popen|system)\(' "$SRCDIR/src" --include='*.c') == "$SRCDIR/src/base/child.c" ]]
}

@test "every file under src is built and listed" {
	cd "$SRCDIR"
	same "sources in Makefile.am" "$(find src -name '*.[ch]')" "$(grep -oE '\bsrc/[a-z0-9/]+\.[ch]\b' Makefile.am)"
	same "modules in LAYERS" "$(find src -name '*.[ch]' | sed 's|^src/||; s|\.[ch]$||')" "$(grep -v '^#' src/LAYERS)"
	diff <(grep -oE '\bsrc/[a-z0-9/]+\.[ch]\b' Makefile.am | sed 's|^src/||; s|\.[ch]$||' | uniq) <(grep -v '^#' src/LAYERS) >&2 \
	    || complain "the order of Makefile.am's sources is not that of src/LAYERS"
}

# A .bats file that Makefile.am does not name is never run, and nobody notices.
@test "every test file is run by make check, is in the archive, and is short enough to be read" {
	local long
	cd "$SRCDIR"
	same "tests in Makefile.am" "$(printf '%s\n' tests/*.bats tests/interop/*.bats)" \
	    "$(sed -nE 's|^\t(tests/.*\.bats)( \\)?$|\1|p' Makefile.am)"
	same "what tests load, in Makefile.am" "$(printf '%s\n' tests/*.bash)" "$(grep -oE '\btests/[a-z0-9-]+\.bash\b' Makefile.am)"
	long=$(wc -l tests/*.bats tests/interop/*.bats | awk '$1 > 600 && $2 != "total"')
	[[ -z $long ]] || complain "over 600 lines: $long"
}
