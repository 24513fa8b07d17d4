#include "mail/header.h"

#include "base/str.h"

/* ---- fields ------------------------------------------------------------------------------------- */

static bool is_ftext(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}

bool header_starts_field(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && is_ftext(line[i]))
		i++;
	if (i == 0)
		return false;
	while (i < len && str_isblank(line[i]))
		i++;
	return i < len && line[i] == ':';
}

size_t header_line(const char *p, size_t left)
{
	const char *nl = memchr(p, '\n', left);

	return nl == NULL ? left : (size_t)(nl + 1 - p);
}

size_t header_line_end(const char *p, size_t n)
{
	return n == 0 || p[n - 1] != '\n' ? 0 : 1 + (n > 1 && p[n - 2] == '\r');
}

bool header_next(const char *head, size_t len, size_t *at, struct field *f)
{
	const char *p = head + *at, *colon;
	size_t n;

	if (*at >= len)
		return false;
	n = header_line(p, len - *at);
	if (!header_starts_field(p, n))
		return false;
	while (*at + n < len && str_isblank(p[n])) /* folded */
		n += header_line(p + n, len - *at - n);
	colon = memchr(p, ':', n);
	*f = (struct field){ .raw = p, .raw_len = n, .name = p, .name_len = (size_t)(colon - p) };
	while (str_isblank(p[f->name_len - 1]))
		f->name_len--;
	f->body = colon + 1;
	f->body_len = n - (size_t)(colon + 1 - p);
	*at += n;
	return true;
}

bool header_is(const struct field *f, const char *name)
{
	return str_same_n(f->name, f->name_len, name);
}

/* ---- date --------------------------------------------------------------------------------------- */

bool header_date(struct buf *to, time_t when, struct err *e)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;
	long zone;

	if (localtime_r(&when, &tm) == NULL)
		return fail(e, ST_INTERNAL, FATE_TEMP, "the time of this machine's clock is no valid date");
	zone = tm.tm_gmtoff / 60;
	return buf_printf(to, e, "%.3s, %d %.3s %d %02d:%02d:%02d %c%02ld%02ld", days + 3 * tm.tm_wday, tm.tm_mday,
			  months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
			  zone < 0 ? '-' : '+', (zone < 0 ? -zone : zone) / 60, (zone < 0 ? -zone : zone) % 60);
}

/* ---- MIME fields -------------------------------------------------------------------------------- */

/* Returns the offset after blanks, folding and comments. */
static size_t skip_cfws(const char *p, size_t len, size_t i)
{
	size_t depth = 0;

	for (; i < len; i++) {
		if (depth > 0 && p[i] == '\\' && i + 1 < len)
			i++;
		else if (p[i] == '(')
			depth++;
		else if (p[i] == ')' && depth > 0)
			depth--;
		else if (depth == 0 && p[i] != ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != '\n')
			break;
	}
	return i;
}

static bool is_token(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"[]?=", c) == NULL;
}

bool header_token(const char *body, size_t len, char *to, size_t room)
{
	size_t i = skip_cfws(body, len, 0), n = 0;

	for (; i < len && is_token(body[i]); i++) {
		if (n + 1 >= room)
			return false;
		to[n++] = str_lower(body[i]);
	}
	to[n] = '\0';
	return n > 0;
}

/* Some programs write a boundary that has '=' or '?' without the quotes that it must have. */
static bool is_bare_value(char c)
{
	return is_token(c) || (c != '\0' && strchr("@,:/[]?=", c) != NULL);
}

/* Reads a token or a quoted string at *i into `to`; then *i is the offset after it. */
static bool parse_value(const char *p, size_t len, size_t *i, char *to, size_t room)
{
	bool quoted = *i < len && p[*i] == '"', fits = true;
	size_t n = 0;

	*i += quoted;
	for (; *i < len && (quoted ? p[*i] != '"' : is_bare_value(p[*i])); (*i)++) {
		if (quoted && p[*i] == '\\' && *i + 1 < len)
			(*i)++;
		fits = fits && n + 1 < room;
		if (fits)
			to[n++] = p[*i];
	}
	*i += quoted && *i < len;
	to[n] = '\0';
	return fits;
}

bool header_parameter(const char *body, size_t len, const char *name, char *to, size_t room)
{
	size_t i = skip_cfws(body, len, 0);

	while (i < len && body[i] != ';') /* not at a ';' in a comment */
		i = skip_cfws(body, len, i + 1);
	while (i < len && body[i] == ';') {
		size_t start = skip_cfws(body, len, i + 1), n;
		char unwanted[256];
		bool ours;

		for (n = start; n < len && is_token(body[n]); n++)
			;
		ours = str_same_n(body + start, n - start, name);
		i = skip_cfws(body, len, n);
		if (i >= len || body[i] != '=')
			return false;
		i = skip_cfws(body, len, i + 1);
		if (ours)
			return parse_value(body, len, &i, to, room);
		(void)parse_value(body, len, &i, unwanted, sizeof unwanted);
		i = skip_cfws(body, len, i);
	}
	return false;
}
