/*
 * recode.h - a body that the wire cannot carry, made one that it can: RFC 2045 6, RFC 6152 3.
 */
#ifndef MAIL_RECODE_H
#define MAIL_RECODE_H

#include "mail/message.h"

/* Bare CR, NUL, or a line over 998 octets: no server can be given this body (RFC 5321 2.3.8, 4.5.3.1.6). */
bool recode_needed(const struct facts *f);
const char *recode_why(const struct facts *f); /* what is wrong with it, for a sentence */

/* From now on message_piece() gives the body as quoted-printable, and the head says so.  A single part of
 * text only: else ST_INPUT PERM, whose sentence has `why` ("the server does not take 8-bit text"). */
bool message_recode(struct message *m, const char *why, struct err *e) MUST_CHECK;

#endif
