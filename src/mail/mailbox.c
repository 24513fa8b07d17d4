#include "mail/mailbox.h"

#include <stdio.h>

/*
 * One pass over the text: a lexer for blanks, comments, quotes and literals, and a parser that collects tokens until the next
 * boundary.  If a comma or the end follows "a . b (c)", it is an address; if "<" follows, it is a display name.  So the tokens
 * since the last boundary are kept in both forms: as an address (`box.addr`) and as a range of the text (`first`, `last`).
 */

enum token { END, ATOM, QUOTED, LITERAL, SPECIAL };

struct scan {
	const char *text;
	size_t      len, at;
	bool        null_ok;
	struct err *e;
	/* the token just read */
	enum token  token;
	char        special;
	size_t      from, to;
	/* the last comment, without its parentheses */
	size_t      comment_at, comment_len;
};

/* Is this a line end of a folded field (a blank follows, or nothing)?  Error texts leave it out. */
static bool is_folding(const char *p, size_t n, size_t i)
{
	i += p[i] == '\r' && i + 1 < n;
	return p[i] == '\n' && (i + 1 == n || str_isblank(p[i + 1]));
}

/* A piece of the text for an error message, without the blanks around it. */
static void quote(char to[120], const char *p, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n && len < 119; i++)
		if (!is_folding(p, n, i) && (len > 0 || !str_isblank(p[i])))
			to[len++] = p[i];
	while (len > 0 && str_isblank(to[len - 1]))
		len--;
	to[len] = '\0';
}

static bool bad(struct scan *s, size_t at, const char *what)
{
	char text[120];

	if (s->len < sizeof text) {
		quote(text, s->text, s->len);
		return fail(s->e, ST_INPUT, FATE_PERM, "%s in the address %s", what, text);
	}
	quote(text, s->text + at, s->len - at < 40 ? s->len - at : 40);
	return fail(s->e, ST_INPUT, FATE_PERM, "%s in an address, near %s", what, text);
}

/* ---- the lexer ---------------------------------------------------------------------------------- */

/* A line end is valid only as folding: a blank follows it, or nothing. */
static bool skip_line_end(struct scan *s)
{
	size_t i = s->at;

	i += s->text[i] == '\r' && i + 1 < s->len && s->text[i + 1] == '\n';
	if (s->text[i] != '\n' || (i + 1 < s->len && !str_isblank(s->text[i + 1])))
		return bad(s, s->at, "there is a line break");
	s->at = i + 1;
	return true;
}

/* Nested comments are counted; there is no recursion. */
static bool skip_comment(struct scan *s)
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
			return bad(s, s->at, "there is a NUL");
		s->at += c == '\\' && s->at + 1 < s->len && s->text[s->at + 1] != '\n' ? 2 : 1;
		depth += c == '(';
		if (c == ')' && --depth == 0) {
			s->comment_at = start + 1;
			s->comment_len = s->at - start - 2;
			return true;
		}
	}
	return bad(s, start, "a comment is not closed");
}

static bool skip_blanks(struct scan *s)
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
static bool read_enclosed(struct scan *s, char close, const char *unclosed)
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
			return bad(s, s->at, "there is a control character");
		if (c == close) {
			s->at++;
			return true;
		}
		if (c == '\\') {
			s->at++;
			if (s->at < s->len && str_iscontrol(s->text[s->at]))
				return bad(s, s->at, "there is a control character");
		}
	}
	return bad(s, s->from, unclosed);
}

static bool next(struct scan *s)
{
	if (!skip_blanks(s))
		return false;
	s->from = s->at;
	s->special = '\0';
	if (s->at == s->len) {
		s->token = END;
	} else if (s->text[s->at] == '"') {
		s->token = QUOTED;
		if (!read_enclosed(s, '"', "a quote is not closed"))
			return false;
	} else if (s->text[s->at] == '[') {
		s->token = LITERAL;
		if (!read_enclosed(s, ']', "a bracket is not closed"))
			return false;
	} else if (address_is_atext(s->text[s->at])) {
		s->token = ATOM;
		while (s->at < s->len && address_is_atext(s->text[s->at]))
			s->at++;
	} else if (strchr("<>@,;:.", s->text[s->at]) != NULL && s->text[s->at] != '\0') {
		s->token = SPECIAL;
		s->special = s->text[s->at++];
	} else {
		return bad(s, s->at, "there is an unexpected character");
	}
	s->to = s->at;
	return true;
}

/* ---- building one address ----------------------------------------------------------------------- */

struct build {
	struct mailbox box;
	size_t         len;      /* of box.addr */
	size_t         at_sign;  /* offset of the '@' in box.addr; 0: none yet */
	size_t         words;    /* tokens since the last boundary */
	bool           phrase;   /* the tokens can only be a display name (two words side by side) */
	bool           dot;      /* the last token was a dot */
	bool           quoted;   /* the local part needs its quotes */
	size_t         first, last; /* the range of the text with these tokens */
};

static void clear(struct build *b)
{
	*b = (struct build){ 0 };
}

static bool put(struct scan *s, struct build *b, const char *p, size_t n)
{
	if (b->len + n >= sizeof b->box.addr)
		return bad(s, b->first, "there are too many characters");
	memcpy(b->box.addr + b->len, p, n);
	b->len += n;
	b->box.addr[b->len] = '\0';
	return true;
}

/* A quoted local part, without those of its backslashes and quotes that are not needed. */
static bool put_quoted(struct scan *s, struct build *b)
{
	char plain[ADDRESS_MAX], local[2 * ADDRESS_MAX + 2];
	size_t n = 0;

	if (s->to - s->from > sizeof plain)
		return bad(s, s->from, "there are too many characters");
	for (size_t i = s->from + 1; i + 1 < s->to; i++) {
		if (s->text[i] == '\\')
			i++;
		if (s->text[i] != '\r' && s->text[i] != '\n') /* of folding only the blank stays */
			plain[n++] = (char)(s->text[i] == '\t' ? ' ' : s->text[i]);
	}
	n = address_quote_local(plain, n, local);
	return put(s, b, local, n);
}

/* Two words side by side are a name; with a dot or an @ between them they are an address. */
static bool add_word(struct scan *s, struct build *b)
{
	if (b->words > 0 && !b->dot && !(b->at_sign > 0 && b->len == b->at_sign + 1))
		b->phrase = true;
	if (b->words++ == 0)
		b->first = s->from;
	b->last = s->to;
	b->dot = false;
	if (b->phrase)
		return true;
	if (s->token == QUOTED && b->at_sign == 0)
		return put_quoted(s, b);
	if (s->token == QUOTED || (s->token == LITERAL && (b->at_sign == 0 || b->len != b->at_sign + 1))) {
		b->phrase = true;
		return true;
	}
	return put(s, b, s->text + s->from, s->to - s->from);
}

static bool add_special(struct scan *s, struct build *b)
{
	if (b->words++ == 0)
		b->first = s->from;
	b->last = s->to;
	if (b->phrase)
		return s->special == '.' || bad(s, s->from, "there is an unexpected @");
	if (s->special == '@') {
		if (b->at_sign > 0)
			return bad(s, s->from, "there is a second @");
		if (b->len == 0)
			return bad(s, s->from, "there is nothing before the @");
		b->at_sign = b->len;
	} else {
		b->dot = true;
	}
	return put(s, b, &s->special, 1);
}

/* Labels of letters, digits, hyphens, underscores (some real hosts have them) and non-ASCII; or a literal.  smtp/gate.h checks
 * more strictly before an address is sent. */
static bool domain_ok(const char *d)
{
	size_t label = 0;

	if (*d == '[')
		return true;
	for (; *d != '\0'; d++) {
		if (*d == '.' && label == 0)
			return false;
		if (*d != '.' && !str_isalnum(*d) && *d != '-' && *d != '_' && !str_is8bit(*d))
			return false;
		label = *d == '.' ? 0 : label + 1;
	}
	return label > 0;
}

/* Some providers gave out addresses whose local part begins or ends with a dot or has two in a row.  RFC 5321 4.1.2 allows
 * such a local part only in quotes. */
static bool quote_dots(struct scan *s, struct build *b)
{
	size_t n = b->at_sign > 0 ? b->at_sign : b->len, left = b->len - n;

	if (n == 0 || b->box.addr[0] == '"' || address_is_dot_atom(b->box.addr, n))
		return true;
	char rest[ADDRESS_MAX], local[2 * ADDRESS_MAX + 2];
	memcpy(rest, b->box.addr + n, left);
	n = address_quote_local(b->box.addr, n, local);
	b->len = 0;
	return put(s, b, local, n) && put(s, b, rest, left);
}

static bool finish(struct scan *s, struct build *b, size_t end)
{
	if (b->phrase)
		return bad(s, b->first, "there are two words side by side");
	if (b->at_sign > 0 && !domain_ok(b->box.addr + b->at_sign + 1))
		return bad(s, b->first, "there is no valid domain");
	if (!str_is_utf8(b->box.addr, b->len))
		return bad(s, b->first, "there is neither ASCII nor UTF-8");
	if (!quote_dots(s, b))
		return false;
	b->box.at = b->first;
	b->box.len = end - b->first;
	return true;
}

/* ---- mailboxes, groups, lists ------------------------------------------------------------------- */

struct walk {
	struct scan  s;
	struct build b;
	bool         in_group;
	mailbox_fn   each;
	void        *ctx;
};

static bool give(struct walk *w)
{
	bool ok;

	w->b.box.grouped = w->in_group;
	ok = w->each(w->ctx, &w->b.box, w->s.e);
	clear(&w->b);
	w->s.comment_len = 0;
	return ok;
}

/* "addr (Full Name)" is the oldest form of a display name. */
static void name_from_comment(struct walk *w)
{
	w->b.box.name_at = w->s.comment_at;
	w->b.box.name_len = w->s.comment_len;
}

/* At a boundary, the tokens collected so far are an address; if there are none, it is an empty list element. */
static bool boundary(struct walk *w)
{
	if (w->b.words == 0)
		return true;
	if (!finish(&w->s, &w->b, w->b.last))
		return false;
	name_from_comment(w);
	return give(w);
}

/* Skips the "@a,@b:" of a route-addr, which has no meaning today (RFC 5322 4.4). */
static bool skip_route(struct walk *w)
{
	while (w->s.token != END && w->s.special != ':') {
		if (w->s.special == '>' || w->s.special == '<')
			return bad(&w->s, w->s.from, "there is a broken route");
		if (!next(&w->s))
			return false;
	}
	return w->s.token == END ? bad(&w->s, w->s.from, "there is a broken route") : next(&w->s);
}

/* After "<": the address and ">". */
static bool angle(struct walk *w)
{
	size_t name_at = w->b.first, name_len = w->b.words > 0 ? w->b.last - w->b.first : 0;
	size_t inside = w->s.at;

	clear(&w->b);
	if (!next(&w->s) || (w->s.special == '@' && !skip_route(w)))
		return false;
	for (; w->s.special != '>'; ) {
		bool word = w->s.token == ATOM || w->s.token == QUOTED || w->s.token == LITERAL;

		if (w->s.token == END || (!word && w->s.special != '.' && w->s.special != '@'))
			return bad(&w->s, w->s.from < w->s.len ? w->s.from : 0, "a < is not closed");
		if (!(word ? add_word(&w->s, &w->b) : add_special(&w->s, &w->b)) || !next(&w->s))
			return false;
	}
	if (w->b.words == 0 && !w->s.null_ok)
		return bad(&w->s, w->s.from, "there is nothing between < and >");
	if (w->b.words == 0)
		w->b.first = w->b.last = inside;
	if (!finish(&w->s, &w->b, w->b.last))
		return false;
	w->b.box.angle = true;
	w->b.box.name_at = name_at;
	w->b.box.name_len = name_len;
	return true;
}

/* After ">" only a boundary may follow. */
static bool after_angle(struct walk *w)
{
	struct build done = w->b;

	if (!next(&w->s))
		return false;
	if (w->s.token != END && w->s.special != ',' && w->s.special != ';')
		return bad(&w->s, w->s.from, "there is something after the >");
	w->b = done;
	return give(w);
}

/* Ends a group; outside of a group it separates addresses, since some users write it so. */
static bool semicolon(struct walk *w)
{
	bool ok = boundary(w);

	w->in_group = false;
	return ok && next(&w->s);
}

static bool parse_token(struct walk *w)
{
	switch (w->s.special) {
	case '\0': return add_word(&w->s, &w->b) && next(&w->s);
	case '.':
	case '@': return add_special(&w->s, &w->b) && next(&w->s);
	case '<': return angle(w) && after_angle(w);
	case ',': return boundary(w) && next(&w->s);
	case ':':
		if (w->in_group || w->b.words == 0)
			return bad(&w->s, w->s.from, "there is an unexpected colon");
		w->in_group = true;
		clear(&w->b);
		return next(&w->s);
	case ';': return semicolon(w);
	default: return bad(&w->s, w->s.from, "there is an unexpected >");
	}
}

bool mailbox_list(const char *text, size_t len, bool null_ok, mailbox_fn each, void *ctx, struct err *e)
{
	struct walk w = { .s = { .text = text, .len = len, .null_ok = null_ok, .e = e }, .each = each, .ctx = ctx };

	if (memchr(text, '\0', len) != NULL)
		return bad(&w.s, 0, "there is a NUL");
	if (!next(&w.s))
		return false;
	while (w.s.token != END)
		if (!parse_token(&w))
			return false;
	if (w.in_group && w.b.words == 0)
		return true; /* a group that is not closed at the end of the field is accepted */
	return boundary(&w);
}

struct one {
	struct mailbox *m;
	size_t          n;
};

static bool keep_one(void *ctx, const struct mailbox *m, struct err *e)
{
	struct one *o = ctx;

	(void)e;
	*o->m = *m;
	return o->n++ == 0;
}

bool mailbox_one(const char *text, size_t len, bool null_ok, struct mailbox *m, struct err *e)
{
	struct one o = { .m = m };

	*m = (struct mailbox){ .name_len = 0 };
	*e = (struct err){ .stage = ST_INPUT };
	if (null_ok && len == 0)
		return true;
	if (mailbox_list(text, len, null_ok, keep_one, &o, e) && o.n == 1)
		return true;
	if (o.n == 0 && e->say[0] != '\0')
		return false;
	return fail(e, ST_INPUT, FATE_PERM, "'%.*s' is not one address", (int)(len < 120 ? len : 120), text);
}
