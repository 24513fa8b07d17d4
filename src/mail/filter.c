#include "mail/filter.h"

#include "base/str.h"
#include "mail/survey.h"

static void break_text(struct filter *f, const char *why)
{
	if (f->broken == NULL)
		f->broken = why;
}

static char *put_due(struct filter *f, char *out)
{
	if (f->due) {
		*out++ = '\r';
		*out++ = '\n';
		f->due = false;
	}
	return out;
}

/* A part of a line without its end; a dot at its start is doubled (RFC 5321 4.5.2). */
static char *put_part(struct filter *f, const char *p, size_t n, char *out)
{
	if (n == 0)
		return out;
	if (f->line + n > SURVEY_LINE_MAX)
		break_text(f, "a line of more than 998 octets");
	if (f->sent + n + 2 > f->bytes)
		break_text(f, "more octets than were announced");
	out = put_due(f, out);
	if (f->dots && f->line == 0 && *p == '.')
		*out++ = '.';
	memcpy(out, p, n);
	f->line += n;
	f->sent += n;
	return out + n;
}

static char *end_part(struct filter *f, char *out)
{
	out = put_due(f, out);
	f->due = true;
	f->cr = false;
	f->line = 0;
	f->sent += 2;
	if (f->sent > f->bytes)
		break_text(f, "more octets than were announced");
	return out;
}

/* The next CR or LF, or `end`.  A CR is not written before the octet after it is known. */
static const char *part_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	const char *cr = memchr(p, '\r', (size_t)((nl == NULL ? end : nl) - p));

	return cr != NULL ? cr : nl != NULL ? nl : end;
}

size_t filter_feed(struct filter *f, const char *in, size_t n, char *out)
{
	const char *end = in + n, *start = out;

	if (memchr(in, '\0', n) != NULL)
		break_text(f, "a NUL");
	if (!f->eight_bit && str_has_8bit(in, n))
		break_text(f, "8-bit octets that the server does not take");
	while (in < end && f->broken == NULL) {
		const char *stop = part_end(in, end);

		if (f->cr && *in != '\n')
			break_text(f, "a carriage return within a line");
		out = put_part(f, in, (size_t)(stop - in), out);
		if (stop == end)
			break;
		if (*stop == '\n')
			out = end_part(f, out);
		else
			f->cr = true;
		in = stop + 1;
	}
	return f->broken != NULL ? 0 : (size_t)(out - start);
}

/* A CR as the last byte of all counts as a line end, as in survey_end(). */
size_t filter_end(struct filter *f, char *out)
{
	const char *start = out;

	if (f->cr || f->line > 0)
		out = end_part(f, out);
	if (f->sent < f->bytes)
		break_text(f, "fewer octets than were announced");
	out = put_due(f, out);
	return f->broken != NULL ? 0 : (size_t)(out - start);
}
