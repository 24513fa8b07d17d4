/*
 * header.h - splits the head of a message into fields, and writes fields: RFC 5322 2.2 and 3.6, RFC 2045 5.1.
 *
 * No input or output; only header_date() depends on the time zone.  To copy a field unchanged, a caller copies `raw`.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/base.h"

#include <time.h>

#include "base/buf.h"

struct field {
	const char *raw;  /* borrowed: from the name to the end of the last folded line, with its line end */
	size_t      raw_len;
	const char *name; /* without the blanks before the colon that RFC 822 allowed ("BCC :") */
	size_t      name_len;
	const char *body; /* after the colon, to the end of raw; may be folded */
	size_t      body_len;
};

/* The next field, from *at on; false at the end of the head, or at a line that is no field (*at is then the offset of that
 * line).  Lines end with LF or CRLF. */
bool header_next(const char *head, size_t len, size_t *at, struct field *f);

bool header_is(const struct field *f, const char *name); /* case is ignored */

size_t header_line(const char *p, size_t left); /* the length of the first line, with its end */
size_t header_line_end(const char *p, size_t n); /* the length of the end of the last line: LF, CRLF or none */

/* Does this line (without its end) look like the start of a field: 1*ftext *WSP ":" ? */
bool header_starts_field(const char *line, size_t len);

/* "Mon, 23 Nov 2026 20:15:00 +0100": in English in every locale, in the local time zone. */
bool header_date(struct buf *to, time_t when, struct err *e) MUST_CHECK;

/* One parameter of a MIME field's body ("charset" of `text/plain; charset=utf-8`), unquoted;
 * false if it is missing or too long for `room`. */
bool header_parameter(const char *body, size_t len, const char *name, char *to, size_t room);

/* The first token of a MIME field's body in lower case, comments skipped ("text/plain", "8bit"). */
bool header_token(const char *body, size_t len, char *to, size_t room);

#endif
