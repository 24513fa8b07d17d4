/* A header: its fields cover it without gaps, and no byte behind its end is read. */
#include "fuzz.h"

#include <stdio.h>

#include "mail/header.h"

static void look(const struct field *f)
{
	char to[40];

	(void)header_is(f, "bcc");
	(void)header_token(f->body, f->body_len, to, sizeof to);
	(void)header_parameter(f->body, f->body_len, "charset", to, sizeof to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf phrase = buf_max(ST_INPUT, 1 << 20, "a phrase");
	const char *head = (const char *)data;
	char *name = fuzz_string(data, size);
	struct field f;
	struct err e;
	size_t at = 0, before = 0;

	while (header_next(head, size, &at, &f)) {
		MUST(f.raw == head + before && at == before + f.raw_len && at <= size);
		MUST(f.name_len > 0 && f.body + f.body_len == f.raw + f.raw_len);
		look(&f);
		before = at;
	}
	if (header_phrase(&phrase, name, size % 70, &e))
		MUST(strpbrk(buf_text(&phrase), "\r") == NULL);
	buf_free(&phrase);
	free(name);
	return 0;
}
