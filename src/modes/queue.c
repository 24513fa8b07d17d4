#include "modes/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/datetime.h"
#include "base/descriptor.h"
#include "base/printable.h"
#include "base/signals.h"
#include "deliver/report.h"
#include "modes/mode.h"
#include "queue/pass.h"
#include "queue/place.h"
#include "queue/record.h"

/* ---- the directories ----------------------------------------------------------------------------- */

typedef bool visit(struct work *w, struct spool *s, void *ctx, struct err *e);

/* The account that would be chosen comes first.  An account that is not complete can have a queue, too. */
static bool find_places(struct work *w, struct strlist *places, struct err *e)
{
	const struct options *o = w->o;

	if (!sender_load(&w->who, e))
		return false;
	if (!sender_choose(&w->who, o->sender, e) && o->account != NULL && conf_account(&w->who.conf, o->account) == NULL)
		return false;
	return place_all(&w->who.conf, o->account, w->who.a, places, e);
}

static bool look_into(struct work *w, const char *place, visit *look, void *ctx, struct err *e)
{
	struct spool s = { .dir = -1 };
	bool ok = spool_open(&s, place, false, e) ? look(w, &s, ctx, e) : e->sys == ENOENT;

	spool_close(&s);
	return ok;
}

/* The queues of all accounts, or that of the account which -a names.  One that fails does not keep the others from being visited;
 * the first failure is the error. */
static bool each_queue(struct work *w, visit *look, void *ctx, struct err *e)
{
	struct strlist places = { .n = 0 };
	struct err why;
	bool ok = find_places(w, &places, e);

	for (size_t i = 0; i < places.n; i++)
		if (!look_into(w, places.items[i], look, ctx, &why) && ok) {
			*e = why;
			ok = false;
		}
	strlist_free(&places);
	return ok;
}

/* ---- -q ------------------------------------------------------------------------------------------ */

static bool flush_one(struct work *w, struct spool *s, void *ctx, struct err *e)
{
	struct passes *all = ctx;
	struct flush f = { .choices = w->o->choices, .n_choices = w->o->n_choices, .s = s };

	return signals_stopping() || pass_run(all, &f, e);
}

/* The log has a line for each message; a timer needs no more than the exit status. */
static int verdict(const struct work *w, const struct flush *f)
{
	if (w->o->verbose > 0 || isatty(STDOUT_FILENO))
		printf("%zu sent, %zu given up, %zu waiting%s\n", f->sent, f->ended - f->sent, f->waiting,
		       f->person ? "; a person must look at some: see mailq" : "");
	return f->person ? EX_CONFIG : f->late ? EX_TEMPFAIL : EX_OK;
}

static bool run(struct work *w, struct err *e)
{
	for (;;) {
		struct passes all = { .n = 0 };
		bool ok = each_queue(w, flush_one, &all, e);

		if (!pass_end(&all, ok, e))
			return false;
		w->status = verdict(w, &all.sum);
		if (w->o->interval == 0)
			return true;
		sender_free(&w->who); /* the configuration is read anew each time */
		sender_begin(&w->who, w->o);
		if (descriptor_wait(-1, 0, clock_in_s(w->o->interval)) == IO_STOPPED)
			return true;
	}
}

static int conclude_run(struct work *w, bool ok, struct err *e)
{
	return ok ? w->status : mode_conclude(w, ok, e);
}

int queue_run(const struct options *o)
{
	return mode_run(o, false, run, conclude_run);
}

/* ---- mailq --------------------------------------------------------------------------------------- */

/* All that comes from an entry or a directory is printed by this, since another user may have written it. */
static void show(const char *text)
{
	char shown[4 * ADDRESS_MAX];

	printable(shown, sizeof shown, text, strlen(text), false);
	fputs(shown, stdout);
}

static void show_time(int64_t at)
{
	char text[DATETIME_ROOM];

	datetime_show(at, text);
	fputs(text, stdout);
}

/* ID, size, arrival, sender; the last error; what comes next, unless it was given up; the recipients that do not have it. */
static void show_entry(const struct held *h, bool dead)
{
	const struct entry *x = &h->x;

	printf("%s %9llu ", h->id, (unsigned long long)h->line.message);
	show_time(x->created);
	fputs("  ", stdout);
	show(x->v.sender[0] == '\0' ? "MAILER-DAEMON" : x->v.sender);
	if (x->last[0] != '\0')
		fputs("\n    (", stdout), show(x->last), putchar(')');
	fputs("\n    account ", stdout);
	show(x->account);
	printf(", %u %s", x->tries, x->tries == 1 ? "try" : "tries");
	if (x->held && !dead)
		fputs(", held", stdout);
	else if (!dead && entry_is_held(x, time(NULL)))
		fputs(", held until ", stdout), show_time(x->until);
	else if (!dead && x->due <= time(NULL))
		fputs(", due", stdout);
	else if (!dead)
		fputs(", next ", stdout), show_time(x->due);
	putchar('\n');
	for (size_t i = 0; i < x->v.n; i++)
		if (rcpt_is_open(&x->v.rcpts[i])) {
			fputs("        ", stdout);
			show(x->v.rcpts[i].address);
			putchar('\n');
		}
}

struct totals {
	const struct options *o;
	uint64_t bytes;
	size_t   n;
	bool     others; /* there are messages that were not chosen */
	bool     dead;   /* this is the directory dead */
	bool     system; /* the machine's queue was among them */
};

static bool list_one(struct spool *s, const char *id, struct totals *t, struct err *e)
{
	struct held h;
	enum held_found found = held_take(s, id, false, &h, e);

	if (found == HELD_ALIEN)
		printf("%s (cannot be trusted, and is never sent: %s)\n", id, e->say);
	if (found == HELD_FAILED)
		printf("%s (cannot be read: %s)\n", id, e->quote[0] != '\0' ? e->quote : e->say);
	if (found != HELD_FOUND)
		return found != HELD_FAILED;
	if (due_chooses(t->o->choices, t->o->n_choices, &h)) {
		show_entry(&h, t->dead);
		t->bytes += h.line.message;
		t->n++;
	} else {
		t->others = true;
	}
	held_release(&h);
	return true;
}

static bool list_all(struct spool *s, const char *title, struct totals *t, struct err *e)
{
	struct strlist ids = { .n = 0 }, strangers = { .n = 0 };
	struct err why;
	bool listed = spool_list(s, &ids, &strangers, e), ok = listed;

	if (listed && ids.n > 0)
		printf("%s %s:\n", title, s->path);
	for (size_t i = 0; listed && i < ids.n && !signals_stopping(); i++)
		if (!list_one(s, ids.items[i], t, &why) && ok) {
			*e = why; /* the others are shown all the same */
			ok = false;
		}
	for (size_t i = 0; listed && t->o->n_choices == 0 && i < strangers.n && !signals_stopping(); i++) {
		show(strangers.items[i]);
		puts(" (is no message of the queue)");
	}
	strlist_free(&ids);
	strlist_free(&strangers);
	return ok && (signals_stopping() == 0 || signals_fail(e, ST_SPOOL));
}

static bool list_queue(struct work *w, struct spool *s, void *ctx, struct err *e)
{
	struct totals *t = ctx;
	struct spool dead = { .dir = -1 };
	struct err why;
	bool ok = list_all(s, "The queue", t, e);

	(void)w;
	t->system |= strcmp(s->path, QUEUE_SYSTEM) == 0;
	if (spool_open_dead(&dead, s)) {
		t->dead = true;
		if (!list_all(&dead, "Given up, and nobody could be told,", t, &why) && ok) {
			*e = why;
			ok = false;
		}
		t->dead = false;
		spool_close(&dead);
	}
	return ok;
}

/* Behind a service only its own user and root can see what it has kept. */
static void name_service(const struct account *a, const struct totals *t)
{
	bool known = place_system_exists();

	if (geteuid() != 0 && !t->system && a != NULL && a->net.socket != NULL && a->net.hosts.n == 0 && !a->smtp.lmtp)
		printf("What the service behind %s has kept is in the queue of the machine%s%s: `sudo mailq` shows it.\n",
		       a->net.socket, known ? ", " : "", known ? QUEUE_SYSTEM : "");
}

static bool list(struct work *w, struct err *e)
{
	struct totals t = { .o = w->o };
	bool ok = each_queue(w, list_queue, &t, e);

	name_service(w->who.a, &t);
	if (ok && t.n == 0 && !t.others)
		puts("Mail queue is empty");
	else if (ok)
		printf("-- %llu Kbytes in %zu Request%s.\n", (unsigned long long)((t.bytes + 1023) / 1024), t.n,
		       t.n == 1 ? "" : "s");
	return ok;
}

int queue_list(const struct options *o)
{
	return mode_run(o, false, list, NULL);
}

/* ---- one entry, or all --------------------------------------------------------------------------- */

typedef bool deed(struct spool *s, struct held *h, struct err *e);

struct action {
	deed *what;
	bool  lock;  /* the entry must not be sent meanwhile */
	bool  all;   /* the word ALL stands for all entries */
	bool  dead;  /* those that were given up, too */
	bool  found;
};

static bool do_one(struct spool *s, const char *id, struct action *a, struct err *e)
{
	struct held h;
	enum held_found found = held_take(s, id, a->lock, &h, e);
	bool ok;

	if (found == HELD_GONE)
		return true;
	a->found = true;
	if (found == HELD_BUSY)
		return fail(e, ST_SPOOL, FATE_TEMP, "the message %s is being sent", id);
	if (found != HELD_FOUND)
		return false;
	ok = a->what(s, &h, e);
	held_release(&h);
	return ok;
}

static bool do_all(struct spool *s, struct action *a, struct err *e)
{
	struct strlist ids = { .n = 0 };
	struct err why;
	bool ok = spool_list(s, &ids, NULL, e);

	for (size_t i = 0; i < ids.n && !signals_stopping(); i++)
		if (!do_one(s, ids.items[i], a, &why) && ok) {
			*e = why; /* the others are done all the same */
			ok = false;
		}
	strlist_free(&ids);
	return ok && (signals_stopping() == 0 || signals_fail(e, ST_SPOOL));
}

static bool names_all(const struct work *w, const struct action *a)
{
	return a->all && strcmp(w->o->entry, "ALL") == 0;
}

static bool act_on(struct work *w, struct spool *s, struct action *a, struct err *e)
{
	return names_all(w, a) ? do_all(s, a, e) : a->found || do_one(s, w->o->entry, a, e);
}

static bool act_in(struct work *w, struct spool *s, void *ctx, struct err *e)
{
	struct action *a = ctx;
	struct spool dead = { .dir = -1 };
	bool ok = act_on(w, s, a, e);

	if (ok && a->dead && spool_open_dead(&dead, s)) {
		ok = act_on(w, &dead, a, e);
		spool_close(&dead);
	}
	return ok;
}

static bool act(struct work *w, struct action a, struct err *e)
{
	if (!names_all(w, &a) && !spool_is_id(w->o->entry))
		return fail(e, ST_USAGE, FATE_PERM, "the queue has no message %s", w->o->entry);
	return each_queue(w, act_in, &a, e)
	    && (a.found || names_all(w, &a) || fail(e, ST_USAGE, FATE_PERM, "the queue has no message %s", w->o->entry));
}

static bool put_record(struct held *h, bool (*put)(struct buf *to, int64_t at, struct err *e), struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	bool ok = put(&text, time(NULL), e) && held_record(h, &text, e);

	buf_free(&text);
	return ok;
}

static bool show_it(struct spool *s, struct held *h, struct err *e) { (void)s; return held_show(h, STDOUT_FILENO, e); }
static bool hold_it(struct spool *s, struct held *h, struct err *e) { (void)s; return put_record(h, record_put_hold, e); }
static bool release_it(struct spool *s, struct held *h, struct err *e) { (void)s; return put_record(h, record_put_release, e); }

static bool retry_it(struct spool *s, struct held *h, struct err *e)
{
	if (entry_is_held(&h->x, time(NULL)))
		return fail(e, ST_USAGE, FATE_PERM, "the message %s is held: release it first", h->id);
	return release_it(s, h, e);
}

static bool show_steps(struct work *w, struct err *e)
{
	return act(w, (struct action){ .what = show_it, .dead = true }, e);
}

static bool remove_steps(struct work *w, struct err *e)
{
	return act(w, (struct action){ .what = held_remove, .lock = true, .all = true, .dead = true }, e);
}

static bool hold_steps(struct work *w, struct err *e)
{
	return act(w, (struct action){ .what = hold_it, .lock = true, .all = true }, e);
}

static bool release_steps(struct work *w, struct err *e)
{
	return act(w, (struct action){ .what = release_it, .lock = true, .all = true }, e);
}

static bool retry_steps(struct work *w, struct err *e)
{
	return act(w, (struct action){ .what = retry_it, .lock = true, .all = true }, e);
}

int queue_show(const struct options *o) { return mode_run(o, false, show_steps, NULL); }
int queue_remove(const struct options *o) { return mode_run(o, false, remove_steps, NULL); }
int queue_hold(const struct options *o) { return mode_run(o, false, hold_steps, NULL); }
int queue_release(const struct options *o) { return mode_run(o, false, release_steps, NULL); }
int queue_retry(const struct options *o) { return mode_run(o, false, retry_steps, NULL); }
