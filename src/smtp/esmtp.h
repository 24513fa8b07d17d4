/*
 * esmtp.h - the arguments of MAIL and RCPT: addresses, the parameters that a message or its envelope needs (one row each),
 * and those of the wishes (rows in wishes.c).  RFC 1870, 6152, 6531, 3461.
 */
#ifndef SMTP_ESMTP_H
#define SMTP_ESMTP_H

#include "mail/envelope.h"
#include "mail/survey.h"
#include "smtp/caps.h"
#include "smtp/wishes.h"

struct needs { /* what this message asks of a server */
	const struct wishes         *w;
	const struct envelope       *v;
	uint64_t                     size;      /* bytes, as RFC 1870 5 counts; 0: not known yet */
	bool                         not_ascii; /* the local part of an address, or the head, is not ASCII */
	bool                         utf8;      /* SMTPUTF8 is asked for: because of not_ascii, or by the user */
	bool                         eight_bit;
	bool                         dsn;       /* a parameter of DSN was asked for, by the user or by the caller */
	unsigned                     left_out;  /* enum ext of the wishes that negotiate has left out */
};

/* Has the message the null sender?  Then it is a report, and some parameters are not for it (RFC 3461 6.1, RFC 4865 5.1.1). */
static inline bool esmtp_is_bounce(const struct envelope *v) { return v->sender[0] == '\0'; }

void esmtp_needs(struct needs *n, const struct wishes *w, const struct envelope *v, const struct facts *f);

/* Append what follows "MAIL FROM:" ("<sender> SIZE=1234 BODY=8BITMIME ...") and "RCPT TO:".  A parameter is given only if it
 * is needed and was offered.  Addresses have the form that this session allows.  smtp/gate checks all of it: an address or a
 * value that cannot be sent is ST_INPUT PERM. */
bool esmtp_mail(struct buf *to, const struct caps *caps, const struct needs *n, struct err *e) MUST_CHECK;
bool esmtp_rcpt(struct buf *to, const struct caps *caps, const struct needs *n, const struct rcpt *r,
		 struct err *e) MUST_CHECK;

/* RFC 3461 5.2.2 (b): if the server takes the message for r, is the sender to be told by us, since this server will not do it? */
bool esmtp_owes_report(const struct caps *caps, const struct needs *n, const struct rcpt *r);

#endif
