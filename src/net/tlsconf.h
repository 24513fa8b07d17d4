/*
 * tlsconf.h - what a TLS session is made from: priorities, and the client's certificate and key.
 */
#ifndef NET_TLSCONF_H
#define NET_TLSCONF_H

#include "base/base.h"

#include <gnutls/gnutls.h>

#include "net/tlsfiles.h"

/* A user's string means what it says, except that old versions and weak keys have to be named to be
 * allowed: "NORMAL" alone would mean TLS 1.0 and RSA-1024 to some builds of GnuTLS.  NULL: `usual`.
 * Without a session it is only looked at.  Errors: ST_CONFIG, with the place where it goes wrong. */
bool tlsconf_priorities(gnutls_session_t session, const char *user, const char *usual, struct err *e) MUST_CHECK;

/* The client's certificate and key (PEM; key_file NULL: both are in cert_file; cert_file NULL: none).
 * The key must not be readable by others.  Errors: ST_CONFIG, or ST_TLS with sys ENOENT. */
bool tlsconf_identity(gnutls_certificate_credentials_t cred, struct tls_files *files, const char *cert_file,
		      const char *key_file, struct err *e) MUST_CHECK;

#endif
