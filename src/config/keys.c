#include "config/keys.h"

#include "config/take.h"

#define AT(field) offsetof(struct account, field)
#define PLAIN(field) .at = AT(field), .size = sizeof(((struct account *)0)->field)
#define ON_OFF    .kind = KIND_FLAG, .words = on_off, .bare = true /* no value means `on` */

static const struct word on_off[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
static const struct word protocols[] = { { "smtp", 0 }, { "lmtp", 1 }, { NULL, 0 } };
static const struct word ip_versions[] = { { "any", IP_ANY }, { "4", IP_4 }, { "6", IP_6 }, { NULL, 0 } };
static const struct word add_missing[] = { { "auto", 1 }, { "off", 0 }, { "on", 1 }, { NULL, 0 } };
static const struct word utf8_words[] = {
	{ "auto", UTF8_AUTO }, { "on", UTF8_ON }, { "off", UTF8_OFF }, { NULL, 0 },
};
/* RFC 3461 4.3, and msmtp's name for the second */
static const struct word return_words[] = {
	{ "off", RETURN_UNSAID }, { "full", RETURN_FULL }, { "hdrs", RETURN_HDRS }, { "headers", RETURN_HDRS }, { NULL, 0 },
};
static const struct word log_formats[] = { { "text", LOG_TEXT }, { "json", LOG_JSON }, { NULL, 0 } };
static const struct word set_from_words[] = {
	{ "auto", SET_FROM_AUTO }, { "on", SET_FROM_ON }, { "off", SET_FROM_OFF }, { NULL, 0 },
};
static const struct word set_to_words[] = {
	{ "off", SET_TO_OFF }, { "on", SET_TO_ON }, { "undisclosed_recipients", SET_TO_UNDISCLOSED },
	{ "undisclosed-recipients", SET_TO_UNDISCLOSED }, { NULL, 0 },
};

/* By group, in the order in which a dump shows them.  `url` comes first, so that in the environment
 * the keys that it stands for can refine it. */
static const struct key keys[] = {
	/* server */
	{ .name = "url", .kind = KIND_URL, .form = "smtps://user@host:port",
	  .summary = "server and user in one: smtps:// (TLS at once), smtp:// (STARTTLS), lmtp://" },
	{ .name = "host", .kind = KIND_LIST, .at = AT(net.hosts), .take = take_hosts,
	  .form = "host,...",
	  .summary = "the smarthost; several are tried in order" },
	{ .name = "port", .kind = KIND_PORT, .at = AT(net.port),
	  .summary = "587 unless set; 465 with tls_starttls off, 25 with tls off; LMTP has none" },
	{ .name = "socket", .kind = KIND_PATH, .at = AT(net.socket),
	  .summary = "connect to this unix socket instead of host and port" },
	{ .name = "protocol", .kind = KIND_FLAG, .at = AT(smtp.lmtp), .standard = "smtp",
	  .words = protocols,
	  .summary = "what the server speaks" },
	{ .name = "source_ip", .kind = KIND_TEXT, .at = AT(net.source_ip), .form = "address",
	  .summary = "the local address to connect from" },
	{ .name = "ip_version", .kind = KIND_WORD, .at = AT(net.ip_version), .standard = "any",
	  .words = ip_versions,
	  .summary = "use IPv4 or IPv6 addresses only" },
	{ .name = "domain", .kind = KIND_TEXT, .at = AT(smtp.domain), .take = take_ehlo_domain,
	  .form = "domain",
	  .summary = "the name to greet the server with; unset: this machine's, else its address" },
	{ .name = "connect_timeout", .kind = KIND_SECONDS, .at = AT(net.connect_timeout),
	  .standard = "30", .min = 1,
	  .summary = "the longest time to connect, over all addresses of all hosts" },
	{ .name = "timeout", .kind = KIND_SECONDS, .at = AT(smtp.timeout), .standard = "off",
	  .summary = "the longest wait for any answer; off: as long as RFC 5321 says, by command" },
	{ .name = "total_timeout", .kind = KIND_SECONDS, .at = AT(smtp.total_timeout),
	  .standard = "30m",
	  .summary = "the longest time for everything" },

	/* tls */
	{ .name = "tls", ON_OFF, .at = AT(tls.on), .standard = "on",
	  .summary = "encrypt the session, or do not send; off is insecure" },
	{ .name = "tls_starttls", ON_OFF, .at = AT(tls.starttls), .standard = "on",
	  .summary = "begin TLS by STARTTLS; off: with the connection (port 465)" },
	{ .name = "tls_trust_file", .kind = KIND_PATH, .at = AT(tls.trust_file),
	  .take = take_trust_file,
	  .summary = "the CA certificates to trust, PEM; unset or `system`: the system's" },
	{ .name = "tls_crl_file", .kind = KIND_PATH, .at = AT(tls.crl_file),
	  .summary = "certificate revocation lists, PEM; outdated ones are refused" },
	{ .name = "tls_fingerprint", .kind = KIND_LIST, .at = AT(tls.fingerprints),
	  .form = "SHA-256|pin-sha256:BASE64,...",
	  .summary = "accept exactly these certificates, whoever issued them" },
	{ .name = "tls_certcheck", ON_OFF, .at = AT(tls.certcheck), .standard = "on",
	  .summary = "verify the server's certificate; off is insecure and brings a warning" },
	{ .name = "tls_cert_file", .kind = KIND_PATH, .at = AT(tls.cert_file),
	  .summary = "our certificate, PEM, for servers that want one" },
	{ .name = "tls_key_file", .kind = KIND_PATH, .at = AT(tls.key_file),
	  .summary = "the private key of tls_cert_file, PEM" },
	{ .name = "tls_priorities", .kind = KIND_TEXT, .at = AT(tls.priorities),
	  .form = "GnuTLS priorities",
	  .summary = "versions and ciphers, instead of TLS 1.2 and newer with sound ciphers" },
	{ .name = "tls_host_override", .kind = KIND_TEXT, .at = AT(tls.host_override),
	  .form = "host",
	  .summary = "the name that the certificate must have, instead of the host's" },

	/* auth */
	{ .name = "auth", .kind = KIND_LIST, .at = AT(auth.auth), .standard = "auto",
	  .take = take_auth, .bare = true, .unset = "off", .form = "auto|off|mechanism,...",
	  .summary = "log in: with the strongest mechanism offered, not at all, or by these" },
	{ .name = "auth_cleartext", ON_OFF, .at = AT(auth.cleartext), .standard = "off",
	  .summary = "allow secrets on a connection without TLS; warned about each time" },
	{ .name = "user", .kind = KIND_TEXT, .at = AT(auth.user),
	  .summary = "the name to log in with" },
	{ .name = "authzid", .kind = KIND_TEXT, .at = AT(auth.authzid),
	  .summary = "act as this other user after the login" },
	{ .name = "password", .kind = KIND_SECRET, .at = AT(secret.password), .source = true,
	  .summary = "the password itself, in a private file; not on the command line" },
	{ .name = "password_command", .kind = KIND_TEXT, .at = AT(secret.password_command),
	  .source = true, .form = "command",
	  .summary = "a program with arguments that prints the password; run without a shell" },
	{ .name = "passwordeval", .kind = KIND_TEXT, .at = AT(secret.passwordeval), .source = true,
	  .form = "command",
	  .summary = "a shell command, the first line of whose output is the password" },
	{ .name = "password_file", .kind = KIND_PATH, .at = AT(secret.password_file),
	  .source = true,
	  .summary = "a private file, the first line of which is the password" },
	{ .name = "netrc_file", .kind = KIND_PATH, .at = AT(secret.netrc_file),
	  .summary = "passwords by host and user; unset: ~/.netrc where it exists" },

	/* envelope */
	{ .name = "from", .kind = KIND_LIST, .at = AT(from), .take = take_patterns,
	  .form = "address,...",
	  .summary = "the sender; a -f that matches one of these addresses or patterns chooses this account" },
	{ .name = "from_full_name", .kind = KIND_TEXT, .at = AT(message.from_full_name),
	  .summary = "the name in a From field that is added" },
	{ .name = "allow_from_override", ON_OFF, .at = AT(allow_from_override), .standard = "on",
	  .summary = "let -f replace from" },
	{ .name = "require_all_recipients", ON_OFF, .at = AT(wishes.require_all_recipients),
	  .standard = "off",
	  .summary = "send to nobody when the server refuses one recipient" },
	{ .name = "dsn_notify", .kind = KIND_PLAIN, PLAIN(wishes.notify),
	  .take = take_dsn_notify, .show = show_dsn_notify, .form = "off|never|success,failure,delay",
	  .summary = "when the sender wants to be told what became of the message" },
	{ .name = "dsn_return", .kind = KIND_WORD, .at = AT(wishes.ret), .standard = "off", .words = return_words,
	  .summary = "how much of the message comes back with a notice" },
	{ .name = "dsn_require", ON_OFF, .at = AT(wishes.dsn_require), .standard = "off",
	  .summary = "do not send through a server that cannot give the notices asked for" },
	{ .name = "deliver_by", .kind = KIND_PLAIN, PLAIN(wishes.by), .take = take_deliver_by, .show = show_deliver_by,
	  .form = "off|TIME,return|TIME,notify",
	  .summary = "when messages have to be there, else they come back, or the sender is told" },
	{ .name = "hold_for", .kind = KIND_SECONDS, .at = AT(wishes.hold_for), .standard = "off", .max = HOLD_MAX,
	  .summary = "how long the server keeps messages before it delivers them" },
	{ .name = "hold_until", .kind = KIND_PLAIN, PLAIN(wishes.hold_until), .take = take_hold_until, .show = show_hold_until,
	  .form = "off|DATE",
	  .summary = "the date and time before which the server delivers nothing" },
	{ .name = "priority", .kind = KIND_NUMBER, .at = AT(wishes.priority), .min = PRIORITY_MIN, .max = PRIORITY_MAX,
	  .form = "off|N",
	  .summary = "how urgent messages are, from -9 to 9, where the server takes priorities" },
	{ .name = "smtputf8", .kind = KIND_WORD, .at = AT(wishes.utf8), .standard = "auto", .words = utf8_words, .bare = true,
	  .summary = "ask for addresses and headers in UTF-8 when needed; on: always; off: never" },
	{ .name = "require_tls", ON_OFF, .at = AT(wishes.require_tls), .standard = "off",
	  .summary = "ask every server on the way to use verified TLS, or not to deliver (REQUIRETLS)" },

	/* message */
	{ .name = "set_from_header", .kind = KIND_WORD, .at = AT(message.set_from_header),
	  .standard = "auto", .words = set_from_words, .bare = true,
	  .summary = "add a From that is missing; on: put the sender into every one; off: never" },
	{ .name = "set_date_header", .kind = KIND_FLAG, .at = AT(message.set_date_header),
	  .standard = "auto", .words = add_missing, .bare = true,
	  .summary = "add a Date field that is missing" },
	{ .name = "set_msgid_header", .kind = KIND_FLAG, .at = AT(message.set_msgid_header),
	  .standard = "auto", .words = add_missing, .bare = true,
	  .summary = "add a Message-ID field that is missing" },
	{ .name = "set_to_header", .kind = KIND_WORD, .at = AT(message.set_to_header),
	  .standard = "off", .words = set_to_words, .bare = true,
	  .summary = "without To, Cc and Bcc: leave it, name all recipients, or nobody" },
	{ .name = "remove_bcc_headers", ON_OFF, .at = AT(message.remove_bcc_headers),
	  .standard = "on",
	  .summary = "take Bcc fields out; off shows them to everybody" },
	{ .name = "qualify_domain", .kind = KIND_TEXT, .at = AT(message.qualify_domain),
	  .take = take_domain, .form = "domain", .empty = true,
	  .summary = "the domain of addresses without one; unset: /etc/mailname's, else this machine's; \"\": none" },
	{ .name = "aliases", .kind = KIND_PATH, .at = AT(message.aliases),
	  .summary = "the alias file: who gets the mail of local names" },
	{ .name = "local_recipients", .kind = KIND_LIST, .at = AT(message.local_recipients),
	  .take = take_addresses, .form = "address,...",
	  .summary = "who gets the mail of local names that no alias has" },
	{ .name = "sender_map", .kind = KIND_LIST, .at = AT(message.sender_map),
	  .take = take_sender_map, .form = "pattern:address,...",
	  .summary = "what local senders become, in the envelope and in the header" },
	{ .name = "always_bcc", .kind = KIND_LIST, .at = AT(message.always_bcc),
	  .take = take_addresses, .form = "address,...",
	  .summary = "further recipients of every message" },

	/* log */
	{ .name = "logfile", .kind = KIND_PATH, .at = AT(log.file),
	  .summary = "append a line for each message to this file; - is the standard output" },
	{ .name = "logfile_time_format", .kind = KIND_TEXT, .at = AT(log.time_format),
	  .form = "strftime format",
	  .summary = "the time in the log line" },
	{ .name = "log_format", .kind = KIND_WORD, .at = AT(log.format), .standard = "text",
	  .words = log_formats,
	  .summary = "how the log line is written" },
	{ .name = "syslog", .kind = KIND_TEXT, .at = AT(log.syslog), .take = take_syslog,
	  .bare = true, .form = "off|on|facility",
	  .summary = "the log line also goes to syslog; on is the facility mail" },

	/* msmtp's obsolete keys */
	{ .name = "add_missing_date_header", .renamed_to = "set_date_header", .translates = true,
	  .on = "auto", .off = "off" },
	{ .name = "add_missing_from_header", .renamed_to = "set_from_header", .translates = true,
	  .on = "auto", .off = "off" },
	/* login@qualify_domain is the sender anyhow when there is no `from` */
	{ .name = "auto_from", .renamed_to = "from", .translates = true, .on = "" },
	{ .name = "keepbcc", .renamed_to = "remove_bcc_headers", .translates = true, .on = "off",
	  .off = "on" },
	{ .name = "maildomain", .renamed_to = "qualify_domain" },
	{ .name = "tls_nocertcheck", .renamed_to = "tls_certcheck", .translates = true,
	  .on = "off", .off = "on" },
	{ .name = "tls_nostarttls", .renamed_to = "tls_starttls", .translates = true, .on = "off",
	  .off = "on" },
	{ .name = "undisclosed_recipients", .renamed_to = "set_to_header", .translates = true,
	  .on = "undisclosed_recipients", .off = "off" },
	{ .name = "ntlmdomain", .obsolete = "NTLM is broken and not supported" },
	{ .name = "tls_force_sslv3", .obsolete = "SSL 3.0 is broken and not supported" },
	{ .name = "tls_min_dh_prime_bits",
	  .obsolete = "tls_priorities sets it, and is safe by default" },
	{ .name = "proxy_host", .missing = true },
	{ .name = "proxy_port", .missing = true },
};
_Static_assert(COUNT(keys) <= 8 * sizeof(((struct account *)0)->set), "every row has a bit");

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

bool key_is_real(const struct key *k)
{
	return k->renamed_to == NULL && k->obsolete == NULL && !k->missing;
}

const char *key_name(size_t i)
{
	return i < COUNT(keys) && key_is_real(&keys[i]) ? keys[i].name : NULL;
}

static bool name_is(const char *name, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] == '\0' || (name[i] == '-' ? '_' : str_lower(name[i])) != word[i])
			return false;
	return word[len] == '\0';
}

const struct key *key_find(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (name_is(name, len, keys[i].name))
			return &keys[i];
	return NULL;
}
