/* The file with an access token: what is read has only allowed characters, and reads the same when it is put again. */
#include "fuzz.h"

#include "base/str.h"
#include "secret/access.h"

static bool same_or_none(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct access a = { 0 }, again = { 0 };
	struct buf b = buf_max(ST_SECRET, 2 * ACCESS_FILE_MAX, "a test");
	char *text = fuzz_string(data, size);
	struct err e;

	if (access_parse(&a, text, size, &e)) {
		MUST(a.token != NULL && access_token_ok(a.token, strlen(a.token)));
		for (const char *u = a.user; u != NULL && *u != '\0'; u++)
			MUST(!str_iscontrol(*u));
		MUST(access_put(&b, &a, &e) && access_parse(&again, buf_text(&b), b.len, &e));
		MUST(strcmp(a.token, again.token) == 0 && same_or_none(a.user, again.user));
		MUST(a.obtained == again.obtained && a.expires == again.expires && !again.machine);
		(void)access_is_good(&a, a.obtained, UINT32_MAX);
	} else {
		MUST(a.token == NULL && a.user == NULL);
	}
	access_free(&a);
	access_free(&again);
	buf_wipe(&b);
	free(text);
	return 0;
}
