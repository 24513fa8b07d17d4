/* The whole of -bs.  The first byte of the input chooses settings; ends.h says what follows. */
#include "ends.h"

#include "server/dialogue.h"

static size_t choose(uint8_t bits, struct setting *s)
{
	static const struct setting always[] = {
		{ "host", "localhost" }, { "port", "25" }, { "tls", "off" }, { "auth", "off" }, { "domain", "client.example" },
		{ "from", "me@example.org" }, { "allow_from_override", "on" }, { "qualify_domain", "home.example" },
		{ "local_recipients", "a@example.org b@example.org" },
	};
	static const struct setting some[] = {
		{ "protocol", "lmtp" }, { "require_all_recipients", "on" }, { "always_bcc", "archive@example.org a@example.org" },
		{ "smtputf8", "off" },
	};
	size_t n = COUNT(always);

	memcpy(s, always, sizeof always);
	for (size_t i = 0; i < COUNT(some); i++)
		if ((bits >> i & 1) != 0)
			s[n++] = some[i];
	return n;
}

static void converse(struct server *p, uint8_t bits, int in, int out)
{
	struct setting settings[16];
	struct options o = { .mode = MODE_DIALOGUE, .config_file = "/dev/null", .settings = settings };
	struct err e = { .stage = ST_USAGE };
	static struct sender who;
	static struct smarthost to;
	struct told t;
	char *replies;

	o.n_settings = choose(bits, settings);
	p->lmtp = (bits & 1) != 0;
	to = (struct smarthost){ .reach = server_reach, .reach_ctx = p };
	sender_begin(&who, &o);
	MUST(sender_load(&who, &e));
	MUST(dialogue(&who, &to, NULL, in, out, NULL, &e) || err_exit_status(&e) != 0);
	smarthost_free(&to);
	sender_free(&who);
	replies = read_back(out);
	t = hear(in, replies, p, false);
	MUST(p->messages <= t.texts);               /* postern sends only messages of the caller */
	MUST(t.accepted <= p->accepted);            /* what the caller was told is accepted, the server accepted */
	MUST(p->accepted <= t.accepted + t.perhaps);/* what the server accepted is not refused */
	free(replies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server p;
	int in, out;

	if (size == 0)
		return 0;
	in = cut_input(data, size, 1, &p);
	out = memfd_create("replies", 0);
	MUST(out >= 0);
	converse(&p, data[0], in, out);
	close(in);
	close(out);
	return 0;
}
