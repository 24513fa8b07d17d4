#include "server/relay.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "deliver/report.h"
#include "server/later.h"
#include "smtp/negotiate.h"

enum { ADDED = 1024 }; /* bytes added to the caller's SIZE, for Date, Message-ID, From and qualified addresses */

struct job *relay_job(struct relay *u) { return &u->jobs[u->at]; }
static struct job *next(struct relay *u) { return &u->jobs[1 - u->at]; }

/* The one that RCPT belongs to. */
static struct job *latest(struct relay *u) { return u->ahead ? next(u) : relay_job(u); }

const struct job *relay_now(const struct relay *u) { return &u->jobs[u->at]; }
bool relay_has_mail(const struct relay *u) { return relay_now(u)->mail; }
bool relay_has_recipients(const struct relay *u)
{
	const struct job *j = relay_now(u);

	return j->t.taken > 0 || (j->keeps && keep_worth(&j->x.v));
}
const struct reply *relay_reply(const struct relay *u) { return &u->answer; }

struct circumstances relay_circumstances(const struct relay *u)
{
	return circumstances_of(u->who, u->to, &relay_now(u)->x);
}

void relay_log(struct relay *u, const struct err *why)
{
	struct job *j = relay_job(u);
	bool kept = j->kept[0] != '\0';
	struct err verdict = { 0 };
	int status;

	if (why == NULL && !transaction_verdict(&j->x.v, &verdict))
		why = &verdict;
	status = why == NULL ? 0 : err_exit_status(why);
	if (why == NULL && kept && j->why.say[0] != '\0')
		why = &j->why;
	deliver_log(u->who, u->to, &j->x, why, kept ? j->kept : NULL, status);
	j->logged = true;
	if (why != NULL && !err_is_final(why) && j->why_not != NULL)
		log_warn("the message is not kept in the queue: %s", j->why_not);
}

/* ---- the life of a job --------------------------------------------------------------------------- */

/* The only place where an envelope is freed.  The transaction is ended before, since replies are written into the envelope.  If
 * the session still owed it a reply, or its chat is broken, the connection is closed. */
static void job_end(struct relay *u, struct job *j)
{
	if (j->t.s != NULL)
		u->to->idle = clock_ms();
	transaction_end(&j->t);
	if (u->to->s.chat.broken)
		smarthost_disconnect(u->to);
	submission_free(&j->x);
	submission_begin(&j->x);
	j->keeps = j->away = false;
	j->why_not = NULL;
	j->kept[0] = j->told[0] = j->why.say[0] = '\0';
	j->mail = j->said_no = j->advised = j->logged = false;
}

bool relay_forget(struct relay *u)
{
	const struct job *j = relay_job(u);
	bool goes_on = u->ahead && !u->to->s.chat.broken;
	struct err why;

	/* all recipients were refused and the caller gave up: without this the log would have no line */
	if (!j->logged && j->mail && j->t.taken == 0 && !transaction_verdict(&j->x.v, &why))
		relay_log(u, &why);
	if (!goes_on)
		job_end(u, next(u));
	job_end(u, relay_job(u));
	u->ahead = false;
	if (!goes_on)
		return false;
	u->at = 1 - u->at;
	u->reused = true;
	smarthost_restart_clock(u->to);
	return true;
}

void relay_begin(struct relay *u, struct sender *who, struct smarthost *to)
{
	u->who = who;
	u->to = to;
	submission_begin(&u->jobs[0].x);
	submission_begin(&u->jobs[1].x);
}

void relay_close(struct relay *u)
{
	(void)relay_forget(u);
	(void)relay_forget(u); /* a next message that was begun */
	smarthost_disconnect(u->to);
}

/* The message failed before it was read.  The hint is found while the envelope is there. */
static bool lost(struct relay *u, struct err *why)
{
	struct circumstances c = relay_circumstances(u);

	hint_add(why, &c);
	relay_log(u, why);
	(void)relay_forget(u);
	return false;
}

/* ---- MAIL ---------------------------------------------------------------------------------------- */

/* The sender that the options ask for, else the caller's. */
static bool wanted_sender(const struct relay *u, const struct job *j, const struct command *c, char to[ADDRESS_MAX],
			  enum sender_origin *from, struct err *e)
{
	if (!sender_wanted(u->who, &j->x.m, to, from, e))
		return false;
	if (*from == ORIGIN_NONE) {
		snprintf(to, ADDRESS_MAX, "%s", c->address);
		*from = ORIGIN_CALLER;
	}
	return true;
}

/* Chooses the account of this sender and sets the envelope of the job. */
static bool begin_envelope(struct relay *u, struct job *j, const struct command *c, struct err *e)
{
	struct envelope *v = &j->x.v;
	char wanted[ADDRESS_MAX];
	enum sender_origin from;

	j->x.began = clock_ms();
	if (!wanted_sender(u, j, c, wanted, &from, e) || !sender_set(u->who, wanted, from, &j->x, e))
		return false;
	v->ret = c->ret;
	j->keeps = u->who->a->wishes.hold_here = keep_allowed(u->who, &j->why_not);
	if (!wishes_agree(&u->who->a->wishes, esmtp_is_bounce(v), time(NULL), e))
		return false;
	return c->envid[0] == '\0' || (v->envid = str_dup(c->envid, e)) != NULL;
}

/* If the account is another than before, the connection is closed and the secret is replaced. */
static bool ready(struct relay *u, struct err *e)
{
	if (u->to->a != u->who->a)
		return smarthost_ready(u->to, u->who->a, e);
	smarthost_restart_clock(u->to);
	return true;
}

/* Begins a transaction in the open session. */
static void begin_transaction(struct relay *u, struct job *j, const struct command *c)
{
	const struct facts announced = { .bytes = c->size == 0 ? 0 : c->size + ADDED, .eight_bit = c->eight_bit };
	const struct wishes *w = &u->to->a->wishes;
	struct needs n;

	esmtp_needs(&n, w, &j->x.v, &announced);
	n.utf8 = n.utf8 || (c->utf8 && w->utf8 != UTF8_OFF);
	transaction_begin(&j->t, &u->to->s, &j->x.v, &j->x.r, &n, &j->x.delivery);
}

/* Does the present session offer what MAIL will ask for? */
static bool suits(struct relay *u, struct job *j, struct err *e)
{
	if (!negotiate_envelope(&u->to->s, &j->t.needs, e))
		return false;
	if (job_may_say(j, j->x.v.sender))
		return true;
	fail(e, ST_INPUT, FATE_PERM, "%s does not offer SMTPUTF8, which the sender's address needs", u->to->host);
	e->esc = (struct esc){ 5, 6, 7 };
	return false;
}

struct attempt {
	struct relay         *u;
	const struct command *c; /* MAIL of the present job */
};

static bool begins(void *ctx, struct session *s, struct err *e)
{
	struct attempt *t = ctx;

	(void)s;
	begin_transaction(t->u, relay_job(t->u), t->c);
	return suits(t->u, relay_job(t->u), e);
}

/* BODY=8BITMIME only says that the text may be 8-bit, which is not known yet.  Where it is, and the caller said BODY=7BIT, it is
 * converted. */
static bool say_mail(struct job *j, const struct command *c, struct err *e)
{
	j->t.needs.eight_bit = !c->seven_bit;
	return transaction_say_mail(&j->t, e);
}

static bool say_mail_anew(struct relay *u, const struct command *c, struct err *e)
{
	struct attempt t = { u, c };

	u->reused = false;
	smarthost_disconnect(u->to);
	if (!smarthost_connect(u->to, begins, &t, e))
		return false;
	job_reopen(relay_job(u));
	return say_mail(relay_job(u), c, e);
}

/* A connection that was used before may have been closed by the server; then MAIL is tried once more on a new one.  If MAIL
 * failed but the connection is intact, a new one would not help, unless another endpoint offers what this one lacks. */
static bool reach(struct relay *u, const struct command *c, struct err *e)
{
	struct attempt t = { u, c };

	u->reused = smarthost_usable(u->to);
	if (u->reused) {
		bool fits = begins(&t, &u->to->s, e), ok = fits && say_mail(relay_job(u), c, e);

		if (ok || !(u->to->s.chat.broken || (!fits && u->to->n_servers > 1)))
			return ok;
	}
	return say_mail_anew(u, c, e);
}

bool relay_defer(struct relay *u, const struct err *why)
{
	struct err unheard;

	if (!later_may(u->who, why))
		return false;
	if (!u->to->s.chat.broken && u->to->open) /* what was said of this message means nothing any more */
		(void)!chat_settle(&u->to->s.chat, &unheard);
	transaction_end(&relay_job(u)->t);
	later_begin(relay_job(u), why);
	return true;
}

static bool only_keeps(const struct relay *u, struct err *e)
{
	if (!keep_first(u->who))
		return false;
	*e = (struct err){ .stage = ST_CONNECT, .fate = FATE_TEMP }; /* no words: there was no try */
	return true;
}

bool relay_say_mail(struct relay *u, const struct command *c, struct err *e)
{
	if (!begin_envelope(u, relay_job(u), c, e))
		return lost(u, e);
	if (only_keeps(u, e))
		return relay_defer(u, e);
	return (ready(u, e) && reach(u, c, e)) || relay_defer(u, e) || lost(u, e);
}

static bool hear_mail(struct relay *u, const struct command *c, bool *anew, struct err *e)
{
	if (transaction_hear_mail(&relay_job(u)->t, e))
		return true;
	*anew = u->to->s.chat.broken && u->reused;
	if (!*anew)
		return false;
	transaction_end(&relay_job(u)->t);
	return say_mail_anew(u, c, e) && transaction_hear_mail(&relay_job(u)->t, e);
}

/* The sender was refused.  The answers to the RCPT that were said with MAIL mean nothing. */
static void sender_refused(struct relay *u)
{
	struct circumstances c = relay_circumstances(u);
	const struct reply *r = relay_reply(u);
	struct err refused, unheard;

	reply_fail(r, ST_MAIL, &refused, "the server refused %s <%s>", transaction_blames(r->code, r->esc),
		   relay_job(u)->x.v.sender);
	relay_log(u, &refused);
	report_advice(&refused, &c);
	if (!u->to->s.chat.broken)
		(void)!chat_settle(&u->to->s.chat, &unheard);
	(void)relay_forget(u);
}

bool relay_hear_mail(struct relay *u, const struct command *c, bool *anew, struct err *e)
{
	struct job *j = relay_job(u);

	*anew = false;
	if (!j->away && !hear_mail(u, c, anew, e) && !relay_defer(u, e))
		return lost(u, e);
	if (!j->away)
		reply_copy(&u->answer, &u->to->s.chat.reply);
	if (!j->away && j->t.no_mail) {
		reply_fail(&u->answer, ST_MAIL, e, "the server refused %s <%s>",
			   transaction_blames(u->answer.code, u->answer.esc), j->x.v.sender);
		if (!relay_defer(u, e))
			sender_refused(u);
	}
	if (j->away) {
		*anew = false;
		later_answer(&u->answer, true);
	}
	j->mail = j->away || j->t.s != NULL;
	return true;
}

/* May MAIL follow the end of the present message in one flight?  There must be an answer to wait for, the session must be good
 * for one more message, and that message must be for the same account: the present one still needs its account for the log. */
static bool may_follow(const struct relay *u, const struct job *j, const struct command *c)
{
	const struct chat *chat = &u->to->s.chat;
	char wanted[ADDRESS_MAX];
	enum sender_origin from;
	struct err unheard;

	return chat->depth > 1 && chat_owes(chat, &relay_now(u)->t) && smarthost_usable(u->to)
	    && wanted_sender(u, j, c, wanted, &from, &unheard) && sender_keeps_account(u->who, wanted);
}

bool relay_say_next(struct relay *u, const struct command *c)
{
	struct job *j = next(u);
	struct err unheard; /* it is told in its turn, when the same is tried again */

	if (may_follow(u, j, c) && begin_envelope(u, j, c, &unheard)) {
		begin_transaction(u, j, c);
		u->ahead = negotiate_knows(&u->to->s, &j->t.needs) && suits(u, j, &unheard) && say_mail(j, c, &unheard);
	}
	if (!u->ahead)
		job_end(u, j);
	return u->ahead;
}

/* ---- RCPT ---------------------------------------------------------------------------------------- */

void relay_say_rcpt(struct relay *u, struct asked *a, const struct command *c)
{
	if (!latest(u)->away)
		job_say(latest(u), u->who, a, c);
}

void relay_advise(struct relay *u, const struct rcpt *r)
{
	struct circumstances c = relay_circumstances(u);
	struct err why;

	if (relay_job(u)->advised)
		return;
	transaction_refusal(r, relay_job(u)->x.v.sender, &why);
	report_advice(&why, &c);
	relay_job(u)->advised = why.hint[0] != '\0';
}

/* Of the addresses that the recipient stands for: one that the queue will have the message for, else one that is barred. */
static const struct rcpt *for_later(const struct job *j, const struct asked *a)
{
	const struct rcpt *best = NULL;

	for (size_t i = 0; i < a->n; i++)
		if (best == NULL || !rcpt_is_open(best))
			best = &j->x.v.rcpts[a->who[i]];
	return best;
}

static bool hear(struct relay *u, struct asked *a, const struct rcpt **counts, bool *asked, struct err *e)
{
	struct job *j = relay_job(u);

	if (!j->away && !job_hear(j, a, counts, asked, &u->answer, e) && !relay_defer(u, e))
		return false;
	if (j->away)
		*counts = for_later(j, a);
	return true;
}

bool relay_hear_rcpt(struct relay *u, struct asked *a, const struct command *c, bool *asked, struct err *e)
{
	struct job *j = relay_job(u);
	const struct rcpt *counts;

	*asked = false;
	if (!a->named && !job_name(j, u->who, a, c, e)) {
		j->said_no = true;
		return false; /* only this recipient fails */
	}
	if (!hear(u, a, &counts, asked, e))
		return lost(u, e);
	if (counts != NULL && j->keeps && counts->state != RCPT_TAKEN && rcpt_is_open(counts)) {
		later_answer(&u->answer, false);
		*asked = true;
		return true;
	}
	if (counts != NULL && counts->state == RCPT_TAKEN) {
		job_note_missed(j, a);
		return true;
	}
	j->said_no = true;
	if (counts == NULL)
		return fail(e, ST_RCPT, FATE_PERM, "the recipient <%s> stands for no address", c->address);
	if (counts->state == RCPT_BARRED)
		transaction_refusal(counts, j->x.v.sender, e);
	else
		relay_advise(u, counts);
	return counts->state != RCPT_BARRED;
}
