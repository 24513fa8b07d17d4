# fish completion for postern(1).  The program that is being completed says what there is: --list-options and
# --list-keys.  keys.c says how the forms of values are read.

# What there is to offer, as "spelling<TAB>form of the value<TAB>summary".  What is only accepted and ignored is left
# out, and so is what must not be on a command line.
function __postern_rows
	# env, because fish complains of a program that cannot be run wherever stderr goes
	for line in (env -- "$argv[1]" --list-options </dev/null 2>/dev/null)
		string match -qr '\t(accepted, ignored: .*|not available)$' -- $line; or printf '%s\n' $line
	end
	for line in (env -- "$argv[1]" --list-keys </dev/null 2>/dev/null)
		set -l columns (string split \t -- $line)
		# with less than four columns it is an old name, or a feature that is missing
		test (count $columns) -eq 4 -a "$columns[2]" != secret
		and printf '%s\t%s\t%s\n' --(string replace -a _ - -- $columns[1]) $columns[2] $columns[4]
	end
end

function __postern_accounts
	set -l config $HOME/.config
	set -q XDG_CONFIG_HOME; and set config $XDG_CONFIG_HOME
	sed -n 's/^[[:blank:]]*account[[:blank:]]\{1,\}\([^[:blank:]:]\{1,\}\).*/\1/p' $config/postern/config /etc/postern.conf 2>/dev/null
end

# What a value of the form $argv[1] can be; $argv[2] is what is typed of it.
function __postern_values
	set -l alternatives (string split '|' -- $argv[1])
	set -l before ''
	# after a comma of a list comes its next item
	string match -qr '\|.*[a-z0-9],[a-z.]' -- $argv[1]; and set before (string match -r '.*,|$' -- $argv[2])
	if test (count $alternatives) -gt 1
		test -n "$before"; and not string match -q '*,...' -- $argv[1]; and set alternatives (string match '*,*' -- $alternatives)
		for word in (string match -v path -- $alternatives | string replace -r '(,\.\.\.|[A-Z].*)$' '' | string split -n ,)
			printf '%s\n' $before$word
		end
	end
	switch "|$argv[1]|"
	case '|ACCOUNT|'
		__postern_accounts
	case '|HOST|' '|HOST,...|' '|NODE|'
		__fish_print_hostnames
	case '|FILE|' '*|path|*'
		__fish_complete_path $argv[2]
	end
end

function __postern_offers
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
	set -l option (string match -r '^--[^=]+=' -- $current)
	set -l last ''
	test (count $words) -gt 1; and set last $words[-1]
	set -l options
	for row in (__postern_rows $program)
		set -l columns (string split \t -- $row)
		set -l form $columns[2]
		# an optional value, in brackets, has no next word and no `=` that is wanted
		string match -q '[[]*' -- $form; and set form ''
		if test -n "$form"; and test "x$option" = "x$columns[1]="
			string replace -r '^' -- $option (__postern_values $form (string replace -- $option '' $current))
			return
		end
		# a key that can be `on` needs no value: the next word is none of it
		if test -n "$form"; and test "x$last" = "x$columns[1]"; and not string match -q '*|on|*' -- "|$form|"
			__postern_values $form $current
			return
		end
		string match -q -- '--*' $columns[1]; and test -n "$form"; and set columns[1] $columns[1]=
		set -a options $columns[1]\t$columns[3]
	end
	string match -q -- '-*' $current; and printf '%s\n' $options
end

complete -c postern -f -a '(__postern_offers)'
