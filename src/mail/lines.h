/*
 * lines.h - the body on its way out (LF to CRLF, dots: RFC 5321 2.3.8, 4.5.2), and what must be
 * known about it before (facts).
 *
 * Both are state machines fed in pieces of any size; the result does not depend on where they
 * were cut.
 */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include "base/base.h"

struct facts {
	uint64_t bytes;    /* with CRLF line ends and one after the last line, without dots (RFC 1870) */
	uint64_t longest;  /* line, without its end */
	bool     eight_bit, nul, bare_cr;
	bool     utf8_head; /* a non-ASCII byte in the head: facts_head() looks */
	/* private: the line being counted, a CR waiting for its LF */
	uint64_t line;
	bool     cr;
};

void facts_head(struct facts *f, const char *head, size_t n); /* apart from feeding it: is it ASCII? */
void facts_feed(struct facts *f, const char *p, size_t n);
void facts_end(struct facts *f); /* counts the CRLF that the last line lacked */

/* Bare CR, NUL, or a line over 998 octets: no server can be given this (RFC 5321 2.3.8, 4.5.3.1.6). */
bool facts_unfit(const struct facts *f);

/*
 * The wire filter: the last that looks at a text before it goes out.  It believes no facts that were counted earlier.
 * A text that is not what was announced is broken off before its last line end, so that the server never has as many
 * octets as a BDAT announced, nor the dot that ends DATA.
 */
struct lines {
	/* set by the owner */
	bool     dots;      /* double the dot at the start of a line: DATA */
	bool     eight_bit; /* octets over 127 may pass */
	uint64_t bytes;     /* what the text must come to: facts.bytes */
	/* why nothing more is written ("a NUL"); NULL: all is well */
	const char *broken;
	/* private */
	bool     cr;        /* a CR is waiting for its LF */
	bool     due;       /* a line has ended, and its CRLF is not written yet */
	uint64_t line, sent; /* octets: of the present line; of the text, CRLF that are due included */
};

/* Output is at most LINES_GROWTH x n + LINES_SLACK bytes. */
enum { LINES_GROWTH = 2, LINES_SLACK = 4 };

/* Bytes written to `out`; 0 once the text is broken. */
size_t lines_feed(struct lines *l, const char *in, size_t n, char *out);

/* The last line end, where the text came to what was announced; else it is broken. */
size_t lines_end(struct lines *l, char *out);

#endif
