#include "oauth2/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/printable.h"

static void put(FILE *to, const char *fmt, va_list ap)
{
	char *text = NULL;
	int len = vasprintf(&text, fmt, ap);

	if (len < 0)
		return;
	for (const char *p = text, *end = text + len; p < end;) {
		char piece[PRINTABLE_PIECE];
		size_t took, n = printable_piece(p, (size_t)(end - p), false, piece, &took);

		fwrite(piece, 1, n, to);
		p += took;
	}
	fputc('\n', to);
	free(text);
}

void tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(stderr, fmt, ap);
	va_end(ap);
}

void tell_out(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(stdout, fmt, ap);
	va_end(ap);
}
