/*
 * report.h - tells people about errors and outcomes: at most three lines on stderr for an error, and the line in the log.
 *
 * Owns the table of hints.  Decides nothing; base/err gives the exit status.
 */
#ifndef DELIVER_REPORT_H
#define DELIVER_REPORT_H

#include "base/log.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

/* Prints "postern: STAGE: sentence", the server's words, and a hint, which may depend on `host` (NULL: none). */
void report_error(const struct err *e, const char *host);

/* Prints an error for each recipient that was refused.  If the sender was refused, the reply is printed only once. */
void report_refusals(const struct envelope *v, const char *host);

/* The dialogue broke off.  Prints the recipients that have no message, unless all recipients are alike. */
void report_unfinished(const struct envelope *v, const struct err *e);

struct outcome { /* all borrowed; NULL and 0 for what does not exist */
	const char              *host;
	const struct session    *session;
	const struct envelope   *v;
	const struct message    *m;
	uint64_t                 size; /* bytes of the message as sent, or as it would have been sent */
	const struct delivery   *delivery;
	const char              *user;
	const char              *note;  /* which configuration files were passed over, and why */
	const struct err        *e; /* NULL: success */
	int64_t                  duration_ms;
	int                      status;
};

void report_log(const struct log_params *p, const struct outcome *o);

#endif
