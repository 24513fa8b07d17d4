/*
 * stream.h - a buffered, bounded, deadline-keeping byte stream to the server.
 *
 * Plain sockets, TLS and the in-memory peer of the tests and fuzzers differ only in `struct wire`.
 * The stream owns both buffers and the wire.  Output is collected until stream_flush(); one flush
 * is one flight.  While a flush waits for room it also reads, so two sides that both have much to
 * say cannot deadlock (RFC 2920 3.1).  Every wait ends at the earlier of two deadlines: the one of
 * the reply that is waited for, and the one of the whole submission.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/clock.h"
#include "base/err.h"

enum { STREAM_IN_MAX = 64 * 1024, STREAM_OUT_MAX = 64 * 1024 }; /* bytes */

/* What a wire's read and write return besides a number of bytes.  0 from read is end of file. */
enum { WIRE_WANT_READ = -1, WIRE_WANT_WRITE = -2, WIRE_ERROR = -3 };

struct wire { /* e->stage is the caller's: what is being attempted */
	ptrdiff_t (*read)(void *ctx, void *to, size_t n, struct err *e);
	ptrdiff_t (*write)(void *ctx, const void *from, size_t n, struct err *e);
	/* The end in order: TLS close_notify, then shutdown.  Never waits longer than `deadline`. */
	void (*close)(void *ctx, int64_t deadline);
	int (*fd)(void *ctx); /* for poll(2); -1: never blocks */
	void *ctx;
};

struct stream {
	struct wire wire;
	size_t      in_pos, in_len, out_len;
	size_t      out_used;  /* bytes of `out` that have ever been written to, for stream_close() to wipe */
	unsigned    flights;   /* turnarounds so far, the connect included */
	bool        waiting;   /* has read since the last flush: the next flush begins a flight */
	bool        eof;       /* the server closed its side; what it said before is still in `in` */
	enum stage  stage;     /* of its errors: what is being attempted, see stream_attempt() */
	int64_t     deadline;  /* of the present wait, clock_ms() */
	int64_t     until;     /* of the whole submission; CLOCK_NEVER: none */
	/* Overwrites what nobody may see in a text of `len` bytes and a NUL that may be cut at its end; NULL: all may be seen. */
	void (*hide)(const void *ctx, char *text, size_t len);
	const void *hide_ctx;
	char        in[STREAM_IN_MAX];
	char        out[STREAM_OUT_MAX];
};

/* Takes over the socket, which is made non-blocking. */
struct wire wire_fd(int fd);

/* A zeroed stream becomes usable with a wire and both deadlines. */
void stream_open(struct stream *s, struct wire w, int64_t until);

/* What is said and heard from now on belongs to this stage, and each wait ends at this deadline. */
void stream_attempt(struct stream *s, enum stage stage, int64_t deadline);

bool stream_write(struct stream *s, const void *p, size_t n, struct err *e) MUST_CHECK;

/* Direct access to the free room of the output buffer, for a body that is converted in place:
 * *n bytes at the returned address; flushes first when less than `min` are free. */
char *stream_out_room(struct stream *s, size_t min, size_t *n, struct err *e) MUST_CHECK;
void  stream_out_used(struct stream *s, size_t n);

bool stream_flush(struct stream *s, struct err *e) MUST_CHECK;

/* One line without its CRLF, NUL-terminated in place; valid until the next stream_* call.  A line
 * longer than max (at most STREAM_IN_MAX), a bare LF or a NUL is an error: FATE_NONSENSE. */
bool stream_line(struct stream *s, size_t max, char **line, size_t *len, struct err *e) MUST_CHECK;

/* The number of the flight that what is written now belongs to. */
static inline unsigned stream_flight(const struct stream *s) { return s->flights + (s->waiting ? 1 : 0); }

size_t stream_unread(const struct stream *s); /* bytes read but not taken */

/* Reads what is there without waiting; true when something unread is in the buffer or the server
 * closed.  Used while a body is streamed, to hear a refusal early. */
bool stream_peek(struct stream *s);

/* `n` bytes that the server said outside of a reply, made fit to be quoted: without what is to be hidden, and with line ends of
 * one character.  `to` has room for n + 1; returns how many they are.  Nothing else that came in is shown by this folder. */
size_t stream_quotable(const struct stream *s, const char *from, size_t n, char *to);

/* Waits for the wire to be ready for `events` (poll.h) within the deadlines; for a TLS handshake. */
bool stream_wait(struct stream *s, short events, struct err *e) MUST_CHECK;

/* Accepts a zeroed stream.  Closes in order, within two seconds; the stream is zeroed but for flights. */
void stream_close(struct stream *s);

#endif
