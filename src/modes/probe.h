/*
 * probe.h - looks at the ports of a server that did not work, for --check: does it answer there, and in clear text or with TLS
 * from the start?
 *
 * It connects to that server only, to the port that is configured and to the usual ones; a server of this machine at an unusual
 * port has no others.  It says EHLO and QUIT there, never logs in, and waits five seconds for each answer at most.
 */
#ifndef MODES_PROBE_H
#define MODES_PROBE_H

#include "deliver/smarthost.h"

/* After smarthost_connect() has failed with *e: looks at each server that was tried, if that may tell more, up to the first port
 * that can be used with TLS.  Prints a line for each port.  *e gets the hint to use the port that was found. */
void probe_server(struct smarthost *h, struct err *e);

/* The usual ports other than this one, in the order in which they are looked at; 0: no more.  Exported for
 * tests. */
unsigned probe_port(unsigned configured, size_t i);

#endif
