/*
 * verify.h - checks the server's certificate: RFC 5280.
 *
 * If there are pins, they alone decide.  Otherwise GnuTLS builds and checks the chain, with the key purpose and a stapled OCSP
 * answer; then come the name (certname.h) and the revocation lists (crl.h).  explain.h gives the reason for a refusal.
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
	struct tls_files     *files;      /* gives the content of both */
	const struct strlist *pins;       /* if there are any, they alone decide */
	bool                  certcheck;  /* off: if there are no pins, every certificate is accepted, with a warning */
};

struct verdict {
	char fingerprint[SHA256_HEX + 1]; /* lower-case; also of a certificate that is refused */
	bool verified;                    /* by a pin or a chain */
	bool chain;                       /* by a chain: without pins, or by verify_chain() */
};

/* The limits for gnutls_certificate_set_verify_limits(). */
enum { CHAIN_MAX = 16, CHAIN_KEY_BITS_MAX = 16384 };

/* To be called within the handshake, before the client's Finished.  CA certificates are added to the trust list of `cred`.
 * Errors: ST_TLS PERM, and those of trust_bundle() and crl_check(). */
bool verify_server(gnutls_session_t session, gnutls_certificate_credentials_t cred, const struct verify *v,
		   struct verdict *to, struct err *e) MUST_CHECK;

/* After the handshake: the chain of a certificate that a pin has accepted, or certcheck off, is checked, too.  If it is good,
 * to->chain is set.  Errors as above. */
bool verify_chain(gnutls_session_t session, gnutls_certificate_credentials_t cred, const struct verify *v,
		  struct verdict *to, struct err *e) MUST_CHECK;

/* Checks what needs no server: files can be read, and the system's store is there. */
bool verify_check(const struct verify *v, struct err *e) MUST_CHECK;

/* Parses a pin: the SHA-256 of the certificate in hex of any case, with or without colons, or "pin-sha256:" and the SHA-256 of
 * its public key in base64 (*of_key).  Exported for tests. */
bool verify_pin(const char *pin, bool *of_key, char hex[SHA256_HEX + 1]);

#endif
