/*
 * gate.h - the last check before the wire: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3.
 *
 * Every address and every parameter value of MAIL and RCPT, and the name in EHLO, passes here in the form in which it is
 * sent, wherever it came from.  Nothing is converted behind the gate, and the gate believes no earlier check.
 * Pure: judges bytes, changes nothing.
 */
#ifndef SMTP_GATE_H
#define SMTP_GATE_H

#include "base/buf.h"

/* What keeps this from being a Mailbox, as the end of a sentence ("it has no domain"); NULL: it is one.  One liberty is taken:
 * an underscore may stand in a label, since hosts in containers and some real domains have it.  `utf8`: MAIL has said
 * SMTPUTF8, so octets over 127 may stand in it as UTF-8. */
const char *gate_complaint(const char *address, bool utf8);

/* "<address>"; the null sender "" and, for a recipient, "postmaster" pass, too.  Errors: ST_INPUT PERM. */
bool gate_put_sender(struct buf *to, const char *address, bool utf8, struct err *e) MUST_CHECK;
bool gate_put_recipient(struct buf *to, const char *address, bool utf8, struct err *e) MUST_CHECK;

/* " KEYWORD=value", or " KEYWORD" where value is NULL.  Errors: ST_INPUT PERM. */
bool gate_put_param(struct buf *to, const char *keyword, const char *value, bool utf8, struct err *e) MUST_CHECK;

/* A domain (ASCII) or an address literal: what EHLO may name. */
bool gate_is_domain(const char *name);

#endif
