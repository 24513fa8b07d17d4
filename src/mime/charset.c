#include "mime/charset.h"

#include "base/str.h"

/* May this byte come next in UTF-8? */
static bool continues(unsigned char c, unsigned *owed)
{
	if ((c & 0xc0) == 0x80) {
		if (*owed == 0)
			return false;
		(*owed)--;
		return true;
	}
	if (*owed > 0 || c == 0xc0 || c == 0xc1 || c >= 0xf5)
		return false;
	*owed = (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0);
	return true;
}

void charset_feed(struct charset_guess *g, const char *p, size_t n)
{
	g->eight_bit = g->eight_bit || str_has_8bit(p, n);
	for (size_t i = 0; i < n && !g->not_utf8; i++)
		g->not_utf8 = !continues((unsigned char)p[i], &g->owed);
}

enum charset charset_of(const struct charset_guess *g)
{
	if (!g->eight_bit)
		return CHARSET_ASCII;
	return g->not_utf8 || g->owed > 0 ? CHARSET_UNKNOWN : CHARSET_UTF8;
}

const char *charset_name(enum charset c)
{
	static const char *const names[] = {
		[CHARSET_ASCII] = "us-ascii", [CHARSET_UTF8] = "utf-8", [CHARSET_UNKNOWN] = "unknown-8bit",
	};

	return names[c];
}
