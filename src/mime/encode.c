#include "mime/encode.h"

#include "base/str.h"

enum {
	QP_LINE = 76,    /* characters, the soft line break included: RFC 2045 6.7 (5) */
	BASE64_LINE = 76 /* RFC 2045 6.8 */
};

static const char hex[] = "0123456789ABCDEF";

static char *put_break(struct qp *q, const char *end, char *out)
{
	while (*end != '\0')
		*out++ = *end++;
	q->column = 0;
	return out;
}

/* At the start of a line '.' and 'F' are encoded: SMTP doubles a dot there, and some programs on the way change "From " to
 * ">From ". */
static bool must_encode(const struct qp *q, unsigned char c)
{
	return c < 0x20 || c > 0x7e || c == '=' || (q->column == 0 && (c == '.' || c == 'F'));
}

/* One octet.  If the line is full, a soft break comes first, and then a '-' is encoded: the new line must not look like a MIME
 * delimiter. */
static char *put_octet(struct qp *q, unsigned char c, bool at_end, char *out)
{
	bool encode = at_end || must_encode(q, c);

	if (q->column + (encode ? 3 : 1) > QP_LINE - 1) {
		out = put_break(q, "=\r\n", out);
		encode = at_end || must_encode(q, c) || c == '-';
	}
	if (encode) {
		*out++ = '=';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	} else {
		*out++ = (char)c;
	}
	q->column += encode ? 3 : 1;
	return out;
}

static char *put_waiting_blank(struct qp *q, bool at_end, char *out)
{
	if (q->blank == '\0')
		return out;
	out = put_octet(q, (unsigned char)q->blank, at_end, out);
	q->blank = '\0';
	return out;
}

static char *put_line_end(struct qp *q, char *out)
{
	out = put_waiting_blank(q, true, out);
	q->cr = false;
	return put_break(q, "\r\n", out);
}

static char *put_char(struct qp *q, char c, char *out)
{
	if (q->cr) { /* a bare CR */
		out = put_waiting_blank(q, false, out);
		out = put_octet(q, '\r', false, out);
		q->cr = false;
	}
	if (c == '\r') {
		q->cr = true; /* a blank before it is not written yet, either */
		return out;
	}
	out = put_waiting_blank(q, false, out);
	if (str_isblank(c))
		q->blank = c;
	else
		out = put_octet(q, (unsigned char)c, false, out);
	return out;
}

size_t qp_feed(struct qp *q, const char *in, size_t n, char *out)
{
	const char *start = out;

	for (size_t i = 0; i < n; i++)
		out = in[i] == '\n' ? put_line_end(q, out) : put_char(q, in[i], out);
	return (size_t)(out - start);
}

size_t qp_end(struct qp *q, char *out)
{
	const char *start = out;

	if (q->column > 0 || q->blank != '\0' || q->cr)
		out = put_line_end(q, out);
	return (size_t)(out - start);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void four_of(const unsigned char *u, size_t n, char four[4])
{
	uint32_t bits = (uint32_t)u[0] << 16 | (n > 1 ? (uint32_t)u[1] << 8 : 0) | (n > 2 ? u[2] : 0);

	four[0] = alphabet[bits >> 18];
	four[1] = alphabet[bits >> 12 & 63];
	four[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
	four[3] = n > 2 ? alphabet[bits & 63] : '=';
}

bool base64_encode(struct buf *to, const void *p, size_t n, struct err *e)
{
	const unsigned char *u = p;

	if (!buf_room(to, (n + 2) / 3 * 4, e))
		return false;
	for (size_t i = 0; i < n; i += 3) {
		char four[4];

		four_of(u + i, n - i, four);
		if (!buf_add(to, four, sizeof four, e))
			return false;
	}
	return true;
}

static char *put_held(struct base64 *b, char *out)
{
	four_of(b->held, b->n_held, out);
	out += 4;
	b->n_held = 0;
	b->column += 4;
	if (b->column == BASE64_LINE) {
		*out++ = '\r';
		*out++ = '\n';
		b->column = 0;
	}
	return out;
}

size_t base64_feed(struct base64 *b, const char *in, size_t n, char *out)
{
	const char *start = out;

	for (size_t i = 0; i < n; i++) {
		b->held[b->n_held++] = (unsigned char)in[i];
		if (b->n_held == sizeof b->held)
			out = put_held(b, out);
	}
	return (size_t)(out - start);
}

size_t base64_end(struct base64 *b, char *out)
{
	const char *start = out;

	if (b->n_held > 0)
		out = put_held(b, out);
	if (b->column > 0) {
		*out++ = '\r';
		*out++ = '\n';
		b->column = 0;
	}
	return (size_t)(out - start);
}

static int value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

/* Four characters, `pad` of which are '='.  The bits that are not used because of padding must be zero. */
static bool decode_four(struct buf *to, const char *p, unsigned pad)
{
	uint32_t bits = 0;
	char three[3];
	struct err unheard;

	for (unsigned i = 0; i < 4; i++) {
		int v = i < 4 - pad ? value(p[i]) : p[i] == '=' ? 0 : -1;

		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
	}
	if ((bits & ((1U << 8 * pad) - 1)) != 0)
		return false;
	three[0] = (char)(bits >> 16);
	three[1] = (char)(bits >> 8);
	three[2] = (char)bits;
	return buf_add(to, three, 3 - pad, &unheard);
}

bool base64_decode(struct buf *to, const char *p, size_t n)
{
	if (n % 4 != 0)
		return false;
	for (size_t i = 0; i < n; i += 4) {
		bool last = i + 4 == n;
		unsigned pad = last ? (p[i + 3] == '=') + (p[i + 3] == '=' && p[i + 2] == '=') : 0;

		if (!decode_four(to, p + i, pad))
			return false;
	}
	return true;
}
