/*
 * relay.h - the smarthost's side of -bs: passes the caller's MAIL, RCPT and message on, one at a time.
 *
 * Chooses the account by the sender.  Connects when the first MAIL comes, and keeps the connection for the messages that
 * follow.  A transaction that was begun and given up is ended with RSET before the next MAIL (RFC 5321 4.1.1.5).  If a
 * function returns true, the smarthost's answer is relay_reply(), and after the message relay_outcome().  If relay_mail()
 * returns false, *e says why, and the envelope is gone.  If relay_rcpt() does, u->mail tells whether the envelope is still
 * there.
 *
 * A recipient that the caller names stands for one address or, if it is an alias, for several.  The smarthost is asked about
 * each.  The recipient is accepted if one address is (with require_all_recipients: if all are).  The addresses that were
 * refused behind an accepted recipient, and a refused always_bcc, are told with the outcome of the message.  If the caller is
 * told that nobody has the message, or that a recipient is refused, it can send again without a duplicate.
 */
#ifndef SERVER_RELAY_H
#define SERVER_RELAY_H

#include "deliver/submission.h"
#include "server/command.h"

struct relay {
	struct submission    *x;         /* borrowed */
	struct transaction    t;
	const struct account *ready;     /* the account that x is ready for, with its secret; NULL: none */
	bool                  connected; /* x->s is open, or was until its chat broke */
	bool                  begun;     /* the session has heard MAIL, and the message was not accepted since */
	bool                  mail;      /* a transaction is under way */
	bool                  said_no;   /* a recipient of it was refused, and the caller was told */
	int64_t               idle;      /* clock_ms() when the last transaction ended */
	struct reply          answer;    /* for the caller, to MAIL or RCPT */
};

bool relay_mail(struct relay *u, const struct command *c, struct err *e) MUST_CHECK;

/* *asked unset: the answer is not the smarthost's: all addresses that the recipient stands for were accepted before. */
bool relay_rcpt(struct relay *u, const struct command *c, bool *asked, struct err *e) MUST_CHECK;

/* Has the smarthost accepted a recipient? */
bool relay_has_recipients(const struct relay *u);

/* Fixes the head of x->m, makes the rendition for the smarthost, and sends it. */
bool relay_message(struct relay *u, struct err *e) MUST_CHECK;

const struct reply *relay_reply(const struct relay *u);

/* After relay_message(): one answer for all recipients.  It accepts if one of them has the message, since sending again would
 * then make a duplicate; relay_missed() tells which ones do not have it.  False: the message was not sent, and *e says why. */
bool relay_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e) MUST_CHECK;

/* After relay_message(), if some have the message: does this recipient lack it without the caller having been told? */
bool relay_missed(const struct rcpt *r);

/* Writes the line in the log.  why NULL: the line has the smarthost's answer. */
void relay_log(struct relay *u, const struct err *why);

void relay_forget(struct relay *u); /* frees the message and its envelope */
void relay_close(struct relay *u);  /* also closes the connection */

#endif
