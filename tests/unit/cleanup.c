/* mail/cleanup: the head as a server gets it.  Time and random numbers are the same each time. */
#include "tap.h"

#include <stdlib.h>

#include "mail/cleanup.h"

/* Random numbers that everybody can predict. */
static bool count_up(void *to, size_t n, struct err *e)
{
	uint32_t numbers[3] = { 1, 2, 3 };

	(void)e;
	memcpy(to, numbers, n);
	return true;
}

static bool refuse(void *to, size_t n, struct err *e)
{
	(void)to, (void)n;
	return fail(e, ST_INTERNAL, FATE_TEMP, "no");
}

#define DATE "Date: Thu, 1 Jan 1970 00:00:00 +0000\n"
#define ID "Message-ID: <19700101000000.000000010000000200000003@id.example>\n"

static const struct {
	const char *head, *sender, *result;
} rows[] = {
	{ "", "me@a", DATE "From: me@a\n" ID },
	{ "From: x@a\nDate: d\nMessage-ID: <i>\n", "me@a", "From: x@a\nDate: d\nMessage-ID: <i>\n" },
	{ "From: x@a\nDate: d\nMessage-ID: <i>", "me@a", "From: x@a\nDate: d\nMessage-ID: <i>" },
	{ "From: x (y), \"z\" <z>\nDate: d\nMessage-ID: <i>\n", "me@a", "From: x@home (y), \"z\" <z@home>\nDate: d\nMessage-ID: <i>\n" },
	{ "From:\nDate: d\nMessage-ID: <i>\n", "", "Date: d\nMessage-ID: <i>\nFrom: MAILER-DAEMON@home\n" },
	{ "From: old\nDate: d\nMessage-ID: <i>\n", "me@a", "From: new@x\nX-Original-From: old@home\nDate: d\nMessage-ID: <i>\n" },
	{ "To: old\nFrom: x@a\nDate: d\nMessage-ID: <i>\n", "me@a", "To: old@home\nFrom: x@a\nDate: d\nMessage-ID: <i>\n" },
	{ "Bcc: b@a\nFrom: x@a\nReturn-Path: <r>\nDate: d\nMessage-ID: <i>\n", "me@a", "From: x@a\nDate: d\nMessage-ID: <i>\n" },
	{ "From: <broken\nDate: d\nMessage-ID: <i>\n", "me@a", "From: <broken\nDate: d\nMessage-ID: <i>\n" },
	{ "Resent-To: b@a\nFrom: x@a\nDate: d\nMessage-ID: <i>\n", "me@a",
	  "Resent-" DATE "Resent-From: me@a\nResent-" ID
	  "Resent-To: b@a\nFrom: x@a\nDate: d\nMessage-ID: <i>\n" },
	/* a list's block with another field inside; the same without its Resent-Date; a block below a Received field is older */
	{ "Resent-Message-ID: <r>\nResent-From: l@a\nX-Loop: l\nResent-Sender: s@a\nResent-Date: d\nFrom: x@a\n", "me@a",
	  "Resent-Message-ID: <r>\nResent-From: l@a\nX-Loop: l\nResent-Sender: s@a\nResent-Date: d\nFrom: x@a\n" },
	{ "Resent-From: l@a\nX-Loop: l\nResent-Message-ID: <r>\n", "me@a",
	  "Resent-" DATE "Resent-" ID "Resent-From: l@a\nX-Loop: l\nResent-Message-ID: <r>\n" },
	{ "Resent-From: l@a\nReceived: r\nResent-Message-ID: <r>\nResent-Date: d\n", "me@a",
	  "Resent-" DATE "Resent-" ID "Resent-From: l@a\nReceived: r\nResent-Message-ID: <r>\nResent-Date: d\n" },
	/* a run with a field that the block has is older as a whole */
	{ "Resent-From: m@a\nX-Loop: l\nResent-Message-ID: <r>\nResent-Date: d\nResent-From: l@a\n", "me@a",
	  "Resent-" DATE "Resent-" ID
	  "Resent-From: m@a\nX-Loop: l\nResent-Message-ID: <r>\nResent-Date: d\nResent-From: l@a\n" },
	/* empty groups without their colon, and one that is no placeholder */
	{ "To: undisclosed-recipients;;\nCc: Undisclosed recipients\nFrom: x@a\nDate: d\nMessage-ID: <i>\n", "me@a",
	  "To: undisclosed-recipients;;\nCc: Undisclosed recipients\nFrom: x@a\nDate: d\nMessage-ID: <i>\n" },
	{ "To: b;\nFrom: x@a\nDate: d\nMessage-ID: <i>\n", "me@a", "To: b@home;\nFrom: x@a\nDate: d\nMessage-ID: <i>\n" },
	/* a CR within a line is a blank before the addresses are looked at */
	{ "To: \"b\rc\" <d>, e\r,\r f\nFrom: old\r\nDate: d\nMessage-ID: <i>\n", "me@a",
	  "To: \"b c\" <d@home>, e@home ,  f@home\nFrom: new@x\r\nX-Original-From: old@home\r\nDate: d\nMessage-ID: <i>\n" },
	{ "From: <@r,@s:old@home>\nTo: <@r:b>\nDate: d\nMessage-ID: <i>\n", "me@a",
	  "From: <new@x>\nX-Original-From: <@r,@s:old@home>\nTo: <@r:b@home>\nDate: d\nMessage-ID: <i>\n" },
};

/* *m is zeroed, with this head. */
static void begin(struct message *m, const char *head)
{
	struct err e;

	*m = (struct message){ .fd = -1, .head = buf_max(ST_INPUT, 1000, "the head") };
	(void)!buf_str(&m->head, head, &e);
}

static bool clean(struct message *m, const char *sender, bool (*random)(void *to, size_t n, struct err *e), struct err *e)
{
	char pair[] = "old@home:new@x", *pairs[] = { pair }, domain[] = "home";
	struct message_params p = { .set_date_header = true, .set_msgid_header = true, .remove_bcc_headers = true,
				    .qualify_domain = domain, .sender_map = { pairs, 1 } };
	struct stamp stamp = { .now = 0, .domain = "id.example", .random = random };
	struct expander x = { .machine.domain = domain };
	struct envelope v = { 0 };
	bool done = envelope_set_sender(&v, sender, e) && cleanup_message(m, &p, &stamp, &x, false, &v, e);

	envelope_free(&v);
	return done;
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message m;
		struct err e;

		begin(&m, rows[i].head);
		ok(clean(&m, rows[i].sender, count_up, &e), "row %zu is cleaned up", i);
		same(buf_text(&m.head), rows[i].result, "  this is the head");
		message_free(&m);
	}
}

static void test_random(void)
{
	struct message m;
	struct err e;

	begin(&m, "From: x@a\nMessage-ID: <i>\n");
	ok(clean(&m, "me@a", refuse, &e), "a message with a Message-ID needs no random numbers");
	message_free(&m);
	begin(&m, "From: x@a\n");
	ok(!clean(&m, "me@a", refuse, &e) && strcmp(e.say, "no") == 0, "one without needs them");
	message_free(&m);
}

int main(void)
{
	setenv("TZ", "UTC0", 1);
	test_rows();
	test_random();
	return done();
}
