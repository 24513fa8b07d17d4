#include "queue/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/array.h"
#include "base/log.h"
#include "base/signals.h"

static char *route_of(const struct entry *x, struct err *e)
{
	char *route = NULL;

	if (asprintf(&route, "%s\n%s", x->account, x->config == NULL ? "" : x->config) >= 0)
		return route;
	(void)fail_memory(e);
	return NULL;
}

/* The route becomes the work's. */
static bool add(struct flush *f, const struct due *like, char *route, const char *id, struct err *e)
{
	struct due *work = route == NULL ? NULL : array_grow(f->work, f->n, sizeof *work, e);

	if (work == NULL) {
		free(route);
		return false;
	}
	f->work = work;
	work[f->n] = *like;
	work[f->n].route = route;
	snprintf(work[f->n++].id, SPOOL_ID, "%s", id);
	return true;
}

bool due_add_report(struct flush *f, const struct entry *of, const char *id, struct err *e)
{
	return add(f, &(struct due){ .report = true }, route_of(of, e), id, e);
}

/* If the clock has gone back since the last try, the time of the next one means nothing. */
static bool is_due(const struct entry *x, int64_t now)
{
	return !entry_is_held(x, now) && (x->due <= now || x->at > now);
}

/* As sendmail does: in addresses, upper and lower case are the same. */
static bool any_rcpt_has(const struct envelope *v, const char *text)
{
	for (size_t i = 0; i < v->n; i++)
		if (rcpt_is_open(&v->rcpts[i]) && strcasestr(v->rcpts[i].address, text) != NULL)
			return true;
	return false;
}

static bool agrees(const struct queue_choice *c, const struct held *h)
{
	bool has = c->what == 'I' ? strstr(h->id, c->text) != NULL
		 : c->what == 'S' ? strcasestr(h->x.v.sender, c->text) != NULL
		 : any_rcpt_has(&h->x.v, c->text);

	return has != c->others;
}

static bool agrees_with(const struct queue_choice *choices, size_t n, char what, const struct held *h)
{
	bool asked = false, agreed = false;

	for (size_t i = 0; i < n; i++) {
		if (choices[i].what != what)
			continue;
		asked = true;
		agreed |= agrees(&choices[i], h);
	}
	return !asked || agreed;
}

bool due_chooses(const struct queue_choice *choices, size_t n, const struct held *h)
{
	return agrees_with(choices, n, 'I', h) && agrees_with(choices, n, 'R', h) && agrees_with(choices, n, 'S', h);
}

static bool is_chosen(const struct flush *f, const struct held *h)
{
	int64_t now = time(NULL);

	if (f->n_choices == 0)
		return is_due(&h->x, now);
	return !entry_is_held(&h->x, now) && due_chooses(f->choices, f->n_choices, h);
}

void due_note_alien(struct flush *f, const struct err *why)
{
	char text[ERR_TEXT];

	log_warn("%s; it is left as it is", err_text(why, text));
	f->person = true;
}

bool due_pass_over(struct flush *f, enum held_found found, const struct err *why)
{
	if (found == HELD_FAILED && why->stage != ST_SPOOL)
		return false; /* memory */
	if (found == HELD_ALIEN || found == HELD_FAILED)
		due_note_alien(f, why);
	return true;
}

bool due_has(const struct flush *f, const struct due *d, const struct held *h)
{
	return d->report ? is_due(&h->x, time(NULL)) : is_chosen(f, h);
}

static bool look(struct flush *f, const char *id, struct err *e)
{
	struct held h;
	enum held_found found = held_take(f->s, id, false, &h, e);
	bool ok = true;

	if (found != HELD_FOUND)
		return due_pass_over(f, found, e);
	if (is_chosen(f, &h))
		ok = add(f, &(struct due){ .tries = h.x.tries, .alone = h.x.alone }, route_of(&h.x, e), id, e);
	else
		f->waiting++;
	held_release(&h);
	return ok;
}

static int by_route(const void *a, const void *b)
{
	const struct due *x = a, *y = b;
	int order = strcmp(x->route, y->route);

	if (order == 0)
		order = x->tries < y->tries ? -1 : x->tries > y->tries;
	return order != 0 ? order : strcmp(x->id, y->id);
}

bool due_find(struct flush *f, struct err *e)
{
	struct strlist ids = { .n = 0 };
	bool ok = spool_list(f->s, &ids, NULL, e);

	for (size_t i = 0; ok && i < ids.n && !signals_stopping(); i++)
		ok = look(f, ids.items[i], e);
	strlist_free(&ids);
	if (f->n > 1)
		qsort(f->work, f->n, sizeof *f->work, by_route);
	return ok;
}

void due_free(struct flush *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->work[i].route);
	free(f->work);
	f->work = NULL;
	f->n = 0;
}

bool due_any(struct spool *s)
{
	enum { SOME = 100 };
	struct strlist ids = { .n = 0 };
	struct err unheard;
	bool due = false;

	if (spool_list(s, &ids, NULL, &unheard))
		for (size_t i = 0; i < ids.n && !due; i++) {
			struct held h;

			if (i == SOME && ids.n > 2 * SOME)
				i = ids.n - SOME;
			if (held_take(s, ids.items[i], false, &h, &unheard) != HELD_FOUND)
				continue;
			due = is_due(&h.x, time(NULL));
			held_release(&h);
		}
	strlist_free(&ids);
	return due;
}
