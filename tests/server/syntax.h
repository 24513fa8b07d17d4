/*
 * syntax.h - the strict grammar of names and addresses: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3, RFC 3461 4.
 *
 * It has no state and shares no code with src/: fuzz targets check with it what postern sends.
 */
#ifndef TESTS_SERVER_SYNTAX_H
#define TESTS_SERVER_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

bool syntax_domain(const char *p, size_t n, bool utf8, bool helo);
bool syntax_literal(const char *p, size_t n);
bool syntax_mailbox(const char *p, size_t n, bool utf8);
bool syntax_utf8(const char *p, size_t n);
bool syntax_xtext(const char *p, size_t n);
bool syntax_ascii(const char *p, size_t n);

#endif
