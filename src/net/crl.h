/*
 * crl.h - checks the certificates of a chain against the revocation lists in tls_crl_file: RFC 5280 6.3.
 *
 * GnuTLS only looks up a serial number in a list.  It does not check the list's dates, and its signature only on request.
 */
#ifndef NET_CRL_H
#define NET_CRL_H

#include "net/explain.h"
#include "net/tlsfiles.h"

/* Every list in the file must be in date: an old list does not show which certificates have been revoked since.  If an issuer
 * has no list in the file, its certificates count as not revoked.  Errors: ST_TLS PERM; if the file is missing, ST_TLS with
 * sys ENOENT; if it cannot be read or is not PEM, ST_CONFIG. */
bool crl_check(struct tls_files *files, const char *file, const struct suspect *s, struct err *e) MUST_CHECK;

/* Checks the file without a chain: is it there, readable and PEM?  The dates are not checked. */
bool crl_file_check(struct tls_files *files, const char *file, struct err *e) MUST_CHECK;

#endif
