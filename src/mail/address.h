/*
 * address.h - normalised addresses: their parts, whether two are the same, whether one matches a pattern.
 *
 * Normalised: no comments, folding or source route; the local part is quoted only if it must be; without a domain (unqualified),
 * there is no '@' outside of quotes; "" is the null sender.  mailbox.h makes them of what is written in a header or a command.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/str.h"

enum { ADDRESS_MAX = 1024 }; /* bytes of a normalised address with its NUL; RFC 5321 4.5.3.1.3 allows 254 */

/* RFC 5322 3.2.3 and RFC 6532 3.2: every octet of a non-ASCII character is atext. */
static inline bool address_is_atext(char c)
{
	return str_isalnum(c) || str_is8bit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Is this local part valid without quotes? */
bool address_is_dot_atom(const char *p, size_t n);

/* Copies a local part that has no quotes, and adds them if it must have them.  `to` has room for 2 * n + 2 bytes.  Returns the
 * bytes written; there is no NUL after them. */
size_t address_quote_local(const char *plain, size_t n, char *to);

/* Turns a name on this machine, such as a login name (`EXAMPLE\\john doe`), into a normalised address without a domain; false
 * if that is not possible. */
bool address_from_name(const char *name, char to[ADDRESS_MAX]) MUST_CHECK;

/* The domain of a normalised address (after the last '@' outside quotes), or NULL if it has none. */
const char *address_domain(const char *addr);

size_t address_local_len(const char *addr); /* bytes before the '@' of the domain */

/* Copies the address, and if it has no domain, adds "@domain" (unless `domain` is NULL or ""). */
bool address_qualify(const char *addr, const char *domain, char to[ADDRESS_MAX], struct err *e) MUST_CHECK;

bool address_is_ascii(const char *addr);
bool address_local_is_ascii(const char *addr);

/* Are they the same mailbox?  Local parts are compared byte for byte, domains without regard to case. */
bool address_same(const char *a, const char *b);

/* Does a normalised address match a pattern: an address, `user@*`, `*@host`, any glob?  If the pattern has no '+', it matches
 * user+detail@host also where it matches user@host.  Case is ignored. */
bool address_matches(const char *addr, const char *pattern);

#endif
