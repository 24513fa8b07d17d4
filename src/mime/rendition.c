#include "mime/rendition.h"

#include <stdlib.h>

#include "base/str.h"
#include "mail/header.h"
#include "mime/charset.h"

static const struct buf *head_of(const struct rendition *r)
{
	return r->head.bytes != NULL ? &r->head : &r->m->head;
}

/* ---- reading ------------------------------------------------------------------------------------- */

struct coding { /* for code(): the transcoder of a body, and the receiver of its output */
	struct transcode *t;
	message_sink      sink;
	void             *to;
};

static bool hand_on(const struct coding *c, struct err *e)
{
	char piece[TRANSCODE_PIECE];
	size_t n;

	while ((n = transcode_output(c->t, piece, sizeof piece)) > 0)
		if (!c->sink(c->to, piece, n, e))
			return false;
	return true;
}

static bool code(void *ctx, const char *p, size_t n, struct err *e)
{
	const struct coding *c = ctx;

	for (size_t piece; n > 0; p += piece, n -= piece) {
		piece = n < TRANSCODE_PIECE ? n : TRANSCODE_PIECE;
		if (!transcode_feed(c->t, p, piece, e) || !hand_on(c, e))
			return false;
	}
	return true;
}

bool rendition_put(const struct rendition *r, message_sink sink, void *to, struct err *e)
{
	struct coding c = { r->body, sink, to };

	if (!message_put_head(head_of(r), sink, to, e))
		return false;
	if (r->body == NULL)
		return message_put_body(r->m, sink, to, e);
	transcode_rewind(r->body);
	return message_put_body(r->m, code, &c, e) && transcode_end(r->body, e) && hand_on(&c, e);
}

static bool count_piece(void *to, const char *p, size_t n, struct err *e)
{
	(void)e;
	survey_feed(to, p, n);
	return true;
}

static bool count(struct rendition *r, struct err *e)
{
	struct facts f = { 0 };
	bool ok;

	ok = rendition_put(r, count_piece, &f, e);
	survey_end(&f);
	f.utf8_head = r->m->facts.utf8_head;
	r->facts = f;
	return ok;
}

/* ---- the head ----------------------------------------------------------------------------------- */

static void set_head(struct rendition *r, const struct buf *head)
{
	buf_free(&r->head);
	r->head = *head;
}

static bool has_field(const struct buf *head, const char *name)
{
	struct field f;

	for (size_t at = 0; header_next(buf_text(head), head->len, &at, &f);)
		if (header_is(&f, name))
			return true;
	return false;
}

/* Is the head fit to be sent?  A head cannot be encoded. */
static bool head_carries(const struct buf *head, const char *why, struct err *e)
{
	struct facts f = { 0 };

	survey_feed(&f, buf_text(head), head->len);
	survey_end(&f);
	if (!facts_unfit(&f))
		return true;
	return fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the header", why);
}

static bool look(void *to, const char *p, size_t n, struct err *e)
{
	(void)e;
	charset_feed(to, p, n);
	return true;
}

/* Labels a body without a Content-Type; the charset is one in which its bytes are valid. */
static bool add_type(const struct message *m, struct buf *head, struct err *e)
{
	struct charset_guess g = { .owed = 0 };

	return message_put_body(m, look, &g, e)
	    && buf_printf(head, e, "Content-Type: text/plain; charset=%s\n", charset_name(charset_of(&g)));
}

/* Sets the head's MIME fields for a body with this encoding. */
static bool label(struct rendition *r, enum cte cte, struct err *e)
{
	const struct buf *head = head_of(r);
	struct buf out = buf_like(head);
	bool ok = transcode_header(&out, buf_text(head), head->len, cte, e)
	       && (out.len == 0 || out.bytes[out.len - 1] == '\n' || buf_char(&out, '\n', e))
	       && (has_field(head, "MIME-Version") || buf_str(&out, "MIME-Version: 1.0\n", e))
	       && (has_field(head, "Content-Type") || add_type(r->m, &out, e));

	if (ok)
		set_head(r, &out);
	else
		buf_free(&out);
	return ok;
}

/* Does the head need a look?  A line that is too long may be one of the body. */
static bool is_plain(const struct message *m)
{
	return m->facts.longest <= SURVEY_LINE_MAX && !str_has_8bit(buf_text(&m->head), m->head.len);
}

static bool encode_head(struct rendition *r, const char *no_utf8, struct err *e)
{
	const struct buf *head = &r->m->head;
	struct buf out = buf_max(ST_INPUT, ASCII_MAX, head->what);

	r->ascii = (struct ascii){ .utf8 = no_utf8 == NULL };
	if (is_plain(r->m))
		return true;
	if (!ascii_header(&r->ascii, &out, buf_text(head), head->len, e)) {
		buf_free(&out);
		return false;
	}
	if (r->ascii.changed[0] == '\0')
		buf_free(&out);
	else
		set_head(r, &out);
	if (r->ascii.stuck[0] == '\0')
		return r->ascii.changed[0] == '\0' || count(r, e);
	if (no_utf8 == NULL)
		return fail(e, ST_INPUT, FATE_PERM, "the header field %s is neither ASCII nor UTF-8, and cannot be encoded",
			    r->ascii.stuck);
	fail(e, ST_INPUT, FATE_PERM, "the header field %s is not ASCII and needs SMTPUTF8, and %s", r->ascii.stuck, no_utf8);
	return err_hint(e, "write the addresses and identifiers in this field in ASCII");
}

/* ---- the body ----------------------------------------------------------------------------------- */

static bool feed(void *to, const char *p, size_t n, struct err *e)
{
	return downgrade_feed(to, p, n, e);
}

/* If the parts need a change: makes the transcoder, and sets the head's fields. */
static bool carry_out(struct rendition *r, struct downgrade *d, struct err *e)
{
	struct transcode *made = NULL;

	if (!d->any)
		return true;
	if (!label(r, downgrade_cte(&d->ctes, 0), e) || (made = transcode_new(&d->ctes, &r->head, e)) == NULL)
		return false;
	transcode_free(r->body);
	r->body = made;
	return count(r, e);
}

/* The decision is always made for the original body, so a second downgrade replaces the first. */
static bool downgrade(struct rendition *r, unsigned how, const char *why, struct err *e)
{
	const struct buf *head = head_of(r);
	struct downgrade *d = calloc(1, sizeof *d);
	bool ok;

	if (d == NULL)
		return fail_memory(e);
	ok = head_carries(head, why, e) && downgrade_begin(d, how, why, buf_text(head), head->len, e)
	  && message_put_body(r->m, feed, d, e) && downgrade_end(d, e) && carry_out(r, d, e);
	downgrade_free(d);
	free(d);
	return ok;
}

static const char *why_changed(const struct facts *f)
{
	return f->nul ? "the text has NUL bytes" : f->bare_cr ? "the text has carriage returns within lines"
	     : f->longest > SURVEY_LINE_MAX ? "the text has lines of more than 998 bytes" : "the header of a part is not ASCII";
}

/* Only the headers of parts need a look at a body that may be sent as it is. */
static bool has_parts(const struct rendition *r)
{
	const struct buf *head = head_of(r);
	char type[128];
	struct field f;

	for (size_t at = 0; header_next(buf_text(head), head->len, &at, &f);)
		if (header_is(&f, "Content-Type") && header_token(f.body, f.body_len, type, sizeof type)
		    && (str_starts(type, "multipart/") || str_starts(type, "message/")))
			return true;
	return false;
}

bool rendition_begin(struct rendition *r, const struct message *m, const char *no_utf8, struct err *e)
{
	rendition_free(r);
	r->m = m;
	r->facts = m->facts;
	if (!encode_head(r, no_utf8, e))
		return false;
	if (!facts_unfit(&r->facts) && !(r->facts.eight_bit && has_parts(r)))
		return true;
	return downgrade(r, r->ascii.utf8 ? DOWNGRADE_UTF8 : 0, why_changed(&r->facts), e);
}

/* UTF-8 in a part's header does not stay: that is 8-bit text. */
bool rendition_7bit(struct rendition *r, struct err *e)
{
	return downgrade(r, DOWNGRADE_7BIT, "the server does not take 8-bit text", e);
}

void rendition_free(struct rendition *r)
{
	buf_free(&r->head);
	transcode_free(r->body);
	*r = (struct rendition){ .m = NULL };
}
