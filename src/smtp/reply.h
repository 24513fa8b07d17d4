/*
 * reply.h - one SMTP reply: RFC 5321 4.2, enhanced codes of RFC 3463 as carried by RFC 2034.
 *
 * Pure: lines in, struct out; no I/O, no allocation.  A reply is kept twice: as it came, for those who compute with
 * it (capabilities, challenges), and as it may be shown.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "smtp/redact.h"

enum {
	REPLY_LINE_MAX = 12288 + 8, /* bytes; RFC 5321 says 512, RFC 4954 4 allows this for challenges */
	REPLY_LINES_MAX = 1000,
	REPLY_TEXT_MAX = 16 * 1024, /* bytes kept of all lines together; the rest is dropped */
};

struct reply {
	int        code;  /* 200..599 */
	struct esc esc;   /* only when its class agrees with the code */
	enum stage stage; /* what it answers */
	unsigned   lines;
	bool       cut;   /* not all of it was kept */
	size_t     wire_len, len;
	size_t     used;  /* bytes that `wire` has ever held, for reply_wipe() */
	size_t     last;  /* where in both the last line begins, until reply_end() */
	char       wire[REPLY_TEXT_MAX]; /* lines joined by '\n', reply codes taken off: never to be shown */
	char       text[REPLY_TEXT_MAX]; /* the same redacted, enhanced codes taken off, too; empty until then */
};

enum reply_more { REPLY_BAD = -1, REPLY_DONE, REPLY_CONTINUES };

void reply_begin(struct reply *r, enum stage stage); /* the stage of errors that reply_add() makes */

/* One line, without CRLF, of `len` bytes and no NUL.  REPLY_BAD fills *e: FATE_NONSENSE; the line, with whatever it
 * begins with, is then the reply's last one. */
enum reply_more reply_add(struct reply *r, const char *line, size_t len, struct err *e);

/* After the last line, be it good, bad or never heard, in two steps: what is hidden becomes asterisks (a challenge as
 * a whole: it is for the library); then esc and text are what they are meant to be. */
void reply_redact(struct reply *r, const struct redact *hidden);
void reply_end(struct reply *r);

/* Overwrites all that it has ever held. */
void reply_wipe(struct reply *r);

static inline bool reply_ok(const struct reply *r) { return r->code / 100 == 2; }

/* The reply as an error of `stage`: 4yz temporary, else permanent; code, enhanced code and words. */
bool reply_fail(const struct reply *r, enum stage stage, struct err *e, const char *fmt, ...) PRINTF(4, 5);

/* "550 5.1.1 text": what the server said, for people. */
void reply_quote(int code, struct esc esc, const char *text, char *to, size_t room);

#endif
