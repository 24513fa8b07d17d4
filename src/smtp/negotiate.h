/*
 * negotiate.h - compares what was asked for with what this server offers: RFC 1870 7 (the size counted as in 5), 6152 3,
 * 6531 3.1, 3461 4, 8689 2 and 4.2.1, 2852 4, 4865 4.1, 6710 4.3.
 *
 * The rendition that is sent is made here, in every mode.  submit knows the message before MAIL and calls negotiate() once.
 * -bs calls negotiate_envelope() when MAIL comes, and negotiate_message() when the message is there.
 */
#ifndef SMTP_NEGOTIATE_H
#define SMTP_NEGOTIATE_H

#include "mail/envelope.h"
#include "mime/rendition.h"
#include "smtp/esmtp.h"
#include "smtp/session.h"

/* Before MAIL: does the server offer the extensions that the wishes need, and enough of them?  Some servers offer more after
 * AUTH: if one is missing after a login, EHLO is said once more.  An extension that is not offered is ST_EHLO PERM, a limit of
 * the server that is too small is ST_INPUT PERM, and a certificate that no chain verifies is ST_TLS PERM.  If a wish may be
 * left out (RFC 6710 4.3, enum wish_in_bounce), it is, with a note in the trace and in n->left_out. */
bool negotiate_envelope(struct session *s, struct needs *n, struct err *e) MUST_CHECK;

/* Does negotiate_envelope() need to ask nothing of the server? */
bool negotiate_knows(const struct session *s, const struct needs *n);

/* Makes *r, the message for this server, with regard to size, 8-bit text, SMTPUTF8 and DSN.  `said`: MAIL was sent, so
 * n->utf8 and n->eight_bit stay as MAIL announced them; else *n is made anew from the facts of *r.  If the server cannot take the
 * message, that is ST_INPUT PERM; if dsn_require is on and DSN is not offered, ST_EHLO PERM. */
bool negotiate_message(const struct session *s, const struct envelope *v, const struct message *m, bool said,
		       struct needs *n, struct rendition *r, struct err *e) MUST_CHECK;

/* Both in one, when the message is known before MAIL.  Recipients whose local part would need an SMTPUTF8 that cannot be used are
 * barred, if there are others and require_all_recipients is off. */
bool negotiate(struct session *s, struct envelope *v, const struct message *m, const struct wishes *w,
	       struct needs *n, struct rendition *r, struct err *e) MUST_CHECK;

#endif
