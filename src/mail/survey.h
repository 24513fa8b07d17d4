/*
 * survey.h - counts the facts about a text that decide how it is sent: RFC 5321 2.3.8 and 4.5.3.1.6, RFC 1870 5.
 *
 * A state machine that takes pieces of any size; the result does not depend on where the pieces end.
 */
#ifndef MAIL_SURVEY_H
#define MAIL_SURVEY_H

#include "base/base.h"

enum { SURVEY_LINE_MAX = 998 }; /* octets of a line without its CRLF: RFC 5321 4.5.3.1.6, RFC 5322 2.1.1 */

struct facts {
	uint64_t bytes;    /* with a CRLF after every line, also after the last, and without doubled dots (RFC 1870) */
	uint64_t longest;  /* octets of the longest line, without its end */
	bool     eight_bit, nul, bare_cr;
	bool     utf8_head; /* a field of the head needs SMTPUTF8; set by message_count() */
	/* private: octets of the present line; a CR came, and perhaps its LF follows */
	uint64_t line;
	bool     cr;
};

void survey_feed(struct facts *f, const char *p, size_t n);
void survey_end(struct facts *f); /* ends the last line, if it has no line end */

/* Bare CR, NUL, or a line of more than SURVEY_LINE_MAX octets: this may be sent to no server. */
bool facts_unfit(const struct facts *f);

#endif
