/*
 * submit.h - one message from stdin to the smarthost: the twelve steps of src/README in order.
 *
 * The only place that knows all parts.  Returns the exit status; everything was said by then.
 */
#ifndef MODES_SUBMIT_H
#define MODES_SUBMIT_H

#include "config/opts.h"

int submit(const struct options *o, bool had_stdin);

/* -bv: what submit() would do with each recipient, on standard output; asks no server.  A recipient that an alias refuses
 * gives the status, as in submit(). */
int submit_verify(const struct options *o, bool had_stdin);

/* Loads the configuration and chooses the account as submit() would, for --dump-config. */
int submit_dump_config(const struct options *o);

#endif
