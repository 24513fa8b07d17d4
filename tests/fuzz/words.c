/* A header in ASCII: the same fields in the same order, the same text for a reader, the same addresses, and no character that is
 * not ASCII unless a field is named as stuck.  The first byte of the input says whether UTF-8 may stay. */
#include "fuzz.h"

#include <stdio.h>

#include "../unit/decoded.h"
#include "mail/ascii.h"
#include "mail/fields.h"
#include "mail/mend.h"

enum { MAX = 1 << 18 };

static struct buf room(void)
{
	return buf_max(ST_INPUT, ASCII_MAX, "a header");
}

/* ---- texts ---------------------------------------------------------------------------------------- */

/* As a reader shows it; controls are shown alike, since those in encoded words are question marks. */
static void show(struct buf *to, const struct field *f)
{
	size_t n = 0;

	(void)!decode(to, f->body, f->body_len, false);
	while (n < to->len && str_isblank(to->bytes[n]))
		n++;
	for (size_t i = 0; i + n < to->len; i++)
		to->bytes[i] = str_iscontrol(to->bytes[i + n]) ? (to->bytes[i + n] == '\t' ? ' ' : '?') : to->bytes[i + n];
	to->len -= n;
}

static void same_text(const struct field *in, const struct field *out)
{
	struct buf before = room(), after = room();

	show(&before, in);
	show(&after, out);
	MUST(before.len == after.len && (after.len == 0 || memcmp(before.bytes, after.bytes, after.len) == 0));
	buf_free(&before);
	buf_free(&after);
}

/* Is it a text in which a reader decodes nothing, without U+0080 to U+009F, which do not come back, and surely no JSON? */
static bool is_simple(const struct field *f)
{
	bool simple = str_is_utf8(f->body, f->body_len);

	for (size_t i = 0; i + 1 < f->body_len; i++)
		simple = simple && memcmp(f->body + i, "=?", 2) != 0 && f->body[i] != '{'
		      && !(f->body[i] == '\302' && (unsigned char)f->body[i + 1] < 0xa0);
	return simple;
}

/* ---- addresses ------------------------------------------------------------------------------------ */

struct listing {
	char   addr[64][ADDRESS_MAX]; /* of each address that is ASCII */
	bool   named[64];
	size_t n;
};

static bool list_one(void *ctx, const struct mailbox *m, struct err *e)
{
	struct listing *l = ctx;
	size_t i = l->n++ % 64;

	(void)e;
	l->named[i] = m->name_len > 0;
	snprintf(l->addr[i], sizeof l->addr[i], "%s", address_is_ascii(m->addr) ? m->addr : "");
	return true;
}

static void same_addresses(const struct field *in, const struct field *out)
{
	static struct listing before, after;
	struct err e;

	memset(&before, 0, sizeof before);
	memset(&after, 0, sizeof after);
	if (!mailbox_list(in->body, in->body_len, true, list_one, &before, &e))
		return;
	MUST(mailbox_list(out->body, out->body_len, true, list_one, &after, &e) && before.n == after.n);
	for (size_t i = 0; i < before.n && i < 64; i++)
		MUST(before.named[i] == after.named[i]
		     && (before.addr[i][0] == '\0' || strcmp(before.addr[i], after.addr[i]) == 0));
}

/* ---- what must hold ------------------------------------------------------------------------------- */

static size_t longest(const struct field *f)
{
	return decoded_longest(f->raw, f->raw_len);
}

static void check_field(const struct field *in, const struct field *out, bool utf8)
{
	bool kept = in->raw_len == out->raw_len && memcmp(in->raw, out->raw, in->raw_len) == 0;

	MUST(in->name_len == out->name_len && memcmp(in->name, out->name, in->name_len) == 0);
	if ((utf8 ? str_is_utf8(in->raw, in->raw_len) : !str_has_8bit(in->raw, in->raw_len)) && longest(in) <= 998)
		MUST(kept);
	if (kept)
		return;
	MUST(memchr(out->body, '\0', out->body_len) == NULL || memchr(in->body, '\0', in->body_len) != NULL);
	if (field_is(fields_kind(in), FIELD_ADDRESSES))
		same_addresses(in, out);
	if (header_is(in, "Subject") && is_simple(in))
		same_text(in, out);
}

static void check(const struct ascii *a, const char *in, size_t n, const struct buf *out)
{
	struct field before, after;
	size_t at = 0, to = 0;

	while (header_next(in, n, &at, &before)) {
		MUST(header_next(buf_text(out), out->len, &to, &after));
		check_field(&before, &after, a->utf8);
	}
	MUST(out->len - to == n - at && (n == at || memcmp(out->bytes + to, in + at, n - at) == 0));
	MUST(a->stuck[0] != '\0' || (a->utf8 ? str_is_utf8(buf_text(out), to) : !str_has_8bit(buf_text(out), to)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ascii a = { .utf8 = size > 0 && (data[0] & 1) != 0 }, twice = { .utf8 = a.utf8 };
	const char *in = (const char *)data + (size > 0);
	size_t n = size > 0 ? size - 1 : 0;
	struct buf mended = room(), out = room(), again = room();
	struct err e;

	if (n > MAX)
		return 0;
	MUST(mend_header(&mended, in, n, &e) && ascii_header(&a, &out, in, n, &e));
	check(&a, buf_text(&mended), mended.len, &out);
	MUST(ascii_header(&twice, &again, buf_text(&out), out.len, &e));
	MUST(a.stuck[0] != '\0' || twice.stuck[0] == '\0');
	buf_free(&mended);
	buf_free(&out);
	buf_free(&again);
	return 0;
}
