/* Grammar of names and addresses: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3, RFC 3461 4. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "syntax.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_high(char c) { return (unsigned char) c >= 0x80; }

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool syntax_ascii(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_high(p[i]))
			return false;
	return true;
}

/* How many octets follow this first octet of a character; -1: a character cannot begin with it. */
static int followers(unsigned char lead)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 1;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 2;
	return lead >= 0xF0 && lead <= 0xF4 ? 3 : -1;
}

/* RFC 3629 4: no surrogates, no overlong forms, nothing above U+10FFFF. */
bool syntax_utf8(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char lead = (unsigned char) p[i], second = i + 1 < n ? (unsigned char) p[i + 1] : 0;
		int more = followers(lead);

		if (more < 0 || (size_t) more >= n - i)
			return false;
		if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)
		    || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
			return false;
		for (; more > 0; more--)
			if (((unsigned char) p[++i] & 0xC0) != 0x80)
				return false;
	}
	return true;
}

/* "[192.0.2.1]" and "[IPv6:2001:db8::1]" */
bool syntax_literal(const char *p, size_t n)
{
	char address[64];
	unsigned char binary[16];
	bool six = n > 7 && strncasecmp(p, "[IPv6:", 6) == 0;
	size_t skip = six ? 6 : 1;

	if (n < skip + 2 || n - skip - 1 >= sizeof(address) || p[0] != '[' || p[n - 1] != ']')
		return false;
	memcpy(address, p + skip, n - skip - 1);
	address[n - skip - 1] = '\0';
	return inet_pton(six ? AF_INET6 : AF_INET, address, binary) == 1;
}

/*
 * Labels of letters, digits and inner hyphens, without a dot at the end.  EHLO needs at least two labels: the name must be fully
 * qualified.  An underscore is accepted in addresses only: the RFC's grammar does not allow it, but such domains exist.
 */
bool syntax_domain(const char *p, size_t n, bool utf8, bool helo)
{
	size_t label = 0, dots = 0;

	if (n == 0 || n > 255)
		return false;
	for (size_t i = 0; i <= n; i++) {
		if (i == n || p[i] == '.') {
			if (label == 0 || label > 63 || p[i - 1] == '-')
				return false;
			dots += i < n;
			label = 0;
		} else {
			if (!is_alnum(p[i]) && !(p[i] == '-' && label > 0) && !(p[i] == '_' && !helo)
			    && !(utf8 && is_high(p[i])))
				return false;
			label++;
		}
	}
	return (!helo || dots > 0) && (!utf8 || syntax_utf8(p, n));
}

static bool is_atext(char c, bool utf8)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL) || (utf8 && is_high(c));
}

/* Where the local part ends: the offset of its `@`, or 0 if it is malformed. */
static size_t local_part(const char *p, size_t n, bool utf8)
{
	size_t i = 0;

	if (n > 0 && p[0] == '"') {
		for (i = 1; i < n && p[i] != '"'; i++) {
			if (p[i] == '\\' && ++i == n)
				return 0;
			if ((unsigned char) p[i] < 32 || p[i] == 127 || (is_high(p[i]) && !utf8))
				return 0;
		}
		return i + 1 < n && p[i + 1] == '@' ? i + 1 : 0;
	}
	for (; i < n && p[i] != '@'; i++)
		if (!is_atext(p[i], utf8) && !(p[i] == '.' && i > 0 && p[i - 1] != '.'))
			return 0;
	return i > 0 && i < n && p[i - 1] != '.' ? i : 0;
}

bool syntax_mailbox(const char *p, size_t n, bool utf8)
{
	size_t at = local_part(p, n, utf8);

	if (at == 0 || (utf8 && !syntax_utf8(p, n)))
		return false;
	p += at + 1;
	n -= at + 1;
	return n > 0 && p[0] == '[' ? syntax_literal(p, n) : syntax_domain(p, n, utf8, false);
}

bool syntax_xtext(const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '+') {
			if (n - i < 3 || memchr(hex, p[i + 1], 16) == NULL || memchr(hex, p[i + 2], 16) == NULL)
				return false;
			i += 2;
		} else if (p[i] < 33 || p[i] > 126 || p[i] == '=') {
			return false;
		}
	}
	return true;
}
