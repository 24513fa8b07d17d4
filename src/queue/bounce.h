/*
 * bounce.h - tells the sender what became of a message: a delivery status notification, RFC 3461 5.2 and 6, 3464, 6522, 6533.
 *
 * There are three kinds.  A recipient does not get the message; it has not got it yet, and NOTIFY asks for that report; or it was
 * passed on to a server that makes no reports, and NOTIFY asks for that of success.
 *
 * The report is a message of its own, with the null sender (RFC 5321 4.5.5), and an entry of the queue.  It is durable before
 * the entry that it is about is changed: a crash may make two reports of one, but never none.
 *
 * No report is made about a report (a message with the null sender), nor if queue_bounce is off; NOTIFY is obeyed.
 */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include "deliver/sender.h"
#include "queue/spool.h"

enum bounce_kind {
	BOUNCE_FAILED,  /* about the recipients that are RCPT_REFUSED, or RCPT_BARRED for good */
	BOUNCE_DELAYED, /* about those that still need the message, if NOTIFY has DELAY */
	BOUNCE_RELAYED, /* about those that are `relayed` */
};

struct bounce {
	struct spool            *s;    /* borrowed, as are the next three */
	const struct sender     *who;
	const struct entry      *of;   /* what the report is about: all but its envelope counts */
	const struct submission *x;    /* its message and envelope */
	enum bounce_kind         kind;
	int64_t                  until;/* BOUNCE_DELAYED: it will be tried until then, in seconds since 1970 */
	char                     id[SPOOL_ID]; /* the result: the report's name in the queue; "": none was made */
};

/* Is there a recipient that the sender is to be told about?  If not, bounce_send() makes no report. */
bool bounce_is_wanted(const struct bounce *b);
bool bounce_send(struct bounce *b, struct err *e) MUST_CHECK; /* errors: ST_SPOOL, or no memory */

/* After a try from no entry: if the queue is on, tells the sender about the recipients of x that are `relayed`.  If that fails,
 * the log says so. */
void bounce_relayed(const struct sender *who, struct submission *x);

/* Of the kind BOUNCE_FAILED: is the sender told about every recipient that does not get the message?  The recipients of earlier
 * tries count, too.  It is true if there are none. */
bool bounce_tells_all(const struct bounce *b);

/* Some servers refuse the null sender.  Was x, which is a report, refused for this?  Then bounce_send_anew() sends it once more,
 * with the account's address and NOTIFY=NEVER, so that no report about it comes back (RFC 3461 4.1). */
bool bounce_lacks_sender(const struct bounce *b, const struct err *why);
bool bounce_send_anew(struct bounce *b, struct err *e) MUST_CHECK;

#endif
