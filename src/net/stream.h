/*
 * stream.h - a stream of bytes to and from the server, with buffers, limits and deadlines.
 *
 * Plain sockets, TLS and the in-memory server of the tests and fuzzers differ only in `struct wire`.  The stream owns both
 * buffers and the wire.  Output is collected until stream_flush(), or until the buffer is full.  A flight is the output
 * between two reads.  While a flush waits for room, the stream also reads: otherwise two sides that both have much to send
 * could wait for each other for ever (RFC 2920 3.1).  Every wait ends at the earlier of two deadlines, that of the present
 * reply and that of the whole submission.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/clock.h"
#include "base/err.h"

enum { STREAM_IN_MAX = 64 * 1024, STREAM_OUT_MAX = 64 * 1024 }; /* bytes */

/* Results of a wire's read and write other than a number of bytes.  0 from read means end of file. */
enum { WIRE_WANT_READ = -1, WIRE_WANT_WRITE = -2, WIRE_ERROR = -3 };

struct wire { /* the caller sets e->stage before read and write, and errors get that stage */
	ptrdiff_t (*read)(void *ctx, void *to, size_t n, struct err *e);
	ptrdiff_t (*write)(void *ctx, const void *from, size_t n, struct err *e);
	/* An orderly end: first TLS close_notify, then shutdown(2).  Waits no longer than until `deadline`. */
	void (*close)(void *ctx, int64_t deadline);
	int (*fd)(void *ctx); /* for poll(2); -1: the wire never blocks */
	void *ctx;
};

struct stream {
	struct wire wire;
	size_t      in_pos, in_len, out_len;
	size_t      out_used;  /* bytes of `out` that have been used so far; stream_close() wipes them */
	unsigned    flights;   /* turnarounds so far; the connect counts as one */
	bool        waiting;   /* a line has been read since the last flush, so the next flush begins a flight */
	bool        eof;       /* the server has closed its side; earlier bytes are still in `in` */
	enum stage  stage;     /* of errors, see stream_attempt() */
	int64_t     deadline;  /* of the present wait, clock_ms() */
	int64_t     until;     /* of the whole submission; CLOCK_NEVER: none */
	/* Overwrites secrets in a text of `len` bytes and a NUL; a secret may be cut at the end of the text.  NULL: there are
	 * none. */
	void (*hide)(const void *ctx, char *text, size_t len);
	const void *hide_ctx;
	char        in[STREAM_IN_MAX];
	char        out[STREAM_OUT_MAX];
};

/* Takes over the socket, which is made non-blocking. */
struct wire wire_fd(int fd);

/* Opens a zeroed or closed stream on this wire.  The deadline of the wait is none before stream_attempt(). */
void stream_open(struct stream *s, struct wire w, int64_t until);

/* From now on errors get this stage, and every wait ends at this deadline. */
void stream_attempt(struct stream *s, enum stage stage, int64_t deadline);

bool stream_write(struct stream *s, const void *p, size_t n, struct err *e) MUST_CHECK;

/* The free room of the output buffer, for a body that is converted directly into it: *n bytes at the returned address.  If
 * fewer than `min` bytes are free, it flushes first.  stream_out_used() then tells how many bytes were written. */
char *stream_out_room(struct stream *s, size_t min, size_t *n, struct err *e) MUST_CHECK;
void  stream_out_used(struct stream *s, size_t n);

bool stream_flush(struct stream *s, struct err *e) MUST_CHECK;

/* The next line, with a NUL in place of its CRLF; valid until the next stream_* call.  A line longer than max (at most
 * STREAM_IN_MAX), a bare LF or a NUL is an error: FATE_NONSENSE. */
bool stream_line(struct stream *s, size_t max, char **line, size_t *len, struct err *e) MUST_CHECK;

/* The number of the flight to which output belongs that is written now. */
static inline unsigned stream_flight(const struct stream *s) { return s->flights + (s->waiting ? 1 : 0); }

size_t stream_unread(const struct stream *s); /* bytes read but not taken */

/* Reads without waiting; true if the buffer has unread bytes, or the server has closed its side.  It is used while a body is
 * sent, to notice an early refusal. */
bool stream_peek(struct stream *s);

/* Our end of the connection as an address literal, RFC 5321 4.1.3: "[192.0.2.1]" or "[IPv6:2001:db8::1]".  Over a unix socket,
 * and over a wire without a socket, it is "[127.0.0.1]". */
enum { STREAM_LITERAL_MAX = 80 };
void stream_literal(const struct stream *s, char to[STREAM_LITERAL_MAX]);

/* Copies `n` bytes that the server sent outside of a reply, so that an error can quote them: without secrets (`hide`), and with
 * LF as line ends.  `to` has room for n + 1; returns the length.  net/ shows no other bytes from the server. */
size_t stream_quotable(const struct stream *s, const char *from, size_t n, char *to);

/* Waits until the wire is ready for `events` of poll(2), or until a deadline; also used by the TLS handshake. */
bool stream_wait(struct stream *s, short events, struct err *e) MUST_CHECK;

/* Ends the connection in order, within two seconds, and wipes the output.  Afterwards the stream has no wire and empty buffers;
 * the other fields keep their values.  Accepts a zeroed stream. */
void stream_close(struct stream *s);

#endif
