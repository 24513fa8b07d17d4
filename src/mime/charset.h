/*
 * charset.h - the charset of a text that does not say it: us-ascii, utf-8 if its octets have the form of UTF-8, else unknown-8bit
 * (RFC 1428).
 *
 * Long forms and surrogates, which UTF-8 forbids, are not looked for.  A state machine that takes pieces of any size; the
 * result does not depend on where the pieces end.
 */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include "base/base.h"

enum charset { CHARSET_ASCII, CHARSET_UTF8, CHARSET_UNKNOWN };

struct charset_guess { /* zeroed: the start */
	bool     eight_bit, not_utf8;
	unsigned owed; /* octets that the present character still needs */
};

void charset_feed(struct charset_guess *g, const char *p, size_t n);
enum charset charset_of(const struct charset_guess *g);
const char *charset_name(enum charset c);

#endif
