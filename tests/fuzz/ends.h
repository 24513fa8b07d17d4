/*
 * ends.h - both ends of -bs for its fuzz targets: a caller and its smarthost in memory, and what each of them must see.
 *
 * The input holds what the caller sends and what the server sends, in pieces with 0xff between them.  The first piece is the
 * caller's, and each further piece is the server's (peer.h) on one more connection.
 */
#ifndef TESTS_FUZZ_ENDS_H
#define TESTS_FUZZ_ENDS_H

#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "deliver/smarthost.h"
#include "server/caller.h"
#include "smtp/chat.h"
#include "smtp/reply.h"

#include "../peer.h"

enum { CUT = 0xff, ASKED_MAX = 1024, ADDRESS_SHOWN = 64, LIST_MAX = 32, SENT_MAX = 16, HEARD_MAX = 512 };
enum asked { OTHER, RCPT, DATA, MESSAGE };
enum where { COMMANDS, TEXT, CHUNK };

/* Only addresses that no setting changes are compared; another one is "". */
typedef char address[ADDRESS_SHOWN];

struct envelope_seen {
	address sender;
	address to[LIST_MAX];
	size_t  n;
	bool    full;     /* more than LIST_MAX: not compared */
	bool    accepted; /* the message */
};

struct server {
	struct far_end    peer;       /* of this connection */
	const char    *next, *end; /* the rest of the input: pieces of further connections, each with CUT in front of it */
	bool           lmtp;
	const char    *sender;     /* each message must come from this one; NULL: from any */
	bool           bad;        /* the last reply breaks the session: the client must send nothing more */
	enum where     where;
	uint64_t       chunk;      /* octets of BDAT that are still to come */
	char           last;       /* the client's latest byte */
	char           line[CHAT_COMMAND_MAX + 2];
	size_t         len;        /* of the client's line so far */
	enum asked     asked[ASKED_MAX];
	address        about[ASKED_MAX]; /* RCPT: whose */
	size_t         first, n;   /* replies that are owed */
	size_t         taken;      /* accepted recipients of this transaction */
	bool           counted;    /* this message was accepted for a recipient */
	char           said[REPLY_LINE_MAX + 2];
	size_t         said_len;
	struct reply   reply;
	bool           within;     /* in a reply of several lines */
	unsigned       messages, accepted;
	struct envelope_seen now;            /* the present transaction: the recipients that were accepted */
	struct envelope_seen sent[SENT_MAX]; /* one for each message */
	struct { address to; int code; } heard[HEARD_MAX]; /* the replies to RCPT in their order */
	size_t         n_heard;
};

struct told { /* counts of what the caller sent and was told */
	unsigned texts, accepted, perhaps, mails;
	bool     queue;             /* what the server does not take may be accepted, too */
	const struct server *server;
	struct envelope_seen now;   /* what the caller was told of the present envelope */
	size_t   sent, heard;       /* what the server said before these is behind us */
};

/* ---- envelopes ----------------------------------------------------------------------------------- */

static void take_address(address to, const char *from, size_t n)
{
	static const char *const domains[] = { "@example.net", "@example.org" };
	size_t local = strspn(from, "abcdefghijklmnopqrstuvwxyz0123456789");
	bool plain = n < ADDRESS_SHOWN && local > 0 && n == local + strlen(domains[0])
		  && (strncasecmp(from + local, domains[0], n - local) == 0 || strncasecmp(from + local, domains[1], n - local) == 0);

	snprintf(to, ADDRESS_SHOWN, "%.*s", plain ? (int)n : 0, from);
	for (char *c = to; *c != '\0'; c++) /* a domain in capitals is the same one */
		*c = str_lower(*c);
}

static void seen_add(struct envelope_seen *v, const char *to)
{
	v->full = v->full || v->n == LIST_MAX;
	if (!v->full)
		memcpy(v->to[v->n++], to, ADDRESS_SHOWN);
}

static bool seen_has(const struct envelope_seen *v, const char *to)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->to[i], to) == 0)
			return true;
	return false;
}

/* always_bcc and local_recipients name these. */
static bool is_added(const char *to)
{
	return to[0] == '\0' || strcmp(to, "a@example.org") == 0 || strcmp(to, "b@example.org") == 0
	    || strcmp(to, "archive@example.org") == 0;
}

/* Was this message sent with the envelope that the caller was told of? */
static bool same_envelope(const struct envelope_seen *told, const struct envelope_seen *sent)
{
	bool same = told->sender[0] == '\0' || strcmp(told->sender, sent->sender) == 0;

	if (told->full || sent->full)
		return true;
	for (size_t i = 0; i < told->n && same; i++)
		same = told->to[i][0] == '\0' || seen_has(sent, told->to[i]);
	for (size_t i = 0; i < sent->n && same; i++)
		same = is_added(sent->to[i]) || seen_has(told, sent->to[i]);
	return same;
}

/* ---- the server ---------------------------------------------------------------------------------- */

static void ask(struct server *p, enum asked what)
{
	MUST(p->n < ASKED_MAX);
	p->asked[(p->first + p->n++) % ASKED_MAX] = what;
}

static void message_came(struct server *p)
{
	MUST(p->taken > 0); /* else no recipient would get it */
	MUST(p->last == '\n');
	p->where = COMMANDS;
	if (p->messages < SENT_MAX)
		p->sent[p->messages] = p->now;
	p->messages++;
	p->counted = false;
	for (size_t i = 0; i < (p->lmtp ? p->taken : 1); i++)
		ask(p, MESSAGE);
	p->taken = 0;
}

static void command_came(struct server *p, const char *line)
{
	if (strncmp(line, "BDAT ", 5) == 0) {
		MUST(strstr(line, " LAST") != NULL);
		p->chunk = strtoull(line + 5, NULL, 10);
		p->where = CHUNK;
		if (p->chunk == 0)
			message_came(p);
		return;
	}
	if (strncmp(line, "MAIL ", 5) == 0 || strcmp(line, "RSET") == 0)
		p->taken = p->now.n = p->now.full = 0;
	if (strncmp(line, "MAIL ", 5) == 0 && p->sender != NULL)
		MUST(strncmp(line + 11, p->sender, strlen(p->sender)) == 0 && line[11 + strlen(p->sender)] == '>');
	if (strncmp(line, "MAIL FROM:<", 11) == 0)
		take_address(p->now.sender, line + 11, strcspn(line + 11, ">"));
	if (strncmp(line, "RCPT TO:<", 9) == 0)
		take_address(p->about[(p->first + p->n) % ASKED_MAX], line + 9, strcspn(line + 9, ">"));
	ask(p, strncmp(line, "RCPT ", 5) == 0 ? RCPT : strcmp(line, "DATA") == 0 ? DATA : OTHER);
}

static void line_came(struct server *p)
{
	p->line[p->len < sizeof p->line ? p->len : sizeof p->line - 1] = '\0';
	if (p->where == COMMANDS) {
		MUST(p->len < sizeof p->line - 1);
		command_came(p, p->line);
	} else if (strcmp(p->line, ".") == 0) {
		message_came(p);
	}
	p->len = 0;
}

static void byte_came(void *ctx, char c)
{
	struct server *p = ctx;

	MUST(!p->bad);
	MUST(peer_crlf(&p->last, c));
	if (p->where == CHUNK) {
		if (--p->chunk == 0)
			message_came(p);
	} else if (c == '\n') {
		line_came(p);
	} else if (c != '\r' && p->len++ < sizeof p->line - 1) {
		p->line[p->len - 1] = c;
	}
}

static void reply_said(struct server *p)
{
	enum asked what = p->n > 0 ? p->asked[p->first] : OTHER;
	int class = p->reply.code / 100;

	if (p->n == 0)
		return; /* no reply is owed */
	if (what == RCPT && class == 2)
		seen_add(&p->now, p->about[p->first]);
	if (what == RCPT && p->n_heard < HEARD_MAX) {
		memcpy(p->heard[p->n_heard].to, p->about[p->first], ADDRESS_SHOWN);
		p->heard[p->n_heard++].code = p->reply.code;
	}
	p->first = (p->first + 1) % ASKED_MAX;
	p->n--;
	if (what == RCPT && class == 2)
		p->taken++;
	if (what == DATA && class == 3)
		p->where = TEXT;
	if (what == MESSAGE && class == 2 && !p->counted) {
		p->counted = true;
		p->accepted++;
		if (p->messages <= SENT_MAX)
			p->sent[p->messages - 1].accepted = true;
	}
	p->bad = (what == DATA ? class == 2 : class == 3) || p->reply.code == 421;
}

static void line_said(struct server *p)
{
	struct err e;
	enum reply_more more;

	if (!p->within)
		reply_begin(&p->reply, ST_EHLO);
	p->said[p->said_len - 2] = '\0';
	more = reply_add(&p->reply, p->said, p->said_len - 2, &e);
	p->within = more == REPLY_CONTINUES;
	p->bad = p->bad || more == REPLY_BAD;
	if (more == REPLY_DONE)
		reply_said(p);
	p->said_len = 0;
}

static void byte_said(void *ctx, char c)
{
	struct server *p = ctx;

	if (p->bad)
		return;
	if (p->said_len == sizeof p->said) {
		p->bad = true;
		return;
	}
	p->said[p->said_len++] = c;
	if (c == '\n' && (p->said_len < 2 || p->said[p->said_len - 2] != '\r'))
		p->bad = true;
	else if (c == '\n')
		line_said(p);
}

static bool server_reach(void *ctx, struct wire *to, struct err *e)
{
	struct server *p = ctx;
	const char *piece = p->next + 1;

	if (p->next == p->end)
		return fail(e, ST_CONNECT, FATE_TEMP, "the server is away");
	p->next = memchr(piece, CUT, (size_t)(p->end - piece));
	if (p->next == NULL)
		p->next = p->end;
	p->peer = (struct far_end){ .text = piece, .size = (size_t)(p->next - piece), .came = byte_came, .said = byte_said, .ctx = p };
	p->bad = p->within = false;
	p->where = COMMANDS;
	p->last = '\0';
	p->len = p->n = p->taken = p->said_len = p->now.n = 0;
	p->now.full = false;
	ask(p, OTHER); /* the greeting */
	*to = peer_wire(&p->peer);
	return true;
}

/* ---- the caller ---------------------------------------------------------------------------------- */

/* The next reply's last line, or NULL. */
static char *next_reply(char **at)
{
	for (;;) {
		char *line = *at, *end = strstr(line, "\r\n");

		if (line[0] == '\0')
			return NULL;
		MUST(end != NULL && end - line >= 4 && end - line <= 510 && strchr("2345", line[0]) != NULL);
		*end = '\0';
		MUST(strpbrk(line, "\r\n") == NULL);
		*at = end + 2;
		if (line[3] == ' ')
			return line;
		MUST(line[3] == '-');
	}
}

static void drain(struct caller *c, struct caller_text text)
{
	struct err e;

	text.c = c;
	(void)!caller_skip_text(&text, &e);
}

/* A message that the caller takes for accepted was accepted with just this envelope, and after those before. */
static void message_answered(struct told *t, const char *reply)
{
	const struct server *p = t->server;

	if (reply == NULL)
		return;
	t->accepted += reply[0] == '2';
	t->perhaps += strstr(reply, "may have the message") != NULL;
	if (reply[0] == '2' && !t->queue && p->messages <= SENT_MAX) {
		while (t->sent < p->messages && !(p->sent[t->sent].accepted && same_envelope(&t->now, &p->sent[t->sent])))
			t->sent++;
		MUST(t->sent++ < p->messages);
	}
	t->now.n = t->now.full = 0;
}

/* The reply to RCPT is the server's to just this address, and came after those before. */
static void rcpt_answered(struct told *t, const char *to, const char *reply)
{
	const struct server *p = t->server;
	int code = (int)strtol(reply, NULL, 10);

	if (reply[0] != '2' || t->queue)
		return;
	if (strcmp(reply, "250 2.1.5 this recipient is there already") == 0
	    && (t->now.full || is_added(to) || seen_has(&t->now, to)))
		return;
	if (to[0] != '\0' && p->n_heard < HEARD_MAX) {
		while (t->heard < p->n_heard && !(strcmp(p->heard[t->heard].to, to) == 0 && p->heard[t->heard].code / 100 == 2))
			t->heard++;
		MUST(t->heard < p->n_heard && (code == 250 || code == p->heard[t->heard].code));
		t->heard++;
	}
	seen_add(&t->now, to);
}

static void envelope_answered(struct told *t, const struct command *c, const char *reply)
{
	const struct server *p = t->server;
	address a, mine = "";

	take_address(a, c->address, strlen(c->address));
	if (c->id == COMMAND_RCPT)
		rcpt_answered(t, a, reply);
	if ((c->id == COMMAND_MAIL && reply[0] == '2') || c->id == COMMAND_RSET || c->id == COMMAND_EHLO || c->id == COMMAND_HELO)
		t->now.n = t->now.full = 0;
	if (c->id == COMMAND_MAIL && reply[0] == '2')
		memcpy(t->now.sender, p->sender == NULL ? a : mine, sizeof a);
	t->mails += c->id == COMMAND_MAIL && reply[0] == '2';
}

/* Skips the text behind DATA or BDAT and takes its reply; NULL: there are no more replies. */
static char *hear_text(struct caller *c, const struct command *cmd, char *reply, char **at, struct told *t)
{
	if (cmd->id == COMMAND_BDAT) {
		drain(c, (struct caller_text){ .state = TEXT_CHUNK, .left = cmd->size });
		t->texts += cmd->last;
		if (cmd->last)
			message_answered(t, reply);
	} else if (cmd->id == COMMAND_DATA && strncmp(reply, "354", 3) == 0) {
		drain(c, (struct caller_text){ .state = TEXT_START, .lf = c->lf });
		t->texts++;
		reply = next_reply(at);
		message_answered(t, reply);
	}
	return reply;
}

/* Each command has exactly one reply, in order. */
static struct told hear(int in, char *replies, const struct server *p, bool queue)
{
	static struct caller c;
	struct told t = { .server = p, .queue = queue };
	char *at = replies, *reply = next_reply(&at);

	MUST(reply != NULL && strncmp(reply, "220 ", 4) == 0);
	MUST(lseek(in, 0, SEEK_SET) == 0);
	caller_open(&c, in, -1, 0);
	while ((reply = next_reply(&at)) != NULL && strncmp(reply, "421", 3) != 0) {
		struct command cmd = { .id = COMMAND_COUNT };
		struct err e;
		char *line;

		MUST(caller_line(&c, &line, &e));
		if (line == NULL || command_parse(line, &cmd) != NULL) {
			MUST(reply[0] == '5');
			continue;
		}
		envelope_answered(&t, &cmd, reply);
		if ((reply = hear_text(&c, &cmd, reply, &at, &t)) == NULL || strncmp(reply, "221", 3) == 0)
			break;
	}
	MUST(next_reply(&at) == NULL);
	return t;
}

static char *read_back(int out)
{
	off_t size = lseek(out, 0, SEEK_END);
	char *text = malloc((size_t)size + 1);

	MUST(text != NULL && pread(out, text, (size_t)size, 0) == size);
	text[size] = '\0';
	MUST(strlen(text) == (size_t)size);
	return text;
}

/* ---- the input ----------------------------------------------------------------------------------- */

/* Puts the server's pieces into *p, and the caller's into a file, from its `skip`-th octet on. */
static int cut_input(const uint8_t *data, size_t size, size_t skip, struct server *p)
{
	const uint8_t *cut = size <= skip ? NULL : memchr(data + skip, CUT, size - skip);
	size_t said = cut == NULL ? size : (size_t)(cut - data);
	int in = memfd_create("caller", 0);

	*p = (struct server){ .next = (const char *)data + said, .end = (const char *)data + size };
	MUST(in >= 0 && write(in, data + skip, said - skip) == (ssize_t)(said - skip) && lseek(in, 0, SEEK_SET) == 0);
	return in;
}

#endif
