/*
 * job.h - one message of the caller of -bs on its way: its submission, its transaction, and the recipients that the caller names.
 *
 * A recipient that the caller names stands for one address or, if it is an alias, for several.  The smarthost is asked about
 * each.  It gets the best answer of its addresses: accepted before refused for now before refused for good.  So one address that
 * is gone does not keep the mail from the others.  With require_all_recipients the worst answer counts.
 *
 * Knows the session only through its transaction; server/relay owns the connection.
 */
#ifndef SERVER_JOB_H
#define SERVER_JOB_H

#include "deliver/sender.h"
#include "queue/keep.h"
#include "server/command.h"

struct job {
	struct submission  x;
	struct transaction t;
	bool               mail;    /* MAIL was accepted, and the message has not ended */
	bool               said_no; /* a recipient was refused, and the caller was told */
	bool               advised; /* a hint about a refusal was printed */
	bool               logged;  /* the message has its line in the log */
	/* where the queue is on: see server/later */
	bool               keeps;   /* what is refused for now is kept */
	bool               away;    /* there is no smarthost for it: all of it is kept, because of `why` */
	struct err         why;
	const char        *why_not; /* why nothing is kept though the queue is on; NULL: nothing to say */
	char               kept[SPOOL_ID], told[RCPT_SAID + 100]; /* its name in the queue, and what the caller hears; "": none */
};

struct asked { /* one RCPT of the caller; zeroed: a new one */
	bool    named;   /* its addresses are in the envelope */
	bool    said;    /* and RCPT was said for them */
	size_t *who, n;  /* owned: their indices there */
};

/* May this address be said?  RFC 6531 3.4, 3.5: if its local part is not ASCII, only if MAIL says SMTPUTF8 and the server
 * offers it. */
bool job_may_say(const struct job *j, const char *address);

/* Adds the recipient to the envelope, with all addresses that it stands for, and with what the caller asks to be told about
 * them.  If one fails, none is added.  Where no report can be made (the queue or queue_bounce is off), NOTIFY=SUCCESS is
 * refused if the server does not offer DSN, and for now if there is no server. */
bool job_name(struct job *j, struct sender *who, struct asked *a, const struct command *c, struct err *e) MUST_CHECK;

/* Says RCPT for them, before the answers to earlier RCPT have come.  If that is not possible, or fails, a->said stays unset, and
 * job_hear() says it. */
void job_say(struct job *j, struct sender *who, struct asked *a, const struct command *c);

/* Hears the answers.  *counts: the address whose answer is the recipient's (NULL: it stands for none).  *asked unset: that one
 * was answered before; else *answer is the smarthost's reply, unless we refuse the address ourselves. */
bool job_hear(struct job *j, struct asked *a, const struct rcpt **counts, bool *asked, struct reply *answer,
	      struct err *e) MUST_CHECK;

/* Asks about the addresses that were added to the envelope from index `from` on, since envelope_name(): they come from no
 * command of the caller. */
bool job_ask_added(struct job *j, size_t from, struct err *e) MUST_CHECK;

/* Marks the addresses that were refused behind an accepted recipient: the caller is told later. */
void job_note_missed(struct job *j, const struct asked *a);

/* The recipients that were named already are asked about again, in another session. */
void job_reopen(struct job *j);

void job_asked_free(struct asked *a);

#endif
