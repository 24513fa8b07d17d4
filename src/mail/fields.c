#include "mail/fields.h"

#include <stdio.h>

static const struct field_kind kinds[] = { /* in alphabetical order */
	{ "Bcc", FIELD_ADDRESSES | FIELD_RECIPIENTS | FIELD_BLIND },
	{ "Cc", FIELD_ADDRESSES | FIELD_RECIPIENTS },
	{ "Date", 0 },
	{ "From", FIELD_ADDRESSES | FIELD_SENDERS },
	{ "Message-ID", 0 },
	{ "Reply-To", FIELD_ADDRESSES | FIELD_SENDERS },
	{ "Resent-Bcc", FIELD_ADDRESSES | FIELD_RECIPIENTS | FIELD_BLIND | FIELD_RESENT },
	{ "Resent-Cc", FIELD_ADDRESSES | FIELD_RECIPIENTS | FIELD_RESENT },
	{ "Resent-Date", FIELD_RESENT },
	{ "Resent-From", FIELD_ADDRESSES | FIELD_SENDERS | FIELD_RESENT },
	{ "Resent-Message-ID", FIELD_RESENT },
	{ "Resent-Reply-To", FIELD_ADDRESSES | FIELD_SENDERS | FIELD_RESENT },
	{ "Resent-Sender", FIELD_ADDRESSES | FIELD_SENDERS | FIELD_RESENT },
	{ "Resent-To", FIELD_ADDRESSES | FIELD_RECIPIENTS | FIELD_RESENT },
	{ "Return-Path", FIELD_TRACE },
	{ "Sender", FIELD_ADDRESSES | FIELD_SENDERS },
	{ "To", FIELD_ADDRESSES | FIELD_RECIPIENTS },
};
_Static_assert(COUNT(kinds) <= 32, "one bit of a uint32_t for each");

const struct field_kind *fields_kind(const struct field *f)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (header_is(f, kinds[i].name))
			return &kinds[i];
	return NULL;
}

uint32_t fields_bit(const char *name)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return 1U << i;
	return 0;
}

/* ---- replacing addresses ------------------------------------------------------------------------ */

struct rewriting {
	struct buf *to;
	const char *body;
	size_t      done; /* bytes of `body` that have been copied or replaced */
	fields_put  put;
	void       *ctx;
};

static bool rewrite_one(void *ctx, const struct mailbox *m, struct err *e)
{
	struct rewriting *r = ctx;

	if (!buf_add(r->to, r->body + r->done, m->at - r->done, e) || !r->put(r->ctx, r->to, m, r->body + m->at, e))
		return false;
	r->done = m->at + m->len;
	return true;
}

bool fields_rewrite(struct buf *to, const struct field *f, fields_put put, void *ctx, bool *parsed, struct err *e)
{
	struct rewriting r = { .to = to, .body = f->body, .put = put, .ctx = ctx };
	size_t before = to->len;
	struct err unread;

	*parsed = mailbox_list(f->body, f->body_len, MAILBOX_NULL, rewrite_one, &r, &unread);
	if (!*parsed) {
		to->len = before;
		r.done = 0;
	}
	return buf_add(to, f->body + r.done, f->body_len - r.done, e);
}

/* ---- reading addresses -------------------------------------------------------------------------- */

static bool add_address(void *ctx, const struct mailbox *m, struct err *e)
{
	struct first_address *first = ctx;

	(void)e;
	first->grouped = first->grouped || m->grouped;
	if (first->n++ == 0)
		snprintf(first->addr, sizeof first->addr, "%s", m->addr);
	return true;
}

bool fields_first(const struct field *f, struct first_address *first, struct err *e)
{
	return mailbox_list(f->body, f->body_len, MAILBOX_NULL, add_address, first, e);
}

bool fields_from(const struct buf *head, char *to, size_t room, struct err *e)
{
	struct first_address first = { .n = 0 };
	struct field f;

	for (size_t at = 0; header_next(buf_text(head), head->len, &at, &f);)
		if (header_is(&f, "From") && fields_first(&f, &first, e) && first.n > 0)
			break;
	if (first.n == 0 || strlen(first.addr) >= room)
		return false;
	snprintf(to, room, "%s", first.addr);
	return true;
}
