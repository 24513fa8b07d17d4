/*
 * recode.h - a body that the wire cannot carry, made one that it can: RFC 2045 6, RFC 6152 3.
 */
#ifndef MAIL_RECODE_H
#define MAIL_RECODE_H

#include "mail/message.h"

enum recode {
	RECODE_LINES, /* what no server takes: facts_unfit() */
	RECODE_8BIT,  /* and what only servers with 8BITMIME take */
};

const char *recode_why(const struct facts *f); /* what is unfit, for a sentence */

/* From now on message_piece() gives the parts that need it as quoted-printable (text) or base64, and the head says so.
 * Where that cannot be, or would break a signature: ST_INPUT PERM, whose sentence has `why` ("the server does not
 * take 8-bit text").  RECODE_8BIT may follow RECODE_LINES. */
bool message_recode(struct message *m, enum recode what, const char *why, struct err *e) MUST_CHECK;

#endif
