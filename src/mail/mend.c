#include "mail/mend.h"

#include "base/str.h"
#include "mail/header.h"
#include "mail/survey.h"

/* ---- where white space means nothing ------------------------------------------------------------- */

enum manner { /* of a field's body */
	TEXT,   /* for people: white space is content everywhere */
	JSON,   /* quotes, but no comments and no <> */
	TOKENS, /* RFC 5322 3.2: quotes, comments, <> */
	URLS,   /* the same, and blanks in <> are ignored: RFC 2369 2 */
};

struct scan { /* of the body of a field: what surrounds the next octet */
	enum manner manner;
	bool        quoted, escaped, angle;
	size_t      comments; /* open ones */
};

static bool is_json(const struct field *f)
{
	size_t i = 0;

	while (i < f->body_len && strchr(" \t\r\n", f->body[i]) != NULL)
		i++;
	return i < f->body_len && (f->body[i] == '{' || f->body[i] == '[');
}

static enum manner manner_of(const struct field *f)
{
	static const char *const texts[] = { "Subject", "Comments", "Content-Description", "Organization", "Thread-Topic" };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (header_is(f, texts[i]))
			return TEXT;
	if (is_json(f)) /* X-SMTPAPI and its like */
		return JSON;
	return f->name_len > 5 && str_same_n(f->name, 5, "List-") ? URLS : TOKENS;
}

static void pass(struct scan *s, char c)
{
	bool tokens = s->manner == TOKENS || s->manner == URLS;

	if (s->escaped || (c == '\\' && (s->quoted || s->comments > 0)))
		s->escaped = !s->escaped;
	else if (c == '"' && s->comments == 0)
		s->quoted = !s->quoted;
	else if (tokens && !s->quoted && (c == '(' || (c == ')' && s->comments > 0)))
		s->comments += c == '(' ? 1 : (size_t)-1;
	else if (tokens && !s->quoted && s->comments == 0 && (c == '<' || c == '>'))
		s->angle = c == '<';
}

static void pass_all(struct scan *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pass(s, p[i]);
}

/* ---- folding ------------------------------------------------------------------------------------- */

enum place { NOWHERE, AT_COLON, IN_URL, IN_COMMENT, AT_SEPARATOR, AT_BLANK, PLACES }; /* the later ones are better */

/* Behind `c`, which has just been passed, and before `next`. */
static enum place place_behind(const struct scan *s, char c, char next)
{
	bool separator = c == ',' || c == ';';

	if (s->manner == TEXT || s->quoted || s->escaped || str_is8bit(next))
		return NOWHERE;
	if (s->comments > 0)
		return separator ? IN_COMMENT : NOWHERE;
	if (s->angle)
		return s->manner == URLS ? IN_URL : NOWHERE;
	return separator ? AT_SEPARATOR : NOWHERE;
}

/* The best offset, up to `room`, to fold a line without its end; 0: there is none.  Text must stand before it and after it, and
 * the name of a field does not count as text, except in the worst case: "Bcc :" is not folded before its colon. */
static size_t fold_place(struct scan s, const char *p, size_t len, size_t first, size_t room)
{
	size_t at[PLACES] = { [AT_COLON] = first }, best = PLACES - 1;

	while (first < len && str_isblank(p[first]))
		pass(&s, p[first++]);
	for (size_t i = first; i + 1 < len && i < room; i++) {
		pass(&s, p[i]);
		at[place_behind(&s, p[i], p[i + 1])] = i + 1;
		if (str_isblank(p[i + 1]))
			at[AT_BLANK] = i + 1;
	}
	while (best > NOWHERE && (at[best] == 0 || at[best] > room))
		best--;
	return best == NOWHERE ? 0 : at[best];
}

/* One line of a field; `first`: where its text begins, perhaps with blanks. */
static bool fold_line(struct buf *to, struct scan *s, const char *p, size_t n, size_t first, struct err *e)
{
	size_t end = header_line_end(p, n), len = n - end, room = SURVEY_LINE_MAX, at;
	const char *newline = end == 2 ? "\r\n" : "\n", *close = p + len;

	/* blanks at the end mean nothing; but a line must not become empty */
	while (len > room && len > 1 && str_isblank(p[len - 1]))
		len--;
	for (; len > room && (at = fold_place(*s, p, len, first, room)) > 0; p += at, len -= at, first = 0) {
		bool blank = str_isblank(p[at]);

		if (!buf_add(to, p, at, e) || !buf_str(to, newline, e) || (!blank && !buf_char(to, ' ', e)))
			return false;
		pass_all(s, p + first, at - first);
		room = SURVEY_LINE_MAX - !blank;
	}
	pass_all(s, p + first, len - first);
	return buf_add(to, p, len, e) && buf_add(to, close, end, e);
}

static bool fold_field(struct buf *to, const struct field *f, struct err *e)
{
	struct scan s = { .manner = manner_of(f) };
	size_t first = (size_t)(f->body - f->raw);

	for (size_t at = 0, n; at < f->raw_len; at += n, first = 0) {
		n = header_line(f->raw + at, f->raw_len - at);
		if (!fold_line(to, &s, f->raw + at, n, first, e))
			return false;
	}
	return true;
}

/* `facts` of the header. */
static bool fold(struct buf *to, const char *header, size_t len, const struct facts *facts, struct err *e)
{
	struct field f;
	size_t at = 0;

	while (facts->longest > SURVEY_LINE_MAX && header_next(header, len, &at, &f))
		if (!fold_field(to, &f, e))
			return false;
	return buf_add(to, header + at, len - at, e);
}

/* ---- from outside -------------------------------------------------------------------------------- */

/* Whether a CR as the last octet belongs to a line end, only the owner of the header knows, so it stays. */
void mend_octets(char *header, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (header[i] == '\0' || (header[i] == '\r' && i + 1 < len && header[i + 1] != '\n'))
			header[i] = ' ';
}

bool mend_header(struct buf *to, const char *header, size_t len, struct err *e)
{
	struct buf clean = buf_like(to);
	struct facts facts = { 0 };
	bool ok;

	survey_feed(&facts, header, len);
	survey_end(&facts);
	if (!facts.nul && !facts.bare_cr)
		return fold(to, header, len, &facts, e);
	ok = buf_add(&clean, header, len, e);
	if (ok)
		mend_octets(clean.bytes, len);
	ok = ok && fold(to, clean.bytes, len, &facts, e);
	buf_free(&clean);
	return ok;
}
