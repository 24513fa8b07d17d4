#include "server/job.h"

#include <stdlib.h>

bool job_may_say(const struct job *j, const char *address)
{
	return address_local_is_ascii(address) || (j->t.needs.utf8 && (j->t.s->caps.ext & EXT_SMTPUTF8) != 0);
}

void job_reopen(struct job *j)
{
	for (size_t i = 0; i < j->x.v.n; i++) {
		struct rcpt *r = &j->x.v.rcpts[i];

		r->asked = false;
		if (r->state != RCPT_BARRED)
			r->state = RCPT_OPEN;
		j->t.refused += r->state == RCPT_BARRED;
	}
}

/* Is there something to ask the smarthost about this recipient? */
static bool may_be_asked(const struct rcpt *r)
{
	return r->state != RCPT_BARRED && r->state != RCPT_TAKEN;
}

static bool give_dsn(struct rcpt *r, const struct command *c, struct err *e)
{
	if (r->notify != 0 || r->orcpt != NULL) /* named before: the first parameters stay */
		return true;
	r->notify = c->notify;
	return (c->orcpt[0] == '\0' || (r->orcpt = str_dup(c->orcpt, e)) != NULL);
}

/* What the caller asks to be told about the addresses of a recipient. */
static bool give_dsn_all(struct job *j, const struct asked *a, const struct command *c, struct err *e)
{
	for (size_t i = 0; i < a->n; i++)
		if (may_be_asked(&j->x.v.rcpts[a->who[i]]) && !give_dsn(&j->x.v.rcpts[a->who[i]], c, e))
			return false;
	return true;
}

static bool refuse_utf8(struct job *j, struct rcpt *r, struct err *e)
{
	j->t.refused++;
	return rcpt_bar(r, ST_RCPT, FATE_PERM, (struct esc){ 5, 6, 7 },
			"the address is not ASCII, and MAIL did not say SMTPUTF8 or the server does not offer it", e);
}

static bool say_one(struct job *j, size_t i, struct err *e)
{
	struct rcpt *r = &j->x.v.rcpts[i];

	if (!job_may_say(j, r->address))
		return refuse_utf8(j, r, e);
	j->t.needs.dsn = j->t.needs.dsn || r->notify != 0 || r->orcpt != NULL;
	j->t.refused -= rcpt_failed(r); /* the caller names it again, so the smarthost is asked again */
	r->state = RCPT_OPEN;
	return transaction_say_rcpt(&j->t, i, e);
}

/* Counts the recipients that we refuse ourselves: with require_all_recipients they keep the message back. */
static void count_barred(struct job *j, size_t from)
{
	for (size_t i = from; i < j->x.v.n; i++)
		j->t.refused += j->x.v.rcpts[i].state == RCPT_BARRED;
}

/* Lists the addresses that were named since envelope_name(). */
static bool list(struct asked *a, const struct envelope *v, struct err *e)
{
	size_t n = 0;

	for (struct rcpt *r = envelope_named(v, NULL); r != NULL; r = envelope_named(v, r))
		n++;
	a->who = calloc(n + 1, sizeof *a->who);
	if (a->who == NULL)
		return fail_memory(e);
	for (struct rcpt *r = envelope_named(v, NULL); r != NULL; r = envelope_named(v, r))
		a->who[a->n++] = (size_t)(r - v->rcpts);
	return true;
}

/* RFC 3461 5, 5.2.2: if the server behind us has no DSN, it is our duty to report that the message was passed on.  The queue does
 * (queue/bounce).  Without it we report no success.  A failure is told in the dialogue, so the other words of NOTIFY need no
 * server. */
static bool success_is_told(const struct job *j, const struct sender *who, const struct command *c, struct err *e)
{
	if ((c->notify & NOTIFY_SUCCESS) == 0 || esmtp_is_bounce(&j->x.v) || (j->keeps && who->a->queue.bounce))
		return true;
	if (j->away) {
		fail(e, ST_RCPT, FATE_TEMP,
		     "there is no server now that could say whether it offers DSN, which NOTIFY=SUCCESS needs");
		e->esc = (struct esc){ 4, 4, 1 };
		return false;
	}
	if ((j->t.s->caps.ext & EXT_DSN) != 0)
		return true;
	fail(e, ST_RCPT, FATE_PERM, "%s does not offer DSN, which NOTIFY=SUCCESS needs", j->t.s->to->host);
	e->esc = (struct esc){ 5, 5, 4 };
	return false;
}

void job_asked_free(struct asked *a)
{
	free(a->who);
	*a = (struct asked){ .named = false };
}

bool job_name(struct job *j, struct sender *who, struct asked *a, const struct command *c, struct err *e)
{
	struct envelope *v = &j->x.v;
	size_t before = v->n;

	if (!success_is_told(j, who, c, e))
		return false;
	envelope_name(v);
	if (!expand_recipient(&who->expander, v, c->address, e) || !list(a, v, e) || !give_dsn_all(j, a, c, e)) {
		envelope_cut(v, before);
		job_asked_free(a);
		return false;
	}
	count_barred(j, before);
	a->named = true;
	return true;
}

/* Must the answers to earlier RCPT be heard first?  If the server has no PIPELINING, if its answers would be too many, or if an
 * address has been asked about and is not answered yet. */
static bool must_wait(const struct job *j, const struct asked *a)
{
	const struct chat *chat = &j->t.s->chat;
	bool wait = chat->depth == 1 || chat->broken || chat->owed + a->n >= CHAT_DEPTH;

	for (size_t i = 0; i < a->n && !wait; i++)
		wait = j->x.v.rcpts[a->who[i]].asked;
	return wait;
}

void job_say(struct job *j, struct sender *who, struct asked *a, const struct command *c)
{
	struct err unheard; /* what fails here fails again, or is kept by the chat, and is told in its turn */
	bool ok = (a->named || job_name(j, who, a, c, &unheard)) && !must_wait(j, a);

	for (size_t i = 0; ok && i < a->n; i++)
		ok = !may_be_asked(&j->x.v.rcpts[a->who[i]]) || say_one(j, a->who[i], &unheard);
	a->said = ok;
}

/* Does the answer for r count more than the other one for the recipient that stands for both? */
static bool counts_more(const struct job *j, const struct rcpt *r, const struct rcpt *than)
{
	const struct rcpt *both[] = { r, than };
	int good[2];

	for (size_t i = 0; than != NULL && i < 2; i++)
		good[i] = !rcpt_failed(both[i]) ? 2 : rcpt_may_retry(both[i]);
	return than == NULL || (j->t.needs.w->require_all_recipients ? good[0] < good[1] : good[0] > good[1]);
}

/* Says RCPT for the i-th address and, if it has not been said, for those behind it, as many as the chat keeps. */
static bool say_from(struct job *j, const struct asked *a, size_t i, struct err *e)
{
	const struct chat *chat = &j->t.s->chat;

	if (j->x.v.rcpts[a->who[i]].asked)
		return true;
	do
		if (may_be_asked(&j->x.v.rcpts[a->who[i]]) && !say_one(j, a->who[i], e))
			return false;
	while (++i < a->n && chat->depth > 1 && chat->owed < CHAT_DEPTH);
	return true;
}

bool job_hear(struct job *j, struct asked *a, const struct rcpt **counts, bool *asked, struct reply *answer, struct err *e)
{
	*counts = NULL;
	for (size_t i = 0; i < a->n; i++) {
		const struct rcpt *r = &j->x.v.rcpts[a->who[i]];
		bool ask = may_be_asked(r);

		if (ask && (!say_from(j, a, i, e) || !transaction_hear_rcpt(&j->t, a->who[i], e)))
			return false;
		if (!counts_more(j, r, *counts))
			continue;
		*counts = r;
		*asked = ask;
		if (ask && r->state != RCPT_BARRED)
			reply_copy(answer, &j->t.s->chat.reply);
	}
	return true;
}

void job_note_missed(struct job *j, const struct asked *a)
{
	struct rcpt *rcpts = j->x.v.rcpts;

	for (size_t i = 0; i < a->n; i++)
		if (rcpt_failed(&rcpts[a->who[i]]))
			rcpts[a->who[i]].missed = true;
}

bool job_ask_added(struct job *j, size_t from, struct err *e)
{
	struct asked added = { .named = true };
	bool ok = list(&added, &j->x.v, e);

	count_barred(j, from);
	for (size_t i = 0; ok && i < added.n; i++)
		if (j->x.v.rcpts[added.who[i]].state == RCPT_OPEN)
			ok = say_one(j, added.who[i], e) && transaction_hear_rcpt(&j->t, added.who[i], e);
	job_note_missed(j, &added);
	job_asked_free(&added);
	return ok;
}
