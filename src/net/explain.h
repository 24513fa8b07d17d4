/*
 * explain.h - turns a refused certificate or a failed handshake into an error that says which certificate and which date.
 *
 * verify.h and tls.h decide whether to refuse; this module chooses the words, and the fate of a failed handshake.
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
	const gnutls_x509_crt_t *chain;       /* as the server sent it; the server's own certificate is the first */
	unsigned                 n;
	gnutls_x509_trust_list_t list;        /* the CA certificates that it was checked with */
};

enum { EXPLAIN_DATE = 16, EXPLAIN_DN = 200 };

struct breakdown { /* a failed handshake; all borrowed */
	const char *host;
	int         error; /* of GnuTLS */
	int         alert; /* from the server, if error is GNUTLS_E_FATAL_ALERT_RECEIVED */
	const char *first; /* the first bytes that the server sent in the handshake */
	size_t      first_len;
	bool        starttls;
	bool        wants_cert; /* the server asked for a client certificate before its alert */
};

/* The error for a refused certificate; `status` is a gnutls_certificate_status_t.  ST_TLS, FATE_PERM. */
bool explain_status(const struct suspect *s, unsigned status, struct err *e);

/* The error for a failed handshake: ST_TLS; FATE_PERM if a policy is the reason (versions, ciphers, our certificate), else
 * FATE_TEMP. */
bool explain_handshake(const struct breakdown *b, struct err *e);

/* "2024-01-02", UTC. */
const char *explain_date(time_t t, char to[EXPLAIN_DATE]);

/* The shortest name that a user can search for: CN, else O, else the whole DN. */
const char *explain_issuer(gnutls_x509_crt_t crt, char to[EXPLAIN_DN]);
const char *explain_subject(gnutls_x509_crt_t crt, char to[EXPLAIN_DN]);

#endif
