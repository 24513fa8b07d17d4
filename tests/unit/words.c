/* mail/words, mail/ascii: headers that are not ASCII, and a strict reader that gets the same text back. */
#include "tap.h"

#include <stdlib.h>

#include "decoded.h"
#include "mail/ascii.h"
#include "mail/words.h"

#define UML "\303\274"
#define A80 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct buf room(void)
{
	return buf_max(ST_INPUT, ASCII_MAX, "a header");
}

/* ---- the reader itself: the examples of RFC 2047 8 ------------------------------------------------ */

static const struct {
	const char *written, *shown;
} examples[] = {
	{ "(=?ISO-8859-1?Q?a?=)", "(a)" },
	{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a?=\n    =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a_b?=)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)" },
	{ "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
	  "If you can read this you understand the example." },
};

static void test_reader(void)
{
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct buf shown = room();

		ok(decode(&shown, examples[i].written, strlen(examples[i].written), true), "RFC 2047 8: %s", examples[i].written);
		same(buf_text(&shown), examples[i].shown, "  is shown as it should be");
		buf_free(&shown);
	}
}

/* ---- names ---------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *phrase; /* NULL: refused */
} phrases[] = {
	{ "Joe", "Joe" },
	{ "Joe Doe", "Joe Doe" },
	{ "Joe, Doe", "\"Joe, Doe\"" },
	{ "Joe Q. Doe", "\"Joe Q. Doe\"" },
	{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
	{ " x", "\" x\"" },
	{ "J\303\266rg", "=?utf-8?Q?J=C3=B6rg?=" },
	{ "J\303\266rg A", "=?utf-8?Q?J=C3=B6rg_A?=" },
	{ "J\366rg", "=?unknown-8bit?Q?J=F6rg?=" },
	{ "\303\204\303\226", "=?utf-8?B?w4TDlg==?=" },
	{ "=?x?Q?y z?=", "=?utf-8?B?PT94P1E/eSB6Pz0=?=" },
	{ "=?utf-8?Q?J=C3=B6rg?=", "=?utf-8?Q?J=C3=B6rg?=" },
	{ "Dr. =?utf-8?b?SsO2cmc=?= M", "\"Dr.\" =?utf-8?b?SsO2cmc=?= M" },
	{ "=?utf-8?Q?a=0Ab?=", "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3D0Ab=3F=3D?=" },
	{ "=?utf-8?b?YQpi?=", "=?utf-8?Q?=3D=3Futf-8=3Fb=3FYQpi=3F=3D?=" },
	{ "=?utf-8?Q?a,b?=", "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=2Cb=3F=3D?=" },
	{ "x=?utf-8?Q?a?=", "=?utf-8?Q?x=3D=3Futf-8=3FQ=3Fa=3F=3D?=" },
	{ "a\nb", NULL },
	{ "a\rBcc: x", NULL },
};

static void test_phrases(void)
{
	for (size_t i = 0; i < COUNT(phrases); i++) {
		struct buf b = room();
		struct err e;
		bool made = words_phrase(&b, phrases[i].name, 6, &e);

		if (phrases[i].phrase == NULL)
			ok(!made, "refused: %s", phrases[i].name);
		else if (ok(made, "phrase: %s", phrases[i].name))
			same(buf_text(&b), phrases[i].phrase, "  as it should be");
		buf_free(&b);
	}
}

/* ---- headers -------------------------------------------------------------------------------------- */

#define L1 "Content-Type: text/plain; charset=ISO-8859-1\n"

static const struct {
	const char *what, *in, *out; /* out: NULL: unchanged; "!name": unchanged, and this field is stuck */
} headers[] = {
	{ "ASCII", "Subject: a\n b\nTo: \"x\" <a@b>\nX: \001\n", NULL },
	{ "a text: only the words that need it", "Subject: one gr" UML "n two\n", "Subject: one =?utf-8?Q?gr=C3=BCn?= two\n" },
	{ "the blank between two such words", "Subject: x" UML "y  z" UML "z\n", "Subject: =?utf-8?Q?x=C3=BCy__z=C3=BCz?=\n" },
	{ "a fold between two such words", "Subject: x" UML "y\n\tz" UML "z\n", "Subject: =?utf-8?Q?x=C3=BCy_z=C3=BCz?=\n" },
	{ "no blank after the colon", "Subject:x" UML "y\r\n", "Subject: =?utf-8?Q?x=C3=BCy?=\r\n" },
	{ "a backslash before the line end", "To: \"" UML "\" xx\\\nSubject: y\n", "To: =?utf-8?B?w7w=?= xx\\\nSubject: y\n" },
	{ "no line end", "Subject: x" UML "y", "Subject: =?utf-8?Q?x=C3=BCy?=" },
	{ "encoded words that are there already", "Subject: =?utf-8?Q?a?= x" UML "y =?utf-8?Q?b?=\n",
	  "Subject: =?utf-8?Q?a?= =?utf-8?Q?_x=C3=BCy_?= =?utf-8?Q?b?=\n" },
	{ "a control character becomes a question mark", "Subject: x" UML "\001y\n", "Subject: =?utf-8?B?eMO8P3k=?=\n" },
	{ "so does one of UTF-8", "Subject: xyz\302\205a\n", "Subject: =?utf-8?Q?xyz=3Fa?=\n" },
	{ "a CR within a line and a NUL are blanks", "Subject: xx" UML "\rBcc:x\n", "Subject: =?utf-8?Q?xx=C3=BC?= Bcc:x\n" },
	{ "a word after a long one", "Subject: " A80 " x" UML "y\n", "Subject:\n " A80 "\n =?utf-8?Q?x=C3=BCy?=\n" },

	{ "Latin-1, as Content-Type says", L1 "Subject: gr\374n\n", L1 "Subject: =?iso-8859-1?Q?gr=FCn?=\n" },
	{ "UTF-8, whatever Content-Type says", L1 "Subject: gr" UML "n\n", L1 "Subject: =?utf-8?Q?gr=C3=BCn?=\n" },
	{ "octets that this charset has not", L1 "Subject: gra\200\n", L1 "Subject: =?unknown-8bit?Q?gra=80?=\n" },
	{ "an unknown charset", "Subject: gr\374n\n", "Subject: =?unknown-8bit?Q?gr=FCn?=\n" },
	{ "a charset that is no superset of ASCII", "Content-Type: text/plain; charset=utf-16\nSubject: gr\374n\n",
	  "Content-Type: text/plain; charset=utf-16\nSubject: =?unknown-8bit?Q?gr=FCn?=\n" },

	{ "the name of a mailbox", "From: Zo\303\253 <a@b>\n", "From: =?utf-8?Q?Zo=C3=AB?= <a@b>\n" },
	{ "a quoted name", "To: \"M" UML "ller, J. \\\"x\\\"\" <a@b>, \"c, d\" <e@f>\n",
	  "To: =?utf-8?Q?M=C3=BCller=2C_J=2E_=22x=22?= <a@b>, \"c, d\" <e@f>\n" },
	{ "a name that touches the bracket", "To: x" UML "y<a@b>\n", "To: =?utf-8?Q?x=C3=BCy?= <a@b>\n" },
	{ "a name of several words", "To: \"a\" x" UML "y c. <a@b>\n", "To: \"a\" =?utf-8?Q?x=C3=BCy?= c. <a@b>\n" },
	{ "words that a dot joins are an address", "To: x" UML ". c\n", "!To" },
	{ "words with a dot are a name if two stand side by side", "To: Bob J. x" UML "y\n", "To: Bob J. =?utf-8?Q?x=C3=BCy?=\n" },
	{ "a group", "To: x" UML "y: a@b, \"z" UML "z\" <c@d>;\n", "To: =?utf-8?Q?x=C3=BCy?= : a@b, =?utf-8?Q?z=C3=BCz?= <c@d>;\n" },
	{ "an empty group", "To: x" UML "y:;\n", "To: =?utf-8?Q?x=C3=BCy?= :;\n" },
	{ "a comment", "To: a@b (x" UML "y (z" UML "z\\) b))\n",
	  "To: a@b (=?utf-8?Q?x=C3=BCy?= (=?utf-8?B?esO8eik=?= b))\n" },
	{ "a comment in an address", "To: <a (x" UML "y) @b>\n", "To: <a (=?utf-8?Q?x=C3=BCy?=) @b>\n" },
	{ "a domain", "To: x" UML "y <a@b" UML "cher.test>\n", "To: =?utf-8?Q?x=C3=BCy?= <a@xn--bcher-kva.test>\n" },
	{ "an address literal", "To: <a@[IPv6:::1]>, x" UML "y <c@d>\n", "To: <a@[IPv6:::1]>, =?utf-8?Q?x=C3=BCy?= <c@d>\n" },
	{ "a local part", "To: x <" UML "@b>\n", "!To" },
	{ "a local part without brackets", "Cc: c@d, x" UML "y@b\n", "!Cc" },
	{ "a local part without a domain", "To: x" UML "y\n", "!To" },
	{ "a local part in Latin-1", "To: \374@b\n", "!To" },
	{ "two words without an address", "To: x" UML "y zz\n", "To: =?utf-8?Q?x=C3=BCy?= zz\n" },
	{ "a quote that is not closed", "To: \"x" UML "y <a@b>\n", "To: =?utf-8?B?InjDvHk=?= <a@b>\n" },
	{ "such a quote, and a local part", "To: \"x y <" UML "@b>\n", "!To" },
	{ "a comment that is not closed", "To: a@b (x" UML "y c\n", "To: a@b =?utf-8?B?KHjDvHk=?= c\n" },

	{ "an identifier", "Message-ID: <" UML "@b>\n", "!Message-ID" },
	{ "References with words", "References: <a@b> x" UML "y <c@d>\n", "References: <a@b> =?utf-8?Q?x=C3=BCy?= <c@d>\n" },
	{ "References with an identifier", "References: <a@b> <" UML "@d>\n", "!References" },
	{ "Received", "Received: from x (" UML ")\n", "!Received" },
	{ "Date with a comment", "Date: Mon, 02 Mar 2026 10:00:00 +0000 (x" UML "y)\n",
	  "Date: Mon, 02 Mar 2026 10:00:00 +0000 (=?utf-8?Q?x=C3=BCy?=)\n" },
	{ "Keywords", "Keywords: x" UML "y, b\n", "Keywords: =?utf-8?Q?x=C3=BCy?= , b\n" },
	{ "a link", "List-Unsubscribe: <https://a/" UML ">, <mailto:b@c> (x" UML "y)\n",
	  "List-Unsubscribe: <https://a/%C3%BC>, <mailto:b@c> (=?utf-8?Q?x=C3=BCy?=)\n" },

	{ "a parameter", "Content-Disposition: attachment; filename=\"" UML " \\\"b\\\".txt\"; size=1\n",
	  "Content-Disposition: attachment; filename*=utf-8''%C3%BC%20%22b%22.txt;\n size=1\n" },
	{ "a parameter without quotes", "Content-Type: text/plain; name=" UML " b.txt ; charset=utf-8\n",
	  "Content-Type: text/plain; name*=utf-8''%C3%BC%20b.txt ; charset=utf-8\n" },
	{ "a quote that is not closed in a parameter", "Content-Type: text/plain; name=\"" UML " b\n",
	  "Content-Type: text/plain; name*=utf-8''%C3%BC%20b\n" },
	{ "a long parameter", "Content-Disposition: attachment; filename=\"" UML A80 UML "\"\n",
	  "Content-Disposition: attachment;\n filename*0*=utf-8''%C3%BCaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;\n"
	  " filename*1*=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%C3%BC\n" },
	{ "a parameter that is extended already", "Content-Disposition: inline; filename*=utf-8''%41" UML "\n",
	  "Content-Disposition: inline;\n filename*=utf-8''%41%C3%BC\n" },
	{ "a parameter that is there in both forms",
	  "Content-Disposition: inline; filename=\"" UML ".txt\"; FileName*=UTF-8''%C3%BC.txt\n",
	  "Content-Disposition: inline; FileName*=UTF-8''%C3%BC.txt\n" },
	{ "a parameter that is there in both forms, the extended one in pieces",
	  "Content-Disposition: inline; filename*0*=UTF-8''%C3; filename*1*=%BC; filename=" UML "; size=1\n",
	  "Content-Disposition: inline; filename*0*=UTF-8''%C3; filename*1*=%BC; size=1\n" },
	{ "a parameter with a name that another one begins with", "Content-Disposition: inline; name=" UML "; names*=a\n",
	  "Content-Disposition: inline; name*=utf-8''%C3%BC; names*=a\n" },
	{ "a parameter in pieces", "Content-Disposition: inline; filename*0=\"a" UML "\"; filename*1=b\n",
	  "Content-Disposition: inline;\n filename*0*=utf-8''a%C3%BC; filename*1=b\n" },
	{ "a parameter in Latin-1", "Content-Type: text/plain; charset=iso-8859-1; name=\374\n",
	  "Content-Type: text/plain; charset=iso-8859-1; name*=iso-8859-1''%FC\n" },
	{ "a control character in a parameter", "Content-Type: a/b; name=\"" UML "\001\"\n",
	  "Content-Type: a/b; name*=utf-8''%C3%BC%3F\n" },
	{ "a comment between parameters", "Content-Type: a/b (x" UML "y); c=d\n", "Content-Type: a/b (=?utf-8?Q?x=C3=BCy?=); c=d\n" },
	{ "a boundary", "Content-Type: multipart/mixed; boundary=" UML "\n", "!Content-Type" },
	{ "a type", "Content-Type: text/" UML "\n", "!Content-Type" },

	{ "a JSON object", "X-SMTPAPI: {\"a\": [\"" UML "\", \"\\\"\360\237\230\200\"]}\n",
	  "X-SMTPAPI: {\"a\": [\"\\u00fc\", \"\\\"\\ud83d\\ude00\"]}\n" },
	{ "no JSON object", "X-SMTPAPI: {\"a\": xx" UML "}\n", "X-SMTPAPI: {\"a\": =?utf-8?B?eHjDvH0=?=\n" },
};

static bool encode(struct ascii *a, struct buf *to, const char *in, size_t n)
{
	struct err e;

	return ascii_header(a, to, in, n, &e);
}

static void test_headers(void)
{
	for (size_t i = 0; i < COUNT(headers); i++) {
		const char *in = headers[i].in, *out = headers[i].out == NULL ? in : headers[i].out;
		bool stuck = out[0] == '!';
		struct ascii a = { .utf8 = false };
		struct buf to = room(), again = room();

		ok(encode(&a, &to, in, strlen(in)), "%s", headers[i].what);
		same(buf_text(&to), stuck ? in : out, "  is as it should be");
		same(a.stuck, stuck ? out + 1 : "", "  and so is the field that is stuck");
		ok(encode(&a, &again, buf_text(&to), to.len) && strcmp(buf_text(&again), buf_text(&to)) == 0, "  once is enough");
		buf_free(&to);
		buf_free(&again);
	}
}

static void test_names(void)
{
	static const char in[] = "X-To: xx" UML "\nTo: xx" UML " <a@b>\nto: yy" UML " <a@b>\nY: y\nSubject: xx" UML "\n";
	struct ascii a = { .utf8 = false };
	struct buf to = room();

	ok(encode(&a, &to, in, sizeof in - 1), "the fields that were encoded");
	same(a.changed, "X-To, To, Subject", "  are named, several of one name in a row once");
	buf_free(&to);
}

static void test_utf8_stays(void)
{
	static const char in[] = "Subject: gr" UML "n\nTo: \"" UML "\" <" UML "@b" UML ".test>\nX: x\374y " UML "\n";
	struct ascii a = { .utf8 = true };
	struct buf to = room();

	ok(encode(&a, &to, in, sizeof in - 1), "with SMTPUTF8 valid UTF-8 stays, and other octets are encoded");
	same(buf_text(&to), "Subject: gr" UML "n\nTo: \"" UML "\" <" UML "@b" UML ".test>\nX: =?unknown-8bit?Q?x=FCy?= " UML "\n",
	     "  as it should be");
	same(a.changed, "X", "  and only this field is named");
	buf_free(&to);
}

/* ---- texts ---------------------------------------------------------------------------------------- */

static uint32_t seed = 1;

static unsigned draw(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* A random text: ASCII, blanks, folds, and characters of two to four octets. */
static size_t random_text(char *to, size_t chars)
{
	static const char *const some[] = { UML, "\342\202\254", "\360\237\230\200", "=?", "?=", "_", "=41", "(", "\"", "\\", " ",
					    "  ", "\n ", "\t" };
	size_t n = 0;

	to[n++] = 'x';
	for (size_t i = 0; i < chars; i++) {
		const char *s = some[draw(COUNT(some))];

		if (draw(2) == 0)
			to[n++] = (char)('a' + draw(26));
		else if (!str_isblank(to[n - 1]) || strchr(" \n\t", s[0]) == NULL)
			n += (size_t)sprintf(to + n, "%s", s);
	}
	n += (size_t)sprintf(to + n, UML);
	return n;
}

/* A text as a reader shows it, with blanks for tabs. */
static void shown(struct buf *to, const char *p, size_t n, bool *good)
{
	*good = decode(to, p, n, false);
	for (size_t i = 0; i < to->len; i++)
		if (to->bytes[i] == '\t')
			to->bytes[i] = ' ';
}

static void test_texts(void)
{
	static char in[40000];
	unsigned bad = 0;

	for (unsigned i = 0; i < 2000; i++) {
		size_t n = (size_t)sprintf(in, "Subject: ");
		struct buf to = room(), before = room(), after = room();
		struct ascii a = { .utf8 = false };
		bool good, fine;

		n += random_text(in + n, draw(200));
		in[n++] = '\n';
		good = encode(&a, &to, in, n) && !str_has_8bit(to.bytes, to.len) && decoded_longest(to.bytes, to.len) <= 76;
		shown(&before, in + 9, n - 9, &fine);
		shown(&after, to.bytes + 9, to.len - 9, &fine);
		good = good && fine && before.len == after.len && memcmp(before.bytes, after.bytes, after.len) == 0;
		if (!good && bad++ == 0)
			printf("# in  [%s]\n# out [%s]\n# [%.*s]\n# [%.*s]\n", in, to.bytes, (int)before.len, before.bytes,
			       (int)after.len, after.bytes);
		buf_free(&to);
		buf_free(&before);
		buf_free(&after);
	}
	ok(bad == 0, "2000 random texts come back, on lines of 76 characters");
}

/* A word that no line can hold is encoded, although it is ASCII; one that a line can hold is not. */
static void test_long_words(void)
{
	static char in[2000];

	for (size_t len = 990; len < 1010; len++) {
		size_t n = (size_t)sprintf(in, "X: ");
		struct buf to = room(), after = room();
		struct ascii a = { .utf8 = false };
		bool good;

		memset(in + n, 'a', len);
		in[n + len] = '\n';
		good = encode(&a, &to, in, n + len + 1);
		ok(good && decoded_longest(to.bytes, to.len) <= 998 && decode(&after, to.bytes + 2, to.len - 2, false)
		       && after.len == len + 1 && (strstr(to.bytes, "=?") != NULL) == (len > 997), "a word of %zu characters", len);
		buf_free(&to);
		buf_free(&after);
	}
}

int main(void)
{
	test_reader();
	test_phrases();
	test_headers();
	test_names();
	test_utf8_stays();
	test_texts();
	test_long_words();
	return done();
}
