/*
 * mend.h - makes the lines of a header fit to be sent: RFC 5321 2.3.8 and 4.5.3.1.6, RFC 5322 2.1.1 and 2.2.3, RFC 2369 2.
 *
 * It is for the head of a message and for the header of a part.  It mends what no server may get: a carriage return within a
 * line, a NUL, and a line of more than 998 octets.  It never changes a header that has none of them, and never encodes anything.
 */
#ifndef MAIL_MEND_H
#define MAIL_MEND_H

#include "base/buf.h"

/*
 * Copies a header.  A carriage return that belongs to no line end, and a NUL, become a blank.  A line of more than 998 octets is
 * folded, at the first of these kinds of places that it has:
 *
 *	at a blank: a reader who unfolds the line gets the same text
 *	behind ',' or ';' outside of quotes, <> and, if possible, comments, except in a field for people to read, such as Subject
 *	within the <> of a List- field, since blanks in its URLs are ignored
 *	behind the colon
 *
 * A line without such a place stays too long.
 */
bool mend_header(struct buf *to, const char *header, size_t len, struct err *e) MUST_CHECK;

/* The same without folding, in place: the carriage returns and NULs become blanks, and nothing moves. */
void mend_octets(char *header, size_t len);

#endif
