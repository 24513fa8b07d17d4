/*
 * transaction.h - MAIL, RCPT, DATA or BDAT: one message to its recipients in as few flights as the server
 * allows.  RFC 5321 3.3, 2920, 1870, 6152, 6531, 3030, 3461, 2033, 9422.
 *
 * A refusal is kept with its recipient in the envelope.  The functions return false only if the dialogue cannot go on or the
 * message cannot be sent at all.  smtp/esmtp writes the arguments of MAIL and RCPT.  smtp/transfer sends to more recipients
 * than one transaction may have.
 */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "mail/envelope.h"
#include "mime/rendition.h"
#include "smtp/esmtp.h"
#include "smtp/session.h"

enum { QUEUE_ID = 128 };

struct delivery { /* what the server did with the message */
	bool again;               /* open recipients are left for another connection (MAILMAX, 503 to MAIL, 354 for nobody) */
	char said[RCPT_SAID];     /* the server's answer to the message; of several (LMTP) one that accepts, if any */
	char queue_id[QUEUE_ID];  /* the queue id found in it; "": none */
	int  code;                /* of this answer; 0: none */
	struct esc esc;
	/* set by the owner, NULL: none; called between two transactions.  False: the next one is not begun */
	bool (*progress)(void *ctx, struct err *e);
	void *ctx;
};

struct transaction {
	struct session  *s; /* borrowed, as are the next three */
	struct envelope *v;
	const struct rendition *r;
	struct delivery *d;
	struct needs     needs;
	/* private to smtp/ */
	uint64_t         number;  /* of this transaction in the session; 0: MAIL was not said */
	size_t           from;    /* recipients before this one are settled */
	size_t           asked, taken, refused;
	size_t           first, latest; /* of those that were taken, in the order of their RCPT (rcpt.then) */
	size_t           fits;    /* recipients taken before the server said "too many"; 0: it did not say so */
	bool             mail_answered;
	bool             no_mail; /* MAIL was refused */
	bool             no_body; /* DATA or the message was refused */
	bool             text_sent; /* at least its beginning */
	bool             stop;    /* no further transaction makes sense */
};

/*
 * Step by step.  What say_ writes may wait, to share a flight with what follows.  Each hear_ waits for the answer to the oldest
 * say_ that has none: so both come in the same order.  The answer to MAIL and RCPT is then in s->chat.reply, that to the message
 * in *d.
 *
 * t->needs may be changed until MAIL is said.  The rendition is first read by transaction_say_message(), which first waits for
 * the answers to MAIL and RCPT if a message may not be sent before them.  When it returns, the next transaction may be begun,
 * and its MAIL and RCPT said, before transaction_hear_message(): RFC 2920 3.1 allows them in the flight of the message.  RSET
 * comes before that MAIL, so that it counts also if the server refuses the message.
 */
void transaction_begin(struct transaction *t, struct session *s, struct envelope *v, const struct rendition *r,
		       const struct needs *n, struct delivery *d);
bool transaction_say_mail(struct transaction *t, struct err *e) MUST_CHECK;
bool transaction_hear_mail(struct transaction *t, struct err *e) MUST_CHECK;
bool transaction_say_rcpt(struct transaction *t, size_t i, struct err *e) MUST_CHECK;
bool transaction_hear_rcpt(struct transaction *t, size_t i, struct err *e) MUST_CHECK;
bool transaction_say_message(struct transaction *t, struct err *e) MUST_CHECK;
bool transaction_hear_message(struct transaction *t, struct err *e) MUST_CHECK;

/* After transaction_hear_message(), where the MAIL of the next message was said before it: hears the answers to that MAIL and its
 * RCPT that have come already.  False: they show that the answer to this message was none, so that its fate is unknown.  If the
 * chat broke in another way, only the next message is concerned. */
bool transaction_hear_further(struct transaction *t, struct err *e) MUST_CHECK;

/* Bars the open recipients whose RCPT cannot be written.  Before MAIL, since without recipients nothing is sent. */
bool transaction_sift(struct transaction *t, struct err *e) MUST_CHECK;

/* For --check: says RSET after MAIL and RCPT, in place of a message, and waits for the answer.  To be called before
 * transaction_end(). */
bool transaction_abandon(struct transaction *t, struct err *e) MUST_CHECK;

/* Envelope, rendition and delivery may be freed after this, not before: until then a reply may be written into them.  If the
 * server still owed one, the chat is broken.  Accepts a zeroed transaction, and leaves it zeroed. */
void transaction_end(struct transaction *t);

/* True: no recipient was refused.  False: *e is the worst refusal, a permanent one before a temporary one. */
bool transaction_verdict(const struct envelope *v, struct err *e);

/* What a server has refused that answered MAIL with these codes: "the sender", or "MAIL FROM" if it is not the address. */
const char *transaction_blames(int code, struct esc esc);

/* Makes an error of one recipient's refusal. */
void transaction_refusal(const struct rcpt *r, const char *sender, struct err *e);

#endif
