/*
 * tokens.h - the words and signs of which a list of addresses consists: RFC 5322 3.2, RFC 6532 3.2.
 *
 * Skips blanks, folding and comments.  Knows no address: mailbox.h makes them of the tokens.
 */
#ifndef MAIL_TOKENS_H
#define MAIL_TOKENS_H

#include "base/str.h"

enum token { TOKEN_END, TOKEN_ATOM, TOKEN_QUOTED, TOKEN_LITERAL, TOKEN_SPECIAL };

struct tokens { /* zeroed but for the text: at its beginning */
	const char *text;  /* borrowed */
	size_t      len, at;
	const char *what;  /* what is wrong, "there is a NUL"; NULL: nothing so far */
	/* the token just read */
	enum token  token;
	char        special; /* if it is TOKEN_SPECIAL: one of <>@,;:. */
	size_t      from, to;
	/* the last comment, without its parentheses; comment_len 0: none */
	size_t      comment_at, comment_len;
};

/* Reads the next token; false: `what` is set. */
bool tokens_next(struct tokens *s) MUST_CHECK;

/* Sets `what`, and returns false. */
bool tokens_bad(struct tokens *s, const char *what);

/* The offset of the first separator, from `at` on, that is not in a quote, a comment or a literal; or `len`.  It may be used
 * where tokens_next() fails. */
size_t tokens_piece_end(const char *p, size_t len, size_t at, const char *separators);

#endif
