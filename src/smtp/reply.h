/*
 * reply.h - one SMTP reply: RFC 5321 section 4.2, codes of RFC 3463 as carried
 * by RFC 2034.  Pure: lines in, struct out; no I/O, no allocation.
 */
#ifndef REPLY_H
#define REPLY_H

#include "base/err.h"

enum { REPLY_LINE_MAX = 2048, REPLY_LINES_MAX = 200, REPLY_TEXT_MAX = 8192 };

struct reply {
	int        code; /* 200..599 */
	struct esc esc;
	unsigned   lines;
	size_t     len;
	char       text[REPLY_TEXT_MAX]; /* lines joined by '\n', codes taken off */
};

enum reply_more { REPLY_BAD = -1, REPLY_DONE, REPLY_CONTINUES };

void reply_begin(struct reply *r);
enum reply_more reply_add(struct reply *r, const char *line, struct err *e);

static inline bool reply_ok(const struct reply *r) { return r->code / 100 == 2; }

#endif
