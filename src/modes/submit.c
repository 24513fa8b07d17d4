#include "modes/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/signals.h"
#include "base/trace.h"
#include "config/choose.h"
#include "config/dump.h"
#include "deliver/report.h"
#include "modes/mode.h"
#include "queue/background.h"
#include "queue/bounce.h"
#include "queue/keep.h"

static bool check_usage(const struct options *o, struct err *e)
{
	if (o->recipients_in_header || o->n_recipients > 0)
		return true;
	fail(e, ST_USAGE, FATE_PERM, "no recipients were given");
	return err_hint(e, "name them as arguments, or use -t to take them from the message");
}

static bool read_message(struct work *w, struct err *e)
{
	bool dot_ends = !w->o->ignore_dots && isatty(STDIN_FILENO);
	struct message *m = &w->x.m;

	if (!w->had_stdin)
		return fail(e, ST_INPUT, FATE_TEMP, "standard input is closed, so there is no message to send");
	if (!message_read(m, STDIN_FILENO, dot_ends, e))
		return false;
	if (w->o->recipients_in_header && m->head.len == 0 && m->body.len == 0 && m->fd < 0)
		return fail(e, ST_INPUT, FATE_PERM, "the message is empty, so -t finds no recipients in it");
	return true;
}

/* Fixes the head and takes the recipients from it. */
static bool clean_up(struct work *w, struct err *e)
{
	return sender_cleanup(&w->who, &w->x, w->o->recipients_in_header, e)
	    && (w->x.v.n > 0 || fail(e, ST_USAGE, FATE_PERM, "the message names no recipients"));
}

/* Is there a reason to connect?  Aliases refuse recipients before any server is asked. */
static bool anybody_left(const struct work *w)
{
	size_t open = envelope_count(&w->x.v, RCPT_OPEN);

	return w->who.a->wishes.require_all_recipients ? open == w->x.v.n : open > 0;
}

/* If the message cannot be kept, it is sent at once: then the verdict is the exit status. */
static bool kept(struct work *w)
{
	char text[ERR_TEXT];
	struct err why;

	if (keep(&w->who, &w->x, "", w->kept, &why))
		return true;
	log_warn("the message is sent at once, since it cannot be kept: %s", err_text(&why, text));
	return false;
}

static bool send_message(struct work *w, struct err *e)
{
	const char *why_not;
	bool ok;

	w->complete = true;
	if (!anybody_left(w) || (keep_first(&w->who) && kept(w)))
		return true;
	if (!smarthost_ready(&w->to, w->who.a, e))
		return false;
	w->who.a->wishes.hold_here = keep_allowed(&w->who, &why_not);
	secret_params_wipe(&w->who.a->secret); /* there is only this one message */
	ok = deliver(&w->to, &w->x, NULL, e);
	smarthost_disconnect(&w->to);
	return ok;
}

static bool steps(struct work *w, struct err *e)
{
	return check_usage(w->o, e) && sender_load(&w->who, e) && read_message(w, e)
	    && sender_address(&w->who, &w->x, e) && clean_up(w, e)
	    && rendition_begin(&w->x.r, &w->x.m, NULL, e) /* fails before connecting, if no server can take the message */
	    && send_message(w, e);
}

/* ---- the end ------------------------------------------------------------------------------------ */

/* Does *e repeat a refusal that is printed with its recipients?  Then it is not printed on its own. */
static bool told_with_recipients(const struct envelope *v, const struct err *e)
{
	for (size_t i = 0; i < v->n; i++)
		if (rcpt_failed(&v->rcpts[i]) && e->code != 0 && v->rcpts[i].code == e->code
		    && v->rcpts[i].stage == e->stage)
			return true;
	return false;
}

/* Keeps the message for those that may still get it.  `why`: what went wrong. */
static bool keep_rest(struct work *w, bool ok, const struct err *why)
{
	char how[ERR_TEXT];
	const char *why_not;
	struct err e;

	if (!w->complete || !keep_worth(&w->x.v) || signals_stopping() || (!ok && err_is_final(why))
	    || keep_in_vain(&w->who, &w->x.v))
		return false;
	if (!keep_allowed(&w->who, &why_not)) {
		if (why_not != NULL)
			log_warn("the message is not kept in the queue: %s", why_not);
		return false;
	}
	if (keep(&w->who, &w->x, err_text(why, how), w->kept, &e))
		return true;
	log_warn("the message could not be kept in the queue: %s", err_text(&e, how));
	return false;
}

/* Some callers take any output for a failure, so it is only for people. */
static void tell_kept(const struct work *w, const struct err *why)
{
	if (w->o->verbose > 0 || isatty(STDERR_FILENO))
		report_kept(w->kept, why);
}

/* What was kept without a try is due, and after a message that went through, what waits may go through, too. */
static bool starts_flush(const struct work *w, bool sent)
{
	if (w->o->delivery == DELIVERY_QUEUE || w->who.a == NULL)
		return false;
	return keep_first(&w->who) || (sent && w->kept[0] == '\0');
}

static int conclude(struct work *w, bool ok, struct err *e)
{
	const struct submission *x = &w->x;
	struct circumstances c = circumstances_of(&w->who, &w->to, x);
	struct err why = { .stage = ST_INTERNAL };
	bool sent = ok, all = ok && transaction_verdict(&x->v, &why);
	int status;

	if (!ok)
		why = *e;
	if (!all && keep_rest(w, ok, &why))
		ok = true;
	bounce_relayed(&w->who, &w->x);
	if (w->kept[0] != '\0')
		tell_kept(w, all ? NULL : &why);
	if (!ok && !told_with_recipients(&x->v, e)) {
		hint_add(e, &c);
		report_error(e);
	}
	report_refusals(&x->v, &c);
	report_others(&x->v, ok ? NULL : e);
	if (ok)
		ok = transaction_verdict(&x->v, e);
	status = ok ? 0 : err_exit_status(e);
	trace_note(w->to.io.flights, "exit status %d (%s)%s%s", status, err_status_name(status),
		   sent && x->delivery.queue_id[0] != '\0' ? ", queue id " : "", x->delivery.queue_id);
	deliver_log(&w->who, &w->to, x, ok && w->kept[0] != '\0' && !all ? &why : ok ? NULL : e,
		    w->kept[0] != '\0' ? w->kept : NULL, status);
	if (starts_flush(w, sent))
		background_flush(&w->who);
	return status;
}

int submit(const struct options *o, bool had_stdin)
{
	return mode_run(o, had_stdin, steps, conclude);
}

/* ---- -bv ----------------------------------------------------------------------------------------- */

/* An address in UTF-8 may hold C1 controls, on which a terminal acts; so it is made printable. */
static void show(const char *before, const char *address, const char *after)
{
	char shown[4 * ADDRESS_MAX];

	printable(shown, sizeof shown, address, strlen(address), false);
	printf("%s%s%s", before, shown, after);
}

/* In sendmail's words for -bv. */
static void show_route(const struct account *a, const struct envelope *v, const struct rcpt *r)
{
	const struct net_params *net = &a->net;

	show("", r->original != NULL ? r->original : r->address, "... deliverable: account ");
	printf("%s, host ", a->name);
	for (size_t i = 0; net->socket == NULL && i < net->hosts.n; i++)
		printf("%s%s", i == 0 ? "" : "|", net->hosts.items[i]);
	if (net->socket != NULL)
		printf("%s", net->socket);
	else
		printf(":%u", net->port);
	show(", sender ", v->sender[0] == '\0' ? "<>" : v->sender, "");
	show(", user ", r->address, "\n");
}

static bool verify(struct work *w, struct err *e)
{
	struct envelope *v = &w->x.v;

	if (!check_usage(w->o, e) || !sender_load(&w->who, e) || (w->o->recipients_in_header && !read_message(w, e))
	    || !sender_address(&w->who, &w->x, e) || !clean_up(w, e))
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (!rcpt_failed(&v->rcpts[i])) {
			v->rcpts[i].state = RCPT_DONE;
			show_route(w->who.a, v, &v->rcpts[i]);
		}
	return true;
}

static int conclude_verify(struct work *w, bool ok, struct err *e)
{
	struct circumstances c = circumstances_of(&w->who, &w->to, &w->x);

	if (!ok)
		report_error(e);
	report_refusals(&w->x.v, &c);
	return ok && transaction_verdict(&w->x.v, e) ? 0 : err_exit_status(e);
}

int submit_verify(const struct options *o, bool had_stdin)
{
	return mode_run(o, had_stdin, verify, conclude_verify);
}

/* ---- --dump-config ------------------------------------------------------------------------------- */

static bool dump(struct work *w, struct err *e)
{
	char why[WHY_MAX];

	if (!sender_load(&w->who, e) || !sender_choose(&w->who, w->o->sender, e))
		return false;
	conf_why(&w->who.conf, w->o->account, w->o->sender, w->who.a, why);
	dump_sources(&w->who.conf, w->who.a, why, stdout);
	return dump_account(w->who.a, stdout, e);
}

int submit_dump_config(const struct options *o)
{
	return mode_run(o, false, dump, NULL);
}
