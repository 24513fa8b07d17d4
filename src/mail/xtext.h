/*
 * xtext.h - xtext (RFC 3461 4), and the forms of ORCPT for addresses in UTF-8 (RFC 6533 3).
 *
 * Bytes in, bytes out.  smtp/gate checks the result once more before it is sent.
 */
#ifndef MAIL_XTEXT_H
#define MAIL_XTEXT_H

#include "base/buf.h"

bool xtext_encode(struct buf *to, const char *s, struct err *e) MUST_CHECK; /* "+", "=", controls, 8-bit become +HH */
bool xtext_valid(const char *s); /* is it xtext: not empty, printable, no '=', two hex digits after every '+'? */

/* Is it xtext of printable ASCII and blanks, as the value of ENVID has to be (RFC 3461 4.4)? */
bool xtext_is_printable(const char *s);

/* What an xtext stands for.  If that is not printable ASCII, the xtext stays: what it hides must not become a line. */
bool xtext_put_decoded(struct buf *to, const char *s, struct err *e) MUST_CHECK;

/* The value of ORCPT= for an address: "rfc822;" and xtext if it is ASCII, else "utf-8;" and utf-8-addr-unitext (if the
 * transaction uses SMTPUTF8) or utf-8-addr-xtext. */
bool xtext_orcpt(struct buf *to, const char *addr, bool smtputf8, struct err *e) MUST_CHECK;

/* The value of ORCPT= that a caller of -bs gave: without SMTPUTF8, its UTF-8 becomes \x{HEX} (RFC 6533 3). */
bool xtext_put_orcpt(struct buf *to, const char *orcpt, bool smtputf8, struct err *e) MUST_CHECK;

#endif
