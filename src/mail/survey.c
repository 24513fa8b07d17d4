#include "mail/survey.h"

#include "base/str.h"

static void end_line(struct facts *f)
{
	if (f->line > f->longest)
		f->longest = f->line;
	f->bytes += f->line + 2;
	f->line = 0;
}

/* A part of a line up to `end`, which is its LF (`whole`) or the end of the piece.  A CR is a part of the line end only if the
 * LF follows, perhaps in the next piece. */
static void add_part(struct facts *f, const char *p, const char *end, bool whole)
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

void survey_feed(struct facts *f, const char *p, size_t n)
{
	const char *end = p + n;

	f->eight_bit = f->eight_bit || str_has_8bit(p, n);
	f->nul = f->nul || memchr(p, '\0', n) != NULL;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		add_part(f, p, nl == NULL ? end : nl, nl != NULL);
		p = nl == NULL ? end : nl + 1;
	}
}

/* A CR as the last byte of all counts as a line end. */
void survey_end(struct facts *f)
{
	if (f->line > 0 || f->cr)
		end_line(f);
	f->cr = false;
}

bool facts_unfit(const struct facts *f)
{
	return f->bare_cr || f->nul || f->longest > SURVEY_LINE_MAX;
}
