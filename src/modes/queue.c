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
#include "queue/flush.h"
#include "queue/place.h"

/* ---- the directory ------------------------------------------------------------------------------- */

/* The directory of the account that would be chosen.  Without an account that is the usual one. */
static bool open_queue(struct work *w, struct spool *s, bool *exists, struct err *e)
{
	static const struct queue_params usual = { .directory = NULL };
	const struct queue_params *p = &usual;
	struct err unheard;
	char *path;
	bool ok;

	if (!sender_load(&w->who, e))
		return false;
	if (sender_choose(&w->who, w->o->sender, &unheard))
		p = &w->who.a->queue;
	path = queue_place(p, e);
	ok = path != NULL && queue_become_owner(path, e) && spool_open(s, path, false, e);
	*exists = ok;
	free(path);
	return ok || (path != NULL && e->sys == ENOENT);
}

/* ---- -q ------------------------------------------------------------------------------------------ */

static bool one_pass(struct work *w, struct flush *f, struct err *e)
{
	struct spool s = { .dir = -1 };
	bool exists = false, ok = open_queue(w, &s, &exists, e);

	*f = (struct flush){ .choice = &w->o->choice, .s = &s };
	ok = ok && (!exists || flush_run(f, e));
	spool_close(&s);
	return ok;
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
	struct flush f;

	for (;;) {
		if (!one_pass(w, &f, e))
			return false;
		w->status = verdict(w, &f);
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
		printf("\n    (%s)", x->last);
	printf("\n    account %s, %u %s", x->account, x->tries, x->tries == 1 ? "try" : "tries");
	if (x->held && !dead)
		fputs(", held", stdout);
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
	uint64_t bytes;
	size_t   n;
	bool     dead; /* this is the directory dead */
};

static bool list_one(struct spool *s, const char *id, struct totals *t, struct err *e)
{
	struct held h;
	enum held_found found = held_take(s, id, false, &h, e);

	if (found == HELD_ALIEN) {
		printf("%s (cannot be trusted, and is never sent: %s)\n", id, e->say);
		return true;
	}
	if (found != HELD_FOUND)
		return found == HELD_GONE;
	show_entry(&h, t->dead);
	t->bytes += h.line.message;
	t->n++;
	held_release(&h);
	return true;
}

static bool list_all(struct spool *s, const char *title, struct totals *t, struct err *e)
{
	struct strlist ids = { .n = 0 }, strangers = { .n = 0 };
	bool ok = spool_list(s, &ids, &strangers, e);

	if (ok && ids.n > 0)
		printf("%s %s:\n", title, s->path);
	for (size_t i = 0; ok && i < ids.n; i++)
		ok = list_one(s, ids.items[i], t, e);
	for (size_t i = 0; ok && i < strangers.n; i++) {
		show(strangers.items[i]);
		puts(" (is no message of the queue)");
	}
	strlist_free(&ids);
	strlist_free(&strangers);
	return ok;
}

static bool list(struct work *w, struct err *e)
{
	struct spool s = { .dir = -1 }, dead = { .dir = -1 };
	struct totals t = { 0 };
	bool exists = false, ok = open_queue(w, &s, &exists, e);

	ok = ok && (!exists || list_all(&s, "The queue", &t, e));
	if (ok && exists && spool_open_dead(&dead, &s)) {
		t.dead = true;
		ok = list_all(&dead, "Given up, and nobody could be told,", &t, e);
		spool_close(&dead);
	}
	spool_close(&s);
	if (ok && t.n == 0)
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

static bool do_one(struct spool *s, const char *id, deed *what, bool lock, struct err *e)
{
	struct held h;
	enum held_found found = spool_is_id(id) ? held_take(s, id, lock, &h, e) : HELD_GONE;
	bool ok;

	if (found == HELD_GONE)
		return fail(e, ST_USAGE, FATE_PERM, "the queue has no message %s", id);
	if (found == HELD_BUSY)
		return fail(e, ST_SPOOL, FATE_TEMP, "the message %s is being sent", id);
	if (found != HELD_FOUND)
		return false;
	ok = what(s, &h, e);
	held_release(&h);
	return ok;
}

static bool do_all(struct spool *s, deed *what, struct err *e)
{
	struct strlist ids = { .n = 0 };
	struct err why;
	bool ok = spool_list(s, &ids, NULL, e);

	for (size_t i = 0; i < ids.n; i++)
		if (!do_one(s, ids.items[i], what, true, &why) && ok) {
			*e = why; /* the others are done all the same */
			ok = false;
		}
	strlist_free(&ids);
	return ok;
}

/* Those that were given up can be shown and removed.  *any unset: there are none. */
static bool in_dead(struct spool *s, const char *id, deed *what, bool *any, struct err *e)
{
	struct spool dead = { .dir = -1 };
	bool ok;

	*any = spool_open_dead(&dead, s);
	ok = *any && (strcmp(id, "ALL") == 0 ? do_all(&dead, what, e) : do_one(&dead, id, what, what == held_remove, e));
	spool_close(&dead);
	return ok;
}

static bool is_there(struct spool *s, const char *id)
{
	struct held h;
	struct err unheard;
	enum held_found found = spool_is_id(id) ? held_take(s, id, false, &h, &unheard) : HELD_GONE;

	if (found == HELD_FOUND)
		held_release(&h);
	return found != HELD_GONE;
}

static bool act_on(struct spool *s, const char *id, deed *what, bool lock, bool all, bool dead, struct err *e)
{
	bool any = false, ok;

	if (all && strcmp(id, "ALL") == 0)
		return do_all(s, what, e) && (!dead || in_dead(s, id, what, &any, e) || !any);
	if (!dead || is_there(s, id))
		return do_one(s, id, what, lock, e);
	ok = in_dead(s, id, what, &any, e);
	return any ? ok : do_one(s, id, what, lock, e);
}

/* `all`: the word ALL stands for all entries; `dead`: those that were given up, too. */
static bool act(struct work *w, deed *what, bool lock, bool all, bool dead, struct err *e)
{
	struct spool s = { .dir = -1 };
	bool exists = false, ok = open_queue(w, &s, &exists, e);

	if (ok && !exists)
		ok = (all && strcmp(w->o->entry, "ALL") == 0)
		  || fail(e, ST_USAGE, FATE_PERM, "the queue has no message %s", w->o->entry);
	else if (ok)
		ok = act_on(&s, w->o->entry, what, lock, all, dead, e);
	spool_close(&s);
	return ok;
}

static bool put_record(struct held *h, bool (*put)(struct buf *to, int64_t at, struct err *e), struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	bool ok = put(&text, time(NULL), e) && held_record(h, &text, e);

	buf_free(&text);
	return ok;
}

static bool show_it(struct spool *s, struct held *h, struct err *e) { (void)s; return held_show(h, STDOUT_FILENO, e); }
static bool hold_it(struct spool *s, struct held *h, struct err *e) { (void)s; return put_record(h, entry_put_hold, e); }
static bool release_it(struct spool *s, struct held *h, struct err *e) { (void)s; return put_record(h, entry_put_release, e); }

static bool retry_it(struct spool *s, struct held *h, struct err *e)
{
	return h->x.held ? fail(e, ST_USAGE, FATE_PERM, "the message %s is held: release it first", h->id) : release_it(s, h, e);
}

static bool show_steps(struct work *w, struct err *e) { return act(w, show_it, false, false, true, e); }
static bool remove_steps(struct work *w, struct err *e) { return act(w, held_remove, true, true, true, e); }
static bool hold_steps(struct work *w, struct err *e) { return act(w, hold_it, true, true, false, e); }
static bool release_steps(struct work *w, struct err *e) { return act(w, release_it, true, true, false, e); }
static bool retry_steps(struct work *w, struct err *e) { return act(w, retry_it, true, true, false, e); }

int queue_show(const struct options *o) { return mode_run(o, false, show_steps, NULL); }
int queue_remove(const struct options *o) { return mode_run(o, false, remove_steps, NULL); }
int queue_hold(const struct options *o) { return mode_run(o, false, hold_steps, NULL); }
int queue_release(const struct options *o) { return mode_run(o, false, release_steps, NULL); }
int queue_retry(const struct options *o) { return mode_run(o, false, retry_steps, NULL); }
