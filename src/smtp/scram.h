/*
 * scram.h - the client's side of SCRAM: RFC 5802, 7677, 9266.
 *
 * Server messages in, client messages out, both without base64.  Computes proofs; knows no connection, and takes random bytes
 * and the channel's data from its owner.  It is our own since libgsasl 2.2 cannot say the flag `y` (RFC 5802 6), has no limit for
 * the iterations, and needs four times as long for them as GnuTLS.
 */
#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include "base/buf.h"
#include "net/crypto.h"

enum { SCRAM_NONCE_BYTES = 18 };
enum { SCRAM_ITERATIONS_MIN = 4096, SCRAM_ITERATIONS_MAX = 1000000 }; /* RFC 7677 4; more would let a server keep us busy */

enum scram_binding { /* of the login to the TLS channel, RFC 5802 6 */
	SCRAM_CANNOT_BIND,    /* n: we have no channel, or the server could bind and something else was chosen */
	SCRAM_SERVER_CANNOT,  /* y: we could, and the server offers no -PLUS */
	SCRAM_BOUND,          /* p */
};

struct scram {
	/* set by the owner before the first step; borrowed */
	enum crypto_hash     hash;
	const char          *user, *password; /* as SASLprep makes them */
	const char          *authzid;         /* the user to act as; NULL: none */
	enum scram_binding   binding;
	const char          *channel_name;    /* SCRAM_BOUND: "tls-exporter" or "tls-unique", and its data */
	const unsigned char *channel;
	size_t               channel_len;
	unsigned char        random[SCRAM_NONCE_BYTES];

	/* private; zero */
	enum { SCRAM_BEGIN, SCRAM_PROVING, SCRAM_CHECKING, SCRAM_DONE, SCRAM_FAILED } state;
	struct buf    header, bare; /* of our first message */
	char          nonce[2 * SCRAM_NONCE_BYTES];
	unsigned char signature[CRYPTO_KEY_MAX]; /* that the server has to show */
	size_t        hash_len;
};

/* Appends the answer to a message of the server of n bytes without NUL, behind which there is a NUL; the first call has none.
 * Errors, in which `host` names the server: ST_AUTH PERM if the message makes no sense, asks for too few or too many iterations,
 * or does not prove that the server knows the password.  After an error every step fails. */
bool scram_step(struct scram *s, const char *host, const char *message, size_t n, struct buf *to, struct err *e) MUST_CHECK;

/* Has the server proved that it knows the password? */
static inline bool scram_done(const struct scram *s) { return s->state == SCRAM_DONE; }

void scram_wipe(struct scram *s); /* accepts a zeroed one */

#endif
