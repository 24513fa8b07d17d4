/*
 * keep.h - keeps a submission, or what is left of it, in the queue.
 *
 * What concerns only this message or its recipients is final; what concerns the account or the smarthost, and every temporary
 * refusal, may be different at the next try (err_is_final()).  Where a setting of the server, of TLS or of the login comes from
 * the command line or the environment, nothing is kept: no later try would have it.
 */
#ifndef QUEUE_KEEP_H
#define QUEUE_KEEP_H

#include "deliver/sender.h"
#include "queue/spool.h"

/* Is the account's queue to be used for this run?  False: *why_not is NULL if it is off, else a sentence. */
bool keep_allowed(const struct sender *who, const char **why_not);

/* Is a message only kept, to be sent later?  With `queue always`, and with -odb or -odq where the queue is on. */
bool keep_first(const struct sender *who);

/* Does a recipient that was refused for good keep the message from all others, at any later try, too (require_all_recipients)? */
bool keep_in_vain(const struct sender *who, const struct envelope *v);

/* Is there a recipient that may still get the message? */
bool keep_worth(const struct envelope *v);

/* Keeps the message for these recipients, which become RCPT_KEPT.  `how`: why it was not sent ("": it was not tried), and `id`
 * becomes the name of the entry.  The first try is due at once if there was none, else after the first wait.
 * If the account asks for a future release (hold_for, hold_until), the entry is held until then. */
bool keep(struct sender *who, struct submission *x, const char *how, char id[SPOOL_ID], struct err *e) MUST_CHECK;

/* What an entry of this sender has besides the message and its envelope, for entry_free(); and the directory that it goes to,
 * which is made if it is missing, for spool_close(). */
bool keep_describe(const struct sender *who, struct entry *to, struct err *e) MUST_CHECK;
bool keep_open(const struct sender *who, struct spool *s, struct err *e) MUST_CHECK;

/* How long an entry waits after a failed try, when it had so many before, in seconds: doubled each time, up to the longest wait,
 * and up to a quarter longer. */
int64_t keep_wait(const struct queue_retry *p, unsigned tries);

#endif
