/* Lines as replies: for any input the codes are valid, the text is terminated, and no secret is in it. */
#include "fuzz.h"

#include "smtp/reply.h"

static void show(struct reply *r)
{
	struct redact hidden;
	struct err e;

	redact_begin(&hidden);
	MUST(redact_secret(&hidden, "hunter22", &e) && redact_base64(&hidden, "AHVzZXIAaHVudGVyMjI=", &e));
	reply_redact(r, &hidden);
	MUST(r->last <= r->len && r->len == strlen(r->text));
	MUST(strstr(r->text, "hunter22") == NULL && strstr(r->text, "aHVudGVyMjI") == NULL);
	reply_end(r);
	MUST(r->len == strlen(r->text) && strstr(r->text, "hunter22") == NULL);
	MUST(r->esc.class == 0 || r->esc.class == r->code / 100);
	redact_end(&hidden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply r;
	char *text = fuzz_string(data, size), *line = text, quote[100];
	struct err e;

	reply_begin(&r, ST_EHLO);
	while (line < text + size) {
		size_t n = strcspn(line, "\n");
		enum reply_more more;

		line[n] = '\0';
		more = reply_add(&r, line, n, &e);
		MUST(more == REPLY_BAD || (r.code >= 200 && r.code < 600));
		MUST(r.wire_len == strlen(r.wire) && r.wire_len < sizeof r.wire);
		if (more != REPLY_CONTINUES)
			show(&r);
		reply_quote(r.code, r.esc, r.text, quote, sizeof quote);
		if (more != REPLY_CONTINUES)
			reply_begin(&r, ST_EHLO);
		line += n + 1;
	}
	free(text);
	return 0;
}
