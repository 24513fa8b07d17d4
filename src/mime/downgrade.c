#include "mime/downgrade.h"

#include "base/str.h"

enum cte downgrade_cte(const struct buf *ctes, size_t number)
{
	return number < ctes->len ? (enum cte)ctes->bytes[number] : CTE_KEEP;
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

static bool is_sealed(const char *type)
{
	static const char *const sealed[] = { "multipart/signed", "multipart/encrypted", "application/pkcs7-mime",
					      "application/x-pkcs7-mime" };

	for (size_t i = 0; i < COUNT(sealed); i++)
		if (str_same(type, sealed[i]))
			return true;
	return false;
}

/* A signed or encrypted part must keep every octet. */
static bool may_touch(struct downgrade *d, struct err *e)
{
	for (size_t i = 0; i < d->mime.depth; i++)
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

	if (!may_touch(d, e))
		return false;
	if (part->trouble != NULL)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and the part that has it cannot be re-encoded: %s", d->why,
			    part->trouble);
	if (!mime_identity(part->encoding))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body in %s encoding cannot be encoded again", d->why,
			    part->encoding);
	if (!is_encodable(part->type))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body of type %s cannot be re-encoded", d->why,
			    part->type);
	return true;
}

/* The text outside of parts cannot be encoded: no header belongs to it. */
static bool check_outside(struct downgrade *d, const struct mime_part *part, struct err *e)
{
	struct facts f = d->facts;

	d->facts = (struct facts){ 0 };
	survey_end(&f);
	if (!is_needed(d, &f)) {
		for (size_t i = 0; f.eight_bit && i < d->mime.depth; i++)
			d->keeps_8bit[i] = true;
		return true;
	}
	if (!may_touch(d, e))
		return false;
	return fail(e, ST_INPUT, FATE_PERM, "%s, and %s", d->why,
		    part->found ? "it is outside of the parts of a multipart"
				: "the boundary of the multipart that has it is not found");
}

static bool check_header(struct downgrade *d, const char *header, size_t n, struct err *e)
{
	struct facts f = { 0 };

	survey_feed(&f, header, n);
	survey_end(&f);
	for (size_t i = 0; f.eight_bit && i < d->mime.depth; i++)
		d->keeps_8bit[i] = true;
	if (!is_needed(d, &f))
		return true;
	return may_touch(d, e) && fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the header of a part", d->why);
}

/* ---- decisions --------------------------------------------------------------------------------- */

/* Text consists of lines, unless it is labelled binary and has NULs (UTF-16).  Other types consist of lines, too, unless they
 * are labelled binary or have NULs or bare CRs. */
static enum cte encoding_for(const struct mime_part *part, const struct facts *f)
{
	bool text = part->type[0] == '\0' || str_same(part->type, "text") || strncmp(part->type, "text/", 5) == 0;
	bool binary = str_same(part->encoding, "binary");

	if (text && !(binary && f->nul))
		return CTE_QP;
	return binary || f->nul || f->bare_cr ? CTE_BASE64_EXACT : CTE_BASE64;
}

static bool leaf_over(struct downgrade *d, struct err *e)
{
	const struct mime_part *part = innermost(d);
	struct facts f = d->facts;
	bool needed;

	d->facts = (struct facts){ 0 };
	survey_end(&f);
	needed = is_needed(d, &f);
	if (needed && !may_encode(d, e))
		return false;
	if (needed)
		d->ctes.bytes[part->number] = (char)encoding_for(part, &f);
	for (size_t i = 0; i < d->mime.depth; i++) {
		d->changed[i] = d->changed[i] || needed;
		d->keeps_8bit[i] = d->keeps_8bit[i] || (!needed && f.eight_bit);
	}
	return true;
}

/* The Content-Transfer-Encoding of a multipart or message must allow for every part in it (RFC 2045 6.4). */
static void relabel(struct downgrade *d, const struct mime_part *part)
{
	bool keeps_8bit = d->keeps_8bit[d->mime.depth - 1];

	if (str_same(part->encoding, "binary") || (str_same(part->encoding, "8bit") && !keeps_8bit))
		d->ctes.bytes[part->number] = keeps_8bit ? CTE_IS_8BIT : CTE_IS_7BIT;
}

/* ---- events ------------------------------------------------------------------------------------- */

/* A part begins.  rendition.c checks the head of the message itself. */
static bool got_header(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	size_t depth = d->mime.depth;

	if (depth > 1 && !check_outside(d, &d->mime.part[depth - 2], e))
		return false;
	d->changed[depth - 1] = d->keeps_8bit[depth - 1] = false;
	if (d->ctes.len == DOWNGRADE_PARTS)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and it has more than %d parts", d->why, DOWNGRADE_PARTS);
	return buf_char(&d->ctes, CTE_KEEP, e) && (depth == 1 || check_header(d, in, n, e));
}

/* Counts a leaf's line end, too, although it belongs to the delimiter: it shows whether a CR before it is a bare one. */
static bool got_text(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	(void)e;
	survey_feed(&d->facts, in, n);
	return true;
}

static bool got_end(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	const struct mime_part *part = innermost(d);

	(void)in, (void)n;
	if (part->kind == MIME_LEAF)
		return leaf_over(d, e);
	if (!check_outside(d, part, e))
		return false;
	if (!d->changed[d->mime.depth - 1])
		return true;
	if (part->kind == MIME_MULTIPART && !part->closed)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and the end of the multipart that has it is missing", d->why);
	relabel(d, part);
	return true;
}

static bool got_event(void *to, enum mime_event what, const char *in, size_t n, struct err *e)
{
	static bool (*const got[])(struct downgrade *d, const char *in, size_t n, struct err *e) = {
		[MIME_HEADER] = got_header, [MIME_CONTENT] = got_text, [MIME_LINE_END] = got_text,
		[MIME_END] = got_end,	    [MIME_OUTSIDE] = got_text,
	};
	_Static_assert(COUNT(got) == MIME_EVENTS, "every event has a row");

	return got[what](to, in, n, e);
}

/* ---- from outside ------------------------------------------------------------------------------- */

bool downgrade_begin(struct downgrade *d, bool eight_bit, const char *why, const char *head, size_t len, struct err *e)
{
	*d = (struct downgrade){ .eight_bit = eight_bit, .why = why };
	d->ctes = buf_max(ST_INPUT, DOWNGRADE_PARTS, "the list of parts");
	return mime_begin(&d->mime, head, len, got_event, d, e);
}

bool downgrade_feed(struct downgrade *d, const char *in, size_t n, struct err *e)
{
	return mime_feed(&d->mime, in, n, e);
}

bool downgrade_end(struct downgrade *d, struct err *e)
{
	return mime_end(&d->mime, e);
}

void downgrade_free(struct downgrade *d)
{
	mime_free(&d->mime);
	buf_free(&d->ctes);
}
