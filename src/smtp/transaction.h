/*
 * transaction.h - MAIL, RCPT, DATA or BDAT: one message to its recipients in as few flights as the server
 * allows.  RFC 5321 3.3, 2920, 1870, 6152, 6531, 3030, 3461, 2033, 9422.
 *
 * What the server refuses is kept with each recipient in the envelope; only a dialogue that cannot go on makes
 * transaction_send() return false.  What MAIL and RCPT say is put together in smtp/params.
 */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "mail/envelope.h"
#include "mime/rendition.h"
#include "smtp/params.h"
#include "smtp/session.h"

enum { QUEUE_ID = 128 };

struct delivery { /* what came of it */
	bool again;               /* open recipients are left for another connection (MAILMAX) */
	char said[RCPT_SAID];     /* the server's words that accepted the message */
	char queue_id[QUEUE_ID];  /* the id found in them; "": none */
	int  code;                /* of the last answer to the message; 0: none */
	struct esc esc;
};

struct transaction {
	struct session  *s; /* borrowed, as are the next three */
	struct envelope *v;
	const struct rendition *r;
	struct delivery *d;
	struct needs     needs;
	/* private */
	size_t           from;    /* recipients before this one are settled */
	size_t           asked, taken, refused;
	size_t           fits;    /* so many were taken before the server said "too many"; 0: it did not */
	bool             no_mail; /* MAIL was refused */
	bool             no_body; /* DATA or the message was refused */
	bool             stop;    /* no further transaction makes sense */
};

/* All open recipients, in as many transactions as the server's limits ask for. */
bool transaction_send(struct session *s, struct envelope *v, const struct rendition *r, const struct needs *n,
		      struct delivery *d, struct err *e) MUST_CHECK;

/* The same step by step, for a dialogue whose caller waits for each answer: it is in s->chat.reply, for the message in
 * *d.  `needs` may be changed after the beginning; the rendition is not read before transaction_message(). */
void transaction_begin(struct transaction *t, struct session *s, struct envelope *v, const struct rendition *r,
		       const struct needs *n, struct delivery *d);
bool transaction_mail(struct transaction *t, struct err *e) MUST_CHECK;
bool transaction_rcpt(struct transaction *t, size_t i, struct err *e) MUST_CHECK;
bool transaction_message(struct transaction *t, struct err *e) MUST_CHECK;
bool transaction_reset(struct transaction *t, struct err *e) MUST_CHECK; /* RSET: what was begun is forgotten */

/* Envelope, message and delivery may go after this, and only then: no reply is written into them any more.  A session
 * that still owed one is broken.  Accepts a zeroed transaction, and leaves it zeroed. */
void transaction_end(struct transaction *t);

/* The worst refusal (permanent before temporary) as an err; true when every recipient has the message. */
bool transaction_verdict(const struct envelope *v, struct err *e);

/* One recipient's refusal as an err. */
void transaction_refusal(const struct rcpt *r, const char *sender, struct err *e);

#endif
