#include "base/trace.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/printable.h"

static int     depth;
static int64_t zero;

void trace_start(int level)
{
	depth = level;
	zero = clock_ms();
}

bool trace_on(void)
{
	return depth > 0;
}

void trace_line(char who, unsigned flight, const char *text, size_t len)
{
	if (!trace_on())
		return;
	char shown[4096]; /* after the return: the compiler zeroes it, which costs more than all the rest */
	int64_t ms = clock_ms() - zero;

	printable(shown, sizeof shown, text, len, false);
	fprintf(stderr, "%4lld.%03lld %2u %c %s\n", (long long)(ms / 1000), (long long)(ms % 1000), flight,
		who, shown);
}

void trace_note(unsigned flight, const char *fmt, ...)
{
	if (!trace_on())
		return;
	char text[5000]; /* more than trace_line() shows, so that trace_line() marks a cut */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	trace_line('*', flight, text, strlen(text));
}
