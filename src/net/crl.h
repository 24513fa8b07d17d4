/*
 * crl.h - has a certificate of the chain been revoked, by the lists in tls_crl_file: RFC 5280 6.3.
 *
 * GnuTLS looks a serial number up, but neither at a list's age nor, unless asked, at its signature.
 */
#ifndef NET_CRL_H
#define NET_CRL_H

#include "net/explain.h"
#include "net/tlsfiles.h"

/* Every list of the file has to be in date, or nothing is said by its silence.  A certificate whose
 * issuer has no list in it counts as not revoked.  Errors: ST_TLS PERM; a missing file: ST_TLS with
 * sys ENOENT; one that cannot be read or is not PEM: ST_CONFIG. */
bool crl_check(struct tls_files *files, const char *file, const struct suspect *s, struct err *e) MUST_CHECK;

/* The errors that can be seen without a chain, but for the dates. */
bool crl_file_check(struct tls_files *files, const char *file, struct err *e) MUST_CHECK;

#endif
