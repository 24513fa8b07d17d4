#include "mime/transcode.h"

#include <stdlib.h>

#include "mail/ascii.h"
#include "mail/header.h"
#include "mime/encode.h"

struct transcode {
	struct buf        ctes;
	const struct buf *head; /* borrowed */
	struct mime       mime;
	bool              begun;
	struct buf        out;
	size_t            taken;
	/* the present part */
	enum cte          cte;
	bool              lf;   /* its header ends with LF, not CRLF */
	char              last; /* the last octet of its content so far */
	bool              due;  /* a line end must come before a delimiter */
	bool              cr;   /* the CR of that line end is there */
	struct qp         qp;
	struct b64        b64;
	struct requote    requote;
};

/* ---- headers ------------------------------------------------------------------------------------ */

static const struct {
	const char *encoding, *type; /* NULL: it stays */
} labels[] = {
	[CTE_KEEP] = { NULL, NULL },
	[CTE_QP] = { "quoted-printable", NULL },
	[CTE_BASE64] = { "base64", NULL },
	[CTE_BASE64_EXACT] = { "base64", NULL },
	[CTE_QP_AGAIN] = { NULL, NULL },
	[CTE_BASE64_AGAIN] = { NULL, NULL },
	[CTE_TEXT] = { "quoted-printable", "text/plain; charset=us-ascii" },
	[CTE_TEXT_UTF8] = { "quoted-printable", "text/plain; charset=utf-8" },
	[CTE_TEXT_UNKNOWN] = { "quoted-printable", "text/plain; charset=unknown-8bit" },
	[CTE_IS_7BIT] = { "7bit", NULL },
	[CTE_IS_8BIT] = { "8bit", NULL },
};
_Static_assert(COUNT(labels) == CTES, "every encoding has a row");

static bool put_field(struct buf *to, const char *name, const char *body, struct err *e)
{
	if (to->len > 0 && to->bytes[to->len - 1] != '\n' && !buf_char(to, '\n', e))
		return false;
	return buf_printf(to, e, "%s: %s\n", name, body);
}

/* Its line may be folded now: the name is longer.  By this name it is text, so what is not ASCII in it can be encoded. */
static bool put_original(struct buf *to, const struct field *f, struct err *e)
{
	struct ascii how = { .utf8 = false };
	struct buf field = buf_like(to);
	bool ok = buf_str(&field, "X-Original-", e) && buf_add(&field, f->raw, f->raw_len, e)
	       && ascii_header(&how, to, field.bytes, field.len, e);

	buf_free(&field);
	return ok;
}

/* Each new field takes the place of the old one; if there is none, it comes after the last field. */
bool transcode_header(struct buf *to, const char *header, size_t len, enum cte cte, struct err *e)
{
	static const char encoding[] = "Content-Transfer-Encoding", type[] = "Content-Type";
	const char *new_encoding = labels[cte].encoding, *new_type = labels[cte].type;
	bool ok = true;
	struct field f;
	size_t at = 0;

	while (ok && header_next(header, len, &at, &f)) {
		if (labels[cte].encoding != NULL && header_is(&f, encoding)) {
			ok = new_encoding == NULL || put_field(to, encoding, new_encoding, e);
			new_encoding = NULL;
		} else if (labels[cte].type != NULL && header_is(&f, type)) {
			ok = (new_type == NULL || put_field(to, type, new_type, e)) && put_original(to, &f, e);
			new_type = NULL;
		} else {
			ok = buf_add(to, f.raw, f.raw_len, e);
		}
	}
	return ok && (new_encoding == NULL || put_field(to, encoding, new_encoding, e)) && buf_add(to, header + at, len - at, e);
}

/* ---- contents ----------------------------------------------------------------------------------- */

static void made(struct transcode *r, size_t n)
{
	r->out.len += n;
	r->out.bytes[r->out.len] = '\0';
}

static bool put_qp(struct transcode *r, const char *in, size_t n, struct err *e)
{
	if (!buf_room(&r->out, n * QP_GROWTH + QP_SLACK, e))
		return false;
	made(r, qp_feed(&r->qp, in, n, r->out.bytes + r->out.len));
	return true;
}

static bool put_exact(struct transcode *r, const char *in, size_t n, struct err *e)
{
	if (!buf_room(&r->out, n * QP_GROWTH + QP_SLACK, e))
		return false;
	made(r, b64_feed(&r->b64, in, n, r->out.bytes + r->out.len));
	return true;
}

/* Before the lines are encoded, LF at their ends becomes CRLF. */
static bool put_lines(struct transcode *r, const char *in, size_t n, struct err *e)
{
	for (size_t i = 0; i < n;) {
		const char *nl = memchr(in + i, '\n', n - i);
		size_t stop = nl == NULL ? n : (size_t)(nl - in);

		if (stop > i)
			r->last = in[stop - 1];
		if (!put_exact(r, in + i, stop - i, e))
			return false;
		if (nl != NULL && !put_exact(r, &"\r\n"[r->last == '\r'], 2 - (r->last == '\r'), e))
			return false;
		r->last = nl != NULL ? '\n' : r->last;
		i = stop + (nl != NULL);
	}
	return true;
}

static bool put_qp_again(struct transcode *r, const char *in, size_t n, struct err *e)
{
	if (!buf_room(&r->out, n * QP_GROWTH + QP_SLACK, e))
		return false;
	made(r, requote_feed(&r->requote, in, n, r->out.bytes + r->out.len));
	return true;
}

static bool put_base64_again(struct transcode *r, const char *in, size_t n, struct err *e)
{
	if (!buf_room(&r->out, n * QP_GROWTH + QP_SLACK, e))
		return false;
	made(r, b64_again(&r->b64, in, n, r->out.bytes + r->out.len));
	return true;
}

static bool put_kept(struct transcode *r, const char *in, size_t n, struct err *e)
{
	return buf_add(&r->out, in, n, e);
}

static bool put(struct transcode *r, enum cte cte, const char *in, size_t n, struct err *e)
{
	static bool (*const puts[])(struct transcode *r, const char *in, size_t n, struct err *e) = {
		[CTE_KEEP] = put_kept,		 [CTE_QP] = put_qp,
		[CTE_BASE64] = put_lines,	 [CTE_BASE64_EXACT] = put_exact,
		[CTE_QP_AGAIN] = put_qp_again,	 [CTE_BASE64_AGAIN] = put_base64_again,
		[CTE_TEXT] = put_qp,		 [CTE_TEXT_UTF8] = put_qp,
		[CTE_TEXT_UNKNOWN] = put_qp,	 [CTE_IS_7BIT] = put_kept,
		[CTE_IS_8BIT] = put_kept,
	};
	_Static_assert(COUNT(puts) == CTES, "every encoding has a row");

	return puts[cte](r, in, n, e);
}

/* ---- events ------------------------------------------------------------------------------------- */

static const struct mime_part *innermost(const struct transcode *r)
{
	return &r->mime.part[r->mime.depth - 1];
}

/* Text ends here for now.  `n` may be 0. */
static void reached(struct transcode *r, const char *in, size_t n, bool due)
{
	r->due = n > 0 ? due : r->due;
	r->cr = n > 0 ? in[n - 1] == '\r' : r->cr;
}

/* If there was no header, an empty line ends the new one. */
static bool put_header(struct transcode *r, const char *in, size_t n, struct err *e)
{
	struct ascii how = { .utf8 = downgrade_has(&r->ctes, innermost(r)->number, PART_UTF8) };
	struct buf ascii = buf_like(&r->out);
	bool ok = true;

	if (downgrade_has(&r->ctes, innermost(r)->number, PART_HEADER)) {
		ok = ascii_header(&how, &ascii, in, n, e);
		in = buf_text(&ascii);
		n = ascii.len;
	}
	ok = ok && transcode_header(&r->out, in, n, r->cte, e)
	  && (n > 0 || labels[r->cte].encoding == NULL || buf_char(&r->out, '\n', e));
	buf_free(&ascii);
	return ok;
}

/* A part begins.  The head of the message itself is not in the output: rendition.c sends it. */
static bool got_header(struct transcode *r, const char *in, size_t n, struct err *e)
{
	size_t number = innermost(r)->number;

	r->cte = downgrade_cte(&r->ctes, number);
	r->lf = n > 0 && !(n > 1 && in[n - 2] == '\r');
	r->last = '\0';
	r->qp = (struct qp){ 0 };
	r->b64 = (struct b64){ 0 };
	r->requote = (struct requote){ 0 };
	if (number == 0)
		return true;
	reached(r, in, n, n > 0 && in[n - 1] != '\n');
	return put_header(r, in, n, e);
}

static bool got_content(struct transcode *r, const char *in, size_t n, struct err *e)
{
	reached(r, in, n, true);
	return put(r, r->cte, in, n, e);
}

/* Encoded text has its own line end.  A binary part may end with a CR, which looks like a part of the line end after it: if
 * the part's header ends with LF alone, the CR belongs to the content. */
static bool got_line_end(struct transcode *r, const char *in, size_t n, struct err *e)
{
	r->due = false;
	if (r->cte == CTE_BASE64)
		return true;
	if (r->cte == CTE_BASE64_EXACT)
		return !r->lf || put_exact(r, in, n - 1, e);
	return put(r, r->cte, in, n, e);
}

static bool got_outside(struct transcode *r, const char *in, size_t n, struct err *e)
{
	size_t number = innermost(r)->number;

	reached(r, in, n, in[n - 1] != '\n');
	return put(r, downgrade_has(&r->ctes, number, PART_OUTSIDE) ? CTE_QP : downgrade_cte(&r->ctes, number), in, n, e);
}

static bool got_delimiter(struct transcode *r, const char *in, size_t n, struct err *e)
{
	reached(r, in, n, in[n - 1] != '\n');
	return put_kept(r, in, n, e);
}

static bool got_end(struct transcode *r, const char *in, size_t n, struct err *e)
{
	const struct mime_part *part = innermost(r);
	size_t before = r->out.len;

	(void)in, (void)n;
	if (!buf_room(&r->out, 3 * QP_SLACK, e))
		return false;
	made(r, qp_end(&r->qp, r->out.bytes + r->out.len));
	made(r, b64_end(&r->b64, r->out.bytes + r->out.len));
	made(r, requote_end(&r->requote, r->out.bytes + r->out.len));
	r->due = r->due && r->out.len == before;
	if (!downgrade_has(&r->ctes, part->number, PART_CLOSE))
		return true;
	if (!buf_printf(&r->out, e, "%s--%s--\r\n", !r->due ? "" : r->cr ? "\n" : "\r\n", part->boundary))
		return false;
	r->due = false;
	return true;
}

static bool got_event(void *to, enum mime_event what, const char *in, size_t n, struct err *e)
{
	static bool (*const got[])(struct transcode *r, const char *in, size_t n, struct err *e) = {
		[MIME_HEADER] = got_header,   [MIME_CONTENT] = got_content,	[MIME_LINE_END] = got_line_end,
		[MIME_END] = got_end,	      [MIME_DELIMITER] = got_delimiter, [MIME_OUTSIDE] = got_outside,
	};
	_Static_assert(COUNT(got) == MIME_EVENTS, "every event has a row");

	return got[what](to, in, n, e);
}

/* ---- from outside ------------------------------------------------------------------------------- */

struct transcode *transcode_new(struct buf *ctes, const struct buf *head, struct err *e)
{
	struct transcode *r = calloc(1, sizeof *r);

	if (r == NULL) {
		buf_free(ctes);
		fail_memory(e);
		return NULL;
	}
	r->ctes = *ctes;
	*ctes = buf_like(ctes);
	r->head = head;
	r->out = buf_max(ST_INPUT, 2 * ASCII_MAX, "a piece of the body");
	return r;
}

void transcode_rewind(struct transcode *r)
{
	if (r == NULL)
		return;
	mime_free(&r->mime);
	buf_clear(&r->out);
	r->taken = 0;
	r->begun = r->due = r->cr = false;
}

void transcode_free(struct transcode *r)
{
	if (r == NULL)
		return;
	mime_free(&r->mime);
	buf_free(&r->out);
	buf_free(&r->ctes);
	free(r);
}

static bool begin(struct transcode *r, struct err *e)
{
	r->begun = true;
	return mime_begin(&r->mime, buf_text(r->head), r->head->len, got_event, r, e);
}

bool transcode_feed(struct transcode *r, const char *in, size_t n, struct err *e)
{
	return (r->begun || begin(r, e)) && mime_feed(&r->mime, in, n, e);
}

bool transcode_end(struct transcode *r, struct err *e)
{
	return (r->begun || begin(r, e)) && mime_end(&r->mime, e);
}

size_t transcode_output(struct transcode *r, char *to, size_t room)
{
	size_t left = r->out.len - r->taken, n = left < room ? left : room;

	if (n > 0)
		memcpy(to, r->out.bytes + r->taken, n);
	r->taken += n;
	if (r->taken == r->out.len) {
		buf_clear(&r->out);
		r->taken = 0;
	}
	return n;
}
