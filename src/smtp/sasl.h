/*
 * sasl.h - AUTH, RFC 4954: the table of mechanisms, the choice among them, and the dialogue with the server.
 *
 * Never gives a secret away without TLS unless that is allowed, and limits the size of challenges and their number.  What is
 * computed from a challenge is in smtp/exchange.  Any 2yz is success, since RFC 5321 4.3.2 has clients go by the first
 * digit.  With SCRAM, success also needs the server's proof that it knows the password (RFC 5802 5).
 */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include "base/str.h"
#include "net/dial.h"
#include "smtp/bearer.h"
#include "smtp/chat.h"
#include "smtp/caps.h"

struct sasl_params {
	struct strlist auth;      /* mechanisms in order of preference; empty: off; "auto": the strongest offered */
	bool           cleartext; /* allow a secret on an unencrypted connection */
	bool           wanted;    /* without a login nothing is sent */
	char          *user;      /* NULL: none, so only EXTERNAL with a certificate can be used */
	char          *authzid;   /* user to act as; NULL: `user`, which EXTERNAL then sends */
	const char    *oauth2;    /* borrowed; the login whose access token is the secret, so that no mechanism with a password is
				   * used, and nothing without TLS; NULL: the secret is what the mechanism wants */
	bool           has_cert;  /* a client certificate is configured: EXTERNAL may be chosen */
};

/* May a login with these settings need a password or token?  EXTERNAL alone needs none. */
bool sasl_wants_secret(const struct sasl_params *p);

/* May a login with these settings use a client certificate in place of a password? */
bool sasl_cert_may_do(const struct sasl_params *p);

/* Do all of the mechanisms take an access token (`auto` then chooses only among those)? */
bool sasl_takes_token(const struct sasl_params *p);

/* Are all of these mechanisms, or `auto`?  An unknown name is ST_CONFIG; the hint has the nearest known one. */
bool sasl_check(const struct strlist *names, struct err *e) MUST_CHECK;

/* The user, or "our certificate", for sentences. */
const char *sasl_who(const struct sasl_params *p);

/* One attempt with one mechanism.  `secret` is NUL-terminated and borrowed; NULL: there is none.  *chosen is the
 * mechanism's name (static), also on failure once a mechanism was chosen.  A refusal by the server is ST_AUTH with its code; *why
 * then says what it means for an access token. */
bool sasl_login(struct chat *c, const struct caps *caps, const struct sasl_params *p, const struct endpoint *to,
		const char *secret, const char **chosen, enum bearer_refusal *why, struct err *e) MUST_CHECK;

#endif
