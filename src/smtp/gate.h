/*
 * gate.h - the last check before the wire: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3.
 *
 * Every address and every parameter value of MAIL and RCPT, and the name in EHLO, is checked here in the form in which it is
 * sent, wherever it came from.  Nothing is converted after this check, and this check relies on no earlier one.
 * Pure: changes nothing.
 */
#ifndef SMTP_GATE_H
#define SMTP_GATE_H

#include "base/buf.h"

/* Why this is no Mailbox of RFC 5321, as the end of a sentence ("it has no domain"); NULL: it is one.  One liberty: an
 * underscore may stand in a label, since hosts in containers and some real domains have it.  `utf8`: MAIL says SMTPUTF8, so
 * the address may hold UTF-8. */
const char *gate_complaint(const char *address, bool utf8);

/* Appends "<address>".  The sender may be "" (null), the recipient may be "postmaster" without a domain.  Errors: ST_INPUT
 * PERM. */
bool gate_put_sender(struct buf *to, const char *address, bool utf8, struct err *e) MUST_CHECK;
bool gate_put_recipient(struct buf *to, const char *address, bool utf8, struct err *e) MUST_CHECK;

/* Appends " KEYWORD=value", or " KEYWORD" if value is NULL.  Errors: ST_INPUT PERM. */
bool gate_put_param(struct buf *to, const char *keyword, const char *value, bool utf8, struct err *e) MUST_CHECK;

/* Is it a domain in ASCII or an address literal?  EHLO may name these two. */
bool gate_is_domain(const char *name);

#endif
