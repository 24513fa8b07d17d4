/*
 * printable.h - text from anywhere made fit for a person's terminal, log and error message.
 *
 * Below err.h, because every error's words pass through it.
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include "base/base.h"

/* Control characters, NUL, DEL, C1 controls and broken UTF-8 become \xHH; a newline stays when
 * keep_newlines (trailing ones are cut off).  Always terminates; cuts between characters, and "..." says so. */
void printable(char *to, size_t room, const char *from, size_t len, bool keep_newlines);

/* One character of it: the number of bytes put into `piece` (not terminated); *took: of those at p. */
enum { PRINTABLE_PIECE = 8 };
size_t printable_piece(const char *p, size_t len, bool keep_newlines, char piece[PRINTABLE_PIECE], size_t *took);

/* The length of the well-formed UTF-8 character at p (RFC 3629: shortest form, no surrogates), or 0. */
size_t utf8_char(const char *p, size_t len);

#endif
