/*
 * flush.h - sends what waits in the queue and is due.
 *
 * The entries of one account go over one connection.  If the account or its smarthost fails, that costs one attempt, and the
 * other entries of the account wait as if they had been tried.  An entry that fails on its own does not hold the others up:
 * those with the fewest tries come first.  The wait between tries doubles, with a random part, so that many entries do not
 * come due at once.
 *
 * An entry ends when nobody needs its message any more, or when a try has failed after its lifetime.  Recipients that are then
 * without the message are reported to the sender (queue/bounce); if nobody can be told, the entry moves to `dead`.
 *
 * Two flushes at once never send an entry twice, since each locks an entry before it reads it.
 */
#ifndef QUEUE_FLUSH_H
#define QUEUE_FLUSH_H

#include "config/opts.h"
#include "queue/held.h"

struct flush {
	const struct queue_choice *choice; /* borrowed: these are tried even if they are not due */
	struct spool         *s;   /* borrowed */
	size_t                sent, waiting, ended; /* entries */
	bool                  person; /* a try failed for a reason that a person must look at, or a file is no entry */
	bool                  late;   /* something that was due remains */
};

/* One pass over all entries that are due.  False: the queue itself could not be read, or memory ran out.  A stop signal ends
 * it after the present entry. */
bool flush_run(struct flush *f, struct err *e) MUST_CHECK;

/* Is something due?  Looks at the hundred oldest entries only. */
bool flush_is_due(struct spool *s);

#endif
