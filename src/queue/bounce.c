#include "queue/bounce.h"

#include <stdio.h>
#include <time.h>

#include "base/identity.h"
#include "base/log.h"
#include "base/random.h"
#include "config/own.h"
#include "mail/header.h"
#include "mail/xtext.h"
#include "queue/keep.h"
#include "smtp/reply.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

struct report { /* on its way into a message */
	const struct bounce     *b;
	const struct sender     *who;
	const struct submission *x;
	char                     boundary[40], machine[HOST_MAX];
	struct buf               before, after; /* what comes before and after the original */
	bool                     full;          /* the original with its body, or only its head */
	bool                     utf8;          /* an address is not ASCII: RFC 6533 */
};

/* ---- the kinds ----------------------------------------------------------------------------------- */

/* RFC 3461 5.2.1: without NOTIFY a failure is reported.  A report about a report is not, but it does not vanish either. */
static bool has_failed(const struct bounce *b, const struct rcpt *r, unsigned notify)
{
	return rcpt_is_lost(r) && (b->of->report || notify == 0 || (notify & NOTIFY_FAILURE) != 0);
}

/* RFC 3461 5.2.5.  Without NOTIFY the choice is ours: none is made. */
static bool is_delayed(const struct bounce *b, const struct rcpt *r, unsigned notify)
{
	(void)b;
	return rcpt_is_open(r) && (notify & NOTIFY_DELAY) != 0;
}

/* RFC 3461 5.2.2 (b). */
static bool is_relayed(const struct bounce *b, const struct rcpt *r, unsigned notify)
{
	(void)b, (void)notify;
	return r->relayed;
}

static bool put_failed(const struct report *p, struct buf *to, bool one, struct err *e)
{
	(void)p;
	return buf_printf(to, e, "It will not be tried again for %s.", one ? "this recipient" : "these recipients");
}

static bool put_delayed(const struct report *p, struct buf *to, bool one, struct err *e)
{
	(void)one;
	return buf_str(to, "You need not send it again.  It will be tried until\n", e) && header_date(to, (time_t)p->b->until, e)
	    && buf_char(to, '.', e);
}

static bool put_relayed(const struct report *p, struct buf *to, bool one, struct err *e)
{
	(void)p;
	return buf_printf(to, e, "This server does not report a success, so you will not be told when the message\n"
				 "has reached %s.", one ? "this recipient" : "these recipients");
}

static const struct kind {
	const char *subject, *sentence, *action; /* the sentence has the recipients behind it */
	uint8_t     class;   /* of the status */
	const char *status;  /* of recipients without one of this class */
	bool        words;   /* the server's words say why */
	bool      (*concerns)(const struct bounce *b, const struct rcpt *r, unsigned notify);
	bool      (*put_rest)(const struct report *p, struct buf *to, bool one, struct err *e);
} kinds[] = {
	/* a temporary refusal until the message's time was over is 5.4.7: RFC 3463 3.5 */
	[BOUNCE_FAILED] = { "Your message could not be delivered", "Your message could not be delivered to:", "failed",
			    5, "5.4.7", true, has_failed, put_failed },
	[BOUNCE_DELAYED] = { "Your message is delayed", "Your message has not been delivered yet to:", "delayed",
			     4, "4.0.0", true, is_delayed, put_delayed },
	[BOUNCE_RELAYED] = { "Your message was passed on", "Your message was passed on to the next mail server for:", "relayed",
			     2, "2.0.0", false, is_relayed, put_relayed },
};

static bool concerns(const struct bounce *b, const struct rcpt *r)
{
	unsigned notify = r->notify != 0 ? r->notify : b->who->a != NULL ? b->who->a->wishes.notify : 0;

	return kinds[b->kind].concerns(b, r, notify);
}

static size_t count(const struct bounce *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->x->v.n; i++)
		n += concerns(b, &b->x->v.rcpts[i]);
	return n;
}

static bool may_tell(const struct bounce *b)
{
	return !b->of->report && b->x->v.sender[0] != '\0' && (b->who->a == NULL || b->who->a->queue.bounce);
}

bool bounce_is_wanted(const struct bounce *b)
{
	return count(b) > 0 && may_tell(b); /* an envelope without recipients may have no sender */
}

bool bounce_tells_all(const struct bounce *b)
{
	return may_tell(b) || (b->of->lost == 0 && count(b) == 0);
}

/* ---- the parts ----------------------------------------------------------------------------------- */

/* The account's `from`, else the sender of the message. */
static const char *report_from(const struct sender *who, const struct submission *x)
{
	const char *own = who->a != NULL ? own_from(who->a) : NULL;

	return own != NULL ? own : x->v.sender;
}

static bool put_head(struct report *p, struct err *e)
{
	struct buf *to = &p->before;

	return buf_printf(to, e, "From: \"Mail Delivery System\" <%s>\nTo: <%s>\n", report_from(p->who, p->x), p->x->v.sender)
	    && buf_printf(to, e, "Subject: %s\nDate: ", kinds[p->b->kind].subject)
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
	const struct kind *k = &kinds[p->b->kind];
	struct buf *to = &p->before;
	bool ok = buf_printf(to, e, "--%s\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s\n\n",
			     p->boundary, k->sentence);

	for (size_t i = 0; ok && i < p->x->v.n; i++) {
		const struct rcpt *r = &p->x->v.rcpts[i];

		if (concerns(p->b, r))
			ok = buf_printf(to, e, "    %s\n", r->address)
			  && (!k->words || (buf_str(to, "        ", e) && put_words(to, r, e) && buf_char(to, '\n', e)));
	}
	return ok && buf_char(to, '\n', e) && k->put_rest(p, to, count(p->b) == 1, e)
	    && buf_printf(to, e, "\n%s is attached.\n\nThis report was made by postern on %s.\n\n",
			  p->full ? "The message" : "The header of the message", p->machine);
}

/* "rfc822; a@example.org", or RFC 6533 3 for one that is not ASCII. */
static bool put_address(struct buf *to, const char *field, const char *address, struct err *e)
{
	return buf_printf(to, e, "%s: %s; %s\n", field, str_has_8bit(address, strlen(address)) ? "utf-8" : "rfc822", address);
}

static bool put_status(struct buf *to, const struct kind *k, const struct rcpt *r, struct err *e)
{
	const char *status = k->class == 5 && r->code / 100 == 5 ? "5.0.0" : k->status;
	char code[ESC_TEXT];

	return buf_printf(to, e, "Action: %s\nStatus: %s\n", k->action,
			  r->esc.class == k->class ? esc_text(r->esc, code) : status);
}

/* RFC 3461 6.3: without its encoding; utf-8 addresses (RFC 6533 3) are no xtext. */
static bool put_orcpt(struct buf *to, const char *orcpt, struct err *e)
{
	return buf_str(to, "Original-Recipient: ", e)
	    && (strncasecmp(orcpt, "utf-8;", 6) == 0 ? buf_str(to, orcpt, e) : xtext_put_decoded(to, orcpt, e))
	    && buf_char(to, '\n', e);
}

static bool put_recipient(struct report *p, const struct rcpt *r, struct err *e)
{
	const struct kind *k = &kinds[p->b->kind];
	struct buf *to = &p->before;

	return buf_char(to, '\n', e)
	    && (r->orcpt == NULL || put_orcpt(to, r->orcpt, e))
	    && (r->orcpt != NULL || r->original == NULL || put_address(to, "Original-Recipient", r->original, e))
	    && put_address(to, "Final-Recipient", r->address, e) && put_status(to, k, r, e)
	    && (!k->words || (buf_str(to, r->code != 0 ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: x-postern; ", e)
			      && put_words(to, r, e) && buf_char(to, '\n', e)))
	    && (p->b->until == 0 || (buf_str(to, "Will-Retry-Until: ", e) && header_date(to, (time_t)p->b->until, e)
				     && buf_char(to, '\n', e)));
}

/* RFC 3464 2.2: only a full name is of the type dns. */
static bool put_delivery_status(struct report *p, struct err *e)
{
	const char *envid = p->x->v.envid;
	struct buf *to = &p->before;
	bool ok = buf_printf(to, e, "--%s\nContent-Type: message/%sdelivery-status\n%s\n", p->boundary, p->utf8 ? "global-" : "",
			     p->utf8 ? "Content-Transfer-Encoding: 8bit\n" : "")
	       && (envid == NULL || (buf_str(to, "Original-Envelope-Id: ", e) && xtext_put_decoded(to, envid, e)
				     && buf_char(to, '\n', e)))
	       && buf_printf(to, e, "Reporting-MTA: %s; %s\n", strchr(p->machine, '.') != NULL ? "dns" : "x-local-hostname",
			     p->machine)
	       && buf_str(to, "Arrival-Date: ", e) && header_date(to, (time_t)p->b->of->created, e) && buf_char(to, '\n', e);

	for (size_t i = 0; ok && i < p->x->v.n; i++)
		if (concerns(p->b, &p->x->v.rcpts[i]))
			ok = put_recipient(p, &p->x->v.rcpts[i], e);
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

/* An entry for a report.  It goes the way of its message, with the same wishes: RFC 8689 5 (REQUIRETLS), RFC 6710 4.6. */
static struct entry report_entry(const struct bounce *b, int64_t created)
{
	return (struct entry){ .account = b->of->account, .config = b->of->config, .settings = b->of->settings,
			       .report = true, .created = created, .has_uid = b->of->has_uid, .uid = b->of->uid };
}

static bool add_entry(struct bounce *b, struct entry *x, const struct message *m, struct err *e)
{
	struct buf none = buf_max(ST_SPOOL, 0, "no record");

	return spool_add(b->s, x, m, &none, b->id, e);
}

static bool add_report(struct bounce *b, const struct message *m, struct err *e)
{
	struct entry x = report_entry(b, time(NULL));
	bool ok = envelope_set_sender(&x.v, "", e) && envelope_add_for(&x.v, b->x->v.sender, b->x->v.sender, e)
	       && add_entry(b, &x, m, e);

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

/* RFC 3461 6.2: the whole message only if RET asks for it, and a recipient does not get it. */
static bool is_full(const struct bounce *b)
{
	const struct sender *who = b->who;
	enum dsn_return said = b->x->v.ret;

	return b->kind == BOUNCE_FAILED
	    && (said != RETURN_UNSAID || who->a == NULL ? said : who->a->wishes.ret) == RETURN_FULL;
}

bool bounce_send(struct bounce *b, struct err *e)
{
	struct report p = { .b = b, .who = b->who, .x = b->x, .full = is_full(b),
			    .before = buf_max(ST_SPOOL, TEXT_MAX, "a report"), .after = buf_max(ST_SPOOL, 100, "a report") };
	struct message m = { .fd = -1 };
	bool ok;

	b->id[0] = '\0';
	for (size_t i = 0; i < b->x->v.n; i++) {
		const char *address = b->x->v.rcpts[i].address;

		p.utf8 |= concerns(b, &b->x->v.rcpts[i]) && str_has_8bit(address, strlen(address));
	}
	ok = !bounce_is_wanted(b) || (make_boundary(&p, e) && compose(&p, &m, e) && add_report(b, &m, e));
	buf_free(&p.before);
	buf_free(&p.after);
	message_free(&m);
	return ok;
}

void bounce_relayed(const struct sender *who, struct submission *x)
{
	struct spool s = { .dir = -1 };
	struct entry of = { .report = false };
	struct bounce b = { .s = &s, .who = who, .of = &of, .x = x, .kind = BOUNCE_RELAYED };
	const char *why_not;
	char text[ERR_TEXT];
	struct err why;

	if (!bounce_is_wanted(&b) || !keep_allowed(who, &why_not))
		return;
	if (!(keep_describe(who, &of, &why) && keep_open(who, &s, &why) && bounce_send(&b, &why)))
		log_warn("the sender cannot be told that the message was passed on: %s", err_text(&why, text));
	spool_close(&s);
	entry_free(&of);
}

/* ---- where the null sender is refused ------------------------------------------------------------ */

bool bounce_lacks_sender(const struct bounce *b, const struct err *why)
{
	return b->of->report && b->x->v.sender[0] == '\0' && why->stage == ST_MAIL && err_is_final(why)
	    && report_from(b->who, b->x)[0] != '\0';
}

bool bounce_send_anew(struct bounce *b, struct err *e)
{
	struct entry copy = report_entry(b, b->of->created);
	const struct envelope *v = &b->x->v;
	bool ok = envelope_set_sender(&copy.v, report_from(b->who, b->x), e);

	for (size_t i = 0; ok && i < v->n; i++) {
		ok = envelope_add_for(&copy.v, v->rcpts[i].address, v->rcpts[i].address, e);
		if (ok)
			copy.v.rcpts[copy.v.n - 1].notify = NOTIFY_NEVER;
	}
	ok = ok && add_entry(b, &copy, &b->x->m, e);
	envelope_free(&copy.v);
	return ok;
}
