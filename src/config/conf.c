#include "config/conf.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/home.h"
#include "config/assign.h"
#include "config/environ.h"
#include "config/keys.h"
#include "config/reader.h"
#include "mail/address.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define SYSTEM_FILE SYSCONFDIR "/postern.conf"

enum { LAYER_SYSTEM, LAYER_USER };
enum { PORT_SUBMISSION = 587, PORT_SUBMISSIONS = 465, PORT_SMTP = 25 };

/* --------------------------------------------------------------------------------------- loading */

/* postern/config in $XDG_CONFIG_HOME or ~/.config; if there is no home, *path is NULL. */
static bool user_file(char **path, struct err *e)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home;
	int n = 0;

	*path = NULL;
	if (home_may_be(config))
		n = asprintf(path, "%s/postern/config", config);
	else if ((home = home_dir()) != NULL)
		n = asprintf(path, "%s/.config/postern/config", home);
	if (n >= 0)
		return true;
	*path = NULL;
	return fail_memory(e);
}

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
	char why[sizeof e->say + sizeof ": " + sizeof e->quote], *note;
	bool first = c->note == NULL;

	snprintf(why, sizeof why, "%s%s%s", e->say, e->quote[0] != '\0' ? ": " : "", e->quote);
	trace_note(0, "passed over: %s", why);
	if (asprintf(&note, "%s%s%s", first ? "passed over: " : c->note, first ? "" : "; ", why) < 0)
		return fail_memory(e);
	free(c->note);
	c->note = note;
	return true;
}

static bool read_optional(struct conf *c, const char *path, unsigned layer, struct err *e)
{
	enum reader_found found;

	if (reader_file(c, path, layer, &found, e)) {
		c->no_file = false;
		return true;
	}
	return found == READER_MISSING || (found == READER_CLOSED && pass_over(c, e));
}

/* Adds the note about files passed over to an error: one of them may have the account that another file inherits from. */
static bool hint_note(const struct conf *c, struct err *e)
{
	return c->note != NULL && e->hint[0] == '\0' ? err_hint(e, "%s", c->note) : false;
}

static bool read_files(struct conf *c, const char *file, struct err *e)
{
	enum reader_found found;
	char *path;
	bool ok;

	if (file != NULL) {
		c->no_file = false;
		return reader_file(c, file, LAYER_USER, &found, e);
	}
	c->no_file = true;
	note_ignored("HOME", secure_getenv("HOME"));
	note_ignored("XDG_CONFIG_HOME", secure_getenv("XDG_CONFIG_HOME"));
	if (!read_optional(c, SYSTEM_FILE, LAYER_SYSTEM, e) || !user_file(&path, e))
		return false;
	ok = path == NULL || read_optional(c, path, LAYER_USER, e);
	free(path);
	return ok;
}

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

static bool take_environment(struct conf *c, struct err *e)
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

static bool take_given(struct conf *c, const struct setting *s, struct err *e)
{
	const struct key *k = key_find(s->key, strlen(s->key));
	char place[64] = "--";

	if (k == NULL)
		return fail(e, ST_USAGE, FATE_PERM, "there is no key `%s`", s->key);
	for (size_t i = 0; k->name[i] != '\0' && i + 3 < sizeof place; i++)
		place[i + 2] = k->name[i] == '_' ? '-' : k->name[i];
	if (k->kind == KIND_SECRET) {
		fail(e, ST_USAGE, FATE_PERM, "%s: everybody can see the command line", place);
		return err_hint(e, "use --password-command or --password-file, or set POSTERN_PASSWORD");
	}
	return set_in_all(c, k, s->value, place, ST_USAGE, e);
}

static bool take_all_given(struct conf *c, const struct setting *given, size_t n, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		if (is_server(given[i].key))
			forget_sockets(c);
	for (size_t i = 0; ok && i < n; i++)
		ok = take_given(c, &given[i], e);
	return ok;
}

/* Sets what depends on several keys, when all of them are known. */
static void derive(struct account *a)
{
	if (a->net.port == 0 && a->net.socket == NULL && !a->smtp.lmtp)
		a->net.port = !a->tls.on ? PORT_SMTP : a->tls.starttls ? PORT_SUBMISSION : PORT_SUBMISSIONS;
	a->auth.has_cert = a->tls.cert_file != NULL;
	/* if `auth` is left at its default, a login is wanted only if there is a user */
	a->auth.wanted = a->auth.auth.n > 0 && (a->auth.user != NULL || key_was_set(a, "auth"));
	a->tls.timeout = a->smtp.timeout;
	a->secret.timeout = a->smtp.timeout;
	a->secret.optional = sasl_cert_may_do(&a->auth);
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

bool conf_load(struct conf *c, const char *file, const struct setting *given, size_t n_given, struct err *e)
{
	struct account *only;

	*c = (struct conf){ .accounts = calloc(1, sizeof *c->accounts) };
	if (c->accounts == NULL)
		return fail_memory(e);
	c->n = 1;
	set_patience(given, n_given);
	if (!account_begin(&c->accounts[0], e) || !read_files(c, file, e))
		return hint_note(c, e);
	if (c->n == 1 && !reader_add(c, "default", "", LAYER_USER, &only, e))
		return false;
	if (!take_environment(c, e) || !take_all_given(c, given, n_given, e))
		return false;
	for (size_t i = 1; i < c->n; i++)
		derive(&c->accounts[i]);
	return true;
}

/* -------------------------------------------------------------------------------------- choosing */

/* Is it hidden by an account of the same name in the user's file? */
static bool is_hidden(const struct conf *c, const struct account *a)
{
	return reader_account(c, a->name) != a;
}

static bool fits(const struct account *a, const char *sender)
{
	for (size_t i = 0; i < a->from.n; i++)
		if (address_matches(sender, a->from.items[i]))
			return true;
	return false;
}

/* The user's accounts are tried before the system's, each in the order of the file. */
static struct account *by_sender(const struct conf *c, const char *sender)
{
	for (unsigned layer = LAYER_USER + 1; layer-- > 0;)
		for (size_t i = 1; i < c->n; i++)
			if (c->accounts[i].layer == layer && fits(&c->accounts[i], sender)
			    && !is_hidden(c, &c->accounts[i]))
				return &c->accounts[i];
	return NULL;
}

static struct account *the_only(const struct conf *c)
{
	struct account *found = NULL;

	for (size_t i = 1; i < c->n; i++) {
		if (is_hidden(c, &c->accounts[i]))
			continue;
		if (found != NULL)
			return NULL;
		found = &c->accounts[i];
	}
	return found;
}

/* Adds a hint: "the accounts are: work, home", and which file was passed over. */
static bool hint_names(const struct conf *c, struct err *e)
{
	struct buf names = buf_max(ST_CONFIG, 200, "the names of accounts");
	struct err full;
	bool ok = true;

	for (size_t i = 1; ok && i < c->n; i++)
		if (!is_hidden(c, &c->accounts[i]))
			ok = buf_printf(&names, &full, "%s%s", names.len > 0 ? ", " : "", c->accounts[i].name);
	err_hint(e, "the accounts are: %s%s%s%s", buf_text(&names), ok ? "" : ", ...", c->note != NULL ? "; " : "",
		 c->note != NULL ? c->note : "");
	buf_free(&names);
	return false;
}

static bool find_account(struct conf *c, const char *name, const char *sender, struct account **chosen,
			 struct err *e)
{
	*chosen = NULL;
	if (name != NULL) {
		*chosen = reader_account(c, name);
		if (*chosen != NULL)
			return true;
		fail(e, ST_CONFIG, FATE_PERM, "there is no account `%s`", name);
		return hint_names(c, e);
	}
	if (sender != NULL && sender[0] != '\0')
		*chosen = by_sender(c, sender);
	if (*chosen == NULL)
		*chosen = reader_account(c, "default");
	if (*chosen == NULL)
		*chosen = the_only(c);
	if (*chosen != NULL)
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "no account was asked for, and none is called default%s%s",
	     sender != NULL && sender[0] != '\0' ? " or is for " : "", sender != NULL ? sender : "");
	return hint_names(c, e);
}

/* If `auth` was set but no login is possible, that is an error: the message must not be sent without a login. */
static bool lacks_user(const struct account *a)
{
	return key_was_set(a, "auth") && a->auth.auth.n > 0 && a->auth.user == NULL && !a->auth.has_cert
	    && !str_same(a->auth.auth.items[0], "EXTERNAL");
}

static bool lacks_server(const struct account *a)
{
	return a->net.hosts.n == 0 && a->net.socket == NULL;
}

static bool lacks_port(const struct account *a)
{
	return a->net.port == 0 && a->net.socket == NULL;
}

static bool lacks_key(const struct account *a)
{
	return a->tls.cert_file != NULL && a->tls.key_file == NULL;
}

static bool lacks_certificate(const struct account *a)
{
	return a->tls.cert_file == NULL && a->tls.key_file != NULL;
}

/* RFC 8689 2: REQUIRETLS may only be sent over verified TLS. */
static bool lacks_tls(const struct account *a)
{
	return a->wishes.require_tls && (!a->tls.on || (!a->tls.certcheck && a->tls.fingerprints.n == 0));
}

/* RFC 4865 4.1 (2). */
static bool holds_twice(const struct account *a)
{
	return a->wishes.hold_for > 0 && a->wishes.hold_until != 0;
}

static bool lacks_name(const struct account *a)
{
	return a->tls.on && a->net.hosts.n == 0 && a->tls.host_override == NULL && a->tls.certcheck
	    && a->tls.fingerprints.n == 0;
}

static const struct {
	bool (*lacks)(const struct account *a);
	const char *say, *hint;
} demands[] = {
	{ lacks_server, "names no server", "set `host`" },
	{ lacks_port, "is for LMTP, which has no usual port", "set `port` or `socket`" },
	{ lacks_key, "has tls_cert_file without tls_key_file", "set both or neither" },
	{ lacks_certificate, "has tls_key_file without tls_cert_file", "set both or neither" },
	{ lacks_name, "uses TLS over a socket and has no name to verify", "set `host`, or `tls off`" },
	{ lacks_tls, "has require_tls without verified TLS of its own", "set tls and tls_certcheck on" },
	{ holds_twice, "has hold_for and hold_until, which exclude each other", "set one of them to off" },
	{ lacks_user, "has `auth` but no `user`", "set `user`, or `auth off`" },
};

/* The hint names the user's file as postern computed it, since HOME may be another in the user's shell. */
static bool fail_no_file(const struct conf *c, struct err *e)
{
	bool closed = c->note != NULL;

	char *path;

	if (!user_file(&path, e))
		return false;
	fail(e, ST_CONFIG, FATE_PERM, "there is no configuration, and no host was given%s%s", closed ? "; " : "",
	     closed ? c->note : "");
	err_hint(e, "write `host`, `user` and `password_command` into %s%s%s", path != NULL ? path : "",
		 path != NULL ? " or " : "", SYSTEM_FILE);
	free(path);
	return false;
}

static bool check_whole(const struct conf *c, const struct account *a, struct err *e)
{
	bool somewhere = a->origin[0] != '\0';

	if (c->no_file && lacks_server(a))
		return fail_no_file(c, e);
	for (size_t i = 0; i < COUNT(demands); i++)
		if (demands[i].lacks(a)) {
			fail(e, ST_CONFIG, FATE_PERM, "%s%saccount %s %s", a->origin, somewhere ? ": " : "",
			     a->name, demands[i].say);
			return err_hint(e, "%s", demands[i].hint);
		}
	return true;
}

bool conf_choose(struct conf *c, const char *name, const char *sender, struct account **chosen, struct err *e)
{
	return find_account(c, name, sender, chosen, e) && check_whole(c, *chosen, e);
}

/* --------------------------------------------------------------------------------------- showing */

static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	return len == 0 || str_isblank(value[0]) || value[0] == '"' || str_isblank(value[len - 1])
	    || value[len - 1] == '"';
}

static void put_line(const char *key, const char *value, FILE *to)
{
	const char *quote = needs_quotes(value) ? "\"" : "";

	fprintf(to, "%s %s%s%s\n", key, quote, value, quote);
}

/* Without a user the default of `auth` has no effect.  It is printed as a comment, since as a line it would ask for a login. */
static bool is_idle(const struct account *a, const struct key *k)
{
	return str_same(k->name, "auth") && a->auth.user == NULL && !key_was_set(a, "auth");
}

static bool dump_key(const struct account *a, const struct key *k, FILE *to)
{
	struct buf value = buf_max(ST_CONFIG, 1024 * 1024, k->name);
	struct err e;
	bool ok = true;

	if (k->kind == KIND_SECRET && value_is_set(a, k)) {
		fprintf(to, "# %s: set, not shown\n", k->name);
	} else if (is_idle(a, k)) {
		fprintf(to, "# %s: no user, so nothing is tried\n", k->name);
	} else if (value_is_set(a, k)) {
		ok = value_show(a, k, &value, &e);
		put_line(k->name, buf_text(&value), to);
	} else if (k->standard != NULL && k->unset != NULL) {
		put_line(k->name, k->unset, to);
	}
	buf_free(&value);
	return ok;
}

bool conf_dump(const struct account *a, FILE *to)
{
	bool ok = true;

	put_line("account", a->name, to);
	for (const struct key *k = key_row(0); ok && k != NULL; k = key_next(k))
		if (key_is_real(k))
			ok = dump_key(a, k, to);
	return ok && fflush(to) == 0 && !ferror(to);
}

static int by_name(const void *a, const void *b)
{
	const struct key *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void list_key(const struct key *k, FILE *to)
{
	struct buf form = buf_max(ST_CONFIG, 200, k->name);
	struct err e;

	if (k->renamed_to != NULL)
		fprintf(to, "%s\trenamed to %s\n", k->name, k->renamed_to);
	else if (k->obsolete != NULL)
		fprintf(to, "%s\tignored: %s\n", k->name, k->obsolete);
	else if (k->missing)
		fprintf(to, "%s\tnot available\n", k->name);
	else if (value_form(k, &form, &e))
		fprintf(to, "%s\t%s\t%s\t%s\n", k->name, buf_text(&form), k->standard != NULL ? k->standard : "",
			k->summary);
	buf_free(&form);
}

void conf_list_keys(FILE *to)
{
	const struct key *sorted[128] = { NULL };
	size_t n = 0;

	for (const struct key *k = key_row(0); k != NULL && n < COUNT(sorted); k = key_next(k))
		sorted[n++] = k;
	qsort(sorted, n, sizeof sorted[0], by_name);
	for (size_t i = 0; i < n; i++)
		list_key(sorted[i], to);
}

const char *conf_key(const char *name, size_t len, bool *wants_value)
{
	const struct key *k = key_find(name, len);

	if (k == NULL)
		return NULL;
	*wants_value = !k->bare && !k->translates;
	return k->name;
}

const char *conf_key_name(size_t i)
{
	return key_name(i);
}

void conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->n; i++)
		account_free(&c->accounts[i]);
	free(c->accounts);
	free(c->note);
	*c = (struct conf){ 0 };
}
