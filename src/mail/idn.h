/*
 * idn.h - domains as A-labels and as U-labels (IDNA 2008, RFC 5890 2.3.2.1), alone, in addresses and in a field; no other module
 * calls libidn2.
 */
#ifndef MAIL_IDN_H
#define MAIL_IDN_H

#include "mail/fields.h"

enum { IDN_MAX = 256 }; /* RFC 5321 4.5.3.1.2, and the NUL */

/* An ASCII name is copied unchanged, without libidn2.  If the result for another name has anything but letters, digits,
 * hyphens, underscores and dots, it is an error: IDNA maps some characters to '>', '@' or a blank. */
bool idn_to_ascii(const char *domain, char to[IDN_MAX], enum stage st, struct err *e) MUST_CHECK;

/* The address with its domain in A-labels.  The local part must be ASCII, otherwise it fails (ST_INPUT, permanent).  `room`:
 * the size of `to`. */
bool idn_address_to_ascii(const char *addr, char *to, size_t room, struct err *e) MUST_CHECK;

/* The address with its domain unchanged if that is valid U-labels, else in A-labels (RFC 6531 3.2 allows both). */
bool idn_address_to_utf8(const char *addr, char *to, size_t room, struct err *e) MUST_CHECK;

/* Appends the body of a field that holds addresses, with their domains in A-labels.  Nothing else changes: a local part or a name
 * that is not ASCII stays, and so does a body that cannot be parsed. */
bool idn_field_to_ascii(struct buf *to, const struct field *f, struct err *e) MUST_CHECK;

#endif
