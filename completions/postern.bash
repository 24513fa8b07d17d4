# bash completion for postern(1).  The program that is being completed says what there is: --list-options and
# --list-keys.  keys.c says how the forms of values are read.  No function of the bash-completion package is needed.
# shellcheck shell=bash

# What there is to offer, as "spelling<TAB>form of the value".  What is only accepted and ignored is left out, and so is
# what must not be on a command line.  The standard input is the terminal's: the program must not read it.
_postern_rows()
{
	local line form
	command -- "$1" --list-options < /dev/null 2> /dev/null | while IFS= read -r line; do
		form=${line#*$'\t'}
		[[ $line == *$'\t'"accepted, ignored: "* || $line == *$'\t'"not available" ]] \
			|| printf '%s\t%s\n' "${line%%$'\t'*}" "${form%%$'\t'*}"
	done
	command -- "$1" --list-keys < /dev/null 2> /dev/null | while IFS= read -r line; do
		form=${line#*$'\t'} line=${line%%$'\t'*}
		# with less than four columns it is an old name, or a feature that is missing
		[[ $form != *$'\t'*$'\t'* || $form == secret$'\t'* ]] || printf -- '--%s\t%s\n' "${line//_/-}" "${form%%$'\t'*}"
	done
}

# Quoted, because readline puts them into the line as they are.
_postern_accounts()
{
	local name
	sed -n 's/^[[:blank:]]*account[[:blank:]]\{1,\}\([^[:blank:]:]\{1,\}\).*/\1/p' \
		"${XDG_CONFIG_HOME:-$HOME/.config}/postern/config" /etc/postern.conf 2> /dev/null \
		| while IFS= read -r name; do printf '%q\n' "$name"; done
}

# The words that a value of the form $1 can begin with, as in off|never|success,failure  off|TIME,return  smtps://HOST.
# With $2 only those that can stand after a comma.
_postern_words()
{
	local alternative
	local -a alternatives items
	[[ $1 == *"|"* ]] || return 0
	IFS='|' read -ra alternatives <<< "$1"
	for alternative in "${alternatives[@]}"; do
		[[ $alternative != path && ( -z ${2-} || $alternative == *,* || $1 == *,... ) ]] || continue
		alternative=${alternative%,...}
		IFS=, read -ra items <<< "${alternative%%[[:upper:]]*}"
		printf '%s\n' "${items[@]}"
	done
}

# Puts the words of standard input that begin with $1 into COMPREPLY, with $2 before them.  Unlike `compgen -W` it
# expands nothing in them.
_postern_match()
{
	local word
	while IFS= read -r word; do
		[[ -z $word || $word != "$1"* ]] || COMPREPLY+=("$2$word")
	done
}

_postern_value()
{
	local form=$1 cur=$2 before=''
	if [[ $form =~ "|".*[a-z0-9],[a-z.] && $cur == *,* ]]; then
		before=${cur%,*}, cur=${cur##*,}
	fi
	_postern_match "$cur" "$before" < <(_postern_words "$form" "$before")
	case "|$form|" in
	"|ACCOUNT|") _postern_match "$cur" '' < <(_postern_accounts) ;;
	"|FILE|" | *"|path|"*)
		_postern_match '' '' < <(compgen -f -- "$cur")
		compopt -o filenames 2> /dev/null ;;
	esac
	[[ ${COMPREPLY[0]-} != *:// ]] || compopt -o nospace 2> /dev/null
}

_postern()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]/#~\//"$HOME/"}
	local option='' spelling form value_form='' row
	local -a rows offers

	# readline breaks words at `=`: --key=word comes as three
	if [[ $cur == = ]]; then
		option=$prev= cur=''
	elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then
		option=${COMP_WORDS[COMP_CWORD - 2]}=
	elif [[ $prev == -* ]]; then
		option=$prev
	fi
	COMPREPLY=()
	mapfile -t rows < <(_postern_rows "$program")
	for row in "${rows[@]}"; do
		spelling=${row%%$'\t'*} form=${row#*$'\t'}
		# a key that can be `on` needs no value: the next word is none of it
		if [[ -z $value_form && ($option == "$spelling=" || $option == "$spelling" && "|$form|" != *"|on|"*) ]]; then
			value_form=$form
		fi
		[[ $spelling != --* || -z $form || $form == "["* ]] || spelling+='='
		offers+=("$spelling")
	done
	if [[ -n $value_form && $value_form != "["* ]]; then
		_postern_value "$value_form" "$cur"
	elif [[ $cur == -* ]]; then
		_postern_match "$cur" '' < <(printf '%s\n' "${offers[@]}")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null
	fi
	return 0
}

complete -F _postern postern
