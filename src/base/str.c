#include "base/str.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/printable.h"

bool str_same(const char *a, const char *b)
{
	while (*a != '\0' && str_lower(*a) == str_lower(*b)) {
		a++;
		b++;
	}
	return str_lower(*a) == str_lower(*b);
}

bool str_same_n(const char *a, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] == '\0' || str_lower(a[i]) != str_lower(word[i]))
			return false;
	return word[len] == '\0';
}

void str_hex(const unsigned char *p, size_t n, char *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digits[p[i] >> 4];
		to[2 * i + 1] = digits[p[i] & 15];
	}
	to[2 * n] = '\0';
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_number_n(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *n)
{
	uint64_t sum = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(s[i] - '0');

		if (!str_isdigit(s[i]) || sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	if (sum < min || sum > max)
		return false;
	*n = sum;
	return true;
}

bool str_number(const char *s, uint64_t min, uint64_t max, uint64_t *n)
{
	return str_number_n(s, strlen(s), min, max, n);
}

/* On a mismatch only the last `*` takes one character more, so there is no recursion. */
static char as_it_is(char c) { return c; }

static bool glob(const char *pattern, const char *s, char (*fold)(char c))
{
	const char *star = NULL, *again = NULL;

	while (*s != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			again = s;
		} else if (*pattern != '\0' && (*pattern == '?' || fold(*pattern) == fold(*s))) {
			pattern++;
			s++;
		} else if (star != NULL) {
			pattern = star;
			s = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool str_glob(const char *pattern, const char *s) { return glob(pattern, s, str_lower); }
bool str_glob_exact(const char *pattern, const char *s) { return glob(pattern, s, as_it_is); }

/* Looks at eight octets at a time. */
bool str_has_8bit(const char *s, size_t len)
{
	uint64_t sum = 0, word;
	size_t i = 0;

	for (; i + sizeof word <= len; i += sizeof word) {
		memcpy(&word, s + i, sizeof word);
		sum |= word;
	}
	for (; i < len; i++)
		sum |= (uint64_t)(unsigned char)s[i];
	return (sum & 0x8080808080808080U) != 0;
}

bool str_is_utf8(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = printable_utf8(s, len);

		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

enum { NEAREST_MAX = 40 }; /* a longer word is no misspelling of a name of ours */

/* Levenshtein's distance, without regard to case; `-` and `_` count as equal. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAREST_MAX + 1], la = strlen(a), lb = strlen(b);

	if (la > NEAREST_MAX || lb > NEAREST_MAX)
		return NEAREST_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			char x = a[i - 1] == '-' ? '_' : str_lower(a[i - 1]);
			char y = b[j - 1] == '-' ? '_' : str_lower(b[j - 1]);
			size_t best = corner + (x != y);

			corner = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[lb];
}

const char *str_nearest(const char *wrong, const char *(*name)(size_t i))
{
	size_t best = strlen(wrong) / 3 + 2; /* at a greater distance it is another word */
	const char *found = NULL, *candidate;

	for (size_t i = 0; (candidate = name(i)) != NULL; i++) {
		size_t d = distance(wrong, candidate);

		if (d < best) {
			best = d;
			found = candidate;
		}
	}
	return found;
}

char *str_dup(const char *s, struct err *e)
{
	char *copy = strdup(s);

	if (copy == NULL)
		fail_memory(e);
	return copy;
}

bool strlist_add(struct strlist *l, const char *s, struct err *e)
{
	char **more = array_grow(l->items, l->n, sizeof *more, e);

	if (more == NULL)
		return false;
	l->items = more;
	if ((l->items[l->n] = str_dup(s, e)) == NULL)
		return false;
	l->n++;
	return true;
}

bool strlist_copy(struct strlist *to, const struct strlist *from, struct err *e)
{
	for (size_t i = 0; i < from->n; i++)
		if (!strlist_add(to, from->items[i], e))
			return false;
	return true;
}

void strlist_free(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct strlist){ 0 };
}
