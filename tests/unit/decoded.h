/*
 * decoded.h - for tests: a strict reader of encoded words (RFC 2047 6), in text and in comments.
 */
#ifndef TESTS_DECODED_H
#define TESTS_DECODED_H

#include "base/base64.h"
#include "base/str.h"

static inline bool decoded_blank(const char *p, size_t left)
{
	return str_isblank(*p) || *p == '\n' || (*p == '\r' && left > 1 && p[1] == '\n');
}

static inline bool decoded_add(struct buf *to, char c)
{
	struct err e;

	return buf_char(to, c, &e);
}

/* The text of a word; false: it is not as RFC 2047 4 allows, or hides a control character. */
static inline bool decoded_text(struct buf *to, char encoding, const char *p, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t before = to->len;

	if (str_lower(encoding) == 'b' && !base64_decode(to, p, n))
		return false;
	for (size_t i = 0; str_lower(encoding) == 'q' && i < n; i++) {
		const char *high = i + 2 < n ? strchr(digits, p[i + 1]) : NULL, *low = i + 2 < n ? strchr(digits, p[i + 2]) : NULL;

		if (p[i] <= ' ' || p[i] > '~' || p[i] == '?' || (p[i] == '=' && (high == NULL || low == NULL)))
			return false;
		if (!decoded_add(to, (char)(p[i] == '_' ? ' ' : p[i] != '=' ? p[i] : (high - digits) << 4 | (low - digits))))
			return false;
		i += p[i] == '=' ? 2 : 0;
	}
	for (size_t i = before; i < to->len; i++)
		if (str_iscontrol(to->bytes[i]))
			return false;
	return to->len > before;
}

/* Appends a decoded word; *whole: its characters are whole, if it is in UTF-8.  False: it is no encoded word. */
static inline bool decoded_word(struct buf *to, const char *p, size_t n, bool *whole)
{
	const char *end = p + n - 2, *mark;
	size_t before = to->len;

	if (n < 8 || memcmp(p, "=?", 2) != 0 || memcmp(end, "?=", 2) != 0)
		return false;
	for (mark = p + 2; mark < end && (str_isalnum(*mark) || *mark == '-'); mark++)
		;
	if (mark == p + 2 || mark + 3 > end || mark[0] != '?' || mark[2] != '?' || strchr("bBqQ", mark[1]) == NULL
	    || !decoded_text(to, mark[1], mark + 3, (size_t)(end - mark - 3))) {
		to->len = before;
		return false;
	}
	*whole = !str_same_n(p + 2, (size_t)(mark - p - 2), "utf-8") || str_is_utf8(to->bytes + before, to->len - before);
	return true;
}

/* Appends the text as a reader shows it: unfolded, words decoded, without the blanks between two encoded words.  In a comment, a
 * parenthesis ends a word.  False: a word has more than 75 characters or a part of a character. */
static inline bool decode(struct buf *to, const char *p, size_t n, bool comment)
{
	bool word = false, good = true;
	size_t blanks = 0, len, kept = 0;

	for (size_t i = 0; i < n; i += len) {
		bool whole = true, encoded;

		for (len = 0; i + len < n && decoded_blank(p + i + len, n - i - len); len++)
			;
		if (len > 0) {
			kept = to->len; /* where these blanks begin */
			blanks = len;
			for (size_t j = i; j < i + len; j++)
				if (str_isblank(p[j]) && !decoded_add(to, p[j]))
					return false;
			continue;
		}
		do
			len++;
		while (i + len < n && !decoded_blank(p + i + len, n - i - len)
		       && !(comment && (strchr("()", p[i]) != NULL || strchr("()", p[i + len]) != NULL)));
		size_t start = to->len;
		encoded = decoded_word(to, p + i, len, &whole);
		good = good && (!encoded || (len <= 75 && whole));
		if (encoded && word && blanks > 0) {
			memmove(to->bytes + kept, to->bytes + start, to->len - start);
			to->len -= start - kept;
		}
		for (size_t j = 0; !encoded && j < len; j++)
			if (!decoded_add(to, p[i + j]))
				return false;
		word = encoded;
		blanks = 0;
	}
	if (to->bytes != NULL)
		to->bytes[to->len] = '\0';
	return good;
}

/* The octets of the longest line. */
static inline size_t decoded_longest(const char *p, size_t n)
{
	size_t longest = 0, line = 0;

	for (size_t i = 0; i < n; i++) {
		line = p[i] == '\n' ? 0 : line + 1;
		longest = line > longest ? line : longest;
	}
	return longest;
}

#endif
