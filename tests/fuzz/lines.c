/* Line ends and dots, facts, quoted-printable: the result does not depend on where the input was cut,
 * and what goes out is clean. */
#include "fuzz.h"

#include "mail/encode.h"
#include "mail/lines.h"

/* No bare CR or LF; with dots, no line that begins with a single one. */
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

static size_t convert(const char *in, size_t n, size_t cut, bool dots, char *out)
{
	struct lines l = { .dots = dots };
	size_t made = 0;

	for (size_t i = 0; i < n; i += cut)
		made += lines_feed(&l, in + i, n - i < cut ? n - i : cut, out + made);
	return made + lines_end(&l, out + made);
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
		facts_feed(&f, in + i, n - i < cut ? n - i : cut);
	facts_end(&f);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size > 0 ? data[0] % 7 + 1U : 1;
	const char *in = (const char *)data;
	char *one = malloc(size * QP_GROWTH + QP_SLACK), *two = malloc(size * QP_GROWTH + QP_SLACK);
	struct facts whole = count(in, size, size + 1), cuts = count(in, size, cut);

	MUST(one != NULL && two != NULL);
	for (int dots = 0; dots < 2; dots++) {
		size_t n = convert(in, size, size + 1, dots, one);

		MUST(n == convert(in, size, cut, dots, two) && memcmp(one, two, n) == 0);
		clean(one, n, dots);
		MUST(dots || whole.bare_cr || n == whole.bytes);
	}
	MUST(memcmp(&whole, &cuts, sizeof whole) == 0);
	MUST(encode(in, size, size + 1, one) == encode(in, size, cut, two));
	clean(one, encode(in, size, size + 1, one), true);
	free(one);
	free(two);
	return 0;
}
