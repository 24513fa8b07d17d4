#include "config/url.h"

#include "base/str.h"

static const struct {
	const char *scheme;
	bool        implicit_tls, lmtp;
} schemes[] = {
	{ "smtps://", .implicit_tls = true },
	{ "submissions://", .implicit_tls = true }, /* RFC 8314's name of the service */
	{ "smtp://", .implicit_tls = false },
	{ "submission://", .implicit_tls = false },
	{ "lmtp://", .lmtp = true },
};

static bool fail_url(struct err *e, const char *why)
{
	fail(e, ST_CONFIG, FATE_PERM, "the url %s", why); /* the url is not shown, since it may hold a password */
	return err_hint(e, "write smtps://user@host, smtp://user@host:587 or lmtp://host:24");
}

static bool decode_user(const char *p, size_t len, struct url *u, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = p[i];

		if (c == ':')
			return fail_url(e, "holds a password, which belongs into password_command or password_file");
		if (c == '%') {
			int high = len - i > 2 ? str_hex_digit(p[i + 1]) : -1;
			int low = len - i > 2 ? str_hex_digit(p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return fail_url(e, "has a % without two hexadecimal digits");
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (str_iscontrol(c) || n + 1 >= sizeof u->user)
			return fail_url(e, "has a user name that cannot be one");
		u->user[n++] = c;
	}
	u->user[n] = '\0';
	return true;
}

/* "host", "host:port", "[::1]", "[::1]:port". */
static bool split_host(const char *p, size_t len, struct url *u, struct err *e)
{
	const char *close = p[0] == '[' ? memchr(p, ']', len) : NULL;
	size_t host = close != NULL ? (size_t)(close - p) + 1 : 0;
	uint64_t port = 0;

	while (host < len && p[host] != ':')
		host++;
	if (host == 0 || host >= sizeof u->host)
		return fail_url(e, "names no host");
	if (host < len && !str_number_n(p + host + 1, len - host - 1, 1, 65535, &port))
		return fail_url(e, "has a port that is not a number from 1 to 65535");
	memcpy(u->host, p, host);
	u->host[host] = '\0';
	u->port = (unsigned)port;
	return true;
}

bool url_parse(const char *text, struct url *u, struct err *e)
{
	size_t i = 0, len, at;

	*u = (struct url){ 0 };
	while (i < COUNT(schemes) && !str_same_n(text, strnlen(text, strlen(schemes[i].scheme)), schemes[i].scheme))
		i++;
	if (i == COUNT(schemes))
		return fail_url(e, "does not begin with smtps://, smtp:// or lmtp://");
	u->implicit_tls = schemes[i].implicit_tls;
	u->lmtp = schemes[i].lmtp;
	text += strlen(schemes[i].scheme);
	len = strcspn(text, "/?#");
	if (text[len] != '\0' && strcmp(text + len, "/") != 0)
		return fail_url(e, "has a path, which has no meaning here");
	for (at = len; at > 0 && text[at - 1] != '@'; at--) /* the last @ counts: many people write user@domain@host */
		;
	return (at == 0 || decode_user(text, at - 1, u, e)) && split_host(text + at, len - at, u, e);
}
