#include "mime/plan.h"

#include "base/str.h"

enum action plan_action(const struct buf *actions, size_t number)
{
	return number < actions->len ? (enum action)actions->bytes[number] : PART_KEEP;
}

static bool is_needed(const struct plan *p, const struct facts *f)
{
	return facts_unfit(f) || (p->eight_bit && f->eight_bit);
}

static struct mime_part *innermost(struct plan *p)
{
	return &p->mime.part[p->mime.depth - 1];
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
static bool may_touch(struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->mime.depth; i++)
		if (is_sealed(p->mime.part[i].type))
			return fail(e, ST_INPUT, FATE_PERM,
				    "%s, and re-encoding would break the signature or encryption of a part of type %s",
				    p->why, p->mime.part[i].type);
	return true;
}

/* RFC 2045 6.4 forbids to encode a message/... part; RFC 6532 3.7 and RFC 6533 4 allow it for message/global... */
static bool is_encodable(const char *type)
{
	return strncmp(type, "message/", 8) != 0 || strncmp(type, "message/global", 14) == 0;
}

static bool may_encode(struct plan *p, struct err *e)
{
	const struct mime_part *part = innermost(p);

	if (!may_touch(p, e))
		return false;
	if (part->trouble != NULL)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and the part that has it cannot be re-encoded: %s", p->why,
			    part->trouble);
	if (!mime_identity(part->encoding))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body in %s encoding cannot be encoded again", p->why,
			    part->encoding);
	if (!is_encodable(part->type))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body of type %s cannot be re-encoded", p->why,
			    part->type);
	return true;
}

/* The text outside of parts cannot be encoded: no header belongs to it. */
static bool check_outside(struct plan *p, const struct mime_part *part, struct err *e)
{
	struct facts f = p->facts;

	p->facts = (struct facts){ 0 };
	survey_end(&f);
	if (!is_needed(p, &f)) {
		for (size_t i = 0; f.eight_bit && i < p->mime.depth; i++)
			p->keeps_8bit[i] = true;
		return true;
	}
	if (!may_touch(p, e))
		return false;
	return fail(e, ST_INPUT, FATE_PERM, "%s, and %s", p->why,
		    part->found ? "it is outside of the parts of a multipart"
				: "the boundary of the multipart that has it is not found");
}

static bool check_header(struct plan *p, const char *header, size_t n, struct err *e)
{
	struct facts f = { 0 };

	survey_feed(&f, header, n);
	survey_end(&f);
	for (size_t i = 0; f.eight_bit && i < p->mime.depth; i++)
		p->keeps_8bit[i] = true;
	if (!is_needed(p, &f))
		return true;
	return may_touch(p, e) && fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the header of a part", p->why);
}

/* ---- decisions --------------------------------------------------------------------------------- */

/* Text consists of lines, unless it is labelled binary and has NULs (UTF-16).  Other types consist of lines, too, unless they
 * are labelled binary or have NULs or bare CRs. */
static enum action encoding_for(const struct mime_part *part, const struct facts *f)
{
	bool text = part->type[0] == '\0' || str_same(part->type, "text") || strncmp(part->type, "text/", 5) == 0;
	bool binary = str_same(part->encoding, "binary");

	if (text && !(binary && f->nul))
		return PART_QP;
	return binary || f->nul || f->bare_cr ? PART_BASE64_EXACT : PART_BASE64;
}

static bool leaf_over(struct plan *p, struct err *e)
{
	const struct mime_part *part = innermost(p);
	struct facts f = p->facts;
	bool needed;

	p->facts = (struct facts){ 0 };
	survey_end(&f);
	needed = is_needed(p, &f);
	if (needed && !may_encode(p, e))
		return false;
	if (needed)
		p->actions.bytes[part->number] = (char)encoding_for(part, &f);
	for (size_t i = 0; i < p->mime.depth; i++) {
		p->changed[i] = p->changed[i] || needed;
		p->keeps_8bit[i] = p->keeps_8bit[i] || (!needed && f.eight_bit);
	}
	return true;
}

/* The Content-Transfer-Encoding of a multipart or message must allow for every part in it (RFC 2045 6.4). */
static void relabel(struct plan *p, const struct mime_part *part)
{
	bool keeps_8bit = p->keeps_8bit[p->mime.depth - 1];

	if (str_same(part->encoding, "binary") || (str_same(part->encoding, "8bit") && !keeps_8bit))
		p->actions.bytes[part->number] = keeps_8bit ? PART_IS_8BIT : PART_IS_7BIT;
}

/* ---- events ------------------------------------------------------------------------------------- */

/* A part begins.  rendition.c checks the head of the message itself. */
static bool got_header(struct plan *p, const char *in, size_t n, struct err *e)
{
	size_t depth = p->mime.depth;

	if (depth > 1 && !check_outside(p, &p->mime.part[depth - 2], e))
		return false;
	p->changed[depth - 1] = p->keeps_8bit[depth - 1] = false;
	if (p->actions.len == PLAN_PARTS)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and it has more than %d parts", p->why, PLAN_PARTS);
	return buf_char(&p->actions, PART_KEEP, e) && (depth == 1 || check_header(p, in, n, e));
}

/* Counts a leaf's line end, too, although it belongs to the delimiter: it shows whether a CR before it is a bare one. */
static bool got_text(struct plan *p, const char *in, size_t n, struct err *e)
{
	(void)e;
	survey_feed(&p->facts, in, n);
	return true;
}

static bool got_end(struct plan *p, const char *in, size_t n, struct err *e)
{
	const struct mime_part *part = innermost(p);

	(void)in, (void)n;
	if (part->kind == MIME_LEAF)
		return leaf_over(p, e);
	if (!check_outside(p, part, e))
		return false;
	if (!p->changed[p->mime.depth - 1])
		return true;
	if (part->kind == MIME_MULTIPART && !part->closed)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and the end of the multipart that has it is missing", p->why);
	relabel(p, part);
	return true;
}

static bool take(void *to, enum mime_event what, const char *in, size_t n, struct err *e)
{
	static bool (*const got[])(struct plan *p, const char *in, size_t n, struct err *e) = {
		[MIME_HEADER] = got_header, [MIME_CONTENT] = got_text, [MIME_LINE_END] = got_text,
		[MIME_END] = got_end,	    [MIME_OUTSIDE] = got_text,
	};
	_Static_assert(COUNT(got) == MIME_EVENTS, "every event has a row");

	return got[what](to, in, n, e);
}

/* ---- from outside ------------------------------------------------------------------------------- */

bool plan_begin(struct plan *p, bool eight_bit, const char *why, const char *head, size_t len, struct err *e)
{
	*p = (struct plan){ .eight_bit = eight_bit, .why = why };
	p->actions = buf_max(ST_INPUT, PLAN_PARTS, "the list of parts");
	return mime_begin(&p->mime, head, len, take, p, e);
}

bool plan_feed(struct plan *p, const char *in, size_t n, struct err *e)
{
	return mime_feed(&p->mime, in, n, e);
}

bool plan_end(struct plan *p, struct err *e)
{
	return mime_end(&p->mime, e);
}

void plan_free(struct plan *p)
{
	mime_free(&p->mime);
	buf_free(&p->actions);
}
