#include "smtp/params.h"

#include <stdio.h>

#include "base/when.h"
#include "mail/address.h"
#include "mail/idn.h"
#include "mail/xtext.h"

static bool wants_dsn(const struct needs *n)
{
	bool wanted = n->p->dsn_notify != NULL || n->p->dsn_return != NULL || n->v->envid != NULL
		   || n->v->ret != NULL;

	for (size_t i = 0; i < n->v->n && !wanted; i++)
		wanted = n->v->rcpts[i].notify != NULL || n->v->rcpts[i].orcpt != NULL;
	return wanted;
}

/* ---- deliver by ---------------------------------------------------------------------------------- */

static bool take_time(const char *text, size_t len, int64_t *seconds)
{
	bool minus = len > 0 && text[0] == '-';
	uint64_t n;

	if (!when_span(text + minus, len - minus, DELIVER_BY_MAX, &n))
		return false;
	*seconds = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

bool params_deliver_by(const char *text, struct deliver_by *by)
{
	size_t len = strcspn(text, ",");
	bool first = true;

	*by = (struct deliver_by){ .back = true };
	if (!take_time(text, len, &by->seconds))
		return false;
	for (text += len; *text != '\0'; text += len, first = false) {
		len = strcspn(++text, ",");
		if (first && str_same_n(text, len, "notify"))
			by->back = false;
		else if (str_same_n(text, len, "trace") && !by->trace)
			by->trace = true;
		else if (!first || !str_same_n(text, len, "return"))
			return false;
	}
	return !by->back || by->seconds > 0;
}

/* ---- MAIL --------------------------------------------------------------------------------------- */

static bool put_size(struct buf *to, const struct needs *n, struct err *e)
{
	return n->m->facts.bytes == 0 /* not known yet */
	    || buf_printf(to, e, " SIZE=%llu", (unsigned long long)n->m->facts.bytes);
}

static bool put_body(struct buf *to, const struct needs *n, struct err *e)
{
	return !n->eight_bit || buf_str(to, " BODY=8BITMIME", e);
}

static bool put_utf8(struct buf *to, const struct needs *n, struct err *e)
{
	return !n->utf8 || buf_str(to, " SMTPUTF8", e);
}

static bool put_ret(struct buf *to, const struct needs *n, struct err *e)
{
	const char *ret = n->v->ret != NULL ? n->v->ret : n->p->dsn_return;

	return ret == NULL || buf_printf(to, e, " RET=%s", str_same(ret, "full") ? "FULL" : "HDRS");
}

static bool put_envid(struct buf *to, const struct needs *n, struct err *e)
{
	return n->v->envid == NULL || buf_printf(to, e, " ENVID=%s", n->v->envid);
}

static bool put_requiretls(struct buf *to, const struct needs *n, struct err *e)
{
	return !n->p->require_tls || buf_str(to, " REQUIRETLS", e);
}

static bool put_priority(struct buf *to, const struct needs *n, struct err *e)
{
	return n->p->priority == NULL || buf_printf(to, e, " MT-PRIORITY=%s", n->p->priority);
}

static bool put_by(struct buf *to, const struct needs *n, struct err *e)
{
	struct deliver_by by;

	return n->p->deliver_by == NULL || !params_deliver_by(n->p->deliver_by, &by)
	    || buf_printf(to, e, " BY=%lld;%c%s", (long long)by.seconds, by.back ? 'R' : 'N', by.trace ? "T" : "");
}

static bool put_hold_for(struct buf *to, const struct needs *n, struct err *e)
{
	return n->p->hold_for == 0 || buf_printf(to, e, " HOLDFOR=%u", n->p->hold_for);
}

static bool put_hold_until(struct buf *to, const struct needs *n, struct err *e)
{
	const char *text = n->p->hold_until;
	char utc[WHEN_DATE];
	int64_t at;

	if (text == NULL || !when_date(text, strlen(text), &at))
		return true;
	when_show_date(at, utc);
	return buf_printf(to, e, " HOLDUNTIL=%s", utc);
}

static const struct {
	enum ext ext;
	bool (*put)(struct buf *to, const struct needs *n, struct err *e);
} mail_params[] = {
	{ EXT_SIZE, put_size },
	{ EXT_8BITMIME, put_body },
	{ EXT_SMTPUTF8, put_utf8 },
	{ EXT_DSN, put_ret },
	{ EXT_DSN, put_envid },
	{ EXT_REQUIRETLS, put_requiretls },
	{ EXT_MT_PRIORITY, put_priority },
	{ EXT_DELIVERBY, put_by },
	{ EXT_FUTURERELEASE, put_hold_for },
	{ EXT_FUTURERELEASE, put_hold_until },
};

bool params_mail(struct buf *to, const struct caps *caps, const struct needs *n, struct err *e)
{
	for (size_t i = 0; i < COUNT(mail_params); i++)
		if ((caps->ext & mail_params[i].ext) != 0 && !mail_params[i].put(to, n, e))
			return false;
	return true;
}

/* ---- RCPT --------------------------------------------------------------------------------------- */

static bool put_notify(struct buf *to, const struct needs *n, const struct rcpt *r, struct err *e)
{
	const char *notify = r->notify != NULL ? r->notify : n->p->dsn_notify;

	if (notify == NULL)
		return true;
	if (!buf_str(to, " NOTIFY=", e))
		return false;
	for (const char *p = notify; *p != '\0'; p++)
		if (!buf_char(to, str_islower(*p) ? (char)(*p - 32) : *p, e))
			return false;
	return true;
}

static bool put_orcpt(struct buf *to, const struct needs *n, const struct rcpt *r, struct err *e)
{
	if (!n->dsn || !buf_str(to, " ORCPT=", e))
		return !n->dsn;
	return r->orcpt != NULL ? buf_str(to, r->orcpt, e) : xtext_orcpt(to, r->original != NULL ? r->original : r->address, n->utf8, e);
}

static const struct {
	enum ext ext;
	bool (*put)(struct buf *to, const struct needs *n, const struct rcpt *r, struct err *e);
} rcpt_params[] = {
	{ EXT_DSN, put_notify },
	{ EXT_DSN, put_orcpt },
};

bool params_rcpt(struct buf *to, const struct caps *caps, const struct needs *n, const struct rcpt *r,
		 struct err *e)
{
	for (size_t i = 0; i < COUNT(rcpt_params); i++)
		if ((caps->ext & rcpt_params[i].ext) != 0 && !rcpt_params[i].put(to, n, r, e))
			return false;
	return true;
}

/* ---- needs -------------------------------------------------------------------------------------- */

/* A domain alone never needs SMTPUTF8: as A-labels it passes everywhere. */
static bool address_needs_utf8(const char *address)
{
	return !address_local_is_ascii(address);
}

void params_needs(struct needs *n, const struct session_params *p, const struct envelope *v,
		  const struct message *m)
{
	*n = (struct needs){ .p = p, .v = v, .m = m };
	n->not_ascii = m->facts.utf8_head || address_needs_utf8(v->sender);
	for (size_t i = 0; i < v->n && !n->not_ascii; i++)
		n->not_ascii = v->rcpts[i].why == NULL && address_needs_utf8(v->rcpts[i].address);
	n->utf8 = p->utf8 == UTF8_ON || (p->utf8 == UTF8_AUTO && n->not_ascii);
	n->eight_bit = m->facts.eight_bit;
	n->dsn = wants_dsn(n);
}

bool params_address(const struct needs *n, const char *address, char *to, size_t room, struct err *e)
{
	if (address_is_ascii(address) || (n->utf8 && !address_local_is_ascii(address))) {
		if ((size_t)snprintf(to, room, "%s", address) < room)
			return true;
		return fail(e, ST_INPUT, FATE_PERM, "the address %.60s... is too long", address);
	}
	return idn_address_to_ascii(address, to, room, e);
}
