/*
 * reply.h - one SMTP reply: RFC 5321 4.2, enhanced codes of RFC 3463 as carried by RFC 2034.
 *
 * Pure: lines in, struct out; no I/O, no allocation.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/err.h"

enum {
	REPLY_LINE_MAX = 12288 + 8, /* bytes; RFC 5321 says 512, RFC 4954 4 allows this for challenges */
	REPLY_LINES_MAX = 1000,
	REPLY_TEXT_MAX = 16 * 1024, /* bytes kept of all lines together; the rest is dropped */
};

struct reply {
	int        code;  /* 200..599 */
	struct esc esc;   /* only when its class agrees with the code */
	unsigned   lines;
	size_t     len;
	char       text[REPLY_TEXT_MAX]; /* lines joined by '\n', codes taken off */
};

enum reply_more { REPLY_BAD = -1, REPLY_DONE, REPLY_CONTINUES };

void reply_begin(struct reply *r);

/* One line, without CRLF, of `len` bytes and no NUL.  REPLY_BAD fills *e: FATE_NONSENSE. */
enum reply_more reply_add(struct reply *r, const char *line, size_t len, struct err *e);

static inline bool reply_ok(const struct reply *r) { return r->code / 100 == 2; }

/* The reply as an error of `stage`: 4yz temporary, else permanent; code, enhanced code and words. */
bool reply_fail(const struct reply *r, enum stage stage, struct err *e, const char *fmt, ...) PRINTF(4, 5);

/* "550 5.1.1 text": what the server said, for people. */
void reply_quote(int code, struct esc esc, const char *text, char *to, size_t room);

#endif
