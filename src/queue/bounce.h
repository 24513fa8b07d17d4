/*
 * bounce.h - tells the sender that recipients do not get a message: a delivery status notification, RFC 3464, 6522, 6533.
 *
 * The report is a message of its own, with the null sender (RFC 5321 4.5.5), and an entry of the same queue.  It is durable
 * before the entry that it is about is changed: a crash may make two reports of one, but never none.
 *
 * Nobody is told about a report (a message with the null sender), nor if queue_bounce is off; NOTIFY is obeyed (RFC 3461 5.2).
 */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include "deliver/sender.h"
#include "queue/held.h"

/* Reports the recipients of x that are RCPT_REFUSED, or RCPT_BARRED for good.  *told unset: some recipients without the message,
 * of this try or an earlier one, are known to nobody.  Errors: ST_SPOOL, or no memory. */
bool bounce_send(struct spool *s, const struct sender *who, struct held *h, const struct submission *x, bool *told,
		 struct err *e) MUST_CHECK;

/* The address that a report comes from: the account's `from`, else the sender of x.  Borrowed. */
const char *bounce_from(const struct sender *who, const struct submission *x);

#endif
