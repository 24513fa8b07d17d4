/*
 * encode.h - a body in quoted-printable or base64: RFC 2045 6.7 and 6.8.
 *
 * The encoders are state machines that take pieces of any size; the result does not depend on where the pieces
 * end.  Quoted-printable: input lines end with LF or CRLF, output lines with CRLF, and have at most 76 characters.  Encoded
 * are '=', controls (with NUL and a bare CR), octets over 126, blanks at the end of a line, and a '.' or 'F' (of "From ") at
 * the start of a line.
 */
#ifndef MIME_ENCODE_H
#define MIME_ENCODE_H

#include "base/base.h"

struct qp { /* zeroed: the start */
	size_t column;
	bool   cr;          /* a CR came, and perhaps its LF follows */
	char   blank;       /* a blank that is not written yet: it is encoded if a line end follows */
};

/* The output has at most QP_GROWTH bytes for each byte of input, plus QP_SLACK. */
enum { QP_GROWTH = 6, QP_SLACK = 32 };

size_t qp_feed(struct qp *q, const char *in, size_t n, char *out); /* bytes written to out */
size_t qp_end(struct qp *q, char *out); /* the last line gets a CRLF if it has none */

struct b64 { /* zeroed: the start */
	unsigned char held[3];
	size_t n_held, column;
};

/* In lines of 76 characters that end with CRLF.  The room for quoted-printable is enough. */
size_t b64_feed(struct b64 *b, const char *in, size_t n, char *out);
size_t b64_end(struct b64 *b, char *out);

#endif
