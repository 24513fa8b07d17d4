#include "mail/mailbox.h"

#include <stdio.h>

#include "base/printable.h"
#include "mail/tokens.h"

/*
 * One pass over the text: the parser collects tokens (tokens.h) until the next boundary.  If a comma or the end follows
 * "a . b (c)", it is an address; if "<" follows, it is a display name.  So the tokens since the last boundary are kept in both
 * forms: as an address (`box.addr`) and as a range of the text (`first`, `last`).
 *
 * After something that fits no rule, the pass goes on behind the piece of the list that contains it.
 */

enum { ALONE = 1 << 8 }; /* beside enum mailbox_liberty: mailbox_one() */

/* ---- building one address ----------------------------------------------------------------------- */

struct build {
	struct mailbox box;
	size_t         len;      /* of box.addr */
	size_t         at_sign;  /* offset of the '@' in box.addr; 0: none yet */
	size_t         words;    /* tokens since the last boundary */
	bool           phrase;   /* the tokens can only be a display name (two words side by side) */
	bool           dot;      /* the last token was a dot */
	const char    *odd;      /* what makes a display name of it, other than two words side by side; or NULL */
	size_t         first, last; /* the range of the text with these tokens */
};

static void clear(struct build *b)
{
	*b = (struct build){ 0 };
}

static bool put(struct tokens *s, struct build *b, const char *p, size_t n)
{
	if (b->len + n >= sizeof b->box.addr)
		return tokens_bad(s, "there are too many characters");
	memcpy(b->box.addr + b->len, p, n);
	b->len += n;
	b->box.addr[b->len] = '\0';
	return true;
}

/* A quoted local part, without those of its backslashes and quotes that are not needed. */
static bool put_quoted(struct tokens *s, struct build *b)
{
	char plain[ADDRESS_MAX], local[2 * ADDRESS_MAX + 2];
	size_t n = 0;

	if (s->to - s->from > sizeof plain)
		return tokens_bad(s, "there are too many characters");
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
static bool add_word(struct tokens *s, struct build *b)
{
	if (b->words > 0 && !b->dot && !(b->at_sign > 0 && b->len == b->at_sign + 1))
		b->phrase = true;
	if (b->words++ == 0)
		b->first = s->from;
	b->last = s->to;
	b->dot = false;
	if (b->phrase)
		return true;
	if (s->token == TOKEN_QUOTED && b->at_sign == 0)
		return put_quoted(s, b);
	if (s->token == TOKEN_QUOTED || (s->token == TOKEN_LITERAL && (b->at_sign == 0 || b->len != b->at_sign + 1))) {
		b->phrase = true;
		return true;
	}
	return put(s, b, s->text + s->from, s->to - s->from);
}

/* `@bob <bob@x>` and `Bob at bob@x.y <list@z>` are display names.  Only if no `<` follows, the @ is an error. */
static bool make_name(struct build *b, const char *odd)
{
	b->odd = b->odd != NULL || b->phrase ? b->odd : odd;
	b->phrase = true;
	return true;
}

static bool add_special(struct tokens *s, struct build *b)
{
	if (b->words++ == 0)
		b->first = s->from;
	b->last = s->to;
	if (b->phrase)
		return true;
	if (s->special == '@') {
		if (b->at_sign > 0)
			return make_name(b, "there is a second @");
		if (b->len == 0)
			return make_name(b, "there is nothing before the @");
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
		return d[strlen(d) - 1] == ']'; /* nothing stands behind the literal */
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
static bool quote_dots(struct tokens *s, struct build *b)
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

/* "example.org." is how a resolver writes the domain; RFC 5321 4.1.2 has no dot there. */
static void drop_last_dot(struct build *b)
{
	if (b->at_sign > 0 && b->len > b->at_sign + 2 && b->box.addr[b->len - 1] == '.')
		b->box.addr[--b->len] = '\0';
}

static bool finish(struct tokens *s, struct build *b, size_t end)
{
	if (b->phrase)
		return tokens_bad(s, b->odd != NULL ? b->odd : "there are two words side by side");
	drop_last_dot(b);
	if (b->at_sign > 0 && !domain_ok(b->box.addr + b->at_sign + 1))
		return tokens_bad(s, "there is no valid domain");
	if (!str_is_utf8(b->box.addr, b->len))
		return tokens_bad(s, "there is neither ASCII nor UTF-8");
	if (!quote_dots(s, b))
		return false;
	b->box.at = b->first;
	b->box.len = end - b->first;
	return true;
}

/* ---- mailboxes, groups, lists ------------------------------------------------------------------- */

struct walk {
	struct tokens  s;
	struct build b;
	bool         in_group;
	unsigned     liberties;
	size_t       piece;       /* where the element of the list begins that is being read */
	mailbox_fn   each;
	mailbox_unread_fn unread; /* NULL: what cannot be read is an error */
	void        *ctx;
	struct err  *e;
};

static bool give(struct walk *w)
{
	bool ok;

	w->b.box.grouped = w->in_group;
	ok = w->each(w->ctx, &w->b.box, w->e);
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

/* The names that programs give to an empty group.  Some of them leave out its colon: "undisclosed-recipients;;". */
static const char *const placeholders[] = {
	"recipient list not shown", "recipient list suppressed", "undisclosed recipient", "undisclosed recipients",
	"unlisted recipients",
};

static bool is_name(const char *p, size_t n, const char *name)
{
	size_t i = 0;

	for (; i < n && name[i] != '\0'; i++)
		if (name[i] == ' ' ? strchr(" -_.", p[i]) == NULL || p[i] == '\0' : str_lower(p[i]) != name[i])
			return false;
	return i == n && name[i] == '\0';
}

static bool is_placeholder(const struct walk *w)
{
	const struct build *b = &w->b;

	for (size_t i = 0; !w->in_group && (w->liberties & ALONE) == 0 && i < COUNT(placeholders); i++)
		if (is_name(w->s.text + b->first, b->last - b->first, placeholders[i]))
			return true;
	return false;
}

/* At a boundary, the tokens collected so far are an address; if there are none, it is an empty list element. */
static bool boundary(struct walk *w)
{
	if (is_placeholder(w))
		clear(&w->b);
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
	while (w->s.token != TOKEN_END && w->s.special != ':') {
		if (w->s.special == '>' || w->s.special == '<')
			return tokens_bad(&w->s, "there is a broken route");
		if (!tokens_next(&w->s))
			return false;
	}
	return w->s.token == TOKEN_END ? tokens_bad(&w->s, "there is a broken route") : tokens_next(&w->s);
}

/* From the first token behind "<" or behind a route up to the ">", or to the end of the text if that may close it. */
static bool inside_angle(struct walk *w)
{
	while (w->s.special != '>') {
		bool word = w->s.token == TOKEN_ATOM || w->s.token == TOKEN_QUOTED || w->s.token == TOKEN_LITERAL;

		if (w->s.token == TOKEN_END && w->b.words > 0 && (w->liberties & MAILBOX_OPEN) != 0)
			return true;
		if (!word && w->s.special != '.' && w->s.special != '@')
			return tokens_bad(&w->s, "a < is not closed");
		if (!(word ? add_word(&w->s, &w->b) : add_special(&w->s, &w->b)) || !tokens_next(&w->s))
			return false;
	}
	return w->b.words > 0 || (w->liberties & MAILBOX_NULL) != 0 || tokens_bad(&w->s, "there is nothing between < and >");
}

/* After "<": the address and ">".  A route is replaced with its address. */
static bool angle(struct walk *w)
{
	size_t name_at = w->b.first, name_len = w->b.words > 0 ? w->b.last - w->b.first : 0;
	size_t inside = w->s.at, begin;

	clear(&w->b);
	if (!tokens_next(&w->s))
		return false;
	begin = w->s.from;
	if ((w->s.special == '@' && !skip_route(w)) || !inside_angle(w))
		return false;
	if (w->b.words == 0)
		w->b.first = w->b.last = begin = inside;
	if (!finish(&w->s, &w->b, w->b.last))
		return false;
	w->b.box.at = begin;
	w->b.box.len = w->b.last - begin;
	w->b.box.name_at = name_at;
	w->b.box.name_len = name_len;
	return true;
}

/* After ">" only a boundary may follow. */
static bool after_angle(struct walk *w)
{
	struct build done = w->b;

	if (!tokens_next(&w->s))
		return false;
	if (w->s.token != TOKEN_END && w->s.special != ',' && w->s.special != ';')
		return tokens_bad(&w->s, "there is something after the >");
	w->b = done;
	return give(w);
}

/* Behind a separator. */
static bool next_piece(struct walk *w)
{
	w->piece = w->s.at;
	return tokens_next(&w->s);
}

/* Ends a group; outside of a group it separates addresses, since some users write it so. */
static bool semicolon(struct walk *w)
{
	bool ok = boundary(w);

	w->in_group = false;
	return ok && next_piece(w);
}

static bool parse_token(struct walk *w)
{
	switch (w->s.special) {
	case '\0': return add_word(&w->s, &w->b) && tokens_next(&w->s);
	case '.':
	case '@': return add_special(&w->s, &w->b) && tokens_next(&w->s);
	case '<': return angle(w) && after_angle(w);
	case ',': return boundary(w) && next_piece(w);
	case ':':
		if (w->in_group || w->b.words == 0)
			return tokens_bad(&w->s, "there is an unexpected colon");
		w->in_group = true;
		clear(&w->b);
		return next_piece(w);
	case ';': return semicolon(w);
	default: return tokens_bad(&w->s, "there is an unexpected >");
	}
}

static bool parse(struct walk *w)
{
	if (!tokens_next(&w->s))
		return false;
	while (w->s.token != TOKEN_END)
		if (!parse_token(w))
			return false;
	return boundary(w); /* a group that is not closed at the end of the field is accepted */
}

/* ---- pieces that cannot be read ----------------------------------------------------------------- */

static bool is_blank(char c) { return str_isblank(c) || c == '\r' || c == '\n'; }

static void trim(const char **p, size_t *n)
{
	while (*n > 0 && is_blank((*p)[*n - 1]))
		--*n;
	while (*n > 0 && is_blank(**p))
		++*p, --*n;
}

/* Is this a line end of a folded field (a blank follows)? */
static bool is_folding(const char *p, size_t n, size_t i)
{
	i += p[i] == '\r' && i + 1 < n;
	return p[i] == '\n' && i + 1 < n && str_isblank(p[i + 1]);
}

void mailbox_show(const char *text, size_t len, char to[MAILBOX_SHOWN])
{
	char start[MAILBOX_SHOWN];
	size_t n = 0;

	trim(&text, &len);
	for (size_t i = 0; i < len && n < sizeof start; i++)
		if (!is_folding(text, len, i))
			start[n++] = text[i];
	printable(to, MAILBOX_SHOWN, start, n, false);
}

bool mailbox_fail(const char *text, size_t len, const char *what, struct err *e)
{
	char shown[MAILBOX_SHOWN];

	mailbox_show(text, len, shown);
	return fail(e, ST_INPUT, FATE_PERM, "%s in the address %s", what, shown);
}

/* Hands out the piece of the list with the fault, and goes on at the separator behind it.  No text is read more than twice, since
 * only a route contains commas, and it ends at the next "<". */
static bool skip_piece(struct walk *w)
{
	const char *piece = w->s.text + w->piece;
	size_t end = tokens_piece_end(w->s.text, w->s.len, w->piece, ",;"), n = end - w->piece;

	trim(&piece, &n);
	w->s.at = w->piece = end;
	w->s.comment_len = 0;
	clear(&w->b);
	return n == 0 || w->unread(w->ctx, piece, n, w->s.what, w->e); /* 0: a line break where nothing is */
}

static bool walk(struct walk *w)
{
	while (!parse(w)) {
		if (w->s.what == NULL)
			return false;
		if (w->unread == NULL)
			return mailbox_fail(w->s.text, w->s.len, w->s.what, w->e);
		if (!skip_piece(w))
			return false;
		w->s.what = NULL;
	}
	return true;
}

static bool ignore(void *ctx, const struct mailbox *m, struct err *e)
{
	(void)ctx, (void)m, (void)e;
	return true;
}

/* sendmail's rule: blanks separate if there is none of , ; < :.  Text that is one address all the same stays one. */
static bool blanks_separate(const struct walk *w)
{
	struct err unread;
	struct walk whole = { .s = w->s, .each = ignore, .e = &unread };
	bool blank = false;

	for (size_t i = 0; i < w->s.len; i++) {
		char c = w->s.text[i];

		if (c == ',' || c == ';' || c == '<' || c == ':')
			return false;
		blank = blank || str_isblank(c);
	}
	return blank && !walk(&whole);
}

static bool walk_words(const struct walk *w)
{
	size_t len = w->s.len, at = 0;

	while (at < len) {
		struct walk word = *w;

		while (at < len && str_isblank(w->s.text[at]))
			at++;
		word.s.at = word.piece = at;
		word.s.len = at = tokens_piece_end(w->s.text, len, at, " \t");
		if (!walk(&word))
			return false;
	}
	return true;
}

bool mailbox_each(const char *text, size_t len, unsigned liberties, mailbox_fn each, mailbox_unread_fn unread, void *ctx,
		  struct err *e)
{
	static const char nul[] = "there is a NUL";
	struct walk w = { .s = { .text = text, .len = len }, .liberties = liberties,
			  .each = each, .unread = unread, .ctx = ctx, .e = e };

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return unread == NULL ? mailbox_fail(text, len, nul, e) : unread(ctx, text, len, nul, e);
	return (liberties & MAILBOX_BLANKS) != 0 && blanks_separate(&w) ? walk_words(&w) : walk(&w);
}

bool mailbox_list(const char *text, size_t len, unsigned liberties, mailbox_fn each, void *ctx, struct err *e)
{
	return mailbox_each(text, len, liberties, each, NULL, ctx, e);
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
	if (mailbox_list(text, len, ALONE | (null_ok ? MAILBOX_NULL : 0), keep_one, &o, e) && o.n == 1)
		return true;
	if (o.n == 0 && e->say[0] != '\0')
		return false;
	return fail(e, ST_INPUT, FATE_PERM, "'%.*s' is not one address", (int)(len < 120 ? len : 120), text);
}
