/*
 * cli.h - the command line of postern-oauth2: COMMAND [OPTION...] NAME, from one table of commands and one of options, which
 * --help, the completions and the manual are checked against.
 *
 * Touches no file and no server.  Options may stand before or behind the operand.
 */
#ifndef OAUTH2_CLI_H
#define OAUTH2_CLI_H

#include "base/str.h"

enum oauth2_command {
	OAUTH2_LOGIN,
	OAUTH2_TOKEN,
	OAUTH2_LIST,
	OAUTH2_STATUS,
	OAUTH2_LOGOUT,
	OAUTH2_EXPORT,
	OAUTH2_IMPORT,
	OAUTH2_HELP,
	OAUTH2_VERSION,
};

struct cli { /* all borrowed from argv or static; NULL, 0 or false: not given */
	enum oauth2_command command;
	const char *name;               /* of the login */
	/* login */
	const char *provider, *user, *client_id, *client_secret_file, *client_secret_command, *tenant, *scope, *redirect_uri,
		   *trust_file;
	int         flow;               /* enum flow of oauth2/provider */
	bool        no_browser, insecure_http;
	unsigned    port;
	/* the others */
	const char *unlike;             /* token: a SHA-256 in 64 lower-case hexadecimal digits */
	bool        force, undo, json;
	bool        machine;            /* token: writes the access token where the senders of the machine's group read it */
};

bool cli_parse(int argc, char **argv, struct cli *c, struct err *e) MUST_CHECK;
void cli_help(void);

/* The option (without its dashes) for a flow that is not FLOW_NONE, and back; FLOW_NONE: the word (may be NULL) is none. */
const char *cli_flow_word(int flow);
int         cli_flow(const char *word);

#endif
