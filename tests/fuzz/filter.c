/* Line ends and dots, facts, quoted-printable: the result does not depend on where the input was cut, and it has valid line
 * ends and dots. */
#include "fuzz.h"

#include "mime/encode.h"
#include "mail/filter.h"
#include "mail/survey.h"

/* There is no bare CR or LF.  If dots are doubled, no line begins with a single dot. */
static void clean(const char *out, size_t n, bool dots)
{
	bool start = true;

	for (size_t i = 0; i < n; i++) {
		MUST(out[i] != '\r' || (i + 1 < n && out[i + 1] == '\n'));
		MUST(out[i] != '\n' || (i > 0 && out[i - 1] == '\r'));
		MUST(!dots || !start || out[i] != '.' || (i + 1 < n && out[i + 1] == '.'));
		start = out[i] == '\n';
		if (start)
			continue;
		if (dots && out[i] == '.' && (i == 0 || out[i - 1] == '\n'))
			i++; /* the dot that was doubled */
	}
	MUST(n == 0 || out[n - 1] == '\n');
}

/* *whole: the filter did not stop the text. */
static size_t convert(const char *in, size_t n, size_t cut, struct filter way, char *out, bool *whole)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i += cut)
		made += filter_feed(&way, in + i, n - i < cut ? n - i : cut, out + made);
	made += filter_end(&way, out + made);
	*whole = way.broken == NULL;
	return made;
}

/* A text that differs from what was announced is stopped before its last line end. */
static void unfinished(const char *out, size_t n, const struct filter *way)
{
	MUST(n == 0 || way->dots || n + 2 <= way->bytes);
	for (size_t i = 0; i < n; i++)
		MUST(out[i] != '\0' && (way->eight_bit || (unsigned char)out[i] < 0x80));
}

static void filter(const char *in, size_t n, size_t cut, const struct facts *f, struct filter way, char *one, char *two)
{
	bool fits = !facts_unfit(f) && (way.eight_bit || !f->eight_bit) && way.bytes == f->bytes, first, second;
	size_t made = convert(in, n, n + 1, way, one, &first), again = convert(in, n, cut, way, two, &second);

	MUST(first == fits && second == fits);
	if (!fits) {
		unfinished(one, made, &way);
		unfinished(two, again, &way);
		return;
	}
	MUST(made == again && memcmp(one, two, made) == 0);
	clean(one, made, way.dots);
	MUST(way.dots || made == f->bytes);
}

static size_t encode(const char *in, size_t n, size_t cut, char *out)
{
	struct qp q = { 0 };
	size_t made = 0;

	for (size_t i = 0; i < n; i += cut)
		made += qp_feed(&q, in + i, n - i < cut ? n - i : cut, out + made);
	return made + qp_end(&q, out + made);
}

static struct facts count(const char *in, size_t n, size_t cut)
{
	struct facts f = { 0 };

	for (size_t i = 0; i < n; i += cut)
		survey_feed(&f, in + i, n - i < cut ? n - i : cut);
	survey_end(&f);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size > 0 ? data[0] % 7 + 1U : 1;
	const char *in = (const char *)data;
	char *one = malloc(size * QP_GROWTH + QP_SLACK), *two = malloc(size * QP_GROWTH + QP_SLACK);
	struct facts whole = count(in, size, size + 1), cuts = count(in, size, cut);

	MUST(one != NULL && two != NULL);
	for (unsigned how = 0; how < 8; how++) {
		struct filter way = { .dots = how & 1, .eight_bit = how & 2, .bytes = whole.bytes };

		way.bytes = (how & 4) == 0 ? whole.bytes : size > 1 ? data[1] : 0;
		filter(in, size, cut, &whole, way, one, two);
	}
	MUST(memcmp(&whole, &cuts, sizeof whole) == 0);
	MUST(encode(in, size, size + 1, one) == encode(in, size, cut, two));
	clean(one, encode(in, size, size + 1, one), true);
	free(one);
	free(two);
	return 0;
}
