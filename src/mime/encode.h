/*
 * encode.h - base64 and quoted-printable: RFC 4648 4, RFC 2045 6.7 and 6.8.
 *
 * For bodies both are state machines fed in pieces of any size; the result does not depend on
 * where they were cut.  Quoted-printable: input lines end with LF or CRLF, output lines with CRLF, no output line
 * is longer than 76 characters, bare CR and NUL and everything over 126 is encoded, trailing
 * blanks too, as is a '.' or 'F' (of "From ") at the start of a line.
 */
#ifndef MIME_ENCODE_H
#define MIME_ENCODE_H

#include "base/buf.h"

struct qp { /* zeroed is the start */
	size_t column;
	bool   cr;          /* a CR is waiting for its LF */
	char   blank;       /* a blank is waiting: encoded if a line end follows */
};

/* At most QP_GROWTH bytes of output for each of input, plus QP_SLACK. */
enum { QP_GROWTH = 6, QP_SLACK = 32 };

size_t qp_feed(struct qp *q, const char *in, size_t n, char *out); /* bytes written to out */
size_t qp_end(struct qp *q, char *out); /* the last line gets a CRLF if it has none */

struct base64 { /* zeroed is the start */
	unsigned char held[3];
	size_t n_held, column;
};

/* In lines of 76 characters that end with CRLF; no more room needed than for quoted-printable. */
size_t base64_feed(struct base64 *b, const char *in, size_t n, char *out);
size_t base64_end(struct base64 *b, char *out);

/* RFC 4648 4 with padding and no line breaks; `to` may be a secret's buf. */
bool base64_encode(struct buf *to, const void *p, size_t n, struct err *e) MUST_CHECK;

/* Strict: no blanks, right padding, no bits left over.  false without *e: it is data from a peer,
 * the caller knows what to say.  to->max bounds. */
bool base64_decode(struct buf *to, const char *p, size_t n) MUST_CHECK;

#endif
