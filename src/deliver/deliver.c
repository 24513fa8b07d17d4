#include "deliver/deliver.h"

#include <time.h>

#include "deliver/report.h"
#include "smtp/negotiate.h"

struct attempt {
	struct submission   *x;
	const struct wishes *w;
	struct needs         n; /* in the present session */
};

static bool fits(void *ctx, struct session *s, struct err *e)
{
	struct attempt *t = ctx;
	struct submission *x = t->x;

	return negotiate(s, &x->v, &x->m, t->w, &t->n, &x->r, e);
}

/* A session that was used before may not do for this message; then another endpoint may. */
static bool find_session(struct smarthost *h, struct attempt *t, struct err *e)
{
	if (smarthost_usable(h)) {
		if (fits(t, &h->s, e))
			return true;
		if (h->n_servers == 1)
			return false;
	}
	smarthost_disconnect(h);
	return smarthost_connect(h, fits, t, e);
}

bool deliver(struct smarthost *h, struct submission *x, struct err *e)
{
	struct attempt t = { .x = x, .w = &h->a->wishes };
	bool ok;

	if (!wishes_agree(t.w, esmtp_is_bounce(&x->v), time(NULL), e))
		return false;
	do {
		ok = find_session(h, &t, e) && transaction_send(&h->s, &x->v, &x->r, &t.n, &x->delivery, e);
		if (!ok || x->delivery.again)
			smarthost_disconnect(h);
	} while (ok && x->delivery.again);
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
		.note = who->conf.note, .kept = kept, .e = e != NULL ? &hinted : NULL, .duration_ms = clock_ms() - x->began, .status = status,
		.wants_tls = a->tls.on, .wants_auth = a->auth.wanted });
}
