/* ehlo.h - what the server said it can do.  One row in ehlo.c per keyword. */
#ifndef EHLO_H
#define EHLO_H

#include "base/str.h"

enum ext {
	EXT_PIPELINING = 1 << 0, /* RFC 2920 */
	EXT_SIZE       = 1 << 1, /* RFC 1870 */
	EXT_8BITMIME   = 1 << 2, /* RFC 6152 */
	EXT_SMTPUTF8   = 1 << 3, /* RFC 6531 */
	EXT_CHUNKING   = 1 << 4, /* RFC 3030 */
	EXT_STARTTLS   = 1 << 5, /* RFC 3207 */
	EXT_AUTH       = 1 << 6, /* RFC 4954 */
	EXT_DSN        = 1 << 7, /* RFC 3461 */
};

struct caps {
	unsigned ext;       /* enum ext, or'ed */
	uint64_t size;      /* largest message in bytes; 0: not said */
	char     mechs[512];/* AUTH's argument, upper case as sent */
};

void caps_parse(struct caps *c, const char *text);

#endif
