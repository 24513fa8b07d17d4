#include "modes/check.h"

#include "base/steps.h"
#include "config/dump.h"
#include "deliver/report.h"
#include "modes/mode.h"
#include "modes/probe.h"
#include "smtp/negotiate.h"

static bool check_usage(const struct options *o, struct err *e)
{
	if (o->n_recipients > (o->address != NULL ? 1 : 0) || o->recipients_in_header) {
		fail(e, ST_USAGE, FATE_PERM, "--check sends no message, so it takes no recipients");
		return err_hint(e, "to ask the server about one address, write --check=ADDRESS");
	}
	if (o->address != NULL && o->address[0] == '\0')
		return fail(e, ST_USAGE, FATE_PERM, "the address of --check is empty");
	return true;
}

/* ---- the configuration --------------------------------------------------------------------------- */

static const char *tls_words(const struct account *a)
{
	return !a->tls.on ? "without TLS" : a->tls.starttls ? "with STARTTLS" : "with TLS from the start";
}

static void tell_server(const struct account *a)
{
	const struct net_params *net = &a->net;

	for (size_t i = 0; i < net->hosts.n && net->socket == NULL; i++)
		step_fact(ST_CONFIG, "server %zu is %s, port %u, %s", i + 1, net->hosts.items[i], net->port, tls_words(a));
	if (net->socket != NULL)
		step_fact(ST_CONFIG, "the server is at %s, %s", net->socket, tls_words(a));
}

/* A recipient that we refuse ourselves: an alias says so, or it is no address. */
static void tell_barred(const struct envelope *v, const struct rcpt *r)
{
	struct err why;

	transaction_refusal(r, v->sender, &why);
	step_error(&why);
}

static bool configure(struct work *w, struct err *e)
{
	if (!check_usage(w->o, e) || !sender_load(&w->who, e) || !sender_address(&w->who, &w->x, e))
		return false;
	dump_places(w->who.a);
	tell_server(w->who.a);
	step_fact(ST_CONFIG, "the sender is <%s>, from %s", w->x.v.sender, sender_origin_name(w->x.origin));
	for (size_t i = 0; i < w->x.v.n; i++)
		if (rcpt_failed(&w->x.v.rcpts[i]))
			tell_barred(&w->x.v, &w->x.v.rcpts[i]);
	return true;
}

/* ---- the envelope -------------------------------------------------------------------------------- */

static void tell_reply(const struct session *s, enum stage st, const char *address)
{
	const struct reply *r = &s->chat.reply;
	char words[1024];

	reply_quote(r->code, r->esc, r->text, words, sizeof words);
	if (reply_ok(r))
		step_ok(st, "<%s>: %s", address, words);
	else
		step_failed(st, "<%s>: %s", address, words);
}

/* If MAIL is refused, no recipient is asked about.  The refusals are with the recipients. */
static bool ask(struct transaction *t, struct err *e)
{
	struct envelope *v = t->v;

	if (!transaction_say_mail(t, e) || !transaction_hear_mail(t, e))
		return false;
	tell_reply(t->s, ST_MAIL, v->sender);
	for (size_t i = 0; !t->no_mail && i < v->n; i++) {
		if (v->rcpts[i].state != RCPT_OPEN)
			continue;
		if (!transaction_say_rcpt(t, i, e) || !transaction_hear_rcpt(t, i, e))
			return false;
		if (v->rcpts[i].state == RCPT_BARRED)
			tell_barred(v, &v->rcpts[i]);
		else
			tell_reply(t->s, ST_RCPT, v->rcpts[i].address);
	}
	return true;
}

struct plan {
	struct work *w; /* borrowed */
	struct needs n; /* of this server */
};

/* For smarthost_connect(): would a message be given to this server, or to the next? */
static bool fits(void *ctx, struct session *s, struct err *e)
{
	const struct facts nothing = { .bytes = 0 };
	struct plan *plan = ctx;

	esmtp_needs(&plan->n, &plan->w->who.a->wishes, &plan->w->x.v, &nothing);
	return negotiate_envelope(s, &plan->n, e);
}

static bool envelope(struct plan *plan, struct err *e)
{
	struct work *w = plan->w;
	struct transaction t;
	bool ok;

	if (envelope_count(&w->x.v, RCPT_OPEN) == 0) /* none was asked for, or we refuse it ourselves */
		return true;
	transaction_begin(&t, &w->to.s, &w->x.v, &w->x.r, &plan->n, &w->x.delivery);
	ok = ask(&t, e) && transaction_abandon(&t, e);
	if (ok)
		step_say("rset", "ok", "the transaction is given up: nothing was sent");
	transaction_end(&t);
	return ok;
}

/* ---- the steps ----------------------------------------------------------------------------------- */

/* A failure is told here, but for those of smarthost_connect(), which tells the failure of each server. */
static bool told(bool ok, const struct err *e)
{
	if (!ok)
		step_error(e);
	return ok;
}

static bool connect_and_ask(struct work *w, struct err *e)
{
	struct plan plan = { .w = w };
	bool ok;

	if (!smarthost_connect(&w->to, fits, &plan, e)) {
		probe_server(&w->to, e);
		return false;
	}
	ok = told(envelope(&plan, e), e);
	smarthost_disconnect(&w->to);
	return ok;
}

static bool steps(struct work *w, struct err *e)
{
	if (!told(configure(w, e) && smarthost_ready(&w->to, w->who.a, e), e))
		return false;
	secret_params_wipe(&w->who.a->secret);
	return connect_and_ask(w, e);
}

static int conclude(struct work *w, bool ok, struct err *e)
{
	struct circumstances c = circumstances_of(&w->who, &w->to, &w->x);

	if (!ok) {
		hint_add(e, &c);
		report_error(e);
	}
	report_refusals(&w->x.v, &c);
	if (!ok || !transaction_verdict(&w->x.v, e))
		return err_exit_status(e);
	step_say("result", "ok", "%s would take a message%s; nothing was sent", w->to.host,
		 w->o->address != NULL ? " for this address" : "");
	return 0;
}

int check(const struct options *o)
{
	steps_start();
	return mode_run(o, false, steps, conclude);
}
