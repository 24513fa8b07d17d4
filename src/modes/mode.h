/*
 * mode.h - the frame of the modes: what their steps work with, how they are run, and how they end.
 *
 * Knows no mode.  A mode is a function of steps, and perhaps one of its own for the end.
 */
#ifndef MODES_MODE_H
#define MODES_MODE_H

#include "config/opts.h"
#include "deliver/deliver.h"
#include "queue/spool.h"

struct work {
	const struct options *o; /* borrowed */
	bool                  had_stdin;
	struct sender         who;
	struct smarthost      to;
	struct submission     x;
	bool                  complete; /* the message and its envelope are as they will be sent */
	int                   status;  /* of -q */
	char                  kept[SPOOL_ID]; /* the message's name in the queue; "": it is not there */
};

/* Runs the steps, checks that standard output took what they printed, and concludes.  `conclude` NULL: mode_conclude().  Returns
 * the exit status, after all output and errors were printed. */
int mode_run(const struct options *o, bool had_stdin, bool (*steps)(struct work *w, struct err *e),
	     int (*conclude)(struct work *w, bool ok, struct err *e));

/* Did standard output take what was printed so far?  mode_run() calls it. */
bool mode_printed(struct err *e) MUST_CHECK;

/* Prints the error, if there is one, and returns the exit status. */
int mode_conclude(struct work *w, bool ok, struct err *e);

#endif
