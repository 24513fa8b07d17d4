/* tls_fingerprint: an accepted pin is a SHA-256, and the other spellings of the same hash are accepted with the same result. */
#include "fuzz.h"

#include <gnutls/gnutls.h>
#include <stdio.h>

#include "net/verify.h"

static unsigned digit(char c)
{
	return (unsigned)(str_isdigit(c) ? c - '0' : c - 'a' + 10);
}

static void check_other_spellings(const char hex[SHA256_HEX + 1])
{
	unsigned char hash[SHA256_HEX / 2];
	gnutls_datum_t bytes = { hash, sizeof hash }, base64;
	char colons[SHA256_HEX * 3 / 2], key[200], again[SHA256_HEX + 1];
	bool of_key;

	for (size_t i = 0; i < sizeof hash; i++) {
		hash[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
		snprintf(colons + 3 * i, sizeof colons - 3 * i, i + 1 < sizeof hash ? "%02X:" : "%02X", hash[i]);
	}
	MUST(verify_pin(colons, &of_key, again) && !of_key && strcmp(again, hex) == 0);
	MUST(gnutls_base64_encode2(&bytes, &base64) == 0);
	snprintf(key, sizeof key, "pin-sha256:%.*s", (int)base64.size, (char *)base64.data);
	gnutls_free(base64.data);
	MUST(verify_pin(key, &of_key, again) && of_key && strcmp(again, hex) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pin = fuzz_string(data, size);
	char hex[SHA256_HEX + 1];
	bool of_key;

	if (verify_pin(pin, &of_key, hex)) {
		MUST(strlen(hex) == SHA256_HEX);
		for (const char *p = hex; *p != '\0'; p++)
			MUST(str_isdigit(*p) || (*p >= 'a' && *p <= 'f'));
		MUST(of_key == str_same_n(pin, 11, "pin-sha256:"));
		check_other_spellings(hex);
	}
	free(pin);
	return 0;
}
