#include "config/habits.h"

#include "base/str.h"
#include "config/keys.h"

static const struct habit rows[] = {
	{ .name = "authmethod", .program = "ssmtp", .key = "auth" },
	{ .name = "authpass", .program = "ssmtp", .key = "password" },
	{ .name = "authpath", .program = "dma", .key = "password_file" },
	{ .name = "authuser", .program = "ssmtp", .key = "user" },
	{ .name = "fromlineoverride", .program = "ssmtp", .key = "allow_from_override" },
	{ .name = "hostname", .program = "ssmtp", .key = "domain" },
	{ .name = "login", .key = "user" },
	{ .name = "mailhub", .program = "ssmtp", .key = "host" },
	{ .name = "mailname", .program = "dma", .key = "qualify_domain" },
	{ .name = "masquerade", .program = "dma", .key = "sender_map" },
	{ .name = "myhostname", .program = "Postfix", .key = "domain" },
	{ .name = "myorigin", .program = "Postfix", .key = "qualify_domain" },
	{ .name = "pass", .key = "password" },
	{ .name = "passwd", .key = "password" },
	{ .name = "relayhost", .program = "Postfix", .key = "host" },
	{ .name = "rewritedomain", .program = "ssmtp", .key = "qualify_domain" },
	{ .name = "root", .program = "ssmtp", .key = "local_recipients" },
	{ .name = "securetransfer", .program = "dma", .key = "tls" },
	{ .name = "sender", .key = "from" },
	{ .name = "server", .key = "host" },
	{ .name = "smarthost", .program = "dma", .key = "host" },
	{ .name = "smtp_server", .key = "host" },
	{ .name = "starttls", .program = "dma", .key = "tls_starttls" },
	{ .name = "tls_ca_file", .program = "ssmtp", .key = "tls_trust_file" },
	{ .name = "tlscert", .program = "ssmtp", .key = "tls_cert_file" },
	{ .name = "tlskey", .program = "ssmtp", .key = "tls_key_file" },
	{ .name = "username", .key = "user" },
	{ .name = "usestarttls", .program = "ssmtp", .key = "tls_starttls" },
	{ .name = "usetls", .program = "ssmtp", .key = "tls" },
};

const struct habit *habit_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (key_is_named(name, strlen(name), rows[i].name))
			return &rows[i];
	return NULL;
}

static bool is_end(char c)
{
	return c == '\0' || str_isblank(c);
}

char habit_sign(const char *value, bool secret)
{
	bool sign = value[0] == '=' || value[0] == ':';

	return sign && (is_end(value[1]) || (value[0] == '=' && !secret)) ? value[0] : '\0';
}

char habit_quote(const char *value)
{
	const char *second = value[0] == '\'' || value[0] == '"' ? strchr(value + 1, value[0]) : NULL;

	if (value[0] == '"' && second == NULL)
		return '"';
	return value[0] == '\'' && second != NULL && second[1] == '\0' ? '\'' : '\0';
}

bool habit_comment(const char *value, bool secret)
{
	for (const char *p = value; *p != '\0'; p++) {
		const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;

		if (close != NULL)
			p = close;
		else if (*p == '#' && (p == value || str_isblank(p[-1])) && (!secret || is_end(p[1])))
			return true;
	}
	return false;
}
