#include "mail/alabel.h"

#include "mail/mailbox.h"
#include "mail/cleanup.h"
#include "mail/header.h"
#include "mail/idn.h"

struct converting { /* the state while the addresses of a field are copied */
	struct buf *out;
	const char *text;
	size_t      done; /* bytes of `text` that have been copied or replaced */
};

static bool convert_one(void *ctx, const struct mailbox *m, struct err *e)
{
	struct converting *c = ctx;
	char ascii[ADDRESS_MAX];
	struct err unfit;

	if (address_is_ascii(m->addr) || !idn_address_to_ascii(m->addr, ascii, sizeof ascii, &unfit))
		return true;
	if (!buf_add(c->out, c->text + c->done, m->at - c->done, e) || !buf_str(c->out, ascii, e))
		return false;
	c->done = m->at + m->len;
	return true;
}

static bool convert_field(struct buf *out, const struct field *f, struct err *e)
{
	struct converting c = { .out = out, .text = f->body };
	struct err unread;
	size_t before;

	if (!buf_add(out, f->raw, (size_t)(f->body - f->raw), e))
		return false;
	before = out->len;
	if (!mailbox_list(f->body, f->body_len, true, convert_one, &c, &unread)) {
		out->len = before;
		c.done = 0;
	}
	return buf_add(out, f->body + c.done, f->body_len - c.done, e);
}

static bool convert_head(struct buf *out, const struct buf *head, struct err *e)
{
	struct field f;
	size_t at = 0;

	while (header_next(buf_text(head), head->len, &at, &f))
		if (!(cleanup_has_addresses(&f) ? convert_field(out, &f, e) : buf_add(out, f.raw, f.raw_len, e)))
			return false;
	return at == head->len || buf_add(out, head->bytes + at, head->len - at, e);
}

bool alabel_head(struct buf *to, const struct buf *head, struct err *e)
{
	struct buf out = buf_like(head);
	bool ok = convert_head(&out, head, e) && header_fold(to, buf_text(&out), out.len, e);

	buf_free(&out);
	return ok;
}
