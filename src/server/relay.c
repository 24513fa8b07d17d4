#include "server/relay.h"

#include <stdlib.h>

#include "smtp/negotiate.h"

enum { ADDED = 1024 }; /* bytes added to the caller's SIZE, for Date, Message-ID, From and qualified addresses */

static struct job *now(struct relay *u) { return &u->jobs[u->at]; }
static struct job *next(struct relay *u) { return &u->jobs[1 - u->at]; }

/* The one that RCPT belongs to. */
static struct job *latest(struct relay *u) { return u->ahead ? next(u) : now(u); }

struct message *relay_message(struct relay *u) { return &now(u)->x.m; }
const struct job *relay_now(const struct relay *u) { return &u->jobs[u->at]; }
bool relay_has_mail(const struct relay *u) { return relay_now(u)->mail; }
bool relay_has_recipients(const struct relay *u) { return relay_now(u)->t.taken > 0; }
const struct reply *relay_reply(const struct relay *u) { return &u->answer; }

void relay_log(struct relay *u, const struct err *why)
{
	struct err verdict = { 0 };

	if (why == NULL && !transaction_verdict(&now(u)->x.v, &verdict))
		why = &verdict;
	deliver_log(u->who, u->to, &now(u)->x, why, why == NULL ? 0 : err_exit_status(why));
}

/* ---- the life of a job --------------------------------------------------------------------------- */

/* The only place where an envelope is freed.  The transaction is ended before, since replies are written into the envelope.  If
 * the session still owed it a reply, or its chat is broken, the connection is closed. */
static void job_end(struct relay *u, struct job *j)
{
	transaction_end(&j->t);
	if (u->to->s.chat.broken)
		smarthost_disconnect(u->to);
	submission_free(&j->x);
	submission_begin(&j->x);
	j->mail = j->said_no = false;
}

bool relay_forget(struct relay *u)
{
	bool goes_on = u->ahead && !u->to->s.chat.broken;
	struct err why;

	/* all recipients were refused and the caller gave up: without this the log would have no line */
	if (now(u)->mail && now(u)->t.taken == 0 && !transaction_verdict(&now(u)->x.v, &why))
		relay_log(u, &why);
	if (!goes_on)
		job_end(u, next(u));
	job_end(u, now(u));
	u->ahead = false;
	u->to->idle = clock_ms();
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

/* The message failed before it was read. */
static bool lost(struct relay *u, const struct err *why)
{
	relay_log(u, why);
	now(u)->mail = false;
	(void)relay_forget(u);
	return false;
}

/* Keeps the session's reply, since the session may read others before the caller is answered. */
static void keep_reply(struct relay *u)
{
	const struct reply *r = &u->to->s.chat.reply;

	u->answer.code = r->code;
	u->answer.esc = r->esc;
	u->answer.lines = r->lines;
	u->answer.len = r->len;
	memcpy(u->answer.text, r->text, r->len);
	u->answer.text[r->len] = '\0';
}

/* ---- MAIL ---------------------------------------------------------------------------------------- */

/* Chooses the account of this sender and sets the envelope of the job. */
static bool begin_envelope(struct relay *u, struct job *j, const struct command *c, struct err *e)
{
	struct envelope *v = &j->x.v;
	char wanted[ADDRESS_MAX];
	bool given;

	j->x.began = clock_ms();
	if (!sender_wanted(u->who, &j->x.m, wanted, &given, e) || !sender_set(u->who, given ? wanted : c->address, v, e))
		return false;
	v->ret = c->ret;
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

/* RFC 6531 3.4, 3.5: an address whose local part is not ASCII may be sent only if MAIL says SMTPUTF8 and the server offers it. */
static bool may_be_said(const struct relay *u, const struct job *j, const char *address)
{
	return address_local_is_ascii(address) || (j->t.needs.utf8 && (u->to->s.caps.ext & EXT_SMTPUTF8) != 0);
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

static bool say_mail(struct relay *u, struct job *j, struct err *e)
{
	if (!negotiate_envelope(&u->to->s, &j->t.needs, e))
		return false;
	if (!may_be_said(u, j, j->x.v.sender)) {
		fail(e, ST_INPUT, FATE_PERM, "%s does not offer SMTPUTF8, which the sender's address needs", u->to->host);
		e->esc = (struct esc){ 5, 6, 7 };
		return false;
	}
	j->t.needs.eight_bit = true; /* BODY=8BITMIME only says that the text may be 8-bit, which is not known yet */
	return transaction_say_mail(&j->t, e);
}

/* The recipients that were named already are asked about again. */
static void reopen(struct job *j)
{
	for (size_t i = 0; i < j->x.v.n; i++) {
		struct rcpt *r = &j->x.v.rcpts[i];

		r->asked = false;
		if (r->state != RCPT_BARRED)
			r->state = RCPT_OPEN;
		j->t.refused += r->state == RCPT_BARRED;
	}
}

static bool say_mail_anew(struct relay *u, const struct command *c, struct err *e)
{
	u->reused = false;
	smarthost_disconnect(u->to);
	if (!smarthost_connect(u->to, e))
		return false;
	begin_transaction(u, now(u), c);
	reopen(now(u));
	return say_mail(u, now(u), e);
}

/* A connection that was used before may have been closed by the server; then MAIL is tried once more on a new one.  If MAIL
 * failed but the connection is intact, a new one would not help. */
static bool reach(struct relay *u, const struct command *c, struct err *e)
{
	u->reused = smarthost_usable(u->to);
	if (u->reused) {
		bool ok;

		begin_transaction(u, now(u), c);
		ok = say_mail(u, now(u), e);
		if (ok || !u->to->s.chat.broken)
			return ok;
	}
	return say_mail_anew(u, c, e);
}

bool relay_say_mail(struct relay *u, const struct command *c, struct err *e)
{
	return (begin_envelope(u, now(u), c, e) && ready(u, e) && reach(u, c, e)) || lost(u, e);
}

static bool hear_mail(struct relay *u, const struct command *c, bool *anew, struct err *e)
{
	if (transaction_hear_mail(&now(u)->t, e))
		return true;
	*anew = u->to->s.chat.broken && u->reused;
	if (!*anew)
		return false;
	transaction_end(&now(u)->t);
	return say_mail_anew(u, c, e) && transaction_hear_mail(&now(u)->t, e);
}

/* The sender was refused.  The answers to the RCPT that were said with MAIL mean nothing. */
static void sender_refused(struct relay *u)
{
	struct err refused, unheard;

	reply_fail(relay_reply(u), ST_MAIL, &refused, "the server refused the sender <%s>", now(u)->x.v.sender);
	relay_log(u, &refused);
	if (!u->to->s.chat.broken)
		(void)!chat_settle(&u->to->s.chat, &unheard);
	(void)relay_forget(u);
}

bool relay_hear_mail(struct relay *u, const struct command *c, bool *anew, struct err *e)
{
	*anew = false;
	if (!hear_mail(u, c, anew, e))
		return lost(u, e);
	keep_reply(u);
	now(u)->mail = !now(u)->t.no_mail;
	if (!now(u)->mail)
		sender_refused(u);
	return true;
}

/* May MAIL follow the end of the present message in one flight?  There must be an answer to wait for, and nothing that has to be
 * asked of the server before MAIL. */
static bool may_follow(struct relay *u, const struct job *j)
{
	const struct session *s = &u->to->s;

	return s->chat.depth > 1 && chat_owes(&s->chat, &now(u)->t) && smarthost_usable(u->to)
	    && negotiate_knows(s, &j->t.needs);
}

bool relay_say_next(struct relay *u, const struct command *c)
{
	struct account *present = u->to->a;
	struct job *j = next(u);
	struct err unheard;

	if (begin_envelope(u, j, c, &unheard) && u->who->a == present) {
		begin_transaction(u, j, c);
		u->ahead = may_follow(u, j) && say_mail(u, j, &unheard);
	}
	u->who->a = present;
	if (!u->ahead) /* it is said, and its error told, in its turn */
		job_end(u, j);
	return u->ahead;
}

/* ---- RCPT ---------------------------------------------------------------------------------------- */

static bool give_dsn(struct rcpt *r, const struct command *c, struct err *e)
{
	if (r->notify != 0 || r->orcpt != NULL) /* named before: the first parameters stay */
		return true;
	r->notify = c->notify;
	return (c->orcpt[0] == '\0' || (r->orcpt = str_dup(c->orcpt, e)) != NULL);
}

static bool refuse_utf8(struct job *j, struct rcpt *r, struct err *e)
{
	j->t.refused++;
	return rcpt_bar(r, ST_RCPT, FATE_PERM, (struct esc){ 5, 6, 7 },
			"the address is not ASCII, and MAIL did not say SMTPUTF8 or the server does not offer it", e);
}

/* c NULL: the recipient comes from no command of the caller. */
static bool say_one(struct relay *u, struct job *j, size_t i, const struct command *c, struct err *e)
{
	struct rcpt *r = &j->x.v.rcpts[i];

	if (!may_be_said(u, j, r->address))
		return refuse_utf8(j, r, e);
	if (c != NULL && !give_dsn(r, c, e))
		return false;
	j->t.needs.dsn = j->t.needs.dsn || r->notify != 0 || r->orcpt != NULL;
	j->t.refused -= rcpt_failed(r); /* the caller names it again, so the smarthost is asked again */
	r->state = RCPT_OPEN;
	return transaction_say_rcpt(&j->t, i, e);
}

/* Is there something to ask the smarthost about this recipient? */
static bool may_be_asked(const struct rcpt *r)
{
	return r->state != RCPT_BARRED && r->state != RCPT_TAKEN;
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

/* Adds the recipient to the envelope, with all addresses that it stands for.  If one fails, none is added. */
static bool name(struct relay *u, struct job *j, struct asked *a, const struct command *c, struct err *e)
{
	struct envelope *v = &j->x.v;
	size_t before = v->n;

	envelope_name(v);
	if (!sender_add(u->who, c->address, v, e) || !list(a, v, e)) {
		envelope_cut(v, before);
		return false;
	}
	count_barred(j, before);
	a->named = true;
	return true;
}

void relay_asked_free(struct asked *a)
{
	free(a->who);
	*a = (struct asked){ .named = false };
}

/* Must the answers to earlier RCPT be heard first?  If the server has no PIPELINING, if its answers would be too many, or if an
 * address has been asked about and is not answered yet. */
static bool must_wait(struct relay *u, const struct job *j, const struct asked *a)
{
	const struct chat *chat = &u->to->s.chat;
	bool wait = chat->depth == 1 || chat->broken || chat->owed + a->n >= CHAT_DEPTH;

	for (size_t i = 0; i < a->n && !wait; i++)
		wait = j->x.v.rcpts[a->who[i]].asked;
	return wait;
}

void relay_say_rcpt(struct relay *u, struct asked *a, const struct command *c)
{
	struct job *j = latest(u);
	struct err unheard; /* what fails here fails again, or is kept by the chat, and is told in its turn */
	bool ok = (a->named || name(u, j, a, c, &unheard)) && !must_wait(u, j, a);

	for (size_t i = 0; ok && i < a->n; i++)
		ok = !may_be_asked(&j->x.v.rcpts[a->who[i]]) || say_one(u, j, a->who[i], c, &unheard);
	a->said = ok;
}

/* A recipient that is an alias gets the best answer of its addresses: accepted before refused for now before refused for good.
 * So one address that is gone does not keep the mail from the others.  With require_all_recipients the worst answer counts. */
static bool counts_more(const struct relay *u, const struct rcpt *r, const struct rcpt *than)
{
	const struct rcpt *both[] = { r, than };
	int good[2];

	for (size_t i = 0; than != NULL && i < 2; i++)
		good[i] = !rcpt_failed(both[i]) ? 2 : rcpt_may_retry(both[i]);
	return than == NULL || (u->to->a->wishes.require_all_recipients ? good[0] < good[1] : good[0] > good[1]);
}

/* Hears the answers for all addresses that one recipient stands for.  *counts: the address whose answer is the recipient's. */
static bool hear_all(struct relay *u, struct asked *a, const struct command *c, const struct rcpt **counts, bool *asked,
		     struct err *e)
{
	struct job *j = now(u);

	*counts = NULL;
	for (size_t i = 0; i < a->n; i++) {
		const struct rcpt *r = &j->x.v.rcpts[a->who[i]];
		bool ask = may_be_asked(r);

		if (ask && ((!r->asked && !say_one(u, j, a->who[i], c, e)) || !transaction_hear_rcpt(&j->t, a->who[i], e)))
			return false;
		if (!counts_more(u, r, *counts))
			continue;
		*counts = r;
		*asked = ask;
		if (ask && r->state != RCPT_BARRED)
			keep_reply(u);
	}
	return true;
}

/* Marks the addresses that were refused behind an accepted recipient: the caller is told later. */
static void note_missed(struct envelope *v, const struct asked *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (rcpt_failed(&v->rcpts[a->who[i]]))
			v->rcpts[a->who[i]].missed = true;
}

bool relay_hear_rcpt(struct relay *u, struct asked *a, const struct command *c, bool *asked, struct err *e)
{
	struct job *j = now(u);
	const struct rcpt *counts;

	*asked = false;
	if (!a->named && !name(u, j, a, c, e)) {
		j->said_no = true;
		return false; /* only this recipient fails */
	}
	if (!hear_all(u, a, c, &counts, asked, e))
		return lost(u, e);
	if (counts != NULL && counts->state == RCPT_TAKEN) {
		note_missed(&j->x.v, a);
		return true;
	}
	j->said_no = true;
	if (counts == NULL)
		return fail(e, ST_RCPT, FATE_PERM, "the recipient <%s> stands for no address", c->address);
	if (counts->state == RCPT_BARRED)
		transaction_refusal(counts, j->x.v.sender, e);
	return counts->state != RCPT_BARRED;
}

/* ---- the message --------------------------------------------------------------------------------- */

/* Asks for the recipients of always_bcc.  The caller did not name them, so a refusal is told with the outcome of the message. */
static bool ask_added(struct relay *u, struct job *j, size_t before, struct err *e)
{
	struct asked added = { .named = true };
	bool ok = list(&added, &j->x.v, e);

	count_barred(j, before);
	for (size_t i = 0; ok && i < added.n; i++)
		if (j->x.v.rcpts[added.who[i]].state == RCPT_OPEN)
			ok = say_one(u, j, added.who[i], NULL, e) && transaction_hear_rcpt(&j->t, added.who[i], e);
	note_missed(&j->x.v, &added);
	relay_asked_free(&added);
	return ok;
}

static bool prepare(struct relay *u, struct job *j, struct err *e)
{
	struct submission *x = &j->x;
	size_t before = x->v.n;

	envelope_name(&x->v);
	return sender_cleanup(u->who, x, false, e) && ask_added(u, j, before, e)
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

/* If the message cannot be sent, an intact session is kept: RSET comes before the next MAIL. */
bool relay_say_message(struct relay *u, struct err *e)
{
	struct job *j = now(u);

	return was_meant(j, e) && prepare(u, j, e) && transaction_say_message(&j->t, e);
}

bool relay_hear_message(struct relay *u, struct err *e)
{
	struct job *j = now(u);
	struct err why;

	if (transaction_hear_message(&j->t, e))
		return true;
	why = *e;
	return some_have_it(j) && others_unheard(&j->x.v, &why, e);
}

bool relay_missed(const struct rcpt *r)
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

bool relay_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e)
{
	const struct submission *x = &relay_now(u)->x;
	const struct delivery *d = &x->delivery;
	const struct rcpt *r = some_have_it(relay_now(u)) ? NULL : refused_message(&x->v);

	*code = r != NULL ? r->code : d->code;
	*esc = r != NULL ? r->esc : d->esc;
	*said = r == NULL ? d->said : r->said != NULL ? r->said : "";
	/* no answer: require_all_recipients kept the message back, and the error is the refusal at RCPT */
	return *code != 0 || transaction_verdict(&x->v, e);
}
