/*
 * stop.h - signals that ask us to stop: the handler only sets a flag.
 *
 * After SIGTERM, SIGINT or SIGHUP every stop_poll() ends at once (EINTR), and stop_asked() is not 0.  The caller then stops
 * reading or sending the message, and the server never gets the final dot.  SIGPIPE and SIGXFSZ are ignored: write(2) fails
 * instead.  SIGCHLD is set to its default, since waitpid(2) needs it.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/err.h"

void stop_catch(void);
int  stop_asked(void); /* the signal's number, or 0 */

/* FATE_TEMP with sys EINTR, "stopped by signal 15"; the exit status is EX_TEMPFAIL at every stage. */
bool stop_fail(struct err *e, enum stage st);

/* poll(2), but a signal that comes just before it ends the wait, too: the signals are blocked except within ppoll(2).  -1 with
 * errno EINTR if stop_asked() is not 0 or another signal came. */
struct pollfd;
int stop_poll(struct pollfd *fds, unsigned long n, int timeout_ms);

#endif
