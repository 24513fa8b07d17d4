/*
 * pass.h - one flush of each queue, with the rights of the queue's owner.
 *
 * What an entry says must not be done with more rights than those of the user who could have written it: which configuration is
 * read, and which program says the password.  So if we are root and the queue is another user's, a child process becomes that
 * user for good and does the work.  It has that user's environment, no terminal, and no descriptor of ours; what it prints comes
 * by a pipe, and is printed without control characters.  Another pipe says what came of it.
 *
 * The queues of all users are flushed at the same time, so that none waits for another's.  A child has an hour; then it is asked
 * to stop, after which the rest of its queue waits for the next flush.  Its owner can stop it by a signal; then it is killed.
 */
#ifndef QUEUE_PASS_H
#define QUEUE_PASS_H

#include "queue/due.h"

struct pass; /* the work of a child */

struct passes { /* zeroed: none yet */
	struct flush sum; /* only its numbers count */
	struct pass *children; /* owned array */
	size_t       n;
};

/* Does flush_run() of f->s, or begins it in a child. */
bool pass_run(struct passes *all, struct flush *f, struct err *e) MUST_CHECK;

/* Waits for the children, and frees the array.  A stop signal is passed on to them.  `ok`: no pass has failed so far, else *e
 * says why and stays.  Returns whether all passes went well. */
bool pass_end(struct passes *all, bool ok, struct err *e) MUST_CHECK;

#endif
