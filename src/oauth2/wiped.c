#include "oauth2/wiped.h"

#include <stdlib.h>

union block { /* stands before each piece */
	size_t      size;
	max_align_t align;
};

void *wiped_malloc(size_t n)
{
	union block *b = n <= SIZE_MAX - sizeof *b ? malloc(sizeof *b + n) : NULL;

	if (b == NULL)
		return NULL;
	b->size = n;
	return b + 1;
}

void *wiped_calloc(size_t n, size_t size)
{
	void *p = size == 0 || n <= SIZE_MAX / size ? wiped_malloc(n * size) : NULL;

	if (p != NULL)
		memset(p, 0, n * size);
	return p;
}

/* realloc(3) would leave the old bytes in memory. */
void *wiped_realloc(void *p, size_t n)
{
	const union block *b = p;
	void *to = wiped_malloc(n);

	if (to == NULL || p == NULL)
		return to;
	memcpy(to, p, n < b[-1].size ? n : b[-1].size);
	wiped_free(p);
	return to;
}

char *wiped_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *to = wiped_malloc(n);

	if (to != NULL)
		memcpy(to, s, n);
	return to;
}

void wiped_free(void *p)
{
	union block *b = p;

	if (p == NULL)
		return;
	explicit_bzero(p, b[-1].size);
	free(b - 1);
}
