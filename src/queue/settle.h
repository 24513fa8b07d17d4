/*
 * settle.h - what becomes of an entry after a try: it is removed, it waits for the next try, or it moves to `dead`.
 *
 * An entry ends when nobody needs its message any more, or when a try has failed after its lifetime.  Recipients that are then
 * without the message are reported to the sender (queue/bounce); if nobody can be told, the entry moves to `dead`.  The wait
 * between tries doubles, with a random part, so that many entries do not come due at once.
 *
 * Sends nothing.
 */
#ifndef QUEUE_SETTLE_H
#define QUEUE_SETTLE_H

#include "config/account.h"
#include "deliver/sender.h"
#include "queue/due.h"

struct attempt { /* an entry that is locked, while it is tried */
	struct flush        *f;   /* borrowed */
	struct sender        who; /* its account; all borrowed: */
	struct account       a;   /* with the entry's own wishes over those of the account */
	struct held          h;   /* while x has the envelope, h has none */
	struct submission    x;
	bool                 ok;    /* everybody has the message, or nobody needs it; else: */
	struct err           why;
	bool                 whole; /* `why` concerns all recipients without a result */
	bool                 barred;/* the configuration is at fault, so there was no try: the entry only waits */
};

/* Reads the message, unless it was read. */
bool attempt_load(struct attempt *t, struct err *e) MUST_CHECK;

/* Records which recipients the server has taken since the last record. */
bool attempt_record_sent(struct attempt *t, struct err *e) MUST_CHECK;

/* After the try.  False: the entry could neither be moved to `dead` nor made read-only. */
bool attempt_settle(struct attempt *t, struct err *e) MUST_CHECK;

#endif
