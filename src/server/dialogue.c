#include "server/dialogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/answer.h"
#include "server/group.h"

enum {
	MISTAKES_MAX = 100, /* commands that are unknown, malformed or out of order */
};

struct dialogue {
	const struct service *service; /* borrowed; NULL: the caller may do as much as it likes */
	unsigned       mails, rcpts;   /* so far */
	struct caller  caller;
	struct relay   relay;
	struct command command;
	const char    *complaint; /* about its syntax; NULL: none */
	bool           pending;   /* `command` has been read but not answered */
	struct group   group;
	bool           ahead;     /* the group's MAIL was said to the smarthost with the end of the message before */
	bool           hello, done;
	bool           spoiled;   /* the caller broke a message off between two chunks; RSET must come next */
	bool           failed;    /* the envelope is lost: `why` answers RCPT, DATA and BDAT */
	struct err     why;       /* until RSET, EHLO or the next MAIL */
	unsigned       mistakes;
};

/* ---- answers ------------------------------------------------------------------------------------- */

static bool say(struct dialogue *d, const char *reply, struct err *e)
{
	return answer(&d->caller, reply, e);
}

static bool leave(struct dialogue *d, const char *reply, struct err *e)
{
	d->done = true;
	return say(d, reply, e);
}

static bool mistake(struct dialogue *d, const char *reply, struct err *e)
{
	return ++d->mistakes < MISTAKES_MAX ? say(d, reply, e) : leave(d, "421 4.7.0 too many mistakes", e);
}

static bool say_error(struct dialogue *d, const struct err *why, struct err *e)
{
	return answer_failure(&d->caller, &d->relay, why, e);
}

/* The envelope is lost.  A caller that pipelines has sent RCPT and DATA already.  They get the same error, since it would take
 * "503 say MAIL first" for a permanent refusal even if the error is temporary. */
static bool all_lost(struct dialogue *d, const struct err *why, struct err *e)
{
	d->failed = true;
	d->why = *why;
	return say_error(d, why, e);
}

static void begin_anew(struct dialogue *d)
{
	(void)relay_forget(&d->relay);
	d->failed = d->spoiled = false;
}

static bool pass_on(struct dialogue *d, struct err *e)
{
	const struct reply *r = relay_reply(&d->relay);

	return answer_with(&d->caller, r->code, r->esc, r->text, e);
}

/* ---- the commands -------------------------------------------------------------------------------- */

static bool do_hello(struct dialogue *d, struct err *e)
{
	begin_anew(d);
	d->hello = true;
	return answer_hello(&d->caller, d->command.id == COMMAND_EHLO, d->service, e);
}

static bool next_command(struct dialogue *d, struct err *e)
{
	char *line;

	if (!caller_line(&d->caller, &line, e))
		return false;
	d->command = (struct command){ .id = COMMAND_COUNT };
	d->complaint = line == NULL ? "500 5.5.2 this line is too long, or has a NUL" : command_parse(line, &d->command);
	return true;
}

/* ---- MAIL and RCPT ------------------------------------------------------------------------------- */

/* Adds MAIL or RCPT, and counts it. */
static bool add(struct dialogue *d, const struct command *c, struct err *e)
{
	unsigned rcpts = d->rcpts + (c->id == COMMAND_RCPT);

	if (!group_add(&d->group, c, d->service != NULL && rcpts > d->service->recipients, e))
		return false;
	d->rcpts = rcpts;
	return true;
}

/* Collects the present command, and the RCPT behind it that the caller has sent already. */
static bool collect(struct dialogue *d, struct err *e)
{
	if (!add(d, &d->command, e))
		return false;
	while (d->group.n < GROUP_MAX && caller_has_line(&d->caller)) {
		if (!next_command(d, e))
			return false;
		d->pending = d->complaint != NULL || d->command.id != COMMAND_RCPT || !add(d, &d->command, e);
		if (d->pending)
			return true;
	}
	return true;
}

static bool say_mail(struct dialogue *d, const struct command *c, struct err *why)
{
	if (d->ahead)
		return true;
	begin_anew(d);
	if (!service_takes(d->service, c->size, why))
		return false;
	if (!relay_say_mail(&d->relay, c, why))
		return false;
	group_say(&d->group, &d->relay, 1);
	return true;
}

static bool answer_mail(struct dialogue *d, const struct command *c, struct err *e)
{
	const struct reply *r = relay_reply(&d->relay);
	struct err why = { 0 };
	bool anew;

	if (!d->hello)
		return mistake(d, "503 5.5.1 say EHLO first", e);
	if (relay_has_mail(&d->relay))
		return mistake(d, "503 5.5.1 there is a MAIL already", e);
	if (d->service != NULL && ++d->mails > d->service->messages)
		return leave(d, "421 4.7.0 there were too many messages in this connection", e);
	if (!say_mail(d, c, &why) || !relay_hear_mail(&d->relay, c, &anew, &why))
		return all_lost(d, &why, e);
	d->failed = !relay_has_mail(&d->relay);
	if (anew && !d->failed)
		group_say(&d->group, &d->relay, 1);
	if (d->failed)
		reply_fail(r, ST_MAIL, &d->why, "the server refused %s", transaction_blames(r->code, r->esc));
	return pass_on(d, e);
}

static bool answer_rcpt(struct dialogue *d, size_t i, struct err *e)
{
	struct member *m = &d->group.members[i];
	struct err why = { 0 };
	bool asked;

	if (d->failed)
		return answer_error(&d->caller, &d->why, e);
	if (!relay_has_mail(&d->relay))
		return mistake(d, "503 5.5.1 say MAIL first", e);
	if (m->over) /* RFC 5321 4.5.3.1.10 */
		return say(d, "452 4.5.3 there were too many recipients in this connection", e);
	if (!m->asked.said)
		group_say(&d->group, &d->relay, i);
	if (!relay_hear_rcpt(&d->relay, &m->asked, &m->command, &asked, &why))
		return relay_has_mail(&d->relay) ? say_error(d, &why, e) : all_lost(d, &why, e);
	return asked ? pass_on(d, e) : say(d, "250 2.1.5 this recipient is there already", e);
}

/* Answers the commands of the group in their order. */
static bool answer_group(struct dialogue *d, struct err *e)
{
	struct group *g = &d->group;
	bool ok = true;

	for (; ok && !d->done && g->answered < g->n; g->answered++) {
		size_t i = g->answered;

		ok = g->members[i].command.id == COMMAND_MAIL ? answer_mail(d, &g->members[i].command, e) : answer_rcpt(d, i, e);
	}
	group_clear(g);
	d->ahead = false;
	return ok;
}

static bool do_envelope(struct dialogue *d, struct err *e)
{
	return collect(d, e) && answer_group(d, e);
}

/* If the caller has sent the next MAIL already, it is said now, in the flight of the message. */
static void look_ahead(struct dialogue *d)
{
	struct err unheard;

	if (!caller_has_line(&d->caller) || !next_command(d, &unheard))
		return;
	d->pending = d->complaint != NULL || d->command.id != COMMAND_MAIL;
	if (d->pending)
		return;
	d->pending = !collect(d, &unheard) || d->pending; /* without memory MAIL waits for its turn */
	if (d->group.n > 0 && service_takes(d->service, d->group.members[0].command.size, &unheard)
	    && relay_say_next(&d->relay, &d->group.members[0].command))
		group_say(&d->group, &d->relay, 1);
}

/* ---- the message --------------------------------------------------------------------------------- */

struct chunks { /* BDAT: one message in several pieces, with commands between them */
	struct dialogue   *d;
	struct caller_text text;
	uint64_t           size; /* octets of all chunks so far */
};

static bool do_noop(struct dialogue *d, struct err *e) { return say(d, "250 2.0.0 nothing done", e); }

/* Reads the next command after a chunk.  NOOP is answered here, since a caller may send it to keep the connection alive. */
static bool after_chunk(struct dialogue *d, struct err *e)
{
	while (next_command(d, e)) {
		if (d->complaint != NULL || d->command.id != COMMAND_NOOP)
			return true;
		if (!do_noop(d, e))
			return false;
	}
	return false;
}

static bool next_chunk(struct chunks *c, struct err *e)
{
	struct dialogue *d = c->d;
	char text[100];

	snprintf(text, sizeof text, "250 2.0.0 %llu octets so far", (unsigned long long)c->size);
	if (!say(d, text, e) || !after_chunk(d, e))
		return false;
	if (d->complaint != NULL || d->command.id != COMMAND_BDAT) {
		d->pending = true;
		d->spoiled = true;
		return fail(e, ST_INPUT, FATE_PERM, "the message was broken off between two chunks");
	}
	c->text.left = d->command.size;
	c->text.begun = false;
	c->size += d->command.size;
	return true;
}

static bool read_chunks(void *ctx, char *to, size_t room, size_t *n, struct err *e)
{
	struct chunks *c = ctx;

	for (;;) {
		if (!caller_text(&c->text, to, room, n, e))
			return false;
		if (*n > 0 || c->d->command.last)
			return true;
		if (!next_chunk(c, e))
			return false;
	}
}

static bool read_dots(void *ctx, char *to, size_t room, size_t *n, struct err *e)
{
	return caller_text(ctx, to, room, n, e);
}

static bool give_up(const struct err *why, struct err *e)
{
	*e = *why;
	return false;
}

static bool send_message(struct dialogue *d, struct err *why)
{
	if (!handover_say(&d->relay, why))
		return false;
	look_ahead(d);
	return handover_hear(&d->relay, why);
}

/* After this message: does what was said of the next one count? */
static void leave_message(struct dialogue *d)
{
	d->ahead = relay_forget(&d->relay);
	if (!d->ahead)
		group_unsay(&d->group);
}

/* Sends the message and answers the caller.  ok unset: the message could not be read, and *why says why. */
static bool conclude(struct dialogue *d, bool ok, struct err *why, struct err *e)
{
	ok = ok && send_message(d, why);
	relay_log(&d->relay, ok ? NULL : why);
	ok = ok ? answer_outcome(&d->caller, &d->relay, e) : d->spoiled || say_error(d, why, e);
	ok = ok && caller_flush(&d->caller, e); /* a caller that is not told may send the message again */
	leave_message(d);
	return ok;
}

static struct message *message(struct dialogue *d) { return &relay_job(&d->relay)->x.m; }

static bool may_come(const struct dialogue *d)
{
	return !d->spoiled && !d->failed && relay_has_mail(&d->relay) && relay_has_recipients(&d->relay);
}

/* Says why no message may come now.  If no recipient was accepted, that is no mistake of the caller: it may have pipelined. */
static bool say_too_early(struct dialogue *d, struct err *e)
{
	if (d->spoiled)
		return mistake(d, "503 5.5.1 the message was broken off: say RSET", e);
	if (d->failed)
		return answer_error(&d->caller, &d->why, e);
	return !relay_has_mail(&d->relay) ? mistake(d, "503 5.5.1 say MAIL first", e)
					  : say(d, "554 5.5.1 there is no valid recipient", e);
}

static bool do_data(struct dialogue *d, struct err *e)
{
	struct caller_text text = { .c = &d->caller, .state = TEXT_START, .lf = d->caller.lf, .most = service_bytes(d->service) };
	struct err why = { 0 };
	bool ok;

	if (!may_come(d))
		return say_too_early(d, e);
	if (!say(d, "354 end with a line that is only a dot", e))
		return false;
	ok = message_read_from(message(d), read_dots, &text, &why);
	if (text.state != TEXT_END && !(d->caller.gone ? give_up(&why, e) : caller_skip_text(&text, e)))
		return false;
	return conclude(d, ok, &why, e);
}

static bool do_bdat(struct dialogue *d, struct err *e)
{
	struct chunks c = { .d = d, .size = d->command.size };
	struct err why = { 0 };
	bool ok;

	c.text = (struct caller_text){ .c = &d->caller, .state = TEXT_CHUNK, .left = d->command.size,
				       .most = service_bytes(d->service) };
	if (!may_come(d))
		return caller_skip_text(&c.text, e) && say_too_early(d, e);
	ok = message_read_from(message(d), read_chunks, &c, &why);
	if (!ok && !d->spoiled) { /* the message could not be kept; the rest of this chunk is read and dropped */
		if (!(d->caller.gone ? give_up(&why, e) : caller_skip_text(&c.text, e)))
			return false;
		relay_log(&d->relay, &why);
		(void)relay_forget(&d->relay);
		return d->command.last ? say_error(d, &why, e) : all_lost(d, &why, e);
	}
	return conclude(d, ok, &why, e);
}

/* ---- the rest ------------------------------------------------------------------------------------ */

static bool do_rset(struct dialogue *d, struct err *e)
{
	begin_anew(d);
	return say(d, "250 2.0.0 forgotten", e);
}

static bool do_vrfy(struct dialogue *d, struct err *e) { return say(d, "252 2.5.0 RCPT will tell", e); }

static bool do_help(struct dialogue *d, struct err *e)
{
	return say(d, "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT: what follows is the smarthost's answer",
		   e);
}

/* Many clients leave without waiting for this answer.  That is a failure only if an earlier one is lost with it. */
static bool do_quit(struct dialogue *d, struct err *e)
{
	bool alone = d->caller.replies.len == 0;
	struct err unheard;

	d->done = true;
	if (!say(d, "221 2.0.0 goodbye", e))
		return false;
	if (alone)
		(void)!caller_flush(&d->caller, &unheard);
	return true;
}

static bool do_nothing(struct dialogue *d, struct err *e)
{
	return mistake(d, "502 5.5.1 this is not done here", e);
}

static bool (*const commands[])(struct dialogue *d, struct err *e) = {
	[COMMAND_AUTH] = do_nothing, [COMMAND_BDAT] = do_bdat,     [COMMAND_DATA] = do_data,
	[COMMAND_EHLO] = do_hello,   [COMMAND_EXPN] = do_nothing,  [COMMAND_HELO] = do_hello,
	[COMMAND_HELP] = do_help,    [COMMAND_MAIL] = do_envelope, [COMMAND_NOOP] = do_noop,
	[COMMAND_QUIT] = do_quit,    [COMMAND_RCPT] = do_envelope, [COMMAND_RSET] = do_rset,
	[COMMAND_STARTTLS] = do_nothing, [COMMAND_VRFY] = do_vrfy,
};
_Static_assert(COUNT(commands) == COMMAND_COUNT, "every command is answered");

/* Answers a command that was not understood.  After a BDAT without a size the end of its octets is not known, and the rest of a
 * message must not be taken for commands: so the dialogue ends. */
static bool complain(struct dialogue *d, struct err *e)
{
	if (d->command.id != COMMAND_BDAT)
		return mistake(d, d->complaint, e);
	d->done = true;
	return say(d, "521 5.5.4 BDAT takes a number of octets, and LAST: goodbye", e);
}

static bool converse(struct dialogue *d, struct err *e)
{
	bool ok = say(d, "220 postern ESMTP", e);

	while (ok && !d->done) {
		if (d->group.n > 0) {
			ok = answer_group(d, e);
			continue;
		}
		if (!d->pending && !next_command(d, e))
			return false;
		d->pending = false;
		ok = d->complaint != NULL ? complain(d, e) : commands[d->command.id](d, e);
	}
	return ok && caller_flush(&d->caller, e); /* a caller that did not get its replies is a failure */
}

/* Speaks with the caller to the end.  If the dialogue ends early and the caller is still there, it gets a 421. */
static bool talk(struct dialogue *d, struct err *e)
{
	struct err unheard;

	if (converse(d, e))
		return true;
	if (d->caller.eof && !relay_has_mail(&d->relay)) /* a caller may leave between two messages without QUIT */
		return true;
	(void)(d->caller.eof || say(d, "421 4.3.0 postern leaves", &unheard) || true);
	return false;
}

/* Says why there is no dialogue, and waits for QUIT, which a caller says after a 554 (RFC 5321 3.1). */
static bool refuse(struct dialogue *d, const struct err *why_not, struct err *e)
{
	struct err unheard;
	bool for_good = d->service != NULL ? d->service->unwanted : why_not->fate == FATE_PERM;
	bool ok = answer_greeting(&d->caller, why_not, for_good, &unheard);

	while (ok && for_good && !d->done && next_command(d, &unheard))
		ok = d->command.id == COMMAND_QUIT ? do_quit(d, &unheard)
						   : mistake(d, "503 5.5.1 no mail is taken here: say QUIT", &unheard);
	return give_up(why_not, e);
}

static void dialogue_free(struct dialogue *d)
{
	relay_close(&d->relay);
	caller_close(&d->caller);
	group_free(&d->group);
	free(d);
}

bool dialogue(struct sender *who, struct smarthost *to, const struct service *service, int in, int out,
	      const struct err *why_not, struct err *e)
{
	struct dialogue *d = calloc(1, sizeof *d);
	bool ok;

	if (d == NULL)
		return fail_memory(e);
	d->service = service;
	relay_begin(&d->relay, who, to);
	caller_open(&d->caller, in, out, service == NULL ? 0 : service->seconds);
	ok = why_not == NULL ? talk(d, e) : refuse(d, why_not, e);
	dialogue_free(d);
	return ok;
}
