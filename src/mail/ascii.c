#include "mail/ascii.h"

#include <stdio.h>

#include "base/str.h"
#include "mail/grammar.h"
#include "mail/idn.h"
#include "mail/json.h"
#include "mail/mend.h"
#include "mail/survey.h"
#include "mail/pieces.h"
#include "mail/words.h"

struct work { /* on one header */
	struct ascii     *a;
	struct words_line line;
	char              charset[64]; /* which Content-Type names */
	enum grammar      grammar;     /* of the present field */
	bool              stuck;       /* it has something that cannot be encoded */
	struct buf        text;
};

static bool is_foreign(const struct work *w, const char *p, size_t n)
{
	return w->a->utf8 ? !str_is_utf8(p, n) : str_has_8bit(p, n);
}

/* ---- the words of a field ----------------------------------------------------------------------- */

struct walk {
	struct work  *w;
	struct pieces x;
	struct piece  blanks; /* before the present token */
	bool          angle;  /* within <> */
	bool          phrase; /* words may be encoded here */
	bool          word;   /* the last token was an encoded word */
};

static bool must_encode(const struct walk *k, const struct piece *t)
{
	return is_foreign(k->w, t->p, t->n) || (k->x.place == PIECES_IN_TEXT && t->n >= SURVEY_LINE_MAX);
}

/* Are the next words the name of a mailbox or group, and not an address?  Two words without an @ are a name, too, unless a dot
 * joins them. */
static bool phrase_follows(struct pieces x)
{
	size_t units = 0;
	bool at = false, joined = false;

	for (struct piece t; pieces_next(&x, &t);) {
		if (t.kind == PIECE_MARK)
			return t.p[0] == '<' || t.p[0] == ':' || (units > 1 && !at);
		if (t.kind != PIECE_UNIT)
			continue;
		units += units == 0 || !(joined || t.p[0] == '.');
		joined = t.p[t.n - 1] == '.';
		at = at || memchr(t.p, '@', t.n) != NULL;
	}
	return units > 1 && !at;
}

/* Adds to the text that will be encoded: without folding, and outside of plain text without quotes and backslashes. */
static bool gather(struct walk *k, const struct piece *t, struct err *e)
{
	bool quotes = k->x.place == PIECES_IN_STRUCTURE, pairs = k->x.place != PIECES_IN_TEXT;

	for (size_t i = 0; i < t->n; i++) {
		if (pieces_is_blank(t->p + i, t->p + t->n) && !str_isblank(t->p[i])) {
			i += t->p[i] == '\r';
			continue;
		}
		if (quotes && t->p[i] == '"')
			continue;
		i += pairs && t->p[i] == '\\' && i + 1 < t->n;
		if (!buf_char(&k->w->text, t->p[i], e))
			return false;
	}
	return true;
}

/* Adds the words that follow and must be encoded as well, and the blanks between them: a reader ignores blanks between encoded
 * words.  So the blanks before an encoded word that is there already are added, too. */
static bool gather_more(struct walk *k, struct err *e)
{
	for (;;) {
		struct pieces x = k->x;
		struct piece blanks, t;
		bool more, word;

		if (!pieces_next(&x, &blanks) || blanks.kind != PIECE_BLANK || !pieces_next(&x, &t) || t.kind != PIECE_UNIT)
			return true;
		more = must_encode(k, &t);
		word = words_is_word(t.p, t.n);
		if ((more || word) && !gather(k, &blanks, e))
			return false;
		if (!more)
			return true;
		if (!gather(k, &t, e))
			return false;
		k->x = x;
	}
}

static bool put_words(struct walk *k, const struct piece *t, struct err *e)
{
	struct buf *text = &k->w->text;
	bool tight = k->x.place == PIECES_IN_COMMENT;

	buf_clear(text);
	if (k->blanks.n == 0 && !tight)
		k->blanks = (struct piece){ PIECE_BLANK, " ", 1 };
	if ((k->word && !gather(k, &k->blanks, e)) || !gather(k, t, e) || !gather_more(k, e))
		return false;
	k->word = true;
	return words_put(&k->w->line, k->blanks.p, k->blanks.n, buf_text(text), text->len,
			 words_charset(k->w->charset, buf_text(text), text->len), e);
}

/* RFC 3987 3.1: the octets of UTF-8 as %XX. */
static bool put_link(struct walk *k, const struct piece *t, struct err *e)
{
	struct buf *text = &k->w->text;

	buf_clear(text);
	for (size_t i = 0; i < t->n; i++)
		if (!(str_is8bit(t->p[i]) ? buf_printf(text, e, "%%%02X", (unsigned char)t->p[i]) : buf_char(text, t->p[i], e)))
			return false;
	return words_keep(&k->w->line, k->blanks.p, k->blanks.n, buf_text(text), text->len, text->len, e);
}

enum { AHEAD = 80 }; /* more octets than a line should have */

static size_t to_blank(const struct walk *k, const struct piece *t)
{
	size_t n = 0;

	while (n < AHEAD && t->p + n < k->x.end && !pieces_is_blank(t->p + n, k->x.end))
		n++;
	return n;
}

/* RFC 2047 5 (3): a blank stands between an encoded word and a mark, except the parentheses of a comment. */
static bool keep(struct walk *k, const struct piece *t, struct err *e)
{
	bool loose = k->word && k->blanks.n == 0 && k->x.place == PIECES_IN_STRUCTURE;

	k->word = t->kind == PIECE_UNIT && words_is_word(t->p, t->n);
	return words_keep(&k->w->line, loose ? " " : k->blanks.p, loose ? 1 : k->blanks.n, t->p, t->n, to_blank(k, t), e);
}

static bool put_unit(struct walk *k, const struct piece *t, struct err *e)
{
	if (!must_encode(k, t))
		return keep(k, t, e);
	if (k->angle && k->w->grammar == GRAMMAR_LINKS)
		return put_link(k, t, e);
	if (!k->angle && k->phrase)
		return put_words(k, t, e);
	k->w->stuck = true;
	return keep(k, t, e);
}

static bool put_mark(struct walk *k, const struct piece *t, struct err *e)
{
	char c = t->p[0];

	if (k->x.place == PIECES_IN_STRUCTURE) {
		k->angle = c == '<' || (k->angle && c != '>');
		if (k->w->grammar == GRAMMAR_ADDRESSES && !k->angle)
			k->phrase = phrase_follows(k->x);
	}
	return keep(k, t, e);
}

static bool put_tokens(struct walk *k, struct err *e);

static bool put_comment(struct walk *outer, const struct piece *t, struct err *e)
{
	const struct piece open = { PIECE_MARK, t->p, 1 }, close = { PIECE_MARK, t->p + t->n - 1, 1 };
	struct walk k = { .w = outer->w, .x = { t->p + 1, close.p, PIECES_IN_COMMENT, false }, .phrase = true };

	outer->w->stuck = outer->w->stuck || (outer->x.broken && is_foreign(outer->w, t->p, t->n));
	if (outer->x.broken || !is_foreign(outer->w, t->p, t->n))
		return keep(outer, t, e);
	if (!keep(outer, &open, e) || !put_tokens(&k, e))
		return false;
	outer->word = false;
	return words_keep(&outer->w->line, "", 0, close.p, 1, 1, e);
}

static bool put_token(struct walk *k, const struct piece *t, struct err *e)
{
	return t->kind == PIECE_COMMENT ? put_comment(k, t, e) : t->kind == PIECE_MARK ? put_mark(k, t, e) : put_unit(k, t, e);
}

static bool put_tokens(struct walk *k, struct err *e)
{
	for (struct piece t; pieces_next(&k->x, &t);) {
		if (t.kind == PIECE_BLANK) {
			k->blanks = t;
			continue;
		}
		if (!put_token(k, &t, e))
			return false;
		k->blanks.n = 0;
	}
	return words_keep(&k->w->line, k->blanks.p, k->blanks.n, "", 0, 0, e);
}

static bool put_text(struct work *w, const char *p, size_t n, struct err *e)
{
	struct walk k = { .w = w, .x = { p, p + n, PIECES_IN_TEXT, false }, .phrase = true };

	return put_tokens(&k, e);
}

static bool put_structure(struct work *w, const char *p, size_t n, enum grammar grammar, struct err *e)
{
	struct walk k = { .w = w, .x = { p, p + n, PIECES_IN_STRUCTURE, false } };

	k.phrase = grammar == GRAMMAR_ADDRESSES ? phrase_follows(k.x) : grammar == GRAMMAR_PHRASES || grammar == GRAMMAR_LINKS;
	return put_tokens(&k, e);
}

static bool is_broken(const char *p, size_t n)
{
	struct pieces x = { p, p + n, PIECES_IN_STRUCTURE, false };
	struct piece t;

	while (pieces_next(&x, &t))
		;
	return x.broken;
}

/* In text, a word with an @ may be an address, and would no longer be one. */
static bool hides_address(const struct work *w, const char *p, size_t n)
{
	struct pieces x = { p, p + n, PIECES_IN_TEXT, false };
	struct piece t;

	while (pieces_next(&x, &t))
		if (t.kind == PIECE_UNIT && is_foreign(w, t.p, t.n) && memchr(t.p, '@', t.n) != NULL)
			return true;
	return false;
}

static bool put_loose(struct work *w, const char *p, size_t n, struct err *e)
{
	if (!is_broken(p, n))
		return put_structure(w, p, n, w->grammar, e);
	w->stuck = w->grammar == GRAMMAR_NATIVE || hides_address(w, p, n);
	return put_text(w, p, n, e);
}

static bool put_addresses(struct work *w, const struct field *f, struct err *e)
{
	struct buf body = buf_like(w->line.to);
	bool ok = (w->a->utf8 ? buf_add(&body, f->body, f->body_len, e) : idn_field_to_ascii(&body, f, e))
	       && put_loose(w, buf_text(&body), body.len, e);

	buf_free(&body);
	return ok;
}

/* ---- parameters --------------------------------------------------------------------------------- */

/* A value: in quotes, or up to the end; some programs write blanks without quotes. */
static size_t value_length(const char *p, size_t n)
{
	struct pieces x = { p, p + n, PIECES_IN_STRUCTURE, false };

	size_t quoted = n > 0 && *p == '"' ? (size_t)(pieces_enclosed(&x, p, '"') - p) : 0;

	return quoted > 0 && !x.broken ? quoted : pieces_trimmed(p, n);
}

static bool is_name_char(char c)
{
	return str_isalnum(c) || (c != '\0' && strchr("-_.*!#$%&'+^`{|}~", c) != NULL);
}

static bool put_value(struct work *w, const char *name, size_t name_len, const char *p, size_t n, struct err *e)
{
	size_t len = value_length(p, n);
	struct walk k = { .w = w, .x = { p, p + len, n > 0 && *p == '"' ? PIECES_IN_STRUCTURE : PIECES_IN_TEXT, false } };
	const struct piece value = { PIECE_UNIT, p, len };

	buf_clear(&w->text);
	return gather(&k, &value, e)
	    && words_parameter(&w->line, name, name_len, buf_text(&w->text), w->text.len,
			       words_charset(w->charset, buf_text(&w->text), w->text.len), e)
	    && put_structure(w, p + len, n - len, GRAMMAR_NATIVE, e);
}

/* One parameter, with the semicolon before it.  A boundary must stay the same as in the body.  If the parameter is there in RFC
 * 2231's form as well, as browsers and libraries for HTTP write it, readers prefer that one, and two of one name confuse them. */
static bool put_parameter(struct work *w, const struct field *f, const char *p, size_t n, struct err *e)
{
	size_t before = 1 + pieces_blanks(p + 1, n - 1), name_len = before, value;

	while (name_len < n && is_name_char(p[name_len]))
		name_len++;
	name_len -= before;
	value = before + name_len + pieces_blanks(p + before + name_len, n - before - name_len);
	if (!is_foreign(w, p, n))
		return words_keep(&w->line, "", 0, p, 1, 1, e)
		    && words_keep(&w->line, p + 1, before - 1, p + before, n - before, pieces_trimmed(p + before, n - before), e);
	if (name_len == 0 || name_len > WORDS_NAME_MAX || value >= n || p[value] != '='
	    || str_same_n(p + before, name_len, "boundary")) {
		w->stuck = true;
		return true;
	}
	if (pieces_has_extended(f->body, f->body_len, p + before, name_len))
		return true;
	value++;
	value += pieces_blanks(p + value, n - value);
	return words_keep(&w->line, "", 0, p, 1, 1, e) && put_value(w, p + before, name_len, p + value, n - value, e);
}

static bool put_parameters(struct work *w, const struct field *f, struct err *e)
{
	const char *p = f->body;
	size_t n = f->body_len, len = pieces_semicolon(p, n);

	if (!put_structure(w, p, len, GRAMMAR_NATIVE, e))
		return false;
	while ((p += len, n -= len) > 0) {
		len = 1 + pieces_semicolon(p + 1, n - 1);
		if (!put_parameter(w, f, p, len, e))
			return false;
	}
	return true;
}

/* ---- fields ------------------------------------------------------------------------------------- */

static bool put_body(struct work *w, const struct field *f, struct err *e)
{
	size_t before = pieces_blanks(f->body, f->body_len), n = pieces_trimmed(f->body, f->body_len);

	switch (w->grammar) {
	case GRAMMAR_BARE: w->stuck = true; return true;
	case GRAMMAR_ADDRESSES: return put_addresses(w, f, e);
	case GRAMMAR_PARAMETERS: return put_parameters(w, f, e);
	case GRAMMAR_PHRASES:
	case GRAMMAR_LINKS:
	case GRAMMAR_NATIVE: return put_loose(w, f->body, f->body_len, e);
	case GRAMMAR_TEXT: break;
	}
	if (before < n && json_is_object(f->body + before, n - before))
		return json_put(&w->line, f->body, f->body_len, e);
	return put_text(w, f->body, f->body_len, e);
}

static bool has_long_line(const struct field *f)
{
	struct facts facts = { 0 };

	survey_feed(&facts, f->raw, f->raw_len);
	survey_end(&facts);
	return facts.longest > SURVEY_LINE_MAX;
}

/* Several fields of one name in a row are named once. */
static void name_field(char *list, size_t room, const struct field *f)
{
	const char *last = strrchr(list, ' ');
	size_t n = strlen(list);

	if (str_same_n(f->name, f->name_len, last == NULL ? list : last + 1))
		return;
	snprintf(list + n, room - n, "%s%.*s", n > 0 ? ", " : "", (int)(f->name_len < 60 ? f->name_len : 60), f->name);
}

/* The last check, whatever was done to the field: what came out is one field, and may be sent. */
static bool is_sound(const struct work *w, const char *p, size_t n)
{
	struct field f;
	size_t at = 0;

	return header_next(p, n, &at, &f) && at == n && !is_foreign(w, p, n);
}

static bool encode_field(struct work *w, const struct field *f, struct err *e)
{
	struct buf *to = w->line.to;
	struct field inner = *f;
	size_t end = header_line_end(f->raw, f->raw_len);

	inner.raw_len -= end;
	inner.body_len -= end;
	w->stuck = false;
	w->line.column = (size_t)(f->body - f->raw);
	return buf_add(to, f->raw, w->line.column, e) && put_body(w, &inner, e)
	    && buf_add(to, f->raw + inner.raw_len, end, e);
}

static bool put_field(struct work *w, const struct field *f, struct err *e)
{
	struct buf *to = w->line.to;
	size_t before = to->len;

	w->grammar = grammar_of(f);
	if (!is_foreign(w, f->raw, f->raw_len) && !(w->grammar == GRAMMAR_TEXT && has_long_line(f)))
		return buf_add(to, f->raw, f->raw_len, e);
	if (!encode_field(w, f, e))
		return false;
	if (!w->stuck && is_sound(w, to->bytes + before, to->len - before)) {
		name_field(w->a->changed, sizeof w->a->changed, f);
		return true;
	}
	if (w->a->stuck[0] == '\0')
		name_field(w->a->stuck, sizeof w->a->stuck, f);
	to->len = before;
	return buf_add(to, f->raw, f->raw_len, e);
}

static void find_charset(struct work *w, const char *header, size_t len)
{
	struct field f;

	for (size_t at = 0; header_next(header, len, &at, &f);)
		if (header_is(&f, "Content-Type")
		    && header_parameter(f.body, f.body_len, "charset", w->charset, sizeof w->charset))
			return;
	w->charset[0] = '\0';
}

static bool put_fields(struct work *w, const char *header, size_t len, struct err *e)
{
	struct field f;
	size_t at = 0;

	while (header_next(header, len, &at, &f))
		if (!put_field(w, &f, e))
			return false;
	return buf_add(w->line.to, header + at, len - at, e);
}

bool ascii_header(struct ascii *a, struct buf *to, const char *header, size_t len, struct err *e)
{
	struct buf in = buf_like(to), out = buf_like(to);
	struct work w = { .a = a, .line = { &out, 0 }, .text = buf_like(to) };
	bool ok;

	a->changed[0] = a->stuck[0] = '\0';
	ok = mend_header(&in, header, len, e);
	find_charset(&w, buf_text(&in), in.len);
	ok = ok && put_fields(&w, buf_text(&in), in.len, e) && mend_header(to, buf_text(&out), out.len, e);
	buf_free(&in);
	buf_free(&out);
	buf_free(&w.text);
	return ok;
}
