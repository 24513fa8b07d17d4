/*
 * grant.h - the requests at the token, device and revocation endpoints: RFC 6749 4.1.3, 4.4.2, 6; 8628 3.1, 3.4; 7009 2.1.
 *
 * Speaks for one login: it adds the client's id and secret, which it reads from where the user keeps it.  Knows neither files of
 * the store nor the terminal.  What each false means is said in oauth2/refusal.h; if the client's secret cannot be read, it is
 * ST_SECRET or ST_CONFIG.
 */
#ifndef OAUTH2_GRANT_H
#define OAUTH2_GRANT_H

#include "oauth2/answer.h"

/* Can the client's secret be read, if it has one?  Before a person takes the trouble. */
bool grant_check_secret(const struct login *l, struct err *e) MUST_CHECK;

/* A new access token with the refresh token (or, LOGIN_CLIENT, with the client's secret).  If the answer is lost, it is asked
 * once more with the same refresh token (`again`). */
bool grant_renew(const struct login *l, const struct http *h, bool again, struct tokens *t, struct refusal *r,
		 struct err *e) MUST_CHECK;

/* The code of the browser flow, with the PKCE verifier and the same redirect URI, byte for byte. */
bool grant_code(const struct login *l, const struct http *h, const char *code, const char *verifier, const char *redirect,
		struct tokens *t, struct refusal *r, struct err *e) MUST_CHECK;

bool grant_device(const struct login *l, const struct http *h, struct device_code *d, struct refusal *r,
		  struct err *e) MUST_CHECK;

/* One poll.  False: r->error says authorization_pending, slow_down, ... */
bool grant_poll(const struct login *l, const struct http *h, const struct device_code *d, struct tokens *t, struct refusal *r,
		struct err *e) MUST_CHECK;

/* Revokes a token; `kind`: "refresh_token" or "access_token" (RFC 7009 2.1).  *offered unset: the provider has no endpoint for
 * it. */
bool grant_revoke(const struct login *l, const char *token, const char *kind, const struct http *h, bool *offered,
		  struct err *e) MUST_CHECK;

#endif
