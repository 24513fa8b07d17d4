/*
 * check.h - --check: tries the settings of an account step by step, and says what it finds.
 *
 * Goes the way of a message up to the login, and with an address up to RCPT.  It then says RSET: no message is ever sent.  The
 * modules that take the steps tell them themselves (base/steps.h).  After a failure it looks at the ports of the same server
 * (probe.h).
 */
#ifndef MODES_CHECK_H
#define MODES_CHECK_H

#include "config/opts.h"

/* Returns the exit status that a message would have, after all output and errors were printed. */
int check(const struct options *o);

#endif
