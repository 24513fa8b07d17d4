#include "mail/recode.h"

#include <stdlib.h>

#include "base/str.h"
#include "mail/header.h"

const char *recode_why(const struct facts *f)
{
	return f->nul ? "the text has NUL bytes" : f->bare_cr ? "the text has carriage returns within lines"
							      : "the text has lines of more than 998 bytes";
}

/* ---- the head ----------------------------------------------------------------------------------- */

static bool has_field(const struct message *m, const char *name)
{
	struct field f;

	for (size_t at = 0; header_next(buf_text(&m->head), m->head.len, &at, &f);)
		if (header_is(&f, name))
			return true;
	return false;
}

/* A head has no encoding of its own that would carry these. */
static bool head_carries(const struct message *m, const char *why, struct err *e)
{
	struct facts head = { 0 };

	facts_feed(&head, buf_text(&m->head), m->head.len);
	facts_end(&head);
	if (!facts_unfit(&head))
		return true;
	return fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the header", why);
}

struct guess {
	bool     utf8, ascii;
	unsigned owed; /* octets that the character that has begun still wants */
};

/* Can this byte come next in UTF-8? */
static bool utf8_continues(unsigned char c, unsigned *owed)
{
	if ((c & 0xc0) == 0x80) {
		if (*owed == 0)
			return false;
		(*owed)--;
		return true;
	}
	if (*owed > 0 || c == 0xc0 || c == 0xc1 || c >= 0xf5)
		return false;
	*owed = (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0);
	return true;
}

static bool look(void *to, const char *p, size_t n, struct err *e)
{
	struct guess *g = to;

	(void)e;
	for (size_t i = 0; i < n; i++) {
		g->ascii = g->ascii && !str_is8bit(p[i]);
		g->utf8 = g->utf8 && utf8_continues((unsigned char)p[i], &g->owed);
	}
	return true;
}

/* An unlabelled body: its charset is what its bytes can be. */
static bool add_type(struct message *m, struct buf *head, struct err *e)
{
	struct guess g = { .utf8 = true, .ascii = true };

	return message_body(m, look, &g, e)
	    && buf_printf(head, e, "Content-Type: text/plain; charset=%s\n",
			  g.ascii ? "us-ascii" : g.utf8 && g.owed == 0 ? "utf-8" : "unknown-8bit");
}

static bool label(struct message *m, enum action action, struct err *e)
{
	struct buf out = buf_max(m->head.max, m->head.what);
	bool ok = rewrite_header(&out, buf_text(&m->head), m->head.len, action, e)
	       && (out.len == 0 || out.bytes[out.len - 1] == '\n' || buf_char(&out, '\n', e))
	       && (has_field(m, "MIME-Version") || buf_str(&out, "MIME-Version: 1.0\n", e))
	       && (has_field(m, "Content-Type") || add_type(m, &out, e));

	if (ok) {
		buf_free(&m->head);
		m->head = out;
	} else {
		buf_free(&out);
	}
	return ok;
}

/* ---- the body ----------------------------------------------------------------------------------- */

static bool feed(void *to, const char *p, size_t n, struct err *e)
{
	return plan_feed(to, p, n, e);
}

/* A plan is always of the body as it came, so that the second one replaces the first. */
bool message_recode(struct message *m, enum recode what, const char *why, struct err *e)
{
	struct plan *p = calloc(1, sizeof *p);
	struct rewrite *r = NULL;
	bool ok = p != NULL || fail_memory(e);

	ok = ok && head_carries(m, why, e)
	  && plan_begin(p, what == RECODE_8BIT, why, buf_text(&m->head), m->head.len, e)
	  && message_body(m, feed, p, e) && plan_end(p, e) && label(m, plan_action(&p->actions, 0), e)
	  && (r = rewrite_new(&p->actions, &m->head, e)) != NULL;
	if (p != NULL)
		plan_free(p);
	free(p);
	if (!ok)
		return false;
	rewrite_free(m->rewrite);
	m->rewrite = r;
	return message_count(m, e);
}
