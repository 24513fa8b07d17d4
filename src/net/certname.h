/*
 * certname.h - checks that a certificate is for this host: RFC 9525.
 *
 * GnuTLS's own comparison is not used: if it finds no SAN that it can read, it accepts the CN.
 */
#ifndef NET_CERTNAME_H
#define NET_CERTNAME_H

#include "base/base.h"

#include <gnutls/x509.h>

#include "base/err.h"

/* A subjectAltName of the right type must match: iPAddress for an address literal, else dNSName.  Errors: ST_TLS PERM, with
 * the names that the certificate is for. */
bool certname_check(gnutls_x509_crt_t crt, const char *host, struct err *e) MUST_CHECK;

/* The names that a certificate is for, as certname_check() writes them: "a.example, b.example and others", or "". */
void certname_list(gnutls_x509_crt_t crt, char *to, size_t room);

/* Does a dNSName of `len` bytes (a NUL does not end it) match a host name?  Exported for tests. */
bool certname_match(const char *pattern, size_t len, const char *host);

#endif
