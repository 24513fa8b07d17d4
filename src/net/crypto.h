/*
 * crypto.h - initialises GnuTLS, and computes the functions of SCRAM: Hi(), HMAC() and H() of RFC 5802 2.2.
 *
 * By default GnuTLS initialises itself at every start of the program, although a run without TLS does not need it.  This is
 * switched off here, and crypto_start() must be called before the first use of GnuTLS.
 */
#ifndef NET_CRYPTO_H
#define NET_CRYPTO_H

#include "base/err.h"

enum crypto_hash { CRYPTO_NO_HASH, CRYPTO_SHA1, CRYPTO_SHA256 };
enum { CRYPTO_KEY_MAX = 32 }; /* bytes */

/* May be called any number of times.  False: no memory, or the library refuses to work. */
bool crypto_start(struct err *e) MUST_CHECK;

/* PBKDF2 (RFC 8018 5.2) with HMAC of that hash; the key is as long as the hash: *len bytes.  False: GnuTLS cannot compute it;
 * `key` then holds no part of it. */
bool crypto_pbkdf2(enum crypto_hash hash, const char *password, const void *salt, size_t salt_len, unsigned iterations,
		   unsigned char key[CRYPTO_KEY_MAX], size_t *len) MUST_CHECK;

/* HMAC and the hash itself; `to` is as long as the hash.  To be called after crypto_pbkdf2().  False: GnuTLS cannot. */
bool crypto_hmac(enum crypto_hash hash, const void *key, size_t key_len, const void *p, size_t n,
		 unsigned char to[CRYPTO_KEY_MAX]) MUST_CHECK;
bool crypto_digest(enum crypto_hash hash, const void *p, size_t n, unsigned char to[CRYPTO_KEY_MAX]) MUST_CHECK;

#endif
