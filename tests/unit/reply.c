/* smtp/reply, smtp/caps, base/err: replies of a server, its extensions, and exit statuses. */
#include "tap.h"

#include <sysexits.h>

#include "base/str.h"
#include "mail/envelope.h"
#include "smtp/caps.h"
#include "smtp/reply.h"

static const struct {
	const char *lines[4]; /* NULL after the last */
	int         code;     /* 0: refused */
	const char *esc, *text;
} replies[] = {
	{ { "250 ok" }, 250, "", "ok" },
	{ { "250" }, 250, "", "" },
	{ { "250 " }, 250, "", "" },
	{ { "250-a", "250-b", "250 c" }, 250, "", "a\nb\nc" },
	{ { "550 5.1.1 no such user" }, 550, "5.1.1", "no such user" },
	{ { "550-5.7.1 a", "550 5.7.1 b" }, 550, "5.7.1", "a\nb" },
	{ { "550 5.1.1" }, 550, "5.1.1", "" },
	{ { "550 4.1.1 wrong class" }, 550, "", "4.1.1 wrong class" },
	{ { "550 5.1.1x glued" }, 550, "", "5.1.1x glued" },
	{ { "550 5.1111.1 long" }, 550, "", "5.1111.1 long" },
	{ { "299 unheard of" }, 299, "", "unheard of" },
	{ { "250-a", "251 b" }, 0, "", "" },
	{ { "25 x" }, 0, "", "" },
	{ { "2500 x" }, 0, "", "" },
	{ { "150 x" }, 0, "", "" },
	{ { "650 x" }, 0, "", "" },
	{ { " 250 x" }, 0, "", "" },
	{ { "+OK" }, 0, "", "" },
	{ { "" }, 0, "", "" },
	{ { "250+x" }, 0, "", "" },
};

static const struct redact nothing;

static void test_reply(size_t i)
{
	static struct reply r;
	char esc[ESC_TEXT];
	struct err e;
	enum reply_more more = REPLY_BAD;

	reply_begin(&r, ST_EHLO);
	for (size_t j = 0; j < 4 && replies[i].lines[j] != NULL; j++)
		more = reply_add(&r, replies[i].lines[j], strlen(replies[i].lines[j]), &e);
	if (replies[i].code == 0) {
		ok(more == REPLY_BAD && e.fate == FATE_NONSENSE, "not a reply: %s", replies[i].lines[0]);
		return;
	}
	reply_redact(&r, &nothing);
	reply_end(&r);
	ok(more == REPLY_DONE && r.code == replies[i].code, "a reply: %s", replies[i].lines[0]);
	same(r.text, replies[i].text, "  its text");
	same(esc_text(r.esc, esc), replies[i].esc, "  its enhanced code");
}

/* Text that does not fit is dropped.  With each length of a line the buffer ends at another place of it. */
static void test_full(void)
{
	static struct reply r;
	char line[1000];
	size_t longest = 0;

	for (size_t len = 4; len < 600; len++) {
		struct err e;

		memset(line, 'x', len);
		memcpy(line, "250-", 4);
		line[len] = '\0';
		reply_begin(&r, ST_EHLO);
		for (size_t n = 0; n < REPLY_LINES_MAX - 1 && r.wire_len < sizeof r.wire; n++)
			(void)reply_add(&r, line, len, &e);
		longest = r.wire_len > longest ? r.wire_len : longest;
	}
	ok(longest < sizeof r.wire, "a reply stays within its buffer: %zu", longest);
}

/* RFC 9422 3, 3.7: a value that is none counts as no limit, and a word that is none spoils the others.  RFC 2852 2 (3): words may
 * follow the minimum, or stand without it. */
static void test_limits(void)
{
	static const struct {
		const char *line;
		uint64_t    rcptmax, by_min;
	} rows[] = {
		{ "LIMITS RCPTMAX=999999", 999999, 0 },
		{ "LIMITS RCPTMAX=1000000", 0, 0 },
		{ "LIMITS RCPTMAX=001", 0, 0 },
		{ "LIMITS RCPTMAX=0", 0, 0 },
		{ "LIMITS RCPTMAX=5 MAILMAX", 5, 0 },
		{ "LIMITS RCPTMAX=5 X_Y-1=a,b=c", 5, 0 },
		{ "LIMITS RCPTMAX=5 X=", 0, 0 },
		{ "LIMITS RCPTMAX=5 X=a;b", 0, 0 },
		{ "LIMITS RCPTMAX=5 =7", 0, 0 },
		{ "LIMITS RCPTMAX=5 X=\303\266", 0, 0 },
		{ "LIMITS X.Y=1 RCPTMAX=5", 0, 0 },
		{ "DELIVERBY 3600,FOO", 0, 3600 },
		{ "DELIVERBY 3600,FOO,BAR\nDSN", 0, 3600 },
		{ "DELIVERBY ,FOO", 0, 0 },
		{ "DELIVERBY", 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[100];
		struct caps c;

		snprintf(text, sizeof text, "x\n%s", rows[i].line);
		caps_parse(&c, text);
		ok(c.rcptmax == rows[i].rcptmax && c.by_min == rows[i].by_min, "limits of %s", rows[i].line);
	}
}

static void test_caps(void)
{
	struct caps c;

	caps_parse(&c, "STARTTLS is only a name here\nPipelining\nSIZE 1000\nAUTH PLAIN\nAUTH=LOGIN PLAIN-CLIENTTOKEN\n"
		       "LIMITS RCPTMAX=20 MAILMAX=5 OTHER=x\n8 BITMIME\nCHUNKINGX");
	ok((c.ext & EXT_STARTTLS) == 0, "the first line of EHLO's reply offers no extension");
	ok((c.ext & EXT_PIPELINING) != 0, "extensions are recognised in any case");
	ok(c.size == 1000 && c.rcptmax == 20 && c.mailmax == 5, "numbers of SIZE and LIMITS");
	ok(caps_offer_mech(&c, "plain") && caps_offer_mech(&c, "LOGIN") && !caps_offer_mech(&c, "PLAIN-CLIENT")
	   && !caps_offer_mech(&c, ""), "mechanisms from all AUTH lines, compared as whole words");
	ok((c.ext & (EXT_8BITMIME | EXT_CHUNKING)) == 0, "similar names are not recognised");
	caps_parse(&c, "x\nDELIVERBY 240\nFUTURERELEASE 7200 2026-12-24T09:00:00+01:00\nMT-PRIORITY MIXER\nREQUIRETLS");
	ok(c.ext == (EXT_DELIVERBY | EXT_FUTURERELEASE | EXT_MT_PRIORITY | EXT_REQUIRETLS), "extensions that few servers offer");
	ok(c.by_min == 240 && c.hold_max == 7200 && c.hold_last == 1798099200, "and their limits");
	caps_parse(&c, "x\nDELIVERBY -1\nFUTURERELEASE 7200\nFUTURERELEASE 4294967296 2026-12-24");
	ok(c.by_min == 0 && c.hold_max == 0 && c.hold_last == 0, "invalid limits are ignored");
	caps_parse(&c, "x\nSIZE\nSIZE -5\nSIZE 99999999999999999999999\nSIZE 0\nLIMITS RCPTMAX=0");
	ok((c.ext & EXT_SIZE) != 0 && c.size == 0 && c.rcptmax == 0, "invalid sizes are ignored");
}

static const struct {
	enum stage stage;
	enum fate  fate;
	int        code;
	struct esc esc;
	int        status;
} statuses[] = {
	{ ST_USAGE, FATE_PERM, 0, { 0 }, EX_USAGE },
	{ ST_INPUT, FATE_PERM, 0, { 0 }, EX_DATAERR },
	{ ST_INPUT, FATE_TEMP, 0, { 0 }, EX_IOERR },
	{ ST_CONFIG, FATE_PERM, 0, { 0 }, EX_CONFIG },
	{ ST_SECRET, FATE_PERM, 0, { 0 }, EX_NOPERM },
	{ ST_SECRET, FATE_TEMP, 0, { 0 }, EX_TEMPFAIL },
	{ ST_RESOLVE, FATE_PERM, 0, { 0 }, EX_NOHOST },
	{ ST_RESOLVE, FATE_TEMP, 0, { 0 }, EX_TEMPFAIL },
	{ ST_CONNECT, FATE_TEMP, 0, { 0 }, EX_TEMPFAIL },
	{ ST_TLS, FATE_PERM, 0, { 0 }, EX_UNAVAILABLE },
	{ ST_TLS, FATE_TEMP, 0, { 0 }, EX_TEMPFAIL },
	{ ST_GREETING, FATE_PERM, 554, { 0 }, EX_UNAVAILABLE },
	{ ST_GREETING, FATE_NONSENSE, 0, { 0 }, EX_PROTOCOL },
	{ ST_EHLO, FATE_PERM, 502, { 0 }, EX_UNAVAILABLE },
	{ ST_STARTTLS, FATE_PERM, 0, { 0 }, EX_UNAVAILABLE },
	{ ST_AUTH, FATE_PERM, 535, { 5, 7, 8 }, EX_NOPERM },
	{ ST_AUTH, FATE_PERM, 534, { 0 }, EX_NOPERM },
	{ ST_AUTH, FATE_PERM, 538, { 0 }, EX_NOPERM },
	{ ST_AUTH, FATE_PERM, 530, { 0 }, EX_NOPERM },
	{ ST_AUTH, FATE_PERM, 504, { 0 }, EX_UNAVAILABLE },
	{ ST_AUTH, FATE_PERM, 0, { 0 }, EX_UNAVAILABLE },
	{ ST_AUTH, FATE_TEMP, 454, { 0 }, EX_TEMPFAIL },
	{ ST_MAIL, FATE_PERM, 501, { 0 }, EX_DATAERR },
	{ ST_MAIL, FATE_PERM, 553, { 0 }, EX_DATAERR },
	{ ST_MAIL, FATE_PERM, 550, { 0 }, EX_UNAVAILABLE },
	{ ST_MAIL, FATE_PERM, 530, { 0 }, EX_NOPERM },
	{ ST_MAIL, FATE_PERM, 534, { 0 }, EX_UNAVAILABLE },
	{ ST_MAIL, FATE_PERM, 552, { 5, 3, 4 }, EX_DATAERR },
	{ ST_RCPT, FATE_PERM, 550, { 5, 1, 1 }, EX_NOUSER },
	{ ST_RCPT, FATE_PERM, 551, { 0 }, EX_NOUSER },
	{ ST_RCPT, FATE_PERM, 553, { 0 }, EX_NOUSER },
	{ ST_RCPT, FATE_PERM, 554, { 0 }, EX_UNAVAILABLE },
	{ ST_RCPT, FATE_TEMP, 450, { 0 }, EX_TEMPFAIL },
	{ ST_DATA, FATE_PERM, 554, { 0 }, EX_UNAVAILABLE },
	{ ST_BODY, FATE_PERM, 550, { 0 }, EX_UNAVAILABLE },
	{ ST_BODY, FATE_UNKNOWN, 0, { 0 }, EX_TEMPFAIL },
	{ ST_BODY, FATE_NONSENSE, 0, { 0 }, EX_PROTOCOL },
	{ ST_SPOOL, FATE_TEMP, 0, { 0 }, EX_CANTCREAT },
	{ ST_INTERNAL, FATE_PERM, 0, { 0 }, EX_SOFTWARE },
	{ ST_INTERNAL, FATE_TEMP, 0, { 0 }, EX_OSERR },
};

static void test_statuses(void)
{
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct err e;

		fail(&e, statuses[i].stage, statuses[i].fate, "x");
		e.code = statuses[i].code;
		e.esc = statuses[i].esc;
		ok(err_exit_status(&e) == statuses[i].status, "%s, fate %d, %d: exit status %d",
		   err_stage_name(e.stage), (int)e.fate, e.code, statuses[i].status);
	}
	same(err_status_name(EX_TEMPFAIL), "TEMPFAIL", "a status has a name");
	same(err_status_name(EX_CONFIG), "CONFIG", "the last status has a name");
	same(err_status_name(0), "OK", "success has a name");
}

static void test_printable(void)
{
	struct err e;

	fail(&e, ST_RCPT, FATE_PERM, "%s", "a\033[31mb\r\nc\302\233d\303\266\377");
	same(e.say, "a\\x1b[31mb\\x0d\\x0ac\\xc2\\x9bd\303\266\\xff", "control characters are shown escaped");
}

static void test_envelope(void)
{
	struct envelope v = { 0 };
	struct err e;
	char address[40];
	bool good = true;

	for (int i = 0; i < 100000; i++) {
		snprintf(address, sizeof address, "user%d@example.org", i % 50000);
		good = good && envelope_add_for(&v, address, address, &e);
	}
	ok(good && v.n == 50000, "100000 recipients, each twice, are 50000");
	ok(envelope_add_for(&v, "User1@example.org", "User1@example.org", &e) && v.n == 50001,
	   "local parts that differ in case are two recipients");
	ok(envelope_add_for(&v, "user1@EXAMPLE.org", "user1@EXAMPLE.org", &e) && v.n == 50001,
	   "domains that differ in case are one recipient");
	ok(rcpt_say(&v.rcpts[0], "\033x", 2), "the server's words");
	same(v.rcpts[0].said, "\\x1bx", "  are kept printable");
	envelope_free(&v);
	ok(v.n == 0 && v.rcpts == NULL, "the envelope is empty after envelope_free()");
}

static void test_strings(void)
{
	uint64_t n;

	ok(str_glob("*b*d", "abcbd") && !str_glob("*b*d", "abc") && str_glob("A?C", "abc") && str_glob("*", "")
	   && !str_glob("", "x") && str_glob_exact("A?c", "Abc") && !str_glob_exact("a*", "Abc"), "globs");
	ok(str_number("18446744073709551615", 0, UINT64_MAX, &n) && !str_number("18446744073709551616", 0, UINT64_MAX, &n)
	   && !str_number("", 0, 9, &n) && !str_number("-1", 0, 9, &n) && !str_number("1 ", 0, 9, &n)
	   && !str_number("10", 0, 9, &n), "numbers");
}

int main(void)
{
	for (size_t i = 0; i < COUNT(replies); i++)
		test_reply(i);
	test_full();
	test_caps();
	test_limits();
	test_statuses();
	test_printable();
	test_envelope();
	test_strings();
	return done();
}
