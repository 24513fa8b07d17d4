/*
 * exchange.h - what a login with one SASL mechanism computes: RFC 4422.  Only this module sees libgsasl.
 *
 * Challenges in, responses out, both without base64.  It does not read from a connection or write to one, and does not choose
 * the mechanism: smtp/sasl does.  SCRAM is computed by smtp/scram, the other mechanisms by libgsasl, whose copies of the secret
 * are wiped.
 */
#ifndef SMTP_EXCHANGE_H
#define SMTP_EXCHANGE_H

#include "base/buf.h"
#include "net/tls.h"
#include "smtp/scram.h"

struct Gsasl;
struct Gsasl_session;

struct exchange {
	/* Set by the owner before exchange_begin(), and borrowed until exchange_end(). */
	const char      *mech, *host; /* names for libgsasl and for errors */
	enum crypto_hash hash;        /* of SCRAM */
	const char      *user;        /* NULL: none */
	const char      *authzid;     /* the user to act as; NULL: the server derives it from the login */
	const char      *secret;      /* NULL: none */
	enum scram_binding binding;
	struct tls      *channel;     /* SCRAM_BOUND: the login is bound to this connection */

	bool                  finished; /* nothing more is to be said; with SCRAM, the server proved that it knows the password */
	struct scram          scram;
	char                 *prepared_user, *prepared_secret; /* owned; SASLprep's form, for SCRAM */
	unsigned char         channel_data[TLS_BINDING_MAX];
	struct Gsasl         *library;
	struct Gsasl_session *state;
};

bool exchange_begin(struct exchange *x, struct err *e) MUST_CHECK;

/* Appends the response to a challenge of n bytes without NUL, behind which there is a NUL.  The first response of a client that
 * speaks first is that to an empty challenge.  A challenge that makes no sense, or a proof that is wrong, is ST_AUTH PERM. */
bool exchange_step(struct exchange *x, const char *challenge, size_t n, struct buf *response, struct err *e) MUST_CHECK;

/* Wipes and frees.  Accepts one that was not begun. */
void exchange_end(struct exchange *x);

#endif
