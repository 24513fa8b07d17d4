/*
 * printable.h - makes untrusted text safe for a terminal, a log and an error message.
 *
 * It is below err.h in LAYERS because err.c uses it for the text of every error.
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include "base/base.h"

/* Control characters, NUL, DEL, C1 controls, marks that reorder text (U+202E) and broken UTF-8 become \xHH.  With keep_newlines a
 * newline stays, except at the end of the text.  The result always ends with a NUL.  If it is too long, it is cut between
 * characters and ends with "...". */
void printable(char *to, size_t room, const char *from, size_t len, bool keep_newlines);

/* The same for one character: puts it into `piece` (without a NUL) and returns its length there; *took: its length at p. */
enum { PRINTABLE_PIECE = 8 };
size_t printable_piece(const char *p, size_t len, bool keep_newlines, char piece[PRINTABLE_PIECE], size_t *took);

/* The length of the well-formed UTF-8 character at p (RFC 3629: shortest form, no surrogates), or 0. */
size_t printable_utf8(const char *p, size_t len);

/* The code point of such a character of n octets. */
uint32_t printable_code_point(const char *p, size_t n);

#endif
