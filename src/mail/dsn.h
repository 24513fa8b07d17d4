/*
 * dsn.h - the values with which a client asks for delivery status notifications: NOTIFY= (RFC 3461 4.1) and RET= (4.3).
 *
 * Converts words to bits, and back; no input or output.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "base/buf.h"

enum dsn_notify { /* or'ed; 0: no NOTIFY= is sent */
	NOTIFY_NEVER = 1 << 0, /* only alone */
	NOTIFY_SUCCESS = 1 << 1,
	NOTIFY_FAILURE = 1 << 2,
	NOTIFY_DELAY = 1 << 3,
};

enum dsn_return { RETURN_UNSAID, RETURN_FULL, RETURN_HDRS };

/* "never", or a list of success, failure and delay, separated by commas, each at most once; case is ignored. */
bool dsn_parse_notify(const char *text, unsigned *notify) MUST_CHECK;

/* Puts "success,failure"; with `capitals` as in NOTIFY=. */
bool dsn_put_notify(struct buf *to, unsigned notify, bool capitals, struct err *e) MUST_CHECK;

#endif
