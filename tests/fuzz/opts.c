/* A command line: the input is cut at NULs and newlines. */
#include "fuzz.h"

#include "config/cmdline.h"
#include "config/keys.h"
#include "config/msmtp.h"

enum { WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *argv[WORDS + 1] = { NULL }, *at = text;
	struct options o = { 0 };
	struct err e;
	int argc = 0;

	while (argc < WORDS && at < text + size) {
		argv[argc++] = at;
		at += strcspn(at, "\n");
		*at++ = '\0';
	}
	if (cmdline_parse(argc, argv, &o, &e))
		for (size_t i = 0; i < o.n_settings; i++) {
			const char *key = o.settings[i].key;

			MUST(key_find(key, strlen(key)) != NULL || msmtp_find(key, strlen(key)) != NULL);
			MUST(strpbrk(o.settings[i].value, "\r\n") == NULL);
		}
	cmdline_free(&o);
	free(text);
	return 0;
}
