#include "net/explain.h"

#include <stdio.h>

#include "base/str.h"

const char *explain_date(time_t t, char to[EXPLAIN_DATE])
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(to, EXPLAIN_DATE, "%Y-%m-%d", &tm) == 0)
		snprintf(to, EXPLAIN_DATE, "?");
	return to;
}

typedef int (*dn_part)(gnutls_x509_crt_t crt, const char *oid, unsigned i, unsigned raw, void *to, size_t *n);
typedef int (*dn_whole)(gnutls_x509_crt_t crt, char *to, size_t *n);

static const char *shortest(gnutls_x509_crt_t crt, dn_part part, dn_whole whole, char to[EXPLAIN_DN])
{
	static const char *const oids[] = { GNUTLS_OID_X520_COMMON_NAME, GNUTLS_OID_X520_ORGANIZATION_NAME };

	for (size_t i = 0; i < COUNT(oids); i++) {
		size_t n = EXPLAIN_DN;

		if (part(crt, oids[i], 0, 0, to, &n) == 0 && n > 0)
			return to;
	}
	if (whole(crt, to, &(size_t){ EXPLAIN_DN }) != 0)
		snprintf(to, EXPLAIN_DN, "somebody without a name");
	return to;
}

const char *explain_issuer(gnutls_x509_crt_t crt, char to[EXPLAIN_DN])
{
	return shortest(crt, gnutls_x509_crt_get_issuer_dn_by_oid, gnutls_x509_crt_get_issuer_dn, to);
}

const char *explain_subject(gnutls_x509_crt_t crt, char to[EXPLAIN_DN])
{
	return shortest(crt, gnutls_x509_crt_get_dn_by_oid, gnutls_x509_crt_get_dn, to);
}

/* ---- refused certificates ---- */

typedef bool (*explanation)(const struct suspect *s, struct err *e);

/* "the certificate of HOST", or "the certificate of the authority ...". */
static const char *which(const struct suspect *s, gnutls_x509_crt_t crt, char to[EXPLAIN_DN + 320])
{
	char dn[EXPLAIN_DN];

	if (crt == s->chain[0])
		snprintf(to, EXPLAIN_DN + 320, "the certificate of %s", s->host);
	else
		snprintf(to, EXPLAIN_DN + 320, "the certificate of the authority \"%s\", which %s depends on,",
			 explain_subject(crt, dn), s->host);
	return to;
}

/* Certificate i of the chain, after the last one the CA certificate that issued it; after that NULL. */
static gnutls_x509_crt_t member(const struct suspect *s, unsigned i)
{
	gnutls_x509_crt_t anchor;

	if (i < s->n)
		return s->chain[i];
	if (i > s->n || gnutls_x509_trust_list_get_issuer(s->list, s->chain[s->n - 1], &anchor, 0) != 0)
		return NULL;
	return anchor;
}

static bool fail_date(const struct suspect *s, gnutls_x509_crt_t crt, const char *verb, time_t t, struct err *e)
{
	char name[EXPLAIN_DN + 320], date[EXPLAIN_DATE];

	fail(e, ST_TLS, FATE_PERM, "%s %s %s", which(s, crt, name), verb, explain_date(t, date));
	return err_hint(e, "today is %s by this machine's clock: if that is right, the server needs a new certificate",
			explain_date(time(NULL), date));
}

static bool expired(const struct suspect *s, struct err *e)
{
	gnutls_x509_crt_t crt;

	for (unsigned i = 0; (crt = member(s, i)) != NULL; i++)
		if (gnutls_x509_crt_get_expiration_time(crt) < time(NULL))
			return fail_date(s, crt, "expired on", gnutls_x509_crt_get_expiration_time(crt), e);
	return fail(e, ST_TLS, FATE_PERM, "the certificate of %s has expired", s->host);
}

static bool not_yet(const struct suspect *s, struct err *e)
{
	gnutls_x509_crt_t crt;

	for (unsigned i = 0; (crt = member(s, i)) != NULL; i++)
		if (gnutls_x509_crt_get_activation_time(crt) > time(NULL))
			return fail_date(s, crt, "is not valid before", gnutls_x509_crt_get_activation_time(crt), e);
	return fail(e, ST_TLS, FATE_PERM, "the certificate of %s is not valid yet", s->host);
}

static bool self_issued(gnutls_x509_crt_t crt)
{
	return gnutls_x509_crt_check_issuer(crt, crt) != 0;
}

static bool unknown(const struct suspect *s, struct err *e)
{
	gnutls_x509_crt_t last = s->chain[s->n - 1];
	char dn[EXPLAIN_DN];

	if (self_issued(s->chain[0])) {
		fail(e, ST_TLS, FATE_PERM, "the certificate of %s is self-signed, and not trusted here", s->host);
		return err_hint(e, "if its administrator confirms this SHA-256, set tls_fingerprint %s", s->fingerprint);
	}
	fail(e, ST_TLS, FATE_PERM, "the certificate of %s comes from \"%s\", which is not trusted here", s->host,
	     explain_issuer(last, dn));
	return err_hint(e, "%sname that authority's file in tls_trust_file, or set tls_fingerprint %s",
			s->n == 1 ? "the server may lack an intermediate certificate; else " : "", s->fingerprint);
}

static bool weak_key(gnutls_x509_crt_t crt, char *to, size_t room)
{
	unsigned bits = 0;
	int pk = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	if (pk < 0 || gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)pk, bits) >= GNUTLS_SEC_PARAM_MEDIUM)
		return false;
	snprintf(to, room, "has a weak key: %s with %u bits", gnutls_pk_get_name((gnutls_pk_algorithm_t)pk), bits);
	return true;
}

static bool weak_signature(gnutls_x509_crt_t crt, char *to, size_t room)
{
	int sign = gnutls_x509_crt_get_signature_algorithm(crt);

	if (sign > 0 && gnutls_sign_is_secure2((gnutls_sign_algorithm_t)sign, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS))
		return false;
	snprintf(to, room, "has a weak signature: %s",
		 sign > 0 ? gnutls_sign_get_name((gnutls_sign_algorithm_t)sign) : "of an unknown kind");
	return true;
}

static bool weak(const struct suspect *s, struct err *e)
{
	char name[EXPLAIN_DN + 320], what[100];
	gnutls_x509_crt_t crt;

	for (unsigned i = 0; (crt = member(s, i)) != NULL; i++)
		if (weak_key(crt, what, sizeof what)
		    || (i < s->n && !self_issued(crt) && weak_signature(crt, what, sizeof what)))
			return fail(e, ST_TLS, FATE_PERM, "%s %s", which(s, crt, name), what);
	return fail(e, ST_TLS, FATE_PERM, "the certificate of %s uses an algorithm that is too weak", s->host);
}

static bool no_authority(const struct suspect *s, struct err *e)
{
	char dn[EXPLAIN_DN];

	return fail(e, ST_TLS, FATE_PERM, "the certificate of %s was issued by \"%s\", which is no authority", s->host,
		    explain_issuer(s->chain[0], dn));
}

static bool wrong_purpose(const struct suspect *s, struct err *e)
{
	char oid[80] = "something else";

	(void)gnutls_x509_crt_get_key_purpose_oid(s->chain[0], 0, oid, &(size_t){ sizeof oid }, NULL);
	return fail(e, ST_TLS, FATE_PERM, "the certificate of %s is not meant for a server, but for %s", s->host,
		    strcmp(oid, GNUTLS_KP_TLS_WWW_CLIENT) == 0 ? "a client" : oid);
}

/* In the order of their importance for the user: the error gives the first whose bit is set. */
static const struct {
	unsigned    bit;
	explanation how;  /* makes the error; NULL: `what` does */
	const char *what; /* follows "the certificate of HOST" */
} reasons[] = {
	{ GNUTLS_CERT_REVOKED, NULL, "has been revoked" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, weak, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, no_authority, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, unknown, NULL },
	{ GNUTLS_CERT_EXPIRED, expired, NULL },
	{ GNUTLS_CERT_NOT_ACTIVATED, not_yet, NULL },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, wrong_purpose, NULL },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, NULL, "is outside of what its authority may certify" },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, NULL, "has a critical extension that is unknown here" },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, NULL, "demands an OCSP answer, and the server has none" },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, NULL, "comes with an OCSP answer that does not hold" },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, NULL, "comes with an OCSP answer that is out of date" },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE, NULL, "comes with an OCSP answer from the future" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, NULL, "has a signature that is wrong" },
	{ ~0U, NULL, "is not acceptable" },
};

bool explain_status(const struct suspect *s, unsigned status, struct err *e)
{
	gnutls_datum_t words;
	size_t i = 0;

	while (reasons[i].bit != ~0U && (reasons[i].bit & status) == 0)
		i++;
	if (reasons[i].how != NULL)
		reasons[i].how(s, e);
	else
		fail(e, ST_TLS, FATE_PERM, "the certificate of %s %s", s->host, reasons[i].what);
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0) == 0) {
		if (words.size > 0 && words.data[words.size - 1] == ' ')
			words.size--;
		err_quote(e, (const char *)words.data, words.size);
		gnutls_free(words.data);
	}
	return false;
}

/* ---- handshakes ---- */

/* Failures for which the policy of the server or of this program is the reason: a retry fails again. */
static const struct {
	int         error; /* of GnuTLS */
	int         alert; /* from the server, or 0 */
	const char *what;  /* follows the host's name */
} policies[] = {
	{ GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, "speaks no TLS that is new enough" },
	{ GNUTLS_E_FATAL_ALERT_RECEIVED, GNUTLS_A_PROTOCOL_VERSION, "speaks no TLS that is new enough" },
	{ GNUTLS_E_NO_CIPHER_SUITES, 0, "offers no cipher that is good enough" },
	{ GNUTLS_E_UNKNOWN_CIPHER_SUITE, 0, "offers no cipher that is good enough" },
	{ GNUTLS_E_INSUFFICIENT_SECURITY, 0, "offers no cipher or key that is good enough" },
	{ GNUTLS_E_DH_PRIME_UNACCEPTABLE, 0, "offers a Diffie-Hellman group that is too small" },
	{ GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM, 0, "signs with an algorithm that is too weak" },
	{ GNUTLS_E_FATAL_ALERT_RECEIVED, GNUTLS_A_INSUFFICIENT_SECURITY, "finds our ciphers not good enough" },
	{ GNUTLS_E_FATAL_ALERT_RECEIVED, GNUTLS_A_CERTIFICATE_REQUIRED, "demands a client certificate" },
	{ GNUTLS_E_FATAL_ALERT_RECEIVED, GNUTLS_A_BAD_CERTIFICATE, "refuses our client certificate" },
	{ GNUTLS_E_FATAL_ALERT_RECEIVED, GNUTLS_A_UNKNOWN_CA, "does not know who issued our certificate" },
	{ GNUTLS_E_FATAL_ALERT_RECEIVED, GNUTLS_A_ACCESS_DENIED, "denies access to our certificate" },
};

static bool fail_policy(const struct breakdown *b, struct err *e)
{
	if (b->wants_cert && b->alert == GNUTLS_A_HANDSHAKE_FAILURE) { /* TLS 1.2 has no alert for this, RFC 5246 7.4.6 */
		fail(e, ST_TLS, FATE_PERM, "%s demands a client certificate", b->host);
		err_hint(e, "ask its administrator for a certificate, and set `tls_cert_file` and `tls_key_file`");
		return true;
	}
	for (size_t i = 0; i < COUNT(policies); i++)
		if (policies[i].error == b->error && policies[i].alert == b->alert) {
			fail(e, ST_TLS, FATE_PERM, "%s %s", b->host, policies[i].what);
			err_hint(e, "check `tls_priorities` and `tls_cert_file`, and ask its administrator");
			return true;
		}
	return false;
}

/* Did the server answer without TLS?  The first byte of a TLS record is its type, and no type is printable. */
static bool in_clear(const struct breakdown *b)
{
	for (size_t i = 0; i < b->first_len && i < 4; i++)
		if (str_iscontrol(b->first[i]) || str_is8bit(b->first[i]))
			return false;
	return b->first_len > 0;
}

static bool fail_clear(const struct breakdown *b, struct err *e)
{
	const char *nl = memchr(b->first, '\n', b->first_len);
	size_t len = nl != NULL ? (size_t)(nl - b->first) : b->first_len;

	if (len > 0 && b->first[len - 1] == '\r')
		len--;
	fail(e, ST_TLS, FATE_TEMP, "%s answers in clear text and not with TLS", b->host);
	err_quote(e, b->first, len);
	if (b->starttls)
		return false;
	return err_hint(e, "this port begins in clear text: set tls_starttls on (usually with port 587)");
}

bool explain_handshake(const struct breakdown *b, struct err *e)
{
	const char *words = b->alert != 0 ? gnutls_alert_get_name((gnutls_alert_description_t)b->alert) : NULL;

	if (in_clear(b))
		return fail_clear(b, e);
	if (b->error == GNUTLS_E_MEMORY_ERROR)
		return fail_memory(e);
	if (words == NULL)
		words = gnutls_strerror(b->error);
	if (!fail_policy(b, e))
		fail(e, ST_TLS, FATE_TEMP,
		     b->error == GNUTLS_E_PREMATURE_TERMINATION ? "%s closed the connection in the TLS handshake"
								: "the TLS handshake with %s broke off", b->host);
	return err_quote(e, words, strlen(words));
}
