#include "deliver/deliver.h"

#include "deliver/report.h"
#include "smtp/negotiate.h"

static bool send_in_session(struct smarthost *h, struct submission *x, struct err *e)
{
	struct needs n;

	return negotiate(&h->s, &x->v, &x->m, &h->a->wishes, &n, &x->r, e)
	    && transaction_send(&h->s, &x->v, &x->r, &n, &x->delivery, e);
}

bool deliver(struct smarthost *h, struct submission *x, struct err *e)
{
	bool ok;

	do {
		if (!smarthost_usable(h)) {
			smarthost_disconnect(h);
			if (!smarthost_connect(h, e))
				return false;
		}
		ok = send_in_session(h, x, e);
		if (!ok || x->delivery.again)
			smarthost_disconnect(h);
	} while (ok && x->delivery.again);
	h->idle = clock_ms();
	return ok;
}

void deliver_log(const struct sender *who, const struct smarthost *h, const struct submission *x, const struct err *e,
		 int status)
{
	const struct account *a = who->a;

	if (a == NULL)
		return;
	report_log(&a->log, &(struct outcome){
		.host = h->host, .session = h->reached ? &h->s : NULL, .v = &x->v, .m = &x->m,
		.size = x->r.m != NULL ? x->r.facts.bytes : x->m.facts.bytes,
		.delivery = &x->delivery, .user = a->auth.wanted ? a->auth.user : NULL,
		.note = who->conf.note, .e = e, .duration_ms = clock_ms() - x->began, .status = status });
}
