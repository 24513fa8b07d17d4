#include "net/verify.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>

#include "base/log.h"
#include "base/steps.h"
#include "net/certname.h"
#include "net/crl.h"
#include "net/describe.h"
#include "net/explain.h"
#include "net/trust.h"

/* Failures that may not occur with other certificates of the store. */
static const unsigned worth_the_whole_store = GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA
					    | GNUTLS_CERT_SIGNATURE_FAILURE | GNUTLS_CERT_EXPIRED;

#define KEY_PIN "pin-sha256:" /* the name in curl and in RFC 7469 */

struct chain { /* the server's certificates, parsed; owned */
	gnutls_x509_crt_t crt[CHAIN_MAX];
	unsigned          n;
};

/* ---- pins ---- */

static bool hex_pin(const char *pin, char hex[SHA256_HEX + 1])
{
	size_t n = 0;

	for (const char *p = pin; *p != '\0'; p++) {
		char c = str_lower(*p);

		if (c == ':' && n > 0 && n % 2 == 0 && p[-1] != ':' && p[1] != '\0')
			continue;
		if (n == SHA256_HEX || !(str_isdigit(c) || (c >= 'a' && c <= 'f')))
			return false;
		hex[n++] = c;
	}
	hex[n] = '\0';
	return n == SHA256_HEX;
}

static bool base64_pin(const char *base64, char hex[SHA256_HEX + 1])
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)base64, (unsigned)strlen(base64) }, hash;
	bool fits;

	if (text.size == 0 || gnutls_base64_decode2(&text, &hash) != 0)
		return false;
	fits = hash.size == SHA256_HEX / 2;
	if (fits)
		str_hex(hash.data, SHA256_HEX / 2, hex);
	gnutls_free(hash.data);
	return fits;
}

bool verify_pin(const char *pin, bool *of_key, char hex[SHA256_HEX + 1])
{
	size_t n = strlen(KEY_PIN);

	*of_key = strlen(pin) > n && str_same_n(pin, n, KEY_PIN);
	return *of_key ? base64_pin(pin + n, hex) : hex_pin(pin, hex);
}

static bool hash_certificate(const gnutls_datum_t *der, char hex[SHA256_HEX + 1], struct err *e)
{
	unsigned char hash[SHA256_HEX / 2];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, hash) != 0)
		return fail(e, ST_INTERNAL, FATE_PERM, "SHA-256 does not work");
	str_hex(hash, SHA256_HEX / 2, hex);
	return true;
}

/* SHA-256 of the subjectPublicKeyInfo, as in RFC 7469 2.4; "" if the certificate cannot be parsed. */
static void hash_key(const gnutls_datum_t *der, char hex[SHA256_HEX + 1])
{
	unsigned char hash[SHA256_HEX / 2];
	size_t size = sizeof hash;
	gnutls_x509_crt_t crt;

	hex[0] = '\0';
	if (gnutls_x509_crt_init(&crt) != 0)
		return;
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0
	    && gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, hash, &size) == 0)
		str_hex(hash, SHA256_HEX / 2, hex);
	gnutls_x509_crt_deinit(crt);
}

static bool check_pins(const struct verify *v, const gnutls_datum_t *der, const char *fingerprint, struct err *e)
{
	char hex[SHA256_HEX + 1], key[SHA256_HEX + 1];
	bool of_key;

	hash_key(der, key);
	for (size_t i = 0; i < v->pins->n; i++)
		if (verify_pin(v->pins->items[i], &of_key, hex) && strcmp(hex, of_key ? key : fingerprint) == 0)
			return true;
	fail(e, ST_TLS, FATE_PERM, "the certificate of %s is not the one pinned by tls_fingerprint", v->host);
	return err_hint(e, "if its administrator confirms that the new certificate has this SHA-256, set tls_fingerprint %s",
			fingerprint);
}

/* ---- the chain ---- */

static void chain_free(struct chain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		gnutls_x509_crt_deinit(c->crt[i]);
	c->n = 0;
}

static bool fail_gnutls(const struct verify *v, int r, struct err *e)
{
	if (r == GNUTLS_E_MEMORY_ERROR)
		return fail_memory(e);
	if (r == GNUTLS_E_CONSTRAINT_ERROR)
		return fail(e, ST_TLS, FATE_PERM, "%s sends too many certificates, or too large ones", v->host);
	fail(e, ST_TLS, FATE_PERM, "the certificate of %s cannot be read", v->host);
	return err_quote(e, gnutls_strerror(r), strlen(gnutls_strerror(r)));
}

/* Parses the first n certificates that the server sent. */
static bool chain_parse(struct chain *c, const struct verify *v, const gnutls_datum_t *der, unsigned n,
			struct err *e)
{
	int r = 0;

	for (c->n = 0; r == 0 && c->n < n && c->n < CHAIN_MAX; c->n++) {
		if (gnutls_x509_crt_init(&c->crt[c->n]) != 0)
			return fail_memory(e);
		r = gnutls_x509_crt_import(c->crt[c->n], &der[c->n], GNUTLS_X509_FMT_DER);
	}
	return r == 0 || fail_gnutls(v, r, e);
}

static int ask_gnutls(gnutls_session_t session, unsigned *status)
{
	/* without the purpose, GnuTLS would accept the certificate of a client, too */
	static unsigned char server_auth[] = GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = server_auth };

	return gnutls_certificate_verify_peers(session, &purpose, 1, status);
}

static bool fail_no_store(struct err *e)
{
	fail_sys(e, ST_TLS, ENOENT, "there is no store of CA certificates on this machine");
	e->fate = FATE_PERM;
	return err_hint(e, "install the package ca-certificates, or set tls_trust_file");
}

static const char *bundle_file(const struct verify *v)
{
	return v->trust_file != NULL ? v->trust_file : trust_system_file();
}

static const struct buf *get_bundle(const struct verify *v, struct err *e)
{
	const char *file = bundle_file(v);

	if (file != NULL)
		return trust_bundle(v->files, file, e);
	fail_no_store(e);
	return NULL;
}

static bool judge_chain(gnutls_session_t session, gnutls_x509_trust_list_t list, const struct verify *v,
			const gnutls_datum_t *der, unsigned n, unsigned *status, struct err *e)
{
	const struct buf *bundle = get_bundle(v, e);
	int r;

	if (bundle == NULL)
		return false;
	(void)trust_add(list, bundle, der, n, false);
	r = ask_gnutls(session, status);
	if (r == 0 && (*status & worth_the_whole_store) != 0) {
		(void)trust_add(list, bundle, der, n, true);
		r = ask_gnutls(session, status);
	}
	return r == 0 || fail_gnutls(v, r, e);
}

/* The checks after GnuTLS's own.  The whole chain is parsed only for an explanation or for the revocation lists. */
static bool judge_rest(struct chain *c, gnutls_x509_trust_list_t list, const struct verify *v,
		       const gnutls_datum_t *der, unsigned n, unsigned status, const char *fingerprint,
		       struct err *e)
{
	struct suspect s = { .host = v->host, .fingerprint = fingerprint, .chain = c->crt, .list = list };

	if (!chain_parse(c, v, der, status != 0 || v->crl_file != NULL || steps_on() ? n : 1, e))
		return false;
	s.n = c->n;
	if (status != 0)
		return explain_status(&s, status, e);
	return certname_check(c->crt[0], v->host, e) && (v->crl_file == NULL || crl_check(v->files, v->crl_file, &s, e));
}

static bool check_chain(gnutls_session_t session, gnutls_certificate_credentials_t cred, const struct verify *v,
			const gnutls_datum_t *der, unsigned n, const char *fingerprint, struct err *e)
{
	gnutls_x509_trust_list_t list;
	struct chain c = { .n = 0 };
	unsigned status = 0;
	bool ok;

	gnutls_certificate_get_trust_list(cred, &list);
	ok = judge_chain(session, list, v, der, n, &status, e)
	  && judge_rest(&c, list, v, der, n, status, fingerprint, e);
	if (ok)
		describe_trust(list, c.crt[c.n - 1], bundle_file(v));
	chain_free(&c);
	return ok;
}

bool verify_server(gnutls_session_t session, gnutls_certificate_credentials_t cred, const struct verify *v,
		   struct verdict *to, struct err *e)
{
	unsigned n = 0;
	const gnutls_datum_t *der = gnutls_certificate_get_peers(session, &n);

	if (der == NULL || n == 0)
		return fail(e, ST_TLS, FATE_PERM, "%s sent no certificate", v->host);
	if (!hash_certificate(&der[0], to->fingerprint, e))
		return false;
	describe_chain(der, n, to->fingerprint);
	if (v->pins != NULL && v->pins->n > 0) {
		to->verified = check_pins(v, &der[0], to->fingerprint, e);
		if (to->verified)
			step_ok(ST_TLS, "the certificate is trusted because of tls_fingerprint");
		return to->verified;
	}
	if (!v->certcheck) {
		log_warn("the certificate of %s is not checked (tls_certcheck off)", v->host);
		step_fact(ST_TLS, "the certificate is not checked, because tls_certcheck is off");
		return true;
	}
	return to->verified = to->chain = check_chain(session, cred, v, der, n, to->fingerprint, e);
}

bool verify_chain(gnutls_session_t session, gnutls_certificate_credentials_t cred, const struct verify *v,
		  struct verdict *to, struct err *e)
{
	unsigned n = 0;
	const gnutls_datum_t *der = gnutls_certificate_get_peers(session, &n);

	if (!to->chain && der == NULL)
		return fail(e, ST_TLS, FATE_PERM, "the certificate of %s is not known any more", v->host);
	to->chain = to->chain || check_chain(session, cred, v, der, n, to->fingerprint, e);
	return to->chain;
}

bool verify_check(const struct verify *v, struct err *e)
{
	if ((v->pins != NULL && v->pins->n > 0) || !v->certcheck)
		return true;
	/* the system's store is read in the handshake, when the chain shows which certificates are needed */
	if (v->trust_file == NULL && trust_system_file() == NULL)
		return fail_no_store(e);
	if (v->trust_file != NULL && get_bundle(v, e) == NULL)
		return false;
	return v->crl_file == NULL || crl_file_check(v->files, v->crl_file, e);
}
