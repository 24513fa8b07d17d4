/*
 * wishes.h - what a user can ask of a server beyond the delivery of the message: RFC 3461, 6531, 8689, 2852, 4865, 6710.
 *
 * Parsed once, and kept as what they mean.  wishes.c has one row for each: the EHLO word, the key, when it is wanted, when
 * the server grants it, and the parameter of MAIL that says it.
 */
#ifndef SMTP_WISHES_H
#define SMTP_WISHES_H

#include "mail/dsn.h"
#include "smtp/ehlo.h"
#include "smtp/session.h"

enum {
	DELIVER_BY_MAX = 999999999, /* seconds, either way: RFC 2852 4 */
	HOLD_MAX = 999999999,       /* seconds, RFC 4865 3 */
	PRIORITY_MIN = -9, PRIORITY_MAX = 9, /* RFC 6710 7 */
};

enum utf8_use { UTF8_AUTO, UTF8_ON, UTF8_OFF };

struct deliver_by { /* RFC 2852 4 */
	bool    wanted;
	int64_t seconds; /* from now; below 0 it is late already */
	bool    back;    /* then return it (R), else tell the sender and go on (N) */
	bool    trace;   /* tell the sender of servers that cannot promise it (T) */
};

struct wishes { /* zeroed: none */
	bool              require_all_recipients;
	unsigned          notify;      /* enum dsn_notify, for recipients that have none of their own */
	enum dsn_return   ret;         /* for envelopes that have none of their own */
	bool              dsn_require; /* no DSN offered is a failure */
	enum utf8_use     utf8;        /* ask for SMTPUTF8 where the message needs it, always, never */
	struct deliver_by by;
	unsigned          hold_for;    /* seconds that the server keeps the message for; 0: none */
	int64_t           hold_until;  /* seconds since 1970; 0: not held */
	struct number     priority;
	bool              require_tls; /* the message never travels unprotected */
};

/* "TIME[,return|notify][,trace]", with a TIME as when_span() reads it, perhaps with a minus sign; false: it is none,
 * or what is to be returned has no time. */
bool wishes_parse_by(const char *text, struct deliver_by *by) MUST_CHECK;
bool wishes_put_by(struct buf *to, const struct deliver_by *by, struct err *e) MUST_CHECK; /* the same text */

struct wish {
	enum ext    ext;
	const char *word, *key; /* of the server's EHLO, and of the user's settings */
	bool (*wanted)(const struct wishes *w);
	bool (*granted)(const struct session *s, const struct wishes *w, struct err *e); /* NULL: to offer it is enough */
	struct esc  esc;        /* of the failure that it is not offered */
	bool        may_drop;   /* the message goes without */
	const char *keyword;    /* of MAIL's parameter; NULL: params.c puts it, since the message may need it, too */
	bool (*value)(struct buf *to, const struct wishes *w, struct err *e); /* NULL: it takes none */
};

/* In the order in which they are looked at; NULL past the end. */
const struct wish *wishes_row(size_t i);

#endif
