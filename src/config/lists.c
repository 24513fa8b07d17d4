#include "config/lists.h"

#include <stdlib.h>

#include "config/keys.h"
#include "config/msmtp.h"
#include "config/opts.h"
#include "config/value.h"

/* ------------------------------------------------------------------------------------------ keys */

struct entry { /* one of the two */
	const struct key   *key;
	const struct msmtp *old;
};

static const char *name_of(const struct entry *entry)
{
	return entry->key != NULL ? entry->key->name : entry->old->name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(name_of(a), name_of(b));
}

static void list_key(const struct key *k, FILE *to)
{
	struct buf form = buf_max(ST_CONFIG, 200, k->name);
	struct err e;

	if (value_form(k, &form, &e))
		fprintf(to, "%s\t%s\t%s\t%s\n", k->name, buf_text(&form), k->standard != NULL ? k->standard : "",
			k->summary);
	buf_free(&form);
}

static void list_old(const struct msmtp *m, FILE *to)
{
	if (m->key != NULL)
		fprintf(to, "%s\trenamed to %s\n", m->name, m->key);
	else if (m->ignored != NULL)
		fprintf(to, "%s\tignored: %s\n", m->name, m->ignored);
	else
		fprintf(to, "%s\tnot available\n", m->name);
}

void list_keys(FILE *to)
{
	struct entry sorted[128];
	size_t n = 0;

	for (const struct key *k = key_row(0); k != NULL && n < COUNT(sorted); k = key_next(k))
		sorted[n++] = (struct entry){ .key = k };
	for (size_t i = 0; msmtp_row(i) != NULL && n < COUNT(sorted); i++)
		sorted[n++] = (struct entry){ .old = msmtp_row(i) };
	qsort(sorted, n, sizeof sorted[0], by_name);
	for (size_t i = 0; i < n; i++)
		if (sorted[i].key != NULL)
			list_key(sorted[i].key, to);
		else
			list_old(sorted[i].old, to);
}

/* --------------------------------------------------------------------------------------- options */

/* What the value looks like; if the option sets a key, the key's row says it. */
static bool put_form(const struct option *p, struct buf *to, struct err *e)
{
	const char *arg = p->arg != NULL ? p->arg : "";

	if (p->key != NULL)
		return value_form(key_find(p->key, strlen(p->key)), to, e);
	if (p->arity == ARITY_ATTACHED)
		return buf_printf(to, e, "[%s]", arg);
	return buf_str(to, p->form != NULL ? p->form : arg, e);
}

static void list_spelling(const struct option *p, const char *spelling, FILE *to)
{
	const char *summary = p->summary != NULL ? p->summary : "not available";
	struct buf form = buf_max(ST_USAGE, 200, spelling);
	struct err e;

	if (put_form(p, &form, &e))
		fprintf(to, "%s\t%s\t%s%s\n", spelling, buf_text(&form), p->ignored != NULL ? "accepted, ignored: " : "",
			p->ignored != NULL ? p->ignored : summary);
	buf_free(&form);
}

void list_options(FILE *to)
{
	const struct option *p;

	for (size_t i = 0; (p = opts_row(i)) != NULL; i++) {
		char letter[] = { '-', p->letter, '\0' }, name[64];

		if (p->letter != '\0')
			list_spelling(p, letter, to);
		snprintf(name, sizeof name, "--%s", p->name != NULL ? p->name : "");
		if (p->name != NULL)
			list_spelling(p, name, to);
	}
}
