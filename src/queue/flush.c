#include "queue/flush.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/array.h"
#include "base/log.h"
#include "base/random.h"
#include "base/signals.h"
#include "deliver/deliver.h"
#include "queue/bounce.h"
#include "queue/keep.h"

struct job { /* an entry that is due */
	char    *route; /* owned: the account, with the configuration and the wishes that it is found by */
	unsigned tries;
	char     id[SPOOL_ID];
};

struct runner {
	struct flush    *f;
	struct job      *jobs; /* owned array */
	size_t           n;
	/* the account that `who` and `to` are for */
	const char      *route; /* borrowed from a job; NULL: none */
	struct options   o;     /* of the entry: account, configuration, wishes */
	struct setting  *settings;
	struct strlist   texts;
	struct sender    who;
	struct smarthost to;
	bool             failed; /* the account or its smarthost does not work: `why` */
	struct err       why;
};

/* ---- what is due --------------------------------------------------------------------------------- */

static char *route_of(const struct entry *x, struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, 1024 * 1024, "the settings of a queue file");
	bool ok = buf_printf(&text, e, "%s\n%s", x->account, x->config == NULL ? "" : x->config);
	char *copy;

	for (size_t i = 0; ok && i < x->settings.n; i++)
		ok = buf_printf(&text, e, "\n%s", x->settings.items[i]);
	copy = ok ? str_dup(buf_text(&text), e) : NULL;
	buf_free(&text);
	return copy;
}

static bool add_job(struct runner *r, const struct held *h, struct err *e)
{
	struct job *jobs = array_grow(r->jobs, r->n, sizeof *jobs, e);
	struct job j = { .tries = h->x.tries };

	if (jobs == NULL)
		return false;
	r->jobs = jobs;
	j.route = route_of(&h->x, e);
	if (j.route == NULL)
		return false;
	snprintf(j.id, sizeof j.id, "%s", h->id);
	r->jobs[r->n++] = j;
	return true;
}

/* If the clock has gone back since the last try, the time of the next one means nothing. */
static bool is_due(const struct entry *x, int64_t now)
{
	return !x->held && (x->due <= now || x->at > now);
}

static bool any_rcpt_has(const struct envelope *v, const char *text)
{
	for (size_t i = 0; i < v->n; i++)
		if (rcpt_is_open(&v->rcpts[i]) && strstr(v->rcpts[i].address, text) != NULL)
			return true;
	return false;
}

static bool is_chosen(const struct queue_choice *c, const struct held *h)
{
	bool has = c->what == 'I' ? strstr(h->id, c->text) != NULL
		 : c->what == 'S' ? strstr(h->x.v.sender, c->text) != NULL : any_rcpt_has(&h->x.v, c->text == NULL ? "" : c->text);

	return c->what == 0 ? is_due(&h->x, time(NULL)) : has != c->others;
}

static void note_alien(struct runner *r, const struct err *why)
{
	log_warn("%s; it is left as it is", why->say);
	r->f->person = true;
}

/* An entry that was not found, or cannot be read, does not hold the others up. */
static bool pass_over(struct runner *r, enum held_found found, const struct err *why)
{
	if (found == HELD_FAILED && why->stage != ST_SPOOL)
		return false; /* memory */
	if (found == HELD_ALIEN || found == HELD_FAILED)
		note_alien(r, why);
	return true;
}

static bool look(struct runner *r, const char *id, struct err *e)
{
	struct held h;
	enum held_found found = held_take(r->f->s, id, false, &h, e);
	bool ok = true;

	if (found != HELD_FOUND)
		return pass_over(r, found, e);
	if (is_chosen(r->f->choice, &h) && !h.x.held)
		ok = add_job(r, &h, e);
	else
		r->f->waiting++;
	held_release(&h);
	return ok;
}

static int by_route(const void *a, const void *b)
{
	const struct job *x = a, *y = b;
	int order = strcmp(x->route, y->route);

	if (order == 0)
		order = x->tries < y->tries ? -1 : x->tries > y->tries;
	return order != 0 ? order : strcmp(x->id, y->id);
}

static bool find_jobs(struct runner *r, struct err *e)
{
	struct strlist ids = { .n = 0 };
	bool ok = spool_list(r->f->s, &ids, NULL, e);

	for (size_t i = 0; ok && i < ids.n && !signals_stopping(); i++)
		ok = look(r, ids.items[i], e);
	strlist_free(&ids);
	if (r->n > 1)
		qsort(r->jobs, r->n, sizeof *r->jobs, by_route);
	return ok;
}

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

/* The wait after the n-th failure: doubled each time, and up to a quarter longer. */
static int64_t next_wait(const struct queue_retry *p, unsigned tries)
{
	uint64_t wait = p->first;
	uint32_t noise = 0;
	struct err unheard;

	for (; tries > 0 && wait < p->longest; tries--)
		wait *= 2;
	if (wait > p->longest)
		wait = p->longest;
	if (random_fill(&noise, sizeof noise, &unheard))
		wait += noise % (wait / 4 + 1);
	return (int64_t)wait;
}

/* deliver_by counts from the first submission. */
static void age_wishes(struct wishes *w, int64_t age)
{
	if (w->by.wanted && age > 0)
		w->by.seconds -= age;
}

static bool record(struct held *h, const struct envelope *v, int64_t due, const char *how, struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	bool ok = entry_put_try(&text, v, time(NULL), due, how, e) && held_record(h, &text, e);

	buf_free(&text);
	return ok;
}

/* Did somebody get the message of whom the entry does not know it? */
static bool anybody_new(const struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->rcpts[i].state == RCPT_DONE && !v->rcpts[i].past)
			return true;
	return false;
}

static bool record_sent(struct held *h, struct envelope *v, struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	bool ok = !anybody_new(v) || (entry_put_sent(&text, v, time(NULL), e) && held_record(h, &text, e));

	if (ok)
		entry_recorded(v);
	buf_free(&text);
	return ok;
}

struct attempt {
	struct held       *h;
	struct submission *x;
};

/* Between two transactions: what the server has taken is recorded before it gets more. */
static bool note_progress(void *ctx, struct err *e)
{
	struct attempt *t = ctx;

	return record_sent(t->h, &t->x->v, e);
}

/* Sends the message.  False: the message could not be sent, and *e says why.  True: each recipient has its own result. */
static bool try_it(struct runner *r, struct held *h, struct submission *x, struct err *e)
{
	struct attempt t = { h, x };
	struct wishes was;
	bool ok;

	if (r->failed) {
		*e = r->why;
		return false;
	}
	smarthost_restart_clock(&r->to);
	was = r->who.a->wishes;
	age_wishes(&r->who.a->wishes, time(NULL) - h->x.created);
	x->delivery.progress = note_progress;
	x->delivery.ctx = &t;
	ok = deliver(&r->to, x, e);
	x->delivery.ctx = NULL;
	r->who.a->wishes = was;
	if (!ok && e->stage < ST_MAIL && !err_is_final(e)) { /* the smarthost, not this message */
		r->failed = true;
		r->why = *e;
	}
	return ok;
}

/* Recipients that cannot get the message any more are settled: the server refused the message for good, or its time is over. */
static void give_up(struct envelope *v, const struct err *why)
{
	for (size_t i = 0; i < v->n; i++) {
		struct rcpt *r = &v->rcpts[i];

		if (!rcpt_is_open(r))
			continue;
		if (r->code == 0) {
			r->stage = why->stage;
			r->code = why->code;
			r->esc = why->esc;
			(void)rcpt_say(r, why->quote[0] != '\0' ? why->quote : why->say,
				       strlen(why->quote[0] != '\0' ? why->quote : why->say));
		}
		r->state = RCPT_REFUSED;
	}
}

static bool anybody_lost(const struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->rcpts[i].state != RCPT_DONE && !rcpt_is_open(&v->rcpts[i]))
			return true;
	return false;
}

/* Recipients whose end could not be reported still need the message. */
static void reopen(struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->rcpts[i].state != RCPT_DONE)
			v->rcpts[i].state = RCPT_OPEN;
}

static void warn(const struct held *h, const char *what, const struct err *why)
{
	log_warn("%s %s: %s%s%s", h->id, what, why->say, why->quote[0] == '\0' ? "" : ": ", why->quote);
}

/* If what the server has taken cannot be recorded, the next try would send it again: so there is none. */
static bool keep_record(struct runner *r, struct held *h, const struct envelope *v, int64_t due, const char *how, struct err *e)
{
	struct err why;

	if (record(h, v, due, how, &why))
		return true;
	if (!anybody_new(v)) {
		warn(h, "will be tried sooner than it should", &why);
		return true;
	}
	warn(h, "moves to the directory dead, since some recipients have it and this cannot be recorded", &why);
	r->f->person = true;
	return held_bury(r->f->s, h, e);
}

/* Into the directory dead.  mailq shows there why, and who did not get the message.  If there is no room for that, it moves, too. */
static bool bury(struct runner *r, struct held *h, struct envelope *v, const char *how, struct err *e)
{
	struct err why;

	reopen(v);
	if (how != NULL && !record(h, v, time(NULL), how, &why))
		warn(h, "moves to the directory dead without its last error", &why);
	else if (how != NULL)
		entry_recorded(v);
	return held_bury(r->f->s, h, e);
}

/* The entry is over.  how NULL: nothing was tried.  If its file cannot go, that is recorded, and the next flush tries again. */
static bool end(struct runner *r, struct held *h, struct envelope *v, bool told, const char *how, struct err *e)
{
	struct err why;

	r->f->ended++;
	r->f->person |= !told;
	if (told ? held_remove(r->f->s, h, &why) : bury(r, h, v, how, &why))
		return true;
	warn(h, "is over, but cannot be removed", &why);
	r->f->person = true;
	return keep_record(r, h, v, time(NULL), "over", e);
}

/* Some servers refuse the null sender.  A report then goes once more, with the account's address and NOTIFY=NEVER, so that no
 * report about it comes back (RFC 3461 4.1). */
static bool change_sender(struct runner *r, const struct held *h, const struct submission *x, struct err *e)
{
	struct entry copy = { .account = h->x.account, .config = h->x.config, .report = true, .created = h->x.created,
			      .has_uid = h->x.has_uid, .uid = h->x.uid };
	struct buf none = buf_max(ST_SPOOL, 0, "no record");
	char id[SPOOL_ID];
	bool ok = envelope_set_sender(&copy.v, bounce_from(&r->who, x), e);

	for (size_t i = 0; ok && i < x->v.n; i++) {
		ok = envelope_add_for(&copy.v, x->v.rcpts[i].address, x->v.rcpts[i].address, e);
		if (ok)
			copy.v.rcpts[copy.v.n - 1].notify = NOTIFY_NEVER;
	}
	ok = ok && spool_add(r->f->s, &copy, &x->m, &none, id, e);
	envelope_free(&copy.v);
	return ok;
}

static bool null_sender_refused(const struct runner *r, const struct held *h, const struct submission *x, const struct err *why)
{
	return h->x.report && x->v.sender[0] == '\0' && why != NULL && why->stage == ST_MAIL && err_is_final(why)
	    && bounce_from(&r->who, x)[0] != '\0';
}

static bool load(struct held *h, struct submission *x, struct err *e)
{
	return x->m.head.len > 0 || x->m.body.len > 0 || x->m.fd >= 0 || held_message(h, &x->m, e);
}

/* Who has the message is recorded before the report, which may fail for want of room; who is lost after it, so that a crash cannot
 * lose the report. */
static bool tell(struct runner *r, struct held *h, struct submission *x, const struct err *why, bool *told, struct err *e)
{
	if (anybody_lost(&x->v) && !(load(h, x, e) && record_sent(h, &x->v, e)))
		return false;
	if (!null_sender_refused(r, h, x, why))
		return bounce_send(r->f->s, &r->who, h, x, told, e);
	*told = change_sender(r, h, x, e);
	return *told;
}

/* After a try.  why NULL: everybody has the message.  `whole`: it concerns all recipients that have no result. */
static bool settle(struct runner *r, struct held *h, struct submission *x, bool whole, const struct err *why, struct err *e)
{
	/* of an account that is not in the configuration any more */
	static const struct queue_params usual = { .lifetime = 5 * 24 * 3600, .retry = { 300, 4 * 3600 } };
	const struct queue_params *p = r->who.a != NULL ? &r->who.a->queue : &usual;
	int64_t now = time(NULL), since = h->x.since > now ? now : h->x.since;
	char how[sizeof why->say + sizeof why->quote + 8] = "sent";
	struct err untold;
	bool told = true;

	if (why != NULL) {
		snprintf(how, sizeof how, "%s%s%s", why->say, why->quote[0] == '\0' ? "" : ": ", why->quote);
		/* a try that was stopped has not failed */
		if ((whole && err_is_final(why)) || (now - since >= p->lifetime && !signals_stopping()))
			give_up(&x->v, why);
	}
	if (!tell(r, h, x, why, &told, &untold)) {
		warn(h, "waits longer, since its sender cannot be told about it", &untold);
		reopen(&x->v);
	}
	r->f->sent += why == NULL;
	if (!keep_worth(&x->v))
		return end(r, h, &x->v, told, why == NULL ? NULL : how, e);
	r->f->waiting++;
	r->f->late = true;
	return keep_record(r, h, &x->v, now + next_wait(&p->retry, h->x.tries), how, e);
}

/* Is the entry fit for a try?  If not, it is left as it is. */
static bool ready(struct runner *r, struct held *h, struct submission *x)
{
	struct err why;

	if (r->failed || (load(h, x, &why) && (x->v.n == 1 || held_reserve(h, &why))))
		return true;
	note_alien(r, &why);
	r->f->late = true;
	return false;
}

static bool work_on(struct runner *r, struct held *h, struct submission *x, struct err *e)
{
	struct err why;
	bool ok, whole, over = entry_open(&h->x) == 0; /* it could not be removed */

	if (!over && !ready(r, h, x))
		return true;
	x->v = h->x.v; /* moved */
	h->x.v = (struct envelope){ .n = 0 };
	if (over)
		return settle(r, h, x, false, NULL, e);
	whole = !try_it(r, h, x, &why);
	ok = !whole && transaction_verdict(&x->v, &why);
	r->f->person |= !ok && err_needs_person(&why);
	if (r->who.a != NULL) {
		struct peer peer;

		peer_name(&peer, (uid_t)h->x.uid);
		r->who.peer = h->x.has_uid ? &peer : NULL;
		deliver_log(&r->who, &r->to, x, ok ? NULL : &why, h->id, ok ? 0 : err_exit_status(&why));
		r->who.peer = NULL;
	}
	return settle(r, h, x, whole, ok ? NULL : &why, e);
}

static bool run_job(struct runner *r, const struct job *j, struct err *e)
{
	struct submission x;
	struct held h;
	enum held_found found = held_take(r->f->s, j->id, true, &h, e);
	bool ok = true;

	if (found != HELD_FOUND)
		return pass_over(r, found, e);
	if (is_chosen(r->f->choice, &h) && !h.x.held) { /* another flush may have tried it meanwhile */
		submission_begin(&x);
		enter_route(r, j->route, &h.x);
		ok = work_on(r, &h, &x, e);
		submission_free(&x);
	}
	held_release(&h);
	return ok;
}

bool flush_run(struct flush *f, struct err *e)
{
	struct runner r = { .f = f };
	bool ok;

	spool_tidy(f->s);
	ok = find_jobs(&r, e);
	for (size_t i = 0; ok && i < r.n && !signals_stopping(); i++)
		ok = run_job(&r, &r.jobs[i], e);
	leave_route(&r);
	for (size_t i = 0; i < r.n; i++)
		free(r.jobs[i].route);
	free(r.jobs);
	return ok;
}

bool flush_is_due(struct spool *s)
{
	enum { LOOK_AT = 100 };
	struct strlist ids = { .n = 0 };
	struct err unheard;
	bool due = false;

	if (spool_list(s, &ids, NULL, &unheard))
		for (size_t i = 0; i < ids.n && i < LOOK_AT && !due; i++) {
			struct held h;

			if (held_take(s, ids.items[i], false, &h, &unheard) != HELD_FOUND)
				continue;
			due = is_due(&h.x, time(NULL));
			held_release(&h);
		}
	strlist_free(&ids);
	return due;
}
