#include "base/array.h"

#include <stdlib.h>

void *array_grow(void *items, size_t n, size_t size, struct err *e)
{
	void *more = items;

	if ((n & (n - 1)) == 0)
		more = reallocarray(items, n == 0 ? 1 : n * 2, size);
	if (more == NULL)
		fail_memory(e);
	return more;
}
