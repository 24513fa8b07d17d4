#include "mail/pieces.h"

#include "base/str.h"

enum { PARAMETERS_SEEN = 100 };

bool pieces_is_blank(const char *p, const char *end)
{
	return str_isblank(*p) || *p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n');
}

/* A backslash before a line end is no pair. */
static const char *skip_pair(const char *p, const char *end)
{
	return *p == '\\' && p + 1 < end && p[1] != '\n' && p[1] != '\r' ? p + 2 : p + 1;
}

static const char *skip_comment(struct pieces *x, const char *p)
{
	size_t depth = 0;

	for (const char *next; p < x->end; p = next) {
		next = skip_pair(p, x->end);
		depth += *p == '(';
		if (*p == ')' && --depth == 0)
			return next;
	}
	x->broken = true;
	return p;
}

const char *pieces_enclosed(struct pieces *x, const char *p, char close)
{
	for (p++; p < x->end; p = skip_pair(p, x->end))
		if (*p == close)
			return p + 1;
	x->broken = true;
	return p;
}

static bool is_mark(const struct pieces *x, char c)
{
	const char *marks = x->place == PIECES_IN_TEXT ? "" : x->place == PIECES_IN_COMMENT ? "()" : "<>,;:";

	return c != '\0' && strchr(marks, c) != NULL;
}

/* What stands between blanks, marks and comments, with all its quotes. */
static const char *skip_unit(struct pieces *x, const char *p)
{
	while (p < x->end && !pieces_is_blank(p, x->end) && !is_mark(x, *p) && !(x->place == PIECES_IN_STRUCTURE && *p == '(')) {
		if (x->place == PIECES_IN_STRUCTURE && (*p == '"' || *p == '['))
			p = pieces_enclosed(x, p, *p == '"' ? '"' : ']');
		else
			p = x->place == PIECES_IN_TEXT ? p + 1 : skip_pair(p, x->end);
	}
	return p;
}

bool pieces_next(struct pieces *x, struct piece *t)
{
	const char *p = x->p;

	*t = (struct piece){ PIECE_NONE, p, 0 };
	if (p == x->end)
		return false;
	if (pieces_is_blank(p, x->end)) {
		t->kind = PIECE_BLANK;
		while (p < x->end && pieces_is_blank(p, x->end))
			p += 1 + (*p == '\r');
	} else if (x->place == PIECES_IN_STRUCTURE && *p == '(') {
		t->kind = PIECE_COMMENT;
		p = skip_comment(x, p);
	} else if (is_mark(x, *p)) {
		t->kind = PIECE_MARK;
		p++;
	} else {
		t->kind = PIECE_UNIT;
		p = skip_unit(x, p);
	}
	t->n = (size_t)(p - t->p);
	x->p = p;
	return true;
}

size_t pieces_semicolon(const char *p, size_t n)
{
	struct pieces x = { p, p + n, PIECES_IN_STRUCTURE, false };

	while (x.p < x.end && *x.p != ';') {
		if (*x.p == '"')
			x.p = pieces_enclosed(&x, x.p, '"');
		else
			x.p = *x.p == '(' ? skip_comment(&x, x.p) : skip_pair(x.p, x.end);
	}
	return (size_t)(x.p - p);
}

static bool is_extended(const char *p, size_t n, const char *name, size_t name_len)
{
	size_t i = pieces_blanks(p, n);

	if (n - i <= name_len || p[i + name_len] != '*')
		return false;
	for (size_t k = 0; k < name_len; k++)
		if (str_lower(p[i + k]) != str_lower(name[k]))
			return false;
	return true;
}

bool pieces_has_extended(const char *body, size_t n, const char *name, size_t name_len)
{
	size_t at = pieces_semicolon(body, n);

	for (int left = PARAMETERS_SEEN; at < n && left > 0; left--) {
		if (is_extended(body + at + 1, n - at - 1, name, name_len))
			return true;
		at += 1 + pieces_semicolon(body + at + 1, n - at - 1);
	}
	return false;
}

size_t pieces_trimmed(const char *p, size_t n)
{
	while (n > 0 && (str_isblank(p[n - 1]) || p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	return n;
}

size_t pieces_blanks(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && pieces_is_blank(p + i, p + n))
		i++;
	return i;
}
