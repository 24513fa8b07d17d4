/* mail/header, encode, survey, filter, xtext, idn, base/datetime, base/child, smtp/scram, modes/probe: pure functions from bytes to bytes. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/child.h"
#include "base/datetime.h"
#include "mime/encode.h"
#include "mail/filter.h"
#include "mail/header.h"
#include "mail/idn.h"
#include "mail/mend.h"
#include "mail/message.h"
#include "mail/survey.h"
#include "mail/xtext.h"
#include "smtp/scram.h"
#include "modes/probe.h"

static void test_date(void)
{
	static const struct {
		const char *zone, *date;
	} rows[] = {
		{ "UTC0", "Thu, 1 Jan 1970 00:00:00 +0000" },
		{ "XXX-5:30", "Thu, 1 Jan 1970 05:30:00 +0530" },
		{ "XXX3:30", "Wed, 31 Dec 1969 20:30:00 -0330" },
		{ "XXX0:30", "Wed, 31 Dec 1969 23:30:00 -0030" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = buf_max(ST_INPUT, 100, "a date");
		struct err e;

		setenv("TZ", rows[i].zone, 1);
		tzset();
		ok(header_date(&b, 0, &e), "the epoch in %s", rows[i].zone);
		same(buf_text(&b), rows[i].date, "  as a date");
		buf_free(&b);
	}
}

static void test_fields(void)
{
	static const char head[] = "From: a\nBCC : b,\n c\r\nX:\nnot a field\n";
	struct field f;
	size_t at = 0;

	ok(header_next(head, sizeof head - 1, &at, &f) && header_is(&f, "from") && f.raw_len == 8, "a field");
	ok(header_next(head, sizeof head - 1, &at, &f) && header_is(&f, "Bcc") && f.body_len == 8,
	   "a folded field with a blank before the colon");
	ok(header_next(head, sizeof head - 1, &at, &f) && f.name_len == 1, "an empty field");
	ok(!header_next(head, sizeof head - 1, &at, &f), "a line that is not a field ends the header");
	ok(header_starts_field("a:", 2) && !header_starts_field(":", 1) && !header_starts_field("a b:", 4)
	   && !header_starts_field("", 0) && !header_starts_field("\303\266:", 3), "the beginnings of fields");
}

/* ---- mend ---------------------------------------------------------------------------------------- */

static bool repeat(struct buf *b, const char *what, size_t n)
{
	struct err e;

	for (size_t i = 0; i < n; i++)
		if (!buf_str(b, what, &e))
			return false;
	return true;
}

/* A header of `before`, n times `middle`, and `after`.  `folded`: what stands around the first fold ('|'); NULL: it stays. */
static const struct {
	const char *what, *before, *middle;
	size_t      n;
	const char *after, *folded;
} folds[] = {
	{ "998 octets", "S: a ", "x", 993, "\r\n", NULL },
	{ "a blank", "S: a ", "x", 994, "\r\n", "S: a| xx" },
	{ "the last blank", "S: a b", "\tx", 700, "\r\n", "x|\tx" },
	{ "a blank in quotes", "S: \"a b", "x", 993, "\"\r\n", "a| bx" },
	{ "several folds", "To: ", "a@b,", 1000, "c\r\n", "a@b,| a@b" },
	{ "blanks before commas", "To: a ", "b,", 600, "c\r\n", "a| b," },
	{ "no comma in quotes, comments or <>", "To: \"a,a\\\"\",(a,(b,\\)),)<@c,", "d", 958, ",@e:f@g>,\"h,i\"j\r\n", ">,| \"h" },
	{ "commas of several lines", "To: \"a,\r\n b,", "c", 993, "\",d\r\n", "\",| d" },
	{ "a comma in a comment alone", "To:(", "a,", 600, ")b\r\n", "a,| a" },
	{ "JSON", "X-SMTPAPI: {\"a\":[", "\"b,(\",", 300, "1]}\r\n", "\"b,(\",| \"b" },
	{ "parameters", "Content-Type: a/b;", "c=\"d;e\";", 150, "f=g\r\n", "\";| c=" },
	{ "a text for people", "Subject: ", "a,", 495, "b\r\n", "Subject:| a,a," },
	{ "a URL of a list", "List-Unsubscribe: <https://a/", "b", 1000, ">\r\n", "b| b" },
	{ "URLs of a list", "List-Post: <mailto:a,b>,<https://a/", "b", 1000, ">\r\n", ">,| <h" },
	{ "a URL in another field", "X-Unsubscribe: <", "b", 985, ">\r\n", ":| <b" },
	{ "a word behind the colon", "Subject:", "b", 991, "\r\n", ":| b" },
	{ "a name with a blank", "Subject : ", "b", 990, "\r\n", ":| b" },
	{ "blanks at the end", "S: a", " ", 1000, "\r\n", "" },
	{ "a line of blanks", "S: a\r\n", " ", 1000, "\r\n", "" },
};

/* Without folds, without blanks behind separators. */
static void strip(struct buf *to, const struct buf *from)
{
	struct err e;

	for (size_t i = 0; i < from->len; i++)
		if (strchr(" \t\r\n", from->bytes[i]) == NULL && !buf_char(to, from->bytes[i], &e))
			return;
}

static bool has_fold(const struct buf *out, const char *folded)
{
	char want[100];

	if (folded[0] == '\0')
		return true;
	snprintf(want, sizeof want, "%.*s\r\n%s", (int)strcspn(folded, "|"), folded, folded + strcspn(folded, "|") + 1);
	return strstr(out->bytes, want) != NULL;
}

static void test_fold(size_t row)
{
	struct buf in = buf_max(ST_INPUT, 10000, "a header"), out = in, said = in, heard = in, again = in;
	struct facts f = { 0 };
	struct err e;
	bool made = buf_str(&in, folds[row].before, &e) && repeat(&in, folds[row].middle, folds[row].n)
		 && buf_str(&in, folds[row].after, &e) && mend_header(&out, in.bytes, in.len, &e)
		 && mend_header(&again, out.bytes, out.len, &e);

	survey_feed(&f, buf_text(&out), out.len);
	survey_end(&f);
	strip(&said, &in);
	strip(&heard, &out);
	ok(made && !facts_unfit(&f) && strstr(out.bytes, "\r\n\r\n") == NULL, "%s: a line that can be sent", folds[row].what);
	if (!ok(folds[row].folded == NULL ? strcmp(in.bytes, out.bytes) == 0 : has_fold(&out, folds[row].folded), "  folded there"))
		printf("# %s", out.bytes);
	ok(strcmp(said.bytes, heard.bytes) == 0 && strcmp(out.bytes, again.bytes) == 0, "  and nothing else has changed");
	buf_free(&in);
	buf_free(&out);
	buf_free(&said);
	buf_free(&heard);
	buf_free(&again);
}

/* What cannot be folded stays as it is: a word that is too long, a comma in quotes alone. */
static void test_unfoldable(const char *before, const char *middle, size_t n)
{
	struct buf in = buf_max(ST_INPUT, 10000, "a header"), out = in;
	struct err e;

	ok(buf_str(&in, before, &e) && repeat(&in, middle, n) && mend_header(&out, in.bytes, in.len, &e)
	   && strlen(out.bytes) - (size_t)(strrchr(out.bytes, '\n') - out.bytes) > 998, "%s cannot be folded", before);
	buf_free(&in);
	buf_free(&out);
}

static void test_octets(void)
{
	static const char in[] = "A: b\rc\0d\r\r\nE: f\r\n \r\0\rg\nh: i\r", want[] = "A: b c d \r\nE: f\r\n    g\nh: i\r";
	struct buf out = buf_max(ST_INPUT, 100, "a header");
	struct err e;

	ok(mend_header(&out, in, sizeof in - 1, &e), "CR and NUL");
	same(out.bytes, want, "  become blanks");
	buf_free(&out);
}

/* ---- line ends of a message ---------------------------------------------------------------------- */

static const struct {
	const char *in, *head, *body;
} messages[] = {
	{ "A: b\r\r\n\r\r\nc\r\r\n", "A: b\r\n", "c\r\n" },
	{ "A: b\r\r\n c\r\r\n\r\r\n\r\r\n\r\n\rd\r\r\r\r\ne\r\rf\r\r", "A: b\r\n c\r\n", "\r\n\r\n\rd\r\r\r\ne\r\rf\r\r" },
	{ "From x\nA: b\r\r\n\r\r\nc\r\r\n", "A: b\r\n", "c\r\n" },
	{ "A: b\r\r\nc\r\r\n", "A: b\r\n", "c\r\n" },
	{ "A: b\r\r\n", "A: b\r\n", "" },
	{ "A: b\r\r\nC: d\r\n\r\r\ne\r\r\n", "A: b\r\r\nC: d\r\n", "\r\r\ne\r\r\n" },
	{ "a b\r\r\n", "", "a b\r\r\n" },
	{ "A: b\rC: d\r\re\r\rf\r", "A: b\nC: d\n", "e\n\nf\n" },
	{ "A: b\rC: d\r\re\r\rf\r\n", "", NULL },
	{ "A: b\r", "A: b\n", "" },
	{ "a b\rc\r", "", "a b\nc\n" },
	{ "From x\rA: b\r\rc", "A: b\n", "c" },
	{ "A: b", "A: b", "" },
};

struct pieces {
	const char *p;
	size_t      left, cut;
};

static bool give(void *ctx, char *to, size_t room, size_t *n, struct err *e)
{
	struct pieces *s = ctx;

	(void)e;
	*n = s->left < s->cut ? s->left : s->cut < room ? s->cut : room;
	memcpy(to, s->p, *n);
	s->p += *n;
	s->left -= *n;
	return true;
}

static void test_line_ends(void)
{
	for (size_t i = 0; i < COUNT(messages); i++)
		for (size_t cut = 1; cut < 8; cut++) {
			struct pieces s = { messages[i].in, strlen(messages[i].in), cut };
			struct message m;
			struct err e;

			ok(message_read_from(&m, give, &s, &e), "message %zu in pieces of %zu", i, cut);
			if (messages[i].body != NULL) {
				same(buf_text(&m.head), messages[i].head, "  its head");
				same(buf_text(&m.body), messages[i].body, "  its body");
			}
			message_free(&m);
		}
}

static void test_mime(void)
{
	static const char type[] = " Text/PLAIN (x; charset=no) ; a=\"b;c\\\"d\"; CharSet = \"utf-8\"\n";
	char to[20];

	ok(header_token(type, sizeof type - 1, to, sizeof to) && strcmp(to, "text/plain") == 0, "the type");
	ok(header_parameter(type, sizeof type - 1, "charset", to, sizeof to) && strcmp(to, "utf-8") == 0, "its charset");
	ok(header_parameter(type, sizeof type - 1, "a", to, sizeof to) && strcmp(to, "b;c\"d") == 0, "a quoted parameter");
	ok(!header_parameter(type, sizeof type - 1, "boundary", to, sizeof to), "a missing parameter");
	ok(header_parameter("a/b; boundary=--=_?x/y; c=d", 27, "boundary", to, sizeof to) && strcmp(to, "--=_?x/y") == 0,
	   "a boundary that should have been quoted");
}

static const struct {
	const char *in, *out, *dots;
	uint64_t    bytes, longest;
	bool        bare_cr;
} texts[] = {
	{ "", "", "", 0, 0, false },
	{ "a", "a\r\n", "a\r\n", 3, 1, false },
	{ "a\n", "a\r\n", "a\r\n", 3, 1, false },
	{ "a\r\n", "a\r\n", "a\r\n", 3, 1, false },
	{ "\n\n", "\r\n\r\n", "\r\n\r\n", 4, 0, false },
	{ ".\n", ".\r\n", "..\r\n", 3, 1, false },
	{ "..", "..\r\n", "...\r\n", 4, 2, false },
	{ "a.\n.b", "a.\r\n.b\r\n", "a.\r\n..b\r\n", 8, 2, false },
	{ "a\r", "a\r\n", "a\r\n", 3, 1, false },
	/* a bare CR: the wire filter stops the text there */
	{ "a\rb\n", NULL, NULL, 5, 3, true },
	{ "\r.\r\n", NULL, NULL, 4, 2, true },
	{ "a\r\r\nb\n", NULL, NULL, 7, 2, true },
};

/* Converts in pieces of `cut` octets; false: the filter stopped the text. */
static bool convert(const char *in, size_t n, struct filter f, size_t cut, char *out)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i += cut)
		made += filter_feed(&f, in + i, n - i < cut ? n - i : cut, out + made);
	made += filter_end(&f, out + made);
	out[made] = '\0';
	return f.broken == NULL;
}

static void converts(size_t row, bool dots, size_t cut, const char *want)
{
	struct filter f = { .dots = dots, .bytes = texts[row].bytes };
	char out[100];
	bool whole = convert(texts[row].in, strlen(texts[row].in), f, cut, out);

	if (want == NULL)
		ok(!whole, "row %zu is stopped", row);
	else
		same(out, want, dots ? "lines with dots" : "lines without dots");
}

static const struct {
	const char *in;
	size_t      n;
	bool        eight_bit;
	uint64_t    bytes;
	const char *out; /* the most that a server gets; NULL: the text is not stopped */
} broken[] = {
	{ "a\nb\n", 4, false, 6, NULL },
	{ "a\nb\n", 4, false, 5, "a\r\nb" },
	{ "a\nb\n", 4, false, 3, "a\r\n" },
	{ "a\nb\n", 4, false, 2, "a" },
	{ "a\n\n\n", 4, false, 5, "a\r\n" },
	{ "a\nb\n", 4, false, 7, "a\r\nb" },
	{ "a\nb", 3, false, 7, "a\r\nb" },
	{ "", 0, false, 1, "" },
	{ "a\0b\n", 4, true, 5, "a" },
	{ "a\351\n", 3, false, 4, "a" },
	{ "a\351\n", 3, true, 4, NULL },
};

static void test_broken(void)
{
	char line[1000], out[2100];
	struct filter f = { .bytes = 1001 };

	for (size_t i = 0; i < COUNT(broken); i++)
		for (size_t cut = 1; cut < 6; cut++) {
			struct filter row = { .eight_bit = broken[i].eight_bit, .bytes = broken[i].bytes };
			bool whole = convert(broken[i].in, broken[i].n, row, cut, out);

			ok(whole == (broken[i].out == NULL), "row %zu, %zu octets at a time", i, cut);
			ok(whole || strncmp(out, broken[i].out, strlen(out)) == 0, "  the server gets at most [%s]", out);
		}
	memset(line, 'x', sizeof line);
	ok(!convert(line, 999, f, 100, out), "a line of 999 octets is stopped");
	f.bytes = 1000;
	ok(convert(line, 998, f, 100, out), "a line of 998 octets is not stopped");
}

static void test_lines(void)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t cut = 1; cut < 4; cut++) {
			struct facts f = { 0 };
			size_t n = strlen(texts[i].in);

			converts(i, false, cut, texts[i].out);
			converts(i, true, cut, texts[i].dots);
			for (size_t at = 0; at < n; at += cut)
				survey_feed(&f, texts[i].in + at, n - at < cut ? n - at : cut);
			survey_end(&f);
			ok(f.bytes == texts[i].bytes && f.longest == texts[i].longest && f.bare_cr == texts[i].bare_cr,
			   "facts of row %zu: %llu bytes, %llu longest", i, (unsigned long long)f.bytes,
			   (unsigned long long)f.longest);
		}
}

static void test_facts(void)
{
	struct facts f = { 0 };

	survey_feed(&f, "0123456789abcdef\303\266\0x", 20);
	ok(f.eight_bit && f.nul, "8-bit text and NUL are noticed");
}

static const struct {
	const char *in, *out;
} quoted[] = {
	{ "plain\n", "plain\r\n" },    { "a=b", "a=3Db\r\n" },
	{ "x \n", "x=20\r\n" },	       { "x\t\r\n", "x=09\r\n" },
	{ "a b\n", "a b\r\n" },	       { ".\n", "=2E\r\n" },
	{ "From me\n", "=46rom me\r\n" }, { "\303\266", "=C3=B6\r\n" },
	{ "a\rb", "a=0Db\r\n" },       { "", "" },
	{ "\n", "\r\n" },	       { "a\r\r\n", "a=0D\r\n" },
	{ "x \r\n", "x=20\r\n" },    { "x \ry", "x =0Dy\r\n" },
};

static void test_quoted_printable(void)
{
	char out[1000];

	for (size_t i = 0; i < COUNT(quoted); i++) {
		struct qp q = { 0 };
		size_t n = qp_feed(&q, quoted[i].in, strlen(quoted[i].in), out);

		n += qp_end(&q, out + n);
		out[n] = '\0';
		same(out, quoted[i].out, "quoted-printable");
	}
}

/* The text after a soft line break must not look like the delimiter of a MIME part. */
static void test_soft_break(void)
{
	char in[100], out[200];
	struct qp q = { 0 };
	size_t n;

	memset(in, 'a', 75);
	memcpy(in + 75, "--b\n", 4);
	n = qp_feed(&q, in, 79, out);
	out[n] = '\0';
	ok(strstr(out, "=\r\n-=2Db\r\n") != NULL, "the second dash behind a soft line break is encoded");
}

/* Lines have 76 characters, however the input was cut. */
static void test_base64_lines(void)
{
	char in[115], out[1000];
	struct b64 b = { 0 };
	size_t n = 0;

	memset(in, 0, sizeof in);
	for (size_t i = 0; i < sizeof in; i += 5)
		n += b64_feed(&b, in + i, 5, out + n);
	n += b64_end(&b, out + n);
	ok(n == 78 + 78 + 6 && memcmp(out + 76, "\r\n", 2) == 0 && memcmp(out + 154, "\r\nAA==\r\n", 8) == 0,
	   "base64 has lines of 76 characters");
	ok(b64_end(&b, out) == 0, "base64 ends once");
}

static void test_base64(void)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" },
	};
	static const char *const bad[] = { "Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zm 9", "====", "Zg==Zg==", "Zm9v\n" };

	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct buf b = buf_max(ST_INPUT, 100, "text"), back = buf_max(ST_INPUT, 100, "text");
		struct err e;

		ok(base64_encode(&b, pairs[i][0], strlen(pairs[i][0]), &e), "encode");
		same(buf_text(&b), pairs[i][1], "  to base64");
		ok(base64_decode(&back, buf_text(&b), b.len), "decode");
		same(buf_text(&back), pairs[i][0], "  from base64");
		buf_free(&b);
		buf_free(&back);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = buf_max(ST_INPUT, 100, "text");

		ok(!base64_decode(&b, bad[i], strlen(bad[i])), "not base64: %s", bad[i]);
		buf_free(&b);
	}
}

/* What stands at each place of the alphabet has that value, and nothing else has one. */
static void test_base64_alphabet(void)
{
	unsigned char three[3];
	char four[4] = "AAA";
	int known = 0;

	for (int c = 0; c < 256; c++) {
		four[3] = (char)c;
		if (!base64_bytes(four, three))
			continue;
		known++;
		base64_group(three, 3, four);
		ok((unsigned char)four[3] == c && three[2] < 64, "character %d has the value %d", c, three[2]);
	}
	ok(known == 64, "64 characters have a value");
}

static void test_xtext(void)
{
	struct buf b = buf_max(ST_INPUT, 1000, "text");
	struct err e;

	ok(xtext_encode(&b, "a+b=c d\303\266", &e), "xtext");
	same(buf_text(&b), "a+2Bb+3Dc+20d+C3+B6", "  encoded");
	buf_clear(&b);
	ok(xtext_encode(&b, " !~\177*,<>", &e), "xtext");
	same(buf_text(&b), "+20!~+7F*,<>", "  with the first and the last character that stay as they are");
	ok(xtext_valid("a+2B") && !xtext_valid("a+2b") && !xtext_valid("a=b") && !xtext_valid("a b") && !xtext_valid("+2")
	   && !xtext_valid(""), "valid and invalid xtext");
	buf_clear(&b);
	ok(xtext_orcpt(&b, "a+b@c", false, &e), "orcpt");
	same(buf_text(&b), "rfc822;a+2Bb@c", "  of an ASCII address");
	buf_clear(&b);
	ok(xtext_orcpt(&b, "\303\266@c", false, &e), "orcpt");
	same(buf_text(&b), "utf-8;\\x{F6}@c", "  of an address that is not ASCII");
	buf_clear(&b);
	ok(xtext_orcpt(&b, "\303\266@c", true, &e), "orcpt");
	same(buf_text(&b), "utf-8;\303\266@c", "  of the same address with SMTPUTF8");
	buf_free(&b);
}

static void test_idn(void)
{
	char to[IDN_MAX], address[300];
	struct err e;

	ok(idn_to_ascii("ex\303\244mple.org", to, ST_INPUT, &e), "a U-label");
	same(to, "xn--exmple-cua.org", "  as A-label");
	ok(idn_to_ascii("Example.org", to, ST_INPUT, &e) && strcmp(to, "Example.org") == 0, "ASCII stays as it is");
	ok(!idn_to_ascii("\303\244\377", to, ST_INPUT, &e), "an invalid domain is refused");
	ok(idn_address_to_ascii("me@ex\303\244mple.org", address, sizeof address, &e), "an address");
	same(address, "me@xn--exmple-cua.org", "  with its domain as A-labels");
	ok(!idn_address_to_ascii("m\303\244@x", address, sizeof address, &e) && e.stage == ST_INPUT,
	   "a local part that is not ASCII is refused");
}

static const struct {
	const char *text;
	uint64_t    max;
	int64_t     seconds; /* -1: not a time span */
	const char *shown;
} spans[] = {
	{ "0", 9, 0, NULL },
	{ "90", 90, 90, "90" },
	{ "90", 89, -1, NULL },
	{ "90s", 90, 90, "90" },
	{ "2H", 7200, 7200, "2h" },
	{ "2h", 7199, -1, NULL },
	{ "120m", 999999, 7200, "2h" },
	{ "3d", 999999, 3 * 86400, "3d" },
	{ "18446744073709551615d", UINT64_MAX, -1, NULL },
	{ "", 9, -1, NULL },
	{ "h", 9, -1, NULL },
	{ "-1", 9, -1, NULL },
	{ "1hh", 99999, -1, NULL },
	{ "1w", 99999, -1, NULL },
	{ " 1", 9, -1, NULL },
};

static void test_spans(void)
{
	for (size_t i = 0; i < COUNT(spans); i++) {
		struct buf b = buf_max(ST_INPUT, 100, "a span");
		uint64_t n = 0;
		struct err e;
		bool read = datetime_span(spans[i].text, strlen(spans[i].text), spans[i].max, &n);

		ok(read == (spans[i].seconds >= 0) && (!read || n == (uint64_t)spans[i].seconds), "span: %s", spans[i].text);
		if (read && spans[i].shown != NULL && ok(datetime_put_span(&b, n, &e), "  shown"))
			same(buf_text(&b), spans[i].shown, "  as it should be");
		buf_free(&b);
	}
}

static const struct {
	const char *text, *utc; /* NULL: not a date */
} dates[] = {
	{ "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z" },
	{ "1970-01-01T00:30:00+01:00", "1969-12-31T23:30:00Z" },
	{ "2026-12-24T08:00Z", "2026-12-24T08:00:00Z" },
	{ "2026-12-24 08:00z", "2026-12-24T08:00:00Z" },
	{ "2026-12-24t08:00:59.123Z", "2026-12-24T08:00:59Z" },
	{ "2026-12-31T23:30:00-00:45", "2027-01-01T00:15:00Z" },
	{ "2028-02-29T00:00:00+14:00", "2028-02-28T10:00:00Z" },
	{ "2100-03-01T00:00:00+00:01", "2100-02-28T23:59:00Z" },
	{ "2000-03-01T00:00:00+00:01", "2000-02-29T23:59:00Z" },
	{ "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z" },
	{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },
	{ "1969-12-31T23:59:59Z", NULL },
	{ "2026-02-29T00:00:00Z", NULL },
	{ "2026-13-01T00:00:00Z", NULL },
	{ "2026-00-01T00:00:00Z", NULL },
	{ "2026-12-00T00:00:00Z", NULL },
	{ "2026-12-32T00:00:00Z", NULL },
	{ "2026-12-24T24:00:00Z", NULL },
	{ "2026-12-24T08:60:00Z", NULL },
	{ "2026-12-24T08:00:61Z", NULL },
	{ "2026-12-24T08:00:00", NULL },
	{ "2026-12-24T08:00:00.Z", NULL },
	{ "2026-12-24T08:00.5Z", NULL },
	{ "2026-12-24T08:00:00+0100", NULL },
	{ "2026-12-24T08:00:00+24:00", NULL },
	{ "2026-12-24T08:00:00Zx", NULL },
	{ "2026-12-24", NULL },
	{ "26-12-24T08:00:00Z", NULL },
	{ "", NULL },
};

static void test_dates(void)
{
	int64_t christmas = 0;

	for (size_t i = 0; i < COUNT(dates); i++) {
		char shown[DATETIME_ROOM] = "";
		int64_t at;
		bool read = datetime_parse(dates[i].text, strlen(dates[i].text), &at);

		if (ok(read == (dates[i].utc != NULL), "date: %s", dates[i].text) && read) {
			datetime_show(at, shown);
			same(shown, dates[i].utc, "  in UTC");
		}
	}
	ok(datetime_parse("2026-12-24T08:00:00Z", 20, &christmas) && christmas == 1798099200, "a date is the usual number of seconds");
	for (int64_t at = 0, again; at < INT64_C(253402300800); at += 86400 * 50 + 3677) {
		char shown[DATETIME_ROOM];

		datetime_show(at, shown);
		if (!datetime_parse(shown, strlen(shown), &again) || again != at) {
			ok(false, "a date that is shown is read as another: %s", shown);
			return;
		}
	}
	ok(true, "each date that is shown is read as the same");
}

/* ---- smtp/scram ---- */

#define NONCE "fyko+d2lbbFgONRv9qkxdawL"
#define FIRST "r=" NONCE "3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
#define FINAL "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="

/* The example of RFC 5802 5, and messages of the server that are not good enough. */
static const struct {
	const char *first, *final; /* final NULL: the first is refused */
	bool        good;
} scrams[] = {
	{ FIRST, FINAL, true },
	{ FIRST ",ext=1", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", false },
	{ FIRST, FINAL ",ext=1", true },
	{ FIRST, "v=rmF9pqV8S7suAoZWja4dJRkFsKR=", false },
	{ FIRST, "v=smF9pqV8S7suAoZWja4dJRkFsKQ=", false },
	{ FIRST, "v=rmF9pqV8S7suAoZWja4dJRkFsA==", false },
	{ FIRST, "v=", false },
	{ FIRST, "", false },
	{ FIRST, "e=invalid-proof", false },
	{ "", NULL, false },
	{ "m=ext," FIRST, NULL, false },
	{ "r=" NONCE ",s=QSXCR+Q6sek8bf92,i=4096", NULL, false },
	{ "r=gyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", NULL, false },
	{ "r=" NONCE "x,s=,i=4096", NULL, false },
	{ "r=" NONCE "x,s=QSXCR+Q6sek8bf9,i=4096", NULL, false },
	{ "r=" NONCE "x,i=4096,s=QSXCR+Q6sek8bf92", NULL, false },
	{ "r=" NONCE "x,s=QSXCR+Q6sek8bf92", NULL, false },
	{ "r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4095", NULL, false },
	{ "r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=1000001", NULL, false },
	{ "r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4096x", NULL, false },
};

static bool scram_says(struct scram *s, const char *message, struct buf *answer)
{
	struct err e;

	buf_clear(answer);
	return scram_step(s, "the server", message, strlen(message), answer, &e) && buf_str(answer, "", &e);
}

static void begin_scram(struct scram *s, struct buf *answer)
{
	for (size_t i = 0; i < SCRAM_NONCE_BYTES / 3; i++)
		ok(base64_bytes(&NONCE[4 * i], &s->random[3 * i]), "a part of the nonce");
	ok(scram_says(s, "", answer), "the first message");
}

static void test_scram(size_t i)
{
	struct scram s = { .hash = CRYPTO_SHA1, .user = "user", .password = "pencil" };
	struct buf answer = buf_max(ST_AUTH, 1000, "the answer");

	begin_scram(&s, &answer);
	same(buf_text(&answer), "n,,n=user,r=" NONCE, "  as in RFC 5802 5");
	ok(scram_says(&s, scrams[i].first, &answer) == (scrams[i].final != NULL), "the server says: %s", scrams[i].first);
	if (i == 0)
		same(buf_text(&answer), "c=biws,r=" NONCE "3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "  the proof");
	if (scrams[i].final != NULL)
		ok(scram_says(&s, scrams[i].final, &answer) == scrams[i].good, "  and: %s", scrams[i].final);
	ok(scram_done(&s) == scrams[i].good, "  proved: %d", scrams[i].good);
	ok(!scram_says(&s, FINAL, &answer), "  and nothing follows");
	buf_free(&answer);
	scram_wipe(&s);
}

static void test_scram_header(void)
{
	static const unsigned char channel[] = { 1, 2, 3 };
	struct scram s = { .hash = CRYPTO_SHA256, .user = "a,b=c", .password = "x", .authzid = "d,e", .binding = SCRAM_BOUND,
			   .channel_name = "tls-unique", .channel = channel, .channel_len = sizeof channel };
	struct scram y = { .hash = CRYPTO_SHA256, .user = "a", .password = "x", .binding = SCRAM_SERVER_CANNOT };
	struct buf answer = buf_max(ST_AUTH, 1000, "the answer");

	begin_scram(&s, &answer);
	same(buf_text(&answer), "p=tls-unique,a=d=2Ce,n=a=2Cb=3Dc,r=" NONCE, "commas and equals signs are written in another way");
	ok(scram_says(&s, FIRST, &answer), "and the proof");
	ok(str_starts(buf_text(&answer), "c=cD10bHMtdW5pcXVlLGE9ZD0yQ2UsAQID,r="), "  names the channel");
	begin_scram(&y, &answer);
	same(buf_text(&answer), "y,,n=a,r=" NONCE, "the server cannot bind");
	ok(scram_says(&y, FIRST, &answer) && str_starts(buf_text(&answer), "c=eSws,r="), "  and the proof repeats that");
	buf_free(&answer);
	scram_wipe(&s);
	scram_wipe(&y);
}

/* ---- the ports that --check looks at: modes/probe ---- */

static void test_ports(void)
{
	ok(probe_port(587, 0) == 465 && probe_port(587, 1) == 25 && probe_port(587, 2) == 0, "587: 465, then 25");
	ok(probe_port(465, 0) == 587 && probe_port(465, 1) == 25 && probe_port(465, 2) == 0, "465: 587, then 25");
	ok(probe_port(25, 0) == 465 && probe_port(25, 1) == 587 && probe_port(25, 2) == 0, "25: 465, then 587");
	ok(probe_port(588, 0) == 465 && probe_port(588, 1) == 587 && probe_port(588, 2) == 25 && probe_port(588, 3) == 0,
	   "an unusual port: all three");
}

/* unsetenv(3) does not remove a word without `=`, and a loop that waited for that would not end. */
static void test_settings(void)
{
	char host[] = "POSTERN_HOST=a", word[] = "POSTERN_HOST", home[] = "HOME=/", user[] = "POSTERN_USER=b";
	char *words[] = { host, word, home, user, NULL }, **saved = environ;

	environ = words;
	child_forget_settings();
	ok(words[0] == word && words[1] == home && words[2] == NULL, "only POSTERN_ variables go, and a word that is none stays");
	environ = saved;
}

int main(void)
{
	test_settings();
	test_date();
	test_fields();
	for (size_t i = 0; i < COUNT(folds); i++)
		test_fold(i);
	test_unfoldable("X-Token: ", "0", 1200);
	test_unfoldable("X: \"", ",", 1200);
	test_unfoldable("Subject:", "a,", 600);
	test_octets();
	test_line_ends();
	test_mime();
	test_lines();
	test_broken();
	test_facts();
	test_quoted_printable();
	test_soft_break();
	test_base64_lines();
	test_base64();
	test_base64_alphabet();
	test_xtext();
	test_idn();
	test_spans();
	test_dates();
	for (size_t i = 0; i < COUNT(scrams); i++)
		test_scram(i);
	test_scram_header();
	test_ports();
	return done();
}
