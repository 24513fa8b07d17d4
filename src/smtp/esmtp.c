#include "smtp/esmtp.h"

#include "mail/address.h"
#include "mail/idn.h"
#include "mail/xtext.h"
#include "smtp/gate.h"

/* RFC 3461 6.1: a report has no RET, and of NOTIFY only NEVER. */
static enum dsn_return ret_of(const struct needs *n)
{
	if (esmtp_is_bounce(n->v))
		return RETURN_UNSAID;
	return n->v->ret != RETURN_UNSAID ? n->v->ret : n->w->ret;
}

/* RFC 3461 5.2.7.3: of the addresses behind an alias only one may have SUCCESS.  If nothing else was asked for, the others have
 * NEVER, since without NOTIFY they would report failures. */
static unsigned notify_of(const struct needs *n, const struct rcpt *r)
{
	unsigned notify = r->notify != 0 ? r->notify : n->w->notify;

	if (esmtp_is_bounce(n->v))
		return notify & NOTIFY_NEVER;
	if (!r->copy || (notify & NOTIFY_SUCCESS) == 0)
		return notify;
	notify &= ~(unsigned)NOTIFY_SUCCESS;
	return notify != 0 ? notify : NOTIFY_NEVER;
}

bool esmtp_owes_report(const struct caps *caps, const struct needs *n, const struct rcpt *r)
{
	return (caps->ext & EXT_DSN) == 0 && (notify_of(n, r) & NOTIFY_SUCCESS) != 0;
}

static bool wants_dsn(const struct needs *n)
{
	struct rcpt usual = { .notify = 0 };
	bool wanted = notify_of(n, &usual) != 0 || ret_of(n) != RETURN_UNSAID || n->v->envid != NULL;

	for (size_t i = 0; i < n->v->n && !wanted; i++)
		wanted = notify_of(n, &n->v->rcpts[i]) != 0 || n->v->rcpts[i].orcpt != NULL;
	return wanted;
}

/* ---- rows ---------------------------------------------------------------------------------------- */

enum { VALUE_MAX = 1500 }; /* bytes: ORCPT of an address in which each octet is written as \x{...} */

/* Does MAIL say SMTPUTF8, so that UTF-8 may stand in commands? */
static bool says_utf8(const struct caps *caps, const struct needs *n)
{
	return n->utf8 && (caps->ext & EXT_SMTPUTF8) != 0;
}

/* Appends the value of a row to `to`.  *said unset: the parameter is left out. */
typedef bool (*value_fn)(struct buf *to, const struct caps *caps, const struct needs *n, const struct rcpt *r,
			 bool *said, struct err *e);

struct row {
	enum ext    ext;
	const char *keyword;
	value_fn    value;
	bool        bare; /* the parameter takes no value */
};

static bool put_row(struct buf *to, const struct row *row, const struct caps *caps, const struct needs *n,
		    const struct rcpt *r, struct err *e)
{
	struct buf value = buf_max(ST_INPUT, VALUE_MAX, row->keyword);
	bool said = false, ok = row->value(&value, caps, n, r, &said, e);

	if (ok && said)
		ok = gate_put_param(to, row->keyword, row->bare ? NULL : buf_text(&value), says_utf8(caps, n), e);
	buf_free(&value);
	return ok;
}

static bool put_rows(struct buf *to, const struct row *rows, size_t n_rows, const struct caps *caps, const struct needs *n,
		     const struct rcpt *r, struct err *e)
{
	for (size_t i = 0; i < n_rows; i++)
		if ((caps->ext & rows[i].ext) != 0 && !put_row(to, &rows[i], caps, n, r, e))
			return false;
	return true;
}

/* ---- MAIL --------------------------------------------------------------------------------------- */

#define VALUE(name) \
	static bool name(struct buf *to, const struct caps *caps, const struct needs *n, const struct rcpt *r, bool *said, \
			 struct err *e)

VALUE(size)
{
	(void)caps, (void)r;
	*said = n->size > 0;
	return buf_printf(to, e, "%llu", (unsigned long long)n->size);
}

VALUE(body)
{
	(void)caps, (void)r;
	*said = n->eight_bit;
	return buf_str(to, "8BITMIME", e);
}

VALUE(utf8)
{
	(void)to, (void)caps, (void)r, (void)e;
	*said = n->utf8;
	return true;
}

VALUE(ret)
{
	enum dsn_return ret = ret_of(n);

	(void)caps, (void)r;
	*said = ret != RETURN_UNSAID;
	return buf_str(to, ret == RETURN_FULL ? "FULL" : "HDRS", e);
}

VALUE(envid)
{
	(void)caps, (void)r;
	*said = n->v->envid != NULL;
	return !*said || buf_str(to, n->v->envid, e);
}

static const struct row mail_params[] = {
	{ .ext = EXT_SIZE, .keyword = "SIZE", .value = size },
	{ .ext = EXT_8BITMIME, .keyword = "BODY", .value = body },
	{ EXT_SMTPUTF8, "SMTPUTF8", utf8, .bare = true },
	{ .ext = EXT_DSN, .keyword = "RET", .value = ret },
	{ .ext = EXT_DSN, .keyword = "ENVID", .value = envid },
};

static bool put_wish(struct buf *to, const struct wish *row, const struct wishes *w, struct err *e)
{
	struct buf value = buf_max(ST_INPUT, VALUE_MAX, row->keyword);
	bool ok = (row->value == NULL || row->value(&value, w, e))
	       && gate_put_param(to, row->keyword, row->value == NULL ? NULL : buf_text(&value), false, e);

	buf_free(&value);
	return ok;
}

static bool put_wishes(struct buf *to, const struct caps *caps, const struct needs *n, struct err *e)
{
	unsigned may_say = caps->ext & ~n->left_out;
	const struct wish *row;

	for (size_t i = 0; (row = wishes_row(i)) != NULL; i++)
		if (row->keyword != NULL && (may_say & row->ext) != 0 && row->wanted(n->w) && !put_wish(to, row, n->w, e))
			return false;
	return true;
}

/* ---- RCPT --------------------------------------------------------------------------------------- */

VALUE(notify)
{
	unsigned notify = notify_of(n, r);

	(void)caps;
	*said = notify != 0;
	return dsn_put_notify(to, notify, true, e);
}

VALUE(orcpt)
{
	const char *address = r->original != NULL ? r->original : r->address;

	*said = n->dsn;
	if (!n->dsn)
		return true;
	if (r->orcpt != NULL)
		return xtext_put_orcpt(to, r->orcpt, says_utf8(caps, n), e);
	return xtext_orcpt(to, address, says_utf8(caps, n), e);
}

static const struct row rcpt_params[] = {
	{ .ext = EXT_DSN, .keyword = "NOTIFY", .value = notify },
	{ .ext = EXT_DSN, .keyword = "ORCPT", .value = orcpt },
};

/* ---- the commands -------------------------------------------------------------------------------- */

/* The form of an address that this session allows.  If MAIL says SMTPUTF8 and the local part is not ASCII, all is UTF-8; else
 * the domain is given in A-labels.  Returns the address itself, or `room`; NULL: see *e. */
static const char *wire_form(const struct caps *caps, const struct needs *n, const char *address, char room[ADDRESS_MAX],
			     struct err *e)
{
	bool ok;

	if (address_is_ascii(address))
		return address;
	ok = says_utf8(caps, n) && !address_local_is_ascii(address)
	   ? idn_address_to_utf8(address, room, ADDRESS_MAX, e)
	   : idn_address_to_ascii(address, room, ADDRESS_MAX, e);
	return ok ? room : NULL;
}

bool esmtp_mail(struct buf *to, const struct caps *caps, const struct needs *n, struct err *e)
{
	char room[ADDRESS_MAX];
	const char *sender = wire_form(caps, n, n->v->sender, room, e);

	return sender != NULL && gate_put_sender(to, sender, says_utf8(caps, n), e)
	    && put_rows(to, mail_params, COUNT(mail_params), caps, n, NULL, e)
	    && put_wishes(to, caps, n, e);
}

bool esmtp_rcpt(struct buf *to, const struct caps *caps, const struct needs *n, const struct rcpt *r,
		 struct err *e)
{
	char room[ADDRESS_MAX];
	const char *recipient = wire_form(caps, n, r->address, room, e);

	return recipient != NULL && gate_put_recipient(to, recipient, says_utf8(caps, n), e)
	    && put_rows(to, rcpt_params, COUNT(rcpt_params), caps, n, r, e);
}

/* ---- needs -------------------------------------------------------------------------------------- */

/* A domain never needs SMTPUTF8, since A-labels are ASCII. */
static bool address_needs_utf8(const char *address)
{
	return !address_local_is_ascii(address);
}

void esmtp_needs(struct needs *n, const struct wishes *w, const struct envelope *v, const struct facts *f)
{
	*n = (struct needs){ .w = w, .v = v, .size = f->bytes };
	n->not_ascii = f->utf8_head || address_needs_utf8(v->sender);
	for (size_t i = 0; i < v->n && !n->not_ascii; i++)
		n->not_ascii = v->rcpts[i].state != RCPT_BARRED && address_needs_utf8(v->rcpts[i].address);
	n->utf8 = w->utf8 == UTF8_ON || (w->utf8 == UTF8_AUTO && n->not_ascii);
	n->eight_bit = f->eight_bit;
	n->dsn = wants_dsn(n);
}
