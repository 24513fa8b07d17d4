/*
 * negotiate.h - what this server offers against what was asked for: RFC 1870 6.2, 6152 3, 6531 3.1, 3461 4, 8689 2, 2852 4,
 * 4865 3, 6710 4.3.
 *
 * The one way from an original to what a server is given, for every mode.  Submission knows the message before MAIL and asks
 * once; -bs asks for the envelope when MAIL comes and for the message when it is there.
 */
#ifndef SMTP_NEGOTIATE_H
#define SMTP_NEGOTIATE_H

#include "mail/envelope.h"
#include "mime/rendition.h"
#include "smtp/params.h"
#include "smtp/session.h"

/* Before MAIL: are the extensions offered that were asked for, and to the extent asked for?  Some servers tell more after
 * AUTH: where something is missing, EHLO is said once more.  ST_EHLO PERM where it is not offered, ST_INPUT PERM where it is
 * not enough; what may be left out (RFC 6710 4.3) is, with a note in the trace. */
bool negotiate_envelope(struct session *s, const struct needs *n, struct err *e) MUST_CHECK;

/* The message for this server, in *r: size, 8-bit text, SMTPUTF8, DSN.  `said`: MAIL is out, and what it said of SMTPUTF8 (n)
 * holds; else *n is counted anew for what *r has become.  ST_INPUT PERM when the message cannot be carried, ST_EHLO PERM
 * when something that was required is not offered. */
bool negotiate_message(const struct session *s, const struct envelope *v, const struct message *m, bool said,
		       struct needs *n, struct rendition *r, struct err *e) MUST_CHECK;

/* Both, for a message that is there. */
bool negotiate(struct session *s, const struct envelope *v, const struct message *m, const struct wishes *w,
	       struct needs *n, struct rendition *r, struct err *e) MUST_CHECK;

#endif
