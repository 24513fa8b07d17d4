/*
 * A whole session over a wire in memory: the input is what the server sends.  At each NUL byte the server waits until the
 * client has sent something.
 */
#include "fuzz.h"

#include "smtp/negotiate.h"
#include "smtp/transaction.h"

struct peer {
	const uint8_t *data;
	size_t         size, at;
	bool           heard; /* the client has sent something since the last piece */
	size_t         said;  /* bytes that the client sent */
	char           last[3];
};

static ptrdiff_t peer_read(void *ctx, void *to, size_t n, struct err *e)
{
	struct peer *p = ctx;
	size_t took = 0;

	(void)e;
	if (p->at >= p->size)
		return 0;
	if (p->data[p->at] == '\0') {
		if (!p->heard)
			return WIRE_WANT_READ;
		p->heard = false;
		p->at++;
	}
	while (took < n && p->at < p->size && p->data[p->at] != '\0')
		((uint8_t *)to)[took++] = p->data[p->at++];
	return took > 0 ? (ptrdiff_t)took : WIRE_WANT_READ;
}

static ptrdiff_t peer_write(void *ctx, const void *from, size_t n, struct err *e)
{
	struct peer *p = ctx;
	const char *c = from;

	(void)e;
	for (size_t i = 0; i < n; i++) { /* the client's lines end with CRLF, whatever the server sends */
		MUST(c[i] != '\n' || p->last[0] == '\r');
		MUST(c[i] != '\0');
		p->last[0] = c[i];
	}
	p->heard = true;
	p->said += n;
	return (ptrdiff_t)n;
}

static void peer_close(void *ctx, int64_t deadline)
{
	(void)ctx;
	(void)deadline;
}

static int peer_fd(void *ctx)
{
	(void)ctx;
	return -1; /* no descriptor: more input never comes */
}

static const char text[] = "Subject: hi\n\n.dot\nbody\n";

static void fill(struct envelope *v, struct message *m)
{
	struct err e;

	*m = (struct message){ .fd = -1 };
	m->head = buf_max(ST_INPUT, 1000, "the head");
	m->body = buf_max(ST_INPUT, 1000, "the body");
	MUST(buf_add(&m->head, text, 12, &e) && buf_str(&m->body, text + 13, &e) && message_count(m, &e));
	MUST(envelope_set_sender(v, "me@example.org", &e));
	for (int i = 0; i < 3; i++) {
		char address[] = "0@example.org";

		address[0] = (char)('a' + i);
		MUST(envelope_add_for(v, address, address, &e));
	}
}

static void converse(struct session *s, const struct wishes *w, struct envelope *v, struct message *m)
{
	struct delivery d = { .again = false };
	struct err e = { .stage = ST_USAGE };
	struct rendition r = { .m = NULL };
	struct needs n;
	bool ok;
	size_t open = 0;

	ok = session_open(s, &e) && negotiate(s, v, m, w, &n, &r, &e) && transaction_send(s, v, &r, &n, &d, &e);
	rendition_free(&r);
	for (size_t i = 0; i < v->n; i++)
		open += v->rcpts[i].state != RCPT_DONE && !rcpt_failed(&v->rcpts[i]);
	/* after a success every recipient has its result */
	MUST(!ok || d.again || open == 0 || w->require_all_recipients);
	MUST(ok || err_exit_status(&e) != 0);
	(void)transaction_verdict(v, &e);
	session_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream io;
	static struct session s;
	struct session_params p = { .domain = (char *)(uintptr_t)"client.example.org" };
	struct tls_params tls = { .on = false };
	struct wishes w = { .hold_for = 0 };
	char *mechs[] = { (char *)(uintptr_t)"auto" };
	struct sasl_params auth = { .auth = { mechs, 1 }, .cleartext = true };
	struct peer peer = { .data = data + 1, .size = size > 0 ? size - 1 : 0 };
	struct envelope v = { 0 };
	struct message m;

	if (size == 0)
		return 0;
	p.lmtp = (data[0] & 1) != 0;
	w.require_all_recipients = (data[0] & 2) != 0;
	if ((data[0] & 8) != 0) {
		w.by = (struct deliver_by){ .wanted = true, .seconds = 3600, .back = true, .trace = true };
		w.hold_until = 1798099200;
		w.priority = (struct number){ true, -9 };
	}
	auth.user = (data[0] & 4) != 0 ? (char *)(uintptr_t)"user" : NULL;
	auth.wanted = auth.user != NULL;
	fill(&v, &m);
	stream_open(&io, (struct wire){ peer_read, peer_write, peer_close, peer_fd, &peer }, CLOCK_NEVER);
	s = (struct session){ .p = &p, .tls = &tls, .auth = &auth, .host = "server", .secret = "secret", .io = &io };
	converse(&s, &w, &v, &m);
	message_free(&m);
	envelope_free(&v);
	return 0;
}
