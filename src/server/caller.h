/*
 * caller.h - the caller of -bs: reads lines and message text from one descriptor, writes replies to another.
 *
 * Replies are collected, and written when nothing more is there to read or when they are many: so a caller that pipelines
 * (RFC 2920) gets them in one piece.  A line may end in LF alone, since people and scripts write so.  But if DATA ended in
 * CRLF, only a dot between CRLFs ends the text: so an end of message cannot be smuggled into it.
 */
#ifndef SERVER_CALLER_H
#define SERVER_CALLER_H

#include "base/buf.h"
#include "server/command.h"

struct caller {
	int        in, out;
	bool       lf;       /* the latest line ended in LF alone */
	bool       eof;
	bool       gone;     /* the caller left, was silent or did not read, or a signal came: nothing more is read */
	int        patience; /* seconds for each line, however slowly it comes: RFC 5321 4.5.3.2.7 */
	int64_t    until;    /* the end of the dialogue, see base/clock */
	int64_t    deadline; /* the end of the present wait */
	size_t     fresh;    /* bytes of text since the deadline was set */
	size_t     at, have; /* text[at] to text[have] was read and not taken */
	struct buf replies;  /* not written yet */
	char       text[32 * 1024];
};

/* `longest`: seconds after which nothing more is read; 0: no limit. */
void caller_open(struct caller *c, int in, int out, unsigned longest);
void caller_close(struct caller *c); /* writes the replies that are left */

/* The next line without its end, NUL-terminated, valid until the next call.  *line NULL: the line was longer than
 * COMMAND_LINE_MAX or had a NUL in it, and was skipped.  False: the caller left (see eof), did not send the whole line in five
 * minutes or before the dialogue had to end, did not take its replies, or a signal came. */
bool caller_line(struct caller *c, char **line, struct err *e) MUST_CHECK;

/* Has the caller sent a whole line that was not taken yet?  Does not wait. */
bool caller_has_line(struct caller *c);

/* Adds one reply.  If `text` has line ends, the reply has several lines, each with the enhanced code (class 0: none).  The text
 * is made printable. */
bool caller_reply(struct caller *c, int code, struct esc esc, const char *text, struct err *e) MUST_CHECK;

/* Writes the collected replies.  False: the caller left, did not read for five minutes, or a signal came. */
bool caller_flush(struct caller *c, struct err *e) MUST_CHECK;

/* Message text: that of DATA, or one chunk of BDAT.  *n == 0: it has ended.  A caller has five minutes for each line, or for a
 * thousand bytes of it. */
struct caller_text {
	struct caller *c;
	enum { TEXT_START, TEXT_LINE, TEXT_CR, TEXT_DOT, TEXT_DOT_CR, TEXT_END, TEXT_CHUNK } state;
	bool     begun; /* the time for it runs */
	bool     lf;   /* the dot that ends the text may stand between LFs alone */
	uint64_t left; /* TEXT_CHUNK: octets */
	uint64_t most; /* octets of the whole message; more are ST_INPUT PERM with 5.3.4 (RFC 1870 6.3); 0: no limit */
	uint64_t came;
};

bool caller_text(struct caller_text *t, char *to, size_t room, size_t *n, struct err *e) MUST_CHECK;

/* Reads a text that cannot be kept up to its end, since only then the caller waits for the reply. */
bool caller_skip_text(struct caller_text *t, struct err *e) MUST_CHECK;

#endif
