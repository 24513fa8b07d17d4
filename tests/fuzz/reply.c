/* Lines as replies: whatever comes, the codes are codes and the text ends. */
#include "fuzz.h"

#include "smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply r;
	char *text = fuzz_string(data, size), *line = text, quote[100];
	struct err e;

	reply_begin(&r);
	while (line < text + size) {
		size_t n = strcspn(line, "\n");
		enum reply_more more;

		line[n] = '\0';
		more = reply_add(&r, line, n, &e);
		MUST(more == REPLY_BAD || (r.code >= 200 && r.code < 600));
		MUST(more == REPLY_BAD || r.len == strlen(r.text));
		MUST(r.esc.class == 0 || r.esc.class == r.code / 100);
		reply_quote(r.code, r.esc, r.text, quote, sizeof quote);
		if (more != REPLY_CONTINUES)
			reply_begin(&r);
		line += n + 1;
	}
	free(text);
	return 0;
}
