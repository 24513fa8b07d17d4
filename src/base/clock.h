/*
 * clock.h - monotonic time and deadlines.
 *
 * A deadline is a value of clock_ms(); CLOCK_NEVER means that there is none.  A wait that is split into many short ones
 * keeps one deadline, so that a peer that sends a byte each second does not make it longer.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/base.h"

#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);

/* The time that something may take, `longest` seconds, or less if the user has set a shorter limit (0: none). */
static inline unsigned clock_limit(unsigned limit, unsigned longest)
{
	return limit > 0 && limit < longest ? limit : longest;
}

int64_t clock_in_s(unsigned seconds);                   /* the deadline `seconds` from now */
int64_t clock_sooner(int64_t a, int64_t b);
int     clock_left_ms(int64_t deadline);                /* for poll(2); 0: it has passed, -1: CLOCK_NEVER */
bool    clock_passed(int64_t deadline);

#endif
