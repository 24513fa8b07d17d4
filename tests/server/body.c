/* DATA and BDAT: the octets of the message are checked, counted and stored as they arrive. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void body_path(const struct conn *c, char path[4096])
{
	snprintf(path, 4096, "%s/incoming.%u", c->dir, c->number);
}

void body_forget(struct conn *c)
{
	char path[4096];

	if (c->body.file != NULL) {
		fclose(c->body.file);
		body_path(c, path);
		unlink(path);
	}
	c->body = (struct body) { .head = true };
}

static bool body_start(struct conn *c)
{
	char path[4096];

	body_forget(c);
	c->body.started = true;
	if (c->script->discard)
		return true;
	body_path(c, path);
	c->body.file = fopen(path, "we");
	if (c->body.file == NULL)
		fprintf(stderr, "smarthost: %s: %s\n", path, strerror(errno));
	return c->body.file != NULL;
}

/* Octets of the message, after its dots were undone. */
static void take(struct conn *c, const char *p, size_t n)
{
	struct body *b = &c->body;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char) p[i];

		if (ch == '\n') {
			if (!b->cr)
				b->bare_lf = true;
			else if (b->line == 1)
				b->head = false;
			b->long_line |= b->line > 999;	/* 998 and the CR */
			b->line = 0;
		} else {
			b->bare_cr |= b->cr;
			b->nul |= ch == '\0';
			b->high |= ch >= 0x80;
			b->high_head |= ch >= 0x80 && b->head;
			b->line++;
		}
		b->cr = ch == '\r';
	}
	b->octets += n;
	b->last[0] = n > 1 ? p[n - 2] : b->last[1];
	b->last[1] = p[n - 1];
	if (b->file != NULL && fwrite(p, 1, n, b->file) != n)
		fputs("smarthost: cannot store a message\n", stderr);
}

static void judge(struct conn *c, bool bdat)
{
	const struct body *b = &c->body;
	const struct mail *m = &c->mail;

	if (!m->binary) {
		if (b->bare_lf)
			violation(c, "a bare LF in the message");
		if (b->bare_cr)
			violation(c, "a bare CR in the message");
		if (b->nul)
			violation(c, "a NUL in the message");
		if (b->long_line || b->line > 998)
			violation(c, "a line of more than 998 octets in the message");
		if (bdat && b->octets > 0 && (b->last[0] != '\r' || b->last[1] != '\n'))
			violation(c, "the message does not end with CRLF");
	}
	if (b->high && !m->body8 && !m->utf8)
		violation(c, "8-bit octets without BODY=8BITMIME");
	if (b->high_head && !m->utf8)
		violation(c, "8-bit octets in the header without SMTPUTF8");
	if (m->size >= 0 && b->octets > (unsigned long long) m->size + 16)
		violation(c, "%llu octets, but SIZE=%lld", b->octets, m->size);
	if (m->accepted == 0 && b->octets > 0)
		violation(c, "a message without an accepted recipient");
}

/* Replies to the whole message: one, or in LMTP one for each accepted recipient. */
static void conclude(struct conn *c, enum verb v, const char *how)
{
	struct mail *m = &c->mail;
	bool kept = false, big = c->script->size > 0 && c->body.octets > (unsigned long long) c->script->size;
	const char *text = big ? "552 5.3.4 the message is too big" : m->accepted == 0
	    ? "554 5.5.1 no valid recipients" : "250 2.0.0 taken";

	atomic_fetch_add(&c->shared->body_bytes, c->body.octets);
	judge(c, v == V_LAST);
	if (spoil(c, V_AFTERDOT, ""))
		return;
	/* The files must exist before the client gets the replies, so the replies are queued and not sent yet. */
	for (struct rcpt *r = m->rcpts; r != NULL && !c->over; r = r->next) {
		int code;

		if (r->refused != NULL)
			continue;
		code = answerf(c, v, r->address, "%s", text);
		if (code / 100 == 2)
			kept = true;
		else if (code != 0)
			r->refused = text_copy(c->said.p, strcspn(c->said.p, "\r\n"));
		if (!c->script->lmtp)
			break;
	}
	if (m->accepted == 0)
		answerf(c, v, "", "%s", text);
	if (kept && m->accepted > 0)
		record_message(c, how);
	mail_forget(c);
}

static bool body_fill(struct conn *c)
{
	if (c->script->slow_ms > 0)
		pause_ms(c->script->slow_ms);
	return io_fill(c, true);
}

/* Once for each block; if the script ends the connection in it, before that. */
static void record_size(struct conn *c, unsigned long long n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "[%llu bytes]", n);

	if (!c->body.recorded)
		record_line(c, 'C', text, (size_t) len);
}

/* Counts the next octets of a body; false if the script ends the connection among them. */
static bool body_passes(struct conn *c, size_t n)
{
	unsigned long long from = c->body.wire;
	const struct rule *r;
	bool stop;

	c->body.wire += n;
	r = rule_body(c, from, c->body.wire);
	stop = c->script->stop_reading >= 0 && c->body.wire > (unsigned long long) c->script->stop_reading;
	if (r != NULL || stop)
		record_size(c, c->body.wire);
	if (r != NULL)
		drop(c, r->number, "", 0);
	else if (stop)
		io_park(c);
	c->body.recorded = r != NULL || stop;
	return !c->over;
}

/*
 * How far the end of data has been read.  Only CRLF.CRLF ends a message.  Anything else that a lenient server might take for
 * its end is kept as text, and judge() records it as a violation.
 */
enum at { AT_TEXT, AT_CR, AT_LINE, AT_DOT, AT_DOT_CR };

struct unstuff {
	enum at at;
	bool done, single;	/* single: a line began with one dot, and something other than CRLF followed */
};

/* Takes octets until the end of data; returns how many were used. */
static size_t unstuff(struct conn *c, struct unstuff *u, const char *p, size_t n)
{
	size_t start = 0, i;

	for (i = 0; i < n && !u->done; i++) {
		switch (u->at) {
		case AT_TEXT:
			u->at = p[i] == '\r' ? AT_CR : AT_TEXT;
			break;
		case AT_CR:
			u->at = p[i] == '\n' ? AT_LINE : p[i] == '\r' ? AT_CR : AT_TEXT;
			break;
		case AT_LINE:
			if (p[i] == '.') {
				take(c, p + start, i - start);
				start = i + 1;
				u->at = AT_DOT;
			} else {
				u->at = p[i] == '\r' ? AT_CR : AT_TEXT;
			}
			break;
		case AT_DOT:
			u->single |= p[i] != '.' && p[i] != '\r';
			if (p[i] == '\r')
				start = i + 1;
			u->at = p[i] == '\r' ? AT_DOT_CR : AT_TEXT;
			break;
		case AT_DOT_CR:
			if (p[i] == '\n') {
				u->done = true;
				start = i + 1;
				break;
			}
			take(c, "\r", 1);
			u->single = true;
			u->at = p[i] == '\r' ? AT_CR : AT_TEXT;
			break;
		}
	}
	if (!u->done || start < i)
		take(c, p + start, i - start);
	return i;
}

static void read_data(struct conn *c)
{
	struct unstuff u = { .at = AT_LINE };

	while (!u.done && !c->over) {
		size_t n = io_unread(c), used;

		if (n == 0) {
			if (!body_fill(c))
				break;
			continue;
		}
		used = unstuff(c, &u, c->in.p + c->in_at, n);
		c->in_at += used;
		if (!body_passes(c, used))
			break;
	}
	record_size(c, c->body.octets);
	if (u.single)
		violation(c, "a line began with a dot that was not doubled");
	if (u.done) {
		record_line(c, 'C', ".", 1);
		conclude(c, V_DOT, "DATA");
	}
}

void body_data(struct conn *c)
{
	int code;

	if (c->body.chunks > 0)
		violation(c, "DATA after BDAT in one transaction");
	if (!c->mail.tried || !c->mail.rcpt_tried) {
		violation(c, "DATA without MAIL and RCPT");
	}
	if (!c->mail.open) {
		answerf(c, V_DATA, "", "503 5.5.1 no transaction");
		return;
	}
	code = c->mail.accepted > 0 && c->body.chunks == 0 ? answerf(c, V_DATA, "", "354 go ahead")
	    : answerf(c, V_DATA, "", "554 5.5.1 no valid recipients");
	if (code / 100 != 3)
		return;
	if (!io_flush(c) || !body_start(c))
		return;
	read_data(c);
}

/* The client sends the octets of a chunk even if BDAT is refused (RFC 3030 2). */
static bool read_chunk(struct conn *c, unsigned long long n)
{
	bool keep = c->body.started && !c->body.failed;
	unsigned long long left = n;

	while (left > 0 && !c->over) {
		size_t have = io_unread(c);

		if (have == 0) {
			if (!body_fill(c))
				break;
			continue;
		}
		if (have > left)
			have = (size_t) left;
		if (keep)
			take(c, c->in.p + c->in_at, have);
		c->in_at += have;
		left -= have;
		if (!body_passes(c, have))
			break;
	}
	record_size(c, n - left);
	return left == 0 && !c->over;
}

static bool parse_chunk(struct conn *c, const char *arg, unsigned long long *n, bool *last)
{
	char *end;

	errno = 0;
	*n = strtoull(arg, &end, 10);
	*last = strcasecmp(end, " LAST") == 0;
	if (end != arg && arg[0] >= '0' && arg[0] <= '9' && errno == 0 && (*last || *end == '\0'))
		return true;
	violation(c, "malformed BDAT");
	answerf(c, V_BDAT, arg, "501 5.5.4 BDAT size [LAST]");
	return false;
}

void body_bdat(struct conn *c, const char *arg)
{
	unsigned long long n;
	char *copy = text_copy(arg, strlen(arg));
	bool last;

	if (ehlo_offered(c, "CHUNKING") == NULL)
		violation(c, "BDAT was not offered");
	if (!c->mail.tried || !c->mail.rcpt_tried)
		violation(c, "BDAT without MAIL and RCPT");
	if (c->mail.tried && c->mail.flight == c->flight) /* RFC 3030 2 */
		violation(c, "BDAT before the replies to MAIL and RCPT were there");
	if (c->body.failed && c->body.failed_flight < c->flight)
		violation(c, "BDAT after a refused BDAT");
	if (!parse_chunk(c, arg, &n, &last))
		goto out;
	if (c->mail.open && c->mail.accepted > 0 && !c->body.started && !body_start(c))
		goto out;
	c->body.chunks++;
	if (!read_chunk(c, n))
		goto out;
	if (c->mail.open && c->mail.accepted > 0 && !c->body.failed && last) {
		conclude(c, V_LAST, "BDAT");
	} else {
		int code = !c->mail.open || c->body.failed
		    ? answerf(c, last ? V_LAST : V_BDAT, copy, "503 5.5.1 no transaction")
		    : c->mail.accepted == 0
		    ? answerf(c, last ? V_LAST : V_BDAT, copy, "554 5.5.1 no valid recipients")
		    : answerf(c, V_BDAT, copy, "250 2.0.0 %llu octets", n);

		if (code / 100 != 2 && !c->body.failed) {
			c->body.failed = true;
			c->body.failed_flight = c->flight;
		}
	}
out:
	free(copy);
}
