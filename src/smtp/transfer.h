/*
 * transfer.h - one message to all its recipients, in as many transactions as the server's limits ask for.  RFC 5321 4.5.3.1.8,
 * RFC 9422, RFC 2920 3.1.
 *
 * MAIL and RCPT of the next message can share the flight of this one's end.  Then each message takes one turn-around.
 */
#ifndef SMTP_TRANSFER_H
#define SMTP_TRANSFER_H

#include "smtp/transaction.h"

/* Begins: the recipients whose RCPT cannot be written are barred.  To be ended with transaction_end(). */
bool transfer_begin(struct transaction *t, struct session *s, struct envelope *v, const struct rendition *r,
		    const struct needs *n, struct delivery *d, struct err *e) MUST_CHECK;

/* Says MAIL and RCPT of the first transaction, while another message waits for its answer.  False: not all was said; what was not
 * is said by transfer_run(). */
bool transfer_say_ahead(struct transaction *t, struct err *e) MUST_CHECK;

/* Sends to all open recipients.  `meanwhile` (NULL: nothing) is called at most once: when all of the message was said, its answer
 * is due, and the MAIL of another message may follow.  Errors are those of transaction.h. */
bool transfer_run(struct transaction *t, void (*meanwhile)(void *ctx), void *ctx, struct err *e) MUST_CHECK;

#endif
