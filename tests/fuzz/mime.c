/* A message with parts: the result can be sent, has the same content, and does not depend on where the input was cut.  A message
 * that needs no change stays as it was, and the result needs none.  The first byte of the input chooses the settings. */
#include "fuzz.h"

#include "../unit/downgraded.h"
#include "base/base64.h"
#include "mail/ascii.h"
#include "mime/encode.h"

enum { MAX = 1 << 20 };

/* ---- the content of a message: headers without the fields that may change, decoded bodies --------- */

struct dump {
	struct mime       mime;
	const struct buf *ctes; /* which parts were changed */
	bool              encoded; /* this message is the encoded one */
	bool              lf;
	struct buf        content, said;
};

static const struct mime_part *innermost(const struct dump *d)
{
	return &d->mime.part[d->mime.depth - 1];
}

static enum cte touched(const struct dump *d)
{
	return downgrade_cte(d->ctes, innermost(d)->number);
}

static bool is_text(enum cte cte)
{
	return cte == CTE_TEXT || cte == CTE_TEXT_UTF8 || cte == CTE_TEXT_UNKNOWN;
}

static void add(struct buf *to, const char *p, size_t n)
{
	struct err e;

	MUST(buf_add(to, p, n, &e));
}

static int digit(char c)
{
	const char *hex = "0123456789ABCDEFabcdef", *at = c == '\0' ? NULL : strchr(hex, c);

	return at == NULL ? -1 : at - hex < 16 ? (int)(at - hex) : (int)(at - hex) - 6;
}

/* Shows CRLF as LF. */
static void unify_line_ends(struct buf *b)
{
	size_t made = 0;

	for (size_t i = 0; i < b->len; i++)
		if (b->bytes[i] != '\r' || i + 1 == b->len || b->bytes[i + 1] != '\n')
			b->bytes[made++] = b->bytes[i];
	b->len = made;
}

/* Drops blanks at the ends of lines, as RFC 2045 6.7 (3) says.  Line ends are LF here, so that a CR before dropped blanks stays
 * an octet of the text. */
static void unpad(struct buf *b)
{
	size_t made = 0, kept = 0; /* up to the last octet that is no such blank */

	for (size_t i = 0; i < b->len; i++) {
		char c = b->bytes[i];
		bool ends = c == '\n' || (c == '\r' && i + 1 == b->len);

		if (ends)
			made = kept;
		b->bytes[made++] = c;
		if (ends || (c != ' ' && c != '\t'))
			kept = made;
	}
	b->len = kept;
}

/* Like most decoders, takes what is no escape as it is; the result has LF as line ends.  `strict`: we wrote it. */
static void decode_qp(struct buf *to, struct buf *b, bool strict)
{
	const char *p = b->bytes;
	size_t n;

	unify_line_ends(b);
	unpad(b);
	n = b->len;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '=') {
			MUST(!strict || ((p[i] >= ' ' && p[i] <= '~') || p[i] == '\r' || p[i] == '\n'));
			add(to, p + i, 1);
		} else if (i + 2 < n && digit(p[i + 1]) >= 0 && digit(p[i + 2]) >= 0) {
			add(to, &(char){ (char)(digit(p[i + 1]) << 4 | digit(p[i + 2])) }, 1);
			i += 2;
		} else if (i + 1 == n || p[i + 1] == '\n' || (p[i + 1] == '\r' && (i + 2 == n || p[i + 2] == '\n'))) {
			i += 1 + (i + 1 < n && p[i + 1] == '\r');
		} else {
			MUST(!strict);
			add(to, p + i, 1);
		}
	}
}

/* Whether a CR as the last octet is a line end, so that the blanks before it mean nothing, depends on what follows. */
static void decode_again(struct buf *to, struct buf *b, bool strict)
{
	decode_qp(to, b, strict);
	while (to->len > 0 && strchr(" \t\r\n", to->bytes[to->len - 1]) != NULL && to->bytes[to->len - 1] != '\0')
		to->len--;
}

static void decode_base64(struct buf *to, const char *p, size_t n)
{
	struct buf text = buf_max(ST_INPUT, MAX * 8, "base64");

	for (size_t i = 0; i < n; i++)
		if (p[i] != '\r' && p[i] != '\n')
			add(&text, p + i, 1);
	MUST(base64_decode(to, buf_text(&text), text.len));
	buf_free(&text);
}

/* What a decoder does not ignore. */
static void sift_base64(struct buf *to, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (base64_value[(unsigned char)p[i]] >= 0 || p[i] == '=')
			add(to, p + i, 1);
}

/* Has a line end at the end of this part perhaps become one of a delimiter, since there was none, or no text before? */
static bool delimited(const struct dump *d, enum cte cte)
{
	for (size_t i = 0; i < d->mime.depth; i++)
		if (downgrade_has(d->ctes, d->mime.part[i].number, PART_CLOSE))
			return true;
	return is_text(cte);
}

/* Leaves the last line end out, because it may have been added, or `all` at the end. */
static void say_lines(struct buf *said, const struct buf *b, bool all)
{
	size_t n = b->len - (b->len > 0 && (b->bytes[b->len - 1] == '\n' || b->bytes[b->len - 1] == '\r'));

	while (all && n > 0 && (b->bytes[n - 1] == '\r' || b->bytes[n - 1] == '\n'))
		n--;
	add(said, buf_text(b), n);
}

static void say_content(struct dump *d, enum cte cte)
{
	struct buf plain = buf_max(ST_INPUT, MAX * 8, "content");
	const char *p = buf_text(&d->content);
	bool qp = cte == CTE_QP_AGAIN || (d->encoded && (cte == CTE_QP || is_text(cte)));
	bool lines = innermost(d)->kind != MIME_LEAF || cte == CTE_QP || cte == CTE_BASE64 || cte == CTE_QP_AGAIN || is_text(cte);

	if (cte == CTE_BASE64_AGAIN)
		sift_base64(&plain, p, d->content.len);
	else if (cte == CTE_QP_AGAIN)
		decode_again(&plain, &d->content, d->encoded);
	else if (cte == CTE_KEEP) /* a CR as the last octet of all is a line end, too */
		add(&plain, p, d->content.len - (d->content.len > 0 && p[d->content.len - 1] == '\r'));
	else if (!d->encoded || cte == CTE_IS_7BIT || cte == CTE_IS_8BIT)
		add(&plain, p, d->content.len);
	else if (qp)
		decode_qp(&plain, &d->content, true);
	else
		decode_base64(&plain, p, d->content.len);
	if (lines && !qp)
		unify_line_ends(&plain);
	if (lines)
		say_lines(&d->said, &plain, delimited(d, cte));
	else
		add(&d->said, buf_text(&plain), plain.len);
	buf_free(&plain);
	buf_clear(&d->content);
}

/* The text outside of parts, of a multipart that has some. */
static void say_outside(struct dump *d)
{
	say_content(d, downgrade_has(d->ctes, innermost(d)->number, PART_OUTSIDE) ? CTE_QP : touched(d));
}

static void say_white(struct dump *d, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != '\0' && strchr(" \t\r\n", p[i]) == NULL)
			add(&d->said, p + i, 1);
}

static bool may_change(const struct field *f, bool text)
{
	return header_is(f, "Content-Transfer-Encoding")
	    || (text && (header_is(f, "Content-Type") || header_is(f, "X-Original-Content-Type")));
}

static void say_fields(struct dump *d, const char *p, size_t n)
{
	struct field f;
	size_t at = 0;

	while (header_next(p, n, &at, &f))
		if (!may_change(&f, is_text(touched(d))))
			say_white(d, f.raw, f.raw_len);
	say_white(d, p + at, n - at);
}

/* How fields that are not ASCII are encoded, the target `words` checks: here it counts that exactly those headers were. */
static void say_header(struct dump *d, const char *p, size_t n)
{
	struct ascii how = { .utf8 = false };
	struct buf ascii = buf_max(ST_INPUT, ASCII_MAX, "a header");
	struct err e;

	if (d->encoded || !downgrade_has(d->ctes, innermost(d)->number, PART_HEADER)) {
		say_fields(d, p, n);
		return;
	}
	MUST(ascii_header(&how, &ascii, p, n, &e));
	say_fields(d, buf_text(&ascii), ascii.len);
	buf_free(&ascii);
}

/* The last line end may have been added, or its LF. */
static size_t without_line_end(const char *p, size_t n)
{
	n -= n > 0 && p[n - 1] == '\n';
	return n - (n > 0 && p[n - 1] == '\r');
}

static bool take(void *to, enum mime_event what, const char *p, size_t n, struct err *e)
{
	struct dump *d = to;
	size_t number = innermost(d)->number;
	bool exact = touched(d) == CTE_KEEP && !downgrade_has(d->ctes, number, PART_HEADER) && number > 0;

	(void)e;
	if (what == MIME_HEADER && number > 0) {
		d->mime.depth--; /* the text so far belongs to the part around it */
		say_outside(d);
		d->mime.depth++;
	}
	if (what == MIME_HEADER || what == MIME_END)
		add(&d->said, &"hE"[what == MIME_END], 1);
	if (what == MIME_HEADER && exact)
		add(&d->said, p, without_line_end(p, n));
	else if (what == MIME_HEADER)
		say_header(d, p, n);
	else if (what == MIME_CONTENT || what == MIME_OUTSIDE)
		add(&d->content, p, n);
	else if (what == MIME_LINE_END && !d->encoded && d->lf && touched(d) == CTE_BASE64_EXACT)
		add(&d->content, p, n - 1);
	else if (what == MIME_END)
		say_outside(d);
	if (what == MIME_HEADER)
		d->lf = n > 0 && !(n > 1 && p[n - 2] == '\r');
	return true;
}

static void dump(struct dump *d, const char *in, size_t n, const struct buf *ctes, bool encoded)
{
	size_t body = body_of(in, n);
	struct err e;

	*d = (struct dump){ .ctes = ctes, .encoded = encoded };
	d->content = d->said = buf_max(ST_INPUT, MAX * 8, "a dump");
	MUST(mime_begin(&d->mime, in, head_of(in, n), take, d, &e));
	MUST(mime_feed(&d->mime, in + body, n - body, &e) && mime_end(&d->mime, &e));
	mime_free(&d->mime);
}

static void same_said(const struct downgraded *d, const char *in, size_t n)
{
	static struct dump before, after;

	dump(&before, in, n, &d->ctes, false);
	dump(&after, buf_text(&d->out), d->out.len, &d->ctes, true);
	MUST(before.said.len == after.said.len
	     && memcmp(buf_text(&before.said), buf_text(&after.said), before.said.len) == 0);
	buf_free(&before.said);
	buf_free(&before.content);
	buf_free(&after.said);
	buf_free(&after.content);
}

/* ---- what must hold ----------------------------------------------------------------------------- */

static void clean(const char *p, size_t n, bool eight_bit)
{
	struct facts f = { 0 };

	survey_feed(&f, p, n);
	survey_end(&f);
	MUST(!facts_unfit(&f) && !(eight_bit && f.eight_bit));
}

/* So many blanks at the end of a line are not dropped: mime/encode.h. */
static bool blanks_are_text(const char *p, size_t n)
{
	size_t run = 0;

	for (size_t i = 0; i < n && run < QP_HELD - 2; i++)
		run = p[i] == ' ' || p[i] == '\t' ? run + 1 : 0;
	return run >= QP_HELD - 2;
}

static void same(const struct downgraded *a, const struct downgraded *b)
{
	MUST(a->out.len == b->out.len && memcmp(buf_text(&a->out), buf_text(&b->out), a->out.len) == 0);
}

static void check(const struct downgraded *d, const char *in, size_t n, bool eight_bit)
{
	size_t body = body_of(buf_text(&d->out), d->out.len);
	struct downgraded again;
	bool kept = true;

	clean(buf_text(&d->out) + body, d->out.len - body, eight_bit);
	for (size_t i = 0; i < d->ctes.len; i++)
		kept = kept && d->ctes.bytes[i] == CTE_KEEP;
	MUST(!kept || (d->out.len == n && (n == 0 || memcmp(buf_text(&d->out), in, n) == 0)));
	if (!blanks_are_text(in, n))
		same_said(d, in, n);
	MUST(downgrade_whole(&again, buf_text(&d->out), d->out.len, eight_bit, 4096));
	same(d, &again);
	downgraded_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool eight_bit = size > 0 && (data[0] & 1) != 0, whole, cuts;
	size_t cut = size > 0 ? (data[0] >> 1) % 11 + 1U : 1, n = size > 0 ? size - 1 : 0;
	const char *in = (const char *)data + (size > 0);
	struct downgraded a, b;

	if (n > MAX || (body_of(in, n) == head_of(in, n) && head_of(in, n) < n))
		return 0; /* message.c would add the empty line */
	whole = downgrade_whole(&a, in, n, eight_bit, TRANSCODE_PIECE);
	cuts = downgrade_whole(&b, in, n, eight_bit, cut);
	MUST(whole == cuts);
	if (whole) {
		same(&a, &b);
		check(&a, in, n, eight_bit);
	}
	downgraded_free(&a);
	downgraded_free(&b);
	return 0;
}
