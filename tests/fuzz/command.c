/* A line of a caller of -bs: if it is accepted, its address and parameters are fit for a command to the smarthost. */
#include "fuzz.h"

#include "mail/mailbox.h"
#include "mail/xtext.h"
#include "server/command.h"

static void check_path(const struct command *c)
{
	struct mailbox again;
	struct err unheard;

	MUST(strlen(c->address) < ADDRESS_MAX && str_is_utf8(c->address, strlen(c->address)));
	for (const char *p = c->address; *p != '\0'; p++)
		MUST(!str_iscontrol(*p));
	MUST(c->address[0] != '\0' || c->id == COMMAND_MAIL);
	MUST(c->address[0] == '\0' || mailbox_one(c->address, strlen(c->address), false, &again, &unheard));
	MUST(c->envid[0] == '\0' || xtext_valid(c->envid));
	MUST(strpbrk(c->orcpt, " \t\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_string(data, size);
	struct command c;
	const char *complaint = command_parse(line, &c);

	if (complaint != NULL)
		MUST(complaint[0] == '5' && strlen(complaint) > 10 && complaint[3] == ' ' && complaint[4] == '5');
	else if (c.id == COMMAND_MAIL || c.id == COMMAND_RCPT)
		check_path(&c);
	else
		MUST(c.id < COMMAND_COUNT);
	free(line);
	return 0;
}
