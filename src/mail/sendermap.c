#include "mail/sendermap.h"

#include <stdio.h>

#include "mail/address.h"

static bool matches(const struct machine *m, const char *sender, const char *pattern)
{
	const char *domain = address_domain(sender);
	char text[ADDRESS_MAX];
	struct err too_long;

	if (strchr(pattern, '@') != NULL)
		return address_qualify(sender, m->domain, text, &too_long) && address_matches(text, pattern);
	snprintf(text, sizeof text, "%.*s", (int)address_local_len(sender), sender);
	return (domain == NULL || machine_is_local(m, domain)) && str_glob(pattern, text);
}

static bool matches_login(const struct machine *m, const char *login, const char *pattern)
{
	const char *at = strrchr(pattern, '@');
	char local[ADDRESS_MAX];

	if (str_glob_exact(pattern, login))
		return true;
	if (at == NULL)
		return false;
	snprintf(local, sizeof local, "%.*s", (int)(at - pattern), pattern);
	return str_glob(at + 1, m->domain) && str_glob_exact(local, login);
}

static const char *find(const struct strlist *map, const struct machine *m, const char *who,
			bool (*fits)(const struct machine *m, const char *who, const char *pattern))
{
	for (size_t i = 0; who[0] != '\0' && i < map->n; i++) {
		const char *item = map->items[i], *colon = strchr(item, ':');
		char pattern[ADDRESS_MAX];

		snprintf(pattern, sizeof pattern, "%.*s", (int)(colon - item), item);
		if (fits(m, who, pattern))
			return colon + 1;
	}
	return NULL;
}

const char *sendermap_find(const struct strlist *map, const struct machine *m, const char *sender)
{
	return find(map, m, sender, matches);
}

const char *sendermap_find_login(const struct strlist *map, const struct machine *m, const char *login)
{
	return find(map, m, login, matches_login);
}
