/* A dNSName (behind the first line) and a host name (the first line): the result must be that of a slower comparison, label
 * by label. */
#include "fuzz.h"

#include "base/str.h"
#include "net/certname.h"

struct label {
	const char *at;
	size_t      len;
};

static size_t split(const char *name, size_t len, struct label *to, size_t room)
{
	size_t n = 0;
	const char *from = name;

	for (size_t i = 0; i <= len; i++)
		if (i == len || name[i] == '.') {
			MUST(n < room);
			to[n++] = (struct label){ from, (size_t)(name + i - from) };
			from = name + i + 1;
		}
	return n;
}

static bool same_label(const struct label *a, const struct label *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (str_lower(a->at[i]) != str_lower(b->at[i]))
			return false;
	return true;
}

static bool is_star(const struct label *l)
{
	return l->len == 1 && l->at[0] == '*';
}

static bool slowly(const char *pattern, size_t len, const char *host)
{
	static struct label p[8192], h[8192];
	size_t host_len = strlen(host), n, star;

	if (host_len > 0 && host[host_len - 1] == '.')
		host_len--;
	if (len == 0 || host_len == 0)
		return false;
	n = split(pattern, len, p, COUNT(p));
	if (n != split(host, host_len, h, COUNT(h)))
		return false;
	star = n > 2 && is_star(&p[0]) ? 1 : 0;
	if (star == 1 && (h[0].len == 0 || p[1].len == 0 || p[n - 1].len == 0))
		return false;
	for (size_t i = star; i < n; i++)
		if (memchr(p[i].at, '*', p[i].len) != NULL || !same_label(&p[i], &h[i]))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t host_len = line != NULL ? (size_t)(line - data) : size, len = line != NULL ? size - host_len - 1 : 0;
	char *host, *pattern;

	if (size > 8000)
		return 0;
	host = fuzz_string(data, host_len);
	pattern = malloc(len > 0 ? len : 1); /* without a NUL at its end */
	MUST(pattern != NULL);
	if (len > 0)
		memcpy(pattern, line + 1, len);
	MUST(certname_match(pattern, len, host) == slowly(pattern, len, host));
	free(pattern);
	free(host);
	return 0;
}
