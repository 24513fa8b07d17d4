/* server/command: the commands of a caller of -bs, and the replies to invalid ones. */
#include "tap.h"

#include <stdio.h>

#include "base/printable.h"
#include "server/command.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static const struct {
	const char     *line;
	int             code; /* of the reply to an invalid command; 0: it is valid */
	enum command_id id;
	const char     *what; /* address or argument */
} lines[] = {
	{ "EHLO client.example", 0, COMMAND_EHLO, "client.example" },
	{ "ehlo \t x ", 0, COMMAND_EHLO, "x" },
	{ "EHLO", 501, COMMAND_EHLO, "" },
	{ "HELO [127.0.0.1]", 0, COMMAND_HELO, "[127.0.0.1]" },
	{ "QUIT ", 0, COMMAND_QUIT, "" },
	{ "QUIT now", 501, COMMAND_QUIT, "now" },
	{ "NOOP any thing", 0, COMMAND_NOOP, "any thing" },
	{ "DATA", 0, COMMAND_DATA, "" },
	{ "DATA.", 500, COMMAND_COUNT, "" },
	{ "DAT", 500, COMMAND_COUNT, "" },
	{ "", 500, COMMAND_COUNT, "" },
	{ " NOOP", 500, COMMAND_COUNT, "" },
	{ "NO\033OP", 500, COMMAND_COUNT, "" },
	{ "NOOP \r", 500, COMMAND_COUNT, "" },
	{ "MAIL FROM:<me@example.org>", 0, COMMAND_MAIL, "me@example.org" },
	{ "mail from: <me@EXAMPLE.org> ", 0, COMMAND_MAIL, "me@EXAMPLE.org" },
	{ "MAIL FROM:me@example.org SIZE=1", 0, COMMAND_MAIL, "me@example.org" },
	{ "MAIL FROM:<>", 0, COMMAND_MAIL, "" },
	{ "MAIL FROM:<@a.example,@b.example:me@example.org>", 0, COMMAND_MAIL, "me@example.org" },
	{ "MAIL FROM:<\"a>b \\\" c\"@example.org> SIZE=1", 0, COMMAND_MAIL, "\"a>b \\\" c\"@example.org" },
	{ "MAIL FROM:<j\303\266rg@example.org> SMTPUTF8", 0, COMMAND_MAIL, "j\303\266rg@example.org" },
	{ "MAIL FROM", 501, COMMAND_MAIL, "" },
	{ "MAIL FROM:", 501, COMMAND_MAIL, "" },
	{ "MAIL TO:<me@example.org>", 501, COMMAND_MAIL, "" },
	{ "MAIL FROM:<me@example.org", 501, COMMAND_MAIL, "" },
	{ "MAIL FROM:<\"me@example.org>", 501, COMMAND_MAIL, "" },
	{ "MAIL FROM:<a@b.example> <c@d.example>", 555, COMMAND_MAIL, "" },
	{ "MAIL FROM:<a@b.example,c@d.example>", 501, COMMAND_MAIL, "" },
	{ "MAIL FROM:<\377@example.org>", 501, COMMAND_MAIL, "" },
	{ "MAIL FROM:<a@b.example>SIZE=1", 501, COMMAND_MAIL, "" },
	{ "RCPT TO:<you>", 0, COMMAND_RCPT, "you" },
	{ "RCPT TO:<>", 501, COMMAND_RCPT, "" },
	{ "RCPT TO:<a\tb@example.org>", 501, COMMAND_RCPT, "" },
	{ "BDAT 10", 0, COMMAND_BDAT, "10" },
	{ "BDAT 10 x", 501, COMMAND_BDAT, "" },
	{ "BDAT +1", 501, COMMAND_BDAT, "" },
	{ "BDAT LAST", 501, COMMAND_BDAT, "" },
	{ "BDAT 99999999999999999999 LAST", 501, COMMAND_BDAT, "" },
};

static const struct {
	const char *param; /* M: of MAIL, R: of RCPT; the rest is the parameter */
	int         code;
} params[] = {
	{ "M", 0 },
	{ "MSIZE=0", 0 },
	{ "Msize=10 body=8bitmime", 0 },
	{ "MSIZE", 501 },
	{ "MSIZE=", 501 },
	{ "MSIZE=1x", 501 },
	{ "MSIZE=1 SIZE=1", 501 },
	{ "MSIZE=99999999999999999999", 501 },
	{ "MBODY=7BIT", 0 },
	{ "MBODY=BINARYMIME", 501 },
	{ "MSMTPUTF8", 0 },
	{ "MSMTPUTF8=", 501 },
	{ "MRET=FULL", 0 },
	{ "MRET=hdrs", 0 },
	{ "MRET=NONE", 501 },
	{ "MENVID=a+2Bb", 0 },
	{ "MENVID=a+2b", 501 },
	{ "MENVID=a+20+2B+7E", 0 },
	{ "MENVID=a+E4", 501 },
	{ "MENVID=a+0A", 501 },
	{ "MENVID=+7F", 501 },
	{ "MENVID=", 501 },
	{ "MENVID=" X100, 0 },
	{ "MENVID=" X100 "x", 501 },
	{ "MNOTIFY=NEVER", 555 },
	{ "MSIZ=1", 555 },
	{ "MAUTH=<>", 555 },
	{ "RNOTIFY=NEVER", 0 },
	{ "RNOTIFY=success,FAILURE,Delay", 0 },
	{ "RNOTIFY=NEVER,DELAY", 501 },
	{ "RNOTIFY=DELAY,DELAY", 501 },
	{ "RNOTIFY=DELAY,", 501 },
	{ "RNOTIFY=,", 501 },
	{ "RNOTIFY=", 501 },
	{ "RORCPT=rfc822;a+40b", 0 },
	{ "RORCPT=rfc822;" X100 X100 X100 X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 "xxx", 0 },
	{ "RORCPT=rfc822;" X100 X100 X100 X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 "xxxx", 501 },
	{ "RORCPT=utf-8;j\303\266rg@example.org", 0 },
	{ "RORCPT=UTF-8;j\303\266rg@example.org", 0 },
	{ "RORCPT=utf-8;\377", 501 },
	{ "RORCPT=utf-8x;j\303\266rg@example.org", 501 },
	{ "RORCPT=rfc822;j\303\266rg@example.org", 501 },
	{ "RORCPT=;a", 501 },
	{ "RORCPT=rfc822;", 501 },
	{ "RORCPT=rfc822", 501 },
	{ "RORCPT=rfc 822;a", 501 },
	{ "RSIZE=1", 555 },
};

static int complain(const char *text, struct command *c, char *room, size_t size)
{
	const char *complaint;

	snprintf(room, size, "%s", text);
	complaint = command_parse(room, c);
	if (complaint == NULL)
		return 0;
	return (complaint[0] - '0') * 100 + (complaint[1] - '0') * 10 + complaint[2] - '0';
}

static void test_line(size_t i)
{
	char room[COMMAND_LINE_MAX + 1], shown[200];
	struct command c;
	int code = complain(lines[i].line, &c, room, sizeof room);
	bool path = lines[i].id == COMMAND_MAIL || lines[i].id == COMMAND_RCPT;

	printable(shown, sizeof shown, lines[i].line, strlen(lines[i].line), false);
	ok(code == lines[i].code, "%d: %s", lines[i].code, shown);
	if (code != 0)
		return;
	ok(c.id == lines[i].id, "  it is command %d", (int)lines[i].id);
	if (path || c.id != COMMAND_BDAT)
		same(path ? c.address : c.arg, lines[i].what, "  with this address or argument");
}

static void test_param(size_t i)
{
	char line[COMMAND_LINE_MAX + 1], room[COMMAND_LINE_MAX + 1];
	struct command c;

	snprintf(line, sizeof line, "%s:<a@example.org> %s", params[i].param[0] == 'M' ? "MAIL FROM" : "RCPT TO",
		 params[i].param + 1);
	ok(complain(line, &c, room, sizeof room) == params[i].code, "%d: %s", params[i].code, params[i].param + 1);
}

static void test_values(void)
{
	char room[COMMAND_LINE_MAX + 1];
	struct command c;

	ok(complain("MAIL FROM:<> SIZE=7 SMTPUTF8 RET=hdrs ENVID=x BODY=8BITMIME", &c, room, sizeof room) == 0
	   && c.size == 7 && c.utf8 && c.eight_bit, "all parameters of MAIL at once");
	ok(c.ret == RETURN_HDRS, "  RET");
	same(c.envid, "x", "  ENVID");
	ok(complain("RCPT TO:<a> ORCPT=rfc822;b NOTIFY=Delay,SUCCESS", &c, room, sizeof room) == 0, "all parameters of RCPT at once");
	ok(c.notify == (NOTIFY_DELAY | NOTIFY_SUCCESS), "  NOTIFY");
	same(c.orcpt, "rfc822;b", "  ORCPT");
	ok(complain("BDAT 12 last", &c, room, sizeof room) == 0 && c.size == 12 && c.last, "the last chunk");
	ok(complain("BDAT 0", &c, room, sizeof room) == 0 && c.size == 0 && !c.last, "an empty chunk");
}

int main(void)
{
	for (size_t i = 0; i < COUNT(lines); i++)
		test_line(i);
	for (size_t i = 0; i < COUNT(params); i++)
		test_param(i);
	test_values();
	return done();
}
