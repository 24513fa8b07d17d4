/*
 * wishes.h - what a user can ask of a server beyond the delivery of the message: RFC 3461, 6531, 8689, 2852, 4865, 6710.
 *
 * A wish is parsed once and kept as a typed value, not as text.  wishes.c has one row for each extension: the EHLO word, the
 * key, when it is wanted, when the server grants it, and the parameter of MAIL.
 */
#ifndef SMTP_WISHES_H
#define SMTP_WISHES_H

#include "mail/dsn.h"
#include "smtp/caps.h"
#include "smtp/session.h"

enum {
	DELIVER_BY_MAX = 999999999, /* seconds, either way: RFC 2852 4 */
	HOLD_MAX = 999999999,       /* seconds, RFC 4865 3 */
	PRIORITY_MIN = -9, PRIORITY_MAX = 9, /* RFC 6710 7 */
};

enum utf8_use { UTF8_AUTO, UTF8_ON, UTF8_OFF };

enum onward_tls { /* of the servers behind this one, RFC 8689; one value, since 4.3 wants either the parameter or the field */
	ONWARD_TLS_UNSAID,
	ONWARD_TLS_REQUIRED, /* REQUIRETLS */
	ONWARD_TLS_WAIVED,   /* the field `TLS-Required: No`, which sender_cleanup() adds */
};

struct deliver_by { /* RFC 2852 4 */
	bool    wanted;
	int64_t seconds; /* from now; below 0: late already */
	bool    back;    /* when the time is over, return the message (R); else tell the sender and go on (N) */
	bool    trace;   /* tell the sender when a server passes the message on (T) */
};

struct wishes { /* zeroed: none */
	bool              require_all_recipients;
	unsigned          notify;      /* enum dsn_notify, for recipients that have none of their own */
	enum dsn_return   ret;         /* for envelopes that have none of their own */
	bool              dsn_require; /* if DSN is needed and not offered, the message is not sent */
	enum utf8_use     utf8;        /* UTF8_AUTO: ask for SMTPUTF8 if the message needs it */
	struct deliver_by by;
	unsigned          hold_for;    /* seconds that the server holds the message; 0: none */
	int64_t           hold_until;  /* seconds since 1970; 0: not held */
	bool              hold_here;   /* where the server does not offer this, we hold it: no fault of the server */
	struct number     priority;
	enum onward_tls   onward_tls;
};

/* Do the wishes for a message at the time `now` (seconds since 1970) agree?  A release must not have passed, and must be before
 * the time of deliver_by (RFC 4865 5.2.1).  Whether a server grants them is not asked.  `bounce`: see enum wish_in_bounce.
 * Errors: ST_INPUT PERM. */
bool wishes_agree(const struct wishes *w, bool bounce, int64_t now, struct err *e) MUST_CHECK;

/* "TIME[,return|notify][,trace]".  datetime_span() reads TIME, which may have a minus sign.  False: the text has another form, or
 * it says `return` and TIME is not above 0. */
bool wishes_parse_by(const char *text, struct deliver_by *by) MUST_CHECK;
bool wishes_put_by(struct buf *to, const struct deliver_by *by, struct err *e) MUST_CHECK; /* text that parses to the same */

/* What becomes of a wish if the message has the null sender: it is then a report about another message, or an MDN. */
enum wish_in_bounce {
	IN_BOUNCE_ASKED, /* the same as in any other message */
	IN_BOUNCE_SPARE, /* if the server does not grant it, the message goes without it */
	IN_BOUNCE_NEVER, /* it is left out */
};

struct wish {
	enum ext    ext;
	const char *word, *key; /* of the server's EHLO, and of the user's settings */
	bool (*wanted)(const struct wishes *w);
	bool (*granted)(const struct session *s, const struct wishes *w, struct err *e); /* NULL: granted if offered */
	struct esc  esc;        /* of the error if it is not offered; zeroed: none */
	bool        may_drop;   /* if it is not offered, the message goes without it */
	enum wish_in_bounce in_bounce;
	const char *keyword;    /* of MAIL's parameter; NULL: esmtp.c has the row, since the message may need it, too */
	bool (*value)(struct buf *to, const struct wishes *w, struct err *e); /* NULL: the parameter takes no value */
};

/* The rows, in the order in which they are checked; NULL past the end. */
const struct wish *wishes_row(size_t i);

#endif
