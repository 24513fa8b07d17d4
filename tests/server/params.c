/* Parameters of MAIL and RCPT: a row for each, with the keyword that the last EHLO must have offered. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct param {
	const char *name, *keyword;
	bool (*take)(struct conn *c, const char *value);	/* value: NULL without one */
};

static bool all_digits(const char *p, size_t min, size_t max)
{
	size_t n = strspn(p, "0123456789");

	return p[n] == '\0' && n >= min && n <= max;
}

static bool take_size(struct conn *c, const char *value)
{
	if (value == NULL || !all_digits(value, 1, 20))
		return false;
	errno = 0;
	c->mail.size = strtoll(value, NULL, 10);
	return errno == 0;
}

static bool take_body(struct conn *c, const char *value)
{
	if (value == NULL)
		return false;
	if (strcasecmp(value, "BINARYMIME") == 0) {
		c->mail.binary = c->mail.body8 = true;
		return ehlo_offered(c, "BINARYMIME") != NULL && ehlo_offered(c, "CHUNKING") != NULL;
	}
	c->mail.body8 = strcasecmp(value, "8BITMIME") == 0;
	return c->mail.body8 || strcasecmp(value, "7BIT") == 0;
}

static bool take_utf8(struct conn *c, const char *value)
{
	c->mail.utf8 = true;
	return value == NULL;
}

static bool take_ret(struct conn *c, const char *value)
{
	(void) c;
	return value != NULL && (strcasecmp(value, "FULL") == 0 || strcasecmp(value, "HDRS") == 0);
}

static bool take_envid(struct conn *c, const char *value)
{
	(void) c;
	return value != NULL && *value != '\0' && strlen(value) <= 100 && syntax_xtext(value, strlen(value));
}

static bool take_auth(struct conn *c, const char *value)
{
	(void) c;
	return value != NULL && *value != '\0' && syntax_xtext(value, strlen(value));
}

/* RFC 8689 2, 4.2.1: without a value, and only in TLS */
static bool take_requiretls(struct conn *c, const char *value) { return value == NULL && c->tls != NULL; }

/* RFC 2852 4: BY=seconds;R or N, and optionally T.  With R the time must be positive and at least the server's minimum. */
static bool take_by(struct conn *c, const char *value)
{
	size_t sign = value != NULL && (*value == '-' || *value == '+'), digits;
	long least = strtol(ehlo_offered(c, "DELIVERBY"), NULL, 10);
	const char *mode;

	if (value == NULL)
		return false;
	digits = strspn(value + sign, "0123456789");
	mode = value + sign + digits;
	if (digits < 1 || digits > 9 || mode[0] != ';' || strcspn(mode + 1, "RrNn") != 0 || mode[1] == '\0'
	    || (mode[2] != '\0' && strcasecmp(mode + 2, "T") != 0))
		return false;
	return strchr("Nn", mode[1]) != NULL || (strtol(value, NULL, 10) > 0 && strtol(value, NULL, 10) >= least);
}

/* RFC 4865 3, 4.1 (2): one of HOLDFOR and HOLDUNTIL, within the limits in the two arguments of the keyword. */
static bool take_hold(struct conn *c)
{
	bool first = !c->mail.held;

	c->mail.held = true;
	return first;
}

static bool take_holdfor(struct conn *c, const char *value)
{
	long most = strtol(ehlo_offered(c, "FUTURERELEASE"), NULL, 10);

	return value != NULL && all_digits(value, 1, 9) && value[0] != '0' && take_hold(c)
	    && (most == 0 || strtol(value, NULL, 10) <= most);
}

/* RFC 3339 5.6, but only in UTC and without fractions, as postern writes it. */
static bool take_holduntil(struct conn *c, const char *value)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	const char *most = strchr(ehlo_offered(c, "FUTURERELEASE"), ' ');

	if (value == NULL || strlen(value) != strlen(form))
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? strchr("0123456789", value[i]) == NULL : value[i] != form[i])
			return false;
	return take_hold(c) && (most == NULL || strlen(most + 1) != strlen(form) || strcmp(value, most + 1) <= 0);
}

/* RFC 6710 7: -9 to 9, but not -0 */
static bool take_priority(struct conn *c, const char *value)
{
	(void) c;
	return value != NULL && all_digits(value + (*value == '-'), 1, 1) && strcmp(value, "-0") != 0;
}

/* RFC 3461 4.1: NEVER alone, or a list */
static bool take_notify(struct conn *c, const char *value)
{
	(void) c;
	if (value == NULL)
		return false;
	if (strcasecmp(value, "NEVER") == 0)
		return true;
	while (true) {
		size_t n = strcspn(value, ",");

		if (!(n == 7 && strncasecmp(value, "SUCCESS", 7) == 0) && !(n == 7 && strncasecmp(value, "FAILURE", 7) == 0)
		    && !(n == 5 && strncasecmp(value, "DELAY", 5) == 0))
			return false;
		if (value[n] == '\0')
			return true;
		value += n + 1;
	}
}

/* RFC 3461 4.2, RFC 6533 3 */
static bool take_orcpt(struct conn *c, const char *value)
{
	size_t type = value != NULL ? strcspn(value, ";") : 0;

	if (type == 0 || value[type] == '\0' || strlen(value) > 500)
		return false;
	if (strncasecmp(value, "utf-8;", 6) == 0)
		return c->mail.utf8 ? syntax_utf8(value, strlen(value)) : syntax_ascii(value, strlen(value));
	return value[type + 1] != '\0' && syntax_xtext(value + type + 1, strlen(value + type + 1));
}

static const struct param mail_params[] = {
	{ "SIZE", "SIZE", take_size },
	{ "BODY", "8BITMIME", take_body },
	{ "SMTPUTF8", "SMTPUTF8", take_utf8 },
	{ "RET", "DSN", take_ret },
	{ "ENVID", "DSN", take_envid },
	{ "AUTH", "AUTH", take_auth },
	{ "REQUIRETLS", "REQUIRETLS", take_requiretls },
	{ "BY", "DELIVERBY", take_by },
	{ "HOLDFOR", "FUTURERELEASE", take_holdfor },
	{ "HOLDUNTIL", "FUTURERELEASE", take_holduntil },
	{ "MT-PRIORITY", "MT-PRIORITY", take_priority },
	{ NULL, NULL, NULL },
};

static const struct param rcpt_params[] = {
	{ "NOTIFY", "DSN", take_notify },
	{ "ORCPT", "DSN", take_orcpt },
	{ NULL, NULL, NULL },
};

static bool take_one(struct conn *c, const struct param *rows, enum verb v, char *item, unsigned *seen)
{
	char *equals = strchr(item, '=');

	if (equals != NULL)
		*equals = '\0';
	for (size_t i = 0; rows[i].name != NULL; i++) {
		if (strcasecmp(rows[i].name, item) != 0)
			continue;
		if (ehlo_offered(c, rows[i].keyword) == NULL)
			break;
		if ((*seen & 1u << i) != 0 || !rows[i].take(c, equals != NULL ? equals + 1 : NULL)) {
			violation(c, "the parameter %s is malformed or came twice", item);
			answerf(c, v, "", "501 5.5.4 parameter %s is not right", item);
			return false;
		}
		*seen |= 1u << i;
		return true;
	}
	violation(c, "the parameter %s was not offered", item);
	answerf(c, v, "", "555 5.5.4 parameter %s was not offered", item);
	return false;
}

/* If a parameter is invalid, answers and returns false.  `params` starts behind the path and its blank. */
static bool take_all(struct conn *c, const struct param *rows, enum verb v, char *params)
{
	unsigned seen = 0;

	while (*params != '\0') {
		size_t n = strcspn(params, " ");
		char *next = params + n + (params[n] == ' ');

		if (n == 0 || (params[n] == ' ' && *next == '\0')) {
			violation(c, "a stray blank among the parameters");
			params = next;
			continue;
		}
		params[n] = '\0';
		if (!take_one(c, rows, v, params, &seen))
			return false;
		params = next;
	}
	return true;
}

bool esmtp_mail(struct conn *c, char *params) { return take_all(c, mail_params, V_MAIL, params); }
bool esmtp_rcpt(struct conn *c, char *params) { return take_all(c, rcpt_params, V_RCPT, params); }
