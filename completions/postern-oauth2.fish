# fish completion for postern-oauth2(1).  The program that is being completed says what there is: its help, and its list of logins.

# The rows of the help, as "command<TAB>NAME<TAB>summary" and "command<TAB>--option<TAB>form of the value<TAB>summary".
function __postern_oauth2_rows
	set -l command ''
	# env, because fish complains of a program that cannot be run wherever stderr goes
	for line in (env -- "$argv[1]" help </dev/null 2>/dev/null)
		if set -l row (string match -r '^  ([a-z]+) (NAME)? *([^ ].*)$' -- $line)
			set command $row[2]
			string replace -r '^  ([a-z]+) (NAME)? *([^ ].*)$' '$1\t$2\t$3' -- $line
		else if string match -qr '^      --' -- $line
			string replace -r '^      (--[a-z0-9-]+)(?: ([A-Z][A-Z0-9]*))? +(.*)$' "$command"'\t$1\t$2\t$3' -- $line
		end
	end
end

# A value of the form $argv[1]; $argv[2] is what is typed of it.
function __postern_oauth2_value
	switch $argv[1]
	case P
		env -- "$argv[3]" help </dev/null 2>/dev/null | string replace -rf '^Providers: ' '' | string split ', '
	case F
		__fish_complete_path $argv[2]
	end
end

function __postern_oauth2_offers
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
	set -l option (string match -r '^--[^=]+=' -- $current)
	set -l last $words[-1]
	set -l rows (__postern_oauth2_rows $program)
	set -l offers
	set -l command ''
	for word in $words[2..]
		test -z "$command"; and string match -q -- $word\t\* (string match -rv '\t--' -- $rows); and set command $word
	end
	for row in $rows
		set -l columns (string split \t -- $row)
		if not string match -q -- '--*' $columns[2]
			if test -z "$command"
				set -a offers $columns[1]\t$columns[3]
			else if test "$columns[1]" = "$command" -a "$columns[2]" = NAME; and not string match -q -- '-*' $current
				set offers (env -- "$program" list </dev/null 2>/dev/null | string replace -r ' .*' '')
			end
		else if test "$columns[1]" = "$command"
			if test -n "$columns[3]"; and test "x$option" = "x$columns[2]="
				string replace -r '^' -- $option (__postern_oauth2_value $columns[3] (string replace -- $option '' $current) $program)
				return
			end
			if test -n "$columns[3]"; and test "x$last" = "x$columns[2]"
				__postern_oauth2_value $columns[3] $current $program
				return
			end
			string match -q -- '-*' $current; and set -a offers $columns[2]\t$columns[4]
		end
	end
	test -z "$offers"; or printf '%s\n' $offers
end

complete -c postern-oauth2 -f -a '(__postern_oauth2_offers)'
