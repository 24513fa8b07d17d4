/*
 * encode.h - a body in quoted-printable or base64: RFC 2045 6.7 and 6.8.
 *
 * The encoders are state machines that take pieces of any size; the result does not depend on where the pieces
 * end.  Input lines end with LF or CRLF, output lines with CRLF, and have at most 76 characters.  No output line begins with
 * "--", so none is a MIME delimiter.
 *
 * In quoted-printable are encoded: '=', controls (with NUL and a bare CR), octets over 126, blanks at the end of a line, a '.' or
 * 'F' (of "From ") at the start of a line, and the second '-' there.
 */
#ifndef MIME_ENCODE_H
#define MIME_ENCODE_H

#include "base/base.h"

struct qp { /* zeroed: the start */
	size_t column;
	bool   cr;          /* a CR came, and perhaps its LF follows */
	char   blank;       /* a blank that is not written yet: it is encoded if a line end follows */
	bool   dash;        /* the line so far is a '-' */
};

/* The output has at most QP_GROWTH bytes for each byte of input, plus QP_SLACK. */
enum { QP_GROWTH = 6, QP_HELD = 64, QP_SLACK = QP_HELD * QP_GROWTH + 8 };

size_t qp_feed(struct qp *q, const char *in, size_t n, char *out); /* bytes written to out */
size_t qp_end(struct qp *q, char *out); /* the last line gets a CRLF if it has none */

struct b64 { /* zeroed: the start */
	unsigned char held[3];
	size_t n_held, column;
	bool   dash; /* for b64_again(): the line so far is a '-' */
};

/* The room for quoted-printable is enough. */
size_t b64_feed(struct b64 *b, const char *in, size_t n, char *out);
size_t b64_end(struct b64 *b, char *out);

/*
 * For a text that is encoded already, but not as it must be: it is encoded again so that every decoder gets the same octets.
 *
 * Quoted-printable: valid escapes and soft line breaks stay; a '=' of another kind, and an octet that should be encoded, are
 * encoded; blanks at the end of a line are dropped, as every decoder does, but from about QP_HELD on they are text, because no
 * line with so many is quoted-printable (RFC 2045 6.7 (5)).  Base64: what is no printable ASCII is dropped, since decoders
 * ignore it, and b64_end() ends it.  Long lines are broken; others keep their ends.
 */
struct requote { /* zeroed: the start */
	struct qp qp;
	char      held[QP_HELD]; /* what may be an escape, a soft line break, or blanks at the end of a line */
	size_t    n_held;
};

size_t requote_feed(struct requote *r, const char *in, size_t n, char *out);
size_t requote_end(struct requote *r, char *out); /* the last line gets a CRLF if it has none */

size_t b64_again(struct b64 *b, const char *in, size_t n, char *out);

#endif
