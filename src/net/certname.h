/*
 * certname.h - is a certificate for this host: RFC 9525.
 *
 * Not GnuTLS's own comparison, which falls back to the CN where it finds no SAN that it can read.
 */
#ifndef NET_CERTNAME_H
#define NET_CERTNAME_H

#include "base/base.h"

#include <gnutls/x509.h>

#include "base/err.h"

/* A subjectAltName of the matching type has to fit: iPAddress for an address literal, else dNSName.
 * Errors: ST_TLS PERM, with the names that it is for. */
bool certname_check(gnutls_x509_crt_t crt, const char *host, struct err *e) MUST_CHECK;

/* Pure, for tests: a dNSName (length-counted: a NUL is no end) against a host name. */
bool certname_match(const char *pattern, size_t len, const char *host);

#endif
