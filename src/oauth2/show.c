#include "oauth2/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/datetime.h"
#include "oauth2/refusal.h"
#include "oauth2/store.h"
#include "oauth2/tell.h"
#include "secret/advice.h"

struct view { /* of one login */
	const char   *name;
	struct login  l;
	struct access a;
	bool          bad; /* something is wrong: */
	struct err    why;
};

/* ---- what is wrong ------------------------------------------------------------------------------- */

static bool fail_login(struct view *v, const char *what)
{
	fail(&v->why, ST_SECRET, FATE_PERM, "%s", what);
	return err_hint(&v->why, "postern-oauth2 login %s", v->name);
}

static bool fail_dead(struct view *v)
{
	fail(&v->why, ST_SECRET, FATE_PERM, "the login is over, and a person must log in again");
	err_quote(&v->why, v->l.dead, strlen(v->l.dead));
	(void)advice_add(&v->why, v->name);
	return v->why.hint[0] == '\0' ? err_hint(&v->why, "postern-oauth2 login %s", v->name) : false;
}

static bool fail_token(struct view *v)
{
	char host[HTTP_HOST];
	struct refusal r;

	refusal_recall(v->l.failed, &r);
	refusal_fail(&r, v->l.at.token != NULL ? http_host(v->l.at.token, host) : "the provider", &v->why);
	if (login_client_is_gone(&v->l))
		return err_hint(&v->why, LOGIN_REGISTERS, v->name);
	(void)advice_add(&v->why, v->name);
	return v->why.hint[0] == '\0' ? err_hint(&v->why, "postern-oauth2 token %s tries again", v->name) : false;
}

static bool is_refused(const struct view *v)
{
	char digest[ACCESS_DIGEST];
	struct err e;

	return v->l.refused[0] != '\0' && v->a.token != NULL && access_digest(v->a.token, digest, &e)
	    && strcmp(digest, v->l.refused) == 0;
}

/* False: v->why says what is wrong. */
static bool judge(struct view *v, int64_t now)
{
	if (v->l.dead != NULL)
		return fail_dead(v);
	if (v->l.failed != NULL)
		return fail_token(v);
	if (is_refused(v))
		return fail_login(v, "the mail server has refused a new access token:"
				     " is this the right account, and may it send?");
	if (v->l.kind == LOGIN_USER && v->l.refresh_token == NULL)
		return fail_login(v, "the provider gave no refresh token, so the login ends with its access token");
	if (v->a.token != NULL && now < v->a.obtained - ACCESS_CLOCK_S) {
		fail(&v->why, ST_SECRET, FATE_TEMP, "the access token is from the future: the clock has been set back");
		return err_hint(&v->why, "date");
	}
	return true;
}

static bool view_read(struct view *v, struct store *s, bool *found)
{
	bool access, ok = store_read(s, v->name, &v->l, found, &v->why);

	if (ok && *found)
		ok = access_read(v->name, &v->a, &access, &v->why) || v->why.fate == FATE_TEMP;
	if (v->a.machine)
		access_free(&v->a);
	v->bad = !ok || (*found && !judge(v, time(NULL)));
	return ok;
}

static void view_free(struct view *v)
{
	login_free(&v->l);
	access_free(&v->a);
}

/* ---- for people ---------------------------------------------------------------------------------- */

static void line(const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		tell_out("%-12s %s", name, value);
}

static void line_time(const char *name, int64_t at)
{
	char text[DATETIME_ROOM];

	if (at == 0)
		return;
	datetime_show(at, text);
	line(name, text);
}

static void show_token(const struct view *v)
{
	char text[DATETIME_ROOM];

	if (v->a.token == NULL) {
		line("token", v->bad ? "none" : "none; the next run gets one");
		return;
	}
	datetime_show(v->a.expires, text);
	tell_out("%-12s %s %s", "token",
		 access_is_good(&v->a, time(NULL), 0) ? "good until" : "over; it was good until", text);
}

static void show_why(const struct view *v)
{
	char text[ERR_TEXT];

	if (!v->bad)
		return;
	line("problem", err_text(&v->why, text));
	line("mend", v->why.hint);
}

static void show_view(const struct view *v)
{
	line("login", v->name);
	line("user", v->l.user);
	line("provider", v->l.provider);
	line("client", v->l.client_id);
	line("scope", v->l.scope);
	line("kind", v->l.kind == LOGIN_CLIENT ? "client credentials" : NULL);
	line_time("logged in", v->l.logged_in);
	line_time("refreshed", v->l.renewed);
	line_time("refused", v->l.failed_at);
	show_token(v);
	show_why(v);
}

/* ---- as JSON ------------------------------------------------------------------------------------- */

static bool add(json_t *to, const char *name, json_t *value)
{
	return json_object_set_new(to, name, value) == 0;
}

static bool add_text(json_t *to, const char *name, const char *text)
{
	return text == NULL || text[0] == '\0' || add(to, name, json_string(text));
}

static bool add_time(json_t *to, const char *name, int64_t at)
{
	return at == 0 || add(to, name, json_integer(at));
}

/* NULL: no memory. */
static json_t *view_json(const struct view *v)
{
	json_t *o = json_object();
	char text[ERR_TEXT];
	bool ok;

	ok = o != NULL && add_text(o, "login", v->name) && add_text(o, "user", v->l.user)
	  && add_text(o, "provider", v->l.provider)
	  && add_text(o, "client_id", v->l.client_id) && add_text(o, "scope", v->l.scope)
	  && add(o, "client_credentials", json_boolean(v->l.kind == LOGIN_CLIENT)) && add_time(o, "logged_in", v->l.logged_in)
	  && add_time(o, "refreshed", v->l.renewed)
	  && add_time(o, "refused", v->l.failed_at) && add_time(o, "expires", v->a.expires)
	  && add(o, "good", json_boolean(access_is_good(&v->a, time(NULL), 0)))
	  && (!v->bad || (add_text(o, "problem", err_text(&v->why, text)) && add_text(o, "mend", v->why.hint)));
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

static bool print_json(json_t *what, struct err *e)
{
	bool ok = what != NULL && json_dumpf(what, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 && putchar('\n') != EOF;

	json_decref(what);
	return ok || fail_memory(e);
}

/* ---- the commands -------------------------------------------------------------------------------- */

static void show_row(const struct view *v)
{
	char until[DATETIME_ROOM] = "";

	if (v->a.token != NULL)
		datetime_show(v->a.expires, until);
	tell_out("%-20s %-30s %-12s %s", v->name, v->l.user != NULL ? v->l.user : "-",
		 v->l.provider != NULL ? v->l.provider : "-",
		 v->bad ? v->why.say
		 : v->a.token != NULL && access_is_good(&v->a, time(NULL), 0) ? until : "good; no token now");
}

static bool show_one(struct store *s, const char *name, json_t *array, struct err *e)
{
	struct view v = { .name = name };
	bool found, ok = true;

	(void)view_read(&v, s, &found);
	if (found || v.bad) {
		if (array != NULL)
			ok = json_array_append_new(array, view_json(&v)) == 0 || fail_memory(e);
		else
			show_row(&v);
	}
	view_free(&v);
	return ok;
}

static bool show_all(struct store *s, const struct strlist *names, bool json, struct err *e)
{
	json_t *array = json ? json_array() : NULL;
	bool ok = !json || array != NULL || fail_memory(e);

	for (size_t i = 0; ok && i < names->n; i++)
		ok = show_one(s, names->items[i], array, e);
	if (names->n == 0 && !json)
		tell("There are no logins.  To log in: postern-oauth2 login NAME");
	if (ok && json)
		return print_json(array, e);
	json_decref(array);
	return ok;
}

bool show_list(bool json, struct err *e)
{
	struct store s = { .at = { .dir = -1 } };
	struct strlist names = { 0 };
	bool ok = store_open(&s, false, e) ? store_list(&s, &names, e) : e->sys == ENOENT;

	ok = ok && show_all(&s, &names, json, e);
	strlist_free(&names);
	store_close(&s);
	return ok;
}

static bool show_found(const struct view *v, bool json, struct err *e)
{
	if (json && !print_json(view_json(v), e))
		return false;
	if (!json)
		show_view(v);
	if (v->bad) {
		*e = v->why;
		e->say[0] = e->quote[0] = e->hint[0] = '\0';
	}
	return !v->bad;
}

bool show_status(const char *name, bool json, struct err *e)
{
	struct view v = { .name = name };
	struct store s = { .at = { .dir = -1 } };
	bool found = false, ok = store_open(&s, false, e);

	if (!ok && e->sys != ENOENT) {
		store_close(&s);
		return false;
	}
	ok = !ok || view_read(&v, &s, &found);
	ok = ok && !found ? store_fail_missing(&s, name, e) : show_found(&v, json, e);
	view_free(&v);
	store_close(&s);
	return ok;
}
