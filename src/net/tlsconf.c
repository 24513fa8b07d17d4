#include "net/tlsconf.h"

#include <stdio.h>

#include "base/str.h"

enum { WORDS_MAX = 48 }; /* GnuTLS ignores words after the 64th or 128th, and the words that we add are the last */

/* ---- priorities ---- */

/* Below our minimum: excluded unless the string names it. */
static const char *const lower[] = {
	"SIGN-ECDSA-SHA1",
	"SIGN-RSA-SHA1",
	"VERS-SSL3.0",
	"VERS-TLS1.0",
	"VERS-TLS1.1",
};

/* The keywords that some version of GnuTLS gives a profile above medium (`strong`) or below it. */
static const struct {
	const char *name;
	bool        strong;
} keywords[] = {
	{ "LEGACY", false },   { "NORMAL", false },    { "PERFORMANCE", false }, { "PFS", false },
	{ "SECURE", false },   { "SECURE128", false }, { "SECURE192", true },    { "SECURE256", true },
	{ "SUITEB128", true }, { "SUITEB192", true },
};

struct word { /* of a priority string; points into it */
	const char *at;
	size_t      len;
};

struct asked { /* what the user's string has */
	struct word profile; /* the last profile that it names; at NULL: none */
	bool        strong, weak; /* keywords of that kind */
	unsigned    lower; /* a bit for each row of lower[] that it names */
};

/* Splits the string as GnuTLS does: at each colon, without the spaces before a word. */
static bool next_word(const char **rest, struct word *w)
{
	if (*rest == NULL)
		return false;
	w->at = *rest + strspn(*rest, " \t\n\v\f\r");
	w->len = strcspn(w->at, ":");
	*rest = w->at[w->len] == ':' ? w->at + w->len + 1 : NULL;
	return true;
}

static void note_keyword(struct asked *a, const struct word *w)
{
	bool added = w->len > 0 && w->at[0] == '+';

	for (size_t i = 0; i < COUNT(keywords); i++)
		if (str_same_n(w->at + added, w->len - added, keywords[i].name)) {
			a->strong = a->strong || keywords[i].strong;
			a->weak = a->weak || !keywords[i].strong;
		}
	a->weak = a->weak || (w->len > 0 && w->at[0] == '@'); /* words of the system's, not known here */
}

static void note_word(struct asked *a, const struct word *w)
{
	static const char profile[] = "%PROFILE_"; /* GnuTLS takes options only in capitals, all other words in any case */

	note_keyword(a, w);
	if (w->len >= sizeof profile && memcmp(w->at, profile, sizeof profile - 1) == 0)
		a->profile = *w;
	for (size_t i = 0; i < COUNT(lower); i++)
		if (w->len > 0 && w->at[0] == '+' && str_same_n(w->at + 1, w->len - 1, lower[i]))
			a->lower |= 1U << i;
}

static void append(char to[PRIORITIES_MAX], const char *mark, const char *piece, size_t n)
{
	size_t len = strlen(to);

	snprintf(to + len, PRIORITIES_MAX - len, "%s%.*s", mark, (int)n, piece);
}

/* Adds the words that exclude.  A keyword after a profile can lower the profile again, so the profile is repeated at the end. */
static void close_gaps(const struct asked *a, char to[PRIORITIES_MAX])
{
	static const char medium[] = "%PROFILE_MEDIUM";

	if (a->profile.at != NULL)
		append(to, ":", a->profile.at, a->profile.len);
	else if (!a->strong || a->weak)
		append(to, ":", medium, strlen(medium));
	for (size_t i = 0; i < COUNT(lower); i++)
		if ((a->lower & 1U << i) == 0)
			append(to, ":-", lower[i], strlen(lower[i]));
}

bool tlsconf_guard(const char *user, char to[PRIORITIES_MAX])
{
	struct asked a = { .weak = false };
	const char *rest = user;
	struct word w;
	size_t n = 0;

	to[0] = '\0';
	while (next_word(&rest, &w)) {
		note_word(&a, &w);
		n++;
	}
	if (n > WORDS_MAX || strlen(user) > PRIORITIES_MAX / 2)
		return false;
	append(to, "", user, strlen(user));
	close_gaps(&a, to);
	return true;
}

static bool fail_priorities(int r, const char *wrong, const char *all, const char *user, struct err *e)
{
	bool theirs = wrong != NULL && user != NULL && (size_t)(wrong - all) < strlen(user);

	if (r == GNUTLS_E_MEMORY_ERROR)
		return fail_memory(e);
	fail(e, ST_CONFIG, FATE_PERM, "GnuTLS does not understand tls_priorities \"%s\"", user != NULL ? user : all);
	if (theirs)
		return err_hint(e, "the mistake begins here: %s", user + (wrong - all));
	return err_hint(e, "try: gnutls-cli --list --priority STRING");
}

bool tlsconf_priorities(gnutls_session_t session, const char *user, const char *usual, struct err *e)
{
	char all[PRIORITIES_MAX] = "";
	const char *wrong = NULL;
	gnutls_priority_t made;
	int r;

	if (user == NULL)
		append(all, "", usual, strlen(usual));
	else if (!tlsconf_guard(user, all))
		return fail(e, ST_CONFIG, FATE_PERM, "tls_priorities is longer than %d bytes or %d words",
			    PRIORITIES_MAX / 2, WORDS_MAX);
	r = gnutls_priority_init(&made, all, &wrong);
	if (r != 0)
		return fail_priorities(r, wrong, all, user, e);
	if (session != NULL)
		r = gnutls_priority_set(session, made); /* it counts references, so gnutls_priority_deinit() is right */
	gnutls_priority_deinit(made);
	return r == 0 || fail_priorities(r, NULL, all, user, e);
}

/* ---- the client's certificate ---- */

static bool fail_open_key(const char *file, struct err *e)
{
	fail(e, ST_CONFIG, FATE_PERM, "others may read the private key in %s", file);
	return err_hint(e, "chmod 600 %s", file);
}

static bool use(gnutls_certificate_credentials_t cred, const struct tls_file *cert, const struct tls_file *key,
		struct err *e)
{
	gnutls_datum_t c = { (unsigned char *)cert->text.bytes, (unsigned)cert->text.len };
	gnutls_datum_t k = { (unsigned char *)key->text.bytes, (unsigned)key->text.len };
	int r = gnutls_certificate_set_x509_key_mem2(cred, &c, &k, GNUTLS_X509_FMT_PEM, NULL, 0);

	if (r >= 0)
		return true;
	if (r == GNUTLS_E_DECRYPTION_FAILED) {
		fail(e, ST_CONFIG, FATE_PERM, "the private key in %s is encrypted", key->path);
		return err_hint(e, "postern does not ask for its passphrase: use a key file without one");
	}
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return fail(e, ST_CONFIG, FATE_PERM, "the key in %s is not that of the certificate in %s", key->path,
			    cert->path);
	fail(e, ST_CONFIG, FATE_PERM, "cannot use the client certificate %s with the key %s", cert->path, key->path);
	return err_quote(e, gnutls_strerror(r), strlen(gnutls_strerror(r)));
}

bool tlsconf_identity(gnutls_certificate_credentials_t cred, struct tls_files *files, const char *cert_file,
		      const char *key_file, struct err *e)
{
	const struct tls_file *cert, *key;

	if (cert_file == NULL && key_file == NULL)
		return true;
	if (cert_file == NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "tls_key_file is set without tls_cert_file");
	if (key_file == NULL)
		key_file = cert_file;
	cert = tls_files_get(files, cert_file, 0, e);
	key = cert != NULL ? tls_files_get(files, key_file, 0, e) : NULL;
	return key != NULL && ((!key->facts.open_read && !key->facts.open_write) || fail_open_key(key_file, e))
	    && use(cred, cert, key, e);
}
