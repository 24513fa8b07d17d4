#include "base/steps.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/printable.h"
#include "base/trace.h"

static bool    started, paused;
static int64_t last; /* clock_ms() of the line before */

void steps_start(void)
{
	started = true;
	last = clock_ms();
}

void steps_pause(bool pause)
{
	paused = pause;
}

bool steps_on(void)
{
	return started && !paused;
}

/* Each line is flushed, so that it is seen as it happens, and stands in order between those of the trace.  Whether standard
 * output took it is seen at the end, by ferror(). */
static void put(const char *word, const char *verdict, const char *fmt, va_list ap)
{
	if (!steps_on())
		return;
	char raw[4096], shown[4096]; /* after the return, as in trace_line() */
	int64_t now = clock_ms();

	vsnprintf(raw, sizeof raw, fmt, ap);
	for (char *p = raw; (p = strchr(p, '\n')) != NULL;)
		*p = ' ';
	printable(shown, sizeof shown, raw, strlen(raw), false);
	printf("%-8s %6lld ms  %-6s  %s\n", word, (long long)(now - last), verdict, shown);
	(void)fflush(stdout);
	last = now;
}

void step_ok(enum stage st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(err_stage_name(st), "ok", fmt, ap);
	va_end(ap);
}

void step_fact(enum stage st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(err_stage_name(st), "-", fmt, ap);
	va_end(ap);
}

void step_failed(enum stage st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(err_stage_name(st), "failed", fmt, ap);
	va_end(ap);
}

void step_error(const struct err *e)
{
	char text[ERR_TEXT];

	step_failed(e->stage, "%s", err_text(e, text));
}

void step_say(const char *word, const char *verdict, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(word, verdict, fmt, ap);
	va_end(ap);
}
