#include "base/random.h"

#include <sys/random.h>

bool random_fill(void *to, size_t n, struct err *e)
{
	return getrandom(to, n, 0) == (ssize_t)n || fail(e, ST_INTERNAL, FATE_TEMP, "there are no random numbers");
}
