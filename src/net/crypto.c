#include "net/crypto.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

GNUTLS_SKIP_GLOBAL_INIT

bool crypto_start(struct err *e)
{
	int r = gnutls_global_init();

	if (r == 0)
		return true;
	if (r == GNUTLS_E_MEMORY_ERROR)
		return fail_memory(e);
	fail(e, ST_INTERNAL, FATE_TEMP, "GnuTLS cannot be used");
	return err_quote(e, gnutls_strerror(r), strlen(gnutls_strerror(r)));
}

static const gnutls_mac_algorithm_t macs[] = {
	[CRYPTO_SHA1] = GNUTLS_MAC_SHA1,
	[CRYPTO_SHA256] = GNUTLS_MAC_SHA256,
};

bool crypto_pbkdf2(enum crypto_hash hash, const char *password, const void *salt, size_t salt_len, unsigned iterations,
		   unsigned char key[CRYPTO_KEY_MAX], size_t *len)
{
	/* gnutls_datum_t has no const, but GnuTLS does not write to these bytes */
	gnutls_datum_t p = { (unsigned char *)(uintptr_t)password, (unsigned)strlen(password) };
	gnutls_datum_t s = { (unsigned char *)(uintptr_t)salt, (unsigned)salt_len };
	struct err unheard;

	if (hash == CRYPTO_NO_HASH || !crypto_start(&unheard))
		return false;
	*len = gnutls_hmac_get_len(macs[hash]);
	if (*len > 0 && *len <= CRYPTO_KEY_MAX && gnutls_pbkdf2(macs[hash], &p, &s, iterations, key, *len) == 0)
		return true;
	explicit_bzero(key, CRYPTO_KEY_MAX);
	return false;
}

bool crypto_hmac(enum crypto_hash hash, const void *key, size_t key_len, const void *p, size_t n,
		 unsigned char to[CRYPTO_KEY_MAX])
{
	return gnutls_hmac_fast(macs[hash], key, key_len, p, n, to) == 0;
}

bool crypto_digest(enum crypto_hash hash, const void *p, size_t n, unsigned char to[CRYPTO_KEY_MAX])
{
	static const gnutls_digest_algorithm_t digests[] = {
		[CRYPTO_SHA1] = GNUTLS_DIG_SHA1,
		[CRYPTO_SHA256] = GNUTLS_DIG_SHA256,
	};

	return gnutls_hash_fast(digests[hash], p, n, to) == 0;
}
