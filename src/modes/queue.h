/*
 * queue.h - the modes that look at the queue, send from it, and change it.
 *
 * Each function returns the exit status, after all output and errors were printed.
 */
#ifndef MODES_QUEUE_H
#define MODES_QUEUE_H

#include "config/opts.h"

/* -q, runq: sends what is due; with an interval, again and again until a signal comes.  0: nothing that was due remains; 75: it
 * does; 78: a person must look at something, for the reason that the log has. */
int queue_run(const struct options *o);

/* -bp, mailq: what waits, in the words that monitoring programs know from Postfix. */
int queue_list(const struct options *o);

/* --queue-show ID; --queue-remove, --queue-hold, --queue-release and --queue-retry ID or ALL. */
int queue_show(const struct options *o);
int queue_remove(const struct options *o);
int queue_hold(const struct options *o);
int queue_release(const struct options *o);
int queue_retry(const struct options *o);

#endif
