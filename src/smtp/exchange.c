#include "smtp/exchange.h"

#include <errno.h>
#include <gsasl.h>

#include "base/base64.h"
#include "base/str.h"
#include "net/tls.h"

enum { ITERATIONS_MIN = 4096, ITERATIONS_MAX = 1000000 }; /* RFC 7677 4; more would let a server keep us busy */

/* ---- errors --------------------------------------------------------------------------------- */

/* libgsasl has many errors for a lack of memory (in a parser, in SASLprep, in a hash), and most of them mean other things, too.
 * malloc() sets errno to ENOMEM; so `errno` is set to 0 before each call. */
static bool lacked_memory(int rc)
{
	return rc == GSASL_MALLOC_ERROR || rc == GSASL_CRYPTO_ERROR || errno == ENOMEM;
}

static bool fail_library(const struct exchange *x, int rc, struct err *e)
{
	if (lacked_memory(rc))
		return fail_memory(e);
	/* the server sent nonsense, or could not prove that it knows the password */
	fail(e, ST_AUTH, FATE_PERM, "the %s exchange with %s failed", x->mech, x->host);
	err_quote(e, gsasl_strerror(rc), strlen(gsasl_strerror(rc)));
	return false;
}

/* ---- SCRAM ---------------------------------------------------------------------------------- */

/* RFC 5802 5.1: "r=...,s=...,i=4096".  libgsasl has no limit for the number of iterations, so it is checked here. */
static bool iterations_bounded(const struct exchange *x, const char *challenge, struct err *e)
{
	const char *at = strstr(challenge, ",i=");
	uint64_t n = 0;

	if (x->hash == CRYPTO_NO_HASH || strncmp(challenge, "r=", 2) != 0) /* another message than the one with i= */
		return true;
	if (at != NULL && str_number_n(at + 3, strcspn(at + 3, ","), ITERATIONS_MIN, ITERATIONS_MAX, &n))
		return true;
	return fail(e, ST_AUTH, FATE_PERM, "%s asks for a SCRAM iteration count outside of %d to %d", x->host,
		    ITERATIONS_MIN, ITERATIONS_MAX);
}

/* The salted password of RFC 5802 3, in hexadecimal digits. */
static bool salted(const char *password, enum crypto_hash hash, const char *salt, const char *iterations, char *hex)
{
	struct buf raw = buf_max(ST_AUTH, strlen(salt), "the salt");
	unsigned char key[CRYPTO_KEY_MAX];
	uint64_t n;
	size_t len;
	struct err unheard;
	bool ok = str_number(iterations, ITERATIONS_MIN, ITERATIONS_MAX, &n) && buf_room(&raw, strlen(salt), &unheard)
	       && base64_decode(&raw, salt, strlen(salt))
	       && crypto_pbkdf2(hash, password, buf_text(&raw), raw.len, (unsigned)n, key, &len);

	if (ok)
		str_hex(key, len, hex);
	explicit_bzero(key, sizeof key);
	buf_free(&raw);
	return ok;
}

/* A callback: gives libgsasl the salted password.  Computing it is nearly all that SCRAM costs, and libgsasl takes four times as
 * long for it as GnuTLS.  If this fails, libgsasl computes it itself, and reports itself if the password is unfit. */
static int give_salted(Gsasl *library, Gsasl_session *state, Gsasl_property property)
{
	const struct exchange *x = gsasl_callback_hook_get(library);
	const char *salt, *iterations;
	char *password = NULL, hex[2 * CRYPTO_KEY_MAX + 1];
	int rc = GSASL_NO_CALLBACK;

	if (property != GSASL_SCRAM_SALTED_PASSWORD || x->hash == CRYPTO_NO_HASH)
		return rc;
	salt = gsasl_property_fast(state, GSASL_SCRAM_SALT);
	iterations = gsasl_property_fast(state, GSASL_SCRAM_ITER);
	if (salt == NULL || iterations == NULL
	    /* NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): no flags, as libgsasl itself does */
	    || gsasl_saslprep(x->secret, (Gsasl_saslprep_flags)0, &password, NULL) != GSASL_OK)
		return rc;
	if (salted(password, x->hash, salt, iterations, hex))
		rc = gsasl_property_set(state, GSASL_SCRAM_SALTED_PASSWORD, hex);
	explicit_bzero(hex, sizeof hex);
	explicit_bzero(password, strlen(password));
	gsasl_free(password);
	return rc;
}

/* ---- beginning ------------------------------------------------------------------------------ */

static bool put_property(struct exchange *x, Gsasl_property property, const char *value, struct err *e)
{
	int rc;

	errno = 0;
	rc = value == NULL ? GSASL_OK : gsasl_property_set(x->state, property, value);
	return rc == GSASL_OK || fail_library(x, rc, e);
}

static bool put_binding(struct exchange *x, enum tls_binding kind, Gsasl_property property, struct err *e)
{
	unsigned char data[TLS_BINDING_MAX];
	struct buf text = buf_max(ST_AUTH, 1024, "the channel binding");
	size_t len;
	bool ok;

	if (x->binding == NULL || !tls_binding(x->binding, kind, data, &len))
		return true;
	ok = base64_encode(&text, data, len, e) && put_property(x, property, buf_text(&text), e);
	buf_free(&text);
	return ok;
}

/* By RFC 5802 6 a SCRAM without -PLUS has to say "y" if the server offers no -PLUS.  libgsasl 2.2 fails when it has to say so
 * (GSASL_AUTHENTICATION_ERROR at once).  So only the -PLUS mechanisms get the channel's data, and the others say "n". */
static bool put_properties(struct exchange *x, struct err *e)
{
	return put_property(x, GSASL_AUTHID, x->user, e) && put_property(x, GSASL_AUTHZID, x->authzid, e)
	    && put_property(x, GSASL_PASSWORD, x->secret, e) && put_binding(x, TLS_EXPORTER, GSASL_CB_TLS_EXPORTER, e)
	    && put_binding(x, TLS_UNIQUE, GSASL_CB_TLS_UNIQUE, e);
}

/* On failure libgsasl leaves a pointer to freed memory, so the pointer is set to NULL. */
bool exchange_begin(struct exchange *x, struct err *e)
{
	int rc;

	errno = 0;
	rc = gsasl_init(&x->library);
	if (rc != GSASL_OK) {
		x->library = NULL;
		return fail_library(x, rc, e);
	}
	gsasl_callback_set(x->library, give_salted);
	gsasl_callback_hook_set(x->library, x);
	rc = gsasl_client_start(x->library, x->mech, &x->state);
	if (rc != GSASL_OK) {
		x->state = NULL;
		return fail_library(x, rc, e);
	}
	return put_properties(x, e);
}

/* ---- steps and the end ---------------------------------------------------------------------- */

bool exchange_step(struct exchange *x, const char *challenge, size_t n, struct buf *response, struct err *e)
{
	char *out = NULL;
	size_t len = 0;
	int rc;
	bool ok;

	if (!iterations_bounded(x, challenge, e))
		return false;
	errno = 0;
	rc = gsasl_step(x->state, challenge, n, &out, &len);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE) {
		x->spoiled = lacked_memory(rc);
		return fail_library(x, rc, e);
	}
	x->finished = rc == GSASL_OK;
	ok = buf_add(response, out == NULL ? "" : out, len, e);
	if (out != NULL)
		explicit_bzero(out, len);
	gsasl_free(out);
	return ok;
}

/* libgsasl frees its copies without wiping them. */
static void wipe_property(Gsasl_session *state, Gsasl_property property)
{
	const char *value = gsasl_property_fast(state, property);

	if (value != NULL)
		explicit_bzero((char *)(uintptr_t)value, strlen(value));
}

/* If libgsasl 2.2 lacks memory for its proof, it frees a buffer and keeps the pointer.  Such a state is not freed here: that
 * would free the buffer twice. */
void exchange_end(struct exchange *x)
{
	if (x->state != NULL && !x->spoiled) {
		wipe_property(x->state, GSASL_PASSWORD);
		wipe_property(x->state, GSASL_SCRAM_SALTED_PASSWORD);
		gsasl_finish(x->state);
	}
	if (x->library != NULL)
		gsasl_done(x->library);
	*x = (struct exchange){ 0 };
}
