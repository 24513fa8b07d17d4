/*
 * signals.h - signals that ask us to stop: the handler only sets a flag.
 *
 * After SIGTERM, SIGINT or SIGHUP every wait of base/descriptor ends at once (EINTR), and signals_stopping() is not 0.  The
 * caller then stops reading or sending the message, and the server never gets the final dot.  SIGPIPE and SIGXFSZ are
 * ignored: write(2) fails instead.  SIGCHLD is set to its default, since waitpid(2) needs it.
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include "base/err.h"

void signals_catch(void);
int  signals_stopping(void); /* the signal's number, or 0 */

/* FATE_TEMP with sys EINTR, "stopped by signal 15"; the exit status is EX_TEMPFAIL at every stage. */
bool signals_fail(struct err *e, enum stage st);

/* Until signals_let() the signals wait: they end nothing, and signals_stopping() stays as it is.  For a piece of work that must
 * not be left half done, and is short. */
void signals_hold(void);
void signals_let(void); /* may be called without the other */

/* For base/descriptor: poll(2), but a signal that comes just before it ends the wait, too: the signals are blocked except
 * within ppoll(2).  -1 with errno EINTR if signals_stopping() is not 0 or another signal came. */
struct pollfd;
int signals_poll(struct pollfd *fds, unsigned long n, int timeout_ms);

#endif
