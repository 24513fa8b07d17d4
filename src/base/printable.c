#include "base/printable.h"

#include <stdio.h>

static bool follows(const unsigned char *u, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if ((u[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t printable_utf8(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	n = u[0] >= 0xc2 && u[0] < 0xe0 ? 2 : u[0] >= 0xe0 && u[0] < 0xf0 ? 3 : u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : 0;
	if (n == 0 || n > len || !follows(u, 1, n))
		return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90)) /* overlong */
		return 0;
	if ((u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf4 && u[1] > 0x8f)) /* surrogates, > U+10FFFF */
		return 0;
	return n;
}

uint32_t printable_code_point(const char *p, size_t n)
{
	uint32_t c = (unsigned char)p[0] & (n == 1 ? 0x7fU : n == 2 ? 0x1fU : n == 3 ? 0x0fU : 0x07U);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3fU);
	return c;
}

/* Marks that reorder what stands around them, and Unicode's own line ends: with them a text looks like another one. */
static bool is_trick(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t printable_piece(const char *p, size_t len, bool keep_newlines, char piece[PRINTABLE_PIECE], size_t *took)
{
	size_t n = printable_utf8(p, len);
	unsigned char c = (unsigned char)*p;
	bool control = c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0)
		    || (n > 1 && is_trick(printable_code_point(p, n)));

	*took = 1;
	if (n > 0 && (!control || (c == '\n' && keep_newlines))) {
		*took = n;
		memcpy(piece, p, n);
		return n;
	}
	return (size_t)snprintf(piece, PRINTABLE_PIECE, "\\x%02x", c);
}

static const char MARK[] = "...";

void printable(char *to, size_t room, const char *from, size_t len, bool keep_newlines)
{
	size_t used = 0, fits = 0; /* fits: the last length that leaves room for MARK */

	if (room == 0)
		return;
	while (keep_newlines && len > 0 && from[len - 1] == '\n')
		len--;
	while (len > 0) {
		char piece[PRINTABLE_PIECE];
		size_t took, n = printable_piece(from, len, keep_newlines, piece, &took);

		if (used + n >= room)
			break;
		memcpy(to + used, piece, n);
		used += n;
		if (used + sizeof MARK <= room)
			fits = used;
		from += took;
		len -= took;
	}
	if (len > 0 && sizeof MARK <= room) {
		memcpy(to + fits, MARK, sizeof MARK - 1);
		used = fits + sizeof MARK - 1;
	}
	to[used] = '\0';
}
