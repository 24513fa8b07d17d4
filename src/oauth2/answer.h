/*
 * answer.h - what a provider answers, as JSON: RFC 6749 5, 8628 3.2, 8414 3.2, 7591 3.2.1, 7009 2.2.  Turns status and body into
 * tokens, codes, endpoints, or an error of ours.
 *
 * Pure: bytes in, structs out; fuzzed.  Everything is foreign text: types, lengths and characters are checked here, so that no
 * caller has to.  A member with a control character is refused; an error_description is made printable and cut.
 *
 * Success is 200 with an object that has what was asked for; what any other answer means is said in oauth2/refusal.h.
 */
#ifndef OAUTH2_ANSWER_H
#define OAUTH2_ANSWER_H

#include "oauth2/login.h"
#include "oauth2/refusal.h"

struct tokens { /* all owned, wiped by tokens_free(); NULL: the answer has none */
	char   *access;    /* access_token_ok() */
	char   *refresh;
	int64_t lifetime;  /* seconds, 1 to 31536000 (RFC 6749 5.1; missing: 3600) */
	char   *scope;     /* words with one blank between */
	char   *who;       /* e-mail address or user name of the id_token; unverified, for a warning only */
};

struct device_code { /* RFC 8628 3.2; owned */
	char    *code, *user_code, *uri, *complete_uri; /* complete_uri may be NULL */
	unsigned lifetime, interval;                   /* seconds */
};

/* Each returns false with *e filled; *r (may be NULL) has what the provider said.  `host` names the provider in sentences.
 * The fate: TEMP worth another try; ST_SECRET PERM a person must log in again (invalid_grant and unknown names); ST_CONFIG PERM
 * invalid_client, invalid_scope, unauthorized_client and the like; NONSENSE.
 *
 * An answer whose access token cannot be used may still have replaced the refresh token: then t->refresh is set although the
 * function returns false. */
bool answer_tokens(const struct http_answer *a, const char *host, struct tokens *t, struct refusal *r, struct err *e) MUST_CHECK;
bool answer_device(const struct http_answer *a, const char *host, bool insecure, struct device_code *d, struct refusal *r,
		   struct err *e) MUST_CHECK;

/* RFC 8414 3.3: `issuer` must be byte for byte the one that was asked; every endpoint must be a URL that may be used.
 * *scopes (may be NULL; owned by the caller) becomes scopes_supported, with blanks between. */
bool answer_metadata(const struct http_answer *a, const char *issuer, bool insecure, struct endpoints *at, char **scopes,
		     struct err *e) MUST_CHECK;

bool answer_registration(const struct http_answer *a, const char *host, char **client_id, char **client_secret,
			 struct err *e) MUST_CHECK;
bool answer_revocation(const struct http_answer *a, const char *host, struct err *e) MUST_CHECK;

/* Has the scope (words with blanks) this word? */
bool answer_scope_has(const char *scope, const char *word);

void tokens_free(struct tokens *t);
void device_code_free(struct device_code *d);
void endpoints_free(struct endpoints *at);

#endif
