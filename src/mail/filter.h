/*
 * filter.h - converts a text to its form in SMTP: LF to CRLF, dots doubled (RFC 5321 2.3.8, 4.5.2).
 *
 * The filter is the last check of a text before it is sent, and does not rely on the facts that were counted earlier
 * (survey.h).  If the text is not as announced, the filter stops before its last line end: the server then never gets all the
 * octets that BDAT announced, nor the dot that ends DATA, and so does not accept the message.
 *
 * A state machine that takes pieces of any size; the result does not depend on where the pieces end.
 */
#ifndef MAIL_FILTER_H
#define MAIL_FILTER_H

#include "base/base.h"

struct filter {
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

/* Output is at most FILTER_GROWTH x n + FILTER_SLACK bytes. */
enum { FILTER_GROWTH = 2, FILTER_SLACK = 4 };

/* Returns the bytes written to `out`; 0 if `broken` is set. */
size_t filter_feed(struct filter *f, const char *in, size_t n, char *out);

/* Writes the last line end if the text has the announced length; otherwise sets `broken`. */
size_t filter_end(struct filter *f, char *out);

#endif
