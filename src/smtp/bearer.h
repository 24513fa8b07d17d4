/*
 * bearer.h - what OAUTHBEARER (RFC 7628) and XOAUTH2 say: the response with an access token, and the JSON with which a server
 * explains that it refuses one.
 *
 * Bytes in, bytes out.  Of the JSON only `status` is read.
 */
#ifndef SMTP_BEARER_H
#define SMTP_BEARER_H

#include "smtp/reply.h"

bool bearer_oauthbearer(struct buf *to, const char *user, const char *host, unsigned port, const char *token,
			struct err *e) MUST_CHECK;
bool bearer_xoauth2(struct buf *to, const char *user, const char *token, struct err *e) MUST_CHECK;

enum bearer_refusal {
	BEARER_FINAL, /* the token is not at fault */
	BEARER_STALE, /* a newer token may do */
	BEARER_SCOPE, /* the login does not allow sending mail: a person must log in again */
	BEARER_LATER, /* the server could not check the token */
};

/* What a refusal means: of the challenge (n bytes of JSON; 0: there was none) and of the reply that ended the exchange. */
enum bearer_refusal bearer_judge(const char *challenge, size_t n, int code, struct esc esc);

/* The member `status` of the JSON object, at most room - 1 bytes.  False: there is none, or it is no text or number. */
bool bearer_status(const char *json, size_t n, char *to, size_t room);

#endif
