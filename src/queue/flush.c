#include "queue/flush.h"

#include <stdlib.h>
#include <time.h>

#include "base/signals.h"
#include "deliver/deliver.h"
#include "queue/settle.h"

struct runner {
	struct flush    *f;
	/* the account that `who` and `to` are for */
	const char      *route; /* borrowed from the work; NULL: none */
	struct options   o;     /* of the entry: account, configuration, wishes */
	struct setting  *settings;
	struct strlist   texts;
	struct sender    who;
	struct smarthost to;
	bool             failed; /* the account or its smarthost does not work: `why` */
	struct err       why;
};

/* ---- the account --------------------------------------------------------------------------------- */

static void leave_route(struct runner *r)
{
	smarthost_free(&r->to);
	r->to = (struct smarthost){ .a = NULL };
	sender_free(&r->who);
	free(r->settings);
	r->settings = NULL;
	strlist_free(&r->texts);
	r->route = NULL;
	r->failed = false;
}

static bool set_options(struct runner *r, const struct entry *x, struct err *e)
{
	if (!strlist_copy(&r->texts, &x->settings, e))
		return false;
	r->settings = calloc(x->settings.n + 1, sizeof *r->settings);
	if (r->settings == NULL)
		return fail_memory(e);
	r->o = (struct options){ .config_file = x->config, .account = x->account, .settings = r->settings };
	for (size_t i = 0; i < r->texts.n; i++) {
		char *value = strchr(r->texts.items[i], '=');

		*value++ = '\0';
		opts_add_setting(&r->o, r->texts.items[i], value);
	}
	return true;
}

/* Chooses the account as it is configured now.  A failure holds for all entries with this route. */
static void enter_route(struct runner *r, const char *route, const struct entry *x)
{
	struct err why;

	if (r->route != NULL && strcmp(r->route, route) == 0)
		return;
	leave_route(r);
	r->route = route;
	sender_begin(&r->who, &r->o);
	r->failed = !(set_options(r, x, &why) && sender_load(&r->who, &why) && sender_choose(&r->who, NULL, &why)
		      && smarthost_ready(&r->to, r->who.a, &why));
	if (r->failed)
		r->why = why;
	r->o.config_file = r->o.account = NULL; /* they belong to this entry */
}

/* ---- one entry ----------------------------------------------------------------------------------- */

/* deliver_by counts from the first submission. */
static void age_wishes(struct wishes *w, int64_t age)
{
	if (w->by.wanted && age > 0)
		w->by.seconds -= age;
}

/* Between two transactions: what the server has taken is recorded before it gets more. */
static bool note_progress(void *ctx, struct err *e)
{
	return attempt_record_sent(ctx, e);
}

/* If the smarthost does not work, or was found not to, *why says so.  True: each recipient has its own result. */
static bool send_it(struct runner *r, struct attempt *t, struct err *why)
{
	struct submission *x = &t->x;
	struct wishes was;
	bool ok;

	if (r->failed) {
		*why = r->why;
		return false;
	}
	smarthost_restart_clock(&r->to);
	was = r->who.a->wishes;
	age_wishes(&r->who.a->wishes, time(NULL) - t->h.x.created);
	x->delivery.progress = note_progress;
	x->delivery.ctx = t;
	ok = deliver(&r->to, x, why);
	x->delivery.ctx = NULL;
	r->who.a->wishes = was;
	if (!ok && why->stage < ST_MAIL && !err_is_final(why)) { /* the smarthost, not this message */
		r->failed = true;
		r->why = *why;
	}
	return ok;
}

/* Is the entry fit for a try?  If not, it is left as it is. */
static bool is_fit(struct runner *r, struct attempt *t)
{
	struct err why;

	if (r->failed || (attempt_load(t, &why) && (t->h.x.v.n == 1 || held_reserve(&t->h, &why))))
		return true;
	due_note_alien(r->f, &why);
	r->f->late = true;
	return false;
}

/* Locks and reads the entry, and chooses its account.  *begun unset: it is not tried now.  False: no memory. */
static bool begin_try(struct runner *r, const struct due *d, struct attempt *t, bool *begun, struct err *e)
{
	enum held_found found = held_take(r->f->s, d->id, true, &t->h, e);

	*begun = false;
	t->f = r->f;
	t->who = &r->who;
	submission_begin(&t->x);
	if (found != HELD_FOUND)
		return due_pass_over(r->f, found, e);
	if (!due_has(r->f, d, &t->h)) /* another flush has tried it meanwhile */
		return true;
	enter_route(r, d->route, &t->h.x);
	t->ok = entry_open(&t->h.x) == 0; /* it could only not be removed */
	*begun = t->ok || is_fit(r, t);
	if (*begun) {
		t->x.v = t->h.x.v; /* moved */
		t->h.x.v = (struct envelope){ .n = 0 };
	}
	return true;
}

static void log_try(struct runner *r, const struct attempt *t)
{
	struct peer peer;

	if (r->who.a == NULL)
		return;
	peer_name(&peer, (uid_t)t->h.x.uid);
	r->who.peer = t->h.x.has_uid ? &peer : NULL;
	deliver_log(&r->who, &r->to, &t->x, t->ok ? NULL : &t->why, t->h.id, t->ok ? 0 : err_exit_status(&t->why));
	r->who.peer = NULL;
}

static bool finish_try(struct runner *r, struct attempt *t, struct err *e)
{
	t->ok = !t->whole && transaction_verdict(&t->x.v, &t->why);
	r->f->person |= !t->ok && err_needs_person(&t->why);
	log_try(r, t);
	return attempt_settle(t, e);
}

static bool try_entry(struct runner *r, const struct due *d, struct err *e)
{
	struct attempt t = { .ok = false };
	bool begun, ok = begin_try(r, d, &t, &begun, e);

	if (ok && begun && t.ok) {
		ok = attempt_settle(&t, e);
	} else if (ok && begun) {
		t.whole = !send_it(r, &t, &t.why);
		ok = finish_try(r, &t, e);
	}
	submission_free(&t.x);
	held_release(&t.h);
	return ok;
}

bool flush_run(struct flush *f, struct err *e)
{
	struct runner r = { .f = f };
	bool ok;

	spool_tidy(f->s);
	ok = due_find(f, e);
	for (size_t i = 0; ok && i < f->n && !signals_stopping(); i++)
		ok = try_entry(&r, &f->work[i], e);
	leave_route(&r);
	due_free(f);
	return ok;
}
