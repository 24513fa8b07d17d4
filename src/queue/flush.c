#include "queue/flush.h"

#include <time.h>

#include "base/log.h"
#include "base/signals.h"
#include "config/choose.h"
#include "config/keys.h"
#include "config/set.h"
#include "deliver/deliver.h"
#include "queue/settle.h"

struct runner {
	struct flush    *f;
	size_t           at;     /* of the work that is to be begun next */
	struct attempt   pair[2];/* the present one, and the next */
	unsigned         now;    /* which of them is the present one */
	bool             begun;  /* the next one is locked, and its message was read */
	bool             ended;  /* no memory: why_ended */
	struct err       why_ended;
	/* the account that `who` and `to` are for */
	const char      *route; /* borrowed from the work; NULL: none */
	struct options   o;     /* the account, and its configuration */
	struct sender    who;
	struct smarthost to;
	bool             failed; /* the account or its smarthost does not work: `why` */
	bool             barred; /* and it is the configuration that is at fault */
	struct err       why;
};

/* ---- the account --------------------------------------------------------------------------------- */

static void leave_route(struct runner *r)
{
	smarthost_free(&r->to);
	r->to = (struct smarthost){ .a = NULL };
	sender_free(&r->who);
	r->route = NULL;
	r->failed = r->barred = false;
}

/* Chooses the account as it is configured now.  A failure holds for all entries with this route. */
static void enter_route(struct runner *r, const char *route, const struct entry *x)
{
	struct err why;

	if (r->route != NULL && strcmp(r->route, route) == 0)
		return;
	leave_route(r);
	r->route = route;
	r->o = (struct options){ .config_file = x->config, .account = x->account };
	sender_begin(&r->who, &r->o);
	r->failed = !(sender_load(&r->who, &why) && sender_choose(&r->who, NULL, &why)
		      && smarthost_ready(&r->to, r->who.a, &why));
	if (r->failed)
		r->why = why;
	r->barred = r->failed && why.stage == ST_CONFIG;
	if (r->failed && r->who.a == NULL) /* which has the log */
		log_warn("the account %s cannot be used, so its messages wait: %s", x->account, why.say);
	r->o.config_file = r->o.account = NULL; /* they belong to this entry */
}

/* "key=value" */
static bool set_wish(struct account *a, const char *setting, struct err *e)
{
	size_t len = strcspn(setting, "=");
	const struct key *k = key_find(setting, len);

	if (k == NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "there is no key for %s, which is in the queue file", setting);
	return key_set(a, k, setting + len + 1, k->name, ST_CONFIG, e);
}

/* The entry's own wishes count for this message alone: the connection does not depend on them. */
static bool set_wishes(struct attempt *t, const struct sender *who, struct err *e)
{
	struct account own = { .name = NULL };
	bool ok = account_begin(&own, e);

	t->a = *who->a;
	t->who.a = &t->a;
	t->x.asked = &t->a.wishes;
	own.wishes = t->a.wishes;
	for (size_t i = 0; ok && i < t->h.x.settings.n; i++)
		ok = set_wish(&own, t->h.x.settings.items[i], e);
	t->a.wishes = own.wishes;
	account_free(&own);
	return ok && (t->h.x.settings.n == 0 || conf_check(&who->conf, &t->a, e));
}

/* ---- one entry ----------------------------------------------------------------------------------- */

/* Between two transactions: what the server has taken is recorded before it gets more. */
static bool note_progress(void *ctx, struct err *e)
{
	return attempt_record_sent(ctx, e);
}

/* Is the entry fit for a try?  If not, it is left as it is. */
static bool is_fit(struct runner *r, struct attempt *t)
{
	struct err why;

	if (r->failed || t->barred || (attempt_load(t, &why) && (t->h.x.v.n == 1 || held_reserve(&t->h, &why))))
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
	submission_begin(&t->x);
	t->x.delivery.progress = note_progress;
	t->x.delivery.ctx = t;
	if (found != HELD_FOUND)
		return due_pass_over(r->f, found, e);
	if (!due_has(r->f, d, &t->h)) /* another flush has tried it meanwhile */
		return true;
	enter_route(r, d->route, &t->h.x);
	t->who = r->who;
	t->barred = r->barred || (r->who.a != NULL && !set_wishes(t, &r->who, &t->why));
	t->x.age_s = time(NULL) - t->h.x.created;
	t->x.held_before = true;
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

static void end_try(struct attempt *t)
{
	submission_free(&t->x);
	held_release(&t->h);
	*t = (struct attempt){ .h = { .fd = -1 } };
}

/* ---- one after the other ------------------------------------------------------------------------- */

/* Begins the next entry of the work that can be tried, of this route only (NULL: of any).  r->begun unset: there is none. */
static bool begin_next(struct runner *r, struct attempt *t, const char *route, struct err *e)
{
	bool ok = true;

	while (ok && !r->begun && r->at < r->f->n && !signals_stopping()
	       && (route == NULL || strcmp(r->f->work[r->at].route, route) == 0)) {
		ok = begin_try(r, &r->f->work[r->at++], t, &r->begun, e);
		if (!r->begun)
			end_try(t);
	}
	return ok;
}

/* For deliver(): locks the next entry while the present one waits for its answer.  One that is over is not sent. */
static struct submission *next_entry(void *ctx)
{
	struct runner *r = ctx;
	struct attempt *t = &r->pair[1 - r->now];

	if (r->pair[r->now].h.x.alone || (r->at < r->f->n && r->f->work[r->at].alone))
		return NULL;
	r->ended = !begin_next(r, t, r->route, &r->why_ended);
	return r->begun && !t->ok && !t->barred ? &t->x : NULL;
}

/* If the smarthost does not work, or was found not to, t->why says so.  True: each recipient has its own result. */
static bool send_it(struct runner *r, struct attempt *t)
{
	const struct deliver_next next = { next_entry, r };
	bool ok;

	if (r->failed)
		t->why = r->why;
	if (r->failed || t->barred)
		return false;
	smarthost_restart_clock(&r->to);
	ok = deliver(&r->to, &t->x, &next, &t->why);
	if (!ok && t->why.stage < ST_MAIL && !err_is_final(&t->why)) { /* the smarthost, not this message */
		r->failed = true;
		r->why = t->why;
	}
	return ok;
}

static bool try_entry(struct runner *r, struct attempt *t, struct err *e)
{
	bool ok;

	if (t->ok)
		return attempt_settle(t, e);
	t->whole = !send_it(r, t);
	ok = finish_try(r, t, e);
	if (ok && r->ended)
		*e = r->why_ended;
	return ok && !r->ended;
}

static bool run(struct runner *r, struct err *e)
{
	bool ok = true;

	for (; ok && !signals_stopping(); r->now = 1 - r->now) {
		struct attempt *t = &r->pair[r->now];

		if (!begin_next(r, t, NULL, e))
			return false;
		if (!r->begun)
			break;
		r->begun = false;
		ok = try_entry(r, t, e);
		end_try(t);
	}
	return ok;
}

bool flush_run(struct flush *f, struct err *e)
{
	struct runner r = { .f = f, .pair = { { .h = { .fd = -1 } }, { .h = { .fd = -1 } } } };
	bool ok;

	spool_tidy(f->s);
	ok = due_find(f, e) && run(&r, e);
	end_try(&r.pair[0]); /* after a stop signal, one that was begun ahead */
	end_try(&r.pair[1]);
	leave_route(&r);
	due_free(f);
	return ok;
}
