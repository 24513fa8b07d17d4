/*
 * sasl.h - AUTH: RFC 4954 over libgsasl, which only this module sees.
 *
 * Chooses the mechanism, refuses what would give a secret away, bounds what libgsasl is fed
 * (challenge size, number of steps, SCRAM iterations).  Any 2yz is success, as RFC 5321 4.3.2's first digit says, but is
 * believed only when the server proved that it knows the secret where the mechanism says so (RFC 5802 5).
 */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include "base/str.h"
#include "smtp/chat.h"
#include "smtp/ehlo.h"

struct sasl_params {
	struct strlist auth;      /* mechanisms in order of preference; empty: off; "auto": the strongest offered */
	bool           cleartext; /* allow a secret on an unencrypted connection */
	bool           wanted;    /* log in, or do not send */
	char          *user;      /* NULL: only a certificate can say who we are */
	char          *authzid;   /* whom to act as; NULL: the user, whom EXTERNAL then names */
	bool           has_cert;  /* a client certificate is configured: EXTERNAL may be chosen */
};

/* May a login by these settings need a password or token? (EXTERNAL alone does not.) */
bool sasl_wants_secret(const struct sasl_params *p);

/* May a client certificate do in place of one? */
bool sasl_cert_may_do(const struct sasl_params *p);

/* Unknown names are ST_CONFIG and name the nearest known one. */
bool sasl_check(const struct sasl_params *p, struct err *e) MUST_CHECK;

/* The user, or what stands for it, for sentences. */
const char *sasl_who(const struct sasl_params *p);

/* One attempt with one mechanism.  `secret` is NUL-terminated, borrowed, NULL when there is none.
 * *chosen: the mechanism's name (static), also on failure as far as it came.  Refusals by the server
 * are ST_AUTH with its code. */
bool sasl_login(struct chat *c, const struct caps *caps, const struct sasl_params *p,
		const char *host, unsigned port, const char *secret, const char **chosen,
		struct err *e) MUST_CHECK;

/* Names of all mechanisms, for lists and completions; NULL past the end. */
const char *sasl_mechanism(size_t i);

#endif
