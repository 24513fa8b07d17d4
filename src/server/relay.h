/*
 * relay.h - the smarthost's side of -bs: passes the caller's MAIL and RCPT on, and owns the messages on their way.
 *
 * Chooses the account by the sender.  Connects when the first MAIL comes, and keeps the connection for the messages that
 * follow.  What the caller sends in one flight goes to the smarthost in one flight: a say function writes commands that may
 * wait for others, and the hear function with the same name waits for the answers.  The answers are heard in the order in which
 * the commands were said.  After the end of a message the next MAIL and its RCPT may be said before the answer to the message
 * is heard (relay_say_next()).  The message itself is server/handover's.
 *
 * If a function returns true, the smarthost's answer is relay_reply().  If relay_say_mail() or relay_hear_mail() returns false,
 * *e says why, and the envelope is gone.  If relay_hear_rcpt() does, relay_has_mail() tells whether the envelope is still there.
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

struct job *relay_job(struct relay *u);             /* the present message */
const struct job *relay_now(const struct relay *u); /* the same, to look at */
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

/* Between the end of the message and the answer to it, see server/handover: says the MAIL of the next message, if it can be in
 * the same flight.  After true, relay_say_rcpt() is for the next message. */
bool relay_say_next(struct relay *u, const struct command *c);

/* The smarthost does not take the present message now.  True: the queue will, and nothing more is said for it. */
bool relay_defer(struct relay *u, const struct err *why);

/* Prints the hint for a refusal that the caller is told, if the message has had none. */
void relay_advise(struct relay *u, const struct rcpt *r);

/* Writes the line in the log.  why NULL: the line has the smarthost's answer. */
void relay_log(struct relay *u, const struct err *why);

/* Frees the message and its envelope.  True: what was said of the next message counts, and that is now the present one; only
 * relay_hear_mail() and relay_hear_rcpt() are due.  False: nothing was said, or the connection is lost. */
bool relay_forget(struct relay *u);
void relay_close(struct relay *u); /* also closes the connection */

#endif
