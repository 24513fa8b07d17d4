#include "oauth2/leave.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/file.h"
#include "oauth2/grant.h"
#include "oauth2/provider.h"
#include "oauth2/store.h"
#include "oauth2/tell.h"

enum {
	REVOKE_S = 60,
	IMPORT_MAX = 256 * 1024, /* bytes */
};

/* What must always happen behind the steps. */
static void end(struct store *s, struct held_login *h)
{
	store_release(s, h);
	store_close(s);
}

/* Opens the store and takes a login that must be there. */
static bool begin(struct store *s, const char *name, struct held_login *h, bool *found, struct err *e)
{
	*found = false;
	*h = (struct held_login){ .lock = -1, .next = -1 };
	if (!store_open(s, false, e))
		return e->sys == ENOENT ? store_fail_missing(s, name, e) : false;
	return store_take(s, name, h, found, e);
}

/* ---- logout -------------------------------------------------------------------------------------- */

static void tell_revoke(const struct login *l)
{
	const struct provider *p = l->provider != NULL ? provider_find(l->provider) : NULL;

	if (p != NULL && p->revoke_help != NULL)
		tell("The provider still knows the login.  To end it there: %s", p->revoke_help);
	else
		tell("The provider still knows the login; it offers no way to end it by a program.");
}

/* Without a refresh token, the access token is all there is.  It ends by itself, so a provider that does not revoke it (RFC 7009
 * 2.2.1) is no failure. */
static void revoke_access(const struct login *l, const char *name, const struct http *http)
{
	struct access a = { 0 };
	char until[DATETIME_ROOM];
	bool found, offered;
	struct err unheard;

	if (access_read(name, &a, &found, &unheard) && found && access_is_good(&a, time(NULL), 0)
	    && !(grant_revoke(l, a.token, "access_token", http, &offered, &unheard) && offered)) {
		datetime_show(a.expires, until);
		tell("The provider does not revoke the access token.  It stays valid until %s.", until);
	}
	access_free(&a);
}

/* False: it is still valid at the provider. */
static bool revoke_it(const struct login *l, const char *name, struct err *e)
{
	const struct http http = { .trust_file = l->trust_file, .insecure = l->insecure_http, .until = clock_in_s(REVOKE_S) };
	bool offered = false;

	if (l->refresh_token == NULL) {
		revoke_access(l, name, &http);
		return true;
	}
	if (!grant_revoke(l, l->refresh_token, "refresh_token", &http, &offered, e))
		return false;
	if (!offered)
		tell_revoke(l);
	return true;
}

static bool tell_away(const char *name)
{
	tell("%s was exported, and stays valid where it is used now; what was left of it here is removed", name);
	return true;
}

static bool remove_all(struct store *s, struct held_login *h, struct err *e)
{
	return store_remove(s, h, e) && (geteuid() != 0 || store_drop_machine(h->name, e));
}

bool leave_logout(const char *name, bool force, struct err *e)
{
	struct store s;
	struct held_login h;
	bool found, ok = begin(&s, name, &h, &found, e);

	if (!ok && force && h.lock >= 0) {
		char text[ERR_TEXT];

		tell("warning: the login may still be valid at the provider: %s", err_text(e, text));
		ok = found = true; /* a file that is damaged or cannot be trusted */
	}
	if (ok && !found)
		ok = store_was_set_aside(&s, name) ? tell_away(name) : store_fail_missing(&s, name, e);
	if (ok && found && !revoke_it(&h.l, name, e)) {
		char text[ERR_TEXT];

		ok = force;
		if (ok)
			tell("warning: the login is still valid at the provider: %s", err_text(e, text));
		else
			err_hint(e, "the login is still valid at the provider, and stays here; postern-oauth2 logout --force %s",
				 name);
	}
	ok = ok && remove_all(&s, &h, e);
	end(&s, &h);
	return ok;
}

/* ---- export -------------------------------------------------------------------------------------- */

static bool print(const struct login *l, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, IMPORT_MAX, "the login");
	bool ok = login_put(&text, l, e);

	if (ok && !file_write_all(STDOUT_FILENO, text.bytes, text.len)) {
		ok = fail_sys(e, ST_SECRET, errno, "standard output did not take the login, which stays here");
		err_hint(e, "df -h .");
	}
	buf_wipe(&text);
	return ok;
}

bool leave_export(const char *name, struct err *e)
{
	struct store s;
	struct held_login h;
	bool found, ok;

	if (isatty(STDOUT_FILENO)) {
		fail(e, ST_USAGE, FATE_PERM, "the login has a refresh token in it, which is not shown on a terminal");
		return err_hint(e, "postern-oauth2 export %s | ssh HOST postern-oauth2 import %s", name, name);
	}
	ok = begin(&s, name, &h, &found, e);
	if (ok && !found)
		ok = store_fail_missing(&s, name, e);
	ok = ok && print(&h.l, e) && store_set_aside(&s, &h, e);
	if (ok)
		tell("%s is not used here any more.  To take it back: postern-oauth2 import --undo %s", name, name);
	if (ok && (h.l.client_secret_file != NULL || h.l.client_secret_command != NULL || h.l.trust_file != NULL))
		tell("It names files or programs of this machine (client secret, authorities), which must be there, too.");
	end(&s, &h);
	return ok;
}

/* ---- import -------------------------------------------------------------------------------------- */

static bool check_stdin(const char *name, struct err *e)
{
	if (!isatty(STDIN_FILENO))
		return true;
	fail(e, ST_USAGE, FATE_PERM, "standard input is a terminal, and a login cannot be typed");
	return err_hint(e, "ssh OTHER-MACHINE postern-oauth2 export %s | postern-oauth2 import %s", name, name);
}

static bool read_login(struct login *l, struct err *e)
{
	struct buf text = buf_max(ST_USAGE, IMPORT_MAX, "the login on standard input");
	struct err why;
	bool ok = file_read_open(STDIN_FILENO, "standard input", ST_USAGE, CLOCK_NEVER, &text, e);

	if (ok && !login_parse(l, buf_text(&text), text.len, &why)) {
		fail(e, ST_USAGE, FATE_PERM, "standard input has no login as `postern-oauth2 export` prints it");
		err_quote(e, why.say, strlen(why.say));
		ok = err_hint(e, "on the other machine:"
				 " postern-oauth2 export NAME | ssh THIS-MACHINE postern-oauth2 import NAME");
	}
	buf_wipe(&text);
	return ok;
}

static bool check_free(const struct held_login *h, bool found, bool force, struct err *e)
{
	if (!found || force || h->l.dead != NULL)
		return true;
	fail(e, ST_USAGE, FATE_PERM, "there is a login %s already", h->name);
	return err_hint(e, "postern-oauth2 import --force %s replaces it", h->name);
}

bool leave_import(const char *name, bool force, struct err *e)
{
	struct store s = { .at = { .dir = -1 } };
	struct held_login h = { .lock = -1, .next = -1 };
	struct login l = { 0 };
	bool found, ok;

	ok = check_stdin(name, e) && read_login(&l, e) && store_open(&s, true, e) && wrap_try(&s.wrap, e)
	  && (force ? store_take_over(&s, name, &h, &found, e) : store_take(&s, name, &h, &found, e))
	  && check_free(&h, found, force, e);
	if (ok) {
		login_free(&h.l);
		h.l = l;
		l = (struct login){ 0 };
		ok = store_drop_access(&s, name, e) && store_commit(&s, &h, e);
	}
	if (ok && h.l.client_secret_command != NULL)
		tell("For each token this login runs a command of its own: %s", h.l.client_secret_command);
	login_free(&l);
	end(&s, &h);
	return ok;
}

bool leave_import_undo(const char *name, struct err *e)
{
	struct store s;
	struct held_login h;
	bool found, ok = begin(&s, name, &h, &found, e) && store_take_back(&s, &h, e);

	end(&s, &h);
	return ok;
}
