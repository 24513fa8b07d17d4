#include "mail/address.h"

#include <stdio.h>

bool address_is_dot_atom(const char *p, size_t n)
{
	if (n == 0 || p[0] == '.' || p[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!address_is_atext(p[i]) && !(p[i] == '.' && p[i + 1] != '.'))
			return false;
	return true;
}

size_t address_quote_local(const char *plain, size_t n, char *to)
{
	size_t len = 0;

	if (address_is_dot_atom(plain, n)) {
		memcpy(to, plain, n);
		return n;
	}
	to[len++] = '"';
	for (size_t i = 0; i < n; i++) {
		if (plain[i] == '"' || plain[i] == '\\')
			to[len++] = '\\';
		to[len++] = plain[i];
	}
	to[len++] = '"';
	return len;
}

/* Most addresses have no quotes: then the last '@' is the right one, and the loop is not needed. */
const char *address_domain(const char *addr)
{
	const char *at = strrchr(addr, '@');

	if (at == NULL || strchr(addr, '"') == NULL)
		return at == NULL ? NULL : at + 1;
	at = NULL;
	for (bool quoted = false; *addr != '\0'; addr++) {
		if (quoted && *addr == '\\' && addr[1] != '\0')
			addr++;
		else if (*addr == '"')
			quoted = !quoted;
		else if (*addr == '@' && !quoted)
			at = addr;
	}
	return at == NULL ? NULL : at + 1;
}

size_t address_local_len(const char *addr)
{
	const char *domain = address_domain(addr);

	return domain == NULL ? strlen(addr) : (size_t)(domain - 1 - addr);
}

bool address_qualify(const char *addr, const char *domain, char to[ADDRESS_MAX], struct err *e)
{
	bool bare = addr[0] != '\0' && address_domain(addr) == NULL && domain != NULL && domain[0] != '\0';
	size_t len = strlen(addr), more = bare ? 1 + strlen(domain) : 0;

	if (len + more >= ADDRESS_MAX)
		return fail(e, ST_INPUT, FATE_PERM, "the address %.60s... is too long", addr);
	memcpy(to, addr, len);
	if (bare) {
		to[len] = '@';
		memcpy(to + len + 1, domain, more - 1);
	}
	to[len + more] = '\0';
	return true;
}

bool address_from_name(const char *name, char to[ADDRESS_MAX])
{
	char local[2 * ADDRESS_MAX + 2];
	size_t n = strlen(name);

	if (n == 0 || n >= ADDRESS_MAX || !str_is_utf8(name, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (str_iscontrol(name[i]))
			return false;
	n = address_quote_local(name, n, local);
	if (n >= ADDRESS_MAX)
		return false;
	memcpy(to, local, n);
	to[n] = '\0';
	return true;
}

bool address_is_ascii(const char *addr)
{
	return !str_has_8bit(addr, strlen(addr));
}

bool address_local_is_ascii(const char *addr)
{
	return !str_has_8bit(addr, address_local_len(addr));
}

bool address_same(const char *a, const char *b)
{
	const char *da = address_domain(a), *db = address_domain(b);

	if (da == NULL || db == NULL)
		return strcmp(a, b) == 0;
	return da - a == db - b && memcmp(a, b, (size_t)(da - a)) == 0 && str_same(da, db);
}

bool address_matches(const char *addr, const char *pattern)
{
	char without[ADDRESS_MAX];
	const char *domain = address_domain(addr), *plus = strchr(addr, '+');

	if (str_glob(pattern, addr))
		return true;
	if (strchr(pattern, '+') != NULL || plus == NULL || domain == NULL || plus > domain)
		return false;
	snprintf(without, sizeof without, "%.*s@%s", (int)(plus - addr), addr, domain);
	return str_glob(pattern, without);
}
