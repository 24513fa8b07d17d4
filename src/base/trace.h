/*
 * trace.h - the trace of -v on stderr: the lines of a session, and remarks of ours.
 *
 * No caller gives a secret to this module.  For AUTH, smtp/chat gives it a text that differs from the text that is sent.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/base.h"

/* -v.  Level 0: no trace; 1 and more: the session.  The times in the trace count from this call. */
void trace_start(int level);
bool trace_on(void);

/* One line of the session.  `who`: 'C' (client), 'S' (server) or '*' (a remark of ours).  Text is made printable. */
void trace_line(char who, unsigned flight, const char *text, size_t len);
void trace_note(unsigned flight, const char *fmt, ...) PRINTF(2, 3);

#endif
