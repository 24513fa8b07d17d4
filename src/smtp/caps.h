/*
 * caps.h - the server's capabilities, from its answer to EHLO.  caps.c has one row for each keyword that we act on.
 *
 * Pure.  Keywords are compared as a whole and without regard to case (RFC 5321 4.1.1.1).  Unknown keywords are ignored, as
 * are arguments that make no sense.
 */
#ifndef SMTP_CAPS_H
#define SMTP_CAPS_H

#include "base/str.h"

enum ext {
	EXT_PIPELINING = 1 << 0,          /* RFC 2920 */
	EXT_SIZE = 1 << 1,                /* RFC 1870 */
	EXT_8BITMIME = 1 << 2,            /* RFC 6152 */
	EXT_SMTPUTF8 = 1 << 3,            /* RFC 6531 */
	EXT_CHUNKING = 1 << 4,            /* RFC 3030 */
	EXT_STARTTLS = 1 << 5,            /* RFC 3207 */
	EXT_AUTH = 1 << 6,                /* RFC 4954 */
	EXT_DSN = 1 << 7,                 /* RFC 3461 */
	EXT_ENHANCEDSTATUSCODES = 1 << 8, /* RFC 2034 */
	EXT_LIMITS = 1 << 9,              /* RFC 9422 */
	EXT_REQUIRETLS = 1 << 10,         /* RFC 8689 */
	EXT_MT_PRIORITY = 1 << 11,        /* RFC 6710 */
	EXT_DELIVERBY = 1 << 12,          /* RFC 2852 */
	EXT_FUTURERELEASE = 1 << 13,      /* RFC 4865 */
	EXT_ETRN = 1 << 14,               /* RFC 1985 */
};

enum { CAPS_MECHS = 2048 };

struct caps {
	unsigned ext;     /* enum ext, or'ed */
	uint64_t size;    /* largest message in bytes; 0: no limit said */
	uint64_t rcptmax; /* recipients in one transaction; 0: no limit said */
	uint64_t by_min;  /* DELIVERBY: least time in seconds after which the server returns a message; 0: no limit said */
	uint64_t hold_max;  /* FUTURERELEASE: most seconds that the server holds a message; 0: no limit said */
	int64_t  hold_last; /* FUTURERELEASE: latest release, seconds since 1970; 0: no limit said */
	uint64_t mailmax; /* transactions in one connection; 0: no limit said */
	char     mechs[CAPS_MECHS]; /* AUTH's arguments of all AUTH lines, each followed by one blank */
};

/* `text`: that of the reply, lines joined by '\n'.  The first line is a greeting and is skipped. */
void caps_parse(struct caps *c, const char *text);

bool caps_offer_mech(const struct caps *c, const char *mech);

#endif
