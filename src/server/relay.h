/*
 * relay.h - the smarthost's side of -bs: passes the caller's MAIL, RCPT and message on.
 *
 * Chooses the account by the sender.  Connects when the first MAIL comes, and keeps the connection for the messages that
 * follow.  What the caller sends in one flight goes to the smarthost in one flight: a say function writes commands that may
 * wait for others, and the hear function with the same name waits for the answers.  The answers are heard in the order in which
 * the commands were said.  After the end of a message the next MAIL and its RCPT may be said before the answer to the message
 * is heard (relay_say_next()).
 *
 * If a function returns true, the smarthost's answer is relay_reply(), and after the message relay_outcome().  If
 * relay_say_mail() or relay_hear_mail() returns false, *e says why, and the envelope is gone.  If relay_hear_rcpt() does,
 * relay_has_mail() tells whether the envelope is still there.
 *
 * A recipient that the caller names is accepted if one of its addresses is (server/job.h).  The addresses that were refused
 * behind an accepted recipient, and a refused always_bcc, are told with the outcome of the message.  If the caller is told that
 * nobody has the message, or that a recipient is refused, it can send again without a duplicate.
 *
 * SMTP has no place for hints, so they are printed on standard error: one for each message whose sender, recipients or text are
 * refused, if there is one.
 */
#ifndef SERVER_RELAY_H
#define SERVER_RELAY_H

#include "deliver/deliver.h"
#include "deliver/hints.h"
#include "server/job.h"

struct relay {
	struct sender    *who; /* borrowed */
	struct smarthost *to;  /* borrowed */
	struct job        jobs[2];
	unsigned          at;     /* jobs[at] is the present one, the other one is the next */
	bool              ahead;  /* MAIL was said for the next one */
	bool              reused; /* the connection had been used when MAIL was said */
	struct reply      answer; /* for the caller, to MAIL or RCPT */
};

void relay_begin(struct relay *u, struct sender *who, struct smarthost *to);

const struct job *relay_now(const struct relay *u); /* the present message */
struct message *relay_message(struct relay *u);     /* its text, to be filled */
bool relay_has_mail(const struct relay *u);         /* is there an envelope? */
bool relay_has_recipients(const struct relay *u);   /* was one accepted, by the smarthost or for the queue? */
const struct reply *relay_reply(const struct relay *u);
struct circumstances relay_circumstances(const struct relay *u); /* of the present message */

bool relay_say_mail(struct relay *u, const struct command *c, struct err *e) MUST_CHECK;

/* *anew: the server had closed the connection, and MAIL was said on a new one, without the RCPT that followed it.  If it was
 * accepted there, they are due. */
bool relay_hear_mail(struct relay *u, const struct command *c, bool *anew, struct err *e) MUST_CHECK;

/* Says RCPT before an earlier answer has come, if that is possible; if not, relay_hear_rcpt() says it. */
void relay_say_rcpt(struct relay *u, struct asked *a, const struct command *c);

/* *asked unset: the answer is not the smarthost's: all addresses that the recipient stands for were accepted before. */
bool relay_hear_rcpt(struct relay *u, struct asked *a, const struct command *c, bool *asked, struct err *e) MUST_CHECK;

/* Fixes the head of the message, makes the rendition for the smarthost, and sends it. */
bool relay_say_message(struct relay *u, struct err *e) MUST_CHECK;

/* Between relay_say_message() and relay_hear_message(): says the MAIL of the next message, if it can be in the same flight.
 * After true, relay_say_rcpt() is for the next message. */
bool relay_say_next(struct relay *u, const struct command *c);

bool relay_hear_message(struct relay *u, struct err *e) MUST_CHECK;

/* Afterwards: one answer for all recipients.  It accepts if one of them has the message, since sending again would then make a
 * duplicate; relay_missed() tells which ones do not have it.  False: the message was not sent, and *e says why. */
bool relay_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e) MUST_CHECK;

/* After relay_outcome(), if some have the message: does this recipient lack it without the caller having been told? */
bool relay_missed(const struct rcpt *r);

/* Writes the line in the log.  why NULL: the line has the smarthost's answer. */
void relay_log(struct relay *u, const struct err *why);

/* Frees the message and its envelope.  True: what was said of the next message counts, and that is now the present one; only
 * relay_hear_mail() and relay_hear_rcpt() are due.  False: nothing was said, or the connection is lost. */
bool relay_forget(struct relay *u);
void relay_close(struct relay *u); /* also closes the connection */

#endif
