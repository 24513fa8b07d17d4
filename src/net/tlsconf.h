/*
 * tlsconf.h - configures a TLS session: priorities, and the client's certificate and key.
 */
#ifndef NET_TLSCONF_H
#define NET_TLSCONF_H

#include "base/base.h"

#include <gnutls/gnutls.h>

#include "net/tlsfiles.h"

enum { PRIORITIES_MAX = 2048 }; /* bytes */

/* Sets the priorities to the user's string, as tlsconf_guard() completes it, or if it is NULL, to `usual`.  If `session` is
 * NULL, the string is only checked.  Errors: ST_CONFIG, with the place of the mistake in the string. */
bool tlsconf_priorities(gnutls_session_t session, const char *user, const char *usual, struct err *e) MUST_CHECK;

/* Copies the user's string and adds words that exclude everything below our minimum: TLS before 1.2, SHA-1 in signatures of
 * the handshake, and a profile below medium.  If the string names one of them itself, it stays allowed.  A keyword names none:
 * to GnuTLS, "NORMAL" allows TLS 1.0, and "SECURE128" keys of 1024 bits.  A higher profile stays, whether it is named or comes
 * with a keyword.  False: the string is too long.  Exported for tests. */
bool tlsconf_guard(const char *user, char to[PRIORITIES_MAX]);

/* The client's certificate and key (PEM; key_file NULL: both are in cert_file; cert_file NULL: none).
 * If others may read the key, it is an error.  Errors: ST_CONFIG, or for a missing file ST_TLS with sys ENOENT. */
bool tlsconf_identity(gnutls_certificate_credentials_t cred, struct tls_files *files, const char *cert_file,
		      const char *key_file, struct err *e) MUST_CHECK;

#endif
