/*
 * tap.h - unit tests in TAP: ok() for each row of a table, done() at the end of main().
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned tap_tests, tap_failed;

static inline bool ok(bool good, const char *fmt, ...) PRINTF(2, 3);

/* One test; the description's control characters become '?', so that TAP stays one line a test. */
static inline bool ok(bool good, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '#')
			*p = '?';
	tap_failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++tap_tests, text);
	return good;
}

static inline int done(void)
{
	printf("1..%u\n", tap_tests);
	return tap_failed > 0;
}

/* Two strings; shows both where they differ. */
static inline bool same(const char *got, const char *want, const char *what)
{
	bool good = strcmp(got, want) == 0;

	ok(good, "%s", what);
	if (!good)
		printf("# got  [%s]\n# want [%s]\n", got, want);
	return good;
}

#endif
