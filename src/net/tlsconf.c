#include "net/tlsconf.h"

#include <stdio.h>

#include "base/str.h"

enum { PRIORITIES_MAX = 2048 }; /* bytes */

/* ---- priorities ---- */

/* Left out unless the string asks for them. */
static const struct {
	const char *asked, *leave_out;
} old_versions[] = {
	{ "+VERS-SSL3.0", ":-VERS-SSL3.0" },
	{ "+VERS-TLS1.0", ":-VERS-TLS1.0" },
	{ "+VERS-TLS1.1", ":-VERS-TLS1.1" },
};

static void append(char to[PRIORITIES_MAX], const char *piece)
{
	size_t len = strlen(to);

	snprintf(to + len, PRIORITIES_MAX - len, "%s", piece);
}

static void guard(char s[PRIORITIES_MAX])
{
	/* GnuTLS's own levels bring a profile that is as good, or better */
	bool has_profile = strstr(s, "%PROFILE_") != NULL || strstr(s, "SECURE") != NULL || strstr(s, "SUITEB") != NULL;
	bool all = strstr(s, "+VERS-ALL") != NULL || strstr(s, "+VERS-TLS-ALL") != NULL;

	for (size_t i = 0; i < COUNT(old_versions); i++)
		if (!all && strstr(s, old_versions[i].asked) == NULL)
			append(s, old_versions[i].leave_out);
	if (!has_profile)
		append(s, ":%PROFILE_MEDIUM");
}

static bool fail_priorities(int r, const char *wrong, const char *all, const char *user, struct err *e)
{
	bool theirs = wrong != NULL && user != NULL && (size_t)(wrong - all) < strlen(user);

	if (r == GNUTLS_E_MEMORY_ERROR)
		return fail_memory(e);
	fail(e, ST_CONFIG, FATE_PERM, "GnuTLS does not understand tls_priorities \"%s\"", user != NULL ? user : all);
	if (theirs)
		return err_hint(e, "it is wrong from here: %s", user + (wrong - all));
	return err_hint(e, "try: gnutls-cli --list --priority STRING");
}

bool tlsconf_priorities(gnutls_session_t session, const char *user, const char *usual, struct err *e)
{
	char all[PRIORITIES_MAX] = "";
	const char *wrong = NULL;
	gnutls_priority_t made;
	int r;

	if (user != NULL && strlen(user) > PRIORITIES_MAX / 2)
		return fail(e, ST_CONFIG, FATE_PERM, "tls_priorities is longer than %d bytes", PRIORITIES_MAX / 2);
	append(all, user != NULL ? user : usual);
	if (user != NULL)
		guard(all);
	r = gnutls_priority_init(&made, all, &wrong);
	if (r != 0)
		return fail_priorities(r, wrong, all, user, e);
	if (session != NULL)
		r = gnutls_priority_set(session, made); /* which counts its users */
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
		return err_hint(e, "nobody is there to type its passphrase: use a key file without one");
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
	return key != NULL && ((!key->facts.others_read && !key->facts.others_write) || fail_open_key(key_file, e))
	    && use(cred, cert, key, e);
}
