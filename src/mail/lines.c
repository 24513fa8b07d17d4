#include "mail/lines.h"

enum { LINE_MAX_SMTP = 998 }; /* octets without CRLF, RFC 5321 4.5.3.1.6 */

/* Looks at eight octets at a time. */
static bool has_8bit(const char *p, size_t n)
{
	uint64_t sum = 0, word;
	size_t i = 0;

	for (; i + sizeof word <= n; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		sum |= word;
	}
	for (; i < n; i++)
		sum |= (uint64_t)(unsigned char)p[i];
	return (sum & 0x8080808080808080U) != 0;
}

static void end_line(struct facts *f)
{
	if (f->line > f->longest)
		f->longest = f->line;
	f->bytes += f->line + 2;
	f->line = 0;
}

/* A part of a line up to `end`, which is its LF (`whole`) or the end of the piece.  A CR is a part of the line end only if the
 * LF follows, perhaps in the next piece. */
static void take_part(struct facts *f, const char *p, const char *end, bool whole)
{
	size_t n = (size_t)(end - p);
	const char *cr = n == 0 ? NULL : memchr(p, '\r', n);

	if (f->cr && n > 0) { /* the CR at the end of the last piece is a bare one */
		f->bare_cr = true;
		f->line++;
		f->cr = false;
	}
	if (cr != NULL && (cr + 1 < end || memchr(cr + 1, '\r', (size_t)(end - cr - 1)) != NULL))
		f->bare_cr = true;
	if (n > 0 && end[-1] == '\r') {
		f->cr = true;
		n--;
	}
	f->line += n;
	if (whole) {
		f->cr = false;
		end_line(f);
	}
}

void facts_head(struct facts *f, const char *head, size_t n)
{
	f->utf8_head = has_8bit(head, n);
}

void facts_feed(struct facts *f, const char *p, size_t n)
{
	const char *end = p + n;

	f->eight_bit = f->eight_bit || has_8bit(p, n);
	f->nul = f->nul || memchr(p, '\0', n) != NULL;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		take_part(f, p, nl == NULL ? end : nl, nl != NULL);
		p = nl == NULL ? end : nl + 1;
	}
}

/* A CR as the last byte of all counts as a line end. */
void facts_end(struct facts *f)
{
	if (f->line > 0 || f->cr)
		end_line(f);
	f->cr = false;
}

bool facts_unfit(const struct facts *f)
{
	return f->bare_cr || f->nul || f->longest > LINE_MAX_SMTP;
}

/* ---- the wire filter ---------------------------------------------------------------------------- */

static void break_text(struct lines *l, const char *why)
{
	if (l->broken == NULL)
		l->broken = why;
}

static char *put_due(struct lines *l, char *out)
{
	if (l->due) {
		*out++ = '\r';
		*out++ = '\n';
		l->due = false;
	}
	return out;
}

/* A part of a line without its end; a dot at its start is doubled (RFC 5321 4.5.2). */
static char *put_part(struct lines *l, const char *p, size_t n, char *out)
{
	if (n == 0)
		return out;
	if (l->line + n > LINE_MAX_SMTP)
		break_text(l, "a line of more than 998 octets");
	if (l->sent + n + 2 > l->bytes)
		break_text(l, "more octets than were announced");
	out = put_due(l, out);
	if (l->dots && l->line == 0 && *p == '.')
		*out++ = '.';
	memcpy(out, p, n);
	l->line += n;
	l->sent += n;
	return out + n;
}

static char *end_part(struct lines *l, char *out)
{
	out = put_due(l, out);
	l->due = true;
	l->cr = false;
	l->line = 0;
	l->sent += 2;
	if (l->sent > l->bytes)
		break_text(l, "more octets than were announced");
	return out;
}

/* The next CR or LF, or `end`.  A CR is not written before the octet after it is known. */
static const char *part_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	const char *cr = memchr(p, '\r', (size_t)((nl == NULL ? end : nl) - p));

	return cr != NULL ? cr : nl != NULL ? nl : end;
}

size_t lines_feed(struct lines *l, const char *in, size_t n, char *out)
{
	const char *end = in + n, *start = out;

	if (memchr(in, '\0', n) != NULL)
		break_text(l, "a NUL");
	if (!l->eight_bit && has_8bit(in, n))
		break_text(l, "8-bit octets that the server does not take");
	while (in < end && l->broken == NULL) {
		const char *stop = part_end(in, end);

		if (l->cr && *in != '\n')
			break_text(l, "a carriage return within a line");
		out = put_part(l, in, (size_t)(stop - in), out);
		if (stop == end)
			break;
		if (*stop == '\n')
			out = end_part(l, out);
		else
			l->cr = true;
		in = stop + 1;
	}
	return l->broken != NULL ? 0 : (size_t)(out - start);
}

/* A CR as the last byte of all counts as a line end, as in facts_end(). */
size_t lines_end(struct lines *l, char *out)
{
	const char *start = out;

	if (l->cr || l->line > 0)
		out = end_part(l, out);
	if (l->sent < l->bytes)
		break_text(l, "fewer octets than were announced");
	out = put_due(l, out);
	return l->broken != NULL ? 0 : (size_t)(out - start);
}
