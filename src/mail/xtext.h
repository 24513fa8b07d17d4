/*
 * xtext.h - RFC 3461 4 xtext, and the UTF-8 forms of ORCPT: RFC 6533 3.
 */
#ifndef MAIL_XTEXT_H
#define MAIL_XTEXT_H

#include "base/buf.h"

bool xtext_encode(struct buf *to, const char *s, struct err *e) MUST_CHECK; /* "+", "=", controls, 8-bit become +HH */
bool xtext_valid(const char *s); /* already xtext: printable, no '=', every '+' with two hex digits */

/* The value of ORCPT= for an address: "rfc822;" xtext, or "utf-8;" with the encoding that fits the
 * session (utf-8-addr-unitext where SMTPUTF8 is used, else utf-8-addr-xtext). */
bool xtext_orcpt(struct buf *to, const char *addr, bool smtputf8, struct err *e) MUST_CHECK;

/* The value of ORCPT= as a caller of -bs gave it: where the session has no SMTPUTF8, its UTF-8 becomes \x{HEX} (RFC 6533 3). */
bool xtext_put_orcpt(struct buf *to, const char *orcpt, bool smtputf8, struct err *e) MUST_CHECK;

#endif
