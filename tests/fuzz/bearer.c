/* The JSON of a challenge that refuses a token: its status is a part of it, without its quotes, and fits. */
#include "fuzz.h"

#include "smtp/bearer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size > 0 ? size : 1); /* without a NUL at its end */
	char status[16];

	MUST(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	if (bearer_status(text, size, status, sizeof status)) {
		size_t len = strlen(status);

		MUST(len < sizeof status && len <= size && memmem(text, size, status, len) != NULL);
	}
	(void)bearer_judge(text, size, 535, (struct esc){ 5, 7, 8 });
	free(text);
	return 0;
}
