/*
 * authorize.h - the authorization code flow (RFC 6749 4.1) without the network: the secrets of one attempt, the URL that a person
 * opens, and what the redirect brings back.
 *
 * Pure but for the random numbers: text in, text out.  PKCE is always S256 (RFC 7636 4.2).  A redirect counts only with the
 * `state` of this attempt.  Its `iss` is compared with the issuer of the metadata (RFC 9207 2.4).
 */
#ifndef OAUTH2_AUTHORIZE_H
#define OAUTH2_AUTHORIZE_H

#include "oauth2/answer.h"

enum { AUTHORIZE_WORD = 44 }; /* 256 bits in base64url without padding, and a NUL */

struct authorize { /* wiped by its owner with explicit_bzero(3) */
	char state[AUTHORIZE_WORD], verifier[AUTHORIZE_WORD];
};

bool authorize_begin(struct authorize *a, struct err *e) MUST_CHECK;

/* base64url(SHA-256(verifier)) without padding: RFC 7636 4.2 and B. */
bool authorize_challenge(const char *verifier, char to[AUTHORIZE_WORD], struct err *e) MUST_CHECK;

/* The URL for the browser.  `extra` (NULL: none) is form-encoded already and comes last. */
bool authorize_url(const struct login *l, const struct authorize *a, const char *redirect, const char *extra, struct buf *to,
		   struct err *e) MUST_CHECK;

enum authorize_answer {
	AUTHORIZE_FOREIGN, /* not of this attempt: no `state`, or another one.  The wait goes on; *e says what is wrong with it */
	AUTHORIZE_CODE,    /* *code (owned by the caller) may be exchanged */
	AUTHORIZE_FAILED,  /* the provider refused, or the answer cannot be trusted; *e says why.  The attempt is over */
};

/* The query of a redirect: what stands behind its `?`, up to a `#`. */
enum authorize_answer authorize_parse(const struct authorize *a, const struct endpoints *at, const char *host, const char *query,
				      char **code, struct err *e) MUST_CHECK;

/* What a person pasted: the whole redirect URL, or its query with or without the `?`.  A code alone has no `state`, so that it is
 * AUTHORIZE_FOREIGN. */
enum authorize_answer authorize_paste(const struct authorize *a, const struct endpoints *at, const char *host, const char *text,
				      char **code, struct err *e) MUST_CHECK;

#endif
