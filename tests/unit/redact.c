/* smtp/redact: secrets that a server repeats, and how they are shown. */
#include "tap.h"

#include <unistd.h>

#include "smtp/reply.h"

/* The password, the lines of a reply, and its text as it is shown.  Name and password together, as in AUTH PLAIN, are found by
 * the base64 of the password in them. */
static const struct {
	const char *secret, *lines[4], *text;
} echoes[] = {
	{ "hunter22", { "535 5.7.8 hunter22 is wrong" }, "******** is wrong" },
	{ "hunter22", { "535 hunter22hunter22" }, "****************" },
	{ "aabaab", { "535 aabaabaab" }, "*********" },
	{ "abc", { "535 abc" }, "abc" },
	{ "abcd", { "535 abcd abce ABCD" }, "**** abce ABCD" },
	/* a password that is not UTF-8 */
	{ "p\xe4ss\xffw", { "535 (p\xe4ss\xffw)" }, "(******)" },
	/* a password that is broken over lines */
	{ "hunter22", { "535-5.7.8 it is hun", "535 5.7.8 ter22, wrong" }, "it is ***\n***********, wrong" },
	{ "hunter22", { "535-hu", "535-nte", "535 r22!" }, "**\n***\n***!" },
	{ "hunter22", { "535-hu", "535-5.7.8  nte", "535 r22!" }, "**\n**********\n***!" },
	{ "hunter22", { "535-hunter22", "535-5.7.8", "535 5.7.8 hunter22" }, "********\n\n********" },
	/* a password in the place of an enhanced code */
	{ "5.7.8", { "535 5.7.8 no" }, "***** no" },
	{ "5.7.8 x", { "535 5.7.8 x" }, "*******" },
	{ "a 5.7.8 x", { "535-a 5", "535 .7.8 x" }, "***\n******" },
	{ "hunt 5.7.8 er22", { "535-hunt ", "535-5.7.8 5.7.8 er22" }, "*****\n****************" },
	{ "ab 5.7.8 x", { "535-ab", "535  5.7.8 x" }, "**\n********" },
	/* a password in a malformed reply */
	{ "p\xe4ss\xffw", { "550-ok", "551 p\xe4ss\xffw" }, "ok\n551 ******" },
	{ "hunter22", { "550-hunt", "er22 and more" }, "****\n**** and more" },
	/* the beginning of a password */
	{ "correct horse battery", { "535 correct horse..." }, "*************..." },
	{ "correct horse battery", { "535 correct" }, "correct" },
	/* the password in base64, alone and behind a name */
	{ "hunter22", { "535 (aHVudGVyMjI=)" }, "(************)" },
	{ "hunter22", { "535 (AHVzZXIAaHVudGVyMjI=)" }, "(********************)" },
	{ "hunter22", { "535 (AG1lAGh1bnRlcjIy)" }, "(****************)" },
	{ "hunter22", { "535 (AG1lcwBodW50ZXIyMiE)" }, "(*******************)" },
	{ "hunter22", { "535-(aHVudG", "535 VyMjI)" }, "(******\n*****)" },
	/* challenges */
	{ "hunter22", { "334 aHVudGVyMjI=" }, "***" },
	{ "hunter22", { "334-aGk", "334x hunter22" }, "***" },
	{ "hunter22", { "334;aGk" }, "***" },
	{ "hunter22", { "334 " }, "" },
};

static struct reply r;

static void hear(size_t i)
{
	struct redact hidden;
	struct err e;
	bool good;

	redact_begin(&hidden);
	good = redact_secret(&hidden, echoes[i].secret, &e);
	reply_begin(&r, ST_EHLO);
	for (size_t j = 0; j < 4 && echoes[i].lines[j] != NULL; j++)
		(void)reply_add(&r, echoes[i].lines[j], strlen(echoes[i].lines[j]), &e);
	reply_redact(&r, &hidden);
	reply_end(&r);
	redact_end(&hidden);
	ok(good && r.len == strlen(r.text), "%s", echoes[i].lines[0]);
	same(r.text, echoes[i].text, "  is shown like this");
}

/* A secret that is cut with the text: at each position of the cut no byte of it is left. */
static void test_cut(void)
{
	static char line[REPLY_LINE_MAX];
	const char *secret = "secretly";
	struct redact hidden;
	struct err e;
	bool good = true;

	redact_begin(&hidden);
	good = redact_secret(&hidden, secret, &e);
	for (size_t before = REPLY_TEXT_MAX - 9020; before < REPLY_TEXT_MAX - 8990; before++) {
		reply_begin(&r, ST_EHLO);
		memset(line, '-', sizeof line);
		memcpy(line, "550-", 4);
		good = good && reply_add(&r, line, 9000 + 4, &e) == REPLY_CONTINUES;
		memcpy(line + 4 + before, secret, strlen(secret));
		line[4 + before + strlen(secret)] = '\0';
		line[3] = ' ';
		good = good && reply_add(&r, line, strlen(line), &e) == REPLY_DONE;
		reply_redact(&r, &hidden);
		good = good && strpbrk(r.text, secret) == NULL;
	}
	redact_end(&hidden);
	ok(good, "no byte of a secret is left where a reply is cut");
}

/* A line end after each character: the time must not double with each of them. */
static void test_lines(void)
{
	char secret[100 + 1] = "", line[] = "550-?";
	struct redact hidden;
	struct err e;
	bool good;

	for (size_t i = 0; i + 1 < sizeof secret; i++)
		secret[i] = (char)('!' + i % 90);
	alarm(60);
	redact_begin(&hidden);
	good = redact_secret(&hidden, secret, &e);
	reply_begin(&r, ST_EHLO);
	for (size_t i = 0; secret[i] != '\0'; i++) {
		line[4] = secret[i];
		good = good && reply_add(&r, line, strlen(line), &e) == REPLY_CONTINUES;
	}
	reply_redact(&r, &hidden);
	redact_end(&hidden);
	alarm(0);
	ok(good && strspn(r.text, "*\n") == r.len, "a secret with a line end after each character is hidden in time");
}

/* A secret in base64 is searched without its padding, because the server may show it with more text behind it.  Padding stands
 * before the words, too: the search must not read back into it. */
static void test_base64(void)
{
	static const char padding[] = "========", word[] = "==aHVudGVyMjI=";
	char echo[] = "aHVudGVyMjJ4";
	struct redact hidden;
	struct err e;

	redact_begin(&hidden);
	ok(redact_base64(&hidden, padding + 4, &e) && hidden.words.len == 0, "padding alone is not searched for");
	ok(redact_base64(&hidden, padding + 8, &e) && hidden.words.len == 0, "an empty word is not searched for");
	ok(redact_base64(&hidden, word + 2, &e), "a word");
	redact(&hidden, echo, strlen(echo), false);
	same(echo, "************", "  is found without its padding");
	redact_end(&hidden);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(echoes); i++)
		hear(i);
	test_cut();
	test_lines();
	test_base64();
	return done();
}
