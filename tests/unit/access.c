/* secret/access: names and tokens, the file's text, when a token is good, and which files are trusted. */
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret/access.h"

static struct err e;

static void names(void)
{
	static const char *const good[] = { "a", "work", "me@example.org", "A-b_c.d+e", "x-", "@" };
	static const char *const bad[] = { "", ".", "..", ".x", "a/b", "../x", "a b", "a\n", "a%", "j\303\266rg", "a:b", "-x", "--help" };
	char longest[ACCESS_NAME_MAX + 2];

	for (size_t i = 0; i < COUNT(good); i++)
		ok(access_name_ok(good[i]), "a name: %s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!access_name_ok(bad[i]), "not a name: %s", bad[i]);
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	ok(!access_name_ok(longest), "a name that is too long");
	ok(access_name_ok(longest + 1), "the longest name");
}

static void tokens(void)
{
	static const char *const good[] = { "a", "ya29.A0-_~+/", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "x=====" };
	static const char *const bad[] = { "", "=", "a=b", "a b", "a\r\nQUIT", "a\1", "a,b", "a\"", "\303\266", "Bearer x" };
	static char big[ACCESS_TOKEN_MAX + 1];

	for (size_t i = 0; i < COUNT(good); i++)
		ok(access_token_ok(good[i], strlen(good[i])), "a token: %s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!access_token_ok(bad[i], strlen(bad[i])), "not a token: %s", bad[i]);
	ok(!access_token_ok("a\0b", 3), "not a token: with a NUL");
	memset(big, 'x', sizeof big);
	ok(access_token_ok(big, ACCESS_TOKEN_MAX) && !access_token_ok(big, sizeof big), "the longest token");
}

#define TIMES "obtained 1000\nexpires 4600\n"

static void texts(void)
{
	static const struct {
		const char *text, *user; /* NULL: none; "-": the text is refused */
	} rows[] = {
		{ "user me@example.org\n" TIMES "token abc\n", "me@example.org" },
		{ TIMES "token abc\n", NULL },
		{ "token abc\n" TIMES "user j\303\266rg\nlater version 2\n\nflag\n", "j\303\266rg" },
		{ "", "-" },
		{ TIMES, "-" },
		{ TIMES "token \n", "-" },
		{ TIMES "token\n", "-" },
		{ TIMES "token abc", "-" },
		{ TIMES "token abc\r\n", "-" },
		{ TIMES "token a bc\n", "-" },
		{ TIMES "token abc\ntoken abc\n", "-" },
		{ TIMES "obtained 1000\ntoken abc\n", "-" },
		{ TIMES "token abc\nuser a\1b\n", "-" },
		{ TIMES "token abc\nuser \n", "-" },
		{ TIMES "token abc\nuser \377\n", "-" },
		{ "obtained 1000\ntoken abc\n", "-" },
		{ "expires 1000\ntoken abc\n", "-" },
		{ "obtained 1000\nexpires -1\ntoken abc\n", "-" },
		{ "obtained 1000\nexpires 100000000000000000000\ntoken abc\n", "-" },
		{ "obtained 1000\nexpires 253402300800\ntoken abc\n", "-" },
		{ "obtained 1000\nexpires 4600 \ntoken abc\n", "-" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct access a = { 0 };
		bool refused = rows[i].user != NULL && strcmp(rows[i].user, "-") == 0;
		bool read = access_parse(&a, rows[i].text, strlen(rows[i].text), &e);

		ok(read == !refused, "%s: %s", refused ? "refused" : "read", rows[i].text);
		if (read)
			ok(strcmp(a.token, "abc") == 0 && a.obtained == 1000 && a.expires == 4600
			   && (rows[i].user == NULL ? a.user == NULL : a.user != NULL && strcmp(a.user, rows[i].user) == 0),
			   "what it says: %s", rows[i].text);
		else
			ok(a.token == NULL && a.user == NULL && e.stage == ST_SECRET && e.fate == FATE_TEMP, "left empty");
		access_free(&a);
	}
}

static void round_trip(void)
{
	char user[] = "me@example.org", token[] = "ya29.abc==";
	struct access a = { .user = user, .token = token, .obtained = 1798099200, .expires = 1798102800 };
	struct buf b = buf_max(ST_SECRET, ACCESS_FILE_MAX, "a test");

	ok(access_put(&b, &a, &e), "put");
	same(buf_text(&b), "user me@example.org\nobtained 1798099200\nexpires 1798102800\ntoken ya29.abc==\n", "the text");
	token[2] = '\r';
	ok(!access_put(&b, &a, &e), "a token with CR is not put");
	token[2] = '2';
	user[2] = '\n';
	ok(!access_put(&b, &a, &e), "a user with LF is not put");
	buf_wipe(&b);
}

static void goodness(void)
{
	static const struct {
		int64_t  obtained, expires, now;
		unsigned margin;
		bool     good;
	} rows[] = {
		{ 1000, 4600, 1000, 300, true },
		{ 1000, 4600, 940, 300, true },
		{ 1000, 4600, 939, 300, false }, /* the clock was set back */
		{ 1000, 4600, 4299, 300, true },
		{ 1000, 4600, 4300, 300, false },
		{ 1000, 1100, 1074, 300, true }, /* a quarter of the lifetime */
		{ 1000, 1100, 1075, 300, false },
		{ 1000, 4600, 4000, 600, false },
		{ 1000, 4600, 4599, 0, true },
		{ 1000, 1000, 1000, 0, false },
		{ 1000, 900, 950, 0, false },
		{ 0, 0, 0, 300, false },
	};
	char token[] = "x";

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct access a = { .token = token, .obtained = rows[i].obtained, .expires = rows[i].expires };

		ok(access_is_good(&a, rows[i].now, rows[i].margin) == rows[i].good, "row %zu", i);
	}
	ok(!access_is_good(&(struct access){ .expires = 9999 }, 5, 0), "without a token none is good");
}

static char state[] = "/tmp/access.XXXXXX", dir[100], file[120];

static void must(bool good)
{
	if (!good) {
		printf("Bail out! %s cannot be prepared\n", file);
		exit(1);
	}
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	must(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0);
}

/* One look at the file as it is. */
static void expect(const char *what, bool read, const char *hint)
{
	struct access a = { 0 };
	bool found, good = access_read("work", &a, &found, &e);

	ok(good == read && (read ? found : e.stage == ST_SECRET), "%s", what);
	if (!good && hint != NULL)
		ok(strncmp(e.hint, hint, strlen(hint)) == 0 && strstr(e.hint, dir) != NULL, "%s: the line that mends it", what);
	access_free(&a);
}

static void files(void)
{
	struct access a = { 0 };
	char other[130];
	bool found = true;

	must(mkdtemp(state) != NULL && setenv("XDG_STATE_HOME", state, 1) == 0);
	snprintf(dir, sizeof dir, "%s/postern", state);
	must(mkdir(dir, 0700) == 0);
	snprintf(dir, sizeof dir, "%s/postern/oauth2", state);
	snprintf(file, sizeof file, "%s/work.access", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	ok(access_read("work", &a, &found, &e) && !found, "no directory");
	must(mkdir(dir, 0700) == 0);
	ok(access_read("work", &a, &found, &e) && !found, "no file");
	put_file(file, TIMES "token abc\n");
	expect("a file of ours", true, NULL);
	must(chmod(file, 0640) == 0);
	if (geteuid() != 0)
		expect("open to the group", false, "chmod 600 ");
	must(chmod(file, 0604) == 0);
	expect("open to all", false, "chmod 600 ");
	must(chmod(file, 0620) == 0);
	expect("its group can write", false, "chmod 600 ");
	must(chmod(file, 0600) == 0 && link(file, other) == 0);
	expect("a second link", false, "rm ");
	must(unlink(file) == 0 && symlink("other", file) == 0);
	expect("a symbolic link", false, "rm ");
	must(unlink(file) == 0 && mkfifo(file, 0600) == 0);
	expect("a FIFO", false, "rm ");
	must(unlink(file) == 0);
	put_file(file, TIMES "token abc");
	expect("cut off", false, NULL);
	ok(e.fate == FATE_TEMP, "a damaged file is no matter for a person");
	put_file(file, TIMES "token abc\n");
	must(chmod(dir, 0770) == 0);
	if (getegid() != 0)
		expect("its directory is open", false, "chmod go-w ");
	must(chmod(dir, 0777) == 0);
	expect("its directory is open to all", false, "chmod go-w ");
	if (geteuid() == 0) {
		must(chmod(dir, 0700) == 0 && chown(file, 1, 1) == 0);
		expect("another user's", false, "rm ");
	}
	must(unlink(file) == 0 && unlink(other) == 0 && rmdir(dir) == 0);
	snprintf(dir, sizeof dir, "%s/postern", state);
	must(rmdir(dir) == 0 && rmdir(state) == 0);
}

int main(void)
{
	char digest[ACCESS_DIGEST];

	names();
	tokens();
	texts();
	round_trip();
	goodness();
	files();
	ok(access_digest("abc", digest, &e), "a digest");
	same(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of abc, FIPS 180-2 B.1");
	return done();
}
