#include "smtp/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/printable.h"
#include "base/str.h"

void reply_begin(struct reply *r, enum stage stage)
{
	r->stage = stage;
	r->code = 0;
	r->esc = (struct esc){ 0 };
	r->lines = 0;
	r->cut = false;
	r->wire_len = r->len = r->last = 0;
	r->wire[0] = r->text[0] = '\0';
}

/* Reads 1 to 3 digits into *n.  Returns what follows; NULL: there are none. */
static const char *number(const char *p, uint16_t *n)
{
	const char *start = p;
	unsigned sum = 0;

	for (; str_isdigit(*p) && p - start < 3; p++)
		sum = sum * 10 + (unsigned)(*p - '0');
	*n = (uint16_t)sum;
	return p > start ? p : NULL;
}

/* "5.7.8 text": fills *c and returns the text.  If there is no enhanced code, or its class differs from the reply code's,
 * returns p. */
static const char *enhanced(const char *p, int code, struct esc *c)
{
	uint16_t subject, detail;
	const char *q = p;

	if (q[0] - '0' != code / 100 || q[1] != '.')
		return p;
	if ((q = number(q + 2, &subject)) == NULL || *q != '.')
		return p;
	if ((q = number(q + 1, &detail)) == NULL || (*q != ' ' && *q != '\n' && *q != '\0'))
		return p;
	*c = (struct esc){ (uint8_t)(code / 100), subject, detail };
	return *q == ' ' ? q + 1 : q;
}

static void keep(struct reply *r, const char *text, size_t n)
{
	size_t room = sizeof r->wire - r->wire_len - 1;

	if (r->lines > 1 && room > 0) {
		r->wire[r->wire_len++] = '\n';
		room--;
	}
	r->last = r->wire_len;
	r->cut |= n > room;
	if (n > room)
		n = room;
	memcpy(r->wire + r->wire_len, text, n);
	r->wire_len += n;
	r->wire[r->wire_len] = '\0';
	if (r->used < r->wire_len)
		r->used = r->wire_len;
}

/* A bad line is kept like the others, since an echo of a secret may have begun in the line before. */
static enum reply_more bad(struct reply *r, struct err *e, const char *line, size_t len, const char *what)
{
	fail(e, r->stage, FATE_NONSENSE, "%s", what);
	r->lines++;
	if (r->wire_len + 1 + len >= sizeof r->wire)
		r->wire_len = 0;
	if (str_starts(line, "334"))
		r->code = 334;
	keep(r, line, len);
	return REPLY_BAD;
}

enum reply_more reply_add(struct reply *r, const char *line, size_t len, struct err *e)
{
	const char *text;
	int code;

	if (len < 3 || line[0] < '2' || line[0] > '5' || !str_isdigit(line[1]) || !str_isdigit(line[2])
	    || (line[3] != ' ' && line[3] != '-' && line[3] != '\0'))
		return bad(r, e, line, len, "the server sent something that is not an SMTP reply");
	code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (r->lines > 0 && code != r->code)
		return bad(r, e, line, len, "the server changed its code within a reply");
	r->code = code;
	if (r->lines == REPLY_LINES_MAX)
		return bad(r, e, line, len, "the server's reply has too many lines");
	r->lines++;
	text = line[3] == '\0' ? line + 3 : line + 4;
	keep(r, text, len - (size_t)(text - line));
	return line[3] == '-' ? REPLY_CONTINUES : REPLY_DONE;
}

void reply_redact(struct reply *r, const struct redact *hidden)
{
	memcpy(r->text, r->wire, r->wire_len + 1);
	r->len = r->wire_len;
	if (r->code != 334) {
		redact(hidden, r->text, r->len, r->cut);
		return;
	}
	r->len = r->wire_len > 0 ? 3 : 0;
	r->last = 0;
	memcpy(r->text, "***", r->len);
	r->text[r->len] = '\0';
}

void reply_end(struct reply *r)
{
	const char *from = r->text;
	char *to = r->text;

	for (bool first = true; ; first = false) {
		struct esc esc = { 0 };
		const char *text = enhanced(from, r->code, &esc);
		size_t n = strcspn(text, "\n");

		if (first)
			r->esc = esc;
		memmove(to, text, n);
		to += n;
		from = text + n;
		if (*from == '\0')
			break;
		*to++ = *from++;
	}
	*to = '\0';
	r->len = (size_t)(to - r->text);
}

/* `text` is never longer than `wire` was, except for "***", which is no secret. */
void reply_copy(struct reply *to, const struct reply *from)
{
	to->code = from->code;
	to->esc = from->esc;
	to->lines = from->lines;
	to->len = from->len;
	memcpy(to->text, from->text, from->len);
	to->text[from->len] = '\0';
}

void reply_wipe(struct reply *r)
{
	explicit_bzero(r->wire, r->used);
	explicit_bzero(r->text, r->used);
	reply_begin(r, ST_CONNECT);
	r->used = 0;
}

void reply_quote(int code, struct esc esc, const char *text, char *to, size_t room)
{
	char esc_shown[ESC_TEXT];
	int n = snprintf(to, room, "%d %s%s", code, esc_text(esc, esc_shown), esc.class != 0 ? " " : "");

	if (n > 0 && (size_t)n < room)
		printable(to + n, room - (size_t)n, text, strlen(text), true);
}

bool reply_fail(const struct reply *r, enum stage stage, struct err *e, const char *fmt, ...)
{
	char sentence[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, ap);
	va_end(ap);
	fail(e, stage, r->code / 100 == 4 ? FATE_TEMP : FATE_PERM, "%s", sentence);
	e->code = r->code;
	e->esc = r->esc;
	reply_quote(r->code, r->esc, r->text, e->quote, sizeof e->quote);
	return false;
}
