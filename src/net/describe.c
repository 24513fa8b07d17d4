#include "net/describe.h"

#include <stdio.h>
#include <time.h>

#include "base/steps.h"
#include "net/certname.h"
#include "net/explain.h"

enum { DAY_S = 24 * 60 * 60, SPAN = 64, NAMES = 300 };

static const char *days(long long n, char to[SPAN])
{
	snprintf(to, SPAN, "%lld day%s", n, n == 1 ? "" : "s");
	return to;
}

static const char *validity(gnutls_x509_crt_t crt, char to[2 * SPAN])
{
	time_t now = time(NULL), begin = gnutls_x509_crt_get_activation_time(crt),
	       end = gnutls_x509_crt_get_expiration_time(crt);
	char date[EXPLAIN_DATE], span[SPAN];

	if (begin > now)
		snprintf(to, 2 * SPAN, "not valid before %s", explain_date(begin, date));
	else if (end < now)
		snprintf(to, 2 * SPAN, "expired on %s, %s ago", explain_date(end, date), days((now - end) / DAY_S, span));
	else
		snprintf(to, 2 * SPAN, "valid until %s, %s left", explain_date(end, date), days((end - now) / DAY_S, span));
	return to;
}

static void describe(gnutls_x509_crt_t crt, unsigned i)
{
	char subject[EXPLAIN_DN], issuer[EXPLAIN_DN], names[NAMES] = "", valid[2 * SPAN];

	if (i == 0)
		certname_list(crt, names, sizeof names);
	step_fact(ST_TLS, "certificate %u: \"%s\"%s%s, issued by \"%s\", %s", i + 1, explain_subject(crt, subject),
		  i == 0 ? (names[0] != '\0' ? ", for " : ", for no host at all") : "", names, explain_issuer(crt, issuer),
		  validity(crt, valid));
}

void describe_chain(const gnutls_datum_t *der, unsigned n, const char *fingerprint)
{
	for (unsigned i = 0; steps_on() && i < n; i++) {
		gnutls_x509_crt_t crt;

		if (gnutls_x509_crt_init(&crt) != 0)
			return;
		if (gnutls_x509_crt_import(crt, &der[i], GNUTLS_X509_FMT_DER) == 0)
			describe(crt, i);
		else
			step_fact(ST_TLS, "certificate %u cannot be read", i + 1);
		gnutls_x509_crt_deinit(crt);
		if (i == 0)
			step_fact(ST_TLS, "certificate 1 has the SHA-256 %s", fingerprint);
	}
}

void describe_trust(gnutls_x509_trust_list_t list, gnutls_x509_crt_t last, const char *file)
{
	char dn[EXPLAIN_DN];
	gnutls_x509_crt_t anchor;

	if (!steps_on())
		return;
	if (gnutls_x509_trust_list_get_issuer(list, last, &anchor, 0) == 0)
		step_ok(ST_TLS, "the certificate is trusted because of \"%s\" in %s", explain_subject(anchor, dn), file);
	else
		step_ok(ST_TLS, "the certificate is trusted because of %s", file);
}
