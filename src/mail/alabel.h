/*
 * alabel.h - the domains in a head as A-labels, for a server that knows no SMTPUTF8: RFC 5890 2.3.2.1, RFC 6531 3.2.
 *
 * An address whose domain alone is not ASCII needs no SMTPUTF8 in the envelope, and its field should not need it either.
 * Changes nothing else: a local part, a name or a text that is not ASCII stays, and so does a field that cannot be read.
 */
#ifndef MAIL_ALABEL_H
#define MAIL_ALABEL_H

#include "base/buf.h"

/* Appends the head with such addresses converted, and its lines folded. */
bool alabel_head(struct buf *to, const struct buf *head, struct err *e) MUST_CHECK;

#endif
