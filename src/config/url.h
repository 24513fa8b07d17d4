/*
 * url.h - a server as one word: smtps://user@host:port, smtp://..., lmtp://...
 *
 * Pure.  No password, no path: what they would mean is said elsewhere, and a password in a word that ends up in
 * shell histories is none.
 */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "base/err.h"

struct url {
	bool     implicit_tls, lmtp;
	char     host[256];
	char     user[256]; /* percent-decoded; "": none */
	unsigned port;      /* 0: none */
};

bool url_parse(const char *text, struct url *u, struct err *e) MUST_CHECK; /* ST_CONFIG */

#endif
