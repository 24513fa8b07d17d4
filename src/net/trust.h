/*
 * trust.h - the few CA certificates that a chain needs, found without parsing the whole store.
 *
 * Loading 144 CA certificates costs about ten times what the rest of a submission does.  So the PEM
 * bundle is scanned during the handshake: each certificate is decoded no further than its subject,
 * and only those are parsed that GnuTLS would look at: it finds an issuer by comparing the bytes of
 * the names, as we do.  When that does not verify, the caller asks for the whole store once before
 * it refuses.
 */
#ifndef NET_TRUST_H
#define NET_TRUST_H

#include "base/base.h"

#include <gnutls/x509.h>

#include "net/tlsfiles.h"

/* Where `tls_trust_file` is not set: the system's bundle (configure --with-trust-file, else probed
 * at run time among the usual places).  NULL: none found. */
const char *trust_system_file(void);

/* The bundle's text, borrowed from *files.  NULL and *e: a missing file is ST_TLS with sys ENOENT
 * (EX_OSFILE); no permission, a directory, no certificate at all are ST_CONFIG.  A certificate is labelled
 * CERTIFICATE or X509 CERTIFICATE; OpenSSL's TRUSTED CERTIFICATE is none. */
const struct buf *trust_bundle(struct tls_files *files, const char *file, struct err *e) MUST_CHECK;

/* Adds to `list` every certificate of the bundle that one of the n DER certificates in `chain` names as
 * its issuer, or is itself (all: every certificate), and says how many those were.  What cannot be
 * parsed is passed over. */
unsigned trust_add(gnutls_x509_trust_list_t list, const struct buf *bundle, const gnutls_datum_t *chain, unsigned n,
		   bool all);

/* Pure: issuer and subject (DER Names, borrowed) within a DER certificate. */
bool trust_names(const unsigned char *der, size_t len, gnutls_datum_t *issuer, gnutls_datum_t *subject);

#endif
