/* --make-certs: a small certification authority, its valid certificates, and a certificate for each kind of fault. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

enum { DAY = 86400, IS_CA = 1, NO_CHAIN = 2, RSA_1024 = 4, SHA_1 = 8, CRITICAL = 16, CONSTRAINED = 32, STRAYS = 64 };
enum { STRAY_COUNT = 40 };

struct recipe {
	const char *name, *issuer;	/* issuer NULL: signs itself */
	const char *cn, *sans, *eku;	/* sans: "dns:x ip:y uri:z", or a dns with `|` for NUL; eku: OID or NULL */
	int from, until;		/* days from now */
	unsigned flags;
};

struct made {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

#define SERVER GNUTLS_KP_TLS_WWW_SERVER
#define CLIENT GNUTLS_KP_TLS_WWW_CLIENT
#define NAMES "dns:localhost dns:smarthost.test dns:*.wild.test ip:127.0.0.1 ip:::1"

/* An issuer stands before its certificates. */
static const struct recipe recipes[] = {
	{ "ca", NULL, "Test CA", "", NULL, -1, 30, IS_CA },
	{ "otherca", NULL, "Another CA", "", NULL, -1, 30, IS_CA },
	{ "subca", "ca", "Intermediate CA", "", NULL, -1, 30, IS_CA },
	{ "narrowca", "ca", "CA for wild.test", "", NULL, -1, 30, IS_CA | CONSTRAINED },
	{ "oldca", "ca", "Expired Intermediate CA", "", NULL, -30, -1, IS_CA },
	{ "good", "ca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "good2", "ca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "expired", "ca", "smarthost.test", NAMES, SERVER, -30, -1, 0 },
	{ "future", "ca", "smarthost.test", NAMES, SERVER, 10, 30, 0 },
	{ "selfsigned", NULL, "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "unknownca", "otherca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "wronghost", "ca", "elsewhere.test", "dns:elsewhere.test ip:192.0.2.1", SERVER, -1, 30, 0 },
	{ "cnonly", "ca", "localhost", "", SERVER, -1, 30, 0 },
	{ "cnuri", "ca", "localhost", "uri:smtp://localhost", SERVER, -1, 30, 0 },
	{ "ipindns", "ca", "elsewhere.test", "dns:127.0.0.1", SERVER, -1, 30, 0 },
	{ "wildall", "ca", "elsewhere.test", "dns:*", SERVER, -1, 30, 0 },
	{ "wildtld", "ca", "elsewhere.test", "dns:*.test", SERVER, -1, 30, 0 },
	{ "nulname", "ca", "elsewhere.test", "dns:localhost|.elsewhere.test", SERVER, -1, 30, 0 },
	{ "constrained", "narrowca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "strays", "ca", "smarthost.test", NAMES, SERVER, -1, 30, STRAYS },
	{ "clientonly", "ca", "smarthost.test", NAMES, CLIENT, -1, 30, 0 },
	{ "noeku", "ca", "smarthost.test", NAMES, NULL, -1, 30, 0 },
	{ "critical", "ca", "smarthost.test", NAMES, SERVER, -1, 30, CRITICAL },
	{ "rsa1024", "ca", "smarthost.test", NAMES, SERVER, -1, 30, RSA_1024 },
	{ "sha1", "ca", "smarthost.test", NAMES, SERVER, -1, 30, SHA_1 },
	{ "notca", "good", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "intermediate", "subca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "nointermediate", "subca", "smarthost.test", NAMES, SERVER, -1, 30, NO_CHAIN },
	{ "expiredca", "oldca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "revoked", "ca", "smarthost.test", NAMES, SERVER, -1, 30, 0 },
	{ "client", "ca", "user", "", CLIENT, -1, 30, 0 },
	{ "otherclient", "otherca", "user", "", CLIENT, -1, 30, 0 },
};

enum { RECIPES = sizeof(recipes) / sizeof(recipes[0]) };

static struct made made[RECIPES];
static const char *dir;

static void check(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "smarthost: making %s: %s\n", what, gnutls_strerror(rc));
	exit(1);
}

static size_t index_of(const char *name)
{
	for (size_t i = 0; i < RECIPES; i++)
		if (strcmp(recipes[i].name, name) == 0)
			return i;
	abort();
}

static FILE *create(const char *name, const char *suffix)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	f = fopen(path, "we");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static void put(FILE *f, gnutls_datum_t *d)
{
	if (fwrite(d->data, 1, d->size, f) != d->size)
		fputs("smarthost: cannot write a certificate\n", stderr);
	gnutls_free(d->data);
	d->data = NULL;
}

static gnutls_x509_privkey_t make_key(const struct recipe *r)
{
	gnutls_x509_privkey_t key;

	check(gnutls_x509_privkey_init(&key), r->name);
	if (r->flags & RSA_1024)
		check(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 1024, 0), r->name);
	else
		check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
			  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), r->name);
	return key;
}

/* One dNSName as DER, because GnuTLS would stop at the NUL. */
static void set_san_with_nul(gnutls_x509_crt_t crt, const char *name, size_t n)
{
	unsigned char der[260] = { 0x30, (unsigned char) (n + 2), 0x82, (unsigned char) n };

	for (size_t i = 0; i < n; i++)
		der[4 + i] = (unsigned char) (name[i] == '|' ? '\0' : name[i]);
	check(gnutls_x509_crt_set_extension_by_oid(crt, GNUTLS_X509EXT_OID_SAN, der, (unsigned) n + 4, 0), name);
}

static void set_san(gnutls_x509_crt_t crt, const char *san, size_t n)
{
	char text[256];
	unsigned char binary[16];
	const char *value = strchr(san, ':') + 1;

	snprintf(text, sizeof(text), "%.*s", (int) (n - (size_t) (value - san)), value);
	n = strlen(text);
	if (strchr(text, '|') != NULL)
		set_san_with_nul(crt, text, n);
	else if (san[0] == 'd')
		check(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, text, (unsigned) n,
			  GNUTLS_FSAN_APPEND), text);
	else if (san[0] == 'u')
		check(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_URI, text, (unsigned) n,
			  GNUTLS_FSAN_APPEND), text);
	else if (inet_pton(AF_INET, text, binary) == 1)
		check(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, binary, 4, GNUTLS_FSAN_APPEND), text);
	else if (inet_pton(AF_INET6, text, binary) == 1)
		check(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, binary, 16, GNUTLS_FSAN_APPEND), text);
	else
		abort();
}

/* RFC 5280 4.2.1.10: one domain is permitted, and no address. */
static void set_constraints(gnutls_x509_crt_t crt, const struct recipe *r)
{
	static unsigned char domain[] = "wild.test", no_address[8];
	gnutls_datum_t name = { domain, sizeof(domain) - 1 }, ip = { no_address, sizeof(no_address) };
	gnutls_x509_name_constraints_t nc;

	check(gnutls_x509_name_constraints_init(&nc), r->name);
	check(gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_DNSNAME, &name), r->name);
	check(gnutls_x509_name_constraints_add_excluded(nc, GNUTLS_SAN_IPADDRESS, &ip), r->name);
	check(gnutls_x509_crt_set_name_constraints(crt, nc, 1), r->name);
	gnutls_x509_name_constraints_deinit(nc);
}

static void set_extensions(gnutls_x509_crt_t crt, const struct recipe *r, gnutls_x509_crt_t issuer)
{
	unsigned char id[64];
	size_t size = sizeof(id);

	check(gnutls_x509_crt_set_basic_constraints(crt, r->flags & IS_CA ? 1 : 0, -1), r->name);
	check(gnutls_x509_crt_set_key_usage(crt, r->flags & IS_CA ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
		  : r->flags & RSA_1024 ? GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT
		  : GNUTLS_KEY_DIGITAL_SIGNATURE), r->name);
	if (r->eku != NULL)
		check(gnutls_x509_crt_set_key_purpose_oid(crt, r->eku, 0), r->name);
	for (const char *p = r->sans; *(p += strspn(p, " ")) != '\0'; p += strcspn(p, " "))
		set_san(crt, p, strcspn(p, " "));
	if (r->flags & CONSTRAINED)
		set_constraints(crt, r);
	if (r->flags & CRITICAL)
		check(gnutls_x509_crt_set_extension_by_oid(crt, "1.3.6.1.4.1.55555.1", "\005\000", 2, 1), r->name);
	check(gnutls_x509_crt_get_key_id(crt, 0, id, &size), r->name);
	check(gnutls_x509_crt_set_subject_key_id(crt, id, size), r->name);
	size = sizeof(id);
	check(gnutls_x509_crt_get_key_id(issuer, 0, id, &size), r->name);
	check(gnutls_x509_crt_set_authority_key_id(crt, id, size), r->name);
}

static void make_crt(size_t i, time_t now)
{
	const struct recipe *r = &recipes[i];
	struct made *m = &made[i], *issuer = r->issuer != NULL ? &made[index_of(r->issuer)] : m;
	unsigned char serial[9] = { 1 };
	unsigned long long n = ((unsigned long long) now << 8) + i;

	for (size_t at = sizeof(serial); at-- > 1; n >>= 8)
		serial[at] = (unsigned char) (n & 255);
	m->key = make_key(r);
	check(gnutls_x509_crt_init(&m->crt), r->name);
	check(gnutls_x509_crt_set_version(m->crt, 3), r->name);
	check(gnutls_x509_crt_set_serial(m->crt, serial, sizeof(serial)), r->name);
	check(gnutls_x509_crt_set_activation_time(m->crt, now + (time_t) r->from * DAY), r->name);
	check(gnutls_x509_crt_set_expiration_time(m->crt, now + (time_t) r->until * DAY), r->name);
	check(gnutls_x509_crt_set_dn_by_oid(m->crt, GNUTLS_OID_X520_COMMON_NAME, 0, r->cn, (unsigned) strlen(r->cn)), r->name);
	check(gnutls_x509_crt_set_key(m->crt, m->key), r->name);
	set_extensions(m->crt, r, issuer->crt);
	check(gnutls_x509_crt_sign2(m->crt, issuer->crt, issuer->key,
		  r->flags & SHA_1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0), r->name);
}

static void put_crt(FILE *f, size_t i)
{
	gnutls_datum_t d;

	check(gnutls_x509_crt_export2(made[i].crt, GNUTLS_X509_FMT_PEM, &d), recipes[i].name);
	put(f, &d);
}

/* The certificate and its issuers without the root; with STRAYS also many unrelated certificates. */
static void write_chain(size_t i)
{
	FILE *f = create(recipes[i].name, ".pem");
	gnutls_datum_t d;
	size_t at = i;

	while (true) {
		put_crt(f, at);
		if (recipes[at].issuer == NULL || (recipes[i].flags & NO_CHAIN))
			break;
		at = index_of(recipes[at].issuer);
		if (recipes[at].issuer == NULL)
			break;
	}
	for (size_t n = 0; n < STRAY_COUNT && (recipes[i].flags & STRAYS); n++)
		put_crt(f, index_of("otherca"));
	fclose(f);
	f = create(recipes[i].name, ".key");
	if (fchmod(fileno(f), 0600) < 0)
		perror("chmod");
	check(gnutls_x509_privkey_export2_pkcs8(made[i].key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &d), "key");
	put(f, &d);
	fclose(f);
}

static void write_pins(size_t i)
{
	unsigned char hash[32];
	size_t size = sizeof(hash);
	gnutls_datum_t der, raw = { hash, sizeof(hash) }, base64;
	gnutls_pubkey_t pubkey;
	FILE *f = create(recipes[i].name, ".sha256");

	check(gnutls_x509_crt_get_fingerprint(made[i].crt, GNUTLS_DIG_SHA256, hash, &size), "fingerprint");
	for (size_t k = 0; k < size; k++)
		fprintf(f, "%02x", (unsigned) hash[k]);
	fputc('\n', f);
	fclose(f);
	check(gnutls_pubkey_init(&pubkey), "public key");
	check(gnutls_pubkey_import_x509(pubkey, made[i].crt, 0), "public key");
	check(gnutls_pubkey_export2(pubkey, GNUTLS_X509_FMT_DER, &der), "public key");
	check(gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, hash), "hash");
	check(gnutls_base64_encode2(&raw, &base64), "base64");
	f = create(recipes[i].name, ".spki256");
	put(f, &base64);
	fputc('\n', f);
	fclose(f);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(pubkey);
}

static void make_crl(const char *name, time_t from, time_t until, gnutls_x509_crt_t revoked)
{
	const struct made *ca = &made[index_of("ca")];
	unsigned char id[64], number[5] = { 0 };
	size_t size = sizeof(id);
	gnutls_x509_crl_t crl;
	gnutls_datum_t d;
	FILE *f = create(name, ".pem");

	for (size_t i = 0; i < 4; i++)
		number[4 - i] = (unsigned char) ((unsigned long long) from >> (8 * i) & 255);
	check(gnutls_x509_crl_init(&crl), name);
	check(gnutls_x509_crl_set_version(crl, 2), name);
	check(gnutls_x509_crl_set_this_update(crl, from), name);
	check(gnutls_x509_crl_set_next_update(crl, until), name);
	if (revoked != NULL)
		check(gnutls_x509_crl_set_crt(crl, revoked, from), name);
	check(gnutls_x509_crl_set_number(crl, number, sizeof(number)), name);
	check(gnutls_x509_crt_get_key_id(ca->crt, 0, id, &size), name);
	check(gnutls_x509_crl_set_authority_key_id(crl, id, size), name);
	check(gnutls_x509_crl_sign2(crl, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0), name);
	check(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &d), name);
	put(f, &d);
	fclose(f);
	gnutls_x509_crl_deinit(crl);
}

int certs_make(const char *where)
{
	time_t now = time(NULL);
	gnutls_x509_crt_t revoked;

	dir = where;
	for (size_t i = 0; i < RECIPES; i++) {
		make_crt(i, now);
		write_chain(i);
		write_pins(i);
	}
	revoked = made[index_of("revoked")].crt;
	make_crl("crl", now - DAY, now + 30 * DAY, revoked);
	make_crl("crl-old", now - 30 * DAY, now - DAY, NULL);
	make_crl("crl-empty", now - DAY, now + 30 * DAY, NULL);
	for (size_t i = 0; i < RECIPES; i++) {
		gnutls_x509_crt_deinit(made[i].crt);
		gnutls_x509_privkey_deinit(made[i].key);
	}
	return 0;
}
