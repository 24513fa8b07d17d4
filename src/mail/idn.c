#include "mail/idn.h"

#include <idn2.h>
#include <stdio.h>

#include "base/str.h"
#include "mail/address.h"

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if (str_is8bit(*s))
			return false;
	return true;
}

static bool copy(const char *from, char *to, size_t room, enum stage st, struct err *e)
{
	if ((size_t)snprintf(to, room, "%s", from) < room)
		return true;
	return fail(e, st, FATE_PERM, "the name %.60s... is too long", from);
}

bool idn_to_ascii(const char *domain, char to[IDN_MAX], enum stage st, struct err *e)
{
	char *ascii = NULL;
	int rc;
	bool ok;

	if (is_ascii(domain))
		return copy(domain, to, IDN_MAX, st, e);
	rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc != IDN2_OK) {
		fail(e, st, FATE_PERM, "%s is no domain name", domain);
		return err_quote(e, idn2_strerror(rc), strlen(idn2_strerror(rc)));
	}
	ok = copy(ascii, to, IDN_MAX, st, e);
	idn2_free(ascii);
	return ok;
}

bool idn_address_to_ascii(const char *addr, char *to, size_t room, struct err *e)
{
	const char *domain = address_domain(addr);
	char ascii[IDN_MAX];

	if (!address_local_is_ascii(addr))
		return fail(e, ST_INPUT, FATE_PERM, "the address %s needs SMTPUTF8", addr);
	if (domain == NULL)
		return copy(addr, to, room, ST_INPUT, e);
	if (!idn_to_ascii(domain, ascii, ST_INPUT, e))
		return false;
	if ((size_t)snprintf(to, room, "%.*s%s", (int)(domain - addr), addr, ascii) < room)
		return true;
	return fail(e, ST_INPUT, FATE_PERM, "the address %.60s... is too long", addr);
}
