/*
 * alabel.h - converts the domains in a head to A-labels, for a server without SMTPUTF8: RFC 5890 2.3.2.1, RFC 6531 3.2.
 *
 * If only the domain of an address is not ASCII, the envelope needs no SMTPUTF8, and then the header should not need it
 * either.  Nothing else changes: a local part, a name or a text that is not ASCII stays, and so does a field that cannot be
 * parsed.
 */
#ifndef MAIL_ALABEL_H
#define MAIL_ALABEL_H

#include "base/buf.h"

/* Appends the head with such addresses converted and long lines folded. */
bool alabel_head(struct buf *to, const struct buf *head, struct err *e) MUST_CHECK;

#endif
