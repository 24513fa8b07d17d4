#include "deliver/deliver.h"

#include <errno.h>
#include <time.h>

#include "base/signals.h"
#include "deliver/report.h"
#include "smtp/negotiate.h"
#include "smtp/transfer.h"

struct attempt {
	struct smarthost          *h;
	struct submission         *x;
	const struct deliver_next *next;
	struct needs               n; /* in the present session */
};

/* ---- the wishes ---------------------------------------------------------------------------------- */

/* False: they do not agree. */
static bool wish(const struct smarthost *h, struct submission *x, struct err *e)
{
	x->wishes = x->asked != NULL ? *x->asked : h->a->wishes;
	if (x->wishes.by.wanted && x->age_s > 0)
		x->wishes.by.seconds -= x->age_s;
	if (x->held_before) {
		x->wishes.hold_for = 0;
		x->wishes.hold_until = 0;
	}
	return wishes_agree(&x->wishes, esmtp_is_bounce(&x->v), time(NULL), e);
}

/* ---- the session --------------------------------------------------------------------------------- */

static bool fits(void *ctx, struct session *s, struct err *e)
{
	struct attempt *t = ctx;
	struct submission *x = t->x;

	return negotiate(s, &x->v, &x->m, &x->wishes, &t->n, &x->r, e);
}

/* A session that was used before may not do for this message; then another endpoint may. */
static bool find_session(struct attempt *t, struct err *e)
{
	struct smarthost *h = t->h;

	if (smarthost_usable(h)) {
		if (fits(t, &h->s, e))
			return true;
		if (h->n_servers == 1)
			return false;
	}
	smarthost_disconnect(h);
	return smarthost_connect(h, fits, t, e);
}

/* ---- one after the other ------------------------------------------------------------------------- */

static bool begin(struct attempt *t, struct transaction *to, struct err *e)
{
	struct submission *x = t->x;

	return transfer_begin(to, &t->h->s, &x->v, &x->r, &t->n, &x->delivery, e);
}

/* Nothing can be asked of the server now: EHLO may not follow the end of a message. */
static bool fits_now(struct attempt *t, struct err *e)
{
	struct submission *x = t->x;

	esmtp_needs(&t->n, &x->wishes, &x->v, &x->m.facts);
	return negotiate_knows(&t->h->s, &t->n) && fits(t, &t->h->s, e);
}

/* Says MAIL and RCPT of the next submission.  What goes wrong is found again in its turn. */
static void say_next(void *ctx)
{
	const struct attempt *now = ctx;
	struct attempt t = { .h = now->h };
	struct err unheard;

	if (!smarthost_usable(t.h))
		return;
	t.x = now->next->get(now->next->ctx);
	if (t.x == NULL || !wish(t.h, t.x, &unheard) || !fits_now(&t, &unheard))
		return;
	if (!(begin(&t, &t.x->t, &unheard) && transfer_say_ahead(&t.x->t, &unheard)) && t.x->t.number == 0)
		transaction_end(&t.x->t);
}

/* What a session that has ended said of this message means nothing, but for the answers about single recipients. */
static void take_back(struct submission *x)
{
	transaction_end(&x->t);
	for (size_t i = 0; i < x->v.n; i++) {
		struct rcpt *r = &x->v.rcpts[i];

		r->asked = false;
		if (r->state == RCPT_TAKEN || (r->state == RCPT_DEFERRED && r->code == 421)) {
			r->state = RCPT_OPEN;
			r->code = 0;
		}
	}
}

/* Was MAIL said ahead, in the present session?  If that one has ended, the message has not been tried. */
static bool is_ahead(const struct smarthost *h, struct submission *x)
{
	if (x->t.s != NULL && !(h->open && !h->s.chat.broken))
		take_back(x);
	return x->t.s != NULL;
}

/* In one session.  *anew: it ended before it had got any text of the message, and not because of the message, as it seems. */
static bool run(struct attempt *t, bool *anew, struct err *e)
{
	struct smarthost *h = t->h;
	struct transaction *to = &t->x->t;
	bool ahead = is_ahead(h, t->x), reused = ahead, ok;

	if (!ahead && !find_session(t, e))
		return false;
	reused = reused || h->s.mails > 0;
	ok = (ahead || begin(t, to, e)) && transfer_run(to, t->next == NULL ? NULL : say_next, t, e);
	*anew = !ok && reused && h->s.chat.broken && !to->text_sent && e->sys != ETIMEDOUT && !signals_stopping();
	transaction_end(to);
	if (!ok || t->x->delivery.again)
		smarthost_disconnect(h);
	return ok;
}

bool deliver(struct smarthost *h, struct submission *x, const struct deliver_next *next, struct err *e)
{
	struct attempt t = { .h = h, .x = x, .next = next };
	bool ok, anew;

	if (x->t.s == NULL && !wish(h, x, e))
		return false;
	do {
		anew = false;
		ok = run(&t, &anew, e);
		if (anew)
			take_back(x);
	} while (anew || (ok && x->delivery.again));
	h->idle = clock_ms();
	return ok;
}

void deliver_log(const struct sender *who, const struct smarthost *h, const struct submission *x, const struct err *e,
		 const char *kept, int status)
{
	const struct account *a = who->a;
	struct circumstances c;
	struct err hinted;

	if (a == NULL)
		return;
	if (e != NULL) {
		hinted = *e;
		c = circumstances_of(who, h, x);
		hint_add(&hinted, &c);
	}
	report_log(&a->log, &(struct outcome){
		.host = h->host, .session = h->reached ? &h->s : NULL, .v = &x->v, .m = &x->m,
		.size = x->r.m != NULL ? x->r.facts.bytes : x->m.facts.bytes,
		.delivery = &x->delivery, .user = a->auth.wanted ? a->auth.user : NULL, .peer = who->peer,
		.note = who->conf.note, .kept = kept, .e = e != NULL ? &hinted : NULL, .duration_ms = clock_ms() - x->began,
		.status = status,
		.wants_tls = a->tls.on, .wants_auth = a->auth.wanted });
}
