#include "mail/tokens.h"

#include "mail/address.h"

bool tokens_bad(struct tokens *s, const char *what)
{
	s->what = what;
	return false;
}

/* A line end is valid only as folding: a blank follows it, or nothing. */
static bool skip_line_end(struct tokens *s)
{
	size_t i = s->at;

	i += s->text[i] == '\r' && i + 1 < s->len && s->text[i + 1] == '\n';
	if (s->text[i] != '\n' || (i + 1 < s->len && !str_isblank(s->text[i + 1])))
		return tokens_bad(s, "there is a line break");
	s->at = i + 1;
	return true;
}

/* Nested comments are counted; there is no recursion. */
static bool skip_comment(struct tokens *s)
{
	size_t depth = 0, start = s->at;

	while (s->at < s->len) {
		char c = s->text[s->at];

		if (c == '\n' || c == '\r') {
			if (!skip_line_end(s))
				return false;
			continue;
		}
		if (c == '\0')
			return tokens_bad(s, "there is a NUL");
		s->at += c == '\\' && s->at + 1 < s->len && s->text[s->at + 1] != '\n' ? 2 : 1;
		depth += c == '(';
		if (c == ')' && --depth == 0) {
			s->comment_at = start + 1;
			s->comment_len = s->at - start - 2;
			return true;
		}
	}
	return tokens_bad(s, "a comment is not closed");
}

static bool skip_blanks(struct tokens *s)
{
	while (s->at < s->len) {
		char c = s->text[s->at];

		if (str_isblank(c))
			s->at++;
		else if (c == '(' ? !skip_comment(s) : (c == '\n' || c == '\r') && !skip_line_end(s))
			return false;
		else if (c != '(' && c != '\n' && c != '\r')
			break;
	}
	return true;
}

/* "..." or [...]: up to the first closing character without a backslash before it. */
static bool read_enclosed(struct tokens *s, char close, const char *unclosed)
{
	for (s->at++; s->at < s->len; s->at++) {
		char c = s->text[s->at];

		if ((c == '\r' || c == '\n') && close == '"') {
			if (!skip_line_end(s))
				return false;
			s->at--;
			continue;
		}
		if (str_iscontrol(c) && (c != '\t' || close != '"'))
			return tokens_bad(s, "there is a control character");
		if (c == close) {
			s->at++;
			return true;
		}
		if (c == '\\') {
			s->at++;
			if (s->at < s->len && str_iscontrol(s->text[s->at]))
				return tokens_bad(s, "there is a control character");
		}
	}
	return tokens_bad(s, unclosed);
}

bool tokens_next(struct tokens *s)
{
	if (!skip_blanks(s))
		return false;
	s->from = s->at;
	s->special = '\0';
	if (s->at == s->len) {
		s->token = TOKEN_END;
	} else if (s->text[s->at] == '"') {
		s->token = TOKEN_QUOTED;
		if (!read_enclosed(s, '"', "a quote is not closed"))
			return false;
	} else if (s->text[s->at] == '[') {
		s->token = TOKEN_LITERAL;
		if (!read_enclosed(s, ']', "a bracket is not closed"))
			return false;
	} else if (address_is_atext(s->text[s->at])) {
		s->token = TOKEN_ATOM;
		while (s->at < s->len && address_is_atext(s->text[s->at]))
			s->at++;
	} else if (strchr("<>@,;:.", s->text[s->at]) != NULL && s->text[s->at] != '\0') {
		s->token = TOKEN_SPECIAL;
		s->special = s->text[s->at++];
	} else {
		return tokens_bad(s, "there is an unexpected character");
	}
	s->to = s->at;
	return true;
}

/* ---- pieces of a list --------------------------------------------------------------------------- */

/* The offset behind a quote, a comment or a literal that begins at `at`.  One that is not closed reaches to the end of the text:
 * what was meant to be hidden by it must not become an address. */
static size_t behind_enclosed(const char *p, size_t len, size_t at)
{
	char open = p[at], close = open == '(' ? ')' : open == '[' ? ']' : '"';
	size_t depth = 1; /* only comments are nested */

	while (++at < len) {
		if (p[at] == '\\')
			at++;
		else if (p[at] == close && --depth == 0)
			return at + 1;
		else if (p[at] == '(' && open == '(')
			depth++;
	}
	return len;
}

size_t tokens_piece_end(const char *p, size_t len, size_t at, const char *separators)
{
	while (at < len && (p[at] == '\0' || strchr(separators, p[at]) == NULL))
		at = p[at] == '"' || p[at] == '(' || p[at] == '[' ? behind_enclosed(p, len, at) : at + 1;
	return at;
}
