#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/file.h"
#include "base/home.h"
#include "base/steps.h"
#include "base/trace.h"
#include "config/environ.h"
#include "config/file.h"
#include "config/keys.h"
#include "config/msmtp.h"
#include "config/places.h"
#include "config/set.h"
#include "config/url.h"
#include "config/value.h"
#include "net/resolve.h"
#include "secret/access.h"

enum { PORT_SUBMISSION = 587, PORT_SUBMISSIONS = 465, PORT_SMTP = 25 };

/* ----------------------------------------------------------------------------------------- files */

/* If HOME or XDG_CONFIG_HOME is not used, a note in the trace says why the file there is not read.  No note is needed if the
 * user database names the same directory. */
static void note_ignored(const char *variable, const char *dir)
{
	const char *home;

	if (dir == NULL || dir[0] == '\0' || home_may_be(dir))
		return;
	home = home_dir();
	if (home == NULL || strcmp(dir, home) != 0)
		trace_note(0, "%s is ignored: %s is no directory that belongs to this user", variable, dir);
}

/* Passes over a file that is for other users: the system's file may be unreadable for us, and another user's environment leads
 * to that user's file.  Neither is a reason to refuse mail. */
static bool pass_over(struct conf *c, struct err *e)
{
	char why[ERR_TEXT], *note;
	bool first = c->note == NULL;

	err_text(e, why);
	trace_note(0, "passed over: %s", why);
	step_fact(ST_CONFIG, "passed over: %s", why);
	if (asprintf(&note, "%s%s%s", first ? "passed over: " : c->note, first ? "" : "; ", why) < 0)
		return fail_memory(e);
	free(c->note);
	c->note = note;
	return true;
}

/* Reads the file if it is there (NULL: it is nowhere). */
static bool read_optional(struct conf *c, const char *path, unsigned layer, bool *there, struct err *e)
{
	enum conf_found found = CONF_MISSING;

	if (path != NULL && conf_read_file(c, path, layer, &found, e)) {
		c->no_file = false;
		found = CONF_OPENED;
	} else if (path != NULL && found != CONF_MISSING && (found != CONF_CLOSED || !pass_over(c, e))) {
		return false;
	}
	*there = *there || found != CONF_MISSING;
	return true;
}

static bool read_users(struct conf *c, bool (*place)(char **path, struct err *e), bool *there, struct err *e)
{
	char *path;
	bool ok = place(&path, e) && read_optional(c, path, LAYER_USER, there, e);

	free(path);
	return ok;
}

/* Does the environment or the command line name a server?  Then that is a configuration, and another server's login is not for
 * it. */
static bool names_server(const struct options *o, bool *does, struct err *e)
{
	static const char *const names[] = { "url", "host", "socket" };
	bool ok = true;

	*does = false;
	for (size_t i = 0; ok && i < COUNT(names); i++) {
		const struct key *k = key_find(names[i], strlen(names[i]));
		struct environ_value v = { 0 };

		ok = environ_get(k, &v, e);
		*does = *does || v.found;
		environ_free(&v);
		for (size_t j = 0; j < o->n_settings; j++)
			*does = *does || key_is_named(o->settings[j].key, strlen(o->settings[j].key), names[i]);
	}
	return ok;
}

/* msmtp's own places in its order. */
static bool read_msmtps(struct conf *c, struct err *e)
{
	bool system = false, user = false;
	bool ok = read_optional(c, PLACES_MSMTP_SYSTEM, LAYER_SYSTEM, &system, e)
	       && read_users(c, places_msmtp_user, &user, e) && (user || read_users(c, places_msmtp_second, &user, e));

	if (ok && !c->no_file)
		trace_note(0, "there is no configuration of postern's, so that of msmtp is read");
	return ok;
}

/* A file of ours that is there counts as our configuration, even if it is passed over. */
static bool read_usual(struct conf *c, const struct options *o, struct err *e)
{
	bool there = false;

	c->no_file = true;
	note_ignored("HOME", secure_getenv("HOME"));
	note_ignored("XDG_CONFIG_HOME", secure_getenv("XDG_CONFIG_HOME"));
	if (!read_optional(c, PLACES_SYSTEM, LAYER_SYSTEM, &there, e) || !read_users(c, places_user, &there, e))
		return false;
	return there || (names_server(o, &there, e) && (there || read_msmtps(c, e)));
}

static bool read_files(struct conf *c, const struct options *o, struct err *e)
{
	enum conf_found found;

	return o->config_file != NULL ? conf_read_file(c, o->config_file, LAYER_USER, &found, e) : read_usual(c, o, e);
}

/* Adds the note about files passed over to an error: one of them may have the account that another file inherits from. */
static bool hint_note(const struct conf *c, struct err *e)
{
	return c->note != NULL && e->hint[0] == '\0' ? err_hint(e, "%s", c->note) : false;
}

/* ------------------------------------------------------------------ environment and command line */

/* If the environment or the command line names a server, the `socket` of a file is not used. */
static void forget_sockets(struct conf *c)
{
	for (size_t i = 1; i < c->n; i++)
		value_clear(&c->accounts[i], key_find("socket", strlen("socket")));
}

static bool is_server(const char *key)
{
	const struct key *k = key_find(key, strlen(key));

	return k != NULL && (strcmp(k->name, "host") == 0 || strcmp(k->name, "url") == 0);
}

static bool set_in_all(struct conf *c, const struct key *k, const char *value, const char *place,
		       enum stage st, struct err *e)
{
	for (size_t i = 1; i < c->n; i++)
		if (!key_set(&c->accounts[i], k, value, place, st, e))
			return false;
	return true;
}

static bool set_from_environment(struct conf *c, struct err *e)
{
	bool ok = true;

	if (!environ_any())
		return true;
	for (const struct key *k = key_row(0); ok && k != NULL; k = key_next(k)) {
		struct environ_value v = { 0 };

		ok = environ_get(k, &v, e);
		if (ok && v.found) {
			if (is_server(k->name))
				forget_sockets(c);
			ok = set_in_all(c, k, buf_text(&v.text), v.place, ST_CONFIG, e);
		}
		environ_free(&v);
	}
	return ok;
}

static bool set_given(struct conf *c, const struct setting *s, struct err *e)
{
	const struct key *k = key_find(s->key, strlen(s->key));
	const struct msmtp *old = k == NULL ? msmtp_find(s->key, strlen(s->key)) : NULL;
	const char *value = s->value;
	char place[64] = "--";

	if (k == NULL && old == NULL)
		return fail(e, ST_USAGE, FATE_PERM, "there is no key `%s`", s->key);
	for (size_t i = 0; s->key[i] != '\0' && i + 3 < sizeof place; i++)
		place[i + 2] = s->key[i] == '_' ? '-' : s->key[i];
	if (k != NULL && k->kind == KIND_SECRET) {
		fail(e, ST_USAGE, FATE_PERM, "%s: everybody can see the command line", place);
		return err_hint(e, "use --password-command or --password-file, or set POSTERN_PASSWORD");
	}
	if (old != NULL && !msmtp_translate(old, &value, &k, place, ST_USAGE, e))
		return false;
	return k == NULL || set_in_all(c, k, value, place, ST_USAGE, e);
}

static bool set_all_given(struct conf *c, const struct setting *given, size_t n, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		if (is_server(given[i].key))
			forget_sockets(c);
	for (size_t i = 0; ok && i < n; i++)
		ok = set_given(c, &given[i], e);
	return ok;
}

/* ------------------------------------------------------------------------------------------ -S */

static bool set_in_only(struct conf *c, const char *key, const char *value, struct err *e)
{
	return key_set(&c->accounts[1], key_find(key, strlen(key)), value, "-S", ST_USAGE, e);
}

/* The one account of -S: HOST or HOST:PORT, as BusyBox and catchers of mail in development take it. */
static bool set_server(struct conf *c, const char *server, struct err *e)
{
	struct account *only;
	struct err why;
	struct url u;
	char *url, port[16];
	bool fits;

	if (asprintf(&url, "smtp://%s", server) < 0)
		return fail_memory(e);
	fits = url_parse(url, &u, &why) && u.user[0] == '\0' && strchr(server, '/') == NULL;
	free(url);
	if (!fits) {
		fail(e, ST_USAGE, FATE_PERM, "-S must be HOST or HOST:PORT, not `%s`", server);
		return err_hint(e, "an IPv6 address needs brackets: [2001:db8::1]:587");
	}
	snprintf(port, sizeof port, "%u", u.port);
	return conf_add(c, "default", "", LAYER_USER, &only, e) && set_in_only(c, "host", u.host, e)
	    && (u.port == 0 || set_in_only(c, "port", port, e)) && set_in_only(c, "auth", "off", e)
	    && (!resolve_is_loopback(u.host) || set_in_only(c, "tls", "off", e));
}

/* -------------------------------------------------------------------------------------- together */

/* Without `user`, the login says who logs in; if its file cannot be read now, deliver/smarthost asks for it.  The sender and the
 * choice of the account depend on it. */
static bool take_user(struct account *a, struct err *e)
{
	struct access login = { 0 };
	struct err unheard;
	bool found;

	if (a->auth.oauth2 == NULL || a->auth.user != NULL)
		return true;
	if (access_read(a->auth.oauth2, &login, &found, &unheard) && found && login.user != NULL)
		a->auth.user = str_dup(login.user, e);
	found = login.user == NULL || a->auth.user != NULL;
	access_free(&login);
	return found;
}

/* Sets what depends on several keys, when all of them are known. */
static bool derive(struct account *a, struct err *e)
{
	bool local = a->net.socket != NULL && a->net.hosts.n == 0; /* the kernel protects it and names us */

	if (local && !key_was_set(a, "tls"))
		a->tls.on = false;
	if (a->net.port == 0 && a->net.socket == NULL && !a->smtp.lmtp)
		a->net.port = !a->tls.on ? PORT_SMTP : a->tls.starttls ? PORT_SUBMISSION : PORT_SUBMISSIONS;
	a->auth.has_cert = a->tls.cert_file != NULL;
	a->auth.oauth2 = a->secret.oauth2;
	/* if `auth` is left at its default, a login is wanted only if there is a user */
	a->auth.wanted = a->auth.auth.n > 0
		      && (((a->auth.user != NULL || a->auth.oauth2 != NULL) && !local) || key_was_set(a, "auth"));
	a->tls.timeout = a->smtp.timeout;
	a->secret.timeout = a->smtp.timeout;
	a->secret.optional = a->auth.oauth2 == NULL && sasl_cert_may_do(&a->auth);
	return take_user(a, e);
}

/* Configuration files may be pipes, so --timeout must be known before they are read.  An invalid value is ignored here; it
 * becomes an error when all options are set. */
static void set_patience(const struct setting *given, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct key *k = key_find(given[i].key, strlen(given[i].key));
		struct account a = { 0 };
		struct err unread;

		if (k != NULL && strcmp(k->name, "timeout") == 0 && account_begin(&a, &unread)
		    && key_set(&a, k, given[i].value, "", ST_USAGE, &unread))
			file_patience(a.smtp.timeout);
		account_free(&a);
	}
}

static void tell_files(const struct conf *c)
{
	for (size_t i = 0; i < c->files.n; i++) {
		trace_note(0, "read %s", c->files.items[i]);
		step_fact(ST_CONFIG, "read %s", c->files.items[i]);
	}
	if (c->files.n == 0) {
		trace_note(0, "no configuration file was read");
		step_fact(ST_CONFIG, "no configuration file was read");
	}
}

/* The files, and the environment over them. */
static bool read_all(struct conf *c, const struct options *o, struct err *e)
{
	struct account *only;

	if (!read_files(c, o, e))
		return hint_note(c, e);
	tell_files(c);
	return (c->n > 1 || conf_add(c, "default", "", LAYER_USER, &only, e)) && set_from_environment(c, e);
}

bool conf_load(struct conf *c, const struct options *o, struct err *e)
{
	*c = (struct conf){ .accounts = array_grow(NULL, 0, sizeof *c->accounts, e) };
	if (c->accounts == NULL)
		return false;
	c->accounts[c->n++] = (struct account){ 0 };
	set_patience(o->settings, o->n_settings);
	if (!account_begin(&c->accounts[0], e) || !(o->server != NULL ? set_server(c, o->server, e) : read_all(c, o, e))
	    || !set_all_given(c, o->settings, o->n_settings, e))
		return false;
	for (size_t i = 1; i < c->n; i++)
		if (!derive(&c->accounts[i], e))
			return false;
	return true;
}
