/* tls_priorities: if GnuTLS accepts the string with what postern appends, it allows neither an old version nor SHA-1, unless the
 * string names them. */
#include "fuzz.h"

#include <gnutls/gnutls.h>

#include "base/str.h"
#include "net/tlsconf.h"

/* Is `word` one of the string's words, in any case? */
static bool names(const char *s, const char *word)
{
	for (const char *p = s; p != NULL; p = strchr(p, ':')) {
		p += p > s ? 1 : 0;
		p += strspn(p, " \t\n\v\f\r");
		if (str_same_n(p, strcspn(p, ":"), word))
			return true;
	}
	return false;
}

static bool has_version(gnutls_priority_t made, unsigned version)
{
	const unsigned *list;
	int n = gnutls_priority_protocol_list(made, &list);

	for (int i = 0; i < n; i++)
		if (list[i] == version)
			return true;
	return false;
}

static bool has_signature(gnutls_priority_t made, unsigned algorithm)
{
	const unsigned *list;
	int n = gnutls_priority_sign_list(made, &list);

	for (int i = 0; i < n; i++)
		if (list[i] == algorithm)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *user = fuzz_string(data, size);
	char all[PRIORITIES_MAX];
	gnutls_priority_t made;

	if (tlsconf_guard(user, all)) {
		MUST(strlen(all) < sizeof all - 1 && str_starts(all, user));
		if (gnutls_priority_init(&made, all, NULL) == 0) {
			MUST(!has_version(made, GNUTLS_SSL3) || names(user, "+VERS-SSL3.0"));
			MUST(!has_version(made, GNUTLS_TLS1_0) || names(user, "+VERS-TLS1.0"));
			MUST(!has_version(made, GNUTLS_TLS1_1) || names(user, "+VERS-TLS1.1"));
			MUST(!has_signature(made, GNUTLS_SIGN_RSA_SHA1) || names(user, "+SIGN-RSA-SHA1"));
			MUST(!has_signature(made, GNUTLS_SIGN_ECDSA_SHA1) || names(user, "+SIGN-ECDSA-SHA1"));
			gnutls_priority_deinit(made);
		}
	}
	free(user);
	return 0;
}
