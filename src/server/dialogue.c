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
};

struct dialogue {
	struct caller  caller;
	struct relay   relay;
	struct command command;
	const char    *complaint; /* about its syntax; NULL: none */
	bool           pending;   /* `command` has been read but not answered */
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
	report_error(why, d->relay.x->host); /* on stderr, with the hint */
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
	relay_forget(&d->relay);
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

static bool do_mail(struct dialogue *d, struct err *e)
{
	struct err why = { 0 };

	if (!d->hello)
		return mistake(d, "503 5.5.1 say EHLO first", e);
	if (d->relay.mail)
		return mistake(d, "503 5.5.1 there is a MAIL already", e);
	begin_anew(d);
	if (!relay_mail(&d->relay, &d->command, &why))
		return all_lost(d, &why, e);
	d->failed = !d->relay.mail;
	if (d->failed)
		reply_fail(relay_reply(&d->relay), ST_MAIL, &d->why, "the server refused the sender");
	return pass_on(d, e);
}

static bool do_rcpt(struct dialogue *d, struct err *e)
{
	struct err why = { 0 };
	bool asked;

	if (d->failed)
		return answer_error(d, &d->why, e);
	if (!d->relay.mail)
		return mistake(d, "503 5.5.1 say MAIL first", e);
	if (!relay_rcpt(&d->relay, &d->command, &asked, &why))
		return d->relay.mail ? say_error(d, &why, e) : all_lost(d, &why, e);
	return asked ? pass_on(d, e) : say(d, "250 2.1.5 this recipient is there already", e);
}

/* ---- the message --------------------------------------------------------------------------------- */

static bool next_command(struct dialogue *d, struct err *e)
{
	char *line;

	if (!caller_line(&d->caller, &line, e))
		return false;
	d->command = (struct command){ .id = COMMAND_COUNT };
	d->complaint = line == NULL ? "500 5.5.2 this line is too long, or has a NUL" : command_parse(line, &d->command);
	return true;
}

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
	const struct envelope *v = &d->relay.x->v;
	size_t n = 0;
	bool room = true;
	struct err why;

	if (envelope_count(v, RCPT_DONE) == 0)
		return;
	for (size_t i = 0; i < v->n; i++) {
		if (!relay_missed(&v->rcpts[i]))
			continue;
		transaction_refusal(&v->rcpts[i], v->sender, &why);
		report_error(&why, d->relay.x->host);
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

/* Sends the message and answers the caller.  ok unset: the message could not be read, and *why says why. */
static bool conclude(struct dialogue *d, bool ok, struct err *why, struct err *e)
{
	ok = ok && relay_message(&d->relay, why);
	relay_log(&d->relay, ok ? NULL : why);
	ok = ok ? say_outcome(d, e) : d->spoiled || say_error(d, why, e);
	relay_forget(&d->relay);
	return ok;
}

static bool may_come(const struct dialogue *d)
{
	return !d->spoiled && !d->failed && d->relay.mail && relay_has_recipients(&d->relay);
}

/* Says why no message may come now.  If no recipient was accepted, that is no mistake of the caller: it may have pipelined. */
static bool say_too_early(struct dialogue *d, struct err *e)
{
	if (d->spoiled)
		return mistake(d, "503 5.5.1 the message was broken off: say RSET", e);
	if (d->failed)
		return answer_error(d, &d->why, e);
	return !d->relay.mail ? mistake(d, "503 5.5.1 say MAIL first", e)
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
	ok = message_read_from(&d->relay.x->m, read_dots, &text, &why);
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
	ok = message_read_from(&d->relay.x->m, read_chunks, &c, &why);
	if (!ok && !d->spoiled) { /* the message could not be kept; the rest of this chunk is read and dropped */
		if (!(d->caller.gone ? give_up(&why, e) : drain(&c.text, e)))
			return false;
		relay_log(&d->relay, &why);
		relay_forget(&d->relay);
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
	[COMMAND_HELP] = do_help,    [COMMAND_MAIL] = do_mail,     [COMMAND_NOOP] = do_noop,
	[COMMAND_QUIT] = do_quit,    [COMMAND_RCPT] = do_rcpt,     [COMMAND_RSET] = do_rset,
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
	if (d->caller.eof && !d->relay.mail) /* a caller may leave between two messages without QUIT */
		return true;
	(void)(d->caller.eof || say(d, "421 4.3.0 postern leaves", &unheard) || true);
	return false;
}

bool dialogue_with(struct submission *x, int in, int out, const struct err *why_not, struct err *e)
{
	struct dialogue *d = calloc(1, sizeof *d);
	bool ok;

	if (d == NULL)
		return fail_memory(e);
	d->relay.x = x;
	caller_open(&d->caller, in, out);
	ok = why_not == NULL ? talk(d, e) : (answer_error(d, why_not, e) || true) && give_up(why_not, e);
	relay_close(&d->relay);
	caller_close(&d->caller);
	free(d);
	return ok;
}

static bool may_begin(struct submission *x, bool had_stdin, struct err *e)
{
	if (x->o->n_recipients > 0)
		return fail(e, ST_USAGE, FATE_PERM, "with -bs the recipients come in the dialogue");
	if (!had_stdin)
		return fail(e, ST_INPUT, FATE_TEMP, "standard input is closed, so there is no caller to talk to");
	return submission_load(x, e);
}

int dialogue(const struct options *o, bool had_stdin)
{
	struct err e = { 0 }, why_not = { 0 };
	struct submission *x = submission_begin(o, &e);
	bool begins;
	int status = 0;

	if (x == NULL)
		return err_exit_status(&e);
	begins = may_begin(x, had_stdin, &why_not);
	if (!dialogue_with(x, STDIN_FILENO, STDOUT_FILENO, begins ? NULL : &why_not, &e)) {
		report_error(&e, x->host);
		status = err_exit_status(&e);
	}
	submission_free(x);
	return status;
}
