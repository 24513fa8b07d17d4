#include "config/conf.h"

#include <stdlib.h>

#include "base/array.h"
#include "config/set.h"

_Static_assert(CONF_SLOTS >= 2 * CONF_ACCOUNTS_MAX, "there is always a free slot");

/* The slot that has the name, or the free one where it belongs.  With this hash the time for many accounts is linear. */
static size_t slot(const struct conf *c, const char *name)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619U;
	hash ^= hash >> 15;
	while (c->slots[hash % CONF_SLOTS] != 0 && strcmp(c->accounts[c->slots[hash % CONF_SLOTS]].name, name) != 0)
		hash++;
	return hash % CONF_SLOTS;
}

struct account *conf_below(const struct conf *c, const char *name, size_t below)
{
	size_t i = c->slots[slot(c, name)];

	while (i >= below)
		i = c->accounts[i].hides;
	return i > 0 ? &c->accounts[i] : NULL;
}

struct account *conf_account(const struct conf *c, const char *name)
{
	return conf_below(c, name, c->n);
}

static void name_account(struct conf *c, struct account *made)
{
	uint16_t *at = &c->slots[slot(c, made->name)];

	made->hides = *at;
	*at = (uint16_t)(made - c->accounts);
}

bool conf_add(struct conf *c, const char *name, const char *origin, unsigned layer, struct account **made, struct err *e)
{
	struct account *more = array_grow(c->accounts, c->n, sizeof *more, e);

	if (more == NULL)
		return false;
	c->accounts = more;
	*made = &more[c->n];
	**made = (struct account){ .layer = layer };
	c->n++;
	if (((*made)->name = str_dup(name, e)) == NULL)
		return false;
	name_account(c, *made);
	return ((*made)->origin = str_dup(origin, e)) != NULL && account_copy(*made, &more[0], e);
}

bool conf_hint_loose(struct err *e)
{
	return err_hint(e, "the keys there stand before any account line, so they are an account with the name default; if they"
			   " are for all accounts, write the line `defaults` above them");
}

void conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->n; i++)
		account_free(&c->accounts[i]);
	free(c->accounts);
	strlist_free(&c->files);
	free(c->note);
	*c = (struct conf){ 0 };
}
