#include "server/command.h"

#include <stdio.h>

#include "mail/mailbox.h"
#include "mail/xtext.h"

/* ---- parameters ---------------------------------------------------------------------------------- */

static const char syntax[] = "501 5.5.4 this parameter has no such value";

static const char *parse_size(struct command *c, const char *value)
{
	return str_number(value, 0, UINT64_MAX / 2, &c->size) ? NULL : syntax;
}

static const char *parse_body(struct command *c, const char *value)
{
	c->eight_bit = str_same(value, "8BITMIME");
	c->seven_bit = str_same(value, "7BIT");
	return c->eight_bit || c->seven_bit ? NULL : syntax;
}

static const char *parse_utf8(struct command *c, const char *value)
{
	c->utf8 = true;
	return value == NULL ? NULL : syntax;
}

static const char *parse_ret(struct command *c, const char *value)
{
	c->ret = str_same(value, "FULL") ? RETURN_FULL : str_same(value, "HDRS") ? RETURN_HDRS : RETURN_UNSAID;
	return c->ret != RETURN_UNSAID ? NULL : syntax;
}

static const char *parse_envid(struct command *c, const char *value)
{
	if (strlen(value) >= sizeof c->envid || value[0] == '\0' || !xtext_is_printable(value))
		return syntax;
	snprintf(c->envid, sizeof c->envid, "%s", value);
	return NULL;
}

static const char *parse_notify(struct command *c, const char *value)
{
	return dsn_parse_notify(value, &c->notify) ? NULL : syntax;
}

static const char *parse_orcpt(struct command *c, const char *value)
{
	const char *address = strchr(value, ';');

	if (strlen(value) >= sizeof c->orcpt || address == NULL || address == value || address[1] == '\0')
		return syntax;
	for (const char *p = value; p < address; p++)
		if (!str_isalnum(*p) && *p != '-')
			return syntax;
	if (!xtext_valid(address + 1)
	    && !(str_same_n(value, (size_t)(address - value), "utf-8") && str_is_utf8(address, strlen(address))))
		return syntax;
	snprintf(c->orcpt, sizeof c->orcpt, "%s", value);
	return NULL;
}

static const struct {
	enum command_id of;
	const char     *name;
	bool            bare; /* takes no value */
	const char *(*parse)(struct command *c, const char *value); /* value: NULL if bare and none was given */
} params[] = {
	{ COMMAND_MAIL, "BODY", false, parse_body },      { COMMAND_MAIL, "ENVID", false, parse_envid },
	{ COMMAND_MAIL, "RET", false, parse_ret },        { COMMAND_MAIL, "SIZE", false, parse_size },
	{ COMMAND_MAIL, "SMTPUTF8", true, parse_utf8 },   { COMMAND_RCPT, "NOTIFY", false, parse_notify },
	{ COMMAND_RCPT, "ORCPT", false, parse_orcpt },
};
_Static_assert(COUNT(params) <= 32, "one bit of a uint32_t for each");

static const char *parse_param(struct command *c, char *word, uint32_t *seen)
{
	char *value = strchr(word, '=');

	if (value != NULL)
		*value++ = '\0';
	for (size_t i = 0; i < COUNT(params); i++) {
		if (params[i].of != c->id || !str_same(word, params[i].name))
			continue;
		if ((*seen & 1U << i) != 0 || (value == NULL) != params[i].bare)
			return "501 5.5.4 a parameter comes twice, or without its value";
		*seen |= 1U << i;
		return params[i].parse(c, value);
	}
	return "555 5.5.4 this parameter is not known here";
}

static const char *parse_params(struct command *c, char *at)
{
	uint32_t seen = 0;
	char *save, *word = strtok_r(at, " \t", &save);

	for (; word != NULL; word = strtok_r(NULL, " \t", &save)) {
		const char *complaint = parse_param(c, word, &seen);

		if (complaint != NULL)
			return complaint;
	}
	return NULL;
}

/* ---- arguments ----------------------------------------------------------------------------------- */

/* The end of a path: behind the first '>' outside quotes, or without brackets at the first blank. */
static char *path_end(char *at)
{
	bool quoted = false, angle = *at == '<';

	for (; *at != '\0'; at++) {
		if (quoted && *at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (!quoted && angle && *at == '>')
			return at + 1;
		else if (!quoted && !angle && str_isblank(*at))
			return at;
	}
	return quoted || angle ? NULL : at;
}

/* "FROM:<path> parameters".  Many callers put a blank after the colon; it is accepted. */
static const char *parse_path(struct command *c, const char *word, bool null_ok)
{
	static const char bad_sender[] = "501 5.1.7 this is no sender's address",
			  bad_recipient[] = "501 5.1.3 this is no recipient's address";
	char *at = c->arg, *end;
	size_t n = strlen(word);
	struct mailbox box;
	struct err unheard;

	if (!str_same_n(at, strnlen(at, n), word))
		return null_ok ? "501 5.5.4 MAIL FROM:<address> is expected" : "501 5.5.4 RCPT TO:<address> is expected";
	for (at += n; str_isblank(*at);)
		at++;
	end = path_end(at);
	if (end == NULL || end == at || (*end != '\0' && !str_isblank(*end))
	    || !mailbox_one(at, (size_t)(end - at), null_ok, &box, &unheard)
	    || (!null_ok && box.addr[0] == '\0'))
		return null_ok ? bad_sender : bad_recipient;
	snprintf(c->address, sizeof c->address, "%s", box.addr);
	return parse_params(c, end);
}

static const char *parse_mail(struct command *c) { return parse_path(c, "FROM:", true); }
static const char *parse_rcpt(struct command *c) { return parse_path(c, "TO:", false); }

static const char *parse_bdat(struct command *c)
{
	size_t digits = strcspn(c->arg, " \t");
	const char *rest = c->arg + digits + strspn(c->arg + digits, " \t");

	c->last = str_same(rest, "LAST");
	if (!str_number_n(c->arg, digits, 0, UINT64_MAX / 2, &c->size) || (!c->last && rest[0] != '\0'))
		return "501 5.5.4 BDAT takes a number of octets, and LAST";
	return NULL;
}

static const char *parse_hello(struct command *c)
{
	return c->arg[0] != '\0' ? NULL : "501 5.5.4 say your name, too";
}

static const char *no_argument(struct command *c)
{
	return c->arg[0] == '\0' ? NULL : "501 5.5.4 this command takes no argument";
}

static const char *any_argument(struct command *c)
{
	(void)c;
	return NULL;
}

static const struct {
	const char *name;
	const char *(*parse)(struct command *c);
} verbs[] = {
	[COMMAND_AUTH] = { "AUTH", any_argument },
	[COMMAND_BDAT] = { "BDAT", parse_bdat },
	[COMMAND_DATA] = { "DATA", no_argument },
	[COMMAND_EHLO] = { "EHLO", parse_hello },
	[COMMAND_EXPN] = { "EXPN", any_argument },
	[COMMAND_HELO] = { "HELO", parse_hello },
	[COMMAND_HELP] = { "HELP", any_argument },
	[COMMAND_MAIL] = { "MAIL", parse_mail },
	[COMMAND_NOOP] = { "NOOP", any_argument },
	[COMMAND_QUIT] = { "QUIT", no_argument },
	[COMMAND_RCPT] = { "RCPT", parse_rcpt },
	[COMMAND_RSET] = { "RSET", no_argument },
	[COMMAND_STARTTLS] = { "STARTTLS", any_argument },
	[COMMAND_VRFY] = { "VRFY", any_argument },
};
_Static_assert(COUNT(verbs) == COMMAND_COUNT, "every command has a row");

/* Many callers put a blank at the end of a line; it is ignored. */
static void trim_end(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && str_isblank(line[len - 1]))
		line[--len] = '\0';
}

const char *command_parse(char *line, struct command *c)
{
	size_t len = strcspn(line, " \t");

	trim_end(line);
	*c = (struct command){ .id = COMMAND_COUNT, .arg = line + len + strspn(line + len, " \t") };
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (str_same_n(line, len, verbs[i].name))
			c->id = (enum command_id)i;
	for (const char *p = line; *p != '\0'; p++)
		if (str_iscontrol(*p) && *p != '\t')
			return "500 5.5.2 there is a control character in this line";
	return c->id < COMMAND_COUNT ? verbs[c->id].parse(c) : "500 5.5.2 this command is not known here";
}
