#include "smtp/exchange.h"

#include <errno.h>
#include <gsasl.h>

#include "base/random.h"
#include "base/str.h"

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

/* The forms that both sides compute with: RFC 5802 5.1, RFC 4013. */
static bool prepare_names(struct exchange *x, struct err *e)
{
	int rc;

	errno = 0;
	rc = gsasl_saslprep(x->user, GSASL_ALLOW_UNASSIGNED, &x->prepared_user, NULL);
	if (rc == GSASL_OK) /* NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): no flags, as libgsasl itself does */
		rc = gsasl_saslprep(x->secret, (Gsasl_saslprep_flags)0, &x->prepared_secret, NULL);
	return rc == GSASL_OK || fail_library(x, rc, e);
}

static void bind_channel(struct exchange *x)
{
	static const struct {
		enum tls_binding kind;
		const char      *name;
	} kinds[] = { { TLS_EXPORTER, "tls-exporter" }, { TLS_UNIQUE, "tls-unique" } };
	struct scram *s = &x->scram;

	for (size_t i = 0; i < COUNT(kinds) && s->channel_name == NULL; i++)
		if (tls_binding(x->channel, kinds[i].kind, x->channel_data, &s->channel_len))
			s->channel_name = kinds[i].name;
	s->channel = x->channel_data;
}

static bool begin_scram(struct exchange *x, struct err *e)
{
	if (!prepare_names(x, e))
		return false;
	x->scram = (struct scram){ .hash = x->hash, .user = x->prepared_user, .password = x->prepared_secret,
				   .authzid = x->authzid, .binding = x->binding };
	if (x->binding == SCRAM_BOUND)
		bind_channel(x);
	return random_fill(x->scram.random, sizeof x->scram.random, e);
}

/* ---- the others ----------------------------------------------------------------------------- */

static bool put_property(struct exchange *x, Gsasl_property property, const char *value, struct err *e)
{
	int rc;

	errno = 0;
	rc = value == NULL ? GSASL_OK : gsasl_property_set(x->state, property, value);
	return rc == GSASL_OK || fail_library(x, rc, e);
}

static bool put_properties(struct exchange *x, struct err *e)
{
	return put_property(x, GSASL_AUTHID, x->user, e) && put_property(x, GSASL_AUTHZID, x->authzid, e)
	    && put_property(x, GSASL_PASSWORD, x->secret, e);
}

/* On failure libgsasl leaves a pointer to freed memory, so the pointer is set to NULL. */
bool exchange_begin(struct exchange *x, struct err *e)
{
	int rc;

	if (x->hash != CRYPTO_NO_HASH)
		return begin_scram(x, e);
	errno = 0;
	rc = gsasl_init(&x->library);
	if (rc != GSASL_OK) {
		x->library = NULL;
		return fail_library(x, rc, e);
	}
	rc = gsasl_client_start(x->library, x->mech, &x->state);
	if (rc != GSASL_OK) {
		x->state = NULL;
		return fail_library(x, rc, e);
	}
	return put_properties(x, e);
}

/* ---- steps and the end ---------------------------------------------------------------------- */

static bool step_scram(struct exchange *x, const char *challenge, size_t n, struct buf *response, struct err *e)
{
	bool ok = scram_step(&x->scram, x->host, challenge, n, response, e);

	x->finished = scram_done(&x->scram);
	return ok;
}

bool exchange_step(struct exchange *x, const char *challenge, size_t n, struct buf *response, struct err *e)
{
	char *out = NULL;
	size_t len = 0;
	int rc;
	bool ok;

	if (x->hash != CRYPTO_NO_HASH)
		return step_scram(x, challenge, n, response, e);
	errno = 0;
	rc = gsasl_step(x->state, challenge, n, &out, &len);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return fail_library(x, rc, e);
	x->finished = rc == GSASL_OK;
	ok = buf_add(response, out == NULL ? "" : out, len, e);
	if (out != NULL)
		explicit_bzero(out, len);
	gsasl_free(out);
	return ok;
}

static void wipe_text(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	gsasl_free(text);
}

/* libgsasl frees its copies without wiping them. */
void exchange_end(struct exchange *x)
{
	const char *password = x->state == NULL ? NULL : gsasl_property_fast(x->state, GSASL_PASSWORD);

	if (password != NULL)
		explicit_bzero((char *)(uintptr_t)password, strlen(password));
	if (x->state != NULL)
		gsasl_finish(x->state);
	if (x->library != NULL)
		gsasl_done(x->library);
	scram_wipe(&x->scram);
	wipe_text(x->prepared_user);
	wipe_text(x->prepared_secret);
	*x = (struct exchange){ 0 };
}
