#include "queue/settle.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/random.h"
#include "base/signals.h"
#include "queue/bounce.h"
#include "queue/keep.h"

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

bool attempt_record_sent(struct attempt *t, struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	struct envelope *v = &t->x.v;
	bool ok = !anybody_new(v) || (entry_put_sent(&text, v, time(NULL), e) && held_record(&t->h, &text, e));

	if (ok)
		entry_recorded(v);
	buf_free(&text);
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
static bool keep_record(struct attempt *t, int64_t due, const char *how, struct err *e)
{
	struct err why;

	if (record(&t->h, &t->x.v, due, how, &why))
		return true;
	if (!anybody_new(&t->x.v)) {
		warn(&t->h, "will be tried sooner than it should", &why);
		return true;
	}
	warn(&t->h, "moves to the directory dead, since some recipients have it and this cannot be recorded", &why);
	t->f->person = true;
	return held_bury(t->f->s, &t->h, e);
}

/* Into the directory dead.  mailq shows there why, and who did not get the message.  If there is no room for that, it moves, too. */
static bool bury(struct attempt *t, const char *how, struct err *e)
{
	struct err why;

	reopen(&t->x.v);
	if (how != NULL && !record(&t->h, &t->x.v, time(NULL), how, &why))
		warn(&t->h, "moves to the directory dead without its last error", &why);
	else if (how != NULL)
		entry_recorded(&t->x.v);
	return held_bury(t->f->s, &t->h, e);
}

/* The entry is over.  how NULL: nothing was tried.  If its file cannot go, that is recorded, and the next flush tries again. */
static bool end(struct attempt *t, bool told, const char *how, struct err *e)
{
	struct err why;

	t->f->ended++;
	t->f->person |= !told;
	if (told ? held_remove(t->f->s, &t->h, &why) : bury(t, how, &why))
		return true;
	warn(&t->h, "is over, but cannot be removed", &why);
	t->f->person = true;
	return keep_record(t, time(NULL), "over", e);
}

/* Some servers refuse the null sender.  A report then goes once more, with the account's address and NOTIFY=NEVER, so that no
 * report about it comes back (RFC 3461 4.1). */
static bool change_sender(const struct attempt *t, struct err *e)
{
	const struct held *h = &t->h;
	const struct submission *x = &t->x;
	struct entry copy = { .account = h->x.account, .config = h->x.config, .report = true, .created = h->x.created,
			      .has_uid = h->x.has_uid, .uid = h->x.uid };
	struct buf none = buf_max(ST_SPOOL, 0, "no record");
	char id[SPOOL_ID];
	bool ok = envelope_set_sender(&copy.v, bounce_from(t->who, x), e);

	for (size_t i = 0; ok && i < x->v.n; i++) {
		ok = envelope_add_for(&copy.v, x->v.rcpts[i].address, x->v.rcpts[i].address, e);
		if (ok)
			copy.v.rcpts[copy.v.n - 1].notify = NOTIFY_NEVER;
	}
	ok = ok && spool_add(t->f->s, &copy, &x->m, &none, id, e);
	envelope_free(&copy.v);
	return ok;
}

static bool null_sender_refused(const struct attempt *t)
{
	const struct submission *x = &t->x;
	const struct err *why = t->ok ? NULL : &t->why;

	return t->h.x.report && x->v.sender[0] == '\0' && why != NULL && why->stage == ST_MAIL && err_is_final(why)
	    && bounce_from(t->who, x)[0] != '\0';
}

bool attempt_load(struct attempt *t, struct err *e)
{
	const struct message *m = &t->x.m;

	return m->head.len > 0 || m->body.len > 0 || m->fd >= 0 || held_message(&t->h, &t->x.m, e);
}

/* Who has the message is recorded before the report, which may fail for want of room; who is lost after it, so that a crash cannot
 * lose the report. */
static bool tell(struct attempt *t, bool *told, struct err *e)
{
	if (anybody_lost(&t->x.v) && !(attempt_load(t, e) && attempt_record_sent(t, e)))
		return false;
	if (!null_sender_refused(t))
		return bounce_send(t->f->s, t->who, &t->h, &t->x, told, e);
	*told = change_sender(t, e);
	return *told;
}

/* A try that was stopped has not failed. */
static bool is_too_old(const struct attempt *t, const struct queue_params *p, int64_t now)
{
	int64_t since = t->h.x.since > now ? now : t->h.x.since;

	return now - since >= p->lifetime && !signals_stopping();
}

bool attempt_settle(struct attempt *t, struct err *e)
{
	/* of an account that is not in the configuration any more */
	static const struct queue_params usual = { .lifetime = 5 * 24 * 3600, .retry = { 300, 4 * 3600 } };
	const struct queue_params *p = t->who->a != NULL ? &t->who->a->queue : &usual;
	char how[ERR_TEXT] = "sent";
	int64_t now = time(NULL);
	struct err untold;
	bool told = true;

	if (!t->ok) {
		err_text(&t->why, how);
		if ((t->whole && err_is_final(&t->why)) || is_too_old(t, p, now))
			give_up(&t->x.v, &t->why);
	}
	if (!tell(t, &told, &untold)) {
		warn(&t->h, "waits longer, since its sender cannot be told about it", &untold);
		reopen(&t->x.v);
	}
	t->f->sent += t->ok;
	if (!keep_worth(&t->x.v))
		return end(t, told, t->ok ? NULL : how, e);
	t->f->waiting++;
	t->f->late = true;
	return keep_record(t, now + next_wait(&p->retry, t->h.x.tries), how, e);
}
