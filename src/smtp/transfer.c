#include "smtp/transfer.h"

static bool all_at_once(const struct transaction *t, struct err *e)
{
	if (!t->needs.w->require_all_recipients || t->s->caps.rcptmax == 0 || t->v->n <= t->s->caps.rcptmax)
		return true;
	return fail(e, ST_RCPT, FATE_PERM,
		    "require_all_recipients is on, but the server takes only %llu recipients at once",
		    (unsigned long long)t->s->caps.rcptmax);
}

static bool anybody_failed(const struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (rcpt_failed(&v->rcpts[i]))
			return true;
	return false;
}

bool transfer_begin(struct transaction *t, struct session *s, struct envelope *v, const struct rendition *r,
		    const struct needs *n, struct delivery *d, struct err *e)
{
	transaction_begin(t, s, v, r, n, d);
	if (!all_at_once(t, e) || !transaction_sift(t, e))
		return false;
	t->stop = n->w->require_all_recipients && anybody_failed(v);
	return true;
}

/* ---- one transaction ----------------------------------------------------------------------------- */

static bool say_envelope(struct transaction *t, struct err *e)
{
	uint64_t limit = t->s->caps.rcptmax > 0 ? t->s->caps.rcptmax : UINT64_MAX;

	if (t->fits > 0 && t->fits < limit) /* servers count refusals as our errors, and close after some */
		limit = t->fits;
	t->asked = t->taken = t->refused = 0;
	t->mail_answered = t->no_mail = t->no_body = t->text_sent = false;
	while (t->from < t->v->n && t->v->rcpts[t->from].state != RCPT_OPEN)
		t->from++;
	if (!transaction_say_mail(t, e))
		return false;
	for (size_t i = t->from; i < t->v->n && t->asked < limit && !t->no_mail; i++)
		if (t->v->rcpts[i].state == RCPT_OPEN) {
			t->asked++;
			if (!transaction_say_rcpt(t, i, e))
				return false;
		}
	return true;
}

/* An answer is due, no other transaction of this message follows, and nothing else but the next BDAT would wait for the answer.
 * With DATA, the next message would take as many turn-arounds as without. */
static bool may_follow(const struct transaction *t)
{
	const struct session *s = t->s;

	return s->chat.depth > 1 && (s->caps.ext & EXT_CHUNKING) != 0 && chat_owes(&s->chat, t)
	    && envelope_count(t->v, RCPT_OPEN) == 0;
}

static bool finish(struct transaction *t, void (*meanwhile)(void *ctx), void *ctx, struct err *e)
{
	if (!transaction_say_message(t, e))
		return false;
	if (meanwhile != NULL && may_follow(t))
		meanwhile(ctx);
	if (!transaction_hear_message(t, e) || !transaction_hear_further(t, e))
		return false;
	if (t->asked > t->taken + t->refused)
		t->fits = t->taken;
	return true;
}

/* ---- the message --------------------------------------------------------------------------------- */

bool transfer_say_ahead(struct transaction *t, struct err *e)
{
	return !t->stop && say_envelope(t, e);
}

/* May another transaction be begun?  d->again: the server takes no more of them in this session. */
static bool may_go_on(struct transaction *t, bool first, struct err *e)
{
	const struct session *s = t->s;
	struct delivery *d = t->d;

	if (!first && d->progress != NULL && !d->progress(d->ctx, e))
		return false;
	d->again = s->caps.mailmax > 0 && s->mails >= s->caps.mailmax;
	return true;
}

bool transfer_run(struct transaction *t, void (*meanwhile)(void *ctx), void *ctx, struct err *e)
{
	bool first = true;

	if (t->number > 0) { /* MAIL was said ahead */
		if (!finish(t, meanwhile, ctx, e))
			return false;
		first = false;
	}
	for (; !t->stop && envelope_count(t->v, RCPT_OPEN) > 0; first = false) {
		if (!may_go_on(t, first, e))
			return false;
		if (t->d->again)
			break;
		if (!say_envelope(t, e) || !finish(t, meanwhile, ctx, e))
			return false;
	}
	return true;
}
