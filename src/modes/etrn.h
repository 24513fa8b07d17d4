/*
 * etrn.h - asks the server to deliver what it holds for a node, a domain or a queue: RFC 1985.
 *
 * Reads no message and sends none; the server's answer goes to the standard output.
 */
#ifndef MODES_ETRN_H
#define MODES_ETRN_H

#include "config/opts.h"

/* Returns the exit status; everything was said by then. */
int etrn(const struct options *o);

#endif
