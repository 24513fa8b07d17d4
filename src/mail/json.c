#include "mail/json.h"

#include <stdio.h>

#include "base/printable.h"
#include "base/str.h"
#include "mail/pieces.h"

/* The object itself ends where the text ends. */
static bool leave(size_t *depth, bool last)
{
	if (*depth == 0 || (*depth == 1 && !last))
		return false;
	--*depth;
	return true;
}

bool json_is_object(const char *p, size_t n)
{
	size_t depth = 0;
	bool quoted = false;

	if (n < 2 || *p != '{' || p[n - 1] != '}' || !str_is_utf8(p, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!quoted && str_is8bit(p[i]))
			return false;
		if (p[i] == '"')
			quoted = !quoted;
		else if (quoted)
			i += p[i] == '\\';
		else if (p[i] == '{' || p[i] == '[')
			depth++;
		else if ((p[i] == '}' || p[i] == ']') && !leave(&depth, i + 1 == n))
			return false;
	}
	return depth == 0 && !quoted;
}

static bool put_escape(struct words_line *l, uint32_t c, struct err *e)
{
	char text[16];

	if (c < 0x10000)
		snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
	else
		snprintf(text, sizeof text, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
			 (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
	return words_keep(l, "", 0, text, strlen(text), 0, e);
}

enum { JSON_LINE = 64 }; /* after so many characters the next comma ends the line */

bool json_put(struct words_line *l, const char *p, size_t n, struct err *e)
{
	bool quoted = false;

	for (size_t i = 0, len; i < n; i += len) {
		bool comma = !quoted && p[i] == ',' && l->column > JSON_LINE && i + 1 < n && !pieces_is_blank(p + i + 1, p + n);

		len = printable_utf8(p + i, n - i);
		if (!(len > 1 ? put_escape(l, printable_code_point(p + i, len), e) : words_keep(l, "", 0, p + i, 1, 1, e)))
			return false;
		if (comma && !words_keep(l, "", 0, "\n ", 2, 2, e))
			return false;
		if (quoted && p[i] == '\\' && i + 1 < n && !str_is8bit(p[i + 1])) {
			if (!words_keep(l, "", 0, p + i + 1, 1, 1, e))
				return false;
			len++;
		} else if (p[i] == '"') {
			quoted = !quoted;
		}
	}
	return true;
}
