/*
 * hints.h - what a user can do about an error: a table of what servers answer, and the circumstances that tell which advice is
 * true.
 *
 * A row counts only if its circumstances are those of this session: after a login nobody is told to log in.  A hint that the
 * function which failed has given stays.  Prints nothing.
 */
#ifndef DELIVER_HINTS_H
#define DELIVER_HINTS_H

#include "deliver/sender.h"
#include "deliver/smarthost.h"

enum circumstance { /* bits; without a session none is set */
	IS_LOGGED_IN = 1 << 0,
	IS_ANONYMOUS = 1 << 1, /* without a login */
	IS_CLEAR     = 1 << 2, /* TLS is off in the settings */
	IS_PORT_25   = 1 << 3,
	IS_LMTP      = 1 << 4,
	IS_TOKEN     = 1 << 5, /* the secret is the access token of a login */
};

struct circumstances { /* zeroed: nothing is known */
	const char *host;        /* borrowed, as are the next two; NULL: no server was reached */
	const char *login;       /* of postern-oauth2; NULL: none */
	const char *sender;      /* of the envelope; NULL: none */
	enum sender_origin origin;
	unsigned    facts;       /* enum circumstance */
};

/* `to` may be ready for no account, and `x` may be empty. */
struct circumstances circumstances_of(const struct sender *who, const struct smarthost *to, const struct submission *x);

/* Gives the error the hint of the first row that matches, unless it has a hint. */
void hint_add(struct err *e, const struct circumstances *c);

#endif
