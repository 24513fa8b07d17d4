/*
 * report.h - tells people about errors and outcomes: at most three lines on stderr for an error, and the line in the log.
 *
 * Decides nothing: base/err gives the exit status, and deliver/hints the advice.
 */
#ifndef DELIVER_REPORT_H
#define DELIVER_REPORT_H

#include "base/log.h"
#include "base/peer.h"
#include "deliver/hints.h"

/* Prints "postern: STAGE: sentence", the server's words, and the hint that the error has. */
void report_error(const struct err *e);

/* The same, if there is a hint for it.  For errors that the caller of -bs is told: an SMTP reply has no hints. */
void report_advice(struct err *e, const struct circumstances *c);

/* Prints that the queue has the message, as this entry, and why; NULL: it was not tried. */
void report_kept(const char *entry, const struct err *why);

/* Prints an error for each recipient that was refused.  If the sender was refused, the reply is printed only once. */
void report_refusals(const struct envelope *v, const struct circumstances *c);

/* Prints which other recipients have the message and which have not, unless all recipients are alike.  `e`: why the dialogue
 * broke off; NULL: it did not. */
void report_others(const struct envelope *v, const struct err *e);

struct outcome { /* all borrowed; NULL and 0 for what does not exist */
	const char              *host;
	const struct session    *session;
	const struct envelope   *v;
	const struct message    *m;
	uint64_t                 size; /* bytes of the message as sent, or as it would have been sent */
	const struct delivery   *delivery;
	const char              *user;
	const struct peer       *peer;
	const char              *note;  /* which configuration files were passed over, and why */
	const char              *kept;  /* the entry of the queue */
	const struct err        *e; /* NULL: success */
	int64_t                  duration_ms;
	int                      status;
	bool                     wants_tls, wants_auth; /* the settings say so */
};

/* The line in the log. */
void report_log(const struct log_params *p, const struct outcome *o);

/* The line in the log for an entry that has ended before all recipients had the message; `why` says what went wrong.  dead: it
 * has moved to the directory dead.  expired: its time is over, and the entry `report` tells its sender. */
void report_dead(const struct log_params *p, const struct envelope *v, const char *entry, const char *why);
void report_expired(const struct log_params *p, const struct envelope *v, const char *entry, const char *report, const char *why);

#endif
