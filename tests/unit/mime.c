/* mime/parts, downgrade, transcode: messages with parts, and their encoded form.  H is a header with the boundary "b". */
#include "tap.h"

#include <stdio.h>

#include "downgraded.h"

#define H "Content-Type: multipart/mixed; boundary=b\n"
#define QP "Content-Transfer-Encoding: quoted-printable\n"
#define B64 "Content-Transfer-Encoding: base64\n"
#define EIGHT "Content-Transfer-Encoding: 8bit\n"
#define SEVEN "Content-Transfer-Encoding: 7bit\n"
#define BINARY "Content-Transfer-Encoding: binary\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\n"
#define UML "\303\274"

/* With LF line ends; the result is compared without its CRs. */
static const struct {
	const char *what, *in, *out; /* out: NULL: unchanged; "!words": refused with these words */
} rows[] = {
	{ "an empty message", "", NULL },
	{ "a body without a header", "\n" UML "\n", QP "\n=C3=BC\n" },
	{ "a text", "Subject: x\n\n" UML, "Subject: x\n" QP "\n=C3=BC\n" },
	{ "an existing encoding field is replaced in its place", EIGHT "X: y\n\n" UML "\n", QP "X: y\n\n=C3=BC\n" },
	{ "a folded encoding field, too", "Content-Transfer-Encoding:\n 8bit\nX: y\n\n" UML "\n", QP "X: y\n\n=C3=BC\n" },
	{ "an encoding field in any case, with a comment", "content-transfer-encoding: (x) 8BIT\n\n" UML "\n", QP "\n=C3=BC\n" },
	{ "a type without a subtype is text", "Content-Type: text\n\n" UML "\n", "Content-Type: text\n" QP "\n=C3=BC\n" },
	{ "a type that is not text", "Content-Type: a/b\n\n" UML "\n", "Content-Type: a/b\n" B64 "\nw7wNCg==\n" },
	{ "a type that is not text, with encoding binary", "Content-Type: a/b\n" BINARY "\n" UML "\n", "Content-Type: a/b\n" B64 "\nw7wK\n" },
	{ "a type that is not text, with a bare CR", "Content-Type: a/b\n\n\r" UML "\n", "Content-Type: a/b\n" B64 "\nDcO8Cg==\n" },
	{ "message/global may be encoded", "Content-Type: message/global\n\n" UML "\n",
	  "Content-Type: message/global\n" B64 "\nw7wNCg==\n" },
	{ "message/news may not be encoded", "Content-Type: message/news\n\n" UML "\n", "!type message/news cannot" },
	{ "an invalid type", "Content-Type: ;\n\n" UML "\n", "Content-Type: ;\n" B64 "\nw7wNCg==\n" },

	{ "parts that need no encoding", H EIGHT "\npre\n--b\n\nx\n--b\n\n--b--\npost\n--b\n", NULL },
	{ "a part that needs it", H "\n--b\n\n" UML "\n--b--\n", H "\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "the encoding field of the multipart itself", H BINARY "\n--b\n\n" UML "\n--b--\n", H SEVEN "\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "a field of two lines in a part", H "\n--b\nA: b;\n c\n\n" UML "\n--b--\n",
	  H "\n--b\nA: b;\n c\n" QP "\n=C3=BC\n--b--\n" },
	{ "empty lines at the end are content", H "\n--b\n\n" UML "\n\n\n--b--\n", H "\n--b\n" QP "\n=C3=BC\n\n\n--b--\n" },
	{ "a CR before the line end that belongs to the delimiter", H "\n--b\n\na\r\r\n--b--\n",
	  H "\n--b\n" QP "\na=0D\n--b--\n" },
	{ "blanks behind a delimiter", H "\n--b \t\n\n" UML "\n--b-- \n", H "\n--b \t\n" QP "\n=C3=BC\n--b-- \n" },
	{ "the last delimiter ends the text", H "\n--b\n\n" UML "\n--b--", H "\n--b\n" QP "\n=C3=BC\n--b--" },
	{ "a longer delimiter is text", H "\n--b\n\n" UML "\n--bb\n--b-\n--b--\n",
	  H "\n--b\n" QP "\n=C3=BC\n-=2Dbb\n-=2Db-\n--b--\n" },
	{ "after the last delimiter there are no parts", H "\n--b\n\n" UML "\n--b--\n--b\n\n" UML "\n",
	  H "\n--b\n" QP "\n=C3=BC\n--b--\n-=2Db\n\n=C3=BC\n" },
	{ "a part without an empty line has no content", H "\n--b\nX: y\n--b\n\n" UML "\n--b--\n", H "\n--b\nX: y\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "another type in a part", H "\n--b\nContent-Type: a/b\n\n" UML "\n\n--b--\n",
	  H "\n--b\nContent-Type: a/b\n" B64 "\nw7wNCg==\n--b--\n" },
	{ "the delimiter of the outer multipart ends the inner one, whose own end is missing",
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n" UML "\n--b--\n",
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n" QP "\n=C3=BC\n--c--\n--b--\n" },
	{ "the same is accepted if the inner multipart needs no encoding",
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n--b\n\n" UML "\n--b--\n",
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "an inner boundary that begins with the outer one",
	  H "\n--b\nContent-Type: multipart/x; boundary=b1\n\n--b1\n\n" UML "\n--b1--\n--b--\n",
	  H "\n--b\nContent-Type: multipart/x; boundary=b1\n\n--b1\n" QP "\n=C3=BC\n--b1--\n--b--\n" },
	{ "an inner multipart with the boundary of the outer one", H "\n--b\n" H "\n" UML "\n--b\n\n--b--\n--b--\n",
	  H "\n--b\n" TEXT "X-Original-" H QP "\n=C3=BC\n--b\n\n--b--\n--b--\n" },
	{ "a multipart beside a changed one keeps its encoding field",
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n" UML "\n--c--\n"
	  "--b\nContent-Type: multipart/x; boundary=c\n" EIGHT "\n--c\n\n--c--\n--b--\n",
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n" QP "\n=C3=BC\n--c--\n"
	  "--b\nContent-Type: multipart/x; boundary=c\n" EIGHT "\n--c\n\n--c--\n--b--\n" },
	{ "a message in a message", "Content-Type: message/rfc822\n" EIGHT "\nContent-Type: message/rfc822\n\nX: y\n\n" UML "\n",
	  "Content-Type: message/rfc822\n" SEVEN "\nContent-Type: message/rfc822\n\nX: y\n" QP "\n=C3=BC\n" },
	{ "the parts of a digest are messages", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nX: y\n\n" UML "\n--b--\n",
	  "Content-Type: multipart/digest; boundary=b\n\n--b\n\nX: y\n" QP "\n=C3=BC\n--b--\n" },
	{ "a multipart with encoding base64", H B64 "\n--b\n\n" UML "\n--b--\n", H SEVEN "\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "two encodings", EIGHT SEVEN "\n" UML "\n", QP "\n=C3=BC\n" },
	{ "two encodings, one of which encodes", EIGHT B64 "\n" UML "\n", "!two Content-Transfer-Encoding fields" },
	{ "two types without parts", "Content-Type: a/b\nContent-Type: text/x\n\n" UML "\n",
	  "Content-Type: a/b\nContent-Type: text/x\n" B64 "\nw7wNCg==\n" },
	{ "the same type twice", H H "\n--b\n\n" UML "\n--b--\n", H H "\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "two types, one with parts", H "Content-Type: a/b\n\n" UML "\n", "!two Content-Type fields" },
	{ "an unknown encoding", "Content-Transfer-Encoding: 8-bit\n\n" UML "\n", QP "\n=C3=BC\n" },
	{ "an unknown encoding of a multipart", H "Content-Transfer-Encoding: x\n\n--b\n\n" UML "\n--b--\n",
	  H SEVEN "\n--b\n" QP "\n=C3=BC\n--b--\n" },
	{ "base64 with 8-bit text", B64 "\nQU\n" UML "JD-\n--b--\n", B64 "\nQU\nJD-\n-b--\n" },
	{ "quoted-printable with 8-bit text", QP "\n" UML "=3d= \n=\t\n=A=\n= x--\n--\t \n==\n", QP "\n=C3=BC=3d=\n=\n=3DA=\n=3D x--\n-=2D\n=3D=\n" },
	{ "quoted-printable that ends within an escape", QP "\n" UML "=A", QP "\n=C3=BC=3DA\n" },
	{ "a message in quoted-printable", "Content-Type: message/rfc822\n" QP "\nX: y\n\n" UML "=3D\n",
	  "Content-Type: message/rfc822\n" QP "\nX: y\n\n=C3=BC=3D\n" },
	{ "a multipart without a boundary", "Content-Type: multipart/x\n" EIGHT "X: y\n\n--b\n\n" UML "\n--b--\n",
	  TEXT "X-Original-Content-Type: multipart/x\n" QP "X: y\n\n-=2Db\n\n=C3=BC\n-=2Db--\n" },
	{ "a multipart whose boundary is not found", H "\n\303\n", "Content-Type: text/plain; charset=unknown-8bit\nX-Original-" H QP "\n=C3\n" },
	{ "a multipart without an end", H "\n--b\n\n" UML "\n", H "\n--b\n" QP "\n=C3=BC\n\n--b--\n" },
	{ "a multipart without an end, and without a line end", H "\n--b\n\n" UML "\n--b\nX: y", H "\n--b\n" QP "\n=C3=BC\n--b\nX: y\n--b--\n" },
	{ "a multipart that ends with a CR", H "\n--b\n\n" UML "\n--b\n\nx\r", H "\n--b\n" QP "\n=C3=BC\n--b\n\nx\n--b--\n" },
	{ "two multiparts without an end", H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n" UML,
	  H "\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n" QP "\n=C3=BC\n--c--\n--b--\n" },
	{ "text before and after the parts", H "\n" UML "--b\n--\n--b\n\nx\n--b--\nF=\n", H "\n=C3=BC--b\n-=2D\n--b\n\nx\n--b--\n=46=3D\n" },
	{ "a boundary that is not ASCII", "Content-Type: multipart/x; boundary=\"" UML "\"\n\n--" UML "\n\n--" UML "--\n", "!in the boundary" },
	{ "text outside of the parts of a signed multipart", "Content-Type: multipart/signed; boundary=b\n\n" UML "\n--b\n\n--b--\n",
	  "Content-Type: multipart/signed; boundary=b\n\n=C3=BC\n--b\n\n--b--\n" },
	{ "the same within a signed part", "Content-Type: multipart/signed; boundary=a\n\n--a\n" H "\n" UML "\n--b\n\n--b--\n--a--\n", "!break the signature" },
	{ "base64 of a signed message", "Content-Type: application/pkcs7-mime\n" B64 "\nQUI=" UML "\n",
	  "Content-Type: application/pkcs7-mime\n" B64 "\nQUI=\n" },
	{ "a line of blanks in a header continues the field", H "\n--b\nX: y\n \n\n" UML "\n--b--\n",
	  H "\n--b\nX: y\n \n" QP "\n=C3=BC\n--b--\n" },
	{ "a header that starts with a blank", H "\n--b\n X: y\n\n" UML "\n--b--\n",
	  H "\n--b\n" QP "\n X: y\n\n=C3=BC\n--b--\n" },
	{ "a line in a header that looks like a field when it is encoded", H "\n--b\n" UML ": z\n--b--\n",
	  H "\n--b\n" QP "\n=C3=BC: z\n--b--\n" },
	{ "a line that is no field behind one", H "\n--b\nX: y\nz\n\n" UML "\n--b--\n", "!no field" },
};

/* The result without CRs, so that the table stays readable. */
static const char *text_of(struct downgraded *d)
{
	size_t n = 0;

	if (d->out.len == 0)
		return "";
	for (size_t i = 0; i < d->out.len; i++)
		if (d->out.bytes[i] != '\r')
			d->out.bytes[n++] = d->out.bytes[i];
	d->out.bytes[n] = '\0';
	return d->out.bytes;
}

static void test_row(const char *in, const char *want, const char *what)
{
	struct downgraded d;
	bool good = downgrade_whole(&d, in, strlen(in), true, 1);

	if (want[0] != '!')
		same(good ? text_of(&d) : d.e.say, want, what);
	else if (!ok(!good && strstr(d.e.say, want + 1) != NULL, "%s", what))
		printf("# got [%s]\n", good ? text_of(&d) : d.e.say);
	downgraded_free(&d);
}

static const char *with_crlf(const char *in)
{
	static char out[2000];
	size_t n = 0;

	for (; *in != '\0'; out[n++] = *in++)
		if (*in == '\n')
			out[n++] = '\r';
	out[n] = '\0';
	return out;
}

/* CRLF line ends give the same result, except in parts whose line ends are data. */
static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *want = rows[i].out == NULL ? rows[i].in : rows[i].out;

		test_row(rows[i].in, want, rows[i].what);
		if (strstr(rows[i].in, BINARY) == NULL && strchr(rows[i].in, '\r') == NULL)
			test_row(with_crlf(rows[i].in), want, rows[i].what);
	}
}

/* A text part that says it is binary keeps its octets.  Changed line ends would destroy UTF-16. */
static void test_utf16(void)
{
	static const char in[] = "Content-Type: text/plain; charset=utf-16le\n" BINARY "\na\0\n\0";
	struct downgraded d;

	ok(downgrade_whole(&d, in, sizeof in - 1, true, 3), "UTF-16 with encoding binary");
	same(text_of(&d), "Content-Type: text/plain; charset=utf-16le\n" B64 "\nYQAKAA==\n", "  keeps its octets");
	downgraded_free(&d);
}

#define INNER "--b\nContent-Type: multipart/x; boundary=c\n"
static const char kept[] = H BINARY "\n" INNER "\n--c\n" EIGHT "\n" UML "\n--c--\n"
	INNER BINARY "\n--c\n\na\rb\n--c--\n--b--\n";
static const char changed[] = H EIGHT "\n" INNER "\n--c\n" EIGHT "\n" UML "\n--c--\n"
	INNER SEVEN "\n--c\n" QP "\na=0Db\n--c--\n--b--\n";

/* For a server with 8BITMIME only those parts are encoded that no server accepts. */
static void test_lines_only(void)
{
	struct downgraded d;

	ok(downgrade_whole(&d, kept, sizeof kept - 1, false, 7), "8-bit text stays");
	same(text_of(&d), changed, "and the multipart around it says 8bit");
	downgraded_free(&d);
}

/* The longest line that is allowed gets a longer name. */
static void test_original(void)
{
	char in[2000];
	size_t n = (size_t)sprintf(in, "Content-Type: multipart/x;a=\"");
	struct facts f = { 0 };
	struct downgraded d;

	memset(in + n, 'a', 997 - n);
	memcpy(in + 997, "\"\n\n\303\n", 6);
	ok(downgrade_whole(&d, in, 1002, true, 100), "a multipart without a boundary, but with a long parameter");
	survey_feed(&f, buf_text(&d.out), d.out.len);
	ok(!facts_unfit(&f) && strstr(d.out.bytes, "\nX-Original-Content-Type: multipart/x;\n a=") != NULL, "  is folded");
	downgraded_free(&d);
}

/* In its new name, a type that is not ASCII is text. */
static void test_original_8bit(void)
{
	static const char in[] = H "\n--b\nContent-Type: multipart/\377\n\na\rb\n--b--\n";
	struct downgraded d;

	ok(downgrade_whole(&d, in, strlen(in), false, 100), "a type that is not ASCII");
	ok(strstr(d.out.bytes, "\nX-Original-Content-Type: =?unknown-8bit?Q?multipart/=FF?=") != NULL, "  is encoded");
	downgraded_free(&d);
}

/* The header of a part has a limit, which does not depend on how the input was cut. */
static void test_limits(void)
{
	static char in[2 * MIME_HEADER_MAX];
	size_t n = (size_t)snprintf(in, sizeof in, "%s\n--b\nX: y\n", H);
	struct downgraded d;

	memset(in + n, 'z', MIME_HEADER_MAX);
	in[n] = ' ';
	memcpy(in + n + MIME_HEADER_MAX, "\n\n\303\n--b--\n", 10);
	for (size_t cut = 1; cut < 10000; cut = cut * 13 + 1) {
		ok(!downgrade_whole(&d, in, n + MIME_HEADER_MAX + 10, true, cut), "a header of a megabyte, cut at %zu", cut);
		ok(strstr(d.e.say, "its header is too long") != NULL, "  %s", d.e.say);
		downgraded_free(&d);
	}
}

int main(void)
{
	test_rows();
	test_utf16();
	test_lines_only();
	test_original();
	test_original_8bit();
	test_limits();
	return done();
}
