#include "base/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_in_s(unsigned seconds)
{
	return clock_ms() + (int64_t)seconds * 1000;
}

int64_t clock_sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int clock_left_ms(int64_t deadline)
{
	int64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_ms();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

bool clock_passed(int64_t deadline)
{
	return clock_left_ms(deadline) == 0;
}
