#include "command/relay.h"

#include "mail/alabel.h"
#include "mail/recode.h"
#include "smtp/carry.h"

enum { ADDED = 1024 }; /* bytes of Date, Message-ID and From, and names qualified: the caller's SIZE knows nothing of them */
/* A connection that was silent for so long may be gone without a trace (a firewall forgets it), and the next command would
 * wait in vain for as long as a server may take. */
enum { IDLE_MS = 60 * 1000 };

static void disconnect(struct relay *u)
{
	if (u->connected)
		submission_disconnect(u->x);
	u->connected = false;
	u->begun = false;
}

void relay_log(struct relay *u, const struct err *why)
{
	struct err verdict = { 0 };

	if (why == NULL && !transaction_verdict(&u->x->v, &verdict))
		why = &verdict;
	submission_log(u->x, why, why == NULL ? 0 : err_exit_status(why));
}

/* All were refused and the caller gave up: nobody else says so to the log. */
void relay_forget(struct relay *u)
{
	struct err why;

	if (u->mail && u->t.taken == 0 && !transaction_verdict(&u->x->v, &why))
		relay_log(u, &why);
	message_free(&u->x->m);
	u->x->m = (struct message){ .fd = -1 };
	envelope_free(&u->x->v);
	u->mail = false;
	u->idle = clock_ms();
}

void relay_close(struct relay *u)
{
	disconnect(u);
	relay_forget(u);
}

/* The message came to nothing before there was one. */
static bool lost(struct relay *u, const struct err *why)
{
	submission_log(u->x, why, err_exit_status(why));
	u->mail = false;
	if (u->x->s.chat.broken)
		disconnect(u);
	relay_forget(u);
	return false;
}

const struct reply *relay_reply(const struct relay *u)
{
	return &u->x->s.chat.reply;
}

/* ---- MAIL ---------------------------------------------------------------------------------------- */

/* The account of this sender; the connection is another's where it is not the same. */
static bool choose(struct relay *u, const char *sender, struct err *e)
{
	struct submission *x = u->x;
	char wanted[ADDRESS_MAX];
	bool given;

	if (!submission_wanted(x, wanted, &given, e) || !submission_sender(x, given ? wanted : sender, e))
		return false;
	if (u->ready == x->a)
		return true;
	disconnect(u);
	secret_wipe(&x->secret);
	u->ready = submission_ready(x, e) ? x->a : NULL;
	return u->ready != NULL;
}

static bool begin_envelope(struct relay *u, const struct command *c, struct err *e)
{
	struct submission *x = u->x;

	x->began = clock_ms();
	x->delivery = (struct delivery){ .code = 0 };
	if (!choose(u, c->address, e))
		return false;
	x->until = x->a->smtp.total_timeout == 0 ? CLOCK_NEVER : clock_in_s(x->a->smtp.total_timeout);
	x->io.until = x->until;
	x->m.facts.bytes = c->size == 0 ? 0 : c->size + ADDED;
	x->v.ret = c->ret;
	return c->envid[0] == '\0' || (x->v.envid = str_dup(c->envid, e)) != NULL;
}

/* RFC 6531 3.6.1: it must not go to a server that does not know it, nor where MAIL did not announce it. */
static bool may_be_said(const struct relay *u, const char *address)
{
	return address_local_is_ascii(address) || (u->t.needs.utf8 && (u->x->s.caps.ext & EXT_SMTPUTF8) != 0);
}

/* MAIL to a session that is there. */
static bool say_mail(struct relay *u, const struct command *c, struct err *e)
{
	struct needs *n = &u->t.needs;

	transaction_begin(&u->t, &u->x->s, &u->x->v, &u->x->m, &u->x->delivery);
	n->utf8 = n->utf8 || (c->utf8 && u->x->a->smtp.utf8 != UTF8_OFF);
	n->eight_bit = c->eight_bit;
	if (!carry_ask(&u->x->s, n, e) || !carry_wishes(&u->x->s, n, e) || (u->begun && !transaction_reset(&u->t, e)))
		return false;
	if (!may_be_said(u, u->x->v.sender)) {
		fail(e, ST_INPUT, FATE_PERM, "%s does not offer SMTPUTF8, which the sender's address needs", u->x->host);
		e->esc = (struct esc){ 5, 6, 7 };
		return false;
	}
	n->eight_bit = true; /* BODY=8BITMIME promises nothing but that the text may be */
	u->begun = true;
	return transaction_mail(&u->t, e);
}

static bool usable(const struct relay *u)
{
	const struct session *s = &u->x->s;

	return u->connected && clock_ms() - u->idle < IDLE_MS && (s->caps.mailmax == 0 || s->mails < s->caps.mailmax);
}

/* A connection that was used before may have ended by itself: then once more with a new one.  What this server cannot
 * carry it could not then. */
static bool reach(struct relay *u, const struct command *c, struct err *e)
{
	if (usable(u)) {
		bool ok = say_mail(u, c, e);

		if (ok || !u->x->s.chat.broken)
			return ok;
	}
	disconnect(u);
	u->connected = submission_connect(u->x, e);
	return u->connected && say_mail(u, c, e);
}

bool relay_mail(struct relay *u, const struct command *c, struct err *e)
{
	struct err refused;

	if (!begin_envelope(u, c, e) || !reach(u, c, e))
		return lost(u, e);
	u->mail = !u->t.no_mail;
	if (u->mail)
		return true;
	reply_fail(relay_reply(u), ST_MAIL, &refused, "the server refused the sender <%s>", u->x->v.sender);
	submission_log(u->x, &refused, err_exit_status(&refused));
	relay_forget(u);
	return true;
}

/* ---- RCPT ---------------------------------------------------------------------------------------- */

static bool give_dsn(struct rcpt *r, const struct command *c, struct err *e)
{
	if (r->notify != NULL || r->orcpt != NULL) /* asked for again: as the first time */
		return true;
	return (c->notify[0] == '\0' || (r->notify = str_dup(c->notify, e)) != NULL)
	    && (c->orcpt[0] == '\0' || (r->orcpt = str_dup(c->orcpt, e)) != NULL);
}

static bool refuse_here(struct relay *u, struct rcpt *r, struct err *e)
{
	r->state = RCPT_REFUSED;
	r->stage = ST_RCPT;
	r->code = 553;
	r->esc = (struct esc){ 5, 6, 7 };
	u->t.refused++;
	r->why = str_dup("the address is not ASCII, and MAIL did not say SMTPUTF8 or the server does not offer it", e);
	return r->why != NULL;
}

static bool ask_one(struct relay *u, size_t i, const struct command *c, struct err *e)
{
	struct rcpt *r = &u->x->v.rcpts[i];

	if (!may_be_said(u, r->address))
		return refuse_here(u, r, e);
	if (c != NULL && !give_dsn(r, c, e))
		return false;
	u->t.needs.dsn = u->t.needs.dsn || r->notify != NULL || r->orcpt != NULL;
	return transaction_rcpt(&u->t, i, e);
}

/* All that one address stands for; the first refusal is the answer.  c NULL: nobody's command. */
static bool ask(struct relay *u, size_t from, const struct command *c, struct err *e)
{
	struct envelope *v = &u->x->v;

	for (size_t i = from; i < v->n; i++) {
		if (v->rcpts[i].why != NULL) {
			u->t.refused++;
			continue;
		}
		if (!ask_one(u, i, c, e))
			return false;
		if (v->rcpts[i].state == RCPT_REFUSED)
			return true;
	}
	return true;
}

static bool stands_for(const struct rcpt *r, const char *whole)
{
	return address_same(r->address, whole) || (r->original != NULL && address_same(r->original, whole));
}

/* Named once more: whoever was refused, or was not asked since another was, is asked (again). */
static bool ask_again(struct relay *u, const struct command *c, bool *asked, struct err *e)
{
	struct envelope *v = &u->x->v;
	char whole[ADDRESS_MAX];

	if (!local_qualify(c->address, u->x->local.domain, whole, e))
		return false;
	for (size_t i = 0; i < v->n; i++) {
		struct rcpt *r = &v->rcpts[i];

		if (r->why != NULL || r->state == RCPT_TAKEN || !stands_for(r, whole))
			continue;
		u->t.refused -= r->state == RCPT_REFUSED;
		r->state = RCPT_OPEN;
		*asked = true;
		if (!ask_one(u, i, c, e))
			return false;
		if (r->state == RCPT_REFUSED)
			return true;
	}
	return true;
}

/* What an alias refuses is answered here, also when it comes again: the server hears nothing of it. */
static bool refused_here(const struct relay *u, size_t from, const char *address, struct err *e)
{
	const struct envelope *v = &u->x->v;
	char whole[ADDRESS_MAX];

	if (!local_qualify(address, u->x->local.domain, whole, e))
		return true;
	for (size_t i = from < v->n ? from : 0; i < v->n; i++)
		if (v->rcpts[i].why != NULL && (from < v->n || address_same(v->rcpts[i].address, whole))) {
			transaction_refusal(&v->rcpts[i], v->sender, e);
			return true;
		}
	return false;
}

bool relay_rcpt(struct relay *u, const struct command *c, bool *asked, struct err *e)
{
	size_t before = u->x->v.n;

	*asked = false;
	if (!submission_add(u->x, c->address, e))
		return false; /* only this recipient is lost */
	if (u->x->v.n > before ? !ask(u, before, c, e) : !ask_again(u, c, asked, e))
		return lost(u, e);
	if (refused_here(u, before, c->address, e))
		return false;
	*asked = *asked || u->x->v.n > before;
	return true;
}

bool relay_has_recipients(const struct relay *u)
{
	return u->t.taken > 0;
}

/* ---- the message --------------------------------------------------------------------------------- */

static bool prepare(struct relay *u, struct err *e)
{
	struct submission *x = u->x;
	size_t before = x->v.n;

	if (!message_fix(&x->m, &x->a->message, &x->local, false, &x->v, e)
	    || (facts_unfit(&x->m.facts) && !message_recode(&x->m, RECODE_LINES, recode_why(&x->m.facts), e)))
		return false;
	if (x->m.facts.utf8_head && !u->t.needs.utf8 && !message_ascii_domains(&x->m, e))
		return false;
	if (x->m.facts.utf8_head && !u->t.needs.utf8 && x->a->smtp.utf8 != UTF8_OFF)
		return fail(e, ST_INPUT, FATE_PERM, "the header is not ASCII, and MAIL did not say SMTPUTF8");
	return carry_check(&x->s, &x->v, &x->m, e) && ask(u, before, NULL, e); /* always_bcc */
}

bool relay_message(struct relay *u, struct err *e)
{
	if (!prepare(u, e))
		return false; /* the session goes on: RSET before the next MAIL */
	if (!transaction_message(&u->t, e)) {
		disconnect(u);
		return false;
	}
	u->begun = u->x->delivery.code / 100 != 2;
	return true;
}

static const struct rcpt *refused_message(const struct envelope *v)
{
	const struct rcpt *worst = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (v->rcpts[i].state == RCPT_REFUSED && v->rcpts[i].stage >= ST_DATA
		    && (worst == NULL || (worst->code / 100 == 4 && v->rcpts[i].code / 100 == 5)))
			worst = &v->rcpts[i];
	return worst;
}

bool relay_outcome(const struct relay *u, int *code, struct esc *esc, const char **said, struct err *e)
{
	const struct delivery *d = &u->x->delivery;
	const struct rcpt *r = refused_message(&u->x->v);

	*code = r != NULL ? r->code : d->code;
	*esc = r != NULL ? r->esc : d->esc;
	*said = r == NULL ? d->said : r->said != NULL ? r->said : "";
	/* nothing was said: require_all_recipients held it back, for what RCPT was told */
	return *code != 0 || transaction_verdict(&u->x->v, e);
}
