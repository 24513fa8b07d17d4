/*
 * rendition.h - the form of a message that one server gets: RFC 2045 6, RFC 6152 3, RFC 6531 3.2.
 *
 * It is made from the original and the extensions of that server, and freed with the session.  The original is never changed
 * here, so another host or connection begins with the original again.
 */
#ifndef MIME_RENDITION_H
#define MIME_RENDITION_H

#include "mail/ascii.h"
#include "mail/message.h"
#include "mime/transcode.h"

struct rendition { /* zeroed: there is none */
	const struct message *m;    /* borrowed: the original */
	struct buf            head; /* owned: the head for this server; bytes NULL: the original's head */
	struct transcode     *body; /* owned; NULL: the body is sent unchanged */
	struct facts          facts; /* of the text that will be sent */
	struct ascii          ascii; /* how the head was encoded */
};

/* Frees an earlier rendition and begins one.  Headers become ASCII (mail/ascii.h).  If the message may be sent to no server as it
 * is (facts_unfit(), which is rare), its parts are encoded.
 *
 * `no_utf8`: why MAIL does not say SMTPUTF8 ("smtputf8 is off"), for the error if the header needs it; NULL: MAIL says it, and
 * UTF-8 may stay.  ST_INPUT PERM if it is not possible or would break a signature. */
bool rendition_begin(struct rendition *r, const struct message *m, const char *no_utf8, struct err *e) MUST_CHECK;

/* For a server without 8BITMIME: parts with 8-bit text become quoted-printable (text) or base64, and are labelled so. */
bool rendition_7bit(struct rendition *r, struct err *e) MUST_CHECK;

/* Gives `sink` the head, the empty line and the body.  Every call gives the same octets. */
bool rendition_put(const struct rendition *r, message_sink sink, void *to, struct err *e) MUST_CHECK;

void rendition_free(struct rendition *r); /* leaves it zeroed */

#endif
