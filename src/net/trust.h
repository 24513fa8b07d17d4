/*
 * trust.h - the few CA certificates that a chain needs, found without parsing the whole store.
 *
 * Loading 144 CA certificates costs about ten times what the rest of a submission does.  So the
 * PEM bundle is scanned after the handshake: each certificate is decoded no further than its
 * subject, and only those are parsed whose subject is an issuer that the presented chain names.
 * When that does not verify, the caller asks for the whole store once before it refuses.
 */
#ifndef NET_TRUST_H
#define NET_TRUST_H

#include <gnutls/x509.h>

#include "base/err.h"

/* Where `tls_trust_file` is not set: the system's bundle (configure --with-trust-file, else probed
 * at run time among the usual places). NULL: none found. */
const char *trust_system_file(void);

/* Adds to `list` every certificate of the PEM file whose subject is the issuer of one of the n in
 * `chain` (all: every certificate).  *added counts.  A missing file: ST_TLS with sys ENOENT
 * (EX_OSFILE); no permission, not PEM at all: ST_CONFIG. */
bool trust_add(gnutls_x509_trust_list_t list, const char *file, const gnutls_x509_crt_t *chain,
	       unsigned n, bool all, unsigned *added, struct err *e) MUST_CHECK;

/* Pure, for tests and fuzzing: the subject (a DER Name, borrowed) within a DER certificate. */
bool trust_subject(const unsigned char *der, size_t len, const unsigned char **name, size_t *name_len);

#endif
