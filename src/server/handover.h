/*
 * handover.h - the message of a caller of -bs is handed to the smarthost, and what became of it.
 *
 * server/relay has said the envelope before.  What the smarthost does not take now is kept where the queue is on (server/later).
 *
 * A recipient that the caller names is accepted if one of its addresses is (server/job).  The addresses that were refused behind
 * an accepted recipient, and a refused always_bcc, are told with the outcome.  If the caller is told that nobody has the message,
 * it can send again without a duplicate.
 */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

#include "server/relay.h"

/* Fixes the head of the present message, makes the rendition for the smarthost, and sends it. */
bool handover_say(struct relay *u, struct err *e) MUST_CHECK;

/* Hears the answers, makes the report of a message that was passed on where it is due (queue/bounce), and keeps the message for
 * those that may still get it. */
bool handover_hear(struct relay *u, struct err *e) MUST_CHECK;

/* Afterwards: one answer for all recipients.  It accepts if one of them has the message, since sending again would then make a
 * duplicate; handover_missed() tells which ones do not have it.  False: the message was not sent, and *e says why. */
bool handover_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e) MUST_CHECK;

/* After handover_outcome(), if some have the message: does this recipient lack it without the caller having been told? */
bool handover_missed(const struct rcpt *r);

#endif
