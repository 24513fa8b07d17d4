/*
 * words.h - text that is not ASCII in an ASCII header: encoded words (RFC 2047) and extended parameters (RFC 2231).
 *
 * Bytes in, bytes out; nothing is converted from one charset to another.  An encoded word has at most 75 characters, its line at
 * most 76, and no character is divided between two words.  Q is used, or B if more than half of the octets would have to be
 * escaped.  In Q only those characters stay that may stay in a phrase (RFC 2047 5 (3)), so a word fits in every place.
 *
 * No reader decodes a control character from what is written here: a tab becomes a blank, and any other one (CR, LF and NUL, too,
 * and U+0080 to U+009F) becomes '?'.
 */
#ifndef MAIL_WORDS_H
#define MAIL_WORDS_H

#include "base/buf.h"

enum { WORDS_NAME_MAX = 100 }; /* octets of a parameter's name */

struct words_line { /* the field that is being written; it is folded with LF */
	struct buf *to;
	size_t      column; /* of its last line */
};

/* The charset of a text: utf-8 if it is valid UTF-8; else `named`, if that is a superset of ASCII that we know and in which every
 * octet is a character; else "unknown-8bit" (RFC 1428).  A static string. */
const char *words_charset(const char *named, const char *text, size_t n);

/* Writes blanks and a text as they are.  The line is folded before the blanks if it would get too long: `ahead` octets, which
 * begin with the text, cannot be folded. */
bool words_keep(struct words_line *l, const char *blanks, size_t n_blanks, const char *text, size_t n, size_t ahead,
		struct err *e) MUST_CHECK;

/* Writes blanks, and a text as encoded words. */
bool words_put(struct words_line *l, const char *blanks, size_t n_blanks, const char *text, size_t n, const char *charset,
	       struct err *e) MUST_CHECK;

/* Writes a blank or a fold, and a parameter with its value (unquoted) in the extended form, in pieces if it is long (RFC 2231 3
 * and 4).  If the name is one of these forms already, it stays so ("name*0").
 * `name_len`: 1 to WORDS_NAME_MAX. */
bool words_parameter(struct words_line *l, const char *name, size_t name_len, const char *value, size_t n, const char *charset,
		     struct err *e) MUST_CHECK;

/* Is all of it one encoded word, of any length, that hides no control character? */
bool words_is_word(const char *p, size_t n);

/* A display name as a phrase: as it is (atoms, or encoded words already), quoted (specials), or in encoded words (not ASCII, or
 * too long for the line).  `column`: where the phrase will start.  A control character is an error (ST_INPUT). */
bool words_phrase(struct buf *to, const char *name, size_t column, struct err *e) MUST_CHECK;

#endif
