/*
 * relay.h - the smarthost's side of -bs: what a caller's MAIL, RCPT and message become there, one at a time.
 *
 * Chooses the account by the sender, connects when the first MAIL comes and keeps the connection for the messages that
 * follow; what was begun and given up is forgotten with RSET (RFC 5321 4.1.1.5).  After a true the smarthost's answer is
 * relay_reply(), for the message relay_outcome(); after a false *e says what we could not do, and the message is lost.
 *
 * A recipient of the caller's stands for one address or, as an alias, for several.  All of them are asked; the recipient
 * is accepted when one of them is (with require_all_recipients, when all are), and those refused behind it, like a refused
 * always_bcc, are told with the outcome of the message.  A caller that heard that nobody has the message, or that a
 * recipient is refused, can say it again without making a duplicate.
 */
#ifndef SERVER_RELAY_H
#define SERVER_RELAY_H

#include "deliver/submission.h"
#include "server/command.h"

struct relay {
	struct submission    *x;         /* borrowed */
	struct transaction    t;
	const struct account *ready;     /* whose secret x holds; NULL: nobody's */
	bool                  connected; /* x->s is a session that may be used */
	bool                  begun;     /* it has heard a MAIL that came to nothing yet */
	bool                  mail;      /* a transaction is under way */
	bool                  said_no;   /* a recipient of it was refused, and the caller knows */
	int64_t               idle;      /* clock_ms() of the end of the last one */
	struct reply          answer;    /* for the caller, to MAIL or RCPT */
};

bool relay_mail(struct relay *u, const struct command *c, struct err *e) MUST_CHECK;

/* *asked unset: all that the address stands for is there already, and nothing was said. */
bool relay_rcpt(struct relay *u, const struct command *c, bool *asked, struct err *e) MUST_CHECK;

/* Has anybody been accepted? */
bool relay_has_recipients(const struct relay *u);

/* The message is in x->m.  Its head is fixed, and what the smarthost cannot take is recoded. */
bool relay_message(struct relay *u, struct err *e) MUST_CHECK;

const struct reply *relay_reply(const struct relay *u);

/* What was said of the message, once for all recipients: accepted where one of them has it, since saying it again would
 * make a duplicate; those for whom relay_missed() is true have not.  False with a *e where nothing was said, since it was
 * not sent. */
bool relay_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e) MUST_CHECK;

/* After relay_message(), where others have the message: this one has not, and the caller does not know yet. */
bool relay_missed(const struct rcpt *r);

/* The line in the log; why NULL: what the smarthost said. */
void relay_log(struct relay *u, const struct err *why);

void relay_forget(struct relay *u); /* the message and its envelope */
void relay_close(struct relay *u);  /* and the connection */

#endif
