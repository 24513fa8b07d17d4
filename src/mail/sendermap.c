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

const char *sendermap_find(const struct strlist *map, const struct machine *m, const char *sender)
{
	for (size_t i = 0; sender[0] != '\0' && i < map->n; i++) {
		const char *item = map->items[i], *colon = strchr(item, ':');
		char pattern[ADDRESS_MAX];

		snprintf(pattern, sizeof pattern, "%.*s", (int)(colon - item), item);
		if (matches(m, sender, pattern))
			return colon + 1;
	}
	return NULL;
}
