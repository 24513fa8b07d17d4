/*
 * tlsconf.h - what a TLS session is made from: priorities, and the client's certificate and key.
 */
#ifndef NET_TLSCONF_H
#define NET_TLSCONF_H

#include "base/base.h"

#include <gnutls/gnutls.h>

#include "net/tlsfiles.h"

enum { PRIORITIES_MAX = 2048 }; /* bytes */

/* A user's string (NULL: `usual`), with tlsconf_guard().  Without a session it is only looked at.  Errors:
 * ST_CONFIG, with the place where it goes wrong. */
bool tlsconf_priorities(gnutls_session_t session, const char *user, const char *usual, struct err *e) MUST_CHECK;

/* Pure, for tests: the user's string, followed by what leaves out everything below our minimum that the string
 * does not name itself: TLS before 1.2, SHA-1 in signatures of the handshake, and a profile below medium.
 * A keyword names none of them: "NORMAL" means TLS 1.0 to GnuTLS, "SECURE128" keys of 1024 bits.  A higher
 * profile stays, be it named or a keyword's.  False: too long. */
bool tlsconf_guard(const char *user, char to[PRIORITIES_MAX]);

/* The client's certificate and key (PEM; key_file NULL: both are in cert_file; cert_file NULL: none).
 * The key must not be readable by others.  Errors: ST_CONFIG, or ST_TLS with sys ENOENT. */
bool tlsconf_identity(gnutls_certificate_credentials_t cred, struct tls_files *files, const char *cert_file,
		      const char *key_file, struct err *e) MUST_CHECK;

#endif
