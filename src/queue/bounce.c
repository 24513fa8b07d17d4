#include "queue/bounce.h"

#include <stdio.h>
#include <time.h>

#include "base/identity.h"
#include "base/random.h"
#include "config/own.h"
#include "mail/header.h"
#include "smtp/reply.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

struct report { /* on its way into a message */
	const struct sender     *who;
	const struct held       *h;
	const struct submission *x;
	char                     boundary[40], machine[HOST_MAX];
	struct buf               before, after; /* what comes before and after the original */
	bool                     full;          /* the original with its body, or only its head */
	bool                     utf8;          /* an address is not ASCII: RFC 6533 */
};

/* ---- whom to tell about what --------------------------------------------------------------------- */

static unsigned notify_of(const struct report *p, const struct rcpt *r)
{
	return r->notify != 0 ? r->notify : p->who->a != NULL ? p->who->a->wishes.notify : 0;
}

/* RFC 3461 5.2.1: without NOTIFY a failure is reported.  A report about a report is not, but it does not vanish either. */
static bool wants_report(const struct report *p, const struct rcpt *r)
{
	unsigned notify = notify_of(p, r);

	return rcpt_is_lost(r) && (p->h->x.report || notify == 0 || (notify & NOTIFY_FAILURE) != 0);
}

static size_t count(const struct report *p, bool (*which)(const struct report *p, const struct rcpt *r))
{
	size_t n = 0;

	for (size_t i = 0; i < p->x->v.n; i++)
		n += which(p, &p->x->v.rcpts[i]);
	return n;
}

static bool may_tell(const struct report *p)
{
	return !p->h->x.report && p->x->v.sender[0] != '\0' && (p->who->a == NULL || p->who->a->queue.bounce);
}

/* ---- the parts ----------------------------------------------------------------------------------- */

const char *bounce_from(const struct sender *who, const struct submission *x)
{
	const char *own = who->a != NULL ? own_from(who->a) : NULL;

	return own != NULL ? own : x->v.sender;
}

static bool put_head(struct report *p, struct err *e)
{
	struct buf *to = &p->before;

	return buf_printf(to, e, "From: \"Mail Delivery System\" <%s>\nTo: <%s>\n", bounce_from(p->who, p->x), p->x->v.sender)
	    && buf_str(to, "Subject: Your message could not be delivered\nDate: ", e)
	    && header_date(to, time(NULL), e)
	    && buf_printf(to, e, "\nMessage-ID: <%s.report@%s>\nAuto-Submitted: auto-replied\n", p->boundary, p->machine)
	    && (p->x->m.id[0] == '\0' || buf_printf(to, e, "In-Reply-To: %s\nReferences: %s\n", p->x->m.id, p->x->m.id))
	    && buf_printf(to, e, "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n"
			  " boundary=\"%s\"\n\n", p->boundary);
}

/* The server's words in one line. */
static bool put_words(struct buf *to, const struct rcpt *r, struct err *e)
{
	char words[700];

	if (r->code != 0)
		reply_quote(r->code, r->esc, r->said != NULL ? r->said : "", words, sizeof words);
	else
		snprintf(words, sizeof words, "%s", r->said != NULL ? r->said : r->why != NULL ? r->why : "no reason is known");
	for (char *c = words; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	return buf_str(to, words, e);
}

static bool put_text(struct report *p, struct err *e)
{
	struct buf *to = &p->before;
	bool ok = buf_printf(to, e, "--%s\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
			     "Your message could not be delivered to:\n\n", p->boundary);

	for (size_t i = 0; ok && i < p->x->v.n; i++) {
		const struct rcpt *r = &p->x->v.rcpts[i];

		if (wants_report(p, r))
			ok = buf_printf(to, e, "    %s\n        ", r->address) && put_words(to, r, e) && buf_str(to, "\n", e);
	}
	return ok && buf_printf(to, e, "\nIt will not be tried again for %s.  %s is attached.\n\nThis report was made by postern "
				"on %s.\n\n", count(p, wants_report) == 1 ? "this recipient" : "these recipients",
				p->full ? "The message" : "The header of the message", p->machine);
}

/* "rfc822; a@example.org", or RFC 6533 3 for one that is not ASCII. */
static bool put_address(struct buf *to, const char *field, const char *address, struct err *e)
{
	return buf_printf(to, e, "%s: %s; %s\n", field, str_has_8bit(address, strlen(address)) ? "utf-8" : "rfc822", address);
}

static bool put_status(struct buf *to, const struct rcpt *r, struct err *e)
{
	char code[ESC_TEXT];

	if (r->esc.class == 5)
		return buf_printf(to, e, "Action: failed\nStatus: %s\n", esc_text(r->esc, code));
	/* a temporary refusal until the message's time was over: RFC 3463 3.5 */
	return buf_str(to, r->code / 100 == 5 ? "Action: failed\nStatus: 5.0.0\n" : "Action: failed\nStatus: 5.4.7\n", e);
}

static bool put_recipient(struct buf *to, const struct rcpt *r, struct err *e)
{
	return buf_char(to, '\n', e)
	    && (r->orcpt == NULL || buf_printf(to, e, "Original-Recipient: %s\n", r->orcpt))
	    && (r->orcpt != NULL || r->original == NULL || put_address(to, "Original-Recipient", r->original, e))
	    && put_address(to, "Final-Recipient", r->address, e) && put_status(to, r, e)
	    && buf_str(to, r->code != 0 ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: x-postern; ", e) && put_words(to, r, e)
	    && buf_char(to, '\n', e);
}

static bool put_delivery_status(struct report *p, struct err *e)
{
	struct buf *to = &p->before;
	bool ok = buf_printf(to, e, "--%s\nContent-Type: message/%sdelivery-status\n%s\nReporting-MTA: dns; %s\n", p->boundary,
			     p->utf8 ? "global-" : "", p->utf8 ? "Content-Transfer-Encoding: 8bit\n" : "", p->machine)
	       && (p->x->v.envid == NULL || buf_printf(to, e, "Original-Envelope-Id: %s\n", p->x->v.envid))
	       && buf_str(to, "Arrival-Date: ", e) && header_date(to, (time_t)p->h->x.created, e) && buf_char(to, '\n', e);

	for (size_t i = 0; ok && i < p->x->v.n; i++)
		if (wants_report(p, &p->x->v.rcpts[i]))
			ok = put_recipient(to, &p->x->v.rcpts[i], e);
	return ok && buf_char(to, '\n', e);
}

/* RFC 6522 3, RFC 6533 6: the message or its header. */
static bool put_original(struct report *p, struct err *e)
{
	const struct buf *head = &p->x->m.head;
	bool eight = str_has_8bit(buf_text(head), head->len);
	bool global = eight && str_is_utf8(buf_text(head), head->len); /* RFC 6532 3.7: UTF-8, and no other charset */
	const char *type = p->full ? global ? "message/global" : "message/rfc822"
				   : global ? "message/global-headers" : "text/rfc822-headers";

	return buf_printf(&p->before, e, "--%s\nContent-Type: %s\n%s\n", p->boundary, type,
			  eight || p->x->m.facts.eight_bit ? "Content-Transfer-Encoding: 8bit\n" : "")
	    && buf_printf(&p->after, e, "\n--%s--\n", p->boundary);
}

/* ---- into a message ------------------------------------------------------------------------------ */

static bool gather(void *to, const char *p, size_t n, struct err *e)
{
	return buf_add(to, p, n, e);
}

struct source { /* the whole report, as bytes */
	const struct buf *text;
	size_t            at;
};

static bool next_piece(void *ctx, char *to, size_t room, size_t *n, struct err *e)
{
	struct source *s = ctx;
	size_t left = s->text->len - s->at;

	(void)e;
	*n = left < room ? left : room;
	memcpy(to, buf_text(s->text) + s->at, *n);
	s->at += *n;
	return true;
}

static bool compose(struct report *p, struct message *m, struct err *e)
{
	struct source s = { .text = &p->before };

	return put_head(p, e) && put_text(p, e) && put_delivery_status(p, e) && put_original(p, e)
	    && message_put_head(&p->x->m.head, gather, &p->before, e)
	    && (!p->full || message_put_body(&p->x->m, gather, &p->before, e))
	    && buf_add(&p->before, buf_text(&p->after), p->after.len, e)
	    && message_read_from(m, next_piece, &s, e) && message_count(m, e);
}

static bool add_entry(struct spool *s, const struct report *p, const struct message *m, struct err *e)
{
	struct entry x = { .account = p->h->x.account, .config = p->h->x.config, .report = true, .created = time(NULL),
			   .has_uid = p->h->x.has_uid, .uid = p->h->x.uid };
	struct buf none = buf_max(ST_SPOOL, 0, "no record");
	char id[SPOOL_ID];
	bool ok = envelope_set_sender(&x.v, "", e) && envelope_add_for(&x.v, p->x->v.sender, p->x->v.sender, e)
	       && spool_add(s, &x, m, &none, id, e);

	envelope_free(&x.v);
	return ok;
}

static bool make_boundary(struct report *p, struct err *e)
{
	unsigned char noise[16];

	if (!random_fill(noise, sizeof noise, e))
		return false;
	str_hex(noise, sizeof noise, p->boundary);
	identity_fqdn(p->machine);
	if (p->machine[0] == '\0')
		identity_mail_domain(p->machine);
	return true;
}

bool bounce_send(struct spool *s, const struct sender *who, struct held *h, const struct submission *x, bool *told,
		 struct err *e)
{
	struct report p = { .who = who, .h = h, .x = x,
			    .before = buf_max(ST_SPOOL, TEXT_MAX, "a report"), .after = buf_max(ST_SPOOL, 100, "a report") };
	struct message m = { .fd = -1 };
	bool ok = true;

	p.full = (x->v.ret != RETURN_UNSAID || who->a == NULL ? x->v.ret : who->a->wishes.ret) == RETURN_FULL;
	for (size_t i = 0; i < x->v.n; i++)
		p.utf8 |= wants_report(&p, &x->v.rcpts[i]) && str_has_8bit(x->v.rcpts[i].address, strlen(x->v.rcpts[i].address));
	*told = may_tell(&p) || (h->x.lost == 0 && count(&p, wants_report) == 0);
	if (may_tell(&p) && count(&p, wants_report) > 0)
		ok = make_boundary(&p, e) && compose(&p, &m, e) && add_entry(s, &p, &m, e);
	buf_free(&p.before);
	buf_free(&p.after);
	message_free(&m);
	return ok;
}
