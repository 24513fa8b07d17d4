#include "mail/cleanup.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/printable.h"
#include "mail/fields.h"
#include "mail/header.h"
#include "mail/mend.h"
#include "mail/sendermap.h"
#include "mail/words.h"

struct cleaning {
	struct message              *m;
	const struct message_params *p;
	const struct stamp          *stamp;
	struct expander             *expander;
	struct envelope             *v;
	bool                         resent;      /* the head has a Resent- block */
	uint32_t                     seen;        /* fields_bit() of the fields in the head, or in its newest block */
	size_t                       block_end;   /* offset in the head where the newest block ends */
	bool                         to_resent;   /* the newest block has fields with recipients */
	bool                         to_plain;    /* it has none, and -t takes the recipients of the fields without Resent- */
	bool                         replaced;    /* a From has been changed to the envelope sender */
	struct buf                   out;
};

static bool end_line(struct cleaning *x, struct err *e)
{
	return x->out.len == 0 || x->out.bytes[x->out.len - 1] == '\n' || buf_char(&x->out, '\n', e);
}

/* ---- addresses ---------------------------------------------------------------------------------- */

struct rewriting { /* the addresses of one field */
	const struct machine *machine; /* has the domain for unqualified names */
	const struct strlist *senders; /* sender_map; NULL: it does not apply */
	const char           *instead; /* replaces every address; NULL: none */
	bool                  replaced;
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

static bool put_address(void *ctx, struct buf *to, const struct mailbox *m, const char *written, struct err *e)
{
	struct rewriting *r = ctx;
	const char *other = replacement(r, m->addr), *domain = r->machine->domain;
	bool bare = m->addr[0] != '\0' && address_domain(m->addr) == NULL && domain != NULL && domain[0] != '\0';

	r->replaced = r->replaced || other != NULL;
	if (other != NULL)
		return buf_str(to, other, e);
	return buf_add(to, written, m->len, e) && (!bare || buf_printf(to, e, "@%s", domain));
}

static bool rewrite(struct cleaning *x, struct rewriting *r, const struct field *f, struct err *e)
{
	bool parsed, ok = fields_rewrite(&x->out, f, put_address, r, &parsed, e);

	r->replaced = r->replaced && parsed;
	return ok;
}

/* Keeps the From that we replace. */
static bool put_original(struct cleaning *x, const struct field *f, struct err *e)
{
	struct rewriting r = { .machine = &x->expander->machine };

	return end_line(x, e) && buf_str(&x->out, "X-Original-From:", e) && rewrite(x, &r, f, e);
}

/* Copies the field with unqualified addresses qualified; senders are replaced by `instead`, or if that is NULL, by sender_map. */
static bool copy_addresses(struct cleaning *x, const struct field *f, const struct field_kind *k, const char *instead,
			   struct err *e)
{
	struct rewriting r = { .machine = &x->expander->machine, .instead = instead,
			       .senders = field_is(k, FIELD_SENDERS) ? &x->p->sender_map : NULL };

	return buf_add(&x->out, f->raw, (size_t)(f->body - f->raw), e) && rewrite(x, &r, f, e)
	    && (!r.replaced || strcmp(k->name, "From") != 0 || put_original(x, f, e));
}

/* ---- recipients --------------------------------------------------------------------------------- */

/* `resent`: a field of the newest Resent- block, which is the first one; else a plain one. */
static bool is_recipient_field(const struct cleaning *x, const struct field *f, const struct field_kind *k, bool resent)
{
	return field_is(k, FIELD_RECIPIENTS) && field_is(k, FIELD_RESENT) == resent
	    && (!resent || (size_t)(f->raw - x->m->head.bytes) < x->block_end);
}

struct run { /* of Resent- fields */
	uint32_t kinds;
	size_t   end;     /* offset in the head */
	bool     repeats; /* the field behind it is a Resent- field as well, of a kind that the run has */
};

/* Finds the next run from offset *at on, and moves that behind it.  Behind the first one a Received field ends the search: such a
 * field comes on top when the message travels on (RFC 5321 4.4), so what follows it is older. */
static bool next_run(const struct cleaning *x, size_t *at, struct run *run)
{
	size_t end = *at;
	struct field f;

	*run = (struct run){ .end = *at };
	while (!run->repeats && header_next(buf_text(&x->m->head), x->m->head.len, &end, &f)) {
		const struct field_kind *k = fields_kind(&f);

		if (!field_is(k, FIELD_RESENT)) {
			if (run->kinds != 0 || (x->resent && header_is(&f, "Received")))
				break;
			continue;
		}
		run->repeats = (run->kinds & fields_bit(k->name)) != 0;
		run->kinds |= fields_bit(k->name);
		run->end = run->repeats ? run->end : end;
	}
	*at = run->end;
	return run->kinds != 0;
}

/* The newest Resent- block begins with the first run of Resent- fields.  Mailing lists put other fields between: so the runs that
 * follow belong to it as well, if none of their fields comes a second time (RFC 5322 3.6) and one of them all is a Resent-Date.
 * Without a Resent-Date, the first run is a new block on top. */
static void find_block(struct cleaning *x)
{
	size_t at = 0, first_end = 0;
	uint32_t seen = 0;
	struct run run = { .repeats = false };

	while (!run.repeats && next_run(x, &at, &run) && (run.kinds & seen) == 0) {
		seen |= run.kinds;
		first_end = x->resent ? first_end : run.end;
		x->resent = true;
		x->block_end = run.end;
	}
	if ((seen & fields_bit("Resent-Date")) == 0)
		x->block_end = first_end;
}

/* Which fields have recipients?  Those of the Resent- block; without any there, the plain ones. */
static void find_recipients(struct cleaning *x)
{
	struct field f;

	for (size_t at = 0; header_next(buf_text(&x->m->head), x->m->head.len, &at, &f);)
		x->to_resent = x->to_resent || is_recipient_field(x, &f, fields_kind(&f), true);
}

static bool add_recipients(struct cleaning *x, struct err *e)
{
	struct field f;

	for (size_t at = 0; header_next(buf_text(&x->m->head), x->m->head.len, &at, &f);) {
		char where[100];

		if (!is_recipient_field(x, &f, fields_kind(&f), x->to_resent))
			continue;
		snprintf(where, sizeof where, ", in the field %.*s", (int)f.name_len, f.name);
		if (!expand_list(x->expander, x->v, f.body, f.body_len, MAILBOX_NULL | MAILBOX_OPEN, where, e))
			return false;
		x->to_plain = !x->to_resent;
	}
	return true;
}

static bool add_always(struct cleaning *x, struct err *e)
{
	for (size_t i = 0; i < x->p->always_bcc.n; i++)
		if (!expand_list(x->expander, x->v, x->p->always_bcc.items[i], strlen(x->p->always_bcc.items[i]), 0,
				 ", in always_bcc", e))
			return false;
	return true;
}

/* ---- fields that we write ----------------------------------------------------------------------- */

static void sender_address(const struct cleaning *x, char *to, size_t room)
{
	if (x->v->sender != NULL && x->v->sender[0] != '\0')
		snprintf(to, room, "%s", x->v->sender);
	else
		snprintf(to, room, "MAILER-DAEMON%s%s", x->p->qualify_domain == NULL ? "" : "@",
			 x->p->qualify_domain == NULL ? "" : x->p->qualify_domain);
}

static bool put_from(struct cleaning *x, const char *prefix, struct err *e)
{
	const char *name = x->p->from_full_name;
	char addr[ADDRESS_MAX];

	sender_address(x, addr, sizeof addr);
	if (!buf_printf(&x->out, e, "%sFrom: ", prefix))
		return false;
	if (name == NULL || name[0] == '\0')
		return buf_printf(&x->out, e, "%s\n", addr);
	return words_phrase(&x->out, name, strlen(prefix) + 6, e) && buf_printf(&x->out, e, " <%s>\n", addr);
}

/* `set_from_header on`: the envelope sender replaces the address; name and comments stay.  If the field cannot be parsed, has
 * several addresses, or a group (RFC 6854, which few servers accept), we write a new one.  Of several fields one From is left. */
static bool replace_from(struct cleaning *x, const struct field *f, const struct field_kind *k, struct err *e)
{
	struct first_address first = { .n = 0 };
	char addr[ADDRESS_MAX];
	struct err unread;

	if (x->v->sender == NULL || x->v->sender[0] == '\0')
		return copy_addresses(x, f, k, NULL, e);
	if (x->replaced)
		return put_original(x, f, e);
	x->replaced = true;
	if (!fields_first(f, &first, &unread) || first.n != 1 || first.grouped)
		return put_from(x, "", e) && put_original(x, f, e);
	sender_address(x, addr, sizeof addr);
	return copy_addresses(x, f, k, addr, e);
}

static bool put_date(struct cleaning *x, const char *prefix, struct err *e)
{
	return buf_printf(&x->out, e, "%sDate: ", prefix) && header_date(&x->out, x->stamp->now, e)
	    && buf_char(&x->out, '\n', e);
}

/* The date and 96 random bits: unique, and without the name of the user or the number of the process. */
static bool put_message_id(struct cleaning *x, const char *prefix, struct err *e)
{
	char date[32];
	uint32_t random[3] = { 0 };
	struct tm tm;

	if (!x->stamp->random(random, sizeof random, e))
		return false;
	gmtime_r(&x->stamp->now, &tm);
	strftime(date, sizeof date, "%Y%m%d%H%M%S", &tm);
	snprintf(x->m->id, sizeof x->m->id, "<%s.%08x%08x%08x@%.180s>", date, random[0], random[1], random[2],
		 x->stamp->domain);
	return buf_printf(&x->out, e, "%sMessage-ID: %s\n", prefix, x->m->id);
}

static const char *named(const struct rcpt *r)
{
	return r->original != NULL ? r->original : r->address;
}

/* Shows the recipients that the caller named: recipients must not see the addresses to which an alias expands. */
static bool put_to(struct cleaning *x, const char *prefix, struct err *e)
{
	const char *last = NULL;

	if (x->p->set_to_header == SET_TO_UNDISCLOSED)
		return buf_printf(&x->out, e, "%sTo: undisclosed-recipients:;\n", prefix);
	for (size_t i = 0; i < x->v->n; i++) {
		const char *name = named(&x->v->rcpts[i]);

		if (x->v->rcpts[i].unread || (last != NULL && address_same(last, name)))
			continue;
		if (!buf_printf(&x->out, e, "%s%s%s", last == NULL ? prefix : "", last == NULL ? "To: " : ",\n\t", name))
			return false;
		last = name;
	}
	return last == NULL || buf_char(&x->out, '\n', e);
}

static bool has(const struct cleaning *x, const char *plain, const char *resent)
{
	return (x->seen & fields_bit(x->resent ? resent : plain)) != 0;
}

static bool has_recipient(const struct cleaning *x)
{
	if (x->p->set_to_header == SET_TO_UNDISCLOSED)
		return false; /* the fields of the head are dropped */
	if (x->resent && x->to_plain)
		return true; /* a Resent-To that we add would show the recipients of a Bcc */
	return has(x, "To", "Resent-To") || has(x, "Cc", "Resent-Cc") || has(x, "Bcc", "Resent-Bcc");
}

/* RFC 8689 3: there may be one such field in the whole head. */
static bool names_tls(const struct buf *head)
{
	struct field f;

	for (size_t at = 0; header_next(buf_text(head), head->len, &at, &f);)
		if (header_is(&f, "TLS-Required"))
			return true;
	return false;
}

/* Adds the missing fields; if there is a Resent- block, those that the newest one lacks. */
static bool add_missing(struct cleaning *x, struct err *e)
{
	const char *prefix = x->resent ? "Resent-" : "";

	return (has(x, "Date", "Resent-Date") || !x->p->set_date_header || put_date(x, prefix, e))
	    && (has(x, "From", "Resent-From") || x->p->set_from_header == SET_FROM_OFF || put_from(x, prefix, e))
	    && (has(x, "Message-ID", "Resent-Message-ID") || !x->p->set_msgid_header
		|| put_message_id(x, prefix, e))
	    && (has_recipient(x) || x->p->set_to_header == SET_TO_OFF || put_to(x, prefix, e))
	    && (!x->stamp->tls_waived || names_tls(&x->m->head) || buf_str(&x->out, "TLS-Required: No\n", e));
}

/* ---- the walk ----------------------------------------------------------------------------------- */

static void note_id(struct message *m, const struct field *f)
{
	char body[2 * sizeof m->id];
	const char *id;

	snprintf(body, sizeof body, "%.*s", (int)(f->body_len < sizeof body ? f->body_len : sizeof body - 1), f->body);
	id = body + strspn(body, " \t\r\n");
	printable(m->id, sizeof m->id, id, strcspn(id, " \t\r\n"), false);
}

void cleanup_find_id(struct message *m)
{
	struct field f;
	size_t at = 0;

	while (header_next(buf_text(&m->head), m->head.len, &at, &f))
		if (header_is(&f, "Message-ID"))
			note_id(m, &f);
}

static bool dropped(const struct cleaning *x, const struct field *f, const struct field_kind *k)
{
	if (field_is(k, FIELD_TRACE) || (field_is(k, FIELD_BLIND) && x->p->remove_bcc_headers))
		return true;
	return x->p->set_to_header == SET_TO_UNDISCLOSED && is_recipient_field(x, f, k, x->resent);
}

/* Scripts write an empty From if a variable is not set.  Servers refuse it, so it counts as missing. */
static bool is_empty_from(const struct cleaning *x, const struct field *f, const struct field_kind *k)
{
	if (k == NULL || strcmp(k->name, x->resent ? "Resent-From" : "From") != 0
	    || x->p->set_from_header == SET_FROM_OFF)
		return false;
	for (size_t i = 0; i < f->body_len; i++)
		if (!str_isblank(f->body[i]) && f->body[i] != '\r' && f->body[i] != '\n')
			return false;
	return true;
}

static bool copy_field(struct cleaning *x, const struct field *f, const struct field_kind *k, struct err *e)
{
	if (k == NULL)
		return buf_add(&x->out, f->raw, f->raw_len, e);
	if (strcmp(k->name, "Message-ID") == 0)
		note_id(x->m, f);
	if (strcmp(k->name, "From") == 0 && x->p->set_from_header == SET_FROM_ON)
		return replace_from(x, f, k, e);
	if (field_is(k, FIELD_ADDRESSES))
		return copy_addresses(x, f, k, NULL, e);
	return buf_add(&x->out, f->raw, f->raw_len, e);
}

static bool copy_head(struct cleaning *x, struct err *e)
{
	const char *head = buf_text(&x->m->head);
	struct field f;
	size_t at = 0;

	while (header_next(head, x->m->head.len, &at, &f)) {
		const struct field_kind *k = fields_kind(&f);

		if (is_empty_from(x, &f, k))
			continue;
		if (k != NULL && (!x->resent || (size_t)(f.raw - head) < x->block_end))
			x->seen |= fields_bit(k->name);
		if (k != NULL && dropped(x, &f, k))
			continue;
		if (!end_line(x, e) || !copy_field(x, &f, k, e))
			return false;
	}
	/* message_read_from() leaves only fields in the head; without this check, a line that is none would be lost silently */
	return at == x->m->head.len || fail(e, ST_INTERNAL, FATE_PERM, "a line of the header is no field");
}

/* New fields of a Resent- block go before the head (RFC 5322 3.6.6), other new fields after it. */
static bool place_added(struct cleaning *x, size_t copied, struct err *e)
{
	struct buf *head = &x->m->head;

	buf_clear(head);
	if (!x->resent)
		return mend_header(head, buf_text(&x->out), x->out.len, e);
	return mend_header(head, x->out.bytes + copied, x->out.len - copied, e)
	    && mend_header(head, x->out.bytes, copied, e);
}

static bool clean_head(struct cleaning *x, struct err *e)
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

bool cleanup_message(struct message *m, const struct message_params *p, const struct stamp *stamp, struct expander *expander,
		     bool recipients_in_header, struct envelope *v, struct err *e)
{
	struct cleaning x = { .m = m, .p = p, .stamp = stamp, .expander = expander, .v = v };
	bool ok;

	x.out = buf_max(ST_INPUT, 2 * MESSAGE_HEAD_MAX, m->head.what);
	m->head.max = 2 * MESSAGE_HEAD_MAX; /* qualified addresses and a To that we add may make it longer */
	find_block(&x);
	find_recipients(&x);
	/* -t reads the addresses as they were given: a CR or NUL in one is no blank.  All fields are rewritten as they will be
	 * sent.  always_bcc comes last, so that a To that we add does not show it. */
	ok = !recipients_in_header || add_recipients(&x, e);
	mend_octets(m->head.bytes, m->head.len);
	ok = ok && clean_head(&x, e) && add_always(&x, e) && message_count(m, e);
	buf_free(&x.out);
	return ok;
}
