#include "server/handover.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "queue/bounce.h"
#include "server/later.h"
#include "smtp/negotiate.h"

static bool prepare(struct relay *u, struct job *j, struct err *e)
{
	struct submission *x = &j->x;
	size_t before = x->v.n; /* always_bcc comes behind them: if it is refused, that is told with the outcome */

	envelope_name(&x->v);
	if (!sender_cleanup(u->who, x, false, e))
		return false;
	if (j->away)
		return rendition_begin(&x->r, &x->m, NULL, e); /* can any server take the message? */
	return job_ask_added(j, before, e)
	    && negotiate_message(&u->to->s, &x->v, &x->m, true, &j->t.needs, &x->r, e);
}

/* A caller that sent RCPT and DATA in one flight may not want to send without the refused recipients.  After the 354 it can only
 * send an empty text to say so (RFC 2920 3.1). */
static bool was_meant(const struct job *j, struct err *e)
{
	const struct message *m = &j->x.m;

	return !j->said_no || m->head.len > 0 || m->body.len > 0 || m->fd >= 0
	    || fail(e, ST_INPUT, FATE_PERM, "the text is empty and a recipient was refused, so nothing was sent");
}

static bool some_have_it(const struct job *j)
{
	return envelope_count(&j->x.v, RCPT_DONE) > 0;
}

/* An LMTP server closed after some of its answers: the other recipients are barred for now. */
static bool others_unheard(struct envelope *v, const struct err *why, struct err *e)
{
	struct buf text = buf_max(ST_INTERNAL, 2 * sizeof why->say, "an error");
	bool ok = buf_printf(&text, e, "%s; the server may have the message for it", why->say);

	for (size_t i = 0; ok && i < v->n; i++)
		if (v->rcpts[i].state == RCPT_TAKEN)
			ok = rcpt_bar(&v->rcpts[i], ST_BODY, FATE_TEMP, (struct esc){ 4, 4, 2 }, buf_text(&text), e);
	buf_free(&text);
	return ok;
}

/* If some have the message, the refusals are told with the outcome. */
static void advise_message(struct relay *u, const struct job *j)
{
	for (size_t i = 0; i < j->x.v.n && !some_have_it(j); i++)
		if (rcpt_failed(&j->x.v.rcpts[i]) && j->x.v.rcpts[i].stage >= ST_DATA)
			relay_advise(u, &j->x.v.rcpts[i]);
}

/* The dialogue broke.  If some recipients have the message, that is an outcome. */
static bool some_were_heard(struct job *j, struct err *e)
{
	struct err why = *e;

	return some_have_it(j) && others_unheard(&j->x.v, &why, e);
}

/* The message is there, but the smarthost does not take it now. */
static bool defer(struct relay *u, struct err *e)
{
	return !relay_job(u)->away && relay_job(u)->keeps && relay_defer(u, e);
}

/* Keeps the message for those that do not have it yet, and may still get it.  False: nobody has it, and it was not kept. */
static bool keep_rest(struct relay *u, struct job *j, struct err *e)
{
	char text[ERR_TEXT];
	struct err why = j->why, verdict;

	if (!j->keeps || !keep_worth(&j->x.v) || keep_in_vain(u->who, &j->x.v))
		return true;
	if (!j->away && !transaction_verdict(&j->x.v, &verdict))
		j->why = why = verdict;
	if (later_keep(j, u->who, &why, e))
		return true;
	log_warn("the message could not be kept in the queue: %s", err_text(e, text));
	if (e->sys == ENOSPC || e->sys == EDQUOT)
		e->esc = (struct esc){ 4, 3, 1 };
	if (j->away && e->esc.class == 0) /* but a full queue or disk is a reason that the caller should know */
		*e = j->why;
	return !j->away;
}

/* If the message cannot be sent, an intact session is kept: RSET comes before the next MAIL.  If a server owes very many answers,
 * the first of them are heard here. */
bool handover_say(struct relay *u, struct err *e)
{
	struct job *j = relay_job(u);

	if (!was_meant(j, e))
		return false;
	if (!prepare(u, j, e))
		return defer(u, e);
	return j->away || j->t.taken == 0 || transaction_say_message(&j->t, e) || some_were_heard(j, e)
	    || defer(u, e);
}

bool handover_hear(struct relay *u, struct err *e)
{
	struct job *j = relay_job(u);

	if (!j->away && !transaction_hear_message(&j->t, e) && !some_were_heard(j, e) && !defer(u, e))
		return false;
	if (!j->away)
		advise_message(u, j);
	bounce_relayed(u->who, &j->x);
	return keep_rest(u, j, e);
}

bool handover_missed(const struct rcpt *r)
{
	return rcpt_failed(r) && (r->missed || r->stage >= ST_DATA);
}

/* If nobody has the message: the refusal of the message that the caller is told.  One for now is preferred to one for good, since
 * trying again may help some recipients. */
static const struct rcpt *refused_message(const struct envelope *v)
{
	const struct rcpt *best = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (rcpt_failed(&v->rcpts[i]) && v->rcpts[i].stage >= ST_DATA
		    && (best == NULL || (!rcpt_may_retry(best) && rcpt_may_retry(&v->rcpts[i]))))
			best = &v->rcpts[i];
	return best;
}

bool handover_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e)
{
	const struct job *j = relay_now(u);
	const struct delivery *d = &j->x.delivery;
	const struct rcpt *r = some_have_it(j) ? NULL : refused_message(&j->x.v);

	if (j->told[0] != '\0') {
		*code = 250;
		*esc = (struct esc){ 2, 0, 0 };
		*said = j->told;
		return true;
	}
	*code = r != NULL ? r->code : d->code;
	*esc = r != NULL ? r->esc : d->esc;
	*said = r == NULL ? d->said : r->said != NULL ? r->said : "";
	/* no answer: require_all_recipients kept the message back, and the error is the refusal at RCPT */
	return *code != 0 || transaction_verdict(&j->x.v, e);
}
