#include "queue/settle.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/signals.h"
#include "deliver/report.h"
#include "queue/bounce.h"
#include "queue/keep.h"
#include "queue/record.h"

enum { DELAY_S = 4 * 3600 }; /* after this time the sender is told that the message is late */

/* If a message breaks the dialogue, that may take the answer to the one before it, too (smtp/transfer).  So each message is sent
 * alone after such a try: then it cannot cost others a second copy time and again. */
static bool broke_off(const struct attempt *t)
{
	return !t->ok && t->whole && t->why.stage >= ST_MAIL && !err_is_final(&t->why) && !t->h.x.alone;
}

static bool record(struct attempt *t, int64_t due, const char *how, struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	bool ok = (!broke_off(t) || record_put_alone(&text, time(NULL), e))
	       && record_put_try(&text, &t->x.v, time(NULL), due, how, e) && held_record(&t->h, &text, e);

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
	bool ok = !anybody_new(v) || (record_put_sent(&text, v, time(NULL), e) && held_record(&t->h, &text, e));

	if (ok)
		record_is_durable(v);
	buf_free(&text);
	return ok;
}

/* The reason of a recipient that has no answer of its own. */
static void explain(struct rcpt *r, const struct err *why)
{
	const char *words = why->quote[0] != '\0' ? why->quote : why->say;

	if (r->code != 0)
		return;
	r->stage = why->stage;
	r->code = why->code;
	r->esc = why->esc;
	(void)rcpt_say(r, words, strlen(words));
}

/* Recipients that cannot get the message any more are settled: the server refused the message for good, or its time is over. */
static void give_up(struct envelope *v, const struct err *why)
{
	for (size_t i = 0; i < v->n; i++) {
		struct rcpt *r = &v->rcpts[i];

		if (!rcpt_is_open(r))
			continue;
		explain(r, why);
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

static bool move_to_dead(struct attempt *t, const char *how, struct err *e)
{
	if (!held_bury(t->f->s, &t->h, e))
		return false;
	if (t->who.a != NULL)
		report_dead(&t->who.a->log, &t->x.v, t->h.id, how);
	return true;
}

/* If what the server has taken cannot be recorded, the next try would send it again: so there is none. */
static bool keep_record(struct attempt *t, int64_t due, const char *how, struct err *e)
{
	struct err why;

	if (record(t, due, how, &why))
		return true;
	if (!anybody_new(&t->x.v)) {
		warn(&t->h, "will be tried sooner than it should", &why);
		return true;
	}
	warn(&t->h, "moves to the directory dead, since some recipients have it and this cannot be recorded", &why);
	t->f->person = true;
	if (move_to_dead(t, how, &why))
		return true;
	warn(&t->h, "stays, and is never sent again", &why);
	return held_freeze(&t->h, e);
}

/* Into the directory dead.  mailq shows why, and who did not get the message.  If there is no room for that, it moves, too. */
static bool bury(struct attempt *t, const char *how, struct err *e)
{
	struct err why;

	reopen(&t->x.v);
	if (how != NULL && !record(t, time(NULL), how, &why))
		warn(&t->h, "moves to the directory dead without its last error", &why);
	else if (how != NULL)
		record_is_durable(&t->x.v);
	if (!move_to_dead(t, how != NULL ? how : t->h.x.last, e))
		return false;
	log_warn("%s moved to the directory dead, since its sender cannot be told that it was given up: %s", t->h.id,
		 how != NULL ? how : t->h.x.last);
	return true;
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

bool attempt_load(struct attempt *t, struct err *e)
{
	const struct message *m = &t->x.m;

	return m->head.len > 0 || m->body.len > 0 || m->fd >= 0 || held_message(&t->h, &t->x.m, e);
}

static struct bounce bounce_of(const struct attempt *t, enum bounce_kind kind)
{
	return (struct bounce){ .s = t->f->s, .who = &t->who, .of = &t->h.x, .x = &t->x, .kind = kind };
}

/* The same pass sends the report, unless the smarthost of its account has just failed. */
static bool add_to_work(struct attempt *t, const struct bounce *b, struct err *e)
{
	if (b->id[0] == '\0')
		return true;
	if (!t->ok && t->whole && t->why.stage < ST_MAIL) {
		t->f->late = true;
		return true;
	}
	return due_add_report(t->f, b->of, b->id, e);
}

static void note_told(struct attempt *t, bool delay)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	struct err why;

	if (!record_put_told(&text, delay, time(NULL), &why) || !held_record(&t->h, &text, &why))
		warn(&t->h, "may be reported twice", &why);
	buf_free(&text);
}

static bool anybody_relayed(const struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->rcpts[i].relayed)
			return true;
	return false;
}

static bool tell_relayed(struct attempt *t, struct err *e)
{
	struct bounce b = bounce_of(t, BOUNCE_RELAYED);

	if (!bounce_send(&b, e) || !add_to_work(t, &b, e))
		return false;
	if (b.id[0] != '\0')
		note_told(t, false);
	for (size_t i = 0; i < t->x.v.n; i++)
		t->x.v.rcpts[i].relayed = false;
	return true;
}

/* `expired`: it was given up for its age, which no line in the log has said yet. */
static bool tell_failed(struct attempt *t, bool expired, bool *told, struct err *e)
{
	struct bounce b = bounce_of(t, BOUNCE_FAILED);
	char how[ERR_TEXT];
	bool anew = !t->ok && bounce_lacks_sender(&b, &t->why);

	*told = anew || bounce_tells_all(&b);
	if (!(anew ? bounce_send_anew(&b, e) : bounce_send(&b, e)))
		return false;
	if (expired && b.id[0] != '\0' && t->who.a != NULL)
		report_expired(&t->who.a->log, &t->x.v, t->h.id, b.id, err_text(&t->why, how));
	return add_to_work(t, &b, e);
}

/* Who has the message is recorded before the reports, which may fail for want of room; who is lost after them, so that a crash
 * cannot lose a report. */
static bool tell(struct attempt *t, bool expired, bool *told, struct err *e)
{
	bool relayed = anybody_relayed(&t->x.v);

	if ((relayed || anybody_lost(&t->x.v)) && !(attempt_load(t, e) && attempt_record_sent(t, e)))
		return false;
	return (!relayed || tell_relayed(t, e)) && tell_failed(t, expired, told, e);
}

/* Once in the life of an entry, and only where NOTIFY asks for it. */
static void tell_delay(struct attempt *t, int64_t until)
{
	struct bounce b = bounce_of(t, BOUNCE_DELAYED);
	struct err why;

	if (t->h.x.delay_told || !bounce_is_wanted(&b))
		return;
	b.until = until;
	for (size_t i = 0; i < t->x.v.n; i++)
		if (rcpt_is_open(&t->x.v.rcpts[i]))
			explain(&t->x.v.rcpts[i], &t->why);
	if (attempt_load(t, &why) && attempt_record_sent(t, &why) && bounce_send(&b, &why) && add_to_work(t, &b, &why))
		note_told(t, true);
	else
		warn(&t->h, "is late, and its sender cannot be told", &why);
}

/* Has the entry waited so long?  A try that was stopped has not failed. */
static bool is_older(const struct attempt *t, int64_t age, int64_t now)
{
	int64_t since = t->h.x.since > now ? now : t->h.x.since;

	return !t->ok && now - since >= age && !signals_stopping();
}

/* While somebody corrects the configuration, no entry comes to its end, and none waits for hours afterwards. */
static bool wait_for_person(struct attempt *t, const struct queue_retry *p, const char *how)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	int64_t now = time(NULL);
	struct err why;

	t->f->waiting++;
	t->f->late = true;
	if (!record_put_wait(&text, now, now + keep_wait(p, 0), how, &why) || !held_record(&t->h, &text, &why))
		warn(&t->h, "will be tried sooner than it should", &why);
	buf_free(&text);
	return true;
}

bool attempt_settle(struct attempt *t, struct err *e)
{
	/* of an account that is not in the configuration any more */
	static const struct queue_params usual = { .lifetime = 5 * 24 * 3600, .retry = { 300, 4 * 3600 } };
	const struct queue_params *p = t->who.a != NULL ? &t->who.a->queue : &usual;
	char how[ERR_TEXT] = "sent";
	int64_t now = time(NULL);
	struct err untold;
	bool told = true, final, expired;

	if (!t->ok)
		err_text(&t->why, how);
	if (t->barred)
		return wait_for_person(t, &p->retry, how);
	final = !t->ok && t->whole && err_is_final(&t->why);
	expired = !final && is_older(t, p->lifetime, now);
	if (final || expired)
		give_up(&t->x.v, &t->why);
	if (!tell(t, expired, &told, &untold)) {
		warn(&t->h, "waits longer, since its sender cannot be told about it", &untold);
		reopen(&t->x.v);
	}
	t->f->sent += t->ok;
	if (!keep_worth(&t->x.v) && !anybody_relayed(&t->x.v))
		return end(t, told, t->ok ? NULL : how, e);
	if (is_older(t, DELAY_S, now))
		tell_delay(t, t->h.x.since + p->lifetime);
	t->f->waiting++;
	t->f->late = true;
	return keep_record(t, now + keep_wait(&p->retry, t->h.x.tries), how, e);
}
