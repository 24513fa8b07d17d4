/*
 * verify.h - is the server's certificate acceptable: RFC 5280.
 *
 * GnuTLS builds and checks the chain, stapled OCSP included.  The order of things is ours: a pin decides
 * alone; else chain, key purpose, name (certname.h), revocation lists (crl.h), and the reason for a
 * refusal (explain.h).
 */
#ifndef NET_VERIFY_H
#define NET_VERIFY_H

#include "base/base.h"

#include <gnutls/gnutls.h>

#include "base/str.h"
#include "net/tlsfiles.h"

enum { SHA256_HEX = 64 };

struct verify { /* all borrowed */
	const char           *host;       /* the name or address that the certificate must be for */
	const char           *trust_file; /* NULL: the system's store */
	const char           *crl_file;   /* NULL: none */
	struct tls_files     *files;      /* where both are read from */
	const struct strlist *pins;       /* when there are any, they alone decide */
	bool                  certcheck;  /* off: anything goes that is not pinned, with a warning */
};

struct verdict {
	char fingerprint[SHA256_HEX + 1]; /* lower-case; filled in as soon as there is a certificate */
	bool verified;                    /* by a pin or a chain */
};

/* The limit for gnutls_certificate_set_verify_limits(). */
enum { CHAIN_MAX = 16, CHAIN_KEY_BITS_MAX = 16384 };

/* Called within the handshake, before the client's Finished.  `cred` lends its trust list.  Errors:
 * ST_TLS PERM, and those of trust_bundle(). */
bool verify_server(gnutls_session_t session, gnutls_certificate_credentials_t cred, const struct verify *v,
		   struct verdict *to, struct err *e) MUST_CHECK;

/* What can be found out without a server: pins well-formed, files there and readable. */
bool verify_check(const struct verify *v, struct err *e) MUST_CHECK;

/* Pure, for tests: SHA-256 of the certificate in hex of any case, with or without colons, or
 * "pin-sha256:" and that of its public key in base64. */
bool verify_pin(const char *pin, bool *of_key, char hex[SHA256_HEX + 1]);

#endif
