#include "queue/keep.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "config/environ.h"
#include "config/keys.h"
#include "config/types.h"
#include "queue/place.h"
#include "queue/record.h"

enum { UID_BYTES_MAX = 100 * 1024 * 1024, UID_ENTRIES_MAX = 1000 }; /* of one user of the service */

/* ---- may it be kept? ----------------------------------------------------------------------------- */

/* A setting of the server, of TLS or of the login: the account's fields for them come first.  Time limits are none. */
static bool is_of_server(const struct key *k)
{
	return k->kind == KIND_URL || (k->at < offsetof(struct account, wishes) && k->kind != KIND_SECONDS);
}

static bool is_wish(const struct key *k)
{
	return k->at >= offsetof(struct account, wishes) && k->at < offsetof(struct account, message);
}

static bool in_environment(const struct key *k)
{
	struct environ_value v = { .found = false };
	struct err unheard;
	bool found = environ_get(k, &v, &unheard) && v.found;

	environ_free(&v);
	return found;
}

static bool given_for_now(const struct options *o)
{
	bool found = false;

	for (size_t i = 0; i < o->n_settings && !found; i++) {
		const struct key *k = key_find(o->settings[i].key, strlen(o->settings[i].key));

		found = k != NULL && is_of_server(k);
	}
	for (const struct key *k = key_row(0); environ_any() && k != NULL && !found; k = key_next(k))
		found = is_of_server(k) && in_environment(k);
	return found;
}

bool keep_allowed(const struct sender *who, const char **why_not)
{
	*why_not = NULL;
	if (who->a == NULL || who->a->queue.use == QUEUE_OFF)
		return false;
	if (!given_for_now(who->o))
		return true;
	*why_not = "settings of the server or the login come from the command line or the environment, and no later try has them";
	return false;
}

/* ---- keeping ------------------------------------------------------------------------------------- */

bool keep_first(const struct sender *who)
{
	const char *why_not;

	if (who->o->delivery == DELIVERY_NOW || !keep_allowed(who, &why_not))
		return false;
	return who->o->delivery != DELIVERY_CONFIGURED || who->a->queue.use == QUEUE_ALWAYS;
}

bool keep_in_vain(const struct sender *who, const struct envelope *v)
{
	bool refused = false;

	for (size_t i = 0; i < v->n; i++)
		refused |= rcpt_is_lost(&v->rcpts[i]);
	return refused && who->a->wishes.require_all_recipients;
}

bool keep_worth(const struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (rcpt_is_open(&v->rcpts[i]))
			return true;
	return false;
}

static bool add_setting(struct strlist *to, const char *key, const char *value, struct err *e)
{
	char *text = NULL;
	bool ok = asprintf(&text, "%s=%s", key, value) >= 0 ? strlist_add(to, text, e) : fail_memory(e);

	free(text);
	return ok;
}

/* The wishes of the environment and, over them, of the command line hold at each try. */
static bool keep_wishes(const struct options *o, struct strlist *to, struct err *e)
{
	bool ok = true;

	for (const struct key *k = key_row(0); ok && environ_any() && k != NULL; k = key_next(k)) {
		struct environ_value v = { .found = false };

		ok = !is_wish(k) || environ_get(k, &v, e);
		ok = ok && (!v.found || add_setting(to, k->name, buf_text(&v.text), e));
		environ_free(&v);
	}
	for (size_t i = 0; ok && i < o->n_settings; i++) {
		const struct key *k = key_find(o->settings[i].key, strlen(o->settings[i].key));

		ok = k == NULL || !is_wish(k) || add_setting(to, k->name, o->settings[i].value, e);
	}
	return ok;
}

static bool absolute(const char *path, char **to, struct err *e)
{
	char *found = path == NULL ? NULL : realpath(path, NULL);

	if (path == NULL)
		return true;
	if (found == NULL)
		return fail(e, ST_SPOOL, FATE_PERM, "the file %s has no absolute name", path);
	*to = found;
	return true;
}

int64_t keep_wait(const struct queue_retry *p, unsigned tries)
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

/* When a message that is kept now is released; 0: it is not held.  A report is not: RFC 4865 5.1.1. */
static int64_t release_of(const struct wishes *w, const struct entry *x)
{
	if (esmtp_is_bounce(&x->v))
		return 0;
	return w->hold_for > 0 ? x->created + (int64_t)w->hold_for : w->hold_until;
}

/* When the next try after the failed one may be. */
static int64_t first_due(const struct queue_params *p, const struct entry *x)
{
	int64_t due = x->created + keep_wait(&p->retry, 0);

	return due > x->until ? due : x->until;
}

static bool add(struct spool *s, const struct sender *who, struct entry *x, const struct submission *from, const char *how,
		char id[SPOOL_ID], struct err *e)
{
	struct buf record = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	const struct queue_params *p = &who->a->queue;
	bool ok;

	s->all = (struct tally_limit){ .limited = p->size > 0, .bytes = p->size, .n = SIZE_MAX, .foreign = s->as_owner };
	s->user = (struct tally_limit){ .limited = true, .bytes = UID_BYTES_MAX, .n = UID_ENTRIES_MAX, .foreign = s->as_owner };
	ok = (how[0] == '\0' || record_put_try(&record, NULL, x->created, first_due(p, x), how, e))
	  && spool_add(s, x, &from->m, &record, id, e);
	buf_free(&record);
	return ok;
}

bool keep_describe(const struct sender *who, struct entry *to, struct err *e)
{
	to->created = time(NULL);
	to->has_uid = who->peer != NULL;
	to->uid = who->peer != NULL ? who->peer->uid : 0;
	to->account = str_dup(who->a->name, e);
	return to->account != NULL && absolute(who->o->config_file, &to->config, e) && keep_wishes(who->o, &to->settings, e);
}

bool keep_open(const struct sender *who, struct spool *s, struct err *e)
{
	char *path = place_path(&who->a->queue, e);
	bool ok = path != NULL && spool_open(s, path, true, e);

	free(path);
	return ok;
}

bool keep(struct sender *who, struct submission *x, const char *how, char id[SPOOL_ID], struct err *e)
{
	struct entry kept = { .v = x->v }; /* borrowed */
	struct spool s = { .dir = -1 };
	bool ok = keep_describe(who, &kept, e);

	kept.until = release_of(&who->a->wishes, &kept);
	ok = ok && keep_open(who, &s, e) && add(&s, who, &kept, x, how, id, e);

	for (size_t i = 0; ok && i < x->v.n; i++)
		if (rcpt_is_open(&x->v.rcpts[i]))
			x->v.rcpts[i].state = RCPT_KEPT;
	spool_close(&s);
	kept.v = (struct envelope){ .n = 0 };
	entry_free(&kept);
	return ok;
}
