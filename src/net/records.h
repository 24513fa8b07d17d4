/*
 * records.h - the encrypted bytes between GnuTLS and the wire below it, in a buffer for each direction.
 *
 * GnuTLS reads five bytes of a record and then the rest, and writes record by record; here one read from the wire brings as
 * many bytes as there are, and one write sends a whole flush of the stream.  The module never waits, except in
 * records_send_until(), and knows nothing of certificates.
 */
#ifndef NET_RECORDS_H
#define NET_RECORDS_H

#include <gnutls/gnutls.h>

#include "net/stream.h"

enum {
	RECORD_MAX = 16 * 1024,                     /* bytes of content, RFC 8446 5.1 */
	RECORD_ROOM = RECORD_MAX + 512,             /* with header, padding and tag */
	RECORDS_IN_MAX = 20 * 1024,                 /* the largest record and more */
	RECORDS_OUT_MAX = STREAM_OUT_MAX + 8 * 512, /* one flush of the stream is one write to the socket */
	RECORDS_FIRST_MAX = 80,                     /* bytes kept of the server's first answer: it is quoted if it is not TLS */
};

struct records {
	gnutls_session_t session; /* borrowed */
	struct wire      under;
	/* The first failure of reading; before each read its stage is set.  net/tls keeps its own failures here, too. */
	struct err       why;
	bool             failed;
	bool             broken; /* nothing more can be sent */
	size_t           budget; /* bytes that the server may still send; SIZE_MAX: any number */
	size_t           in_pos, in_len, out_pos, out_len;
	size_t           first_len;
	char             first[RECORDS_FIRST_MAX];
	unsigned char    in[RECORDS_IN_MAX]; /* records_open() zeroes only the members before this one */
	unsigned char    out[RECORDS_OUT_MAX];
};

/* From now on the session reads from and writes to this wire. */
void records_open(struct records *r, gnutls_session_t session, struct wire under, size_t budget);

static inline bool records_unread(const struct records *r) { return r->in_pos < r->in_len; }

/* Is there room for one more record of any size? */
static inline bool records_fit(const struct records *r) { return RECORDS_OUT_MAX - r->out_len >= RECORD_ROOM; }

/* Is there anything to send?  A change_cipher_spec alone (RFC 8446 D.4) is for middleboxes, and the server does not answer it: it
 * can go with the next bytes, as it does if the server's flight comes in one piece. */
bool records_pending(const struct records *r);

/* Writes all that is encrypted to the wire: 1, or a WIRE_*. */
ptrdiff_t records_send(struct records *r, struct err *e);

/* The same, waiting until the deadline at most; errors do not matter any more. */
void records_send_until(struct records *r, int64_t deadline);

#endif
