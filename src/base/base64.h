/*
 * base64.h - base64 without line breaks, RFC 4648 4: the only place that has its alphabet.
 *
 * The lines of a body are put together in mime/encode; net/trust decodes the beginning of a certificate group by group.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends n bytes with padding; `to` may be the buf of a secret. */
bool base64_encode(struct buf *to, const void *p, size_t n, struct err *e) MUST_CHECK;

/* Strict: no blanks, correct padding, no bits left over.  The data comes from a server or client, so the caller words the
 * error.  More than to->max bytes are an error, too. */
bool base64_decode(struct buf *to, const char *p, size_t n) MUST_CHECK;

/* One group: up to three bytes (n > 0; those after the third are not read) to four characters. */
void base64_group(const unsigned char *p, size_t n, char four[4]);

extern const signed char base64_value[256]; /* of each character; -1: it is not of the alphabet */

/* One group back: four characters to three bytes.  False: one is not of the alphabet (padding is not, either), and the bytes
 * have no meaning. */
static inline bool base64_bytes(const char *four, unsigned char three[3])
{
	const unsigned char *c = (const unsigned char *)four;
	int v = base64_value[c[0]] * (1 << 18) | base64_value[c[1]] * (1 << 12) | base64_value[c[2]] * (1 << 6)
	      | base64_value[c[3]];

	three[0] = (unsigned char)(v >> 16);
	three[1] = (unsigned char)(v >> 8);
	three[2] = (unsigned char)v;
	return v >= 0;
}

#endif
