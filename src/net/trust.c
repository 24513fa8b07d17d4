#include "net/trust.h"

#include <unistd.h>

#include "base/base64.h"

enum {
	BUNDLE_USUAL = 255 * 1024, /* bytes allocated at once: the usual system's bundle fits, and is not copied */
	PREFIX_MAX = 3 * 1024,     /* bytes of a certificate that are decoded at most: its subject must end there */
	NAMES_MAX = 64,            /* two for each certificate of a chain */
};

enum { SEQUENCE = 0x30, INTEGER = 0x02, VERSION_TAG = 0xa0 }; /* DER tags, RFC 5280 4.1 */

static const char *const places[] = {
#ifdef TRUST_FILE
	TRUST_FILE,
#endif
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine, Gentoo */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",                            /* openSUSE */
	"/etc/ssl/cert.pem",                                 /* OpenBSD, macOS, Alpine */
	"/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD */
};

const char *trust_system_file(void)
{
	for (size_t i = 0; i < COUNT(places); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

/* ---- DER that is decoded from base64 as far as it is looked at ---- */

struct der {
	const unsigned char *bytes;
	size_t               len;
	size_t               unread;    /* bytes before this offset are skipped: counted, but not decoded */
	unsigned char       *room;      /* more bytes can be decoded to here; NULL: `bytes` is all */
	const char          *at, *end;  /* the rest of the base64 */
};

/* In usual PEM a line ends only after a group of four.  If one ends elsewhere, decoding fails, and the certificate is found only
 * when the whole store is loaded.  After a failure a second call fails, too. */
static bool decode_to(struct der *d, size_t need)
{
	const char *at = d->at, *end = d->end;
	size_t len = d->len, unread = d->unread;

	for (; len < need; len += 3, at += 4) {
		while (at < end && (*at == '\n' || *at == '\r'))
			at++;
		if (end - at < 4 || len + 3 > PREFIX_MAX || (len + 3 > unread && !base64_bytes(at, d->room + len)))
			return false;
	}
	d->at = at;
	d->len = len;
	return true;
}

static bool have(struct der *d, size_t need)
{
	return need <= d->len || (d->room != NULL && decode_to(d, need));
}

/* The tag and length at `at`: gives the offsets where the content begins and ends.  A length has at most three bytes (16 MB). */
static bool header(struct der *d, size_t at, unsigned tag, size_t *content, size_t *end)
{
	size_t n = 0, len;

	if (!have(d, at + 2) || d->bytes[at] != tag)
		return false;
	len = d->bytes[at + 1];
	if (len >= 0x80) {
		n = len & 0x7f;
		if (n == 0 || n > 3 || !have(d, at + 2 + n))
			return false;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | d->bytes[at + 2 + i];
	}
	*content = at + 2 + n;
	*end = *content + len;
	return true;
}

static bool enter(struct der *d, size_t *at)
{
	size_t end;

	return header(d, *at, SEQUENCE, at, &end);
}

static bool skip(struct der *d, size_t *at, unsigned tag)
{
	size_t content;

	if (!header(d, *at, tag, &content, at))
		return false;
	d->unread = *at;
	return true;
}

/* The version is optional, and has an explicit tag.  GnuTLS ignores the length of the outer tag, and so does this function. */
static bool skip_version(struct der *d, size_t *at)
{
	size_t inner, end;

	if (!header(d, *at, VERSION_TAG, &inner, &end))
		return true;
	*at = inner;
	return skip(d, at, INTEGER);
}

/* Certificate, TBSCertificate, version, serialNumber, signature, issuer, validity, subject.  Gives offsets, since `bytes` may
 * still grow.  The subject's bytes may not be decoded yet; the issuer's bytes are there only if `bytes` is all (room NULL). */
static bool find_names(struct der *d, size_t issuer[2], size_t subject[2])
{
	size_t at = 0, content;

	if (!enter(d, &at) || !enter(d, &at)) /* NOLINT(misc-redundant-expression): two levels deep */
		return false;
	if (!skip_version(d, &at) || !skip(d, &at, INTEGER) || !skip(d, &at, SEQUENCE))
		return false;
	issuer[0] = at;
	if (!skip(d, &at, SEQUENCE))
		return false;
	issuer[1] = at;
	if (!skip(d, &at, SEQUENCE))
		return false;
	subject[0] = at;
	return header(d, at, SEQUENCE, &content, &subject[1]);
}

bool trust_names(const unsigned char *der, size_t len, gnutls_datum_t *issuer, gnutls_datum_t *subject)
{
	struct der d = { .bytes = der, .len = len };
	size_t i[2], s[2];

	if (!find_names(&d, i, s) || !have(&d, s[1]))
		return false;
	/* gnutls_datum_t has no const, but GnuTLS does not write to these bytes */
	issuer->data = (unsigned char *)(uintptr_t)(der + i[0]);
	issuer->size = (unsigned)(i[1] - i[0]);
	subject->data = (unsigned char *)(uintptr_t)(der + s[0]);
	subject->size = (unsigned)(s[1] - s[0]);
	return true;
}

/* ---- the bundle ---- */

/* RFC 7468 5.1: the second is an older label for the same. */
static const char *const labels[] = { "CERTIFICATE-----", "X509 CERTIFICATE-----" };

/* OpenSSL's own form, with more data after the certificate; GnuTLS does not read it. */
static const char trusted[] = "-----BEGIN TRUSTED CERTIFICATE-----";

struct scan {
	const char    *at, *end;            /* the rest of the bundle */
	const char    *block, *block_end;   /* the present certificate, with its BEGIN and END lines */
	const char    *base64;              /* where the text after the BEGIN line starts */
	size_t         label;               /* of the block: index in labels[] */
	unsigned char  prefix[PREFIX_MAX];  /* of a certificate; it is here so that it is not zeroed for each one */
	gnutls_datum_t wanted[NAMES_MAX];
	unsigned       n;
};

/* The names to look for: the issuers of the certificates, and their subjects, since the store may have them themselves. */
static void want(struct scan *s, const gnutls_datum_t *chain, unsigned n)
{
	s->n = 0;
	for (unsigned i = 0; i < n && s->n + 2 <= NAMES_MAX; i++)
		if (trust_names(chain[i].data, chain[i].size, &s->wanted[s->n], &s->wanted[s->n + 1]))
			s->n += 2;
}

static void begin(struct scan *s, const struct buf *bundle)
{
	s->at = buf_text(bundle);
	s->end = s->at + bundle->len;
}

/* If the rest begins with this word, goes behind it. */
static bool skip_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

static bool begins_block(struct scan *s)
{
	const char *from = s->at;

	if (!skip_word(s, "-----BEGIN "))
		return false;
	for (size_t i = 0; i < COUNT(labels); i++)
		if (skip_word(s, labels[i])) {
			s->block = from;
			s->base64 = s->at;
			s->label = i;
			return true;
		}
	return false;
}

static bool ends_block(struct scan *s)
{
	if (s->block == NULL || !skip_word(s, "-----END ") || !skip_word(s, labels[s->label]))
		return false;
	s->block_end = s->at;
	return true;
}

/* base64 has no '-', so memchr(3), which is fast, finds the next BEGIN or END line. */
static bool next_block(struct scan *s)
{
	s->block = NULL;
	while (s->at < s->end && (s->at = memchr(s->at, '-', (size_t)(s->end - s->at))) != NULL) {
		const char *from = s->at;

		if (begins_block(s))
			continue;
		if (ends_block(s))
			return true;
		s->at = from + 1;
	}
	s->at = s->end;
	return false;
}

static bool wanted(struct scan *s)
{
	struct der d = { .bytes = s->prefix, .room = s->prefix };
	size_t issuer[2], subject[2];

	d.at = s->base64;
	d.end = s->block_end;
	if (!find_names(&d, issuer, subject))
		return false;
	for (unsigned i = 0; i < s->n; i++)
		if (s->wanted[i].size == subject[1] - subject[0] && have(&d, subject[1])
		    && memcmp(s->wanted[i].data, s->prefix + subject[0], s->wanted[i].size) == 0)
			return true;
	return false;
}

static bool add_block(const struct scan *s, gnutls_x509_trust_list_t list)
{
	gnutls_datum_t pem = { (unsigned char *)(uintptr_t)s->block, (unsigned)(s->block_end - s->block) };
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) != 0)
		return false;
	if (gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) == 0
	    && gnutls_x509_trust_list_add_cas(list, &crt, 1, GNUTLS_TL_NO_DUPLICATES) == 1)
		return true; /* the list owns it now */
	gnutls_x509_crt_deinit(crt);
	return false;
}

static bool fail_empty(const char *file, const struct buf *bundle, struct err *e)
{
	fail(e, ST_CONFIG, FATE_PERM, "there is no certificate in %s", file);
	if (memmem(buf_text(bundle), bundle->len, trusted, sizeof trusted - 1) != NULL)
		return err_hint(e, "it has a form that only OpenSSL reads; openssl x509 -in %s converts one certificate", file);
	return err_hint(e, "tls_trust_file names a file of CA certificates in PEM");
}

const struct buf *trust_bundle(struct tls_files *files, const char *file, struct err *e)
{
	const struct tls_file *bundle = tls_files_get(files, file, BUNDLE_USUAL, e);
	struct scan s;

	if (bundle == NULL) {
		err_hint(e, "tls_trust_file names a file of CA certificates in PEM");
		return NULL;
	}
	begin(&s, &bundle->text);
	return next_block(&s) || fail_empty(file, &bundle->text, e) ? &bundle->text : NULL;
}

unsigned trust_add(gnutls_x509_trust_list_t list, const struct buf *bundle, const gnutls_datum_t *chain, unsigned n,
		   bool all)
{
	struct scan s;
	unsigned added = 0;

	want(&s, chain, n);
	begin(&s, bundle);
	while (next_block(&s))
		if ((all || wanted(&s)) && add_block(&s, list))
			added++;
	return added;
}
