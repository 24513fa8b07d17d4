/*
 * submit.h - one message from stdin to the smarthost: the twelve steps of src/README in order.
 *
 * Each function returns the exit status, after all output and errors were printed.
 */
#ifndef MODES_SUBMIT_H
#define MODES_SUBMIT_H

#include "config/opts.h"

int submit(const struct options *o, bool had_stdin);

/* -bv: prints what submit() would do with each recipient; asks no server.  If an alias refuses a recipient, the exit status is
 * that of the refusal, as in submit(). */
int submit_verify(const struct options *o, bool had_stdin);

/* --dump-config: loads the configuration, chooses the account as submit() would, and prints it. */
int submit_dump_config(const struct options *o);

#endif
