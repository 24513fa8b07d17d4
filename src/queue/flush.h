/*
 * flush.h - sends what waits in the queue and is due.
 *
 * The entries of one account go over one connection, whatever each asks of the server.  If the account or its smarthost fails,
 * that costs one attempt, and the other entries of the account wait as if they had been tried.  An entry that fails on its own
 * does not hold the others up: queue/due puts those with the fewest tries first.  What becomes of an entry after its try is
 * queue/settle's.
 *
 * Where the server allows it, each message takes one turn-around: the next entry's MAIL and RCPT go with the end of the
 * present one (smtp/transfer).  If the session ends then, the next entry was not tried.
 *
 * Two flushes at once never send an entry twice, since each locks an entry before it reads it, and until it is settled.
 */
#ifndef QUEUE_FLUSH_H
#define QUEUE_FLUSH_H

#include "queue/due.h"

/* One pass over all entries that are due.  False: the queue itself could not be read, or memory ran out.  A stop signal ends
 * it after the present entry. */
bool flush_run(struct flush *f, struct err *e) MUST_CHECK;

#endif
