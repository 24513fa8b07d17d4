#include "net/certname.h"

#include <arpa/inet.h>
#include <gnutls/x509-ext.h>
#include <stdio.h>

#include "base/str.h"
#include "net/resolve.h"

enum { NAMES_SHOWN = 4 }; /* of a certificate that is for others; some have hundreds */

struct wanted {
	const char   *host; /* borrowed */
	unsigned char ip[16];
	size_t        ip_len; /* 0: a name */
};

/* RFC 9525 6.3: the whole left-most label may be a `*`, and here two labels must follow it, so that nobody
 * is certified for a top-level domain. */
bool certname_match(const char *pattern, size_t len, const char *host)
{
	size_t host_len = strlen(host), label = 0;

	if (host_len > 0 && host[host_len - 1] == '.')
		host_len--;
	if (len > 2 && pattern[0] == '*' && pattern[1] == '.') {
		while (label < host_len && host[label] != '.')
			label++;
		if (label == 0 || memchr(pattern + 2, '.', len - 2) == NULL)
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

static bool fits(const struct wanted *w, unsigned type, const gnutls_datum_t *san)
{
	if (w->ip_len > 0)
		return type == GNUTLS_SAN_IPADDRESS && san->size == w->ip_len
		    && memcmp(san->data, w->ip, w->ip_len) == 0;
	return type == GNUTLS_SAN_DNSNAME && certname_match((const char *)san->data, san->size, w->host);
}

static bool show(unsigned type, const gnutls_datum_t *san, char *to, size_t room)
{
	if (type == GNUTLS_SAN_DNSNAME) {
		snprintf(to, room, "%.*s", (int)(san->size < room ? san->size : room - 1), (const char *)san->data);
		return true;
	}
	if (type == GNUTLS_SAN_IPADDRESS && (san->size == 4 || san->size == 16))
		return inet_ntop(san->size == 4 ? AF_INET : AF_INET6, san->data, to, (socklen_t)room) != NULL;
	return false;
}

/* "a.example, b.example and others", or "" */
static void show_all(gnutls_subject_alt_names_t sans, char *to, size_t room)
{
	unsigned found = 0, type;
	gnutls_datum_t san;
	size_t len = 0;

	to[0] = '\0';
	for (unsigned i = 0; len < room && gnutls_subject_alt_names_get(sans, i, &type, &san, NULL) == 0; i++) {
		char one[80];

		if (!show(type, &san, one, sizeof one))
			continue;
		if (found++ == NAMES_SHOWN) {
			snprintf(to + len, room - len, " and others");
			return;
		}
		len += (size_t)snprintf(to + len, room - len, "%s%s", found > 1 ? ", " : "", one);
	}
}

static bool check(gnutls_subject_alt_names_t sans, const char *host, struct err *e)
{
	struct wanted w = want(host);
	gnutls_datum_t san;
	char names[300];
	unsigned type;

	for (unsigned i = 0; gnutls_subject_alt_names_get(sans, i, &type, &san, NULL) == 0; i++)
		if (fits(&w, type, &san))
			return true;
	show_all(sans, names, sizeof names);
	if (names[0] == '\0') {
		fail(e, ST_TLS, FATE_PERM, "the certificate of %s names no host at all", host);
		return err_hint(e, "a name in the CN does not count (RFC 9525): it needs a subjectAltName");
	}
	fail(e, ST_TLS, FATE_PERM, "the certificate is for %s, not for %s", names, host);
	return err_hint(e, "is `host` the server's proper name? else set `tls_host_override`");
}

bool certname_check(gnutls_x509_crt_t crt, const char *host, struct err *e)
{
	gnutls_subject_alt_names_t sans;
	gnutls_datum_t der;
	bool ok;

	if (gnutls_subject_alt_names_init(&sans) != 0)
		return fail_memory(e);
	if (gnutls_x509_crt_get_extension_by_oid2(crt, GNUTLS_X509EXT_OID_SAN, 0, &der, NULL) == 0) {
		(void)gnutls_x509_ext_import_subject_alt_names(&der, sans, 0); /* broken: none, or fewer */
		gnutls_free(der.data);
	}
	ok = check(sans, host, e);
	gnutls_subject_alt_names_deinit(sans);
	return ok;
}
