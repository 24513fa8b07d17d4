/*
 * alabel.h - the domains in a head as A-labels, for a server that knows no SMTPUTF8: RFC 5890 2.3.2.1, RFC 6531 3.2.
 *
 * An address whose domain alone is not ASCII needs no SMTPUTF8 in the envelope, and its field should not need it either.
 * Changes nothing else: a local part, a name or a text that is not ASCII stays, and so does a field that cannot be read.
 */
#ifndef MAIL_ALABEL_H
#define MAIL_ALABEL_H

#include "mail/message.h"

/* Rewrites the head where it has such addresses, and counts the facts again. */
bool message_ascii_domains(struct message *m, struct err *e) MUST_CHECK;

#endif
