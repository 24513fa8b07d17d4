/*
 * when.h - spans and dates as people and protocols write them: "90", "2h"; RFC 3339 5.6.
 *
 * Pure: no clock, no time zone of this machine.
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include "base/buf.h"

/* All of it is a number of seconds, or one with s, m, h or d behind it, not over max. */
bool when_span(const char *text, size_t len, uint64_t max, uint64_t *seconds) MUST_CHECK;

/* In the largest unit that leaves no rest: "2h". */
bool when_put_span(struct buf *to, uint64_t seconds, struct err *e) MUST_CHECK;

enum { WHEN_DATE = 32 }; /* room for a date */

/* All of it is a date and time with its zone, "2026-12-24T08:00:00Z" or "...+01:00".  The seconds may be missing and
 * a blank may stand for the T, since people write that; a fraction of a second is dropped.  From 1970 to 9999.
 * *at: seconds since 1970-01-01T00:00:00Z. */
bool when_date(const char *text, size_t len, int64_t *at) MUST_CHECK;

/* In UTC.  `at`: what when_date() gives. */
void when_show_date(int64_t at, char to[WHEN_DATE]);

#endif
