/* mail/address and mail/mailbox: addresses as people and programs write them, and text that must be refused. */
#include "tap.h"

#include <stdlib.h>

#include "base/buf.h"
#include "mail/mailbox.h"

/* The normalised addresses joined by '|', or NULL if the text is refused. */
static const struct {
	const char *text, *addresses;
} lists[] = {
	{ "a@b.example", "a@b.example" },
	{ " a@b.example , c@d.example ", "a@b.example|c@d.example" },
	{ "a", "a" },
	{ "", "" },
	{ ",, a@b ,,", "a@b" },
	{ "Name <a@b>", "a@b" },
	{ "\"A, B\" <a@b>, c@d", "a@b|c@d" },
	{ "John Q. Public <jqp@x.example>", "jqp@x.example" },
	{ "<a@b>", "a@b" },
	{ "<@h1,@h2:a@b>", "a@b" },
	{ "a . b @ c . d", "a.b@c.d" },
	{ "a (one (two) \\) three) @ (x) b", "a@b" },
	{ "root (Cron Daemon)", "root" },
	{ "\"root (Cron Daemon)\" <root>", "root" },
	{ "team: a@b, c@d;, e@f", "a@b|c@d|e@f" },
	{ "undisclosed-recipients:;", "" },
	{ "g: a@b; c@d", "a@b|c@d" },
	{ "\"john\"@x", "john@x" },
	{ "\"a b\"@x", "\"a b\"@x" },
	{ "\"a,b c\"@x", "\"a,b c\"@x" },
	{ "\"a\\\"b\"@x", "\"a\\\"b\"@x" },
	{ "\"\"@x", "\"\"@x" },
	{ "\"a@b\"@x", "\"a@b\"@x" },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]" },
	{ "=?utf-8?q?J=C3=B6rg?= <j@x>", "j@x" },
	{ "J\303\266rg <j@x>", "j@x" },
	{ "j\303\266rg@ex\303\244mple.example", "j\303\266rg@ex\303\244mple.example" },
	{ "a@b,\n\tc@d", "a@b|c@d" },
	{ "a@b,\r\n c@d\r\n", "a@b|c@d" },
	{ "first.last+tag@x", "first.last+tag@x" },
	{ "a..b.@docomo.example", "\"a..b.\"@docomo.example" },
	{ "a_b@under_score.example", "a_b@under_score.example" },
	{ "a@b., <c@d.e.>", "a@b|c@d.e" },
	{ "bob@work <a@b>, Bob at x@y.z <c@d>, @e <e@f>, g@h@i <j@k>", "a@b|c@d|e@f|j@k" },
	{ "undisclosed-recipients;;", "" },
	{ "Undisclosed recipients, a@b, UNLISTED_RECIPIENTS;", "a@b" },
	{ "<undisclosed-recipients>, undisclosed-recipients@b, undisclosed, g:undisclosed-recipients;",
	  "undisclosed-recipients|undisclosed-recipients@b|undisclosed|undisclosed-recipients" },
	{ "a@b\nc@d", NULL },
	{ "a\r@b", NULL },
	{ "a@b@c", NULL },
	{ "@b", NULL },
	{ "a@", NULL },
	{ "a@b c", NULL },
	{ "a b@c", NULL },
	{ "a@.b", NULL },
	{ "a@b..c", NULL },
	{ "<a@b", NULL },
	{ "a@b>", NULL },
	{ "<a@b> c", NULL },
	{ "\"open@x", NULL },
	{ "(open a@b", NULL },
	{ "a@[1.2", NULL },
	{ "<>", NULL },
	{ "a:b:c;", NULL },
	{ "a\001@b", NULL },
	{ "\377\376@b", NULL },
	{ "a@b> SIZE=1", NULL },
	{ "a@b..", NULL },
	{ "a@.", NULL },
	{ "a@[192.0.2.1].", "a@[192.0.2.1]" },
	{ "a@[192.0.2.1]..", NULL },
	{ "a@[192.0.2.1].example", NULL },
	{ "Bob at x@y.z", NULL },
	{ "@e", NULL },
};

static bool join(void *ctx, const struct mailbox *m, struct err *e)
{
	struct buf *b = ctx;

	return (b->len == 0 || buf_char(b, '|', e)) && buf_str(b, m->addr, e);
}

static void test_lists(void)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct buf got = buf_max(ST_INPUT, 10000, "addresses");
		struct err e;
		bool parsed = mailbox_list(lists[i].text, strlen(lists[i].text), false, join, &got, &e);

		if (lists[i].addresses == NULL)
			ok(!parsed && e.stage == ST_INPUT && e.fate == FATE_PERM, "refused: %s", lists[i].text);
		else if (ok(parsed, "accepted: %s", lists[i].text))
			same(buf_text(&got), lists[i].addresses, "  and normalised");
		buf_free(&got);
	}
}

/* The same with mailbox_each(); pieces that cannot be read are in {}. */
static const struct {
	unsigned    liberties;
	const char *text, *pieces;
} mixed[] = {
	{ 0, "a@@b, c@d", "{a@@b}|c@d" },
	{ 0, "c@d , a@@b\n (x)", "c@d|{a@@b (x)}" },
	{ 0, "Bob <a@b, c@d", "{Bob <a@b}|c@d" },
	{ 0, "c@d, Bob <a@b", "c@d|{Bob <a@b}" },
	{ MAILBOX_OPEN, "Bob <a@b, c@d, Bob <e@f", "{Bob <a@b}|c@d|e@f" },
	{ MAILBOX_OPEN, "a@b, Bob <", "a@b|{Bob <}" },
	{ MAILBOX_OPEN, "Bob <e@f\n", "e@f" },
	{ MAILBOX_NULL, "<>, a@b, Nobody <>", "a@b|" },
	{ 0, "g: a@b, c@@d, e@f;, :, h@i", "a@b|{c@@d}|e@f|{:}|h@i" },
	{ 0, "a:b:c@d; e@f", "{b:c@d}|e@f" },
	{ 0, "x y \"a@b, c@d\", e@f", "{x y \"a@b, c@d\"}|e@f" },
	{ 0, "x y (a@b, (c@d, \\)), e@f), g@h", "{x y (a@b, (c@d, \\)), e@f)}|g@h" },
	{ 0, "x y [a@b, c@d], e@f", "{x y [a@b, c@d]}|e@f" },
	{ 0, "a@b, \"c@d, e@f", "a@b|{\"c@d, e@f}" },
	{ 0, "a@b, (c@d, e@f", "a@b|{(c@d, e@f}" },
	{ 0, "<@a,@b c@d>, e@f", "{<@a}|{@b c@d>}|e@f" },
	{ 0, "<a@b> c <d@e>, f@g", "{<a@b> c <d@e>}|f@g" },
	{ 0, "a@b\nRCPT TO:<c@d>, e@f", "{a@b\\x0aRCPT TO:<c@d>}|e@f" },
	{ 0, "a@b c@d", "{a@b c@d}" },
	{ MAILBOX_BLANKS, "a@b c@d\te", "a@b|c@d|e" },
	{ MAILBOX_BLANKS, " a@b  c@@d e@f ", "a@b|{c@@d}|e@f" },
	{ MAILBOX_BLANKS, "\"x y\"@b (a comment) c@d", "\"x y\"@b|c@d" },
	{ MAILBOX_BLANKS, "a . b @ c (d e)", "a.b@c" },
	{ MAILBOX_BLANKS, "a@b c@d, e@f", "{a@b c@d}|e@f" },
	{ MAILBOX_BLANKS, "Bob Ob <a@b>", "a@b" },
	{ MAILBOX_BLANKS, "a@b\nc@d", "{a@b\\x0ac@d}" },
};

static bool join_unread(void *ctx, const char *piece, size_t len, const char *what, struct err *e)
{
	char shown[MAILBOX_SHOWN];
	struct buf *b = ctx;

	mailbox_show(piece, len, shown);
	return what != NULL && (b->len == 0 || buf_char(b, '|', e)) && buf_printf(b, e, "{%s}", shown);
}

static void test_mixed(void)
{
	for (size_t i = 0; i < COUNT(mixed); i++) {
		struct buf got = buf_max(ST_INPUT, 10000, "addresses");
		struct err e;

		ok(mailbox_each(mixed[i].text, strlen(mixed[i].text), mixed[i].liberties, join, join_unread, &got, &e), "read: %s",
		   mixed[i].text);
		same(buf_text(&got), mixed[i].pieces, "  what can be read and what cannot");
		buf_free(&got);
	}
}

static bool count(void *ctx, const struct mailbox *m, struct err *e)
{
	(void)m;
	(void)e;
	++*(size_t *)ctx;
	return true;
}

/* The parser must be linear in time and use no recursion, or these would not end. */
static void test_large(void)
{
	enum { N = 200000 };
	char *text = malloc(2 * N + 10);
	size_t n = 0;
	struct err e;

	memset(text, '(', N);
	memset(text + N, ')', N);
	strcpy(text + 2 * N, "a@b");
	ok(mailbox_list(text, strlen(text), false, count, &n, &e) && n == 1, "200000 nested comments");
	ok(!mailbox_list(text, N, false, count, &n, &e), "200000 open comments are refused");
	for (size_t i = 0; i < N / 2; i++)
		memcpy(text + 4 * i, "a@b,", 4);
	n = 0;
	ok(mailbox_list(text, 2 * N, false, count, &n, &e) && n == N / 2, "100000 addresses");
	memset(text, 'x', N);
	ok(!mailbox_list(text, N, false, count, &n, &e), "an address of 200000 characters is refused");
	free(text);
}

static bool count_unread(void *ctx, const char *piece, size_t len, const char *what, struct err *e)
{
	(void)piece, (void)len, (void)what, (void)e;
	++*(size_t *)ctx;
	return true;
}

/* Text in which each piece is wrong, and in which a piece may look as if it reached to the end. */
static void test_large_and_wrong(void)
{
	static const char *const pieces[] = { "a@@b,", "[,", "<@a,", "(,", "\"\001,", "[\001,", "<@[\001,", ":,", "<@a,@b,@c,", ">;" };
	enum { N = 1000000 };
	char *text = malloc(N);

	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t len = strlen(pieces[i]), n = 0;
		struct err e;

		for (size_t at = 0; at < N; at++)
			text[at] = pieces[i][at % len];
		ok(mailbox_each(text, N, MAILBOX_OPEN | MAILBOX_BLANKS, count, count_unread, &n, &e) && n > 0, "a million bytes of %s",
		   pieces[i]);
	}
	free(text);
}

static const struct {
	const char *text, *name;
} names[] = {
	{ "Full Name <a@b>", "Full Name" },
	{ "\"Full, Name\" <a@b>", "\"Full, Name\"" },
	{ "root (Cron Daemon)", "Cron Daemon" },
	{ "a@b", "" },
};

static void test_names(void)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		struct mailbox m;
		struct err e;
		char name[100];

		ok(mailbox_one(names[i].text, strlen(names[i].text), false, &m, &e), "one: %s", names[i].text);
		snprintf(name, sizeof name, "%.*s", (int)m.name_len, names[i].text + m.name_at);
		same(name, names[i].name, "  its name");
	}
}

static void test_one(void)
{
	struct mailbox m;
	struct err e;

	ok(mailbox_one("", 0, true, &m, &e) && m.addr[0] == '\0', "an empty string is the null sender");
	ok(mailbox_one("<>", 2, true, &m, &e) && m.addr[0] == '\0', "<> is the null sender");
	ok(!mailbox_one("<>", 2, false, &m, &e), "<> is not accepted as a recipient");
	ok(!mailbox_one("a@b, c@d", 8, false, &m, &e), "two addresses are refused where one is expected");
	ok(!mailbox_one("", 0, false, &m, &e), "an empty string is refused where one address is expected");
}

static void test_parts(void)
{
	same(address_domain("a@b"), "b", "the domain");
	same(address_domain("\"a@x\"@b"), "b", "the domain behind a quoted @");
	ok(address_domain("a") == NULL && address_domain("\"a@b\"") == NULL, "no domain");
	ok(address_same("A@x", "A@X") && !address_same("a@x", "A@x"), "case counts in the local part only");
	ok(!address_same("a", "a@x"), "an unqualified address differs from a qualified one");
	ok(address_local_is_ascii("a@\303\266") && !address_is_ascii("a@\303\266"), "a domain that is not ASCII behind a local part that is");
}

static const struct {
	const char *addr, *pattern;
	bool        match;
} patterns[] = {
	{ "me@x.example", "me@x.example", true },   { "ME@X.example", "me@x.example", true },
	{ "me+a@x.example", "me@x.example", true }, { "me+a@x.example", "me+b@x.example", false },
	{ "me@x.example", "*@x.example", true },    { "me@x.example", "me@*", true },
	{ "you@x.example", "me@*", false },	    { "me@y.example", "*@x.example", false },
	{ "me", "me", true },
};

int main(void)
{
	test_lists();
	test_mixed();
	test_large();
	test_large_and_wrong();
	test_names();
	test_one();
	test_parts();
	for (size_t i = 0; i < COUNT(patterns); i++)
		ok(address_matches(patterns[i].addr, patterns[i].pattern) == patterns[i].match, "%s %s %s",
		   patterns[i].addr, patterns[i].match ? "matches" : "does not match", patterns[i].pattern);
	return done();
}
