/*
 * dsn.h - delivery status notifications, as a client asks for them: when to be told, and how much comes back.  RFC 3461 4.1, 4.3.
 *
 * Pure: words in, bits out, and back.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "base/buf.h"

enum dsn_notify { /* or'ed; 0: nothing is said */
	NOTIFY_NEVER = 1 << 0, /* alone */
	NOTIFY_SUCCESS = 1 << 1,
	NOTIFY_FAILURE = 1 << 2,
	NOTIFY_DELAY = 1 << 3,
};

enum dsn_return { RETURN_UNSAID, RETURN_FULL, RETURN_HDRS };

/* "never", or a list of success, failure and delay with commas, each once; without case. */
bool dsn_parse_notify(const char *text, unsigned *notify) MUST_CHECK;

/* "success,failure", or in capitals as NOTIFY= has it. */
bool dsn_put_notify(struct buf *to, unsigned notify, bool capitals, struct err *e) MUST_CHECK;

#endif
