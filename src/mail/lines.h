/*
 * lines.h - converts a text to its form in SMTP (LF to CRLF, dots: RFC 5321 2.3.8, 4.5.2), and before that counts the
 * facts that decide how it is sent.
 *
 * Both are state machines that take pieces of any size; the result does not depend on where the pieces end.
 */
#ifndef MAIL_LINES_H
#define MAIL_LINES_H

#include "base/base.h"

struct facts {
	uint64_t bytes;    /* with a CRLF after every line, also after the last, and without doubled dots (RFC 1870) */
	uint64_t longest;  /* octets of the longest line, without its end */
	bool     eight_bit, nul, bare_cr;
	bool     utf8_head; /* the head has a byte that is not ASCII; set by facts_head() */
	/* private: octets of the present line; a CR came, and perhaps its LF follows */
	uint64_t line;
	bool     cr;
};

void facts_head(struct facts *f, const char *head, size_t n); /* sets utf8_head; the head must also be fed */
void facts_feed(struct facts *f, const char *p, size_t n);
void facts_end(struct facts *f); /* ends the last line, if it has no line end */

/* Bare CR, NUL, or a line of more than 998 octets: this may be sent to no server (RFC 5321 2.3.8, 4.5.3.1.6). */
bool facts_unfit(const struct facts *f);

/*
 * The wire filter is the last check of a text before it is sent, and does not rely on the facts that were counted earlier.
 * If the text is not as announced, the filter stops before its last line end: the server then never gets all the octets that
 * BDAT announced, nor the dot that ends DATA, and so does not accept the message.
 */
struct lines {
	/* set by the owner */
	bool     dots;      /* for DATA: a dot at the start of a line is doubled */
	bool     eight_bit; /* octets over 127 are allowed */
	uint64_t bytes;     /* the length that the text must have: facts.bytes */
	/* the reason why nothing more is written ("a NUL"); NULL: no fault so far */
	const char *broken;
	/* private */
	bool     cr;        /* a CR came, and its LF must follow */
	bool     due;       /* a line has ended, and its CRLF is not written yet */
	uint64_t line, sent; /* octets: of the present line; of the text, with a CRLF that is due */
};

/* Output is at most LINES_GROWTH x n + LINES_SLACK bytes. */
enum { LINES_GROWTH = 2, LINES_SLACK = 4 };

/* Returns the bytes written to `out`; 0 if `broken` is set. */
size_t lines_feed(struct lines *l, const char *in, size_t n, char *out);

/* Writes the last line end if the text has the announced length; otherwise sets `broken`. */
size_t lines_end(struct lines *l, char *out);

#endif
