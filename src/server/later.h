/*
 * later.h - -bs where the queue is on: what the smarthost does not take now is kept, and the caller hears that it was accepted.
 *
 * A job without a smarthost is `away`: nothing is said for it, its recipients are accepted if they can be read, and the message
 * is kept for all of them.  Else the message is kept for the recipients that the smarthost refused for now.  A reply that accepts
 * a message comes after it was kept durably.
 */
#ifndef SERVER_LATER_H
#define SERVER_LATER_H

#include "server/job.h"

/* May the message of this job be kept after this failure? */
bool later_may(const struct sender *who, const struct err *why);

/* The job goes on without a smarthost, for this reason; its transaction has ended. */
void later_begin(struct job *j, const struct err *why);

/* The reply to MAIL or RCPT that accepts it for later. */
void later_answer(struct reply *to, bool mail);

/* Keeps the message for all that may still get it.  j->told then tells the caller so. */
bool later_keep(struct job *j, struct sender *who, const struct err *why, struct err *e) MUST_CHECK;

#endif
