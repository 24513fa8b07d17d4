/*
 * reply.h - one SMTP reply: RFC 5321 4.2, enhanced codes of RFC 3463 as carried by RFC 2034.
 *
 * Pure: lines in, a struct out; no input or output, no allocation.  A reply is kept twice: `wire` as it came, to be computed
 * with (capabilities, challenges), and `text` as it may be shown.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "smtp/redact.h"

enum {
	REPLY_LINE_MAX = 12288 + 8, /* bytes; RFC 5321 4.5.3.1.5 says 512, RFC 4954 4 allows this for challenges */
	REPLY_LINES_MAX = 1000,
	REPLY_TEXT_MAX = 16 * 1024, /* bytes kept of all lines together; the rest is dropped */
};

struct reply {
	int        code;  /* 200..599 */
	struct esc esc;   /* zero if there is none, or if its class differs from the code's */
	enum stage stage; /* what it answers */
	unsigned   lines;
	bool       cut;   /* not all of it was kept */
	size_t     wire_len, len;
	size_t     used;  /* the most bytes that `wire` has held, for reply_wipe() */
	size_t     last;  /* where the last line begins, in wire and text; until reply_end() */
	char       wire[REPLY_TEXT_MAX]; /* lines joined by '\n', without reply codes; never to be shown */
	char       text[REPLY_TEXT_MAX]; /* the same redacted; after reply_end() without enhanced codes; empty before */
};

enum reply_more { REPLY_BAD = -1, REPLY_DONE, REPLY_CONTINUES };

void reply_begin(struct reply *r, enum stage stage); /* the stage of errors that reply_add() makes */

/* Adds a line of `len` bytes, without CRLF and NUL.  REPLY_BAD: the line is no part of a reply, and *e is FATE_NONSENSE.  Such a
 * line becomes the last one of the reply and is kept whole. */
enum reply_more reply_add(struct reply *r, const char *line, size_t len, struct err *e);

/* To be called after the last line, in this order, also if it was bad or did not come.  reply_redact() fills `text`; a
 * challenge (334) becomes asterisks as a whole, since it is for libgsasl.  reply_end() takes the enhanced codes off and fills
 * `esc`. */
void reply_redact(struct reply *r, const struct redact *hidden);
void reply_end(struct reply *r);

/* Copies code, enhanced code and text, and leaves `wire` out. */
void reply_copy(struct reply *to, const struct reply *from);

void reply_wipe(struct reply *r); /* overwrites all bytes that it has held */

static inline bool reply_ok(const struct reply *r) { return r->code / 100 == 2; }

/* Makes an error of `stage` of the reply, with its codes and text: FATE_TEMP for 4yz, else FATE_PERM. */
bool reply_fail(const struct reply *r, enum stage stage, struct err *e, const char *fmt, ...) PRINTF(4, 5);

/* Writes "550 5.1.1 text", for people. */
void reply_quote(int code, struct esc esc, const char *text, char *to, size_t room);

#endif
