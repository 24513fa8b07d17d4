/* base/log: how a line of the log shows values and lists of any length. */
#include "tap.h"

#include <stdarg.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/printable.h"

/* ---- syslog(3), replaced --------------------------------------------------------------------------- */

static char sent[64 * 1024];

void __syslog_chk(int priority, int flag, const char *fmt, ...);

#undef syslog /* with clang and _FORTIFY_SOURCE it is a macro */

void openlog(const char *name, int option, int facility)
{
	(void)name;
	(void)option;
	(void)facility;
}

void closelog(void)
{
}

void syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	vsnprintf(sent, sizeof sent, fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	(void)flag;
	va_start(ap, fmt);
	vsnprintf(sent, sizeof sent, fmt, ap);
	va_end(ap);
}

/* ---- lines ------------------------------------------------------------------------------------------- */

struct list {
	size_t      n;
	const char *like; /* the format of an item, with its number */
};

static const char *item(const void *ctx, size_t i)
{
	static char text[2000];
	const struct list *l = ctx;

	if (i >= l->n)
		return NULL;
	snprintf(text, sizeof text, l->like, (int)i);
	return text;
}

static char *line; /* owned */

/* Writes an entry to a file and reads it back into `line`. */
static void write_line(enum log_format format, const struct list *l, const char *words)
{
	struct log_params p = { .format = format, .time_format = (char[]){ "now" } };
	char name[] = "log.XXXXXX";
	int fd = mkstemp(name);
	off_t size;

	p.file = name;
	log_entry(&p, (const struct log_field[]){
		{ .name = "host", .value = "smtp.example.org" },
		{ .name = "none", .value = "" },
		{ .name = "recipients", .item = item, .ctx = l },
		{ .name = "said", .value = words },
		{ .name = "exitcode", .value = "EX_OK" },
	}, 5, false);
	size = lseek(fd, 0, SEEK_END);
	free(line);
	line = calloc(1, (size_t)size + 1);
	if (line == NULL || pread(fd, line, (size_t)size, 0) != size)
		abort();
	close(fd);
	unlink(name);
}

static void syslog_line(enum log_format format, const struct list *l, const char *words)
{
	struct log_params p = { .format = format, .syslog = (char[]){ "mail" } };

	log_entry(&p, (const struct log_field[]){
		{ .name = "recipients", .item = item, .ctx = l },
		{ .name = "said", .value = words },
		{ .name = "exitcode", .value = "EX_OK" },
	}, 3, false);
}

static bool ends(const char *text, const char *with)
{
	return strlen(text) >= strlen(with) && strcmp(text + strlen(text) - strlen(with), with) == 0;
}

/* "LIST,...and N more" stands behind `before`: LIST has whole items in order, and N is the number of missing ones. */
static bool counted(const char *text, const char *before, const struct list *l, const char *after)
{
	const char *p = strstr(text, before);
	char rest[100];
	size_t i = 0;

	if (p == NULL)
		return false;
	for (p += strlen(before); i < l->n; i++) {
		const char *want = item(l, i);

		if (strncmp(p, want, strlen(want)) != 0)
			break;
		p += strlen(want) + (p[strlen(want)] == ',');
	}
	snprintf(rest, sizeof rest, "...and %zu more", l->n - i);
	if (l->n > i) {
		if (strncmp(p, rest, strlen(rest)) != 0)
			return false;
		p += strlen(rest);
	}
	return strncmp(p, after, strlen(after)) == 0;
}

static void test_lists(void)
{
	const struct list few = { 200, "somebody.with.a.long.name.%d@example.org" };
	const struct list many = { 100000, "somebody.with.a.long.name.%d@example.org" };
	const struct list none = { 0, "" };

	write_line(LOG_TEXT, &few, "ok");
	ok(counted(line, " recipients=", &few, " said=ok exitcode=EX_OK\n"), "the line has all of 200 recipients");
	write_line(LOG_JSON, &few, "ok");
	ok(counted(line, "\"recipients\":\"", &few, "\",\"said\":\"ok\",\"exitcode\":\"EX_OK\"}\n"), "  in JSON, too");
	write_line(LOG_TEXT, &many, "ok");
	ok(counted(line, " recipients=\"", &many, "\" said=ok exitcode=EX_OK\n"), "of 100000 recipients the line has as many as fit, and counts the others");
	ok(strlen(line) > 1000 * 1000 && strlen(line) < 1100 * 1000, "  up to a million bytes");
	write_line(LOG_JSON, &many, "ok");
	ok(counted(line, "\"recipients\":\"", &many, "\",\"said\":\"ok\",\"exitcode\":\"EX_OK\"}\n"), "  in JSON, too");
	write_line(LOG_TEXT, &none, "ok");
	same(line, "now host=smtp.example.org said=ok exitcode=EX_OK\n", "without recipients there is no such field");
	write_line(LOG_JSON, &none, "ok");
	same(line, "{\"time\":\"now\",\"host\":\"smtp.example.org\",\"said\":\"ok\",\"exitcode\":\"EX_OK\"}\n", "  in JSON, too");
}

static void test_syslog(void)
{
	const struct list few = { 20, "you%d@example.org" }, many = { 100000, "you%d@example.org" };
	static char words[5000];
	bool whole = true;

	memset(words, 'w', sizeof words - 1);
	syslog_line(LOG_TEXT, &few, "ok");
	ok(counted(sent, "recipients=", &few, " said=ok exitcode=EX_OK"), "syslog gets a short line unchanged");
	syslog_line(LOG_TEXT, &many, words);
	ok(counted(sent, "recipients=\"", &many, "\" said=www") && ends(sent, "w... exitcode=EX_OK"), "syslog gets a long line shortened");
	ok(strlen(sent) > 7800 && strlen(sent) <= 8001, "  to the length that its daemons accept: %zu", strlen(sent));
	syslog_line(LOG_JSON, &many, words);
	ok(counted(sent, "{\"recipients\":\"", &many, "\",\"said\":\"www") && ends(sent, "w...\",\"exitcode\":\"EX_OK\"}")
	   && strlen(sent) <= 8001, "  in JSON, too");
	for (int n = 300; n < 400 && whole; n++) {
		const struct list l = { (size_t)n, "y%d@example.org" };

		syslog_line(LOG_TEXT, &l, "ok");
		whole = counted(sent, "recipients=", &l, " said=ok") || counted(sent, "recipients=\"", &l, "\" said=ok");
	}
	ok(whole, "at each position of the limit the addresses are whole");
}

static void test_values(void)
{
	const struct list odd = { 2, "\303\266%d\"\\\001@example.org" };
	static char words[40000];

	write_line(LOG_TEXT, &odd, "a\nb \\ \"\303\266\" \377");
	same(line, "now host=smtp.example.org recipients=\"\303\2660\\\"\\\\\\x01@example.org,\303\2661\\\"\\\\\\x01@example.org\" "
		   "said=\"a\\x0ab \\\\ \\\"\303\266\\\" \\xff\" exitcode=EX_OK\n", "odd characters in text");
	write_line(LOG_JSON, &odd, "a\nb \\ \"\303\266\" \377");
	same(line, "{\"time\":\"now\",\"host\":\"smtp.example.org\",\"recipients\":\"\303\2660\\\"\\\\\\\\x01@example.org,"
		   "\303\2661\\\"\\\\\\\\x01@example.org\",\"said\":\"a\\\\x0ab \\\\ \\\"\303\266\\\" \\\\xff\",\"exitcode\":\"EX_OK\"}\n",
	     "odd characters in JSON");
	for (size_t i = 0; i + 1 < sizeof words; i++)
		words[i] = "\001\"\\\303\266"[i % 5];
	write_line(LOG_JSON, &odd, words);
	ok(ends(line, "...\",\"exitcode\":\"EX_OK\"}\n"), "a value that is cut ends in dots");
	write_line(LOG_TEXT, &odd, words);
	ok(ends(line, "...\" exitcode=EX_OK\n"), "  in text, too");
}

/* How sentences and quotes are cut. */
static void test_printable(void)
{
	char shown[8];
	struct err e;

	fail(&e, ST_RCPT, FATE_PERM, "%0*d", 399, 0);
	ok(strlen(e.say) == 399 && !ends(e.say, "..."), "a sentence that just fits does not end in dots");
	fail(&e, ST_RCPT, FATE_PERM, "%0*d", 400, 0);
	ok(strlen(e.say) == 399 && ends(e.say, "0..."), "a sentence that is cut ends in dots");
	fail(&e, ST_RCPT, FATE_PERM, "%0*d", 5000, 0);
	ok(strlen(e.say) == 399 && ends(e.say, "0..."), "a much longer one too");
	err_quote(&e, "\303\266\303\266\303\266\303\266", 8);
	same(e.quote, "\303\266\303\266\303\266\303\266", "a short quote is kept");
	printable(shown, sizeof shown, "\303\266\303\266\303\266\303\266", 8, false);
	same(shown, "\303\266\303\266...", "a long one is cut between two characters");
}

int main(void)
{
	const char *dir = getenv("TMPDIR");

	if (chdir(dir != NULL ? dir : "/tmp") != 0)
		return 1;
	test_lists();
	test_syslog();
	test_values();
	test_printable();
	free(line);
	return done();
}
