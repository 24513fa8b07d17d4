# bash completion for postern-oauth2(1).  The program that is being completed says what there is: its help, and its list of
# logins.  No function of the bash-completion package is needed.
# shellcheck shell=bash

# The rows of the help, as "command<TAB>NAME" and "command<TAB>--option<TAB>form of the value".
_postern_oauth2_rows()
{
	command -- "$1" help < /dev/null 2> /dev/null | awk '
		/^  [a-z]/ { command = $1; print command "\t" ($2 == "NAME" ? $2 : "") }
		/^      --/ { print command "\t" $1 "\t" (/^ *[^ ]+ [A-Z]/ ? $2 : "") }'
}

_postern_oauth2_providers()
{
	command -- "$1" help < /dev/null 2> /dev/null | sed -n 's/, */\n/g; s/^Providers: //p'
}

_postern_oauth2_logins()
{
	command -- "$1" list < /dev/null 2> /dev/null | awk '{ print $1 }'
}

# Puts the words of standard input that begin with $1 into COMPREPLY.  Unlike `compgen -W` it expands nothing in them.
_postern_oauth2_match()
{
	local word
	while IFS= read -r word; do
		[[ -z $word || $word != "$1"* ]] || COMPREPLY+=("$word")
	done
}

# A value of the form $1.
_postern_oauth2_value()
{
	case $1 in
	P) _postern_oauth2_match "$2" < <(_postern_oauth2_providers "$3") ;;
	F)
		_postern_oauth2_match '' < <(compgen -f -- "$2")
		compopt -o filenames 2> /dev/null ;;
	esac
}

_postern_oauth2()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]/#~\//"$HOME/"}
	local row word command='' name='' form=''
	local -a rows columns commands options

	# readline breaks words at `=`: --option=word comes as three
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	mapfile -t rows < <(_postern_oauth2_rows "$program")
	for row in "${rows[@]}"; do
		[[ $row == *$'\t'--* ]] || commands+=("${row%%$'\t'*}")
	done
	for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
		[[ -n $command || " ${commands[*]} " != *" $word "* ]] || command=$word
	done
	for row in "${rows[@]}"; do
		IFS=$'\t' read -ra columns <<< "$row"
		[[ ${columns[0]} == "$command" ]] || continue
		case ${columns[1]-} in
		--*)
			options+=("${columns[1]}")
			[[ ${columns[1]} != "$prev" ]] || form=${columns[2]-} ;;
		NAME) name=1 ;;
		esac
	done
	if [[ -n $form ]]; then
		_postern_oauth2_value "$form" "$cur" "$program"
	elif [[ -z $command ]]; then
		_postern_oauth2_match "$cur" < <(printf '%s\n' "${commands[@]}")
	elif [[ $cur == -* ]]; then
		_postern_oauth2_match "$cur" < <(printf '%s\n' "${options[@]}")
	elif [[ -n $name ]]; then
		_postern_oauth2_match "$cur" < <(_postern_oauth2_logins "$program")
	fi
	return 0
}

complete -F _postern_oauth2 postern-oauth2
