/* smtp/redact: what a server echoes of a secret, and what is shown of it. */
#include "tap.h"

#include <unistd.h>

#include "smtp/reply.h"

/* The password, the reply's lines, and its text.  "user", NUL, password and what was said in AUTH PLAIN are not known but by
 * their base64. */
static const struct {
	const char *secret, *lines[4], *text;
} echoes[] = {
	{ "hunter22", { "535 5.7.8 hunter22 is wrong" }, "******** is wrong" },
	{ "hunter22", { "535 hunter22hunter22" }, "****************" },
	{ "aabaab", { "535 aabaabaab" }, "*********" },
	{ "abc", { "535 abc" }, "abc" },
	{ "abcd", { "535 abcd abce ABCD" }, "**** abce ABCD" },
	/* no UTF-8 */
	{ "p\xe4ss\xffw", { "535 (p\xe4ss\xffw)" }, "(******)" },
	/* over line ends */
	{ "hunter22", { "535-5.7.8 it is hun", "535 5.7.8 ter22, wrong" }, "it is ***\n***********, wrong" },
	{ "hunter22", { "535-hu", "535-nte", "535 r22!" }, "**\n***\n***!" },
	{ "hunter22", { "535-hu", "535-5.7.8  nte", "535 r22!" }, "**\n**********\n***!" },
	{ "hunter22", { "535-hunter22", "535-5.7.8", "535 5.7.8 hunter22" }, "********\n\n********" },
	/* where an enhanced code is read */
	{ "5.7.8", { "535 5.7.8 no" }, "***** no" },
	{ "5.7.8 x", { "535 5.7.8 x" }, "*******" },
	{ "a 5.7.8 x", { "535-a 5", "535 .7.8 x" }, "***\n******" },
	{ "hunt 5.7.8 er22", { "535-hunt ", "535-5.7.8 5.7.8 er22" }, "*****\n****************" },
	{ "ab 5.7.8 x", { "535-ab", "535  5.7.8 x" }, "**\n********" },
	/* in what is no reply */
	{ "p\xe4ss\xffw", { "550-ok", "551 p\xe4ss\xffw" }, "ok\n551 ******" },
	{ "hunter22", { "550-hunt", "er22 and more" }, "****\n**** and more" },
	/* only the beginning */
	{ "correct horse battery", { "535 correct horse..." }, "*************..." },
	{ "correct horse battery", { "535 correct" }, "correct" },
	/* base64, alone and together with something */
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
	same(r.text, echoes[i].text, "  what is shown");
}

/* A secret that stands where the text is cut: wherever the cut falls, no byte of it stays. */
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
	ok(good, "no byte of a secret stays where a reply is cut");
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
	ok(good && strspn(r.text, "*\n") == r.len, "a secret with a line end after each character is hidden, and soon");
}

/* The padding of base64 is not remembered: what is looked for may go on in what the server shows.  The words stand behind more
 * padding, which is not theirs. */
static void test_base64(void)
{
	static const char padding[] = "========", word[] = "==aHVudGVyMjI=";
	char echo[] = "aHVudGVyMjJ4";
	struct redact hidden;
	struct err e;

	redact_begin(&hidden);
	ok(redact_base64(&hidden, padding + 4, &e) && hidden.words.len == 0, "nothing but padding is nothing to look for");
	ok(redact_base64(&hidden, padding + 8, &e) && hidden.words.len == 0, "nor is an empty word");
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
