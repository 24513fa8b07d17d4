/*
 * report.h - what a person is told: errors in at most three lines, hints, the line in the log.
 *
 * Owns the table of hints.  Decides nothing: the exit status is err.h's.
 */
#ifndef DELIVER_REPORT_H
#define DELIVER_REPORT_H

#include "base/log.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

/* "postern: STAGE: sentence", the server's words, a hint.  `host` (NULL: none) helps to find one. */
void report_error(const struct err *e, const char *host);

/* Each recipient that does not have the message, with the reply; that is said once where the sender was refused. */
void report_refusals(const struct envelope *v, const char *host);

/* The dialogue broke off: who has no message, where it is not the same for all. */
void report_unfinished(const struct envelope *v, const struct err *e);

struct outcome { /* all borrowed; NULL and 0 for what never came to be */
	const char              *host;
	const struct session    *session;
	const struct envelope   *v;
	const struct message    *m;
	uint64_t                 size; /* bytes, of what was sent or would have been */
	const struct delivery   *delivery;
	const char              *user;
	const char              *note;  /* what else is worth knowing */
	const struct err        *e; /* NULL: all is well */
	int64_t                  duration_ms;
	int                      status;
};

void report_log(const struct log_params *p, const struct outcome *o);

#endif
