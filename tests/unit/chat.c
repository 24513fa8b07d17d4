/* smtp/chat.h: every function refuses a broken chat; replies that come during a body. */
#include "tap.h"

#include "smtp/chat.h"

#include "../peer.h"

/* Sends the text after it received something, and then nothing. */
static struct far_end peer_of(const char *text)
{
	return (struct far_end){ .text = text, .size = strlen(text), .client_first = true, .stays = true };
}

static void got(void *ctx, size_t arg, const struct reply *r)
{
	(void)arg;
	(void)r;
	++*(unsigned *)ctx;
}

static const struct verb NOOP = { .name = "NOOP", .stage = ST_MAIL, .timeout = 1, .classes = CLASS_USUAL, .got = got };

static bool say(struct chat *c, struct err *e) { return chat_say(c, &NOOP, 0, e, "NOOP"); }
static bool put(struct chat *c, struct err *e) { return chat_put(c, &NOOP, e, "NOOP"); }
static bool expect(struct chat *c, struct err *e) { return chat_expect(c, &NOOP, 0, e); }
static bool early(struct chat *c, struct err *e) { return chat_early(c, &NOOP, e); }
static bool interrupted(struct chat *c, struct err *e) { (void)e; return chat_interrupted(c); }
static bool out_of_turn(struct chat *c, struct err *e) { (void)e; return chat_out_of_turn(c); }

static bool say_secret(struct chat *c, struct err *e)
{
	struct buf line = buf_max(ST_INPUT, 100, "a line");
	bool said = buf_str(&line, "AUTH PLAIN AGEAYg==", e) && chat_say_secret(c, &NOOP, "AUTH PLAIN ***", &line, e);

	buf_free(&line);
	return said;
}

static const struct {
	const char *name;
	bool (*speak)(struct chat *c, struct err *e);
} ways[] = {
	{ "chat_say", say },       { "chat_put", put },     { "chat_expect", expect },           { "chat_settle", chat_settle },
	{ "chat_early", early },   { "chat_say_secret", say_secret }, { "chat_interrupted", interrupted },
	{ "chat_out_of_turn", out_of_turn },
};

/* Replies that break a chat while two more are owed; what follows must not be taken for those two. */
static const char *const breaks[] = {
	"rubbish\r\n250 a\r\n250 b\r\n", "354 go ahead\r\n250 a\r\n250 b\r\n", "421 bye\r\n250 a\r\n250 b\r\n", "250 a\n250 b\r\n250 c\r\n", "",
};

static void try_all(const char *text, unsigned heard_first)
{
	static struct stream io;
	static struct chat c;
	struct far_end p = peer_of(text);
	struct err e = { .stage = ST_USAGE };
	unsigned heard = 0;
	size_t said;

	stream_open(&io, peer_wire(&p), CLOCK_NEVER);
	chat_open(&c, &io, &heard);
	c.depth = CHAT_DEPTH;
	for (int i = 0; i < 3; i++)
		ok(say(&c, &e), "the chat accepts a command");
	ok(!chat_settle(&c, &e), "\"%s\" breaks it", text);
	ok(c.broken && c.owed == 0 && heard == heard_first, "  and no reply is owed any more");
	said = p.received;
	for (size_t i = 0; i < COUNT(ways); i++) {
		ok(!ways[i].speak(&c, &e), "%s fails", ways[i].name);
		ok(stream_flush(&io, &e) && p.received == said && heard == heard_first && c.owed == 0,
		   "%s sends nothing and calls no handler", ways[i].name);
	}
	chat_close(&c);
	ok(!say(&c, &e), "a closed chat refuses, too");
	stream_close(&io);
}

static const struct verb TEXT = { .name = "the message", .stage = ST_BODY, .timeout = 1, .commits = true,
				  .classes = CLASS_USUAL, .got = got };

/* The peer is gone before it received the whole command or message.  Its refusal counts; its acceptance proves nothing. */
static void try_cut_off(const struct verb *v, const char *text, unsigned takes)
{
	static struct stream io;
	static struct chat c;
	struct far_end p = peer_of(text);
	struct err e = { .stage = ST_USAGE };
	unsigned heard = 0;
	bool settled;

	p.most = 3;
	stream_open(&io, peer_wire(&p), CLOCK_NEVER);
	chat_open(&c, &io, &heard);
	c.depth = CHAT_DEPTH;
	settled = chat_say(&c, v, 0, &e, "BDAT 5 LAST") && chat_settle(&c, &e);
	ok(settled == (takes > 0) && heard == takes, "\"%.3s\" to a part of %s is%s taken for its reply", text, v->name,
	   takes > 0 ? "" : " not");
	ok(takes > 0 || (c.broken && e.fate == FATE_UNKNOWN), "  and otherwise the outcome is unknown");
	chat_close(&c);
	stream_close(&io);
}

/* The server sends a reply while a body is being sent. */
static const struct {
	const char *text;
	unsigned    heard; /* calls of the handler */
	int         code;
	enum fate   fate;
	const char *say;
} earlies[] = {
	{ "552 5.3.4 too big\r\n", 1, 552, FATE_PERM, "the server refused the message while it was being sent" },
	{ "452-no\r\n452 room\r\n", 1, 452, FATE_TEMP, "the server refused the message while it was being sent" },
	{ "421 bye\r\n", 1, 421, FATE_TEMP, "the server refused the message while it was being sent" },
	{ "250 ok\r\n", 0, 250, FATE_NONSENSE, "the server answered before it had the message" },
	{ "354 go on\r\n", 0, 354, FATE_NONSENSE, "the server answered before it had the message" },
	{ "rubbish\r\n", 0, 0, FATE_NONSENSE, NULL },
};

static void try_early(size_t i)
{
	static struct stream io;
	static struct chat c;
	struct far_end p = peer_of(earlies[i].text);
	struct err e = { .stage = ST_USAGE };
	unsigned heard = 0;

	p.client_first = false;
	stream_open(&io, peer_wire(&p), CLOCK_NEVER);
	chat_open(&c, &io, &heard);
	ok(chat_interrupted(&c) && !chat_early(&c, &NOOP, &e), "\"%s\" during a body ends the chat", earlies[i].text);
	ok(e.stage == NOOP.stage && e.code == earlies[i].code && e.fate == earlies[i].fate, "  with the code %d", e.code);
	ok(heard == earlies[i].heard && c.broken, "  and nothing can be sent after it");
	if (earlies[i].say != NULL)
		same(e.say, earlies[i].say, "  with this error");
	chat_close(&c);
	stream_close(&io);
}

/* A long line with a secret, then short ones: closing must wipe the whole buffers, and not only the last lines. */
static void test_wiped(void)
{
	static struct stream io;
	static struct chat c;
	struct far_end p = peer_of("250 a long line, and behind it AGEAYg==\r\n250 b\r\n");
	struct err e;
	unsigned heard = 0;

	stream_open(&io, peer_wire(&p), CLOCK_NEVER);
	chat_open(&c, &io, &heard);
	c.depth = CHAT_DEPTH;
	ok(say_secret(&c, &e) && say(&c, &e) && chat_settle(&c, &e) && heard == 2, "a secret is sent and received, and then a shorter line");
	ok(memmem(c.reply.wire, sizeof c.reply.wire, "AGEAYg", 6) != NULL && memmem(io.out, sizeof io.out, "AGEAYg", 6) != NULL,
	   "before closing the buffers hold the secret");
	chat_close(&c);
	stream_close(&io);
	ok(memmem(&c, sizeof c, "AGEAYg", 6) == NULL, "after closing the chat does not hold it");
	ok(memmem(io.out, sizeof io.out, "AGEAYg", 6) == NULL, "and the output buffer does not hold it");
}

int main(void)
{
	try_cut_off(&TEXT, "250 queued\r\n", 0);
	try_cut_off(&TEXT, "552 too big\r\n", 1);
	try_cut_off(&NOOP, "250 ok\r\n", 1);
	for (size_t i = 0; i < COUNT(earlies); i++)
		try_early(i);
	test_wiped();
	for (size_t i = 0; i < COUNT(breaks); i++)
		try_all(breaks[i], strncmp(breaks[i], "421", 3) == 0);
	return done();
}
