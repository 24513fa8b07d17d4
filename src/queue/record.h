/*
 * record.h - what happens to an entry of the queue: one line for each event, behind the message, with a checksum of its own.
 *
 *	CRC try 1798099200 1798099500 done 0,2 lost 1 : the server's words
 *	CRC sent 1798099200 done 3 relayed 3
 *	CRC told 1798099200 relayed
 *	CRC alone 1798099200
 *	CRC wait 1798099200 1798099500 : why there was no try
 *	CRC hold 1798099200
 *	CRC release 1798099200
 *
 * The numbers behind a word are recipients, in the order of the envelope.  The last record may be torn by a crash: it is then as
 * if it were not there.
 *
 * Pure: bytes in, structs out.  queue/held writes them.
 */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include "queue/entry.h"

/* Recipients in `v` (NULL: none) that are RCPT_DONE or lost (rcpt_is_lost()) are settled with the try; those that
 * are `relayed` stay so until it is told. */
bool record_put_try(struct buf *to, const struct envelope *v, int64_t at, int64_t due, const char *how, struct err *e) MUST_CHECK;
/* There could be no try. */
bool record_put_wait(struct buf *to, int64_t at, int64_t due, const char *how, struct err *e) MUST_CHECK;
/* Within a try: those that are RCPT_DONE are settled. */
bool record_put_sent(struct buf *to, const struct envelope *v, int64_t at, struct err *e) MUST_CHECK;
/* A report was made: that it is late (`delay`), or about all recipients that were `relayed` so far. */
bool record_put_told(struct buf *to, bool delay, int64_t at, struct err *e) MUST_CHECK;
/* See struct entry. */
bool record_put_alone(struct buf *to, int64_t at, struct err *e) MUST_CHECK;
bool record_put_hold(struct buf *to, int64_t at, struct err *e) MUST_CHECK;
bool record_put_release(struct buf *to, int64_t at, struct err *e) MUST_CHECK; /* it is due at once, held or not */

/* Applies the records to the entry.  *whole: how many of the bytes are whole records; the next one is written behind them.  A
 * whole record that makes no sense is passed over.  False: no memory. */
bool record_apply(struct entry *x, const char *text, size_t len, size_t *whole, struct err *e) MUST_CHECK;

/* After a record with `v` is durable: the next one does not repeat those that are RCPT_DONE. */
void record_is_durable(struct envelope *v);

#endif
