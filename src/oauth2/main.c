/*
 * main.c - postern-oauth2 logs in to providers of OAuth2 and prints access tokens: calls the function of the command.
 */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/rights.h"
#include "base/signals.h"
#include "oauth2/cli.h"
#include "oauth2/leave.h"
#include "oauth2/renew.h"
#include "oauth2/show.h"
#include "oauth2/signin.h"
#include "oauth2/tell.h"
#include "secret/advice.h"

enum { TOKEN_S = 60 }; /* for all requests of one `token` */

static bool give(const struct cli *c, const struct access *a, struct err *e)
{
	if (c->machine)
		return store_put_machine(c->name, a, e);
	return printf("%s\n", a->token) >= 0 || fail_sys(e, ST_SECRET, errno, "cannot print the token");
}

static bool token(const struct cli *c, struct err *e)
{
	const struct renew_wish w = { .unlike = c->unlike, .until = clock_in_s(TOKEN_S),
				      .margin = c->machine ? RENEW_MACHINE_MARGIN_S : ACCESS_MARGIN_S };
	struct store s;
	struct access a = { 0 };
	char *warning = NULL;
	bool ok = store_open(&s, false, e);

	if (!ok && e->sys == ENOENT)
		store_fail_missing(&s, c->name, e);
	ok = ok && renew(&s, c->name, &w, &a, &warning, e) && give(c, &a, e);
	if (warning != NULL)
		tell("postern-oauth2: warning: %s", warning);
	free(warning);
	access_free(&a);
	store_close(&s);
	return ok;
}

static bool run(const struct cli *c, struct err *e)
{
	switch (c->command) {
	case OAUTH2_LOGIN: return signin(c, e);
	case OAUTH2_TOKEN: return token(c, e);
	case OAUTH2_LIST: return show_list(c->json, e);
	case OAUTH2_STATUS: return show_status(c->name, c->json, e);
	case OAUTH2_LOGOUT: return leave_logout(c->name, c->force, e);
	case OAUTH2_EXPORT: return leave_export(c->name, e);
	case OAUTH2_IMPORT: return c->undo ? leave_import_undo(c->name, e) : leave_import(c->name, c->force, e);
	case OAUTH2_HELP: cli_help(); break;
	case OAUTH2_VERSION: printf("postern-oauth2 %s\n", PACKAGE_VERSION); break;
	}
	return true;
}

/* A full disk behind standard output must not look like success. */
static bool printed(struct err *e)
{
	errno = 0;
	return (fflush(stdout) == 0 && ferror(stdout) == 0) || fail_sys(e, ST_SECRET, errno, "cannot write standard output");
}

/* The words of a server and a hint may have several lines; each is told alone. */
static void tell_lines(const char *before, const char *text)
{
	for (const char *at = text; *at != '\0'; at += strspn(at, "\n")) {
		size_t n = strcspn(at, "\n");

		tell("%s%.*s", before, (int)n, at);
		at += n;
	}
}

static void report(const struct err *e)
{
	tell("postern-oauth2: %s", e->say);
	tell_lines("", e->quote);
	tell_lines("hint: ", e->hint);
}

/* Whatever nobody has given a better hint for. */
static void add_hint(const struct cli *c, struct err *e)
{
	const char *name = c->name != NULL ? c->name : "NAME";

	if (e->hint[0] != '\0' || signals_stopping() != 0 || advice_add(e, c->name))
		return;
	if (e->fate == FATE_TEMP && c->command == OAUTH2_LOGIN)
		err_hint(e, "run the same command again later;"
			    " if that does not help, check the network, https_proxy and --provider");
	else if (e->fate == FATE_TEMP || e->fate == FATE_UNKNOWN)
		err_hint(e, "try again later; what is known of the login: postern-oauth2 status %s", name);
	else if (e->fate == FATE_NONSENSE)
		err_hint(e, "does this network ask for a login of its own?  If not, is this the right provider?"
			    "  postern-oauth2 login %s --provider P", name);
	else if (e->stage == ST_CONFIG)
		err_hint(e, "postern-oauth2 login %s, with the options that postern-oauth2(1) shows for the provider", name);
	else
		err_hint(e, "postern-oauth2 login %s", name);
}

/* Whatever may succeed later is 75: programs that call us know no other number for it. */
static int status_of(const struct err *e)
{
	return e->fate == FATE_TEMP || e->fate == FATE_UNKNOWN ? EX_TEMPFAIL : err_exit_status(e);
}

int main(int argc, char **argv)
{
	struct cli c;
	struct err e;

	rights_drop();
	(void)file_sanitise_std();
	rights_harden();
	signals_catch();
	login_json_start();
	if (cli_parse(argc, argv, &c, &e) && run(&c, &e) && printed(&e))
		return EX_OK;
	(void)fflush(stdout);
	if (e.say[0] != '\0') { /* else it was shown already */
		add_hint(&c, &e);
		report(&e);
	}
	return status_of(&e);
}
