/*
 * header.h - the head of a message as a sequence of fields, and the fields we write ourselves:
 * RFC 5322 2.2 and 3.6, RFC 2047.
 *
 * Pure.  A field keeps its bytes: whoever wants one unchanged copies `raw`.
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

/* The next field at *at; false at the end of the head, or at a line that is no field (then *at
 * stays there).  Lines end with LF or CRLF. */
bool header_next(const char *head, size_t len, size_t *at, struct field *f);

bool header_is(const struct field *f, const char *name); /* without case */

/* Does this line (without its end) look like the start of a field: 1*ftext *WSP ":" ? */
bool header_starts_field(const char *line, size_t len);

/* Copies a head with its lines of more than 998 octets folded at blanks that they have (RFC 5322 2.2.3), which changes
 * nothing for whoever unfolds them; a line without such a blank stays as it is. */
bool header_fold(struct buf *to, const char *head, size_t len, struct err *e) MUST_CHECK;

/* A list of addresses stands in the buffer from `at` on: where a line of it has more than 998 octets, commas get the blanks
 * behind them at which header_fold() folds. */
bool header_loosen(struct buf *b, size_t at, struct err *e) MUST_CHECK;

/* A display name as a phrase: as it is (atoms), quoted (specials), or RFC 2047 encoded words in
 * UTF-8 (not ASCII) of at most 75 characters with no character split, folded with LF; `column` is
 * where it will start.  Controls are refused (ST_INPUT). */
bool header_phrase(struct buf *to, const char *name, size_t column, struct err *e) MUST_CHECK;

/* "Mon, 23 Nov 2026 20:15:00 +0100": English whatever the locale, local zone. */
bool header_date(struct buf *to, time_t when, struct err *e) MUST_CHECK;

/* One parameter of a MIME field's body ("charset" of `text/plain; charset=utf-8`), unquoted;
 * false when absent or too long for `room`. */
bool header_parameter(const char *body, size_t len, const char *name, char *to, size_t room);

/* The first token of a MIME field's body in lower case, comments skipped ("text/plain", "8bit"). */
bool header_token(const char *body, size_t len, char *to, size_t room);

#endif
