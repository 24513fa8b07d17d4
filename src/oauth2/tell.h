/*
 * tell.h - what a person must see while they log in, as lines on standard error; standard output stays for what was asked for.
 *
 * Control characters are made printable, since some of the text is a provider's.  A line is never cut: it may be a URL.
 */
#ifndef OAUTH2_TELL_H
#define OAUTH2_TELL_H

#include "base/base.h"

void tell(const char *fmt, ...) PRINTF(1, 2); /* one line; the line end is added */

#endif
