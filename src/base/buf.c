#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct buf buf_max(enum stage stage, size_t max, const char *what)
{
	return (struct buf){ .max = max, .what = what, .stage = stage };
}

struct buf buf_like(const struct buf *b)
{
	return buf_max(b->stage, b->max, b->what);
}

/* Twice the size, but never more than the ceiling and its NUL. */
static size_t grown(const struct buf *b, size_t need)
{
	size_t cap = b->cap < 64 ? 64 : b->cap;

	while (cap < need)
		cap *= 2;
	return cap > b->max + 1 ? b->max + 1 : cap;
}

bool buf_room(struct buf *b, size_t n, struct err *e)
{
	size_t cap;
	char *bytes;

	if (n > b->max || b->len > b->max - n)
		return fail(e, b->stage, FATE_PERM, "%s is larger than %zu bytes",
			    b->what == NULL ? "something" : b->what, b->max);
	if (b->bytes != NULL && b->len + n < b->cap)
		return true;
	cap = grown(b, b->len + n + 1);
	bytes = malloc(cap); /* not realloc(3): it would leave the old bytes in memory unwiped */
	if (bytes == NULL)
		return fail_memory(e);
	if (b->bytes != NULL) {
		memcpy(bytes, b->bytes, b->len);
		explicit_bzero(b->bytes, b->len);
		free(b->bytes);
	}
	bytes[b->len] = '\0';
	b->bytes = bytes;
	b->cap = cap;
	return true;
}

bool buf_add(struct buf *b, const void *p, size_t n, struct err *e)
{
	if (!buf_room(b, n, e))
		return false;
	if (n > 0)
		memcpy(b->bytes + b->len, p, n);
	b->len += n;
	b->bytes[b->len] = '\0';
	return true;
}

bool buf_str(struct buf *b, const char *s, struct err *e)
{
	return buf_add(b, s, strlen(s), e);
}

bool buf_char(struct buf *b, char c, struct err *e)
{
	return buf_add(b, &c, 1, e);
}

bool buf_printf(struct buf *b, struct err *e, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	bool ok;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	ok = n >= 0 ? buf_room(b, (size_t)n, e) : fail_memory(e);
	if (ok) {
		vsnprintf(b->bytes + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(ap);
	return ok;
}

bool buf_splice(struct buf *b, size_t at, size_t cut, const void *p, size_t n, struct err *e)
{
	if (n > cut && !buf_room(b, n - cut, e))
		return false;
	if (b->bytes == NULL)
		return true;
	memmove(b->bytes + at + n, b->bytes + at + cut, b->len - at - cut + 1);
	if (n > 0)
		memcpy(b->bytes + at, p, n);
	b->len = b->len - cut + n;
	return true;
}

const char *buf_text(const struct buf *b)
{
	return b->bytes == NULL ? "" : b->bytes;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->bytes != NULL)
		b->bytes[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->bytes);
	*b = buf_like(b);
}

void buf_wipe(struct buf *b)
{
	if (b->bytes != NULL)
		explicit_bzero(b->bytes, b->cap);
	buf_free(b);
}
