/*
 * datetime.h - parses and writes spans of time ("90", "2h") and dates (RFC 3339 5.6).
 *
 * No function reads the clock or the time zone of this machine.
 */
#ifndef BASE_DATETIME_H
#define BASE_DATETIME_H

#include "base/buf.h"

/* True if all of it is a number of seconds, or a number with s, m, h or d after it; `max` seconds at most. */
bool datetime_span(const char *text, size_t len, uint64_t max, uint64_t *seconds) MUST_CHECK;

/* Puts it in the largest unit in which it is a whole number: "2h". */
bool datetime_put_span(struct buf *to, uint64_t seconds, struct err *e) MUST_CHECK;

enum { DATETIME_ROOM = 32 }; /* room for a date */

/* True if all of it is a date and time with its zone, "2026-12-24T08:00:00Z" or "...+01:00", from 1970 to 9999.  Users may
 * leave out the seconds and write a blank in place of the T.  A fraction of a second is dropped.  *at: seconds since
 * 1970-01-01T00:00:00Z. */
bool datetime_parse(const char *text, size_t len, int64_t *at) MUST_CHECK;

/* In UTC.  `at`: as datetime_parse() gives it. */
void datetime_show(int64_t at, char to[DATETIME_ROOM]);

#endif
