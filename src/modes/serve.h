/*
 * serve.h - -bs: an SMTP server on standard input and output, see server/dialogue.h.
 */
#ifndef MODES_SERVE_H
#define MODES_SERVE_H

#include "config/opts.h"

/* Returns the exit status, after all errors were printed.  After QUIT, or if the caller leaves between two messages, it is 0,
 * whatever became of the messages, since the caller was told.  Else it says why the dialogue ended. */
int serve(const struct options *o, bool had_stdin);

#endif
