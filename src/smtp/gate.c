#include "smtp/gate.h"

#include <arpa/inet.h>

#include "base/str.h"

enum {
	LABEL_MAX = 63,   /* octets, RFC 1035 2.3.4 */
	DOMAIN_MAX = 255, /* RFC 5321 4.5.3.1.2 */
	LITERAL_MAX = 64, /* of an address within its brackets */
};

/* ---- the local part ------------------------------------------------------------------------------ */

static bool is_atext(char c, bool utf8)
{
	return str_isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL) || (utf8 && str_is8bit(c));
}

/* The length of the Dot-string at p; 0: there is none, or it ends in a dot. */
static size_t dot_string(const char *p, bool utf8)
{
	size_t i = 0;

	while (is_atext(p[i], utf8) || (p[i] == '.' && i > 0 && p[i - 1] != '.'))
		i++;
	return i > 0 && p[i - 1] != '.' ? i : 0;
}

/* The length of the Quoted-string at p; 0: there is none. */
static size_t quoted_string(const char *p, bool utf8)
{
	size_t i = 1;

	if (p[0] != '"')
		return 0;
	for (; p[i] != '"'; i++) {
		i += p[i] == '\\';
		if (str_iscontrol(p[i]) || (str_is8bit(p[i]) && !utf8))
			return 0;
	}
	return i + 1;
}

/* ---- the domain ---------------------------------------------------------------------------------- */

static bool is_label(const char *p, size_t n, bool utf8)
{
	if (n == 0 || n > LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_isalnum(p[i]) && p[i] != '-' && p[i] != '_' && !(utf8 && str_is8bit(p[i])))
			return false;
	return true;
}

static bool is_name(const char *p, bool utf8)
{
	if (strlen(p) > DOMAIN_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(p, ".");

		if (!is_label(p, n, utf8))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]".  RFC 5321 4.1.3 allows for other tags, but none has been registered. */
static bool is_literal(const char *p)
{
	size_t len = strlen(p), skip = len > 6 && str_same_n(p, 6, "[IPv6:") ? 6 : 1;
	unsigned char binary[16];
	char text[LITERAL_MAX];

	if (len < skip + 2 || len - skip - 1 >= sizeof text || p[0] != '[' || p[len - 1] != ']')
		return false;
	memcpy(text, p + skip, len - skip - 1);
	text[len - skip - 1] = '\0';
	return inet_pton(skip == 6 ? AF_INET6 : AF_INET, text, binary) == 1;
}

bool gate_is_domain(const char *name)
{
	return name[0] == '[' ? is_literal(name) : is_name(name, false);
}

/* ---- addresses ----------------------------------------------------------------------------------- */

const char *gate_complaint(const char *address, bool utf8)
{
	size_t local = address[0] == '"' ? quoted_string(address, utf8) : dot_string(address, utf8);
	const char *domain = address + local + 1;

	if (utf8 && !str_is_utf8(address, strlen(address)))
		return "it is neither ASCII nor UTF-8";
	if (local > 0 && address[local] == '\0')
		return "it has no domain";
	if (local == 0 || address[local] != '@')
		return "its local part has a character that cannot be sent, or a dot in the wrong place";
	if (domain[0] == '[')
		return is_literal(domain) ? NULL : "its address literal is neither [IPv4] nor [IPv6:...]";
	return is_name(domain, utf8) ? NULL : "its domain is no name of letters, digits and hyphens";
}

static bool put_path(struct buf *to, const char *address, const char *complaint, struct err *e)
{
	if (complaint != NULL)
		return fail(e, ST_INPUT, FATE_PERM, "the address %s cannot be sent: %s", address, complaint);
	return buf_char(to, '<', e) && buf_str(to, address, e) && buf_char(to, '>', e);
}

bool gate_put_sender(struct buf *to, const char *address, bool utf8, struct err *e)
{
	return put_path(to, address, address[0] == '\0' ? NULL : gate_complaint(address, utf8), e);
}

bool gate_put_recipient(struct buf *to, const char *address, bool utf8, struct err *e)
{
	return put_path(to, address, str_same(address, "postmaster") ? NULL : gate_complaint(address, utf8), e);
}

/* ---- parameters ---------------------------------------------------------------------------------- */

static bool is_value(const char *p, bool utf8)
{
	if (*p == '\0' || (utf8 && !str_is_utf8(p, strlen(p))))
		return false;
	for (; *p != '\0'; p++)
		if (str_iscontrol(*p) || *p == ' ' || *p == '=' || (str_is8bit(*p) && !utf8))
			return false;
	return true;
}

bool gate_put_param(struct buf *to, const char *keyword, const char *value, bool utf8, struct err *e)
{
	if (value != NULL && !is_value(value, utf8))
		return fail(e, ST_INPUT, FATE_PERM, "the value of %s cannot be sent: %s", keyword, value);
	return buf_char(to, ' ', e) && buf_str(to, keyword, e)
	    && (value == NULL || (buf_char(to, '=', e) && buf_str(to, value, e)));
}
