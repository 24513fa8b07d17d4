/*
 * redact.h - words that may never be shown, and asterisks in their place.
 *
 * A server may echo what we sent, in any reply, whole or in part, and break its line in the middle of it.  So this
 * works on the bytes of a whole reply, as they came: what is escaped, joined or cut before would not be found
 * any more.  Words shorter than four bytes occur by chance and are not looked for.
 */
#ifndef SMTP_REDACT_H
#define SMTP_REDACT_H

#include "base/buf.h"

struct redact {
	struct buf words; /* each with a byte before it that says of what kind it is, and a NUL behind it */
};

void redact_begin(struct redact *r);

/* A password or token: itself, and its base64 in whatever it is encoded together with (as in AUTH PLAIN). */
bool redact_secret(struct redact *r, const char *secret, struct err *e) MUST_CHECK;

/* Base64 that was sent: without its padding, which an echo may leave out. */
bool redact_base64(struct redact *r, const char *word, struct err *e) MUST_CHECK;

/* In place, the length stays.  Also the first part of a word: from the half of it on, 8 to 16 bytes at most.  Line ends, and
 * an enhanced code behind them, may stand inside a word.  `cut`: the text went on, so whatever begins a word at its end
 * is hidden, too. */
void redact(const struct redact *r, char *text, size_t len, bool cut);

void redact_end(struct redact *r); /* wipes; accepts a zeroed struct */

#endif
