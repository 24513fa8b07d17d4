/* A header: its fields cover it without gaps, and no byte behind its end is read.  Mending it changes nothing but white space, CR
 * and NUL, adds no field and no empty line, and has nothing to do the second time. */
#include "fuzz.h"

#include <stdio.h>

#include "mail/header.h"
#include "mail/mend.h"
#include "mail/survey.h"
#include "mail/words.h"

static void look(const struct field *f)
{
	char to[40];

	(void)header_is(f, "bcc");
	(void)header_token(f->body, f->body_len, to, sizeof to);
	(void)header_parameter(f->body, f->body_len, "charset", to, sizeof to);
}

/* ---- mending ------------------------------------------------------------------------------------- */

static bool is_white(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void same_text(const char *a, size_t n, const char *b, size_t len)
{
	size_t i = 0, j = 0;

	for (;; i++, j++) {
		while (i < n && is_white(a[i]))
			i++;
		while (j < len && is_white(b[j]))
			j++;
		if (i == n || j == len)
			break;
		MUST(a[i] == b[j]);
	}
	MUST(i == n && j == len);
}

static size_t count_fields(const char *head, size_t len, size_t *end)
{
	struct field f;
	size_t n = 0;

	for (*end = 0; header_next(head, len, end, &f); n++)
		;
	return n;
}

static void mend(const char *head, size_t len)
{
	struct buf out = buf_max(ST_INPUT, 1 << 22, "a header"), again = out;
	struct facts before = { 0 }, after = { 0 };
	size_t end, mended;
	struct err e;

	(void)count_fields(head, len, &end);
	MUST(mend_header(&out, head, end, &e) && mend_header(&again, buf_text(&out), out.len, &e));
	same_text(head, end, buf_text(&out), out.len);
	MUST(count_fields(head, end, &end) == count_fields(buf_text(&out), out.len, &mended) && mended == out.len);
	MUST(again.len == out.len && memcmp(buf_text(&again), buf_text(&out), out.len) == 0);
	survey_feed(&before, head, end);
	survey_feed(&after, buf_text(&out), out.len);
	survey_end(&before);
	survey_end(&after);
	MUST(!after.nul && !after.bare_cr && (facts_unfit(&before) || out.len == end));
	buf_free(&out);
	buf_free(&again);
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
	mend(head, size);
	if (words_phrase(&phrase, name, size % 70, &e))
		MUST(strpbrk(buf_text(&phrase), "\r") == NULL);
	buf_free(&phrase);
	free(name);
	return 0;
}
