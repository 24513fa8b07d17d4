/*
 * trust.h - finds the few CA certificates that a chain needs, without parsing the whole store.
 *
 * To load 144 CA certificates costs about ten times as much as the rest of a submission.  So the PEM bundle is scanned in the
 * handshake, and each certificate is decoded only up to its subject.  Only those that GnuTLS would use are parsed: GnuTLS
 * finds an issuer by comparing the bytes of the names, and so does this module.  If the chain then does not verify, the
 * caller loads the whole store once before it refuses the server.
 */
#ifndef NET_TRUST_H
#define NET_TRUST_H

#include "base/base.h"

#include <gnutls/x509.h>

#include "net/tlsfiles.h"

/* The system's bundle, for use if `tls_trust_file` is not set: that of configure --with-trust-file, else the first of the usual
 * places where a file can be read.  NULL: none found. */
const char *trust_system_file(void);

/* The bundle's text, borrowed from *files.  NULL and *e: a missing file is ST_TLS with sys ENOENT
 * (EX_OSFILE); no permission, a directory, no certificate at all are ST_CONFIG.  The label of a certificate is CERTIFICATE or
 * X509 CERTIFICATE; OpenSSL's TRUSTED CERTIFICATE does not count. */
const struct buf *trust_bundle(struct tls_files *files, const char *file, struct err *e) MUST_CHECK;

/* Adds to `list` every certificate of the bundle whose subject is the issuer or the subject of one of the n DER certificates in
 * `chain` (all: every certificate), and returns their number.  A certificate that cannot be parsed is skipped. */
unsigned trust_add(gnutls_x509_trust_list_t list, const struct buf *bundle, const gnutls_datum_t *chain, unsigned n,
		   bool all);

/* Issuer and subject (DER Names, pointing into `der`) of a DER certificate. */
bool trust_names(const unsigned char *der, size_t len, gnutls_datum_t *issuer, gnutls_datum_t *subject);

#endif
