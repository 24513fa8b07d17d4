#include "config/dump.h"

#include "base/printable.h"
#include "base/steps.h"
#include "config/keys.h"
#include "config/set.h"
#include "config/value.h"

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
	return str_same(k->name, "auth") && a->auth.user == NULL && a->auth.oauth2 == NULL && !key_was_set(a, "auth");
}

static bool dump_key(const struct account *a, const struct key *k, FILE *to, struct err *e)
{
	struct buf value = buf_max(ST_CONFIG, 1024 * 1024, k->name);
	bool ok = true;

	if (k->kind == KIND_SECRET && value_is_set(a, k)) {
		fprintf(to, "# %s: set, not shown\n", k->name);
	} else if (is_idle(a, k)) {
		fprintf(to, "# %s: no user, so nothing is tried\n", k->name);
	} else if (value_is_set(a, k)) {
		ok = value_show(a, k, &value, e);
		put_line(k->name, buf_text(&value), to);
	} else if (k->standard != NULL && k->unset != NULL) {
		put_line(k->name, k->unset, to);
	}
	buf_free(&value);
	return ok;
}

/* A command may hold a secret, so it is not shown. */
static void tell_key(const struct account *a, const struct key *k)
{
	struct buf value = buf_max(ST_CONFIG, 1024 * 1024, k->name);
	struct err e;

	if (k->kind == KIND_SECRET || (k->source && (k->shell || k->quotes)))
		step_fact(ST_CONFIG, "%s, not shown, from %s", k->name, key_place(a, k));
	else if (value_show(a, k, &value, &e))
		step_fact(ST_CONFIG, "%s %s, from %s", k->name, buf_text(&value), key_place(a, k));
	buf_free(&value);
}

void dump_places(const struct account *a)
{
	for (const struct key *k = key_row(0); k != NULL; k = key_next(k))
		if (key_place(a, k) != NULL && value_is_set(a, k))
			tell_key(a, k);
	step_fact(ST_CONFIG, "all other keys have their default values, which --dump-config shows");
}

/* A path may have any bytes in it: a line end must not end the comment. */
static void put_comment(const char *before, const char *text, FILE *to)
{
	char shown[2000];

	printable(shown, sizeof shown, text, strlen(text), false);
	fprintf(to, "# %s%s\n", before, shown);
}

void dump_sources(const struct conf *c, const struct account *a, const char *why, FILE *to)
{
	for (size_t i = 0; i < c->files.n; i++)
		put_comment("read ", c->files.items[i], to);
	if (c->files.n == 0)
		put_comment("no configuration file was read", "", to);
	if (c->note != NULL)
		put_comment("", c->note, to);
	if (a->origin[0] != '\0')
		put_comment("the account begins at ", a->origin, to);
	put_comment("this account was chosen, since ", why, to);
}

bool dump_account(const struct account *a, FILE *to, struct err *e)
{
	bool ok = true;

	put_line("account", a->name, to);
	for (const struct key *k = key_row(0); ok && k != NULL; k = key_next(k))
		ok = dump_key(a, k, to, e);
	return ok;
}
