/*
 * tell.h - lines for a person: on standard error what must be seen while they log in, on standard output what was asked for.
 *
 * Control characters are made printable, since some of the text is a provider's.  A line is never cut: it may be a URL.
 */
#ifndef OAUTH2_TELL_H
#define OAUTH2_TELL_H

#include "base/base.h"

/* One line; the line end is added. */
void tell(const char *fmt, ...) PRINTF(1, 2);
void tell_out(const char *fmt, ...) PRINTF(1, 2); /* on standard output: what list and status were asked for */

#endif
