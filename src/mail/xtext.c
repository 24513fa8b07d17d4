#include "mail/xtext.h"

#include "base/printable.h"
#include "base/str.h"
#include "mail/address.h"

static bool plain(char c)
{
	return c >= '!' && c <= '~' && c != '+' && c != '=';
}

bool xtext_encode(struct buf *to, const char *s, struct err *e)
{
	for (; *s != '\0'; s++)
		if (!(plain(*s) ? buf_char(to, *s, e) : buf_printf(to, e, "+%02X", (unsigned)(unsigned char)*s)))
			return false;
	return true;
}

static bool hex_digit(char c)
{
	return str_isdigit(c) || (c >= 'A' && c <= 'F');
}

bool xtext_valid(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s == '+' && hex_digit(s[1]) && hex_digit(s[2]))
			s += 2;
		else if (!plain(*s))
			return false;
	}
	return true;
}

bool xtext_is_printable(const char *s)
{
	if (!xtext_valid(s))
		return false;
	for (; (s = strchr(s, '+')) != NULL; s += 3)
		if (s[1] < '2' || s[1] > '7' || memcmp(s, "+7F", 3) == 0)
			return false;
	return true;
}

static char digit_value(char c)
{
	return (char)(str_isdigit(c) ? c - '0' : c - 'A' + 10);
}

bool xtext_put_decoded(struct buf *to, const char *s, struct err *e)
{
	if (!xtext_is_printable(s))
		return buf_str(to, s, e);
	for (; *s != '\0'; s++) {
		char c = *s;

		if (c == '+') {
			c = (char)(digit_value(s[1]) * 16 + digit_value(s[2]));
			s += 2;
		}
		if (!buf_char(to, c, e))
			return false;
	}
	return true;
}

/* RFC 6533 3: characters that are not allowed as they are become \x{HEX}. */
static bool put_utf8(struct buf *to, const char *s, bool unitext, struct err *e)
{
	while (*s != '\0') {
		size_t n = printable_utf8(s, strlen(s));
		bool ok;

		if (n <= 1)
			ok = plain(*s) && *s != '\\' ? buf_char(to, *s, e)
						     : buf_printf(to, e, "\\x{%02X}", (unsigned)(unsigned char)*s);
		else
			ok = unitext ? buf_add(to, s, n, e) : buf_printf(to, e, "\\x{%02X}", printable_code_point(s, n));
		if (!ok)
			return false;
		s += n == 0 ? 1 : n;
	}
	return true;
}

bool xtext_put_orcpt(struct buf *to, const char *orcpt, bool smtputf8, struct err *e)
{
	if (smtputf8)
		return buf_str(to, orcpt, e);
	while (*orcpt != '\0') {
		size_t n = printable_utf8(orcpt, strlen(orcpt));

		if (!(n <= 1 ? buf_char(to, *orcpt, e) : buf_printf(to, e, "\\x{%02X}", printable_code_point(orcpt, n))))
			return false;
		orcpt += n == 0 ? 1 : n;
	}
	return true;
}

bool xtext_orcpt(struct buf *to, const char *addr, bool smtputf8, struct err *e)
{
	if (address_is_ascii(addr))
		return buf_str(to, "rfc822;", e) && xtext_encode(to, addr, e);
	return buf_str(to, "utf-8;", e) && put_utf8(to, addr, smtputf8, e);
}
