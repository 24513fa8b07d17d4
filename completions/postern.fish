# fish completion for postern(1).  What is only accepted and ignored is not offered; tests/docs.bats compares
# the rest with --list-options and --list-keys.

function __postern_accounts
	set -l config $HOME/.config
	set -q XDG_CONFIG_HOME; and set config $XDG_CONFIG_HOME
	sed -n 's/^[[:blank:]]*account[[:blank:]]\{1,\}\([^[:blank:]:]\{1,\}\).*/\1/p' $config/postern/config /etc/postern.conf 2>/dev/null
end

set -l switch 'on off'
set -l facilities 'off on mail user daemon cron local0 local1 local2 local3 local4 local5 local6 local7'
set -l mechanisms 'auto off SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL PLAIN LOGIN CRAM-MD5 OAUTHBEARER XOAUTH2'

complete -c postern -f
complete -c postern -s C -l file -r -F -d 'use this configuration file alone'
complete -c postern -s F -x -d 'full name, for a From field that is added'
complete -c postern -s N -x -a 'never success failure delay success,failure,delay' -d 'when to be told'
complete -c postern -s P -l pretend -d 'show the account\'s settings, without secrets'
complete -c postern -s R -x -a 'full hdrs' -d 'what comes back with a notice'
complete -c postern -s V -x -d 'envelope identifier, for notices'
complete -c postern -s X -r -F -d 'write a line to this log file'
complete -c postern -s a -l account -x -a '(__postern_accounts)' -d 'use this account of the configuration'
complete -c postern -s b -x -a 'm s' -d 'mode: m sends a message, s speaks SMTP on standard input'
complete -c postern -s d -l debug -d 'like -v'
complete -c postern -s f -l from -x -d 'envelope sender; <> is the null sender'
complete -c postern -s i -d 'a line with a lone dot does not end the message'
complete -c postern -s o -x -a 'i v' -d 'sendmail\'s settings: -oi, -ov'
complete -c postern -s r -x -d 'the same as -f'
complete -c postern -s t -l read-recipients -d 'take recipients from To, Cc and Bcc, too'
complete -c postern -s v -l verbose -d 'show the session, secrets masked'
complete -c postern -l read-envelope-from -d 'take the sender from the From field'
complete -c postern -l dump-config -d 'show the account\'s settings, without secrets'
complete -c postern -l list-keys -d 'list the configuration keys'
complete -c postern -l list-options -d 'list the options'
complete -c postern -l version -d 'show the version'
complete -c postern -l help -d 'show the options'

complete -c postern -l url -x -a 'smtps:// smtp:// lmtp://' -d 'server and user in one'
complete -c postern -l host -x -a '(__fish_print_hostnames)' -d 'the smarthost'
complete -c postern -l port -x -d 'its port'
complete -c postern -l socket -r -F -d 'a unix socket instead of host and port'
complete -c postern -l protocol -x -a 'smtp lmtp' -d 'what the server speaks'
complete -c postern -l source-ip -x -d 'the local address to connect from'
complete -c postern -l ip-version -x -a 'any 4 6' -d 'use IPv4 or IPv6 only'
complete -c postern -l domain -x -d 'the name to greet the server with'
complete -c postern -l connect-timeout -x -d 'the longest time to connect'
complete -c postern -l timeout -x -d 'the longest wait for any answer'
complete -c postern -l total-timeout -x -d 'the longest time for everything'

complete -c postern -l tls -a $switch -d 'encrypt the session, or do not send'
complete -c postern -l tls-starttls -a $switch -d 'begin TLS by STARTTLS; off: with the connection'
complete -c postern -l tls-trust-file -r -F -a system -d 'the CA certificates to trust'
complete -c postern -l tls-crl-file -r -F -d 'certificate revocation lists'
complete -c postern -l tls-fingerprint -x -d 'accept exactly these certificates'
complete -c postern -l tls-certcheck -a $switch -d 'verify the server\'s certificate'
complete -c postern -l tls-cert-file -r -F -d 'our certificate'
complete -c postern -l tls-key-file -r -F -d 'its private key'
complete -c postern -l tls-priorities -x -d 'versions and ciphers'
complete -c postern -l tls-host-override -x -d 'the name that the certificate must have'

complete -c postern -l auth -a $mechanisms -d 'how to log in'
complete -c postern -l auth-cleartext -a $switch -d 'allow secrets without TLS'
complete -c postern -l user -x -d 'the name to log in with'
complete -c postern -l authzid -x -d 'act as this other user'
complete -c postern -l password-command -x -d 'a program that prints the password'
complete -c postern -l passwordeval -x -d 'a shell command that prints the password'
complete -c postern -l password-file -r -F -d 'a file with the password'
complete -c postern -l netrc-file -r -F -d 'where to look for host and user'

complete -c postern -l from-full-name -x -d 'the name in a From field that is added'
complete -c postern -l allow-from-override -a $switch -d 'let -f replace from'
complete -c postern -l require-all-recipients -a $switch -d 'all recipients or none'
complete -c postern -l dsn-notify -x -a 'off never success failure delay success,failure,delay' -d 'when to be told'
complete -c postern -l dsn-return -x -a 'off full hdrs' -d 'what comes back with a notice'
complete -c postern -l dsn-require -a $switch -d 'send only where there are notices'

complete -c postern -l set-from-header -a 'auto on off' -d 'add or replace From'
complete -c postern -l set-date-header -a 'auto off' -d 'add a missing Date'
complete -c postern -l set-msgid-header -a 'auto off' -d 'add a missing Message-ID'
complete -c postern -l set-to-header -a 'off on undisclosed_recipients' -d 'without To, Cc and Bcc'
complete -c postern -l remove-bcc-headers -a $switch -d 'take Bcc fields out'
complete -c postern -l qualify-domain -x -d 'the domain of addresses without one'
complete -c postern -l always-bcc -x -d 'further recipients'

complete -c postern -l logfile -r -F -d 'a line for each message'
complete -c postern -l logfile-time-format -x -d 'the time in it'
complete -c postern -l log-format -x -a 'text json' -d 'how it is written'
complete -c postern -l syslog -a $facilities -d 'the same line to syslog'
