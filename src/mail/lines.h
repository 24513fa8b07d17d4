/*
 * lines.h - the body on its way out (LF to CRLF, dots: RFC 5321 2.3.8, 4.5.2), and what must be
 * known about it before (facts).
 *
 * Both are state machines fed in pieces of any size; the result does not depend on where they
 * were cut.  A CR that is not followed by LF is never written as it is: lines_feed() asserts
 * nothing and sends CRLF, but message.c has refused or re-encoded such a body before (facts).
 */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include "base/base.h"

struct facts {
	uint64_t bytes;    /* with CRLF line ends and one after the last line, without dots (RFC 1870) */
	uint64_t longest;  /* line, without its end */
	bool     eight_bit, nul, bare_cr;
	bool     utf8_head; /* a non-ASCII byte in the head: filled by message.c */
	/* private: the line being counted, a CR waiting for its LF */
	uint64_t line;
	bool     cr;
};

void facts_feed(struct facts *f, const char *p, size_t n);
void facts_end(struct facts *f); /* counts the CRLF that the last line lacked */

/* Bare CR, NUL, or a line over 998 octets: no server can be given this (RFC 5321 2.3.8, 4.5.3.1.6). */
bool facts_unfit(const struct facts *f);

struct lines { /* zeroed is the start of a text without dots */
	bool dots;      /* double the dot at the start of a line: DATA */
	bool cr;        /* a CR is waiting for its LF */
	bool in_line;   /* something was written since the last CRLF */
};

/* Output is at most LINES_GROWTH x n + LINES_SLACK bytes. */
enum { LINES_GROWTH = 2, LINES_SLACK = 4 };

size_t lines_feed(struct lines *l, const char *in, size_t n, char *out);
size_t lines_end(struct lines *l, char *out); /* CRLF if the last line has none */

#endif
