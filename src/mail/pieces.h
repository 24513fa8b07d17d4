/*
 * pieces.h - cuts the body of a field into pieces that cover it without gaps: RFC 5322 3.2.2 to 3.2.4.
 *
 * Unlike mail/tokens, it judges nothing: it takes any octets, and finds names and comments around what it does not understand.
 */
#ifndef MAIL_PIECES_H
#define MAIL_PIECES_H

#include "base/base.h"

enum pieces_place {
	PIECES_IN_TEXT,      /* words between blanks */
	PIECES_IN_STRUCTURE, /* words, quotes, comments and the marks < > , ; : */
	PIECES_IN_COMMENT,   /* words and parentheses */
};

enum piece_kind {
	PIECE_NONE,
	PIECE_BLANK,   /* blanks, tabs and line ends */
	PIECE_UNIT,    /* what stands between blanks, marks and comments, with all its quotes and dots */
	PIECE_COMMENT, /* with its parentheses */
	PIECE_MARK,
};

struct piece {
	enum piece_kind kind;
	const char     *p; /* borrowed */
	size_t          n;
};

struct pieces { /* of a body, or of what is within a comment */
	const char       *p, *end; /* borrowed: what is left */
	enum pieces_place place;
	bool              broken;  /* a quote, a bracket or a comment was not closed */
};

bool pieces_next(struct pieces *x, struct piece *t); /* false at the end */

bool pieces_is_blank(const char *p, const char *end);

/* Returns what follows a quoted string or domain literal at p. */
const char *pieces_enclosed(struct pieces *x, const char *p, char close);

/* The octets before the next semicolon outside of quotes and comments. */
size_t pieces_semicolon(const char *p, size_t n);

/* Does a body have the parameter in RFC 2231's form as well (name*, name*0)?  Looks at the first hundred parameters only, so
 * that the caller may ask for each of them. */
bool pieces_has_extended(const char *body, size_t n, const char *name, size_t name_len);

size_t pieces_blanks(const char *p, size_t n);  /* the octets of the blanks and line ends at the beginning */
size_t pieces_trimmed(const char *p, size_t n); /* the octets before those at the end */

#endif
