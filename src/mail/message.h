/*
 * message.h - the original: a message taken in, with its facts, to be read as often as needed.  RFC 5322, RFC 6409 8.
 *
 * The whole input is read before anybody connects: the head and up to 1 MiB of body into memory,
 * more of it into an unlinked temporary file, also where stdin is a regular file, which could change.
 * So size, longest line, 8-bit and NUL are known, and a slow producer keeps no server waiting.
 * fix.h changes the head, once.  No server changes the original: what one server gets is a rendition
 * (mime/rendition.h).
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "base/base.h"

#include <sys/types.h>

#include "base/buf.h"
#include "mail/lines.h"

enum {
	MESSAGE_HEAD_MAX = 1024 * 1024, /* bytes */
	MESSAGE_MEMORY = 1024 * 1024,   /* bytes of body kept in memory */
	MESSAGE_PIECE = 64 * 1024,      /* bytes that a message_sink gets at most */
};

struct message {
	struct buf   head;   /* fields without the empty line; LF or CRLF as they came */
	struct buf   body;   /* in memory; unused when fd >= 0 */
	int          fd;     /* owned: temporary file; -1: in memory */
	off_t        end;    /* of the body in fd */
	struct facts facts;  /* filled by message_count() */
	char         id[256];/* Message-ID, for the log; "": none */
};

/* Reads fd to its end.  `dot_ends`: a line that is a lone "." ends the input.  Errors: ST_INPUT TEMP
 * (EX_IOERR) for a read error, ST_INPUT PERM for a head over the limit, ST_SPOOL for the temporary
 * file.  A signal that asks us to stop ends it (stop.h). */
bool message_read(struct message *m, int fd, bool dot_ends, struct err *e) MUST_CHECK;

/* The same from a function that gives the next 1 to `room` bytes, or *n == 0 at the end. */
typedef bool (*message_source)(void *ctx, char *to, size_t room, size_t *n, struct err *e);
bool message_take(struct message *m, message_source from, void *ctx, struct err *e) MUST_CHECK;

/* Gets the next n bytes, n > 0; false ends the reading, which then returns false. */
typedef bool (*message_sink)(void *to, const char *p, size_t n, struct err *e);

/* A head, the line end that its last line may lack, and the empty line, also where there is no body: some servers refuse a
 * message without it (those that use Go's net/mail, for example). */
bool message_put_head(const struct buf *head, message_sink take, void *to, struct err *e) MUST_CHECK;

/* The body as it came, lines with LF or CRLF.  ST_SPOOL for the temporary file; a signal that asks us to stop ends it. */
bool message_put_body(const struct message *m, message_sink take, void *to, struct err *e) MUST_CHECK;

/* Counts the facts of head and body: once the head is fixed. */
bool message_count(struct message *m, struct err *e) MUST_CHECK;

void message_free(struct message *m);

#endif
