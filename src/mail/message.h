/*
 * message.h - the original: a message that has been read, with its facts; it can be read as often as needed.  RFC 5322 2.1.
 *
 * The whole input is read before any of it is sent: the head and up to 1 MiB of body into memory, a larger body into an
 * unlinked temporary file.  If stdin is a regular file, it is copied, too, since it could change.  So the facts are known
 * before MAIL, and a slow writer does not make a server wait in the middle of DATA.  cleanup.h changes the head once; after
 * that the original does not change: each server gets a rendition of its own (mime/rendition.h).
 *
 * While it is read, CR CR LF becomes CR LF if every line of the header ends so, and CR becomes LF if there is no LF at all (if
 * there is none in the first MiB).  Other line ends stay as they are.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "base/base.h"

#include <sys/types.h>

#include "base/buf.h"
#include "mail/survey.h"

enum {
	MESSAGE_HEAD_MAX = 1024 * 1024, /* bytes */
	MESSAGE_MEMORY = 1024 * 1024,   /* bytes of body kept in memory */
	MESSAGE_PIECE = 64 * 1024,      /* bytes that a message_sink gets at most */
};

struct message {
	struct buf   head;   /* fields without the empty line; lines end with LF or CRLF */
	struct buf   body;   /* in memory; unused if fd >= 0 */
	int          fd;     /* owned: temporary file with the body; -1: the body is in memory */
	const char  *temp_dir; /* the directory of fd; borrowed, as file_temp() gives it */
	off_t        end;    /* length of the body in fd */
	struct facts facts;  /* filled by message_count() */
	char         id[256];/* Message-ID, for the log; "": none */
};

/* Reads fd to its end.  `dot_ends`: a line "." from a terminal ends the input, too.  Errors: ST_INPUT TEMP (EX_IOERR) for a
 * read error, ST_INPUT PERM for a head over the limit, ST_SPOOL for the temporary file.  A stop signal ends it (signals.h). */
bool message_read(struct message *m, int fd, bool dot_ends, struct err *e) MUST_CHECK;

/* The same, but reads from a function that gives the next 1 to `room` bytes, and *n == 0 at the end. */
typedef bool (*message_source)(void *ctx, char *to, size_t room, size_t *n, struct err *e);
bool message_read_from(struct message *m, message_source from, void *ctx, struct err *e) MUST_CHECK;

/* Gets the next n bytes, n > 0.  If it returns false, the reading ends and returns false. */
typedef bool (*message_sink)(void *to, const char *p, size_t n, struct err *e);

/* Gives `sink` the head, the line end of its last line if that is missing, and the empty line.  The empty line comes even if
 * there is no body: some servers refuse a message without it (those that use Go's net/mail, for example). */
bool message_put_head(const struct buf *head, message_sink sink, void *to, struct err *e) MUST_CHECK;

/* Gives `sink` the body as it was read, lines with LF or CRLF.  Errors of the temporary file are ST_SPOOL; a stop signal ends
 * it. */
bool message_put_body(const struct message *m, message_sink sink, void *to, struct err *e) MUST_CHECK;

/* Counts the facts of head and body; cleanup_message() calls it after it has changed the head. */
bool message_count(struct message *m, struct err *e) MUST_CHECK;

void message_free(struct message *m);

#endif
