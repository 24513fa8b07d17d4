/*
 * etrn.h - --etrn: asks the server to deliver the mail that it holds for a node, a domain or a queue, RFC 1985.
 *
 * Reads no message and sends none.  The server's answer goes to standard output.
 */
#ifndef MODES_ETRN_H
#define MODES_ETRN_H

#include "config/opts.h"

/* Returns the exit status, after all output and errors were printed. */
int etrn(const struct options *o);

#endif
