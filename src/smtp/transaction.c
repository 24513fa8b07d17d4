#include "smtp/transaction.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/printable.h"
#include "mail/filter.h"
#include "smtp/body.h"
#include "smtp/esmtp.h"

/* ---- what was answered -------------------------------------------------------------------------- */

/* RFC 5321 4.5.3.1.10: "too many recipients" is 452, and was 552.  But 552 also says that the message is too big for this
 * mailbox, or the mailbox full (RFC 1870 6.4), and that is for good; an enhanced code tells them apart. */
static bool says_too_many(int code, struct esc esc)
{
	return code == 552 && (esc.class == 0 || (esc.subject == 5 && esc.detail == 3));
}

static void refuse(struct rcpt *r, enum stage stage, const struct reply *reply)
{
	bool for_now = stage == ST_RCPT && reply->esc.class != 0 && says_too_many(reply->code, reply->esc);

	r->state = reply->code / 100 == 4 || for_now ? RCPT_DEFERRED : RCPT_REFUSED;
	r->stage = stage;
	r->code = reply->code;
	r->esc = reply->esc;
	(void)rcpt_say(r, reply->text, reply->len); /* without memory only the code is kept */
}

static void refuse_all(struct transaction *t, enum rcpt_state state, enum stage stage, const struct reply *reply)
{
	for (size_t i = 0; i < t->v->n; i++)
		if (t->v->rcpts[i].state == state)
			refuse(&t->v->rcpts[i], stage, reply);
}

/* RFC 5321 4.2.2: 503 says nothing about the sender.  Behind another transaction the server has not ended that one, perhaps since
 * it refused RSET. */
static bool is_out_of_order(const struct transaction *t, const struct reply *r)
{
	return r->code == 503 && t->number > 1;
}

/* A refused sender is refused for all recipients.  The answers to RCPT that follow are then ignored. */
static void got_mail(void *ctx, size_t arg, const struct reply *r)
{
	struct transaction *t = ctx;

	(void)arg;
	t->mail_answered = true;
	if (reply_ok(r))
		return;
	t->no_mail = true;
	t->stop = true;
	t->d->again = is_out_of_order(t, r);
	if (!t->d->again)
		refuse_all(t, RCPT_OPEN, ST_MAIL, r);
}

/* If others were accepted before, the recipient stays open for the next transaction.  With require_all_recipients it is refused:
 * there is no second transaction. */
static bool may_wait(const struct transaction *t, const struct reply *r)
{
	return (r->code == 452 || says_too_many(r->code, r->esc)) && t->taken > 0 && !t->needs.w->require_all_recipients;
}

static void got_rcpt(void *ctx, size_t arg, const struct reply *r)
{
	struct transaction *t = ctx;
	struct rcpt *rcpt = &t->v->rcpts[arg];

	rcpt->asked = false;
	if (t->no_mail || may_wait(t, r))
		return;
	if (reply_ok(r)) {
		rcpt->state = RCPT_TAKEN;
		*(t->taken == 0 ? &t->first : &t->v->rcpts[t->latest].then) = arg;
		t->latest = arg;
		t->taken++;
	} else {
		refuse(rcpt, ST_RCPT, r);
		t->refused++;
	}
}

/* For all recipients, also for those of a later transaction. */
static void refuse_message(struct transaction *t, enum stage stage, const struct reply *r)
{
	t->no_body = true;
	t->stop = true;
	refuse_all(t, RCPT_TAKEN, stage, r);
	refuse_all(t, RCPT_OPEN, stage, r);
}

static void got_data(void *ctx, size_t arg, const struct reply *r)
{
	struct transaction *t = ctx;

	(void)arg;
	if (r->code / 100 == 3)
		return;
	t->no_body = true;
	if (t->taken > 0) /* else there was nobody to get it: the recipients of a later transaction were not meant */
		refuse_message(t, ST_DATA, r);
}

/* "queued as 4A5B6C", "OK id=1abc-0002De-Fg", "x1Y2z3 Message accepted for delivery". */
static void find_queue_id(struct delivery *d)
{
	static const char *const before[] = { "queued as ", "id=" };
	const char *at = NULL;

	for (size_t i = 0; i < COUNT(before) && at == NULL; i++)
		if ((at = strstr(d->said, before[i])) != NULL)
			at += strlen(before[i]);
	if (at == NULL && strstr(d->said, " Message accepted") != NULL)
		at = d->said;
	if (at != NULL)
		printable(d->queue_id, sizeof d->queue_id, at, strcspn(at, " \t\n,;)>"), false);
}

static void keep_answer(struct delivery *d, const struct reply *r)
{
	d->code = r->code;
	d->esc = r->esc;
	printable(d->said, sizeof d->said, r->text, r->len, true);
	if (reply_ok(r))
		find_queue_id(d);
}

/* The server has the message for it. */
static void settle_done(struct transaction *t, struct rcpt *r)
{
	r->state = RCPT_DONE;
	r->relayed = esmtp_owes_report(&t->s->caps, &t->needs, r);
}

static void got_message(void *ctx, size_t arg, const struct reply *r)
{
	struct transaction *t = ctx;

	(void)arg;
	keep_answer(t->d, r);
	if (!reply_ok(r)) {
		refuse_message(t, ST_BODY, r);
		return;
	}
	t->s->ended = t->number;
	for (size_t i = 0; i < t->v->n; i++)
		if (t->v->rcpts[i].state == RCPT_TAKEN)
			settle_done(t, &t->v->rcpts[i]);
}

/* LMTP: the answer for one recipient, RFC 2033 4.2. */
static void got_delivery(void *ctx, size_t arg, const struct reply *r)
{
	struct transaction *t = ctx;

	if (reply_ok(r) || t->d->code / 100 != 2) /* an answer that accepts is preferred to one that refuses */
		keep_answer(t->d, r);
	if (!reply_ok(r)) {
		refuse(&t->v->rcpts[arg], ST_BODY, r);
		return;
	}
	settle_done(t, &t->v->rcpts[arg]);
	t->s->ended = t->number;
}

static void got_rset(void *ctx, size_t arg, const struct reply *r)
{
	const struct transaction *t = ctx;

	(void)arg;
	t->s->doubt = !reply_ok(r) && r->code != 421;
}

/* RFC 5321 4.5.3.2, in protocol order. */
static const struct verb MAIL = { .name = "MAIL", .stage = ST_MAIL, .timeout = 300, .classes = CLASS_USUAL,
				  .got = got_mail };
static const struct verb RCPT = { .name = "RCPT", .stage = ST_RCPT, .timeout = 300, .classes = CLASS_USUAL,
				  .got = got_rcpt };
static const struct verb DATA = { .name = "DATA", .stage = ST_DATA, .timeout = 120, .last = true,
				  .classes = CLASS_3 | CLASS_4 | CLASS_5, .go_ahead = 354, .got = got_data };
static const struct verb DOT = { .name = "the message", .stage = ST_BODY, .timeout = 600, .commits = true,
				 .classes = CLASS_USUAL, .got = got_message };
static const struct verb BDAT = { .name = "BDAT", .stage = ST_BODY, .timeout = 600, .commits = true,
				  .classes = CLASS_USUAL, .got = got_message };
static const struct verb LMTP_DOT = { .name = "the message", .stage = ST_BODY, .timeout = 600, .commits = true,
				      .classes = CLASS_USUAL, .got = got_delivery };
/* Its answer changes nothing: the next MAIL shows whether it helped. */
static const struct verb RSET = { .name = "RSET", .stage = ST_MAIL, .timeout = 300, .classes = CLASS_USUAL };
/* Behind the end of a message: transaction_hear_further() says what a refusal means. */
static const struct verb RSET_NEXT = { .name = "RSET", .stage = ST_MAIL, .timeout = 300, .classes = CLASS_USUAL,
				       .got = got_rset };

/* ---- the envelope ------------------------------------------------------------------------------- */

/* RSET, if it is not known that the last transaction has ended: MAIL was said, but no message was accepted yet. */
static bool end_the_last(struct session *s, struct err *e)
{
	if (s->ended == s->mails)
		return true;
	s->ended = s->mails;
	return chat_say(&s->chat, s->chat.owed > 0 ? &RSET_NEXT : &RSET, 0, e, "RSET");
}

bool transaction_say_mail(struct transaction *t, struct err *e)
{
	struct buf line = buf_max(ST_MAIL, CHAT_COMMAND_MAX, "MAIL");
	struct session *s = t->s;
	bool ok;

	s->chat.ctx = t;
	ok = esmtp_mail(&line, &s->caps, &t->needs, e) && end_the_last(s, e);
	if (ok) {
		t->number = ++s->mails;
		s->chat.utf8 = t->needs.utf8 && (s->caps.ext & EXT_SMTPUTF8) != 0;
		ok = chat_say(&s->chat, &MAIL, 0, e, "MAIL FROM:%s", buf_text(&line));
	}
	buf_free(&line);
	return ok;
}

/* If RSET was said before MAIL, its answer comes first.  If it was refused, the answer to MAIL may be another command's. */
bool transaction_hear_mail(struct transaction *t, struct err *e)
{
	while (!t->mail_answered)
		if (!chat_hear(&t->s->chat, e))
			return false;
	if (!t->s->doubt)
		return true;
	t->s->doubt = false;
	chat_break(&t->s->chat);
	return fail(e, ST_MAIL, FATE_TEMP, "the server refused RSET behind a message");
}

/* If RCPT cannot be written for a recipient, it alone is barred: the server is not asked, and the others go on. */
static bool refuse_unsendable(struct transaction *t, struct rcpt *r, struct err *e)
{
	struct err why = *e;

	if (t->s->chat.broken || why.fate != FATE_PERM || why.stage == ST_INTERNAL)
		return false;
	t->refused++;
	return rcpt_bar(r, ST_INPUT, FATE_PERM, (struct esc){ 5, 1, 3 }, why.say, e);
}

bool transaction_say_rcpt(struct transaction *t, size_t i, struct err *e)
{
	struct buf line = buf_max(ST_RCPT, CHAT_COMMAND_MAX, "RCPT");
	struct rcpt *r = &t->v->rcpts[i];
	bool ok = esmtp_rcpt(&line, &t->s->caps, &t->needs, r, e);

	r->asked = ok;
	ok = ok && chat_say(&t->s->chat, &RCPT, i, e, "RCPT TO:%s", buf_text(&line));
	if (!ok) {
		r->asked = false;
		ok = refuse_unsendable(t, r, e);
	}
	buf_free(&line);
	return ok;
}

bool transaction_hear_rcpt(struct transaction *t, size_t i, struct err *e)
{
	struct rcpt *r = &t->v->rcpts[i];

	if (r->asked && !chat_hear(&t->s->chat, e))
		return false;
	if (r->state == RCPT_OPEN) { /* "too many": there is no later transaction here, so it is a refusal */
		refuse(r, ST_RCPT, &t->s->chat.reply);
		t->refused++;
	}
	return true;
}

bool transaction_sift(struct transaction *t, struct err *e)
{
	struct buf line = buf_max(ST_RCPT, CHAT_COMMAND_MAX, "RCPT");
	bool ok = true;

	for (size_t i = 0; ok && i < t->v->n; i++) {
		buf_clear(&line);
		ok = t->v->rcpts[i].state != RCPT_OPEN || esmtp_rcpt(&line, &t->s->caps, &t->needs, &t->v->rcpts[i], e)
		  || refuse_unsendable(t, &t->v->rcpts[i], e);
	}
	buf_free(&line);
	return ok;
}

/* ---- the message -------------------------------------------------------------------------------- */

/* Did MAIL announce 8-bit text (RFC 6152 3, RFC 6531 3.4)?  The announcement counts, not the bytes of the message. */
static bool said_8bit(const struct transaction *t)
{
	return (t->needs.eight_bit && (t->s->caps.ext & EXT_8BITMIME) != 0)
	    || (t->needs.utf8 && (t->s->caps.ext & EXT_SMTPUTF8) != 0);
}

static bool put_message(struct transaction *t, const struct verb *v, bool dots, struct err *e)
{
	t->text_sent = true;
	return body_put(&t->s->chat, v, t->r, dots, said_8bit(t), e);
}

/* LMTP answers once for each recipient that it accepted, in the order of the RCPT commands (RFC 2033 4.2); SMTP once in all.  In
 * -bs that is not the order of the envelope, if the caller has named a refused recipient again. */
static bool expect_answers(struct transaction *t, const struct verb *v, struct err *e)
{
	if (!t->s->p->lmtp)
		return chat_expect(&t->s->chat, v, 0, e);
	for (size_t n = 0, i = t->first; n < t->taken; n++, i = t->v->rcpts[i].then)
		if (!chat_expect(&t->s->chat, &LMTP_DOT, i, e))
			return false;
	return true;
}

static bool send_bdat(struct transaction *t, struct err *e)
{
	return chat_put(&t->s->chat, &BDAT, e, "BDAT %llu LAST", (unsigned long long)t->r->facts.bytes)
	    && put_message(t, &BDAT, false, e) && expect_answers(t, &BDAT, e);
}

/* The server said 354 although it accepted no recipient.  RFC 2920 3.1 has a client send a dot, but some servers make an
 * empty message of that; so the connection is closed.  Recipients that were not asked yet are left for the next one. */
static bool leave(struct transaction *t)
{
	chat_break(&t->s->chat);
	t->stop = true;
	t->d->again = envelope_count(t->v, RCPT_OPEN) > 0;
	return true;
}

static bool send_data(struct transaction *t, struct err *e)
{
	if (!chat_say(&t->s->chat, &DATA, 0, e, "DATA"))
		return false;
	if (t->no_body)
		return true;
	if (t->taken == 0 || t->no_mail)
		return leave(t);
	return put_message(t, &DOT, true, e) && expect_answers(t, &DOT, e);
}

static bool chunking(const struct transaction *t)
{
	return (t->s->caps.ext & EXT_CHUNKING) != 0;
}

/* Must the replies to MAIL and RCPT be there before the next command?  smtp/chat.h says why BDAT waits and DATA need not. */
static bool envelope_first(const struct transaction *t)
{
	return chunking(t) || t->needs.w->require_all_recipients;
}

static bool worth_sending(struct transaction *t)
{
	if (t->needs.w->require_all_recipients && t->refused > 0) {
		t->stop = true;
		return false;
	}
	return !t->no_mail && t->taken > 0;
}

bool transaction_say_message(struct transaction *t, struct err *e)
{
	if ((envelope_first(t) || t->no_mail) && !chat_settle(&t->s->chat, e))
		return false;
	/* without PIPELINING all replies are there, too */
	if (t->s->chat.owed == 0 && !worth_sending(t))
		return true;
	return chunking(t) ? send_bdat(t, e) : send_data(t, e);
}

/* ---- the answer to the message ------------------------------------------------------------------ */

/* After a reply too many, the reply that was taken for the message's may have answered another command.  So nobody is known to
 * have the message. */
static bool out_of_turn(struct transaction *t, struct err *e)
{
	for (size_t n = 0, i = t->first; n < t->taken; n++, i = t->v->rcpts[i].then)
		if (t->v->rcpts[i].state == RCPT_DONE) {
			t->v->rcpts[i].state = RCPT_TAKEN;
			t->v->rcpts[i].relayed = false;
		}
	chat_break(&t->s->chat);
	return fail(e, ST_BODY, FATE_UNKNOWN, "the server answered more often than it was asked");
}

static bool in_turn(struct transaction *t, struct err *e)
{
	return t->s->chat.broken || !chat_out_of_turn(&t->s->chat) || out_of_turn(t, e);
}

/* Is an answer due?  If the chat broke while something else was said, nothing is owed any more, and a recipient that was accepted
 * has got no answer to the message. */
static bool is_due(const struct transaction *t)
{
	return chat_owes(&t->s->chat, t) || (t->s->chat.broken && envelope_count(t->v, RCPT_TAKEN) > 0);
}

bool transaction_hear_message(struct transaction *t, struct err *e)
{
	while (is_due(t))
		if (!chat_hear(&t->s->chat, e))
			return false;
	return in_turn(t, e);
}

/* If RSET seems to be refused, the refusal may be the message's own, and its 250 a reply too many.  The answer to QUIT tells: no
 * other command has the same one. */
bool transaction_hear_further(struct transaction *t, struct err *e)
{
	struct session *s = t->s;
	struct chat *c = &s->chat;
	struct err why;
	bool doubt;

	while (!c->broken && c->owed > 0 && stream_unread(c->io) > 0)
		if (!chat_hear(c, &why) && why.fate == FATE_NONSENSE && why.code != 0)
			return out_of_turn(t, e);
	doubt = s->doubt && !session_was_in_turn(s);
	s->doubt = false;
	return doubt ? out_of_turn(t, e) : in_turn(t, e);
}

/* ---- one transaction ---------------------------------------------------------------------------- */

void transaction_begin(struct transaction *t, struct session *s, struct envelope *v, const struct rendition *r,
		       const struct needs *n, struct delivery *d)
{
	*t = (struct transaction){ .s = s, .v = v, .r = r, .d = d, .needs = *n };
	d->again = false;
}

bool transaction_abandon(struct transaction *t, struct err *e)
{
	return end_the_last(t->s, e) && chat_settle(&t->s->chat, e);
}

void transaction_end(struct transaction *t)
{
	if (t->s != NULL && chat_owes(&t->s->chat, t))
		chat_break(&t->s->chat);
	if (t->s != NULL && t->s->chat.ctx == t)
		t->s->chat.ctx = NULL;
	*t = (struct transaction){ .s = NULL };
}

/* ---- afterwards ---------------------------------------------------------------------------------- */

/* MAIL is also refused because of its parameters, or because TLS or a login has to come first. */
const char *transaction_blames(int code, struct esc esc)
{
	bool parameter = code == 504 || code == 552 || code == 555 || (esc.subject == 5 && esc.detail == 4) /* RFC 3463 3.6 */
		      || (esc.subject == 7 && esc.detail == 15) /* RFC 6710 4.1 */ || (esc.subject == 3 && esc.detail == 4);

	return parameter || code == 530 ? "MAIL FROM" : "the sender";
}

void transaction_refusal(const struct rcpt *r, const char *sender, struct err *e)
{
	enum fate fate = rcpt_may_retry(r) ? FATE_TEMP : FATE_PERM;
	const char *said = r->said == NULL ? "" : r->said;

	if (r->unread)
		fail(e, r->stage, fate, "%s", r->why);
	else if (r->state == RCPT_BARRED)
		fail(e, r->stage, fate, "no mail for %s: %s", r->address, r->why);
	else if (r->stage == ST_RCPT)
		fail(e, ST_RCPT, fate, "the server refused %s", r->address);
	else if (r->stage == ST_MAIL)
		fail(e, ST_MAIL, fate, "the server refused %s <%s>", transaction_blames(r->code, r->esc), sender);
	else
		fail(e, r->stage, fate, "the server refused the message for %s", r->address);
	e->code = r->code;
	e->esc = r->esc;
	if (r->code != 0)
		reply_quote(r->code, r->esc, said, e->quote, sizeof e->quote);
	else
		err_quote(e, said, strlen(said));
}

bool transaction_verdict(const struct envelope *v, struct err *e)
{
	const struct rcpt *worst = NULL;

	for (size_t i = 0; i < v->n; i++)
		if (rcpt_failed(&v->rcpts[i])
		    && (worst == NULL || (rcpt_may_retry(worst) && !rcpt_may_retry(&v->rcpts[i]))))
			worst = &v->rcpts[i];
	if (worst != NULL)
		transaction_refusal(worst, v->sender, e);
	return worst == NULL;
}
