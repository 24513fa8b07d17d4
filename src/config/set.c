#include "config/set.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/keys.h"
#include "config/url.h"
#include "config/value.h"

static const struct key *named(const char *name)
{
	return key_find(name, strlen(name));
}

static void mark(struct account *a, const struct key *k)
{
	size_t i = key_index(k);

	a->set[i / 64] |= UINT64_C(1) << i % 64;
}

static bool is_marked(const struct account *a, const struct key *k)
{
	size_t i = key_index(k);

	return (a->set[i / 64] >> i % 64 & 1) != 0;
}

const char *key_place(const struct account *a, const struct key *k)
{
	return a->places[key_index(k)];
}

bool key_was_set(const struct account *a, const char *name)
{
	return is_marked(a, named(name));
}

/* Only the source of the password that was set last counts.  Otherwise a `password` in the defaults would win over the
 * `password_command` of an account. */
static void clear_rivals(struct account *a, const struct key *k)
{
	if (!k->source || !value_is_set(a, k))
		return;
	for (const struct key *other = key_row(0); other != NULL; other = key_next(other))
		if (other->source && other != k)
			value_clear(a, other);
}

/* The length of FILE in "FILE:LINE".  Other places have no line (0), and what counts of them is the kind: that of "--oauth2" is
 * "", and that of "POSTERN_OAUTH2" is "POSTERN". */
static size_t file_of(const char *place, uint64_t *line)
{
	const char *colon = strrchr(place, ':');

	*line = 0;
	return colon != NULL && str_number(colon + 1, 0, UINT32_MAX, line) ? (size_t)(colon - place) : strcspn(place, "_-");
}

/* Were both set in the same section of a file, or both outside of files in the same way?  What an account inherits comes from
 * other lines, and the account's own keys replace it. */
static bool is_same_section(const struct account *a, const char *one, const char *other)
{
	uint64_t x, y, begin = 0;
	size_t n = file_of(one, &x);

	if (file_of(other, &y) != n || strncmp(one, other, n) != 0)
		return false;
	if (a->origin != NULL && a->origin[0] != '\0' && x != 0)
		(void)file_of(a->origin, &begin);
	return x >= begin && y >= begin;
}

/* A login and a password in one place: nobody can say which is meant. */
static bool check_rivals(const struct account *a, const struct key *k, const char *place, struct err *e)
{
	const struct key *login;

	if (!k->source || !value_is_set(a, k))
		return true;
	login = named("oauth2");
	for (const struct key *other = key_row(0); other != NULL; other = key_next(other))
		if (other->source && other != k && (k == login || other == login) && value_is_set(a, other)
		    && key_place(a, other) != NULL && is_same_section(a, place, key_place(a, other))) {
			fail(e, ST_CONFIG, FATE_PERM, "%s and %s are both set (the other at %s)", k->name, other->name,
			     key_place(a, other));
			return err_hint(e, "keep the one with which to log in");
		}
	return true;
}

static bool keep_place(struct account *a, const struct key *k, const char *place, struct err *e)
{
	char *copy = str_dup(place, e);

	if (copy == NULL)
		return false;
	free(a->places[key_index(k)]);
	a->places[key_index(k)] = copy;
	return true;
}

static bool set_one(struct account *a, const struct key *k, const char *text, const char *place, struct err *e)
{
	if (!value_parse(a, k, text, e) || !check_rivals(a, k, place, e) || !keep_place(a, k, place, e))
		return false;
	clear_rivals(a, k);
	mark(a, k);
	return true;
}

static bool set_url(struct account *a, const char *text, const char *place, struct err *e)
{
	struct url u;
	char port[16];

	if (!url_parse(text, &u, e))
		return false;
	snprintf(port, sizeof port, "%u", u.port);
	value_clear(a, named("port"));
	return set_one(a, named("host"), u.host, place, e)
	    && (u.port == 0 || set_one(a, named("port"), port, place, e))
	    && (u.user[0] == '\0' || set_one(a, named("user"), u.user, place, e))
	    && set_one(a, named("protocol"), u.lmtp ? "lmtp" : "smtp", place, e)
	    && (u.lmtp || set_one(a, named("tls"), "on", place, e))
	    && (u.lmtp || set_one(a, named("tls_starttls"), u.implicit_tls ? "off" : "on", place, e));
}

bool key_check(const char *key, const char *text, struct err *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if (str_iscontrol(*p) && *p != '\t')
			return fail(e, ST_CONFIG, FATE_PERM, "the value of %s has a control character", key);
	return true;
}

bool key_fail_at(const char *place, enum stage st, struct err *e)
{
	struct err why = *e;

	if (why.stage == ST_INTERNAL)
		return false;
	fail(e, st, FATE_PERM, "%s: %s", place, why.say);
	return err_hint(e, "%s", why.hint);
}

bool key_set(struct account *a, const struct key *k, const char *text, const char *place, enum stage st,
	     struct err *e)
{
	return (key_check(k->name, text, e) && (k->kind == KIND_URL ? set_url(a, text, place, e) : set_one(a, k, text, place, e)))
	    || key_fail_at(place, st, e);
}

bool account_begin(struct account *a, struct err *e)
{
	for (const struct key *k = key_row(0); k != NULL; k = key_next(k))
		if (k->standard != NULL && !value_parse(a, k, k->standard, e))
			return false;
	return true;
}

bool account_copy(struct account *to, const struct account *from, struct err *e)
{
	for (const struct key *k = key_row(0); k != NULL; k = key_next(k))
		if (!value_copy(to, from, k, e) || (key_place(from, k) != NULL && !keep_place(to, k, key_place(from, k), e)))
			return false;
	return true;
}

bool account_inherit(struct account *a, const struct account *base, struct err *e)
{
	for (const struct key *k = key_row(0); k != NULL; k = key_next(k)) {
		if (!is_marked(base, k))
			continue;
		if (!value_copy(a, base, k, e) || !keep_place(a, k, base->places[key_index(k)], e))
			return false;
		clear_rivals(a, k);
		mark(a, k);
	}
	return true;
}

void account_free(struct account *a)
{
	for (const struct key *k = key_row(0); k != NULL; k = key_next(k)) {
		value_clear(a, k);
		free(a->places[key_index(k)]);
	}
	free(a->name);
	free(a->origin);
	*a = (struct account){ 0 };
}
