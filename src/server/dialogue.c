#include "server/dialogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/identity.h"
#include "deliver/report.h"
#include "server/caller.h"
#include "server/relay.h"

enum {
	MISTAKES_MAX = 100, /* commands that are unknown, malformed or out of order */
	MISSED_MAX = 50,    /* recipients without the message that a reply names; the others are only counted */
	MISSED_LINE = 450,  /* bytes for each */
	OUTCOME_MAX = 64 * 1024, /* bytes of that reply */
	GROUP_MAX = 256,    /* commands: as many RCPT are said to the smarthost in one flight */
};

/* MAIL and RCPT that the caller has sent in one flight, without waiting for answers (RFC 2920). */
struct group {
	struct command *commands; /* owned array, as is the next */
	struct asked   *asked;    /* for those that are RCPT */
	size_t          n, room;
	size_t          answered; /* this many of them */
};

struct dialogue {
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

/* Says a reply that is written as "250 2.0.0 text". */
static bool say(struct dialogue *d, const char *reply, struct err *e)
{
	struct esc none = { 0 };

	return caller_reply(&d->caller, (int)strtol(reply, NULL, 10), none, reply + 4, e);
}

static bool mistake(struct dialogue *d, const char *reply, struct err *e)
{
	if (++d->mistakes < MISTAKES_MAX)
		return say(d, reply, e);
	d->done = true;
	return say(d, "421 4.7.0 too many mistakes", e);
}

/* The smarthost's 4yz or 5yz for a recipient is passed on, but not 421, which would say that we close the connection. */
static int code_of(const struct err *e)
{
	if (e->stage == ST_RCPT && e->code == 0 && e->fate == FATE_PERM) /* our own refusal; 553 by RFC 6531 3.5 */
		return e->esc.subject == 6 && e->esc.detail == 7 ? 553 : 550;
	if (e->stage == ST_RCPT && (e->code / 100 == 4 || e->code / 100 == 5) && e->code != 421)
		return e->code;
	return e->fate == FATE_PERM ? 554 : 451;
}

/* The enhanced code for a failure on our side: RFC 3463 3. */
static struct esc subject_of(const struct err *e, uint8_t class)
{
	static const struct {
		enum stage to;
		uint16_t   subject, detail;
	} rows[] = {
		{ ST_CONFIG, 3, 5 }, { ST_INPUT, 6, 0 }, { ST_SECRET, 7, 0 },   { ST_RESOLVE, 4, 4 },
		{ ST_CONNECT, 4, 1 }, { ST_TLS, 7, 5 },  { ST_STARTTLS, 4, 2 }, { ST_AUTH, 7, 8 },
		{ ST_QUIT, 4, 2 },   { ST_COUNT, 3, 0 },
	};
	size_t i = 0;

	if (e->esc.class == class)
		return e->esc;
	while (e->stage > rows[i].to)
		i++;
	return (struct esc){ class, rows[i].subject, rows[i].detail };
}

/* Answers with an error: one of ours, or of the smarthost outside of MAIL, RCPT and the message. */
static bool answer_error(struct dialogue *d, const struct err *why, struct err *e)
{
	const char *perhaps = why->fate == FATE_UNKNOWN ? ", and may have the message" : "";
	char text[sizeof why->say + sizeof why->quote + 40];
	int code = code_of(why);

	snprintf(text, sizeof text, "%s%s%s%s", why->say, perhaps, why->quote[0] == '\0' ? "" : ": ", why->quote);
	return caller_reply(&d->caller, code, subject_of(why, (uint8_t)(code / 100)), text, e);
}

static bool say_error(struct dialogue *d, const struct err *why, struct err *e)
{
	report_error(why, d->relay.to->host); /* on stderr, with the hint */
	return answer_error(d, why, e);
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

static bool say_answer(struct dialogue *d, int code, struct esc esc, const char *text, struct err *e)
{
	if (esc.class == 0) /* we offer ENHANCEDSTATUSCODES, so there must be one: RFC 2034 3 */
		esc.class = (uint8_t)(code / 100);
	if (code == 421) /* would say that we close the connection */
		code = 451;
	if (code / 100 == 2 && (code < 250 || code > 252)) /* accepted; 221 or 235 would mean something else here */
		code = 250;
	return caller_reply(&d->caller, code, esc, text, e);
}

static bool pass_on(struct dialogue *d, struct err *e)
{
	const struct reply *r = relay_reply(&d->relay);

	return say_answer(d, r->code, r->esc, r->text, e);
}

/* ---- the commands -------------------------------------------------------------------------------- */

static bool do_hello(struct dialogue *d, struct err *e)
{
	char name[HOST_MAX], text[HOST_MAX + 200];
	struct esc none = { 0 };

	begin_anew(d);
	d->hello = true;
	identity_fqdn(name);
	snprintf(text, sizeof text, "%s%s", name[0] == '\0' ? "localhost" : name,
		 d->command.id == COMMAND_HELO ? ""
		 : "\nPIPELINING\nSIZE\n8BITMIME\nSMTPUTF8\nDSN\nCHUNKING\nENHANCEDSTATUSCODES\nHELP");
	return caller_reply(&d->caller, 250, none, text, e);
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

static void group_end(struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		relay_asked_free(&g->asked[i]);
	g->n = g->answered = 0;
}

static bool group_add(struct group *g, const struct command *c, struct err *e)
{
	if (g->n == g->room) {
		size_t room = g->room == 0 ? 4 : 2 * g->room;
		struct command *commands = reallocarray(g->commands, room, sizeof *commands);
		struct asked *asked;

		if (commands == NULL)
			return fail_memory(e);
		g->commands = commands;
		asked = reallocarray(g->asked, room, sizeof *asked);
		if (asked == NULL)
			return fail_memory(e);
		g->asked = asked;
		g->room = room;
	}
	g->commands[g->n] = *c;
	g->commands[g->n].arg = NULL; /* its line is overwritten by the next one */
	g->asked[g->n++] = (struct asked){ .named = false };
	return true;
}

/* Collects the present command, and the RCPT behind it that the caller has sent already. */
static bool collect(struct dialogue *d, struct err *e)
{
	if (!group_add(&d->group, &d->command, e))
		return false;
	while (d->group.n < GROUP_MAX && caller_has_line(&d->caller)) {
		if (!next_command(d, e))
			return false;
		d->pending = d->complaint != NULL || d->command.id != COMMAND_RCPT;
		if (d->pending)
			return true;
		if (!group_add(&d->group, &d->command, e))
			return false;
	}
	return true;
}

/* Says RCPT to the smarthost from the i-th command on, as far as that can be done before the answers. */
static void say_rcpts(struct dialogue *d, size_t i)
{
	struct group *g = &d->group;

	for (bool goes_on = true; goes_on && i < g->n; i++) {
		relay_say_rcpt(&d->relay, &g->asked[i], &g->commands[i]);
		goes_on = g->asked[i].said;
	}
}

static bool say_mail(struct dialogue *d, const struct command *c, struct err *why)
{
	if (d->ahead)
		return true;
	begin_anew(d);
	if (!relay_say_mail(&d->relay, c, why))
		return false;
	say_rcpts(d, 1);
	return true;
}

static bool answer_mail(struct dialogue *d, const struct command *c, struct err *e)
{
	struct err why = { 0 };
	bool anew;

	if (!d->hello)
		return mistake(d, "503 5.5.1 say EHLO first", e);
	if (relay_has_mail(&d->relay))
		return mistake(d, "503 5.5.1 there is a MAIL already", e);
	if (!say_mail(d, c, &why) || !relay_hear_mail(&d->relay, c, &anew, &why))
		return all_lost(d, &why, e);
	if (anew)
		say_rcpts(d, 1);
	d->failed = !relay_has_mail(&d->relay);
	if (d->failed)
		reply_fail(relay_reply(&d->relay), ST_MAIL, &d->why, "the server refused the sender");
	return pass_on(d, e);
}

static bool answer_rcpt(struct dialogue *d, size_t i, struct err *e)
{
	struct group *g = &d->group;
	struct err why = { 0 };
	bool asked;

	if (d->failed)
		return answer_error(d, &d->why, e);
	if (!relay_has_mail(&d->relay))
		return mistake(d, "503 5.5.1 say MAIL first", e);
	if (!g->asked[i].said)
		say_rcpts(d, i);
	if (!relay_hear_rcpt(&d->relay, &g->asked[i], &g->commands[i], &asked, &why))
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

		ok = g->commands[i].id == COMMAND_MAIL ? answer_mail(d, &g->commands[i], e) : answer_rcpt(d, i, e);
	}
	group_end(g);
	d->ahead = false;
	return ok;
}

static bool do_envelope(struct dialogue *d, struct err *e)
{
	return collect(d, e) && answer_group(d, e);
}

/* The end of a message is on its way.  If the caller has sent the next MAIL already, it is said now, in the same flight. */
static void look_ahead(struct dialogue *d)
{
	struct err unheard;

	if (!caller_has_line(&d->caller) || !next_command(d, &unheard))
		return;
	d->pending = d->complaint != NULL || d->command.id != COMMAND_MAIL;
	if (d->pending || !collect(d, &unheard))
		return;
	if (relay_say_next(&d->relay, &d->group.commands[0]))
		say_rcpts(d, 1);
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

/* Reads a text that cannot be kept up to its end, since only then the caller waits for the reply. */
static bool drain(struct caller_text *t, struct err *e)
{
	char piece[4096];
	size_t n;

	do
		if (!caller_text(t, piece, sizeof piece, &n, e))
			return false;
	while (n > 0);
	return true;
}

static bool give_up(const struct err *why, struct err *e)
{
	*e = *why;
	return false;
}

/* Adds one line, also if the server wrote several: "but the server refused b@example.org (for team@example.org): 550 no". */
static bool put_missed(struct buf *to, const struct rcpt *r, const struct err *why, struct err *e)
{
	bool alias = r->original != NULL;
	size_t from = to->len;

	if (!buf_printf(to, e, "\nbut %s%s%s%s%s%s", why->say, alias ? " (for " : "", alias ? r->original : "",
			alias ? ")" : "", why->quote[0] == '\0' ? "" : ": ", why->quote))
		return false;
	if (to->len - from > MISSED_LINE)
		to->len = from + MISSED_LINE;
	for (size_t i = from + 1; i < to->len; i++)
		if (to->bytes[i] == '\n')
			to->bytes[i] = ' ';
	return true;
}

/* Reports the recipients that do not have the message although the caller was told that they were accepted: on stderr and, if
 * there is memory, in `text`, after the server's words. */
static void tell_missed(struct dialogue *d, const char *said, struct buf *text)
{
	const struct envelope *v = &relay_now(&d->relay)->x.v;
	size_t n = 0;
	bool room = true;
	struct err why;

	if (envelope_count(v, RCPT_DONE) == 0)
		return;
	for (size_t i = 0; i < v->n; i++) {
		if (!relay_missed(&v->rcpts[i]))
			continue;
		transaction_refusal(&v->rcpts[i], v->sender, &why);
		report_error(&why, d->relay.to->host);
		if (n++ == 0)
			room = buf_str(text, said, &why);
		if (room && n <= MISSED_MAX)
			(void)!put_missed(text, &v->rcpts[i], &why, &why);
	}
	if (room && n > MISSED_MAX)
		(void)!buf_printf(text, &why, "\nand %zu recipients more were refused", n - MISSED_MAX);
}

static bool say_outcome(struct dialogue *d, struct err *e)
{
	struct buf text = buf_max(ST_INTERNAL, OUTCOME_MAX, "the answer");
	struct err why = { 0 };
	struct esc esc;
	const char *said;
	int code;
	bool ok;

	if (!relay_outcome(&d->relay, &code, &esc, &said, &why))
		return say_error(d, &why, e);
	tell_missed(d, said, &text);
	ok = say_answer(d, code, esc, text.len > 0 ? buf_text(&text) : said, e);
	buf_free(&text);
	return ok;
}

static bool send_message(struct dialogue *d, struct err *why)
{
	if (!relay_say_message(&d->relay, why))
		return false;
	look_ahead(d);
	return relay_hear_message(&d->relay, why);
}

/* After this message: does what was said of the next one count? */
static void leave_message(struct dialogue *d)
{
	d->ahead = relay_forget(&d->relay);
	for (size_t i = 0; i < d->group.n && !d->ahead; i++)
		relay_asked_free(&d->group.asked[i]);
}

/* Sends the message and answers the caller.  ok unset: the message could not be read, and *why says why. */
static bool conclude(struct dialogue *d, bool ok, struct err *why, struct err *e)
{
	ok = ok && send_message(d, why);
	relay_log(&d->relay, ok ? NULL : why);
	ok = ok ? say_outcome(d, e) : d->spoiled || say_error(d, why, e);
	leave_message(d);
	return ok;
}

static struct message *message(struct dialogue *d) { return relay_message(&d->relay); }

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
		return answer_error(d, &d->why, e);
	return !relay_has_mail(&d->relay) ? mistake(d, "503 5.5.1 say MAIL first", e)
			      : say(d, "554 5.5.1 there is no valid recipient", e);
}

static bool do_data(struct dialogue *d, struct err *e)
{
	struct caller_text text = { .c = &d->caller, .state = TEXT_START, .lf = d->caller.lf };
	struct err why = { 0 };
	bool ok;

	if (!may_come(d))
		return say_too_early(d, e);
	if (!say(d, "354 end with a line that is only a dot", e))
		return false;
	ok = message_read_from(message(d), read_dots, &text, &why);
	if (text.state != TEXT_END && !(d->caller.gone ? give_up(&why, e) : drain(&text, e)))
		return false;
	return conclude(d, ok, &why, e);
}

static bool do_bdat(struct dialogue *d, struct err *e)
{
	struct chunks c = { .d = d, .size = d->command.size };
	struct err why = { 0 };
	bool ok;

	c.text = (struct caller_text){ .c = &d->caller, .state = TEXT_CHUNK, .left = d->command.size };
	if (!may_come(d))
		return drain(&c.text, e) && say_too_early(d, e);
	ok = message_read_from(message(d), read_chunks, &c, &why);
	if (!ok && !d->spoiled) { /* the message could not be kept; the rest of this chunk is read and dropped */
		if (!(d->caller.gone ? give_up(&why, e) : drain(&c.text, e)))
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

static bool do_quit(struct dialogue *d, struct err *e)
{
	d->done = true;
	return say(d, "221 2.0.0 goodbye", e);
}

static bool do_nothing(struct dialogue *d, struct err *e)
{
	return mistake(d, "502 5.5.1 this is not done here", e);
}

static bool (*const commands[])(struct dialogue *d, struct err *e) = {
	[COMMAND_AUTH] = do_nothing, [COMMAND_BDAT] = do_bdat,     [COMMAND_DATA] = do_data,
	[COMMAND_EHLO] = do_hello,   [COMMAND_EXPN] = do_nothing,  [COMMAND_HELO] = do_hello,
	[COMMAND_HELP] = do_help,    [COMMAND_MAIL] = do_envelope, [COMMAND_NOOP] = do_noop,
	[COMMAND_QUIT] = do_quit,    [COMMAND_RCPT] = do_envelope,     [COMMAND_RSET] = do_rset,
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

static void dialogue_free(struct dialogue *d)
{
	relay_close(&d->relay);
	caller_close(&d->caller);
	group_end(&d->group);
	free(d->group.commands);
	free(d->group.asked);
	free(d);
}

bool dialogue(struct sender *who, struct smarthost *to, int in, int out, const struct err *why_not, struct err *e)
{
	struct dialogue *d = calloc(1, sizeof *d);
	bool ok;

	if (d == NULL)
		return fail_memory(e);
	relay_begin(&d->relay, who, to);
	caller_open(&d->caller, in, out);
	ok = why_not == NULL ? talk(d, e) : (answer_error(d, why_not, e) || true) && give_up(why_not, e);
	dialogue_free(d);
	return ok;
}
