/* net: names of certificates, pins, the reader of DER, the guard of tls_priorities, waiting, resolving. */
#include "tap.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/certname.h"
#include "net/resolve.h"
#include "net/stream.h"
#include "net/tlsconf.h"
#include "net/trust.h"
#include "net/verify.h"

/* ---- certname ---- */

#define NAME(text) (text), sizeof(text) - 1

static const struct {
	const char *pattern;
	size_t      len;
	const char *host;
	bool        fits;
} names[] = {
	{ NAME("mail.example.org"), "mail.example.org", true },
	{ NAME("MAIL.example.ORG"), "mail.EXAMPLE.org", true },
	{ NAME("mail.example.org"), "mail.example.org.", true },
	{ NAME("localhost"), "localhost", true },
	{ NAME("mail.example.org."), "mail.example.org", false },
	{ NAME("mail.example.org"), "mail.example.org..", false },
	{ NAME("mail.example.org"), "mail.example.or", false },
	{ NAME("mail.example.or"), "mail.example.org", false },
	{ NAME("example.org"), "mail.example.org", false },
	{ NAME("mail.example.org\0"), "mail.example.org", false },
	{ NAME("mail.example.org\0.evil.example"), "mail.example.org", false },
	{ NAME("mail\0example.org"), "mail.example.org", false },
	{ NAME("\0"), "", false },
	{ NAME(""), "", false },
	{ NAME(""), "mail.example.org", false },
	{ NAME("."), ".", false },
	{ NAME("*.example.org"), "mail.example.org", true },
	{ NAME("*.EXAMPLE.org"), "mail.example.ORG.", true },
	{ NAME("*.example.org"), "xn--mller-kva.example.org", true },
	{ NAME("*.example.org"), "a.b.example.org", false },
	{ NAME("*.example.org"), "example.org", false },
	{ NAME("*.example.org"), ".example.org", false },
	{ NAME("*.example.org"), "*.example.org", true },
	{ NAME("*.example.org\0"), "mail.example.org", false },
	{ NAME("*"), "localhost", false },
	{ NAME("*."), "localhost.", false },
	{ NAME("*.org"), "example.org", false },
	{ NAME("*.org."), "example.org", false },
	{ NAME("*.org."), "example.org..", false },
	{ NAME("*..org"), "example..org", false },
	{ NAME("*.*.org"), "mail.example.org", false },
	{ NAME("*.*"), "example.org", false },
	{ NAME("**.example.org"), "mail.example.org", false },
	{ NAME("m*.example.org"), "mail.example.org", false },
	{ NAME("*l.example.org"), "mail.example.org", false },
	{ NAME("m*l.example.org"), "mail.example.org", false },
	{ NAME("xn--*.example.org"), "xn--mller-kva.example.org", false },
	{ NAME("mail.*.org"), "mail.example.org", false },
	{ NAME("mail.example.*"), "mail.example.org", false },
	{ NAME("*mail.example.org"), "mail.example.org", false },
	{ NAME("\303\204.example.org"), "\303\244.example.org", false },
};

static void test_names(void)
{
	for (size_t i = 0; i < COUNT(names); i++)
		ok(certname_match(names[i].pattern, names[i].len, names[i].host) == names[i].fits, "%.*s is%s for %s",
		   (int)names[i].len, names[i].pattern, names[i].fits ? "" : " not", names[i].host);
}

/* ---- certificates made here ---- */

struct made {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t     crt;
	gnutls_datum_t        der;
};

static void must(int r)
{
	if (r < 0) {
		printf("Bail out! %s\n", gnutls_strerror(r));
		exit(1);
	}
}

static void set_san(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type, const void *what, size_t len)
{
	must(gnutls_x509_crt_set_subject_alt_name(crt, type, what, (unsigned)len, GNUTLS_FSAN_APPEND));
}

/* A certificate for mail.example.org, signed by `by` (NULL: by itself). */
static struct made make(const char *subject, const struct made *by)
{
	static const unsigned char v4[4] = { 192, 0, 2, 1 };
	struct made m;

	must(gnutls_x509_privkey_init(&m.key));
	must(gnutls_x509_privkey_generate(m.key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_x509_crt_init(&m.crt));
	must(gnutls_x509_crt_set_version(m.crt, 3));
	must(gnutls_x509_crt_set_serial(m.crt, "\001\002", 2));
	must(gnutls_x509_crt_set_dn(m.crt, subject, NULL));
	must(gnutls_x509_crt_set_activation_time(m.crt, 1700000000));
	must(gnutls_x509_crt_set_expiration_time(m.crt, 1900000000));
	must(gnutls_x509_crt_set_key(m.crt, m.key));
	set_san(m.crt, GNUTLS_SAN_DNSNAME, NAME("mail.example.org"));
	set_san(m.crt, GNUTLS_SAN_DNSNAME, NAME("*.0.2.2"));
	set_san(m.crt, GNUTLS_SAN_DNSNAME, NAME("192.0.2.3"));
	set_san(m.crt, GNUTLS_SAN_IPADDRESS, v4, sizeof v4);
	must(gnutls_x509_crt_sign2(m.crt, by != NULL ? by->crt : m.crt, by != NULL ? by->key : m.key, GNUTLS_DIG_SHA256, 0));
	must(gnutls_x509_crt_export2(m.crt, GNUTLS_X509_FMT_DER, &m.der));
	gnutls_x509_crt_deinit(m.crt);
	must(gnutls_x509_crt_init(&m.crt));
	must(gnutls_x509_crt_import(m.crt, &m.der, GNUTLS_X509_FMT_DER));
	return m;
}

static void unmake(struct made *m)
{
	gnutls_x509_crt_deinit(m->crt);
	gnutls_x509_privkey_deinit(m->key);
	gnutls_free(m->der.data);
}

/* ---- address literals ---- */

static const struct {
	const char *host;
	bool        fits;
} hosts[] = {
	{ "mail.example.org", true }, { "other.example.org", false }, { "192.0.2.1", true },    { "192.0.2.2", false },
	{ "192.0.2.3", false },       { "::ffff:192.0.2.1", false },  { "2001:db8::1", false }, { "a.0.2.2", true },
};

static void test_hosts(const struct made *m)
{
	struct err e;

	for (size_t i = 0; i < COUNT(hosts); i++)
		ok(certname_check(m->crt, hosts[i].host, &e) == hosts[i].fits, "the certificate is%s for %s",
		   hosts[i].fits ? "" : " not", hosts[i].host);
}

/* ---- pins ---- */

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define COLONS32 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static const struct {
	const char *pin;
	bool        good, of_key;
} pins[] = {
	{ HEX64, true, false },
	{ COLONS32 ":" COLONS32, true, false },
	{ "00112233445566778899AABBCCDDEEFF:00112233445566778899aabbccddeeff", true, false },
	{ "pin-sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=", true, true },
	{ "PIN-SHA256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=", true, true },
	{ "", false, false },
	{ ":", false, false },
	{ HEX64 ":", false, false },
	{ ":" HEX64, false, false },
	{ COLONS32 "::" COLONS32, false, false },
	{ "0:0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false, false },
	{ HEX64 "0", false, false },
	{ HEX64 "00", false, false },
	{ "0" COLONS32 ":" COLONS32, false, false },
	{ "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false, false },
	{ " " HEX64, false, false },
	{ HEX64 "\n", false, false },
	{ "00112233445566778899aabbccddeeff", false, false },
	{ "pin-sha256:", false, false },
	{ "pin-sha256:" HEX64, false, true },
	{ "pin-sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7g==", false, true },
	{ "pin-sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8A", false, true },
	{ "pin-sha256:ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8=", false, true },
	{ "pin-sha1:ABEiM0RVZneImaq7zN3u/wARIjM=", false, false },
};

static void test_pins(void)
{
	for (size_t i = 0; i < COUNT(pins); i++) {
		char hex[SHA256_HEX + 1] = "";
		bool of_key = false, good = verify_pin(pins[i].pin, &of_key, hex);

		ok(good == pins[i].good && of_key == pins[i].of_key && (!good || strcmp(hex, HEX64) == 0), "a pin%s: %s",
		   pins[i].good ? "" : " that is invalid", pins[i].pin);
	}
}

/* ---- DER ---- */

/* The smallest certificate that trust_names() reads: version, serial number, algorithm, issuer, validity, subject. */
#define DER_MINI "\x30\x14\x30\x12\xa0\x03\x02\x01\x02\x02\x01\x05\x30\x00\x30\x01I\x30\x00\x30\x01S"
#define L100 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *what, *der;
	size_t      len;
	size_t      issuer, issuer_len, subject, subject_len; /* 0: not found */
} ders[] = {
	{ "a small certificate", NAME(DER_MINI), 14, 3, 19, 3 },
	{ "without a version", NAME("\x30\x0f\x30\x0d\x02\x01\x05\x30\x00\x30\x01I\x30\x00\x30\x01S"), 9, 3, 14, 3 },
	{ "with more text behind it", NAME(DER_MINI "more"), 14, 3, 19, 3 },
	{ "empty names", NAME("\x30\x0d\x30\x0b\x02\x01\x05\x30\x00\x30\x00\x30\x00\x30\x00"), 9, 2, 13, 2 },
	{ "a length of one more byte", NAME("\x30\x73\x30\x71\x02\x01\x05\x30\x00\x30\x81\x64" L100 "\x30\x00\x30\x00"), 9, 103,
	  114, 2 },
	{ "a length of two more bytes", NAME("\x30\x74\x30\x72\x02\x01\x05\x30\x00\x30\x82\x00\x64" L100 "\x30\x00\x30\x00"), 9,
	  104, 115, 2 },
	{ "a length of three more bytes",
	  NAME("\x30\x75\x30\x73\x02\x01\x05\x30\x00\x30\x83\x00\x00\x64" L100 "\x30\x00\x30\x00"), 9, 105, 116, 2 },
	{ "a length of four more bytes", NAME("\x30\x76\x30\x74\x02\x01\x05\x30\x00\x30\x84\x00\x00\x00\x64" L100 "\x30\x00\x30\x00"),
	  0, 0, 0, 0 },
	{ "an indefinite length", NAME("\x30\x80\x30\x80\x02\x01\x05\x30\x00\x30\x00\x30\x00\x30\x00\0\0\0\0"), 0, 0, 0, 0 },
	{ "a length of 127 more bytes", NAME("\x30\xff" L100 L100), 0, 0, 0, 0 },
	{ "a huge issuer", NAME("\x30\x0f\x30\x0d\x02\x01\x05\x30\x00\x30\x83\xff\xff\xffI\x30\x00\x30\x01S"), 0, 0, 0, 0 },
	{ "a huge subject", NAME("\x30\x0f\x30\x0d\x02\x01\x05\x30\x00\x30\x01I\x30\x00\x30\x83\xff\xff\xffS"), 0, 0, 0, 0 },
	{ "a huge serial number", NAME("\x30\x0f\x30\x0d\x02\x83\xff\xff\xff\x30\x00\x30\x01I\x30\x00\x30\x01S"), 0, 0, 0, 0 },
	{ "a serial number of another type", NAME("\x30\x0f\x30\x0d\x04\x01\x05\x30\x00\x30\x01I\x30\x00\x30\x01S"), 0, 0, 0, 0 },
	{ "a set instead of the issuer", NAME("\x30\x0f\x30\x0d\x02\x01\x05\x30\x00\x31\x01I\x30\x00\x30\x01S"), 0, 0, 0, 0 },
	{ "a set instead of the subject", NAME("\x30\x0f\x30\x0d\x02\x01\x05\x30\x00\x30\x01I\x30\x00\x31\x01S"), 0, 0, 0, 0 },
	{ "a set instead of the certificate", NAME("\x31\x0f\x30\x0d\x02\x01\x05\x30\x00\x30\x01I\x30\x00\x30\x01S"), 0, 0, 0, 0 },
	{ "an empty text", NAME(""), 0, 0, 0, 0 },
};

/* Reads from memory of exactly that size, so that ASan finds a read past its end. */
static bool read_names(const unsigned char *der, size_t len, size_t at[4])
{
	unsigned char *exact = malloc(len > 0 ? len : 1);
	gnutls_datum_t issuer, subject;
	bool found;

	must(exact == NULL ? GNUTLS_E_MEMORY_ERROR : 0);
	memcpy(exact, der, len);
	found = trust_names(exact, len, &issuer, &subject);
	if (found) {
		at[0] = (size_t)(issuer.data - exact);
		at[1] = issuer.size;
		at[2] = (size_t)(subject.data - exact);
		at[3] = subject.size;
	}
	free(exact);
	return found;
}

static void test_ders(void)
{
	for (size_t i = 0; i < COUNT(ders); i++) {
		size_t at[4] = { 0 };
		bool found = read_names((const unsigned char *)ders[i].der, ders[i].len, at);

		ok(found == (ders[i].issuer > 0) && at[0] == ders[i].issuer && at[1] == ders[i].issuer_len
			   && at[2] == ders[i].subject && at[3] == ders[i].subject_len,
		   "DER: %s", ders[i].what);
	}
}

static bool is(const gnutls_datum_t *dn, const unsigned char *der, size_t at, size_t len)
{
	return dn->size == len && memcmp(dn->data, der + at, len) == 0;
}

/* The names are found if the certificate is complete up to their end, and they are the names that GnuTLS finds. */
static void test_cut(const struct made *m, const char *what)
{
	size_t at[4] = { 0 }, cut[4];
	gnutls_datum_t issuer, subject;
	unsigned wrong = 0;
	bool found = read_names(m->der.data, m->der.size, at);

	must(gnutls_x509_crt_get_raw_issuer_dn(m->crt, &issuer));
	must(gnutls_x509_crt_get_raw_dn(m->crt, &subject));
	ok(found && is(&issuer, m->der.data, at[0], at[1]) && is(&subject, m->der.data, at[2], at[3]),
	   "%s: both names are those that GnuTLS finds", what);
	for (size_t len = 0; len <= m->der.size; len++)
		if (read_names(m->der.data, len, cut) != (len >= at[2] + at[3]))
			wrong++;
		else if (len >= at[2] + at[3] && memcmp(cut, at, sizeof at) != 0)
			wrong++;
	ok(wrong == 0, "%s: cut at each length, it gives the names if they are complete", what);
	gnutls_free(issuer.data);
	gnutls_free(subject.data);
}

/* ---- the bundle ---- */

static void add_pem(struct buf *to, const struct made *m, const char *label)
{
	struct err e;
	gnutls_datum_t base64;
	char piece[65];

	must(gnutls_base64_encode2(&m->der, &base64));
	must(buf_printf(to, &e, "-----BEGIN %s-----\n", label) ? 0 : -1);
	for (unsigned i = 0; i < base64.size; i += 64) {
		snprintf(piece, sizeof piece, "%.64s", (const char *)base64.data + i);
		must(buf_printf(to, &e, "%s\n", piece) ? 0 : -1);
	}
	must(buf_printf(to, &e, "-----END %s-----\n", label) ? 0 : -1);
	gnutls_free(base64.data);
}

static unsigned added(const struct buf *bundle, const struct made *of, bool all)
{
	gnutls_x509_trust_list_t list;
	unsigned n;

	must(gnutls_x509_trust_list_init(&list, 0));
	n = trust_add(list, bundle, &of->der, 1, all);
	gnutls_x509_trust_list_deinit(list, 1);
	return n;
}

static void test_bundle(const struct made *ca, const struct made *other, const struct made *leaf)
{
	struct buf one = buf_max(ST_INPUT, 100000, "a bundle"), many = buf_max(ST_INPUT, 100000, "a bundle");
	struct err e;

	ok(added(&one, leaf, true) == 0, "an empty bundle has no certificate");
	add_pem(&many, other, "CERTIFICATE");
	add_pem(&many, ca, "CERTIFICATE");
	add_pem(&many, other, "TRUSTED CERTIFICATE");
	ok(added(&many, leaf, false) == 1, "the issuer is found");
	ok(added(&many, leaf, true) == 2, "the whole store leaves out OpenSSL's own form");
	ok(added(&many, ca, false) == 1, "a certificate that is in the store is found");
	add_pem(&one, ca, "X509 CERTIFICATE");
	ok(added(&one, leaf, false) == 1 && added(&one, leaf, true) == 1, "a certificate with the older label is found");
	must(buf_splice(&one, one.len - 17, 17, "-----\n", 6, &e) ? 0 : -1);
	ok(added(&one, leaf, true) == 0, "a certificate without an end line is not found");
	add_pem(&one, ca, "CERTIFICATE");
	ok(added(&one, leaf, false) == 1, "a certificate behind it is found");
	buf_free(&one);
	buf_free(&many);
}

/* ---- tls_priorities ---- */

#define NO_SHA1 ":-SIGN-ECDSA-SHA1:-SIGN-RSA-SHA1"
#define NO_OLD ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1"
#define MEDIUM ":%PROFILE_MEDIUM"

static const struct {
	const char *user, *more; /* the user's string, and what postern appends */
} guards[] = {
	{ "NORMAL", MEDIUM NO_SHA1 NO_OLD },
	{ "LEGACY", MEDIUM NO_SHA1 NO_OLD },
	{ "SECURE", MEDIUM NO_SHA1 NO_OLD },
	{ "SECURE128", MEDIUM NO_SHA1 NO_OLD },
	{ "secure128", MEDIUM NO_SHA1 NO_OLD },
	{ "@SYSTEM", MEDIUM NO_SHA1 NO_OLD },
	{ "@SYSTEM:+SECURE192", MEDIUM NO_SHA1 NO_OLD },
	{ "SECURE192", NO_SHA1 NO_OLD },
	{ "secure256", NO_SHA1 NO_OLD },
	{ "SUITEB128", NO_SHA1 NO_OLD },
	{ "SUITEB192:+SECURE192", NO_SHA1 NO_OLD },
	{ "SECURE192:+SECURE128", MEDIUM NO_SHA1 NO_OLD },
	{ "NONE:+SECURE192", NO_SHA1 NO_OLD },
	{ "NONE:+VERS-TLS1.3", MEDIUM NO_SHA1 NO_OLD },
	{ "", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:+VERS-ALL:+VERS-TLS-ALL", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:+VERS-TLS1.0", MEDIUM NO_SHA1 ":-VERS-SSL3.0:-VERS-TLS1.1" },
	{ "NORMAL: +vers-tls1.1", MEDIUM NO_SHA1 ":-VERS-SSL3.0:-VERS-TLS1.0" },
	{ "NORMAL:-VERS-TLS1.0", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:!VERS-TLS1.0", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:+VERS-TLS1.01", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:+VERS-DTLS1.0", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:+SIGN-RSA-SHA1", MEDIUM ":-SIGN-ECDSA-SHA1" NO_OLD },
	{ "NORMAL:+SIGN-ALL", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:%PROFILE_LOW", ":%PROFILE_LOW" NO_SHA1 NO_OLD },
	{ "NORMAL:%PROFILE_HIGH", ":%PROFILE_HIGH" NO_SHA1 NO_OLD },
	{ "NORMAL:%PROFILE_HIGH:+LEGACY", ":%PROFILE_HIGH" NO_SHA1 NO_OLD },
	{ "NORMAL:%PROFILE_HIGH:%PROFILE_LOW", ":%PROFILE_LOW" NO_SHA1 NO_OLD },
	{ "NORMAL:%PROFILE_LOW:%PROFILE_HIGH", ":%PROFILE_HIGH" NO_SHA1 NO_OLD },
	{ "NORMAL:%COMPAT", MEDIUM NO_SHA1 NO_OLD },
	{ "NORMAL:X%PROFILE_LOW", MEDIUM NO_SHA1 NO_OLD },
};

static void test_guard(void)
{
	static char longest[PRIORITIES_MAX / 2 + 2];
	char got[PRIORITIES_MAX], expected[PRIORITIES_MAX];

	for (size_t i = 0; i < COUNT(guards); i++) {
		snprintf(expected, sizeof expected, "%s%s", guards[i].user, guards[i].more);
		same(tlsconf_guard(guards[i].user, got) ? got : "too long", expected, guards[i].user);
	}
	memset(longest, 'x', sizeof longest - 1);
	ok(!tlsconf_guard(longest, got), "a string that is too long is refused");
	longest[sizeof longest - 2] = '\0';
	ok(tlsconf_guard(longest, got) && strlen(got) == strlen(longest) + strlen(MEDIUM NO_SHA1 NO_OLD),
	   "the longest accepted string leaves room for postern's words");
	memset(longest, ':', 47);
	longest[47] = '\0';
	ok(tlsconf_guard(longest, got), "48 words are accepted");
	memcpy(longest + 47, ":", 2);
	ok(!tlsconf_guard(longest, got), "49 words are refused");
}

/* ---- waiting ---- */

static int as_fd(void *ctx)
{
	return *(int *)ctx;
}

/* A ready descriptor is reported, whatever errno was before.  If poll() fails, the error comes before the deadline. */
static void test_wait(void)
{
	static struct stream s;
	struct rlimit usual, none;
	struct err e = { .sys = 0 };
	int ends[2];

	if (!ok(pipe(ends) == 0 && write(ends[1], "x", 1) == 1 && getrlimit(RLIMIT_NOFILE, &usual) == 0, "a pipe"))
		return;
	stream_open(&s, (struct wire){ .fd = as_fd, .ctx = &ends[0] }, clock_in_s(300));
	errno = EINTR;
	ok(stream_wait(&s, POLLIN, &e), "an EINTR of an earlier call does not count");
	none = usual;
	none.rlim_cur = 0; /* so that poll() fails with EINVAL */
	ok(setrlimit(RLIMIT_NOFILE, &none) == 0 && !stream_wait(&s, POLLIN, &e) && e.sys == EINVAL,
	   "a wait that fails is not tried again");
	ok(setrlimit(RLIMIT_NOFILE, &usual) == 0, "the limit is restored");
	close(ends[0]);
	close(ends[1]);
}

/* For EHLO, if this machine has no name that SMTP allows. */
static void test_our_literal(void)
{
	static struct stream s;
	struct addr a;
	char literal[STREAM_LITERAL_MAX];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (!ok(fd >= 0 && resolve_literal("127.0.0.2", 0, &a) && bind(fd, &a.at.any, a.len) == 0, "a socket with an address"))
		return;
	stream_open(&s, (struct wire){ .fd = as_fd, .ctx = &fd }, CLOCK_NEVER);
	stream_literal(&s, literal);
	same(literal, "[127.0.0.2]", "our end of the connection");
	close(fd);
	fd = -1;
	stream_literal(&s, literal);
	same(literal, "[127.0.0.1]", "without a socket");
}

/* ---- resolving ---- */

/* A name of 127.0.0.1 in /etc/hosts other than localhost: only the system's resolver knows it. */
static bool known_name(char name[256])
{
	FILE *f = fopen("/etc/hosts", "r");
	char line[1024];
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof line, f) != NULL)
		found = sscanf(line, "127.0.0.1 %255s", name) == 1 && strncmp(name, "localhost", 9) != 0;
	if (f != NULL)
		fclose(f);
	return found;
}

/* resolve() asks the system in a child process, but not for "localhost" and addresses. */
static void test_resolve(void)
{
	struct question q = { .port = 25, .version = IP_4, .deadline = clock_in_s(60) };
	struct addrs to;
	struct addr loopback;
	char name[256];
	struct err e;

	if (!known_name(name)) {
		ok(true, "skipped: /etc/hosts has no name for 127.0.0.1 but localhost");
		return;
	}
	q.host = name;
	ok(resolve_literal("127.0.0.1", 25, &loopback) && resolve(&q, &to, &e) && to.n > 0, "the system finds %s", name);
	ok(to.n > 0 && to.a[0].len == loopback.len && memcmp(&to.a[0].at.v4, &loopback.at.v4, sizeof loopback.at.v4) == 0,
	   "  with its address");
}

int main(void)
{
	struct made ca = make("CN=Authority", NULL), other = make("CN=Another,O=Somebody", NULL);
	struct made leaf = make("CN=mail.example.org,O=Somebody,C=DE", &ca);

	test_names();
	test_hosts(&leaf);
	test_pins();
	test_ders();
	test_cut(&ca, "an authority");
	test_cut(&leaf, "a server's certificate");
	test_bundle(&ca, &other, &leaf);
	test_guard();
	test_wait();
	test_our_literal();
	test_resolve();
	unmake(&ca);
	unmake(&other);
	unmake(&leaf);
	return done();
}
