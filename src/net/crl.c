#include "net/crl.h"

struct crls { /* owned; as gnutls_x509_crl_list_import2() gives them */
	gnutls_x509_crl_t *crl;
	unsigned           n;
};

static void crls_free(struct crls *c)
{
	for (unsigned i = 0; i < c->n; i++)
		gnutls_x509_crl_deinit(c->crl[i]);
	gnutls_free(c->crl);
	*c = (struct crls){ 0 };
}

static bool crls_load(struct tls_files *files, const char *file, struct crls *c, struct err *e)
{
	const struct tls_file *f = tls_files_get(files, file, 0, e);
	gnutls_datum_t pem;
	int r;

	if (f == NULL)
		return err_hint(e, "tls_crl_file names %s", file);
	pem = (gnutls_datum_t){ (unsigned char *)f->text.bytes, (unsigned)f->text.len };
	r = pem.size == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND
			  : gnutls_x509_crl_list_import2(&c->crl, &c->n, &pem, GNUTLS_X509_FMT_PEM, 0);
	if (r >= 0)
		return true;
	*c = (struct crls){ 0 };
	fail(e, ST_CONFIG, FATE_PERM, "there is no revocation list in %s", file);
	err_quote(e, gnutls_strerror(r), strlen(gnutls_strerror(r)));
	return err_hint(e, "tls_crl_file has to be in PEM, with -----BEGIN X509 CRL-----");
}

static bool same(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* Does the list come from the issuer of this certificate? */
static bool covers(gnutls_x509_crl_t crl, gnutls_x509_crt_t crt)
{
	gnutls_datum_t a, b;
	bool yes;

	if (gnutls_x509_crl_get_raw_issuer_dn(crl, &a) != 0)
		return false;
	yes = gnutls_x509_crt_get_raw_issuer_dn(crt, &b) == 0;
	if (yes) {
		yes = same(&a, &b);
		gnutls_free(b.data);
	}
	gnutls_free(a.data);
	return yes;
}

static const char *crl_issuer(gnutls_x509_crl_t crl, char to[EXPLAIN_DN])
{
	if (gnutls_x509_crl_get_issuer_dn(crl, to, &(size_t){ EXPLAIN_DN }) != 0)
		memcpy(to, "?", 2);
	return to;
}

static bool in_date(gnutls_x509_crl_t crl, struct err *e)
{
	char dn[EXPLAIN_DN], date[EXPLAIN_DATE];
	time_t now = time(NULL), from = gnutls_x509_crl_get_this_update(crl);
	time_t until = gnutls_x509_crl_get_next_update(crl); /* -1: the list has no end */

	if (from > now)
		fail(e, ST_TLS, FATE_PERM, "the revocation list of \"%s\" is not valid before %s",
		     crl_issuer(crl, dn), explain_date(from, date));
	else if (until != (time_t)-1 && until < now)
		fail(e, ST_TLS, FATE_PERM, "the revocation list of \"%s\" is out of date since %s",
		     crl_issuer(crl, dn), explain_date(until, date));
	else
		return true;
	return err_hint(e, "fetch a new list for tls_crl_file, or check this machine's clock");
}

static gnutls_x509_crt_t issuer_of(const struct suspect *s, gnutls_x509_crt_t crt)
{
	gnutls_x509_crt_t anchor;

	for (unsigned i = 0; i < s->n; i++)
		if (gnutls_x509_crt_check_issuer(crt, s->chain[i]) != 0)
			return s->chain[i];
	if (gnutls_x509_trust_list_get_issuer(s->list, crt, &anchor, 0) != 0)
		return NULL;
	return anchor;
}

static bool fail_revoked(const struct suspect *s, gnutls_x509_crt_t crt, struct err *e)
{
	char dn[EXPLAIN_DN];

	if (crt == s->chain[0])
		return fail(e, ST_TLS, FATE_PERM, "the certificate of %s has been revoked by \"%s\"", s->host,
			    explain_issuer(crt, dn));
	return fail(e, ST_TLS, FATE_PERM, "the certificate of the authority \"%s\" has been revoked",
		    explain_subject(crt, dn));
}

static bool check_one(const struct suspect *s, gnutls_x509_crl_t crl, gnutls_x509_crt_t crt, struct err *e)
{
	gnutls_x509_crt_t issuer;
	char dn[EXPLAIN_DN];
	unsigned status = 0;
	int revoked;

	if (!covers(crl, crt))
		return true;
	issuer = issuer_of(s, crt);
	if (issuer == NULL || gnutls_x509_crl_verify(crl, &issuer, 1, 0, &status) != 0 || status != 0)
		return fail(e, ST_TLS, FATE_PERM, "the revocation list of \"%s\" is not signed by it",
			    crl_issuer(crl, dn));
	revoked = gnutls_x509_crt_check_revocation(crt, &crl, 1);
	return revoked == 0 || fail_revoked(s, crt, e);
}

bool crl_check(struct tls_files *files, const char *file, const struct suspect *s, struct err *e)
{
	struct crls c = { 0 };
	bool ok = crls_load(files, file, &c, e);

	for (unsigned i = 0; ok && i < c.n; i++) {
		ok = in_date(c.crl[i], e);
		for (unsigned j = 0; ok && j < s->n; j++)
			ok = check_one(s, c.crl[i], s->chain[j], e);
	}
	crls_free(&c);
	return ok;
}

bool crl_file_check(struct tls_files *files, const char *file, struct err *e)
{
	struct crls c = { 0 };
	bool ok = crls_load(files, file, &c, e);

	crls_free(&c);
	return ok;
}
