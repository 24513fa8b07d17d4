/*
 * redact.h - replaces words that may never be shown by asterisks.
 *
 * A server may echo what we sent in any reply, whole or in part, and with line ends in the middle.  So redact() is called with
 * the bytes of a whole reply, as they came: after escaping, joining or cutting, the words would not be found any more.  Words
 * shorter than four bytes occur by chance and are not looked for.
 */
#ifndef SMTP_REDACT_H
#define SMTP_REDACT_H

#include "base/buf.h"

struct redact {
	struct buf words; /* one after the other: a byte for the kind, the word, a NUL */
};

void redact_begin(struct redact *r);

/* Hides a password or token, and the base64 of any text that holds it (as in AUTH PLAIN). */
bool redact_secret(struct redact *r, const char *secret, struct err *e) MUST_CHECK;

/* Hides base64 that was sent; without its padding, since an echo may leave that out. */
bool redact_base64(struct redact *r, const char *word, struct err *e) MUST_CHECK;

/* Works in place; the length stays.  The beginning of a word is hidden, too, if it has half of the word's bytes; of short words
 * 8 bytes are needed, of long ones 16 are enough.  Line ends, and an enhanced code after them, may stand inside a word.  `cut`:
 * the end of the text was cut off, so even the shortest beginning of a word is hidden there. */
void redact(const struct redact *r, char *text, size_t len, bool cut);

void redact_end(struct redact *r); /* wipes; accepts a zeroed struct */

#endif
