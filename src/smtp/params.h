/*
 * params.h - the parameters of MAIL and RCPT that a message or its envelope needs, one row each, and those that the wishes
 * ask for (wishes.h).  RFC 1870, 6152, 6531, 3461.
 */
#ifndef SMTP_PARAMS_H
#define SMTP_PARAMS_H

#include "mail/envelope.h"
#include "mail/lines.h"
#include "smtp/ehlo.h"
#include "smtp/wishes.h"

struct needs { /* what this message asks of a server */
	const struct wishes         *w;
	const struct envelope       *v;
	uint64_t                     size;      /* bytes, as RFC 1870 5 counts; 0: not known yet */
	bool                         not_ascii; /* an address or the head */
	bool                         utf8;      /* SMTPUTF8 is asked for: because of that, or by the user */
	bool                         eight_bit;
	bool                         dsn;       /* somebody wants to be told, or not to be told */
};

void params_needs(struct needs *n, const struct wishes *w, const struct envelope *v, const struct facts *f);

/* "<sender> SIZE=1234 BODY=8BITMIME ...": what follows "MAIL FROM:", each parameter only where it is needed and was offered;
 * and what follows "RCPT TO:".  An address is given as this session can say it, and all of it has passed the gate.  An
 * address or a value that cannot be sent is ST_INPUT PERM. */
bool params_mail(struct buf *to, const struct caps *caps, const struct needs *n, struct err *e) MUST_CHECK;
bool params_rcpt(struct buf *to, const struct caps *caps, const struct needs *n, const struct rcpt *r,
		 struct err *e) MUST_CHECK;

#endif
