/*
 * message.h - take a message in, know its facts, fix its head, read it again: RFC 5322, RFC 6409 8.
 *
 * The whole input is read before anybody connects: the head and up to 1 MiB of body into memory,
 * more of it into an unlinked temporary file, also where stdin is a regular file, which could change.
 * So size, longest line, 8-bit and NUL are known, a slow producer keeps no server waiting, and the body
 * can be read again for the next host or transaction.  Never sends, never changes what it was given: for
 * that see fix.h (the head) and recode.h (the body).
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "base/base.h"

#include <sys/types.h>

#include "base/buf.h"
#include "mail/lines.h"
#include "mail/rewrite.h"

enum {
	MESSAGE_HEAD_MAX = 1024 * 1024, /* bytes */
	MESSAGE_MEMORY = 1024 * 1024,   /* bytes of body kept in memory */
	MESSAGE_PIECE = 64 * 1024,      /* bytes message_piece() gives at most */
};

struct message {
	struct buf   head;   /* fields without the empty line; LF or CRLF as they came */
	struct buf   body;   /* in memory; unused when fd >= 0 */
	int          fd;     /* owned: temporary file; -1: in memory */
	off_t        end;    /* of the body in fd */
	struct rewrite *rewrite; /* what changes the body on its way out; NULL: nothing */
	struct facts facts;  /* of what will be sent */
	char         id[256];/* Message-ID, for the log; "": none */
	/* private: where message_piece() stands */
	off_t        at;
	unsigned     phase;
};

/* Reads fd to its end.  `dot_ends`: a line that is a lone "." ends the input.  Errors: ST_INPUT TEMP
 * (EX_IOERR) for a read error, ST_INPUT PERM for a head over the limit, ST_SPOOL for the temporary
 * file.  A signal that asks us to stop ends it (stop.h). */
bool message_read(struct message *m, int fd, bool dot_ends, struct err *e) MUST_CHECK;

/* The same from a function that gives the next 1 to `room` bytes, or *n == 0 at the end. */
typedef bool (*message_source)(void *ctx, char *to, size_t room, size_t *n, struct err *e);
bool message_take(struct message *m, message_source from, void *ctx, struct err *e) MUST_CHECK;

/* Counts the facts of what message_piece() gives: once the head is as it will be sent. */
bool message_count(struct message *m, struct err *e) MUST_CHECK;

/* The body alone and as it came, in pieces, to `take`; rewinds. */
bool message_body(struct message *m, bool (*take)(void *to, const char *p, size_t n, struct err *e), void *to,
		  struct err *e) MUST_CHECK;

void message_rewind(struct message *m);

/* The next piece of head, empty line and body, as lines with LF or CRLF; *n == 0 is the end.
 * Valid until the next call. */
bool message_piece(struct message *m, char to[MESSAGE_PIECE], size_t *n, struct err *e) MUST_CHECK;

void message_free(struct message *m);

#endif
