#include "config/keys.h"

#include "config/parse.h"

#define AT(field) offsetof(struct account, field)
#define ON_OFF    .kind = KIND_FLAG, .words = on_off, .bare = true /* no value means `on` */
#define AUTO_OFF  .kind = KIND_FLAG, .words = add_missing, .bare = true, .form = "auto|on|off"

static const struct word on_off[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
static const struct word protocols[] = { { "smtp", 0 }, { "lmtp", 1 }, { NULL, 0 } };
static const struct word ip_versions[] = { { "any", IP_ANY }, { "4", IP_4 }, { "6", IP_6 }, { NULL, 0 } };
static const struct word add_missing[] = { { "auto", 1 }, { "off", 0 }, { "on", 1 }, { NULL, 0 } };
static const struct word utf8_words[] = {
	{ "auto", UTF8_AUTO }, { "on", UTF8_ON }, { "off", UTF8_OFF }, { NULL, 0 },
};
static const struct word onward_tls[] = {
	{ "on", ONWARD_TLS_REQUIRED }, { "off", ONWARD_TLS_UNSAID }, { "waive", ONWARD_TLS_WAIVED }, { NULL, 0 },
};
/* RFC 3461 4.3, and msmtp's name for the second */
static const struct word return_words[] = {
	{ "off", RETURN_UNSAID }, { "full", RETURN_FULL }, { "hdrs", RETURN_HDRS }, { "headers", RETURN_HDRS }, { NULL, 0 },
};
static const struct word queue_words[] = {
	{ "off", QUEUE_OFF }, { "on", QUEUE_ON }, { "always", QUEUE_ALWAYS }, { NULL, 0 },
};
static const struct word log_formats[] = { { "text", LOG_TEXT }, { "json", LOG_JSON }, { NULL, 0 } };
static const struct word set_from_words[] = {
	{ "auto", SET_FROM_AUTO }, { "on", SET_FROM_ON }, { "off", SET_FROM_OFF }, { NULL, 0 },
};
static const struct word set_to_words[] = {
	{ "off", SET_TO_OFF }, { "on", SET_TO_ON }, { "undisclosed_recipients", SET_TO_UNDISCLOSED },
	{ "undisclosed-recipients", SET_TO_UNDISCLOSED }, { NULL, 0 },
};

/* The completions read the forms in --list-keys.  Between bars stand words that can be typed as they are; a word ends
 * where capitals begin, which stand for something else; `path` stands for a file.  A key whose words have `on` may
 * stand without a value (.bare).  tests/docs.bats holds these rules.
 *
 * By group, in the order in which a dump shows them.  `url` comes first, so that in the environment
 * the keys that it stands for can refine it. */
static const struct key keys[] = {
	/* server */
	{ .name = "url", .kind = KIND_URL, .form = "smtps://USER@HOST:PORT|smtp://USER@HOST:PORT|lmtp://USER@HOST:PORT",
	  .summary = "server and user in one: smtps:// (TLS from the start), smtp:// (STARTTLS), lmtp://" },
	{ .name = "host", .kind = KIND_LIST, .at = AT(net.hosts), .parse = parse_hosts, .form = "HOST,...",
	  .summary = "the smarthost; several are tried in order" },
	{ .name = "port", .kind = KIND_PORT, .at = AT(net.port),
	  .summary = "the port; unset: 587, with tls_starttls off 465, with tls off 25, for LMTP none" },
	{ .name = "socket", .kind = KIND_PATH, .at = AT(net.socket),
	  .summary = "connect to this unix socket and not to host and port" },
	{ .name = "protocol", .kind = KIND_FLAG, .at = AT(smtp.lmtp), .standard = "smtp", .words = protocols,
	  .summary = "the protocol of the server" },
	{ .name = "source_ip", .kind = KIND_TEXT, .at = AT(net.source_ip), .parse = parse_ip, .form = "IP",
	  .summary = "the local address to connect from" },
	{ .name = "ip_version", .kind = KIND_WORD, .at = AT(net.ip_version), .standard = "any", .words = ip_versions,
	  .summary = "which addresses of the server are used: all, IPv4 only, or IPv6 only" },
	{ .name = "domain", .kind = KIND_TEXT, .at = AT(smtp.domain), .parse = parse_ehlo_domain, .form = "DOMAIN",
	  .summary = "the name in EHLO; unset: the name of this machine, or else its address" },
	{ .name = "connect_timeout", .kind = KIND_SECONDS, .at = AT(net.connect_timeout), .standard = "30", .min = 1,
	  .summary = "the longest time to connect, over all addresses of all hosts" },
	{ .name = "timeout", .kind = KIND_SECONDS, .at = AT(smtp.timeout), .standard = "off",
	  .summary = "the longest time to wait for an answer; off: the times of RFC 5321" },
	{ .name = "total_timeout", .kind = KIND_SECONDS, .at = AT(smtp.total_timeout), .standard = "30m",
	  .summary = "the longest time for everything from the first connection on" },

	/* tls */
	{ .name = "tls", ON_OFF, .at = AT(tls.on), .standard = "on",
	  .summary = "encrypt the session, or send nothing; off is insecure" },
	{ .name = "tls_starttls", ON_OFF, .at = AT(tls.starttls), .standard = "on",
	  .summary = "begin TLS with STARTTLS; off: begin it with the connection (port 465)" },
	{ .name = "tls_trust_file", .kind = KIND_PATH, .at = AT(tls.trust_file), .parse = parse_trust_file, .form = "system|path",
	  .summary = "the authorities to trust, PEM; unset or `system`: those of the system" },
	{ .name = "tls_crl_file", .kind = KIND_PATH, .at = AT(tls.crl_file),
	  .summary = "revocation lists, PEM; a list that is out of date is an error" },
	{ .name = "tls_fingerprint", .kind = KIND_LIST, .at = AT(tls.fingerprints), .parse = parse_pins,
	  .form = "SHA-256|pin-sha256:BASE64,...",
	  .summary = "accept only certificates with these fingerprints, from any authority" },
	{ .name = "tls_certcheck", ON_OFF, .at = AT(tls.certcheck), .standard = "on",
	  .summary = "verify the server's certificate; off is insecure, and each run warns" },
	{ .name = "tls_cert_file", .kind = KIND_PATH, .at = AT(tls.cert_file),
	  .summary = "the client's certificate, PEM, for servers that ask for one" },
	{ .name = "tls_key_file", .kind = KIND_PATH, .at = AT(tls.key_file),
	  .summary = "the private key of tls_cert_file, PEM" },
	{ .name = "tls_priorities", .kind = KIND_TEXT, .at = AT(tls.priorities), .form = "GnuTLS priorities",
	  .summary = "TLS versions and ciphers; unset: TLS 1.2 and newer with secure ciphers" },
	{ .name = "tls_host_override", .kind = KIND_TEXT, .at = AT(tls.host_override), .parse = parse_host, .form = "HOST",
	  .summary = "the name that the certificate must be valid for, in place of the host's" },

	/* auth */
	{ .name = "auth", .kind = KIND_LIST, .at = AT(auth.auth), .standard = "auto", .parse = parse_auth, .bare = true,
	  .unset = "off",
	  .form = "auto|on|off|scram-sha-256-plus|scram-sha-1-plus|scram-sha-256|scram-sha-1|external|plain|login"
		  "|cram-md5|oauthbearer|xoauth2,...",
	  .summary = "how to log in; auto: the strongest mechanism that the server offers" },
	{ .name = "auth_cleartext", ON_OFF, .at = AT(auth.cleartext), .standard = "off",
	  .summary = "send the password without TLS; on is insecure, and each run warns" },
	{ .name = "user", .kind = KIND_TEXT, .at = AT(auth.user),
	  .summary = "the name to log in with" },
	{ .name = "authzid", .kind = KIND_TEXT, .at = AT(auth.authzid),
	  .summary = "act as this other user after the login" },
	{ .name = "oauth2", .kind = KIND_TEXT, .at = AT(secret.oauth2), .source = true, .parse = parse_login, .form = "NAME",
	  .summary = "log in with the access token of this login, made by postern-oauth2 login NAME" },
	{ .name = "password", .kind = KIND_SECRET, .at = AT(secret.password), .source = true,
	  .summary = "the password; only in a private file, not on the command line" },
	{ .name = "password_command", .kind = KIND_TEXT, .at = AT(secret.password_command), .source = true,
	  .parse = parse_command, .quotes = true, .form = "COMMAND",
	  .summary = "a program with arguments that prints the password; no shell is used" },
	{ .name = "passwordeval", .kind = KIND_TEXT, .at = AT(secret.passwordeval), .source = true, .shell = true,
	  .form = "COMMAND",
	  .summary = "a shell command that prints the password in the first line" },
	{ .name = "password_file", .kind = KIND_PATH, .at = AT(secret.password_file), .source = true,
	  .summary = "a private file with the password in the first line" },
	{ .name = "netrc_file", .kind = KIND_PATH, .at = AT(secret.netrc_file),
	  .summary = "a file of passwords by host and user; unset: ~/.netrc if it exists" },

	/* envelope */
	{ .name = "from", .kind = KIND_LIST, .at = AT(from), .parse = parse_patterns, .form = "ADDRESS,...",
	  .summary = "the sender; if -f matches an address or pattern of the list, this account is chosen" },
	{ .name = "from_full_name", .kind = KIND_TEXT, .at = AT(message.from_full_name),
	  .summary = "the full name for a From field that is added" },
	{ .name = "allow_from_override", ON_OFF, .at = AT(allow_from_override), .standard = "on",
	  .summary = "the address of -f takes the place of from" },
	{ .name = "require_all_recipients", ON_OFF, .at = AT(wishes.require_all_recipients), .standard = "off",
	  .summary = "if the server refuses one recipient, send to nobody" },
	{ .name = "dsn_notify", .kind = KIND_NOTIFY, .at = AT(wishes.notify),
	  .summary = "when the servers report to the sender what became of the message" },
	{ .name = "dsn_return", .kind = KIND_WORD, .at = AT(wishes.ret), .standard = "off", .words = return_words,
	  .summary = "how much of the message such a report brings back" },
	{ .name = "dsn_require", ON_OFF, .at = AT(wishes.dsn_require), .standard = "off",
	  .summary = "if reports are asked for and the server does not support them, send nothing" },
	{ .name = "deliver_by", .kind = KIND_DELIVER_BY, .at = AT(wishes.by),
	  .summary = "the time for the delivery; after it, return the message or notify the sender" },
	{ .name = "hold_for", .kind = KIND_SECONDS, .at = AT(wishes.hold_for), .standard = "off", .max = HOLD_MAX,
	  .summary = "how long the server keeps the message before it delivers it" },
	{ .name = "hold_until", .kind = KIND_DATE, .at = AT(wishes.hold_until),
	  .summary = "the date and time until which the server keeps the message" },
	{ .name = "priority", .kind = KIND_NUMBER, .at = AT(wishes.priority), .min = PRIORITY_MIN, .max = PRIORITY_MAX,
	  .summary = "how urgent the message is, from -9 to 9; left out if the server has no priorities" },
	{ .name = "smtputf8", .kind = KIND_WORD, .at = AT(wishes.utf8), .standard = "auto", .words = utf8_words, .bare = true,
	  .summary = "use addresses and headers in UTF-8; auto: when needed" },
	{ .name = "require_tls", .kind = KIND_WORD, .at = AT(wishes.onward_tls), .standard = "off", .words = onward_tls,
	  .bare = true,
	  .summary = "all servers on the way must use verified TLS (REQUIRETLS); waive: none has to (TLS-Required: No)" },

	/* message */
	{ .name = "set_from_header", .kind = KIND_WORD, .at = AT(message.set_from_header), .standard = "auto",
	  .words = set_from_words, .bare = true,
	  .summary = "auto: add a missing From field; on: also put the sender's address into it" },
	{ .name = "set_date_header", AUTO_OFF, .at = AT(message.set_date_header), .standard = "auto",
	  .summary = "auto: add a missing Date field" },
	{ .name = "set_msgid_header", AUTO_OFF, .at = AT(message.set_msgid_header), .standard = "auto",
	  .summary = "auto: add a missing Message-ID field" },
	{ .name = "set_to_header", .kind = KIND_WORD, .at = AT(message.set_to_header), .standard = "off", .words = set_to_words,
	  .bare = true,
	  .summary = "add a To field: with all recipients if there is none, or for undisclosed recipients" },
	{ .name = "remove_bcc_headers", ON_OFF, .at = AT(message.remove_bcc_headers), .standard = "on",
	  .summary = "remove Bcc fields; off: all recipients see them" },
	{ .name = "qualify_domain", .kind = KIND_TEXT, .at = AT(message.qualify_domain), .parse = parse_domain, .empty = true,
	  .form = "DOMAIN",
	  .summary = "the domain for addresses without one; unset: from /etc/mailname, or else of this machine; \"\": none" },
	{ .name = "aliases", .kind = KIND_PATH, .at = AT(message.aliases),
	  .summary = "the alias file, with the addresses for local names" },
	{ .name = "local_recipients", .kind = KIND_LIST, .at = AT(message.local_recipients), .parse = parse_addresses,
	  .form = "ADDRESS,...",
	  .summary = "the addresses that get the mail of local names without an alias" },
	{ .name = "sender_map", .kind = KIND_LIST, .at = AT(message.sender_map), .parse = parse_sender_map,
	  .form = "PATTERN:ADDRESS,...",
	  .summary = "replacements for senders, in the envelope and in the header" },
	{ .name = "always_bcc", .kind = KIND_LIST, .at = AT(message.always_bcc), .parse = parse_addresses, .form = "ADDRESS,...",
	  .summary = "further recipients of every message" },

	/* queue */
	{ .name = "queue", .kind = KIND_WORD, .at = AT(queue.use), .standard = "off", .words = queue_words, .bare = true,
	  .summary = "on: keep a message that cannot be sent now; always: keep each one, and return at once" },
	{ .name = "queue_directory", .kind = KIND_PATH, .at = AT(queue.directory),
	  .summary = "where messages are kept; unset: the system's queue, or the user's own" },
	{ .name = "queue_size", .kind = KIND_SIZE, .at = AT(queue.size), .standard = "1G",
	  .summary = "the most bytes that all kept messages may have together" },
	{ .name = "queue_lifetime", .kind = KIND_SECONDS, .at = AT(queue.lifetime), .standard = "5d", .min = 1,
	  .summary = "the time after which a message that cannot be sent is given up" },
	{ .name = "queue_retry", .kind = KIND_RETRY, .at = AT(queue.retry), .standard = "5m,4h",
	  .summary = "the wait after the first failure, which doubles with each further one, and the longest wait" },
	{ .name = "queue_bounce", ON_OFF, .at = AT(queue.bounce), .standard = "on",
	  .summary = "report to the sender when a message is given up" },

	/* service */
	{ .name = "allow_users", .kind = KIND_LIST, .at = AT(service.allow_users), .form = "USER,...",
	  .summary = "the users, by login or uid, who may use the service; unset: all" },
	{ .name = "service_directory", .kind = KIND_PATH, .at = AT(service.directory),
	  .summary = "the service's directory for the locks of connections; unset: the usual one" },
	{ .name = "set_received_header", ON_OFF, .at = AT(service.received), .standard = "off",
	  .summary = "the service adds a Received field with the uid of its user" },

	/* log */
	{ .name = "logfile", .kind = KIND_PATH, .at = AT(log.file),
	  .summary = "append a line for each message to this file; -: standard output" },
	{ .name = "logfile_time_format", .kind = KIND_TEXT, .at = AT(log.time_format), .form = "strftime format",
	  .summary = "the form of the time in the log line" },
	{ .name = "log_format", .kind = KIND_WORD, .at = AT(log.format), .standard = "text", .words = log_formats,
	  .summary = "the form of the log line" },
	{ .name = "syslog", .kind = KIND_TEXT, .at = AT(log.syslog), .parse = parse_syslog, .bare = true,
	  .form = "off|on|auth|authpriv|cron|daemon|local0|local1|local2|local3|local4|local5|local6|local7|mail|user",
	  .summary = "send the log line to syslog; on: the facility mail" },
};
_Static_assert(COUNT(keys) <= ACCOUNT_KEYS_MAX, "every row has a bit and a place");

const struct key *key_row(size_t i)
{
	return i < COUNT(keys) ? &keys[i] : NULL;
}

const struct key *key_next(const struct key *k)
{
	return key_row(key_index(k) + 1);
}

size_t key_index(const struct key *k)
{
	return (size_t)(k - keys);
}

const char *key_name(size_t i)
{
	return i < COUNT(keys) ? keys[i].name : NULL;
}

bool key_is_named(const char *name, size_t len, const char *key)
{
	for (size_t i = 0; i < len; i++)
		if (key[i] == '\0' || (name[i] == '-' ? '_' : str_lower(name[i])) != key[i])
			return false;
	return key[len] == '\0';
}

const struct key *key_find(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (key_is_named(name, len, keys[i].name))
			return &keys[i];
	return NULL;
}
