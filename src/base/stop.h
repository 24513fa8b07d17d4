/*
 * stop.h - signals that ask us to stop: the handler only sets a flag.
 *
 * After SIGTERM, SIGINT or SIGHUP every wait ends at once (EINTR) and stop_asked() is true: a
 * message that is being read or sent is broken off, and never gets a final dot.  SIGPIPE and
 * SIGXFSZ are ignored, so that they become errors of write(2).  SIGCHLD is set to its default.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/err.h"

void stop_catch(void);
int  stop_asked(void); /* the signal's number, or 0 */

/* FATE_TEMP with sys EINTR, "stopped by signal 15"; exit status EX_TEMPFAIL at every stage. */
bool stop_fail(struct err *e, enum stage st);

/* poll(2) that cannot miss a signal that came just before it (ppoll with the signals blocked
 * otherwise); -1 with errno EINTR when stop_asked() or another signal came. */
struct pollfd;
int stop_poll(struct pollfd *fds, unsigned long n, int timeout_ms);

#endif
