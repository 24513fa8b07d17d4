#include "server/relay.h"

#include "smtp/negotiate.h"

enum { ADDED = 1024 }; /* bytes added to the caller's SIZE, for Date, Message-ID, From and qualified addresses */
/* After so long a silence a firewall may have dropped the connection without telling us, and the next command would wait for
 * its whole timeout. */
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

/* The only place where an envelope is freed.  The transaction is ended before, since replies are written into the envelope.  If
 * the session still owed a reply or its chat is broken, it is closed. */
void relay_forget(struct relay *u)
{
	struct err why;

	/* all recipients were refused and the caller gave up: without this the log would have no line */
	if (u->mail && u->t.taken == 0 && !transaction_verdict(&u->x->v, &why))
		relay_log(u, &why);
	transaction_end(&u->t);
	if (u->x->s.chat.broken)
		disconnect(u);
	rendition_free(&u->x->r);
	message_free(&u->x->m);
	u->x->m = (struct message){ .fd = -1 };
	envelope_free(&u->x->v);
	u->mail = u->said_no = false;
	u->idle = clock_ms();
}

void relay_close(struct relay *u)
{
	relay_forget(u);
	disconnect(u);
}

/* The message failed before it was read. */
static bool lost(struct relay *u, const struct err *why)
{
	submission_log(u->x, why, err_exit_status(why));
	u->mail = false;
	relay_forget(u);
	return false;
}

/* Keeps the session's reply, since the session may read others before the caller is answered. */
static void keep_reply(struct relay *u)
{
	const struct reply *r = &u->x->s.chat.reply;

	u->answer.code = r->code;
	u->answer.esc = r->esc;
	u->answer.lines = r->lines;
	u->answer.len = r->len;
	memcpy(u->answer.text, r->text, r->len);
	u->answer.text[r->len] = '\0';
}

const struct reply *relay_reply(const struct relay *u)
{
	return &u->answer;
}

/* ---- MAIL ---------------------------------------------------------------------------------------- */

/* Chooses the account of this sender.  If it is another than before, the connection is closed and the secret is replaced. */
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
	x->v.ret = c->ret;
	return c->envid[0] == '\0' || (x->v.envid = str_dup(c->envid, e)) != NULL;
}

/* RFC 6531 3.4, 3.5: an address whose local part is not ASCII may be sent only if MAIL says SMTPUTF8 and the server offers it. */
static bool may_be_said(const struct relay *u, const char *address)
{
	return address_local_is_ascii(address) || (u->t.needs.utf8 && (u->x->s.caps.ext & EXT_SMTPUTF8) != 0);
}

/* Says MAIL in an open session. */
static bool say_mail(struct relay *u, const struct command *c, struct err *e)
{
	const struct facts announced = { .bytes = c->size == 0 ? 0 : c->size + ADDED, .eight_bit = c->eight_bit };
	struct submission *x = u->x;
	struct needs *n = &u->t.needs, first;

	esmtp_needs(&first, &x->a->wishes, &x->v, &announced);
	first.utf8 = first.utf8 || (c->utf8 && x->a->wishes.utf8 != UTF8_OFF);
	transaction_begin(&u->t, &x->s, &x->v, &x->r, &first, &x->delivery);
	if (!negotiate_envelope(&x->s, n, e) || (u->begun && !transaction_reset(&u->t, e)))
		return false;
	if (!may_be_said(u, u->x->v.sender)) {
		fail(e, ST_INPUT, FATE_PERM, "%s does not offer SMTPUTF8, which the sender's address needs", u->x->host);
		e->esc = (struct esc){ 5, 6, 7 };
		return false;
	}
	n->eight_bit = true; /* BODY=8BITMIME only says that the text may be 8-bit, which is not known yet */
	u->begun = true;
	return transaction_mail(&u->t, e);
}

static bool usable(const struct relay *u)
{
	const struct session *s = &u->x->s;

	return u->connected && !s->chat.broken && clock_ms() - u->idle < IDLE_MS
	    && (s->caps.mailmax == 0 || s->mails < s->caps.mailmax);
}

/* A connection that was used before may have been closed by the server; then MAIL is tried once more on a new one.  If MAIL
 * failed but the connection is intact, a new one would not help. */
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
	keep_reply(u);
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
	if (r->notify != 0 || r->orcpt != NULL) /* named before: the first parameters stay */
		return true;
	r->notify = c->notify;
	return (c->orcpt[0] == '\0' || (r->orcpt = str_dup(c->orcpt, e)) != NULL);
}

static bool refuse_utf8(struct relay *u, struct rcpt *r, struct err *e)
{
	u->t.refused++;
	return rcpt_bar(r, ST_RCPT, FATE_PERM, (struct esc){ 5, 6, 7 },
			"the address is not ASCII, and MAIL did not say SMTPUTF8 or the server does not offer it", e);
}

/* c NULL: the recipient comes from no command of the caller. */
static bool ask_one(struct relay *u, struct rcpt *r, const struct command *c, struct err *e)
{
	if (!may_be_said(u, r->address))
		return refuse_utf8(u, r, e);
	if (c != NULL && !give_dsn(r, c, e))
		return false;
	u->t.needs.dsn = u->t.needs.dsn || r->notify != 0 || r->orcpt != NULL;
	u->t.refused -= rcpt_failed(r); /* the caller names it again, so the smarthost is asked again */
	r->state = RCPT_OPEN;
	return transaction_rcpt(&u->t, (size_t)(r - u->x->v.rcpts), e);
}

/* A recipient that is an alias gets the best answer of its addresses: accepted before refused for now before refused for good.
 * So one address that is gone does not keep the mail from the others.  With require_all_recipients the worst answer counts. */
static bool counts_more(const struct relay *u, const struct rcpt *r, const struct rcpt *than)
{
	const struct rcpt *both[] = { r, than };
	int good[2];

	for (size_t i = 0; than != NULL && i < 2; i++)
		good[i] = !rcpt_failed(both[i]) ? 2 : rcpt_may_retry(both[i]);
	return than == NULL || (u->x->a->wishes.require_all_recipients ? good[0] < good[1] : good[0] > good[1]);
}

/* Asks for all addresses that one recipient stands for.  *counts: the address whose answer is the recipient's. */
static bool ask_all(struct relay *u, const struct command *c, const struct rcpt **counts, bool *asked, struct err *e)
{
	struct envelope *v = &u->x->v;

	*counts = NULL;
	for (struct rcpt *r = envelope_named(v, NULL); r != NULL; r = envelope_named(v, r)) {
		bool ask = r->state != RCPT_BARRED && r->state != RCPT_TAKEN;

		if (ask && !ask_one(u, r, c, e))
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

/* Counts the recipients that we refuse ourselves: with require_all_recipients they keep the message back. */
static void count_barred(struct relay *u, size_t from)
{
	for (size_t i = from; i < u->x->v.n; i++)
		u->t.refused += u->x->v.rcpts[i].state == RCPT_BARRED;
}

/* Marks the addresses that were refused behind an accepted recipient: the caller is told later. */
static void note_missed(struct envelope *v)
{
	for (struct rcpt *r = envelope_named(v, NULL); r != NULL; r = envelope_named(v, r))
		r->missed = r->missed || rcpt_failed(r);
}

bool relay_rcpt(struct relay *u, const struct command *c, bool *asked, struct err *e)
{
	struct envelope *v = &u->x->v;
	size_t before = v->n;
	const struct rcpt *counts;

	*asked = false;
	envelope_name(v);
	if (!submission_add(u->x, c->address, e)) {
		envelope_cut(v, before); /* only this recipient fails, with all addresses that it stands for */
		u->said_no = true;
		return false;
	}
	count_barred(u, before);
	if (!ask_all(u, c, &counts, asked, e))
		return lost(u, e);
	if (counts != NULL && counts->state == RCPT_TAKEN) {
		note_missed(v);
		return true;
	}
	u->said_no = true;
	if (counts == NULL)
		return fail(e, ST_RCPT, FATE_PERM, "the recipient <%s> stands for no address", c->address);
	if (counts->state == RCPT_BARRED)
		transaction_refusal(counts, v->sender, e);
	return counts->state != RCPT_BARRED;
}

bool relay_has_recipients(const struct relay *u)
{
	return u->t.taken > 0;
}

/* ---- the message --------------------------------------------------------------------------------- */

/* Asks for the recipients of always_bcc.  The caller did not name them, so a refusal is told with the outcome of the message. */
static bool ask_added(struct relay *u, size_t before, struct err *e)
{
	struct envelope *v = &u->x->v;

	count_barred(u, before);
	for (struct rcpt *r = envelope_named(v, NULL); r != NULL; r = envelope_named(v, r))
		if (r->state == RCPT_OPEN && !ask_one(u, r, NULL, e))
			return false;
	note_missed(v);
	return true;
}

static bool prepare(struct relay *u, struct err *e)
{
	struct submission *x = u->x;
	size_t before = x->v.n;

	envelope_name(&x->v);
	return submission_cleanup(x, false, e) && ask_added(u, before, e)
	    && negotiate_message(&x->s, &x->v, &x->m, true, &u->t.needs, &x->r, e);
}

/* A caller that sent RCPT and DATA in one flight may not want to send without the refused recipients.  After the 354 it can only
 * send an empty text to say so (RFC 2920 3.1). */
static bool was_meant(const struct relay *u, struct err *e)
{
	const struct message *m = &u->x->m;

	return !u->said_no || m->head.len > 0 || m->body.len > 0 || m->fd >= 0
	    || fail(e, ST_INPUT, FATE_PERM, "the text is empty and a recipient was refused, so nothing was sent");
}

static bool some_have_it(const struct relay *u)
{
	return envelope_count(&u->x->v, RCPT_DONE) > 0;
}

/* An LMTP server closed after some of its answers: the other recipients are barred for now. */
static bool others_unheard(struct relay *u, const struct err *why, struct err *e)
{
	struct envelope *v = &u->x->v;
	struct buf text = buf_max(ST_INTERNAL, 2 * sizeof why->say, "an error");
	bool ok = buf_printf(&text, e, "%s; the server may have the message for it", why->say);

	for (size_t i = 0; ok && i < v->n; i++)
		if (v->rcpts[i].state == RCPT_TAKEN)
			ok = rcpt_bar(&v->rcpts[i], ST_BODY, FATE_TEMP, (struct esc){ 4, 4, 2 }, buf_text(&text), e);
	buf_free(&text);
	return ok;
}

bool relay_message(struct relay *u, struct err *e)
{
	struct err why;

	if (!was_meant(u, e) || !prepare(u, e))
		return false; /* an intact session is kept, with RSET before the next MAIL */
	if (transaction_message(&u->t, e)) {
		u->begun = u->x->delivery.code / 100 != 2;
		return true;
	}
	disconnect(u);
	why = *e;
	return some_have_it(u) && others_unheard(u, &why, e);
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
	const struct delivery *d = &u->x->delivery;
	const struct rcpt *r = some_have_it(u) ? NULL : refused_message(&u->x->v);

	*code = r != NULL ? r->code : d->code;
	*esc = r != NULL ? r->esc : d->esc;
	*said = r == NULL ? d->said : r->said != NULL ? r->said : "";
	/* no answer: require_all_recipients kept the message back, and the error is the refusal at RCPT */
	return *code != 0 || transaction_verdict(&u->x->v, e);
}
