/*
 * rendition.h - what one server gets of a message: RFC 2045 6, RFC 6152 3, RFC 6531 3.2.
 *
 * Made from the original and from what that server takes, and thrown away with the session: the next host, the next
 * connection and the queue begin with the original again, which is never changed here.
 */
#ifndef MIME_RENDITION_H
#define MIME_RENDITION_H

#include "mail/message.h"
#include "mime/transcode.h"

struct rendition { /* zeroed is none */
	const struct message *m;    /* borrowed: the original */
	struct buf            head; /* owned: this server's head; bytes NULL: the original's */
	struct transcode     *body; /* owned; NULL: the body goes as it came */
	struct facts          facts; /* of what will be sent */
};

/* For any server at all: what no server takes (facts_unfit()) is encoded; mostly that is nothing.  Where that cannot be, or
 * would break a signature: ST_INPUT PERM.  The rendition that was there is freed. */
bool rendition_begin(struct rendition *r, const struct message *m, struct err *e) MUST_CHECK;

/* For a server without SMTPUTF8: the domains in the head as A-labels. */
bool rendition_ascii_domains(struct rendition *r, struct err *e) MUST_CHECK;

/* For a server without 8BITMIME: parts with 8-bit text become quoted-printable (text) or base64, and say so. */
bool rendition_7bit(struct rendition *r, struct err *e) MUST_CHECK;

/* Head, empty line and body, as often as wanted, and each time the same. */
bool rendition_put(const struct rendition *r, message_sink take, void *to, struct err *e) MUST_CHECK;

const struct buf *rendition_head(const struct rendition *r);

void rendition_free(struct rendition *r); /* leaves it zeroed */

#endif
