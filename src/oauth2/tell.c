#include "oauth2/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/printable.h"

void tell(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	for (const char *p = text, *end = text + len; p < end;) {
		char piece[PRINTABLE_PIECE];
		size_t took, n = printable_piece(p, (size_t)(end - p), false, piece, &took);

		fwrite(piece, 1, n, stderr);
		p += took;
	}
	fputc('\n', stderr);
	free(text);
}
