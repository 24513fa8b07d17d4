# bash completion for postern(1).  What is only accepted and ignored is not offered; tests/docs.bats compares
# the rest with --list-options and --list-keys.  No function of the bash-completion package is needed.
# shellcheck shell=bash

_postern_letters='-C -F -I -N -O -P -R -V -X -a -b -d -f -i -o -q -r -t -v'
_postern_options='--account= --debug --dump-config --etrn= --file= --from= --help --list-keys --list-options --pretend
--read-envelope-from --read-recipients --rmqs= --verbose --version'
_postern_keys='--aliases= --allow-from-override= --always-bcc= --auth= --auth-cleartext= --authzid= --connect-timeout=
--deliver-by= --domain= --dsn-notify= --dsn-require= --dsn-return= --from-full-name= --hold-for= --hold-until= --host= --ip-version= --local-recipients=
--log-format= --logfile= --logfile-time-format= --netrc-file= --password-command= --password-file= --passwordeval= --port=
--priority= --protocol= --qualify-domain= --remove-bcc-headers= --require-all-recipients= --require-tls= --sender-map=
--set-date-header= --set-from-header= --set-msgid-header= --set-to-header= --smtputf8= --socket= --source-ip=
--syslog= --timeout= --tls=
--tls-cert-file= --tls-certcheck= --tls-crl-file= --tls-fingerprint= --tls-host-override= --tls-key-file=
--tls-priorities= --tls-starttls= --tls-trust-file= --total-timeout= --url= --user='

_postern_accounts()
{
	sed -n 's/^[[:blank:]]*account[[:blank:]]\{1,\}\([^[:blank:]:]\{1,\}\).*/\1/p' \
		"${XDG_CONFIG_HOME:-$HOME/.config}/postern/config" /etc/postern.conf 2>/dev/null
	return 0	# one of them is not there
}

# The words that may stand after the option $1; fails where any text may.
_postern_values()
{
	case $1 in
	-a|--account) _postern_accounts ;;
	-N) echo 'never success failure delay success,failure,delay' ;;
	--dsn-notify) echo 'off never success failure delay success,failure,delay' ;;
	-R) echo 'full hdrs' ;;
	--dsn-return) echo 'off full hdrs' ;;
	-b) echo 'i m p s v' ;;
	-o) echo 'i v' ;;
	-O) echo 'requiretls=yes requiretls=no smtputf8=yes smtputf8=no' ;;
	--allow-from-override|--auth-cleartext|--dsn-require|--remove-bcc-headers|--require-all-recipients|--require-tls) echo 'on off' ;;
	--tls|--tls-certcheck|--tls-starttls) echo 'on off' ;;
	--set-date-header|--set-msgid-header) echo 'auto off' ;;
	--set-from-header) echo 'auto on off' ;;
	--set-to-header) echo 'off on undisclosed_recipients' ;;
	--auth) echo 'auto off SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL PLAIN LOGIN
		CRAM-MD5 OAUTHBEARER XOAUTH2' ;;
	--priority) echo off {-9..9} ;;
	--deliver-by) echo 'off 1h,return 1h,notify 1d,return 1d,notify' ;;
	--smtputf8) echo 'auto on off' ;;
	--ip-version) echo 'any 4 6' ;;
	--log-format) echo 'text json' ;;
	--protocol) echo 'smtp lmtp' ;;
	--syslog) echo 'off on mail user daemon cron local0 local1 local2 local3 local4 local5 local6 local7' ;;
	--tls-trust-file) echo system ;;
	--url) echo 'smtps:// smtp:// lmtp://' ;;
	*) return 1 ;;
	esac
}

# Is the value of the option $1 a file's name?
_postern_wants_file()
{
	[[ $1 == -C || $1 == -X || $1 == --aliases || $1 == --file || $1 == --logfile || $1 == --socket || $1 == --*-file ]]
}

# These mean `on` without a value, so that a next word is no value of theirs.
_postern_is_bare()
{
	case $1 in
	--allow-from-override|--auth|--auth-cleartext|--dsn-require|--remove-bcc-headers) ;;
	--require-all-recipients|--require-tls|--set-date-header|--set-from-header|--set-msgid-header|--set-to-header) ;;
	--smtputf8|--syslog|--tls|--tls-certcheck|--tls-starttls) ;;
	*) return 1 ;;
	esac
}

_postern()
{
	local cur=${COMP_WORDS[COMP_CWORD]} option='' words=''
	local prev=${COMP_WORDS[COMP_CWORD - 1]}

	# readline breaks words at `=`: --tls=on comes as three
	if [[ $cur == = ]]; then
		option=$prev cur=''
	elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $prev == -* ]] && ! _postern_is_bare "$prev"; then
		option=$prev
	fi
	COMPREPLY=()
	words=$(_postern_values "$option") && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	if _postern_wants_file "$option"; then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
	fi
	if [[ -z $words && $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$_postern_letters $_postern_options $_postern_keys" -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
	fi
	return 0
}

complete -F _postern postern
