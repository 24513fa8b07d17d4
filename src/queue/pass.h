/*
 * pass.h - one flush of a queue, with the rights of the user who owns it.
 *
 * What an entry says must not be done with more rights than those of the user who could have written it: which configuration is
 * read, and which program says the password.  So if we are root and the queue is another user's, a child process becomes that
 * user for good and does the work.  It reports by a pipe what came of it.
 */
#ifndef QUEUE_PASS_H
#define QUEUE_PASS_H

#include "queue/due.h"

/* Does flush_run() of f->s.  Afterwards only the numbers in *f count.  A stop signal is passed on to the child. */
bool pass_run(struct flush *f, struct err *e) MUST_CHECK;

#endif
