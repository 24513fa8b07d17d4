#include "mail/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/identity.h"
#include "base/printable.h"
#include "mail/mailbox.h"
#include "mail/sendermap.h"

/* What is done with a field; the table below is in alphabetical order. */
enum role {
	ADDRESSES = 1 << 0,  /* unqualified names in it are qualified */
	RECIPIENTS = 1 << 1, /* -t takes recipients from it */
	DROPPED = 1 << 2,    /* always dropped */
	BLIND = 1 << 3,      /* dropped unless remove_bcc_headers is off */
	RESENT = 1 << 4,     /* belongs to a Resent- block, RFC 5322 3.6.6 */
	SENDERS = 1 << 5,    /* holds senders: sender_map applies */
};

static const struct role_of {
	const char *name;
	unsigned    role;
} fields[] = {
	{ "Bcc", ADDRESSES | RECIPIENTS | BLIND },
	{ "Cc", ADDRESSES | RECIPIENTS },
	{ "Date", 0 },
	{ "From", ADDRESSES | SENDERS },
	{ "Message-ID", 0 },
	{ "Reply-To", ADDRESSES | SENDERS },
	{ "Resent-Bcc", ADDRESSES | RECIPIENTS | BLIND | RESENT },
	{ "Resent-Cc", ADDRESSES | RECIPIENTS | RESENT },
	{ "Resent-Date", RESENT },
	{ "Resent-From", ADDRESSES | SENDERS | RESENT },
	{ "Resent-Message-ID", RESENT },
	{ "Resent-Reply-To", ADDRESSES | SENDERS | RESENT },
	{ "Resent-Sender", ADDRESSES | SENDERS | RESENT },
	{ "Resent-To", ADDRESSES | RECIPIENTS | RESENT },
	{ "Return-Path", DROPPED },
	{ "Sender", ADDRESSES | SENDERS },
	{ "To", ADDRESSES | RECIPIENTS },
};
_Static_assert(COUNT(fields) <= 32, "one bit of a uint32_t for each");

struct fixing {
	struct message              *m;
	const struct message_params *p;
	struct expander             *expander;
	struct envelope             *v;
	bool                         resent;      /* the head has a Resent- block */
	uint32_t                     seen;        /* fields[] that were in the head, or in its newest block */
	size_t                       block_end;   /* offset in the head where the newest block ends */
	bool                         replaced;    /* a From has been changed to the envelope sender */
	struct buf                   out;
};

static const struct role_of *role_of(const struct field *f)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (header_is(f, fields[i].name))
			return &fields[i];
	return NULL;
}

bool cleanup_has_addresses(const struct field *f)
{
	const struct role_of *r = role_of(f);

	return r != NULL && (r->role & ADDRESSES) != 0;
}

static uint32_t bit(const char *name)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return 1U << i;
	return 0;
}

static bool end_line(struct fixing *x, struct err *e)
{
	return x->out.len == 0 || x->out.bytes[x->out.len - 1] == '\n' || buf_char(&x->out, '\n', e);
}

/* ---- addresses ---------------------------------------------------------------------------------- */

struct rewriting { /* the state while the addresses of a field are copied */
	struct buf           *out;
	const char           *text;
	const struct machine *machine; /* has the domain for unqualified names */
	const struct strlist *senders; /* sender_map; NULL: it does not apply */
	const char           *instead; /* replaces every address; NULL: none */
	size_t                done;    /* bytes of `text` that have been copied or replaced */
	size_t                qualified, replaced;
};

static const char *replacement(const struct rewriting *r, const char *addr)
{
	const char *other = r->instead != NULL ? r->instead
			  : r->senders != NULL ? sendermap_find(r->senders, r->machine, addr) : NULL;
	char whole[ADDRESS_MAX];
	struct err too_long;

	if (other == NULL || (address_qualify(addr, r->machine->domain, whole, &too_long) && address_same(other, whole)))
		return NULL;
	return other;
}

static bool rewrite_one(void *ctx, const struct mailbox *m, struct err *e)
{
	struct rewriting *r = ctx;
	const char *other = replacement(r, m->addr);
	const char *domain = r->machine->domain;
	bool bare = m->addr[0] != '\0' && address_domain(m->addr) == NULL && domain != NULL && domain[0] != '\0';

	if (other == NULL && !bare)
		return true;
	if (other != NULL)
		r->replaced++;
	else
		r->qualified++;
	if (!buf_add(r->out, r->text + r->done, m->at + (other == NULL ? m->len : 0) - r->done, e)
	    || !(other != NULL ? buf_str(r->out, other, e) : buf_printf(r->out, e, "@%s", domain)))
		return false;
	r->done = m->at + m->len;
	return true;
}

/* Appends the field's body.  A body that cannot be parsed, or needs no change, is copied as it is. */
static bool rewrite(struct rewriting *r, const struct field *f, bool *changed, struct err *e)
{
	size_t before = r->out->len;
	struct err unread;

	*changed = mailbox_list(f->body, f->body_len, true, rewrite_one, r, &unread) && r->qualified + r->replaced > 0;
	if (!*changed) {
		r->out->len = before;
		r->done = 0;
	}
	return buf_add(r->out, f->body + r->done, f->body_len - r->done, e) && header_loosen(r->out, before, e);
}

/* Copies the field under this name, with unqualified addresses qualified; a body that cannot be parsed stays as it is. */
static bool copy_qualified(struct fixing *x, const char *name, size_t name_len, const struct field *f, struct err *e)
{
	struct rewriting r = { .out = &x->out, .text = f->body, .machine = &x->expander->machine };
	bool changed;

	return buf_add(&x->out, name, name_len, e) && rewrite(&r, f, &changed, e);
}

/* Keeps the From that we replace. */
static bool put_original(struct fixing *x, const struct field *f, struct err *e)
{
	static const char name[] = "X-Original-From:";

	return end_line(x, e) && copy_qualified(x, name, strlen(name), f, e);
}

/* Copies the field with unqualified addresses qualified; senders are replaced by `instead`, or if that is NULL, by sender_map. */
static bool copy_addresses(struct fixing *x, const struct field *f, const struct role_of *role, const char *instead,
			   struct err *e)
{
	bool sender = (role->role & SENDERS) != 0, changed;
	struct rewriting r = { .out = &x->out, .text = f->body, .machine = &x->expander->machine,
			       .senders = sender ? &x->p->sender_map : NULL, .instead = instead };

	return buf_add(&x->out, f->raw, (size_t)(f->body - f->raw), e) && rewrite(&r, f, &changed, e)
	    && (!changed || r.replaced == 0 || strcmp(role->name, "From") != 0 || put_original(x, f, e));
}

/* ---- recipients --------------------------------------------------------------------------------- */

static bool is_recipient_field(const struct fixing *x, const struct field *f, const struct role_of *r)
{
	if (r == NULL || (r->role & RECIPIENTS) == 0)
		return false;
	if (!x->resent)
		return (r->role & RESENT) == 0;
	/* only fields of the newest block, which is the first one */
	return (r->role & RESENT) != 0 && (size_t)(f->raw - x->m->head.bytes) < x->block_end;
}

/* The newest Resent- block is the first run of Resent- fields.  If a field comes a second time, an older block begins there. */
static void find_block(struct fixing *x)
{
	struct field f;
	uint32_t seen = 0;

	for (size_t at = 0; header_next(buf_text(&x->m->head), x->m->head.len, &at, &f);) {
		const struct role_of *r = role_of(&f);
		uint32_t b = r == NULL ? 0 : bit(r->name);
		bool resent = r != NULL && (r->role & RESENT) != 0;

		if ((x->resent && !resent) || (resent && (seen & b) != 0))
			break;
		if (resent) {
			x->resent = true;
			seen |= b;
			x->block_end = at;
		}
	}
}

static bool take_recipients(struct fixing *x, struct err *e)
{
	struct field f;

	for (size_t at = 0; header_next(buf_text(&x->m->head), x->m->head.len, &at, &f);)
		if (is_recipient_field(x, &f, role_of(&f))
		    && !expand_list(x->expander, x->v, f.body, f.body_len, e))
			return err_hint(e, "with -t the recipients are taken from the header: this one is in %.*s",
					(int)f.name_len, f.name);
	return true;
}

static bool add_always(struct fixing *x, struct err *e)
{
	for (size_t i = 0; i < x->p->always_bcc.n; i++)
		if (!expand_list(x->expander, x->v, x->p->always_bcc.items[i], strlen(x->p->always_bcc.items[i]), e))
			return false;
	return true;
}

/* ---- fields that we write ----------------------------------------------------------------------- */

static void sender_address(const struct fixing *x, char *to, size_t room)
{
	if (x->v->sender != NULL && x->v->sender[0] != '\0')
		snprintf(to, room, "%s", x->v->sender);
	else
		snprintf(to, room, "MAILER-DAEMON%s%s", x->p->qualify_domain == NULL ? "" : "@",
			 x->p->qualify_domain == NULL ? "" : x->p->qualify_domain);
}

static bool put_from(struct fixing *x, const char *prefix, struct err *e)
{
	const char *name = x->p->from_full_name;
	char addr[ADDRESS_MAX];

	sender_address(x, addr, sizeof addr);
	if (!buf_printf(&x->out, e, "%sFrom: ", prefix))
		return false;
	if (name == NULL || name[0] == '\0')
		return buf_printf(&x->out, e, "%s\n", addr);
	return header_phrase(&x->out, name, strlen(prefix) + 6, e) && buf_printf(&x->out, e, " <%s>\n", addr);
}

struct first { /* the first address of a field, and how many there are */
	char   addr[ADDRESS_MAX];
	bool   grouped;
	size_t n;
};

static bool keep_first(void *ctx, const struct mailbox *m, struct err *e)
{
	struct first *first = ctx;

	(void)e;
	first->grouped = first->grouped || m->grouped;
	if (first->n++ == 0)
		snprintf(first->addr, sizeof first->addr, "%s", m->addr);
	return true;
}

/* `set_from_header on`: the envelope sender replaces the address; name and comments stay.  If the field cannot be parsed, has
 * several addresses, or a group (RFC 6854, which few servers accept), we write a new one.  Of several fields one From is left. */
static bool replace_from(struct fixing *x, const struct field *f, const struct role_of *role, struct err *e)
{
	struct first first = { .n = 0 };
	struct err unread;
	char addr[ADDRESS_MAX];

	if (x->v->sender == NULL || x->v->sender[0] == '\0')
		return copy_addresses(x, f, role, NULL, e);
	if (x->replaced)
		return put_original(x, f, e);
	x->replaced = true;
	if (!mailbox_list(f->body, f->body_len, true, keep_first, &first, &unread) || first.n != 1 || first.grouped)
		return put_from(x, "", e) && put_original(x, f, e);
	sender_address(x, addr, sizeof addr);
	return copy_addresses(x, f, role, addr, e);
}

static bool put_date(struct fixing *x, const char *prefix, struct err *e)
{
	return buf_printf(&x->out, e, "%sDate: ", prefix) && header_date(&x->out, time(NULL), e)
	    && buf_char(&x->out, '\n', e);
}

/* The date and 96 random bits: unique, and without the name of the user or the number of the process. */
static bool put_message_id(struct fixing *x, const char *prefix, struct err *e)
{
	char sender[ADDRESS_MAX], stamp[32], fallback[HOST_MAX];
	const char *domain;
	uint32_t random[3] = { 0 };
	time_t now = time(NULL);
	struct tm tm;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return fail(e, ST_INTERNAL, FATE_TEMP, "there are no random numbers");
	sender_address(x, sender, sizeof sender);
	domain = address_domain(sender);
	if (domain == NULL || !identity_is_domain(domain)) {
		identity_mail_domain(fallback);
		domain = fallback;
	}
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &tm);
	snprintf(x->m->id, sizeof x->m->id, "<%s.%08x%08x%08x@%.180s>", stamp, random[0], random[1], random[2],
		 domain);
	return buf_printf(&x->out, e, "%sMessage-ID: %s\n", prefix, x->m->id);
}

static const char *named(const struct rcpt *r)
{
	return r->original != NULL ? r->original : r->address;
}

/* Shows the recipients that the caller named: recipients must not see the addresses to which an alias expands. */
static bool put_to(struct fixing *x, const char *prefix, struct err *e)
{
	const char *last = NULL;

	if (x->p->set_to_header == SET_TO_UNDISCLOSED)
		return buf_printf(&x->out, e, "%sTo: undisclosed-recipients:;\n", prefix);
	for (size_t i = 0; i < x->v->n; i++) {
		const char *name = named(&x->v->rcpts[i]);

		if (last != NULL && address_same(last, name))
			continue;
		if (!buf_printf(&x->out, e, "%s%s%s", last == NULL ? prefix : "", last == NULL ? "To: " : ",\n\t", name))
			return false;
		last = name;
	}
	return last == NULL || buf_char(&x->out, '\n', e);
}

static bool has(const struct fixing *x, const char *plain, const char *resent)
{
	return (x->seen & bit(x->resent ? resent : plain)) != 0;
}

static bool has_recipient(const struct fixing *x)
{
	if (x->p->set_to_header == SET_TO_UNDISCLOSED)
		return false; /* the fields of the head are dropped */
	return has(x, "To", "Resent-To") || has(x, "Cc", "Resent-Cc") || has(x, "Bcc", "Resent-Bcc");
}

/* Adds the missing fields; if there is a Resent- block, those that the newest one lacks. */
static bool add_missing(struct fixing *x, struct err *e)
{
	const char *prefix = x->resent ? "Resent-" : "";

	return (has(x, "Date", "Resent-Date") || !x->p->set_date_header || put_date(x, prefix, e))
	    && (has(x, "From", "Resent-From") || x->p->set_from_header == SET_FROM_OFF || put_from(x, prefix, e))
	    && (has(x, "Message-ID", "Resent-Message-ID") || !x->p->set_msgid_header
		|| put_message_id(x, prefix, e))
	    && (has_recipient(x) || x->p->set_to_header == SET_TO_OFF || put_to(x, prefix, e));
}

/* ---- the walk ----------------------------------------------------------------------------------- */

static void note_id(struct fixing *x, const struct field *f)
{
	char body[2 * sizeof x->m->id];
	const char *id;

	snprintf(body, sizeof body, "%.*s", (int)(f->body_len < sizeof body ? f->body_len : sizeof body - 1), f->body);
	id = body + strspn(body, " \t\r\n");
	printable(x->m->id, sizeof x->m->id, id, strcspn(id, " \t\r\n"), false);
}

static bool dropped(const struct fixing *x, const struct field *f, const struct role_of *r)
{
	if ((r->role & DROPPED) != 0 || ((r->role & BLIND) != 0 && x->p->remove_bcc_headers))
		return true;
	return x->p->set_to_header == SET_TO_UNDISCLOSED && is_recipient_field(x, f, r);
}

/* Scripts write an empty From if a variable is not set.  Servers refuse it, so it counts as missing. */
static bool is_empty_from(const struct fixing *x, const struct field *f, const struct role_of *r)
{
	if (r == NULL || strcmp(r->name, x->resent ? "Resent-From" : "From") != 0
	    || x->p->set_from_header == SET_FROM_OFF)
		return false;
	for (size_t i = 0; i < f->body_len; i++)
		if (!str_isblank(f->body[i]) && f->body[i] != '\r' && f->body[i] != '\n')
			return false;
	return true;
}

static bool copy_field(struct fixing *x, const struct field *f, const struct role_of *r, struct err *e)
{
	if (r == NULL)
		return buf_add(&x->out, f->raw, f->raw_len, e);
	if (strcmp(r->name, "Message-ID") == 0)
		note_id(x, f);
	if (strcmp(r->name, "From") == 0 && x->p->set_from_header == SET_FROM_ON)
		return replace_from(x, f, r, e);
	if ((r->role & ADDRESSES) != 0)
		return copy_addresses(x, f, r, NULL, e);
	return buf_add(&x->out, f->raw, f->raw_len, e);
}

static bool copy_head(struct fixing *x, struct err *e)
{
	const char *head = buf_text(&x->m->head);
	struct field f;
	size_t at = 0;

	while (header_next(head, x->m->head.len, &at, &f)) {
		const struct role_of *r = role_of(&f);

		if (is_empty_from(x, &f, r))
			continue;
		if (r != NULL && (!x->resent || (size_t)(f.raw - head) < x->block_end))
			x->seen |= bit(r->name);
		if (r != NULL && dropped(x, &f, r))
			continue;
		if (!end_line(x, e) || !copy_field(x, &f, r, e))
			return false;
	}
	/* message_take() leaves only fields in the head; without this check, a line that is none would be lost silently */
	return at == x->m->head.len || fail(e, ST_INTERNAL, FATE_PERM, "a line of the header is no field");
}

/* New fields of a Resent- block go before the head (RFC 5322 3.6.6), other new fields after it. */
static bool place_added(struct fixing *x, size_t copied, struct err *e)
{
	struct buf *head = &x->m->head;

	buf_clear(head);
	if (!x->resent)
		return header_fold(head, buf_text(&x->out), x->out.len, e);
	return header_fold(head, x->out.bytes + copied, x->out.len - copied, e)
	    && header_fold(head, x->out.bytes, copied, e);
}

static bool fix_head(struct fixing *x, struct err *e)
{
	size_t copied, len;

	if (!copy_head(x, e))
		return false;
	copied = x->out.len;
	len = copied;
	if (!end_line(x, e))
		return false;
	copied = x->out.len;
	if (!add_missing(x, e))
		return false;
	if (x->out.len == copied) /* if no field was added, no line end is added either */
		x->out.len = len;
	return place_added(x, copied < x->out.len ? copied : x->out.len, e);
}

bool cleanup_message(struct message *m, const struct message_params *p, struct expander *expander, bool take,
		     struct envelope *v, struct err *e)
{
	struct fixing x = { .m = m, .p = p, .expander = expander, .v = v };
	bool ok;

	x.out = buf_max(ST_INPUT, 2 * MESSAGE_HEAD_MAX, m->head.what);
	m->head.max = 2 * MESSAGE_HEAD_MAX; /* qualified addresses and a To that we add may make it longer */
	find_block(&x);
	/* always_bcc comes last, so that a To that we add does not show it */
	ok = (!take || take_recipients(&x, e)) && fix_head(&x, e) && add_always(&x, e) && message_count(m, e);
	buf_free(&x.out);
	return ok;
}

bool message_from(const struct message *m, char *to, size_t room)
{
	struct first first = { .n = 0 };
	struct field f;
	struct err unread;

	for (size_t at = 0; header_next(buf_text(&m->head), m->head.len, &at, &f);)
		if (header_is(&f, "From") && mailbox_list(f.body, f.body_len, true, keep_first, &first, &unread)
		    && first.n > 0)
			break;
	if (first.n == 0 || strlen(first.addr) >= room)
		return false;
	snprintf(to, room, "%s", first.addr);
	return true;
}
