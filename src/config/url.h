/*
 * url.h - parses a server given in one word: smtps://user@host:port, smtp://..., lmtp://...
 *
 * Pure.  A password is refused, since such words end up in shell histories.  A path is refused, since it means nothing here.
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
