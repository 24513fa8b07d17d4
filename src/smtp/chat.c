#include "smtp/chat.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "base/trace.h"

static void hide(const void *ctx, char *text, size_t len)
{
	redact(&((const struct chat *)ctx)->hidden, text, len, true);
}

void chat_open(struct chat *c, struct stream *io, void *ctx)
{
	c->io = io;
	io->hide = hide;
	io->hide_ctx = c;
	c->ctx = ctx;
	c->depth = 1;
	c->cap = 0;
	c->broken = c->utf8 = false;
	c->why = (struct err){ .stage = ST_INTERNAL };
	c->head = c->owed = 0;
	redact_begin(&c->hidden);
}

void chat_break(struct chat *c)
{
	c->broken = true;
	c->head = c->owed = 0;
}

void chat_close(struct chat *c)
{
	chat_break(c);
	c->io->hide = NULL;
	redact_end(&c->hidden);
	reply_wipe(&c->reply);
}

bool chat_hide(struct chat *c, const char *secret, struct err *e)
{
	return redact_secret(&c->hidden, secret, e);
}

void chat_redact(const struct chat *c, char *text)
{
	redact(&c->hidden, text, strlen(text), false);
}

/* Called when the reply is complete, since a hidden word may go on over several lines.  A bad line is shown as it came, since
 * its beginning may be no code. */
static void trace_heard(const struct chat *c, enum reply_more more)
{
	const struct reply *r = &c->reply;
	size_t last = more == REPLY_CONTINUES ? r->len + 1 : r->last;

	if (!trace_on() || r->lines == 0)
		return;
	char shown[REPLY_TEXT_MAX + 8]; /* declared here, so that it is zeroed only if there is a trace */
	for (size_t at = 0, n; at <= r->len; at += n + 1) {
		const char *mark = at < last ? "-" : r->text[at] == '\0' ? "" : " ";

		n = strcspn(r->text + at, "\n");
		if (more == REPLY_BAD && at == r->last)
			snprintf(shown, sizeof shown, "%.*s", (int)n, r->text + at);
		else
			snprintf(shown, sizeof shown, "%d%s%.*s", r->code, mark, (int)n, r->text + at);
		trace_line('S', c->io->flights, shown, strlen(shown));
	}
}

static bool read_reply(struct chat *c, struct err *e)
{
	enum reply_more more = REPLY_CONTINUES;
	size_t len;
	char *line;

	reply_begin(&c->reply, c->io->stage);
	while (more == REPLY_CONTINUES && stream_line(c->io, REPLY_LINE_MAX, &line, &len, e))
		more = reply_add(&c->reply, line, len, e);
	reply_redact(&c->reply, &c->hidden);
	trace_heard(c, more);
	if (more == REPLY_BAD)
		err_quote(e, c->reply.text + c->reply.last, strlen(c->reply.text + c->reply.last));
	reply_end(&c->reply);
	return more == REPLY_DONE;
}

/* Every function that sends, expects or settles calls this first. */
static bool intact(const struct chat *c, enum stage stage, struct err *e)
{
	if (c->broken && c->why.say[0] != '\0')
		*e = c->why;
	else if (c->broken)
		fail(e, stage, FATE_TEMP, "the connection to the server is not usable any more");
	return !c->broken;
}

/* Is an answer owed to a command that commits?  Then the server may have the message although we shall not hear so (RFC 1047). */
static bool owes_verdict(const struct chat *c)
{
	for (unsigned i = 0; i < c->owed; i++)
		if (c->queue[(c->head + i) % CHAT_DEPTH].verb->commits)
			return true;
	return false;
}

/* The dialogue broke.  The stream or the reply has said how; if a command that commits is owed, the fate is unknown. */
static bool broken(struct chat *c, struct err *e)
{
	if (owes_verdict(c))
		e->fate = FATE_UNKNOWN;
	chat_break(c);
	c->why = *e;
	return false;
}

static bool sensible(struct chat *c, const struct verb *v, struct err *e)
{
	bool other = c->reply.code / 100 == 3 && v->go_ahead != 0 && c->reply.code != v->go_ahead;

	if (!other && (v->classes & (1U << (c->reply.code / 100))) != 0)
		return true;
	reply_fail(&c->reply, v->stage, e, "the server's reply %d is no answer to %s", c->reply.code,
		   v->name[0] == '\0' ? "a new connection" : v->name);
	e->fate = FATE_NONSENSE;
	return false;
}

/* A 421 answers one command only.  The others that are owed will not be answered: LMTP owes one answer for each recipient. */
static bool closing(struct chat *c, enum stage stage, struct err *e)
{
	bool unheard = owes_verdict(c);

	chat_break(c);
	reply_fail(&c->reply, stage, e, "the server is closing the connection");
	if (unheard)
		e->fate = FATE_UNKNOWN;
	c->why = *e;
	return false;
}

/* A failure while answers are owed gets the stage and the timeout of the oldest of them. */
static void attempt(struct chat *c, const struct verb *v)
{
	const struct verb *oldest = c->owed > 0 ? c->queue[c->head].verb : v;

	stream_attempt(c->io, oldest->stage, clock_in_s(clock_limit(c->cap, v->timeout)));
}

/* A write failed.  Did the server say why before it closed (552, 421)?  Its reply is the better error. */
static bool said_before_leaving(struct chat *c)
{
	return stream_peek(c->io) && stream_unread(c->io) > 0;
}

/* If the write failed, a 2yz to a command that commits is not believed: the server does not have the whole message. */
static bool send_and_hear(struct chat *c, const struct verb *v, struct err *e)
{
	struct err unheard;

	if (stream_flush(c->io, e))
		return read_reply(c, e);
	return said_before_leaving(c) && read_reply(c, &unheard) && !(v->commits && reply_ok(&c->reply));
}

/* Reads the answer to the oldest command. */
static bool hear_one(struct chat *c, struct err *e)
{
	const struct verb *v = c->queue[c->head].verb;
	void *ctx = c->queue[c->head].ctx;
	size_t arg = c->queue[c->head].arg;

	attempt(c, v);
	if (!send_and_hear(c, v, e))
		return broken(c, e);
	if (c->reply.code != 421 && !sensible(c, v, e))
		return broken(c, e);
	c->head = (c->head + 1) % CHAT_DEPTH;
	c->owed--;
	if (v->got != NULL)
		v->got(ctx, arg, &c->reply);
	if (c->reply.code == 421 && v->stage != ST_QUIT)
		return closing(c, v->stage, e);
	return true;
}

bool chat_settle(struct chat *c, struct err *e)
{
	if (!intact(c, c->io->stage, e))
		return false;
	while (c->owed > 0)
		if (!hear_one(c, e))
			return false;
	return true;
}

bool chat_hear(struct chat *c, struct err *e)
{
	return intact(c, c->io->stage, e) && (c->owed == 0 || hear_one(c, e));
}

bool chat_owes(const struct chat *c, const void *ctx)
{
	for (unsigned i = 0; i < c->owed; i++)
		if (c->queue[(c->head + i) % CHAT_DEPTH].ctx == ctx)
			return true;
	return false;
}

/* The server said something although nothing is owed.  Only a 421 may come unasked. */
static bool unasked(struct chat *c, enum stage stage, struct err *e)
{
	if (c->owed > 0 || !stream_peek(c->io))
		return true;
	chat_break(c);
	stream_attempt(c->io, stage, clock_in_s(1));
	if (!read_reply(c, e))
		return false;
	if (c->reply.code == 421)
		return closing(c, stage, e);
	reply_fail(&c->reply, stage, e, "the server answered before it was asked");
	e->fate = FATE_NONSENSE;
	return false;
}

bool chat_expect(struct chat *c, const struct verb *v, size_t arg, struct err *e)
{
	if (!intact(c, v->stage, e))
		return false;
	if (c->owed >= CHAT_DEPTH)             /* full: settle half, so that the next flight */
		while (c->owed > CHAT_DEPTH / 2) /* has many commands and not one */
			if (!hear_one(c, e))
				return false;
	c->queue[(c->head + c->owed) % CHAT_DEPTH].verb = v;
	c->queue[(c->head + c->owed) % CHAT_DEPTH].ctx = c->ctx;
	c->queue[(c->head + c->owed) % CHAT_DEPTH].arg = arg;
	c->owed++;
	if (v->last || c->depth == 1)
		return chat_settle(c, e);
	return true;
}

/* A command must be one line of printable characters; this is checked here for all callers. */
static bool is_command(const struct chat *c, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (str_iscontrol(line[i]) || (str_is8bit(line[i]) && !c->utf8))
			return false;
	return true;
}

static bool put_line(struct chat *c, const struct verb *v, const char *line, size_t len, struct err *e)
{
	if (!is_command(c, line, len))
		return fail(e, v->stage, FATE_PERM, "the %s command would have a character that SMTP does not allow", v->name);
	if (!intact(c, v->stage, e) || !unasked(c, v->stage, e))
		return false;
	attempt(c, v); /* a full buffer may have to be flushed on the way */
	if (stream_write(c->io, line, len, e) && stream_write(c->io, "\r\n", 2, e))
		return true;
	return broken(c, e);
}

static bool put_text(struct chat *c, const struct verb *v, struct err *e, const char *fmt, va_list ap)
{
	char line[CHAT_COMMAND_MAX];
	int n = vsnprintf(line, sizeof line, fmt, ap);

	if (n < 0 || (size_t)n >= sizeof line - 2)
		return fail(e, v->stage, FATE_PERM, "the %s command would be too long", v->name);
	if (!put_line(c, v, line, (size_t)n, e))
		return false;
	trace_line('C', stream_flight(c->io), line, (size_t)n);
	return true;
}

bool chat_put(struct chat *c, const struct verb *v, struct err *e, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = put_text(c, v, e, fmt, ap);
	va_end(ap);
	return ok;
}

bool chat_say(struct chat *c, const struct verb *v, size_t arg, struct err *e, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = put_text(c, v, e, fmt, ap);
	va_end(ap);
	return ok && chat_expect(c, v, arg, e);
}

bool chat_say_secret(struct chat *c, const struct verb *v, const char *shown, const struct buf *line,
		     struct err *e)
{
	const char *word = memrchr(line->bytes, ' ', line->len);

	word = word == NULL ? line->bytes : word + 1; /* the response, without "AUTH PLAIN" */
	if (!redact_base64(&c->hidden, word, e) || !put_line(c, v, line->bytes, line->len, e))
		return false;
	trace_line('C', stream_flight(c->io), shown, strlen(shown));
	return chat_expect(c, v, 0, e);
}

bool chat_interrupted(struct chat *c)
{
	return !c->broken && c->owed == 0 && stream_peek(c->io);
}

bool chat_early(struct chat *c, const struct verb *v, struct err *e)
{
	if (!intact(c, v->stage, e))
		return false;
	chat_break(c);
	attempt(c, v);
	if (!read_reply(c, e))
		return false;
	if (reply_ok(&c->reply) || c->reply.code / 100 == 3) {
		reply_fail(&c->reply, v->stage, e, "the server answered before it had the message");
		e->fate = FATE_NONSENSE;
		return false;
	}
	if (v->got != NULL)
		v->got(c->ctx, 0, &c->reply);
	return reply_fail(&c->reply, v->stage, e, "the server refused the message while it was being sent");
}

bool chat_out_of_turn(struct chat *c)
{
	struct err quiet;

	if (c->broken || c->owed > 0 || stream_unread(c->io) == 0)
		return false;
	chat_break(c);
	stream_attempt(c->io, c->io->stage, clock_in_s(1));
	return read_reply(c, &quiet) && c->reply.code != 421;
}
