/*
 * deliver.h - sends a submission through a smarthost: every recipient's fate is in its envelope afterwards.
 *
 * server/relay, where the caller hears each answer as it comes, uses smtp/transaction step by step instead.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "deliver/sender.h"
#include "deliver/smarthost.h"

struct deliver_next { /* which submission comes next */
	/* Called at most once for each submission, when all of it has been written and its answer is due.  NULL: the next one is
	 * not known, or is not for this smarthost.  Otherwise the caller delivers that submission next, or frees it without
	 * delivering it.  Until then it stays at its address. */
	struct submission *(*get)(void *ctx);
	void *ctx;
};

/* Connects if there is no session that can be used, and uses as many connections as the server's limits ask for.  The session
 * stays open for the next submission.  If that is known, its MAIL and RCPT share the flight of this one's end, where the server
 * allows it (`next` NULL: it is not known).  If the session breaks then, the next submission has not been tried.
 *
 * If a session that had been used before ends before it has got any text of this message, the message goes over a new one.
 *
 * False: the dialogue could not go on, or this message cannot be sent at all; recipients may have it all the same, as their
 * states tell. */
bool deliver(struct smarthost *h, struct submission *x, const struct deliver_next *next, struct err *e) MUST_CHECK;

/* Writes the line in the log; e NULL: success.  `h` may be ready for no account yet.  `kept` (NULL: none): the entry of the
 * queue in which the message is, or was. */
void deliver_log(const struct sender *who, const struct smarthost *h, const struct submission *x, const struct err *e,
		 const char *kept, int status);

#endif
