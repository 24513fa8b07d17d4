/*
 * str.h - ASCII case, strict numbers, globs, lists of strings.
 *
 * No function depends on the locale: keywords of the protocol and of the configuration are ASCII (RFC 5321 2.4).
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

static inline bool str_isdigit(char c) { return c >= '0' && c <= '9'; }
static inline bool str_isupper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool str_islower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool str_isalpha(char c) { return str_isupper(c) || str_islower(c); }
static inline bool str_isalnum(char c) { return str_isalpha(c) || str_isdigit(c); }
static inline bool str_isblank(char c) { return c == ' ' || c == '\t'; }
static inline bool str_iscontrol(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }
static inline bool str_is8bit(char c) { return (unsigned char)c >= 0x80; }
static inline char str_lower(char c) { return str_isupper(c) ? (char)(c + 32) : c; }

/* The value of a hexadecimal digit, capital or small; -1: it is none. */
static inline int str_hex_digit(char c)
{
	char l = str_lower(c);

	return str_isdigit(c) ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool str_same(const char *a, const char *b); /* equal, without regard to ASCII case */
bool str_same_n(const char *a, size_t len, const char *word); /* the same for `len` bytes and a whole word */
void str_hex(const unsigned char *p, size_t n, char *to);        /* 2 * n lower-case digits and a NUL */
bool str_starts(const char *s, const char *prefix);           /* case matters */

/* True if all of s is a decimal number in min..max, without sign or blanks. */
bool str_number(const char *s, uint64_t min, uint64_t max, uint64_t *n) MUST_CHECK;
bool str_number_n(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *n) MUST_CHECK;

struct number { /* zeroed: none */
	bool given;
	int  n;
};

/* A glob with only `*` and `?`; ASCII case is ignored.  At most length of pattern x length of s steps. */
bool str_glob(const char *pattern, const char *s);
bool str_glob_exact(const char *pattern, const char *s); /* the case counts */

bool str_has_8bit(const char *s, size_t len); /* is there an octet over 127? */
bool str_is_utf8(const char *s, size_t len); /* well-formed, no surrogates, RFC 3629 */

/* The candidate that is most like `wrong`, or NULL if none is like it; name(i) gives the candidates, and NULL at the end. */
const char *str_nearest(const char *wrong, const char *(*name)(size_t i));

struct strlist { /* zeroed: empty; items and array are owned */
	char **items;
	size_t n;
};

bool strlist_add(struct strlist *l, const char *s, struct err *e) MUST_CHECK;
bool strlist_copy(struct strlist *to, const struct strlist *from, struct err *e) MUST_CHECK;
void strlist_free(struct strlist *l);

char *str_dup(const char *s, struct err *e) MUST_CHECK; /* NULL: *e is filled */

#endif
