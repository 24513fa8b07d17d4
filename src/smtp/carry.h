/*
 * carry.h - can this server be given this message?  Asked after EHLO and AUTH, before MAIL.
 * RFC 1870 6.2, 6152 3, 6531 3.1, 3461 4, 8689 4, 2852 4, 4865 4.
 */
#ifndef SMTP_CARRY_H
#define SMTP_CARRY_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/params.h"
#include "smtp/session.h"

/* Some servers tell more after AUTH: one more question, only where something is missing, and before MAIL. */
bool carry_ask(struct session *s, const struct needs *n, struct err *e) MUST_CHECK;

/* What the user asks of the server beyond what the message needs: is it offered, and to the extent asked for?
 * ST_EHLO PERM where it is not, ST_INPUT PERM where it is not enough; what may be left out (RFC 6710 4) is, with a note in
 * the trace. */
bool carry_wishes(const struct session *s, const struct needs *n, struct err *e) MUST_CHECK;

/* Compares what the server offers with envelope and facts: size, 8-bit text, SMTPUTF8, DSN.  May recode the body, and put the
 * domains of the head into A-labels.  ST_INPUT PERM when the message cannot be carried as it is, ST_EHLO PERM when
 * something that was required is not offered. */
bool carry_check(struct session *s, const struct envelope *v, struct message *m, struct err *e) MUST_CHECK;

#endif
