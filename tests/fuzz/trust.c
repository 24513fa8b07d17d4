/* The trust file.  As DER: if GnuTLS reads a certificate, postern finds the same names in it.  As PEM: the search for one
 * certificate does not find more than the whole store has, and it finds a certificate by its own name. */
#include "fuzz.h"

#include "base/buf.h"
#include "net/trust.h"

enum { NEAR = 3000 }; /* a subject that ends within so many bytes is searched; others are found only in the whole store */

static bool is(gnutls_datum_t *raw, const gnutls_datum_t *ours)
{
	bool yes = raw->size == ours->size && memcmp(raw->data, ours->data, ours->size) == 0;

	gnutls_free(raw->data);
	return yes;
}

static unsigned add(const struct buf *bundle, const gnutls_datum_t *der, bool all)
{
	gnutls_x509_trust_list_t list;
	unsigned n;

	MUST(gnutls_x509_trust_list_init(&list, 0) == 0);
	n = trust_add(list, bundle, der, der != NULL ? 1 : 0, all);
	gnutls_x509_trust_list_deinit(list, 1);
	return n;
}

/* The search finds a certificate that GnuTLS wrote as PEM. */
static void check_found(gnutls_x509_crt_t crt, const gnutls_datum_t *der, bool near)
{
	struct buf bundle = buf_max(ST_INPUT, 1 << 22, "the bundle");
	gnutls_datum_t pem;
	struct err e;

	MUST(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) == 0);
	MUST(buf_add(&bundle, pem.data, pem.size, &e));
	gnutls_free(pem.data);
	MUST(!near || add(&bundle, der, false) == add(&bundle, der, true));
	buf_free(&bundle);
}

static void check_names(gnutls_x509_crt_t crt, const gnutls_datum_t *der)
{
	gnutls_datum_t issuer, subject, raw;

	MUST(trust_names(der->data, der->size, &issuer, &subject));
	MUST(gnutls_x509_crt_get_raw_issuer_dn(crt, &raw) == 0 && is(&raw, &issuer));
	MUST(gnutls_x509_crt_get_raw_dn(crt, &raw) == 0 && is(&raw, &subject));
	check_found(crt, der, subject.data + subject.size - der->data <= NEAR);
}

static void check_der(const gnutls_datum_t *der)
{
	gnutls_datum_t issuer, subject;
	gnutls_x509_crt_t crt;

	if (trust_names(der->data, der->size, &issuer, &subject)) {
		MUST(issuer.data > der->data && issuer.data + issuer.size < subject.data);
		MUST(subject.data + subject.size <= der->data + der->size);
	}
	MUST(gnutls_x509_crt_init(&crt) == 0);
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0)
		check_names(crt, der);
	gnutls_x509_crt_deinit(crt);
}

static void check_pem(const gnutls_datum_t *text)
{
	struct buf bundle = buf_max(ST_INPUT, 1 << 22, "the bundle");
	gnutls_datum_t der = { 0 };
	gnutls_x509_crt_t crt;
	struct err e;

	MUST(buf_add(&bundle, text->data, text->size, &e));
	MUST(gnutls_x509_crt_init(&crt) == 0);
	if (gnutls_x509_crt_import(crt, text, GNUTLS_X509_FMT_PEM) == 0
	    && gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der) == 0)
		check_names(crt, &der);
	MUST(add(&bundle, der.data != NULL ? &der : NULL, false) <= add(&bundle, NULL, true));
	gnutls_free(der.data);
	gnutls_x509_crt_deinit(crt);
	buf_free(&bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gnutls_datum_t all = { (unsigned char *)(uintptr_t)data, (unsigned)size };

	if (size > 0 && data[0] != 0x30)
		check_pem(&all);
	else
		check_der(&all);
	return 0;
}
