# docs.bash - reads the program's tables, its help and its manual pages: `load docs` after `load helper`
# shellcheck shell=bash disable=SC2034,SC2154	# set or used in helper.bash, and in the files that load this one
# shellcheck disable=SC2016	# text for another shell

man1() { cat "$SRCDIR/man/postern.1"; }
man5() { cat "$SRCDIR/man/postern.conf.5"; }

# same WHAT WANT GOT: two lists of lines, order aside.
same() {
	local difference
	difference=$(diff <(sort -u <<< "$2") <(sort -u <<< "$3")) \
	    || { printf '%s: < is missing, > is too much\n%s\n' "$1" "$difference" >&2; return 1; }
	[[ -n $2 ]] || { echo "$1: nothing was compared" >&2; return 1; }
}

# table OPTION: --list-keys or --list-options.
table() {
	run_bounded "$POSTERN" "$1" && ((status == 0)) || return 1
	printf '%s\n' "$stdout"
}

# section NAME [SUBSECTION]: its lines in the mdoc source on stdin.
section() {
	awk -v want="$1" -v sub_want="${2:-}" '
		/^\.Sh / { in_section = substr($0, 5) == want; in_sub = sub_want == "" }
		/^\.Ss / && sub_want != "" { in_sub = substr($0, 5) == sub_want }
		in_section && in_sub'
}

# What stands behind each macro $1 in the items of a list, a line each.
items() {
	awk -v macro="$1" '/^\.It / { for (i = 2; i < NF; i++) if ($i == macro || $i == "." macro) print $(i + 1) }'
}

options_of() { items Fl | sed 's/^/-/' | grep -vx -e '--key'; }

# mdoc's escapes undone.
plain() { sed -e 's/\\-/-/g' -e 's/\\(ti/~/g' -e 's/\\(dq/"/g' -e 's/\\&//g' -e 's/\\e/\\/g'; }

groups_of_help() { table --help | sed -n 's/^\([A-Z][a-z ]*\):$/\1/p'; }
keys() { table --list-keys | awk -F '\t' 'NF == 4 { print $1 }'; }
key_options() { keys | tr _ - | sed 's/^/--/' | grep -vx -e --password -e --from; }
useful_options() { table --list-options | awk -F '\t' '$3 !~ /^(accepted, ignored|not available)/ { print $1 }'; }
needs() { command -v "$1" > /dev/null || skip "no $1 here"; }

# Sets $oauth2 and $help.
oauth2_help() {
	oauth2=$BUILDDIR/postern-oauth2
	[[ -x $oauth2 ]] || skip "postern-oauth2 was not built"
	run_bounded "$oauth2" help && ((status == 0)) || return 1
	help=$stdout
}

# The rows of its help: "COMMAND<TAB><TAB>NAME" and "COMMAND<TAB>--OPTION<TAB>FORM"; its table has no other list.
oauth2_rows() {
	awk '
		/^  [a-z]/ { command = $1; print command "\t\t" ($2 == "NAME" ? $2 : "") }
		/^      --/ { print command "\t" $1 "\t" (/^ *[^ ]+ [A-Z]/ ? $2 : "") }' <<< "$help"
}

oauth2_providers() { sed -n 's/^Providers: //p' <<< "$help" | tr -d ' ' | tr ',' '\n'; }

of=postern	# whose completion it is

# complete_bash WORD...: what bash offers for the last one.
complete_bash() {
	run_bounded bash --norc -c '
		. "$0" || exit
		COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
		"$1"
		printf "%s\n" "${COMPREPLY[@]}"' "$SRCDIR/completions/$of.bash" "_${of//-/_}" "${program-$POSTERN}" "$@"
	[[ $status == 0 && -z $stderr ]] || complain "bash completion of: $*" || return 1
	printf '%s\n' "$stdout"
}
