/*
 * dialogue.h - -bs: an SMTP server on standard input and output (RFC 5321), for callers that can send mail only by SMTP.
 *
 * The answers are the smarthost's.  postern connects when the first MAIL comes, passes each MAIL, RCPT and message on at once,
 * and passes the reply back: so the caller gets the smarthost's answer for each recipient.  What the caller sends in one flight
 * is passed on in one flight.  Later messages use the same connection.  As in submit(), missing fields are added, addresses are
 * qualified, and 8-bit text is converted if the smarthost needs that.  Owns the order of commands; server/command has their
 * syntax, server/caller reads and writes, server/relay speaks to the smarthost.
 */
#ifndef SERVER_DIALOGUE_H
#define SERVER_DIALOGUE_H

#include "deliver/sender.h"
#include "deliver/smarthost.h"
#include "server/service.h"

/* Speaks with a caller at two descriptors, which stay open, to the end.  `who` has its configuration.  `service` (NULL: none) has
 * the limits of the dialogue.  If there is an error in `why_not` (NULL: none), the dialogue does not begin, and that error is
 * said in place of the greeting (RFC 5321 3.1).  True: the caller said QUIT or left between two messages.  That is so whatever
 * became of the messages, since the caller was told.  False: the dialogue ended early. */
bool dialogue(struct sender *who, struct smarthost *to, const struct service *service, int in, int out,
	      const struct err *why_not, struct err *e) MUST_CHECK;

#endif
