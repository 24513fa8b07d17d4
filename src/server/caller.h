/*
 * caller.h - the other end of -bs: lines in from one descriptor, replies out to another, message text in between.
 *
 * Replies are collected and written when nothing more is there to read, or when they are many: whoever pipelines (RFC 2920)
 * gets them in one piece.  A line may end in LF alone, as people and scripts have it; but the text after DATA ends the way
 * DATA itself ended, so that nobody can smuggle an end of message into the text of a caller that speaks CRLF.
 */
#ifndef SERVER_CALLER_H
#define SERVER_CALLER_H

#include "base/buf.h"
#include "server/command.h"

struct caller {
	int        in, out;
	bool       lf;       /* the latest line ended in LF alone */
	bool       eof;
	bool       gone;     /* left, was silent, could not be heard, or a signal came: nothing more is to be waited for */
	size_t     at, have; /* what was read and not taken */
	struct buf replies;  /* not written yet */
	char       text[32 * 1024];
};

void caller_open(struct caller *c, int in, int out);
void caller_close(struct caller *c); /* writes what is left */

/* The next line without its end, NUL-terminated, valid until the next call; *line NULL: it was longer than
 * COMMAND_LINE_MAX or had a NUL in it, and is gone.  False: the caller left (see eof), was silent for five minutes,
 * or a signal came. */
bool caller_line(struct caller *c, char **line, struct err *e) MUST_CHECK;

/* One reply, in several lines where `text` has line ends; the enhanced code (class 0: none) goes into each.  The text is
 * made printable. */
bool caller_reply(struct caller *c, int code, struct esc esc, const char *text, struct err *e) MUST_CHECK;

/* Writes what is there.  False: the caller left, did not read for five minutes, or a signal came. */
bool caller_flush(struct caller *c, struct err *e) MUST_CHECK;

/* Message text: what follows DATA, or one chunk of BDAT.  *n == 0 is its end. */
struct caller_text {
	struct caller *c;
	enum { TEXT_START, TEXT_LINE, TEXT_CR, TEXT_DOT, TEXT_DOT_CR, TEXT_END, TEXT_CHUNK } state;
	bool     lf;   /* a line that is only a dot ends the text even if it and the one before end in LF alone */
	uint64_t left; /* TEXT_CHUNK: octets */
};

bool caller_text(struct caller_text *t, char *to, size_t room, size_t *n, struct err *e) MUST_CHECK;

#endif
