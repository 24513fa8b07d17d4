/* A file of the queue, whatever is in it: the first line, the envelope and the records.  What is read and put again is the same. */
#include "fuzz.h"

#include "base/crc.h"
#include "queue/record.h"

static void check_line(const uint8_t *data, size_t size)
{
	char line[ENTRY_LINE], again[ENTRY_LINE + 1];
	struct entry_line l;

	if (size < ENTRY_LINE)
		return;
	memcpy(line, data, ENTRY_LINE);
	if (!entry_parse_line(line, &l))
		return;
	entry_put_line(&l, again);
	MUST(memcmp(again, line, ENTRY_LINE) == 0);
}

static void check_words(const struct entry *x)
{
	MUST(x->account != NULL && x->v.sender != NULL && x->v.n > 0);
	MUST(strpbrk(x->v.sender, "\r\n") == NULL && (x->v.envid == NULL || strpbrk(x->v.envid, "\r\n") == NULL));
	for (size_t i = 0; i < x->v.n; i++) {
		const struct rcpt *r = &x->v.rcpts[i];

		MUST(r->state == RCPT_OPEN && r->address[0] != '\0' && strpbrk(r->address, "\r\n") == NULL);
		MUST(r->orcpt == NULL || strpbrk(r->orcpt, "\r\n") == NULL);
	}
	for (size_t i = 0; i < x->settings.n; i++)
		MUST(strchr(x->settings.items[i], '=') != NULL);
}

/* Reads what was put, and puts it again: both texts are the same. */
static void check_again(const struct entry *x)
{
	struct buf first = buf_max(ST_SPOOL, 64 * 1024 * 1024, "a test"), second = buf_max(ST_SPOOL, 64 * 1024 * 1024, "a test");
	struct entry again = { .created = 0 };
	struct err e;

	MUST(entry_put_envelope(&first, x, &e));
	MUST(entry_parse_envelope(&again, first.bytes, first.len, &e));
	check_words(&again);
	MUST(again.v.n == x->v.n && again.settings.n == x->settings.n && again.created == x->created && again.v.ret == x->v.ret
	     && again.report == x->report && strcmp(again.account, x->account) == 0 && strcmp(again.v.sender, x->v.sender) == 0);
	MUST(entry_put_envelope(&second, &again, &e));
	MUST(first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0);
	entry_free(&again);
	buf_free(&first);
	buf_free(&second);
}

static void check_record(const struct entry *x, const char *how)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a test");
	struct entry copy = *x; /* only its numbers are changed */
	struct err e;
	size_t whole;

	MUST(record_put_try(&text, NULL, 1, 2, how, &e) && record_put_hold(&text, 3, &e));
	MUST(record_apply(&copy, text.bytes, text.len, &whole, &e) && whole == text.len);
	MUST(copy.tries == x->tries + 1 && copy.due == 2 && copy.held && copy.lost == x->lost);
	buf_free(&text);
}

/* With right checksums, so that the fuzzer gets behind them. */
static void apply(struct entry *x, const char *text, size_t len)
{
	struct buf records = buf_max(ST_SPOOL, 64 * 1024 * 1024, "a test");
	struct err e;
	size_t whole;

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - text);

		MUST(buf_printf(&records, &e, "%08x ", crc_add(0, text, n)) && buf_add(&records, text, n, &e) && buf_char(&records, '\n', &e));
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
	MUST(record_apply(x, buf_text(&records), records.len, &whole, &e) && whole <= records.len);
	MUST(entry_open(x) <= x->v.n && x->lost <= x->v.n && strlen(x->last) < sizeof x->last);
	buf_free(&records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char sep[] = "\n\n";
	char *text = fuzz_string(data, size);
	const char *end = strstr(text, sep);
	size_t len = end == NULL ? size : (size_t)(end - text) + 2, whole;
	struct entry x = { .created = 0 };
	struct err e;

	check_line(data, size);
	if (entry_parse_envelope(&x, text, len, &e)) {
		check_words(&x);
		check_again(&x);
		MUST(record_apply(&x, text + len, size - len, &whole, &e) && whole <= size - len);
		apply(&x, text + len, size - len);
		check_record(&x, text);
	} else {
		MUST(e.stage == ST_SPOOL || e.stage == ST_INTERNAL);
	}
	entry_free(&x);
	free(text);
	return 0;
}
