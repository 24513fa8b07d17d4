/*
 * idn.h - domains as A-labels and as U-labels (IDNA 2008 by libidn2, which only this module sees).
 */
#ifndef MAIL_IDN_H
#define MAIL_IDN_H

#include "base/err.h"

enum { IDN_MAX = 256 }; /* RFC 5321 4.5.3.1.2, and the NUL */

/* ASCII names pass unchanged and without loading or initialising anything.  What IDNA makes of another name is letters,
 * digits, hyphens, underscores and dots, or an error: its mapping knows characters that become '>', '@' or a blank. */
bool idn_to_ascii(const char *domain, char to[IDN_MAX], enum stage st, struct err *e) MUST_CHECK;

/* The address with its domain in A-labels; the local part must be ASCII already (else ST_INPUT,
 * permanent).  `room` is of `to`. */
bool idn_address_to_ascii(const char *addr, char *to, size_t room, struct err *e) MUST_CHECK;

/* The address with its domain as it is where that is valid U-labels, else in A-labels (RFC 6531 3.2 has both). */
bool idn_address_to_utf8(const char *addr, char *to, size_t room, struct err *e) MUST_CHECK;

#endif
