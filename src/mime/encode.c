#include "mime/encode.h"

#include "base/base64.h"
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
	q->dash = false;
	return out;
}

/* At the start of a line '.' and 'F' are encoded: SMTP doubles a dot there, and some programs on the way change "From " to
 * ">From ".  In the line "--" the second '-' is encoded. */
static bool must_encode(const struct qp *q, unsigned char c)
{
	return c < 0x20 || c > 0x7e || c == '=' || (q->column == 0 && (c == '.' || c == 'F')) || (q->dash && c == '-');
}

/* One octet.  If the line is full, a soft break comes first. */
static char *put_octet(struct qp *q, unsigned char c, bool at_end, char *out)
{
	bool encode = at_end || must_encode(q, c);

	if (q->column + (encode ? 3 : 1) > QP_LINE - 1) {
		out = put_break(q, "=\r\n", out);
		encode = at_end || must_encode(q, c);
	}
	q->dash = q->column == 0 && c == '-';
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

/* ---- quoted-printable again ---------------------------------------------------------------------- */

static char *put_literally(struct requote *r, char *out)
{
	for (size_t i = 0; i < r->n_held; i++)
		out = put_octet(&r->qp, (unsigned char)r->held[i], false, out);
	r->n_held = 0;
	return out;
}

static bool all_blank(const char *p, size_t n)
{
	while (n > 0 && str_isblank(p[n - 1]))
		n--;
	return n == 0;
}

static char *end_line_again(struct requote *r, char *out)
{
	bool soft;

	r->n_held -= r->n_held > 0 && r->held[r->n_held - 1] == '\r';
	soft = r->n_held > 0 && r->held[0] == '=' && all_blank(r->held + 1, r->n_held - 1);
	if (soft || all_blank(r->held, r->n_held))
		r->n_held = 0;
	out = put_literally(r, out);
	return put_break(&r->qp, soft ? "=\r\n" : "\r\n", out);
}

static char *put_escape(struct requote *r, char last, char *out)
{
	if (r->qp.column + 3 > QP_LINE - 1)
		out = put_break(&r->qp, "=\r\n", out);
	*out++ = '=';
	*out++ = r->held[1];
	*out++ = last;
	r->qp.column += 3;
	r->qp.dash = false;
	r->n_held = 0;
	return out;
}

/* May c follow what is held? */
static bool may_hold(const struct requote *r, char c)
{
	size_t n = r->n_held;

	if (n == QP_HELD || (n > 0 && r->held[n - 1] == '\r'))
		return false;
	if (n == 0)
		return c == '=' || c == '\r' || str_isblank(c);
	if (c == '\r' || str_isblank(c))
		return all_blank(r->held + 1, n - 1);
	return n == 1 && r->held[0] == '=' && str_hex_digit(c) >= 0;
}

size_t requote_feed(struct requote *r, const char *in, size_t n, char *out)
{
	const char *start = out;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\n') {
			out = end_line_again(r, out);
			continue;
		}
		if (r->n_held == 2 && r->held[0] == '=' && str_hex_digit(r->held[1]) >= 0 && str_hex_digit(in[i]) >= 0) {
			out = put_escape(r, in[i], out);
			continue;
		}
		if (!may_hold(r, in[i]))
			out = put_literally(r, out);
		if (may_hold(r, in[i]))
			r->held[r->n_held++] = in[i];
		else
			out = put_octet(&r->qp, (unsigned char)in[i], false, out);
	}
	return (size_t)(out - start);
}

size_t requote_end(struct requote *r, char *out)
{
	return r->n_held > 0 || r->qp.column > 0 ? (size_t)(end_line_again(r, out) - out) : 0;
}

/* ---- base64 -------------------------------------------------------------------------------------- */

static char *put_held(struct b64 *b, char *out)
{
	base64_group(b->held, b->n_held, out);
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

size_t b64_feed(struct b64 *b, const char *in, size_t n, char *out)
{
	const char *start = out;

	for (size_t i = 0; i < n; i++) {
		b->held[b->n_held++] = (unsigned char)in[i];
		if (b->n_held == sizeof b->held)
			out = put_held(b, out);
	}
	return (size_t)(out - start);
}

size_t b64_again(struct b64 *b, const char *in, size_t n, char *out)
{
	const char *start = out;

	for (size_t i = 0; i < n; i++) {
		bool ends = in[i] == '\n';

		if (!ends && (in[i] < ' ' || in[i] > '~'))
			continue;
		if (ends || b->column == BASE64_LINE) {
			*out++ = '\r';
			*out++ = '\n';
			b->column = 0;
			b->dash = false;
		}
		if (ends || (b->dash && in[i] == '-'))
			continue;
		b->dash = b->column == 0 && in[i] == '-';
		*out++ = in[i];
		b->column++;
	}
	return (size_t)(out - start);
}

size_t b64_end(struct b64 *b, char *out)
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
