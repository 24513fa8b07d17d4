/*
 * visit.h - the authorization code flow: a person visits the provider's page, and the redirect comes back to the loopback
 * interface, or by hand: its URL is pasted into the terminal.  Both are waited for at once.
 *
 * Owns the redirect URI and the wait.  The page that the browser gets says what came of the login, so visit_end() comes last.
 */
#ifndef OAUTH2_VISIT_H
#define OAUTH2_VISIT_H

#include "oauth2/authorize.h"
#include "oauth2/loopback.h"

enum { VISIT_S = 15 * 60 /* seconds that a person has */ };

struct visit {
	/* given; all borrowed */
	const char *redirect;   /* the user's own redirect URI; NULL: http, `host` and a port */
	const char *host;       /* 127.0.0.1 or localhost */
	unsigned    port;       /* 0: any */
	bool        paste;      /* by hand alone: nothing listens */
	bool        browser;    /* one may be started */
	const char *extra;      /* parameters of the provider's own, form-encoded; NULL: none */
	const char *site;       /* the provider's host, for sentences */
	/* its own */
	struct loopback *server; /* owned; NULL: nothing listens */
	char             uri[512];
};

/* Listens, unless it is not needed or the redirect URI is none of ours, and makes v->uri. */
bool visit_begin(struct visit *v, struct err *e) MUST_CHECK;

/* *asked_at as in device_login(). */
bool visit_login(struct visit *v, const struct login *l, struct http *h, struct tokens *t, int64_t *asked_at,
		 struct err *e) MUST_CHECK;

void visit_end(struct visit *v, bool logged_in); /* accepts a zeroed one */

#endif
