/* Replies, and the rules of the script that change them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* `also`: rules for these verbs apply, too. */
static const struct {
	const char *name;
	enum verb also[2];
} verbs[V_COUNT] = {
	[V_NONE] = { "", { V_NONE, V_NONE } },
	[V_CONNECT] = { "CONNECT", { V_NONE, V_NONE } },
	[V_TLS] = { "TLS", { V_NONE, V_NONE } },
	[V_GREETING] = { "GREETING", { V_NONE, V_NONE } },
	[V_EHLO] = { "EHLO", { V_NONE, V_NONE } },
	[V_HELO] = { "HELO", { V_NONE, V_NONE } },
	[V_STARTTLS] = { "STARTTLS", { V_NONE, V_NONE } },
	[V_AUTH] = { "AUTH", { V_NONE, V_NONE } },
	[V_AUTHLINE] = { "AUTHLINE", { V_NONE, V_NONE } },	/* the reply to the client's line after a 334 */
	[V_MAIL] = { "MAIL", { V_NONE, V_NONE } },
	[V_RCPT] = { "RCPT", { V_NONE, V_NONE } },
	[V_DATA] = { "DATA", { V_NONE, V_NONE } },
	[V_BDAT] = { "BDAT", { V_NONE, V_NONE } },
	[V_LAST] = { "LAST", { V_BDAT, V_BODY } },		/* BDAT ... LAST */
	[V_DOT] = { "DOT", { V_BODY, V_NONE } },
	[V_BODY] = { "BODY", { V_NONE, V_NONE } },
	[V_AFTERDOT] = { "AFTERDOT", { V_NONE, V_NONE } },
	[V_RSET] = { "RSET", { V_NONE, V_NONE } },
	[V_NOOP] = { "NOOP", { V_NONE, V_NONE } },
	[V_VRFY] = { "VRFY", { V_NONE, V_NONE } },
	[V_ETRN] = { "ETRN", { V_NONE, V_NONE } },
	[V_QUIT] = { "QUIT", { V_NONE, V_NONE } },
	[V_OTHER] = { "OTHER", { V_NONE, V_NONE } },
};

enum verb verb_named(const char *name, size_t len)
{
	if (len == 4 && strncasecmp(name, "LHLO", 4) == 0)
		return V_EHLO;
	for (int v = V_CONNECT; v < V_COUNT; v++)
		if (strlen(verbs[v].name) == len && strncasecmp(name, verbs[v].name, len) == 0)
			return (enum verb) v;
	return V_NONE;
}

/* Counts an occurrence for every rule that matches; returns the first rule whose number has been reached. */
const struct rule *rule_find(struct conn *c, enum rule_kind kind, enum verb v, const char *arg)
{
	const struct rule *found = NULL;

	for (size_t i = 0; i < c->script->rule_count; i++) {
		const struct rule *r = &c->script->rules[i];
		unsigned seen;

		if (r->kind != kind || (r->verb != v && r->verb != verbs[v].also[0] && r->verb != verbs[v].also[1]))
			continue;
		if (r->glob != NULL && fnmatch(r->glob, arg != NULL ? arg : "", FNM_CASEFOLD) != 0)
			continue;
		seen = atomic_fetch_add(&c->shared->seen[i], 1) + 1;
		if (found == NULL && (r->nth == 0 || r->nth == seen))
			found = r;
	}
	return found;
}

/* The rule that breaks the connection between these two octets of a body. */
const struct rule *rule_body(struct conn *c, unsigned long long from, unsigned long long to)
{
	for (size_t i = 0; i < c->script->rule_count; i++) {
		const struct rule *r = &c->script->rules[i];

		if (r->kind != R_DROP || r->verb != V_BODY || r->at < from || r->at >= to)
			continue;
		if (r->nth == 0 || r->nth == atomic_fetch_add(&c->shared->seen[i], 1) + 1)
			return r;
	}
	return NULL;
}

/* Breaks the connection as a rule says, and sets c->over. */
void drop(struct conn *c, unsigned how, const char *reply, size_t len)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (how != DROP_SILENCE)
		io_flush(c);
	if (how == DROP_HALF)
		io_send(c, reply, len / 2);
	if (how == DROP_SILENCE) {
		record_event(c, "dropped: silence");
		io_drain(c);
	} else if (how == DROP_RESET) {
		record_event(c, "dropped: reset");
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(c->fd);
		c->fd = -1;
	} else {
		/* Reads what the client still sends: otherwise the kernel would reset the connection. */
		record_event(c, "dropped: close");
		shutdown(c->fd, SHUT_WR);
		io_drain(c);
	}
	c->over = true;
}

/* Applies delay and drop at a point without a reply.  True if the connection is over. */
bool spoil(struct conn *c, enum verb v, const char *arg)
{
	const struct rule *r = rule_find(c, R_DELAY, v, arg);

	if (r != NULL) {
		io_flush(c);
		pause_ms(r->number);
	}
	r = rule_find(c, R_DROP, v, arg);
	if (r != NULL)
		drop(c, r->number, "", 0);
	return c->over;
}

static void record_reply(struct conn *c, const char *text, size_t len)
{
	while (len > 0) {
		const char *lf = memchr(text, '\n', len);
		size_t n = lf != NULL ? (size_t) (lf - text) : len;

		record_line(c, 'S', text, n > 0 && text[n - 1] == '\r' ? n - 1 : n);
		n += lf != NULL;
		text += n;
		len -= n;
	}
}

static void send_endless(struct conn *c, const char *text)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%.3s-and so on\r\n", text);

	record_event(c, "endless reply");
	while (!c->over && io_send(c, line, (size_t) n))
		;
	c->over = true;
}

static void add_junk(struct conn *c, const char *head, size_t octets, const char *tail)
{
	bytes_add(&c->out, head, strlen(head));
	for (size_t i = 0; i < octets; i++)
		bytes_add(&c->out, "x", 1);
	bytes_add(&c->out, tail, strlen(tail));
}

/* Octet by octet.  The last octet is queued for the next flush, so that an accepted message is stored before it. */
static void send_dripping(struct conn *c, const char *text, size_t len, unsigned ms)
{
	io_flush(c);
	for (size_t i = 0; i + 1 < len && !c->over; i++) {
		io_send(c, text + i, 1);
		pause_ms(ms);
	}
	if (len > 0)
		bytes_add(&c->out, text + len - 1, 1);
}

static int code_of(const char *text, size_t len)
{
	int code = 0;

	for (size_t i = 0; i < 3; i++) {
		if (i >= len || text[i] < '0' || text[i] > '9')
			return 0;
		code = code * 10 + (text[i] - '0');
	}
	return code;
}

/* Waits until so many clients have come to the same point. */
static void gather(struct conn *c, const struct rule *r)
{
	io_flush(c);
	while (atomic_load(&c->shared->seen[r - c->script->rules]) < r->number)
		pause_ms(1);
}

/* Queues the reply, or the script's instead; returns the code that the client gets (0: none). */
int answer(struct conn *c, enum verb v, const char *arg, const char *text, size_t len)
{
	const struct rule *drops = rule_find(c, R_DROP, v, arg), *r = rule_find(c, R_DELAY, v, arg);

	if (r != NULL) {
		io_flush(c);
		pause_ms(r->number);
	}
	r = rule_find(c, R_GATHER, v, arg);
	if (r != NULL)
		gather(c, r);
	r = rule_find(c, R_REPLY, v, arg);
	if (r != NULL) {
		text = r->text.bytes;
		len = r->text.len;
	}
	if (drops != NULL) {
		drop(c, drops->number, text, len);
		return 0;
	}
	c->said.len = 0;
	bytes_add(&c->said, text, len);
	record_reply(c, text, len);
	if (rule_find(c, R_ENDLESS, v, arg) != NULL) {
		io_flush(c);
		send_endless(c, text);
		return 0;
	}
	r = rule_find(c, R_LONGLINE, v, arg);
	if (r != NULL) {
		char head[8];

		snprintf(head, sizeof(head), "%.3s ", text);
		add_junk(c, head, r->number > 6 ? r->number - 6 : 0, "\r\n");
	} else if ((r = rule_find(c, R_DRIP, v, arg)) != NULL) {
		send_dripping(c, text, len, r->number);
	} else {
		bytes_add(&c->out, text, len);
	}
	r = rule_find(c, R_FLOOD, v, arg);
	if (r != NULL)
		add_junk(c, "", r->number, "");
	return code_of(text, len);
}

/* A reply of one line.  Its enhanced code is removed if the server did not offer such codes (RFC 2034). */
int answerf(struct conn *c, enum verb v, const char *arg, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 2, fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (len > 10 && text[5] == '.' && text[7] == '.' && ehlo_offered(c, "ENHANCEDSTATUSCODES") == NULL) {
		size_t skip = strcspn(text + 4, " ") + 1;

		memmove(text + 4, text + 4 + skip, len - 4 - skip + 1);
	}
	strcat(text, "\r\n");
	return answer(c, v, arg, text, strlen(text));
}
