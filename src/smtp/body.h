/*
 * body.h - writes the text of a message between its command and its answer: RFC 5321 4.5.2, 4.5.3.2.5, RFC 3030 2.
 *
 * The text goes through mail/filter, the last check before the wire.  If it is not as announced, if a stop signal comes, or if
 * the server answers too early, the text is broken off before its end, and the chat is broken: the server has no message.
 */
#ifndef SMTP_BODY_H
#define SMTP_BODY_H

#include "mime/rendition.h"
#include "smtp/chat.h"

/* Writes the text.  `v`: the verb that it belongs to; the caller expects its answer afterwards.  `dots`: DATA, so dots are
 * doubled and the dot that ends it is written; otherwise BDAT, whose octets are r->facts.bytes.  `eight_bit`: MAIL has announced
 * octets over 127. */
bool body_put(struct chat *c, const struct verb *v, const struct rendition *r, bool dots, bool eight_bit,
	      struct err *e) MUST_CHECK;

#endif
