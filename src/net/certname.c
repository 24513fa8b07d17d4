#include "net/certname.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/str.h"
#include "net/resolve.h"

enum {
	NAMES_SHOWN = 4, /* names at most in the error; some certificates have hundreds */
	SANS_MAX = 4096, /* names at most that are compared */
};

struct san {
	unsigned type; /* GNUTLS_SAN_*, 0: not usable */
	size_t   len;
	char     bytes[512];
};

struct wanted {
	const char   *host; /* borrowed */
	unsigned char ip[16];
	size_t        ip_len; /* 0: the host is a name */
};

/* At least two labels: there is a dot inside the name. */
static bool has_two_labels(const char *name, size_t len)
{
	return len > 2 && name[0] != '.' && name[len - 1] != '.' && memchr(name, '.', len) != NULL;
}

/* RFC 9525 6.3: the whole left-most label may be `*`.  Here at least two labels must follow it, so that no certificate is good
 * for a whole top-level domain. */
bool certname_match(const char *pattern, size_t len, const char *host)
{
	size_t host_len = strlen(host), label = 0;

	if (host_len > 0 && host[host_len - 1] == '.')
		host_len--;
	if (len > 2 && pattern[0] == '*' && pattern[1] == '.') {
		while (label < host_len && host[label] != '.')
			label++;
		if (label == 0 || !has_two_labels(pattern + 2, len - 2))
			return false;
		host += label;
		host_len -= label;
		pattern++;
		len--;
	}
	if (len == 0 || len != host_len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (pattern[i] == '*' || str_lower(pattern[i]) != str_lower(host[i]))
			return false;
	return true;
}

static struct wanted want(const char *host)
{
	struct wanted w = { .host = host };
	struct addr a;

	if (!resolve_literal(host, 0, &a))
		return w;
	w.ip_len = a.at.any.sa_family == AF_INET ? 4 : 16;
	memcpy(w.ip, w.ip_len == 4 ? (const void *)&a.at.v4.sin_addr : &a.at.v6.sin6_addr, w.ip_len);
	return w;
}

/* The i-th name; false after the last.  A name that does not fit into `bytes` is longer than any host name: its type is 0.
 * gnutls_x509_ext_import_subject_alt_names() is not used, since it would parse the extension a second time. */
static bool san_at(gnutls_x509_crt_t crt, unsigned i, struct san *s)
{
	int type;

	s->len = sizeof s->bytes;
	type = gnutls_x509_crt_get_subject_alt_name(crt, i, s->bytes, &s->len, NULL);
	s->type = type > 0 ? (unsigned)type : 0;
	return type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && i < SANS_MAX;
}

static bool fits(const struct wanted *w, const struct san *s)
{
	if (w->ip_len > 0)
		return s->type == GNUTLS_SAN_IPADDRESS && s->len == w->ip_len && memcmp(s->bytes, w->ip, s->len) == 0;
	return s->type == GNUTLS_SAN_DNSNAME && certname_match(s->bytes, s->len, w->host);
}

static bool show(const struct san *s, char *to, size_t room)
{
	struct addr literal;

	if (s->type == GNUTLS_SAN_DNSNAME) {
		snprintf(to, room, "%.*s", (int)s->len, s->bytes);
		if (resolve_literal(to, 0, &literal)) /* an address as a dNSName does not count as an address */
			snprintf(to, room, "the name \"%.*s\"", (int)s->len, s->bytes);
		return true;
	}
	if (s->type == GNUTLS_SAN_IPADDRESS && (s->len == 4 || s->len == 16))
		return inet_ntop(s->len == 4 ? AF_INET : AF_INET6, s->bytes, to, (socklen_t)room) != NULL;
	return false;
}

void certname_list(gnutls_x509_crt_t crt, char *to, size_t room)
{
	unsigned found = 0;
	size_t len = 0;
	struct san s;

	to[0] = '\0';
	for (unsigned i = 0; len < room && san_at(crt, i, &s); i++) {
		char one[80];

		if (!show(&s, one, sizeof one))
			continue;
		if (found++ == NAMES_SHOWN) {
			snprintf(to + len, room - len, " and others");
			return;
		}
		len += (size_t)snprintf(to + len, room - len, "%s%s", found > 1 ? ", " : "", one);
	}
}

bool certname_check(gnutls_x509_crt_t crt, const char *host, struct err *e)
{
	struct wanted w = want(host);
	char names[300];
	struct san s;

	for (unsigned i = 0; san_at(crt, i, &s); i++)
		if (fits(&w, &s))
			return true;
	certname_list(crt, names, sizeof names);
	if (names[0] == '\0') {
		fail(e, ST_TLS, FATE_PERM, "the certificate of %s names no host at all", host);
		return err_hint(e, "a name in the CN does not count (RFC 9525): it needs a subjectAltName");
	}
	fail(e, ST_TLS, FATE_PERM, "the certificate is for %s, not for %s", names, host);
	return err_hint(e, "check `host`; if the certificate has another name of this server, set `tls_host_override` to it");
}
