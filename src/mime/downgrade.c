#include "mime/downgrade.h"

#include "base/str.h"
#include "mail/ascii.h"

enum cte downgrade_cte(const struct buf *ctes, size_t number)
{
	return number < ctes->len ? (enum cte)(ctes->bytes[number] & PART_CTE) : CTE_KEEP;
}

bool downgrade_has(const struct buf *ctes, size_t number, unsigned what)
{
	return number < ctes->len && ((unsigned char)ctes->bytes[number] & what) != 0;
}

/* Adds an enum cte, or PART_..., for the innermost part or one around it. */
static void add(struct downgrade *d, const struct mime_part *part, unsigned what)
{
	d->any = true;
	if (part->number < d->ctes.len)
		d->ctes.bytes[part->number] = (char)((unsigned char)d->ctes.bytes[part->number] | what);
}

static bool is_needed(const struct downgrade *d, const struct facts *f)
{
	return facts_unfit(f) || (d->eight_bit && f->eight_bit);
}

static struct mime_part *innermost(struct downgrade *d)
{
	return &d->mime.part[d->mime.depth - 1];
}

/* ---- refusals ---------------------------------------------------------------------------------- */

/* Not application/pkcs7-mime: its transfer encoding is not a part of what is signed or encrypted (RFC 8551 3.2). */
static bool is_sealed(const char *type)
{
	return str_same(type, "multipart/signed") || str_same(type, "multipart/encrypted");
}

/* A signed or encrypted part must keep every octet of its content.  Nothing is signed of its own header, and of the text outside
 * of its parts: for those, `depth` ends before it. */
static bool may_touch(struct downgrade *d, size_t depth, struct err *e)
{
	for (size_t i = 0; i < depth; i++)
		if (is_sealed(d->mime.part[i].type))
			return fail(e, ST_INPUT, FATE_PERM,
				    "%s, and re-encoding would break the signature or encryption of a part of type %s",
				    d->why, d->mime.part[i].type);
	return true;
}

/* RFC 2045 6.4 forbids to encode a message/... part; RFC 6532 3.5 and RFC 6533 4 allow it for message/global... */
static bool is_encodable(const char *type)
{
	return strncmp(type, "message/", 8) != 0 || strncmp(type, "message/global", 14) == 0;
}

static bool may_encode(struct downgrade *d, struct err *e)
{
	const struct mime_part *part = innermost(d);
	bool again = part->kind == MIME_LEAF && mime_encoded(part->encoding); /* its content does not change */

	if (!may_touch(d, d->mime.depth - again, e))
		return false;
	if (part->trouble != NULL)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and the part that has it cannot be re-encoded: %s", d->why,
			    part->trouble);
	if (!again && !is_encodable(part->type))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body of type %s cannot be re-encoded", d->why,
			    part->type);
	return true;
}

/* ---- decisions --------------------------------------------------------------------------------- */

static struct facts take_facts(struct downgrade *d)
{
	struct facts f = d->facts;

	d->facts = (struct facts){ 0 };
	survey_end(&f);
	return f;
}

/* Notes for all open parts whether something in them changes, and whether 8-bit text is left. */
static void note(struct downgrade *d, bool changes, bool eight_bit)
{
	for (size_t i = 0; i < d->mime.depth; i++) {
		d->changed[i] = d->changed[i] || changes;
		d->keeps_8bit[i] = d->keeps_8bit[i] || eight_bit;
	}
}

/* The text of this multipart outside of its parts; it is the innermost part, or its first or next part has just begun. */
static bool check_outside(struct downgrade *d, const struct mime_part *part, struct err *e)
{
	struct facts f = take_facts(d);
	bool needed = is_needed(d, &f);

	d->charset = (struct charset_guess){ 0 };
	if (needed && !may_touch(d, (size_t)(part - d->mime.part), e))
		return false;
	if (needed)
		add(d, part, PART_OUTSIDE);
	note(d, needed, !needed && f.eight_bit);
	return true;
}

static void look_at(struct facts *f, const char *header, size_t n)
{
	*f = (struct facts){ 0 };
	survey_feed(f, header, n);
	survey_end(f);
}

/* The facts of the header as it will be; *changed: it will be another one. */
static bool try_ascii(const struct downgrade *d, const char *header, size_t n, struct facts *f, bool *changed, struct err *e)
{
	struct ascii how = { .utf8 = d->utf8 };
	struct buf out = buf_max(ST_INPUT, ASCII_MAX, "the header of a part");
	bool ok = ascii_header(&how, &out, header, n, e);

	*changed = ok && (out.len != n || memcmp(buf_text(&out), header, n) != 0);
	look_at(f, buf_text(&out), out.len);
	buf_free(&out);
	return ok;
}

static bool check_header(struct downgrade *d, const char *header, size_t n, struct err *e)
{
	bool sealed, changes = false;
	struct facts f;
	struct err why;

	look_at(&f, header, n);
	sealed = !may_touch(d, d->mime.depth - 1, &why);
	if (!sealed && (f.eight_bit || facts_unfit(&f)) && !try_ascii(d, header, n, &f, &changes, e))
		return false;
	if (is_needed(d, &f) && sealed) {
		*e = why;
		return false;
	}
	if (is_needed(d, &f))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the header of a part", d->why);
	if (changes)
		add(d, innermost(d), PART_HEADER | (d->utf8 ? PART_UTF8 : 0));
	note(d, changes, f.eight_bit);
	return true;
}

static enum cte text_of(const struct downgrade *d)
{
	static const enum cte texts[] = {
		[CHARSET_ASCII] = CTE_TEXT, [CHARSET_UTF8] = CTE_TEXT_UTF8, [CHARSET_UNKNOWN] = CTE_TEXT_UNKNOWN,
	};

	return texts[charset_of(&d->charset)];
}

/* Text consists of lines, unless it is labelled binary and has NULs (UTF-16).  Other types consist of lines, too, unless they
 * are labelled binary or have NULs or bare CRs. */
static enum cte encoding_for(const struct downgrade *d, const struct mime_part *part, const struct facts *f)
{
	bool text = part->type[0] == '\0' || str_same(part->type, "text") || str_starts(part->type, "text/");
	bool binary = str_same(part->encoding, "binary");

	if (mime_encoded(part->encoding))
		return str_same(part->encoding, "base64") ? CTE_BASE64_AGAIN : CTE_QP_AGAIN;
	if (part->kind == MIME_MULTIPART)
		return text_of(d);
	if (text && !(binary && f->nul))
		return CTE_QP;
	return binary || f->nul || f->bare_cr ? CTE_BASE64_EXACT : CTE_BASE64;
}

/* A leaf ends, or a multipart of which no part was found. */
static bool leaf_over(struct downgrade *d, struct err *e)
{
	const struct mime_part *part = innermost(d);
	struct facts f = take_facts(d);
	bool needed = is_needed(d, &f);

	if (needed && !may_encode(d, e))
		return false;
	if (needed)
		add(d, part, encoding_for(d, part, &f));
	note(d, needed, !needed && f.eight_bit);
	d->charset = (struct charset_guess){ 0 };
	return true;
}

/* The Content-Transfer-Encoding of a multipart or message must allow for every part in it (RFC 2045 6.4). */
static void relabel(struct downgrade *d, const struct mime_part *part)
{
	bool keeps_8bit = d->keeps_8bit[d->mime.depth - 1];

	if (part->encoding[0] == '\0' || str_same(part->encoding, "7bit") || (str_same(part->encoding, "8bit") && keeps_8bit))
		return;
	add(d, part, keeps_8bit ? CTE_IS_8BIT : CTE_IS_7BIT);
}

/* ---- events ------------------------------------------------------------------------------------- */

/* A part begins.  rendition.c checks the head of the message itself. */
static bool got_header(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	size_t depth = d->mime.depth;

	if (depth > 1 && !check_outside(d, &d->mime.part[depth - 2], e))
		return false;
	d->changed[depth - 1] = d->keeps_8bit[depth - 1] = false;
	d->over = d->over || d->ctes.len == DOWNGRADE_PARTS;
	return (d->over || buf_char(&d->ctes, CTE_KEEP, e)) && (depth == 1 || check_header(d, in, n, e));
}

/* No part is found if a delimiter differs from its boundary parameter, so it cannot be mended. */
static bool got_delimiter(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	struct facts f = { 0 };

	survey_feed(&f, in, n);
	survey_end(&f);
	note(d, false, f.eight_bit);
	return !is_needed(d, &f) || fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the boundary of a multipart", d->why);
}

/* Counts a leaf's line end, too, although it belongs to the delimiter: it shows whether a CR before it is a bare one. */
static bool got_text(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	(void)e;
	survey_feed(&d->facts, in, n);
	if (innermost(d)->kind == MIME_MULTIPART)
		charset_feed(&d->charset, in, n);
	return true;
}

static bool got_end(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	const struct mime_part *part = innermost(d);

	(void)in, (void)n;
	if (part->kind == MIME_LEAF || (part->kind == MIME_MULTIPART && !part->found))
		return leaf_over(d, e);
	if (!check_outside(d, part, e))
		return false;
	if (!d->changed[d->mime.depth - 1])
		return true;
	if (part->kind == MIME_MULTIPART && !part->closed)
		add(d, part, PART_CLOSE);
	relabel(d, part);
	return true;
}

static bool got_event(void *to, enum mime_event what, const char *in, size_t n, struct err *e)
{
	static bool (*const got[])(struct downgrade *d, const char *in, size_t n, struct err *e) = {
		[MIME_HEADER] = got_header, [MIME_CONTENT] = got_text, [MIME_LINE_END] = got_text,
		[MIME_END] = got_end,	    [MIME_DELIMITER] = got_delimiter, [MIME_OUTSIDE] = got_text,
	};
	_Static_assert(COUNT(got) == MIME_EVENTS, "every event has a row");

	return got[what](to, in, n, e);
}

/* ---- from outside ------------------------------------------------------------------------------- */

bool downgrade_begin(struct downgrade *d, unsigned how, const char *why, const char *head, size_t len, struct err *e)
{
	bool eight_bit = (how & DOWNGRADE_7BIT) != 0;

	*d = (struct downgrade){ .eight_bit = eight_bit, .utf8 = (how & DOWNGRADE_UTF8) != 0, .why = why };
	d->ctes = buf_max(ST_INPUT, DOWNGRADE_PARTS, "the list of parts");
	return mime_begin(&d->mime, head, len, got_event, d, e);
}

bool downgrade_feed(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	return mime_feed(&d->mime, in, n, e);
}

bool downgrade_end(struct downgrade *d, struct err *e)
{
	if (!mime_end(&d->mime, e))
		return false;
	return !d->any || !d->over
	    || fail(e, ST_INPUT, FATE_PERM, "%s, and it has more than %d parts", d->why, DOWNGRADE_PARTS);
}

void downgrade_free(struct downgrade *d)
{
	mime_free(&d->mime);
	buf_free(&d->ctes);
}
