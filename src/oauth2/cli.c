#include "oauth2/cli.h"

#include <stdio.h>

#include "oauth2/provider.h"
#include "secret/access.h"

/* ---- the commands -------------------------------------------------------------------------------- */

enum operand { NO_NAME, ONE_NAME };

static const struct command {
	const char  *name, *summary;
	enum operand operand;
} commands[] = {
	[OAUTH2_LOGIN] = { "login", "log in to a provider, and keep the login under this name", ONE_NAME },
	[OAUTH2_TOKEN] = { "token", "print an access token that is valid, and nothing else", ONE_NAME },
	[OAUTH2_LIST] = { "list", "show the logins", NO_NAME },
	[OAUTH2_STATUS] = { "status", "show one login: who, for what, until when, and what is wrong", ONE_NAME },
	[OAUTH2_LOGOUT] = { "logout", "end the login at the provider, then delete it here", ONE_NAME },
	[OAUTH2_EXPORT] = { "export", "print the login for another machine, and stop using it here", ONE_NAME },
	[OAUTH2_IMPORT] = { "import", "read on standard input what export has printed", ONE_NAME },
	[OAUTH2_HELP] = { "help", "show this text", NO_NAME },
	[OAUTH2_VERSION] = { "version", "show the version", NO_NAME },
};

/* ---- the options --------------------------------------------------------------------------------- */

#define FOR(command) (1U << (command))

static bool set_digest(struct cli *c, const char *value, struct err *e)
{
	bool ok = strlen(value) == 64;

	for (size_t i = 0; ok && i < 64; i++)
		ok = str_isdigit(value[i]) || (value[i] >= 'a' && value[i] <= 'f');
	c->unlike = value;
	return ok || fail(e, ST_USAGE, FATE_PERM, "--unlike needs a SHA-256 in 64 lower-case hexadecimal digits");
}

static bool set_port(struct cli *c, const char *value, struct err *e)
{
	uint64_t n;

	if (!str_number(value, 1, 65535, &n))
		return fail(e, ST_USAGE, FATE_PERM, "--port needs a number from 1 to 65535, not %s", value);
	c->port = (unsigned)n;
	return true;
}

static const struct option {
	const char *name, *arg, *summary; /* arg NULL: it takes no value */
	unsigned    commands;             /* FOR() each */
	size_t      text, flag;           /* offsets of what it sets; 0: none */
	int         flow;                 /* FLOW_NONE: none */
	bool      (*set)(struct cli *c, const char *value, struct err *e);
} options[] = {
#define TEXT(member) .text = offsetof(struct cli, member)
#define FLAG(member) .flag = offsetof(struct cli, member)
	{ "provider", "P", "who gives the tokens: a name below, or a URL", FOR(OAUTH2_LOGIN), TEXT(provider) },
	{ "user", "ADDRESS", "who logs in, usually the address that sends", FOR(OAUTH2_LOGIN), TEXT(user) },
	{ "client-id", "ID", "the client id that the provider gave you", FOR(OAUTH2_LOGIN), TEXT(client_id) },
	{ "client-secret-file", "F", "the file with the client's secret", FOR(OAUTH2_LOGIN), TEXT(client_secret_file) },
	{ "client-secret-command", "C", "the program that prints the client's secret", FOR(OAUTH2_LOGIN),
	  TEXT(client_secret_command) },
	{ "tenant", "T", "Microsoft's tenant", FOR(OAUTH2_LOGIN), TEXT(tenant) },
	{ "scope", "S", "what to ask for, if the usual is not right", FOR(OAUTH2_LOGIN), TEXT(scope) },
	{ "device", NULL, "log in with a code, in any browser", FOR(OAUTH2_LOGIN), .flow = FLOW_DEVICE },
	{ "browser", NULL, "log in in this machine's browser", FOR(OAUTH2_LOGIN), .flow = FLOW_BROWSER },
	{ "paste", NULL, "log in in any browser, paste its last address", FOR(OAUTH2_LOGIN), .flow = FLOW_PASTE },
	{ "client-credentials", NULL, "no person: the client's secret is all", FOR(OAUTH2_LOGIN), .flow = FLOW_CLIENT },
	{ "no-browser", NULL, "show the address, and start no browser", FOR(OAUTH2_LOGIN), FLAG(no_browser) },
	{ "port", "N", "where to wait for the browser (for ssh -L)", FOR(OAUTH2_LOGIN), .set = set_port },
	{ "redirect-uri", "U", "the redirect URI that the client has", FOR(OAUTH2_LOGIN), TEXT(redirect_uri) },
	{ "tls-trust-file", "F", "the authorities to trust", FOR(OAUTH2_LOGIN), TEXT(trust_file) },
	{ "insecure-http", NULL, "http to this machine is allowed; for tests", FOR(OAUTH2_LOGIN), FLAG(insecure_http) },
	{ "unlike", "SHA256", "another than the one with this digest", FOR(OAUTH2_TOKEN), .set = set_digest },
	{ "machine", NULL, "for root: write it for the senders of a group", FOR(OAUTH2_TOKEN), FLAG(machine) },
	{ "force", NULL, "even if the provider fails, or NAME is taken", FOR(OAUTH2_LOGOUT) | FOR(OAUTH2_IMPORT), FLAG(force) },
	{ "undo", NULL, "take an exported login back", FOR(OAUTH2_IMPORT), FLAG(undo) },
	{ "json", NULL, "as JSON", FOR(OAUTH2_LIST) | FOR(OAUTH2_STATUS), FLAG(json) },
};

static const char *option_name(size_t i)
{
	return i < COUNT(options) ? options[i].name : NULL;
}

static const char *command_name(size_t i)
{
	return i < COUNT(commands) ? commands[i].name : NULL;
}

/* ---- parsing ------------------------------------------------------------------------------------- */

#define SEE_HELP "postern-oauth2 help shows the commands and their options"

static bool hint_like(const char *wrong, const char *(*name)(size_t i), const char *before, struct err *e)
{
	const char *like = str_nearest(wrong, name);

	return like != NULL ? err_hint(e, "do you mean %s%s?  " SEE_HELP, before, like) : err_hint(e, SEE_HELP);
}

static const struct option *find_option(const char *word, size_t len)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (strlen(options[i].name) == len && memcmp(options[i].name, word, len) == 0)
			return &options[i];
	return NULL;
}

struct words { /* the arguments as they are gone through */
	char   **argv;
	int      argc, at;
	bool     ended;   /* by "--" */
	unsigned given;   /* options, a bit each */
	bool     command; /* was there one? */
};

static bool check_value(const struct option *o, const char *value, struct err *e)
{
	if (value == NULL || value[0] == '\0')
		return fail(e, ST_USAGE, FATE_PERM, "--%s needs a value", o->name);
	for (const char *p = value; *p != '\0'; p++)
		if (str_iscontrol(*p))
			return fail(e, ST_USAGE, FATE_PERM, "the value of --%s has a control character in it", o->name);
	return true;
}

static void *field(struct cli *c, size_t at)
{
	return (char *)c + at;
}

const char *cli_flow_word(int flow)
{
	size_t i = 0;

	while (options[i].flow != flow)
		i++;
	return options[i].name;
}

int cli_flow(const char *word)
{
	const struct option *o = word != NULL ? find_option(word, strlen(word)) : NULL;

	return o != NULL ? o->flow : FLOW_NONE;
}

static bool set_option(struct cli *c, const struct option *o, const char *value, struct err *e)
{
	if (o->flow != FLOW_NONE && c->flow != FLOW_NONE && c->flow != o->flow)
		return fail(e, ST_USAGE, FATE_PERM, "--%s and --%s are two ways to log in: give one of them",
			    cli_flow_word(c->flow), o->name);
	if (o->flow != FLOW_NONE)
		c->flow = o->flow;
	if (o->text != 0) {
		const char **text = field(c, o->text);

		*text = value;
	}
	if (o->flag != 0) {
		bool *flag = field(c, o->flag);

		*flag = true;
	}
	return o->set == NULL || o->set(c, value, e);
}

/* "--name", "--name=value" or "--name value". */
static bool take_option(struct words *w, struct cli *c, const char *word, struct err *e)
{
	size_t len = strcspn(word, "=");
	const struct option *o = find_option(word, len);
	const char *value = word[len] == '=' ? word + len + 1 : NULL;

	if (o == NULL) {
		fail(e, ST_USAGE, FATE_PERM, "there is no option --%.*s", (int)(len < 100 ? len : 100), word);
		return hint_like(word, option_name, "--", e);
	}
	if (o->arg == NULL && value != NULL)
		return fail(e, ST_USAGE, FATE_PERM, "--%s takes no value", o->name);
	if (o->arg != NULL && value == NULL && w->at < w->argc)
		value = w->argv[w->at++];
	w->given |= 1U << (o - options);
	return (o->arg == NULL || check_value(o, value, e)) && set_option(c, o, value, e);
}

static bool take_command(struct words *w, struct cli *c, const char *word, struct err *e)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(word, commands[i].name) == 0) {
			c->command = (enum oauth2_command)i;
			return w->command = true;
		}
	fail(e, ST_USAGE, FATE_PERM, "there is no command %.100s", word);
	return hint_like(word, command_name, "", e);
}

static bool take_operand(struct words *w, struct cli *c, const char *word, struct err *e)
{
	if (!w->command)
		return take_command(w, c, word, e);
	if (c->name != NULL || commands[c->command].operand == NO_NAME)
		return fail(e, ST_USAGE, FATE_PERM, "%s takes %s, and not %.100s", commands[c->command].name,
			    commands[c->command].operand == NO_NAME ? "no name" : "one name", word);
	c->name = word;
	return true;
}

static bool take_word(struct words *w, struct cli *c, const char *word, struct err *e)
{
	if (!w->ended && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0))
		return take_command(w, c, "help", e);
	if (!w->ended && (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0))
		return take_command(w, c, "version", e);
	if (!w->ended && strcmp(word, "--") == 0)
		return w->ended = true;
	if (!w->ended && word[0] == '-' && word[1] == '-')
		return take_option(w, c, word + 2, e);
	if (!w->ended && word[0] == '-')
		return fail(e, ST_USAGE, FATE_PERM, "there is no option %.100s", word);
	return take_operand(w, c, word, e);
}

/* It becomes part of a file's name. */
static bool check_name(const char *name, struct err *e)
{
	if (name == NULL || access_name_ok(name))
		return true;
	fail(e, ST_USAGE, FATE_PERM, "%.200s is no name for a login", name);
	return err_hint(e, ACCESS_NAME_RULE);
}

static bool check_options(const struct words *w, const struct cli *c, struct err *e)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if ((w->given & (1U << i)) != 0 && (options[i].commands & FOR(c->command)) == 0)
			return fail(e, ST_USAGE, FATE_PERM, "%s has no option --%s", commands[c->command].name, options[i].name);
	return true;
}

static bool parse(struct words *w, struct cli *c, struct err *e)
{
	while (w->at < w->argc)
		if (!take_word(w, c, w->argv[w->at++], e))
			return false;
	if (!w->command)
		return fail(e, ST_USAGE, FATE_PERM, "no command is given");
	if (commands[c->command].operand == ONE_NAME && c->name == NULL) {
		fail(e, ST_USAGE, FATE_PERM, "%s needs the name of a login", commands[c->command].name);
		return err_hint(e, c->command == OAUTH2_LOGIN || c->command == OAUTH2_IMPORT
				   ? "the name is yours to choose, such as your address"
				   : "postern-oauth2 list shows the logins");
	}
	return check_name(c->name, e) && check_options(w, c, e);
}

bool cli_parse(int argc, char **argv, struct cli *c, struct err *e)
{
	struct words w = { .argv = argv, .argc = argc, .at = 1 };

	_Static_assert(COUNT(options) <= 8 * sizeof w.given, "each option has a bit");
	*c = (struct cli){ .command = OAUTH2_HELP };
	if (parse(&w, c, e))
		return true;
	return e->hint[0] == '\0' ? err_hint(e, SEE_HELP) : false;
}

/* ---- the help ------------------------------------------------------------------------------------ */

static void show_option(const struct option *o)
{
	char left[48];

	snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
	printf("      %-27s %s\n", left, o->summary);
}

void cli_help(void)
{
	char providers[PROVIDER_NAMES];

	provider_names(providers);
	fputs("Usage: postern-oauth2 COMMAND [OPTION...] [NAME]\n"
	      "Logs in to a provider of mail once, and then has an access token whenever one\n"
	      "is needed.  NAME is yours to choose, such as your address.  The account that\n"
	      "sends needs only the line `oauth2 NAME`.\n\n", stdout);
	for (size_t i = 0; i < COUNT(commands); i++) {
		char left[32];

		snprintf(left, sizeof left, "%s%s", commands[i].name, commands[i].operand == ONE_NAME ? " NAME" : "");
		printf("  %-13s %s\n", left, commands[i].summary);
		for (size_t k = 0; k < COUNT(options); k++)
			if ((options[k].commands & FOR(i)) != 0)
				show_option(&options[k]);
	}
	printf("\nProviders: %s\n", providers);
	fputs("\nThe exit status is 0, or 64: the command line is wrong, 75: try again later,\n"
	      "76: the provider does not speak OAuth2, 77: a person must log in, 78: a setting\n"
	      "is wrong.  postern-oauth2(1) shows how to log in to each provider.\n", stdout);
}
