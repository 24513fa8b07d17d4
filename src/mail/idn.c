#include "mail/idn.h"

#include <idn2.h>
#include <stdio.h>

#include "base/str.h"
#include "mail/address.h"

static bool copy(const char *from, char *to, size_t room, enum stage st, struct err *e)
{
	if ((size_t)snprintf(to, room, "%s", from) < room)
		return true;
	return fail(e, st, FATE_PERM, "the name %.60s... is too long", from);
}

static bool is_plain(const char *name)
{
	for (; *name != '\0'; name++)
		if (!str_isalnum(*name) && strchr("-_.", *name) == NULL)
			return false;
	return true;
}

bool idn_to_ascii(const char *domain, char to[IDN_MAX], enum stage st, struct err *e)
{
	char *ascii = NULL;
	int rc;
	bool ok;

	if (!str_has_8bit(domain, strlen(domain)))
		return copy(domain, to, IDN_MAX, st, e);
	rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc != IDN2_OK) {
		fail(e, st, FATE_PERM, "%s is no domain name", domain);
		return err_quote(e, idn2_strerror(rc), strlen(idn2_strerror(rc)));
	}
	ok = is_plain(ascii) ? copy(ascii, to, IDN_MAX, st, e) : fail(e, st, FATE_PERM, "%s is no domain name", domain);
	idn2_free(ascii);
	return ok;
}

/* Are these valid U-labels?  Only then does the mapping back give the same octets. */
static bool is_native(const char *domain, const char *ascii)
{
	char *back = NULL;
	bool same = idn2_to_unicode_8z8z(ascii, &back, 0) == IDN2_OK && strcmp(back, domain) == 0;

	idn2_free(back);
	return same;
}

static bool join(const char *addr, const char *domain, const char *instead, char *to, size_t room, struct err *e)
{
	if ((size_t)snprintf(to, room, "%.*s%s", (int)(domain - addr), addr, instead) < room)
		return true;
	return fail(e, ST_INPUT, FATE_PERM, "the address %.60s... is too long", addr);
}

bool idn_address_to_utf8(const char *addr, char *to, size_t room, struct err *e)
{
	const char *domain = address_domain(addr);
	char ascii[IDN_MAX];

	if (domain == NULL || !str_has_8bit(domain, strlen(domain)))
		return copy(addr, to, room, ST_INPUT, e);
	return idn_to_ascii(domain, ascii, ST_INPUT, e)
	    && join(addr, domain, is_native(domain, ascii) ? domain : ascii, to, room, e);
}

bool idn_address_to_ascii(const char *addr, char *to, size_t room, struct err *e)
{
	const char *domain = address_domain(addr);
	char ascii[IDN_MAX];

	if (!address_local_is_ascii(addr))
		return fail(e, ST_INPUT, FATE_PERM, "the address %s needs SMTPUTF8", addr);
	if (domain == NULL)
		return copy(addr, to, room, ST_INPUT, e);
	return idn_to_ascii(domain, ascii, ST_INPUT, e) && join(addr, domain, ascii, to, room, e);
}

/* ---- a field ------------------------------------------------------------------------------------ */

static bool put_ascii(void *ctx, struct buf *to, const struct mailbox *m, const char *written, struct err *e)
{
	char ascii[ADDRESS_MAX];
	struct err unfit;

	(void)ctx;
	if (address_is_ascii(m->addr) || !idn_address_to_ascii(m->addr, ascii, sizeof ascii, &unfit))
		return buf_add(to, written, m->len, e);
	return buf_str(to, ascii, e);
}

bool idn_field_to_ascii(struct buf *to, const struct field *f, struct err *e)
{
	bool parsed;

	return fields_rewrite(to, f, put_ascii, NULL, &parsed, e);
}
