#include "config/dump.h"

#include "config/keys.h"
#include "config/set.h"

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

bool dump_account(const struct account *a, FILE *to)
{
	bool ok = true;

	put_line("account", a->name, to);
	for (const struct key *k = key_row(0); ok && k != NULL; k = key_next(k))
		ok = dump_key(a, k, to);
	return ok && fflush(to) == 0 && !ferror(to);
}
