/*
 * explain.h - why a certificate or a handshake failed, in words that help: which one, which date.
 *
 * Only words: what happened has been decided elsewhere.
 */
#ifndef NET_EXPLAIN_H
#define NET_EXPLAIN_H

#include "base/base.h"

#include <gnutls/x509.h>
#include <time.h>

#include "base/err.h"

struct suspect { /* all borrowed */
	const char              *host;
	const char              *fingerprint; /* SHA-256 of the first certificate, hex */
	const gnutls_x509_crt_t *chain;       /* as the server sent it, its own first */
	unsigned                 n;
	gnutls_x509_trust_list_t list;        /* what it was judged by */
};

enum { EXPLAIN_DATE = 16, EXPLAIN_DN = 200 };

struct breakdown { /* of a handshake; all borrowed */
	const char *host;
	int         error; /* GnuTLS's */
	int         alert; /* the server's, if error is GNUTLS_E_FATAL_ALERT_RECEIVED */
	const char *first; /* what the server said first */
	size_t      first_len;
	bool        starttls;
	bool        wants_cert; /* the server asked for ours before its alert */
};

/* The certificate is refused: with gnutls_certificate_status_t.  ST_TLS, FATE_PERM. */
bool explain_status(const struct suspect *s, unsigned status, struct err *e);

/* ST_TLS; FATE_PERM where it is policy (versions, ciphers, our certificate), else FATE_TEMP. */
bool explain_handshake(const struct breakdown *b, struct err *e);

/* "2024-01-02", UTC. */
const char *explain_date(time_t t, char to[EXPLAIN_DATE]);

/* The shortest name that a person can search for: CN, else O, else the whole DN. */
const char *explain_issuer(gnutls_x509_crt_t crt, char to[EXPLAIN_DN]);
const char *explain_subject(gnutls_x509_crt_t crt, char to[EXPLAIN_DN]);

#endif
