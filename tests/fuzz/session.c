/*
 * A whole session with a server in memory (peer.h).  The first byte of the input chooses settings; the rest is what the server
 * sends.
 */
#include "fuzz.h"

#include "smtp/negotiate.h"
#include "smtp/transfer.h"

#include "../peer.h"

static void byte_came(void *last, char c) { MUST(peer_crlf(last, c)); }

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
	struct transaction t = { .s = NULL };
	struct needs n;
	bool ok;
	size_t open = 0;

	ok = session_open(s, &e) && negotiate(s, v, m, w, &n, &r, &e) && transfer_begin(&t, s, v, &r, &n, &d, &e)
	  && transfer_run(&t, NULL, NULL, &e);
	transaction_end(&t);
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
	char last = '\0';
	struct far_end peer = { .came = byte_came, .ctx = &last };
	struct endpoint server = { .host = "server" };
	struct envelope v = { 0 };
	struct message m;

	if (size == 0)
		return 0;
	peer.text = (const char *)data + 1;
	peer.size = size - 1;
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
	stream_open(&io, peer_wire(&peer), CLOCK_NEVER);
	s = (struct session){ .p = &p, .tls = &tls, .auth = &auth, .to = &server, .secret = "secret", .io = &io };
	converse(&s, &w, &v, &m);
	message_free(&m);
	envelope_free(&v);
	return 0;
}
