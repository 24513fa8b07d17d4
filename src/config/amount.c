#include "config/amount.h"

#include "base/datetime.h"

enum { SECONDS_MAX = 366 * 24 * 3600 };

/* --------------------------------------------------------------------------------------- numbers */

static unsigned most_seconds(const struct key *k)
{
	return k->max != 0 ? (unsigned)k->max : SECONDS_MAX;
}

static bool fail_seconds(const struct key *k, const char *text, struct err *e)
{
	return fail(e, ST_CONFIG, FATE_PERM, "%s must be a time from %d to %u seconds%s, not `%s`", k->name, k->min,
		    most_seconds(k), k->min == 0 ? " (or with s, m, h, d), or off" : " (or with s, m, h, d)", text);
}

bool amount_parse_seconds(void *at, const struct key *k, const char *text, struct err *e)
{
	uint64_t n = 0;

	if ((k->min != 0 || !str_same(text, "off"))
	    && (!datetime_span(text, strlen(text), most_seconds(k), &n) || n < (uint64_t)k->min))
		return fail_seconds(k, text, e);
	*(unsigned *)at = (unsigned)n;
	return true;
}

bool amount_show_seconds(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	unsigned n = *(const unsigned *)at;

	(void)k;
	return n == 0 ? buf_str(to, "off", e) : datetime_put_span(to, n, e);
}

bool amount_parse_port(void *at, const struct key *k, const char *text, struct err *e)
{
	uint64_t n;

	if (!str_number(text, 1, 65535, &n))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be a number from 1 to 65535, not `%s`", k->name, text);
	*(unsigned *)at = (unsigned)n;
	return true;
}

bool amount_show_port(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)k;
	return buf_printf(to, e, "%u", *(const unsigned *)at);
}

bool amount_is_not_zero(const void *at)
{
	return *(const unsigned *)at != 0;
}

/* A number as MAIL has it: no plus sign, no leading zeros. */
static bool to_number(const struct key *k, const char *text, struct number *to)
{
	bool minus = text[0] == '-';
	uint64_t n;

	if (!str_number(text + minus, minus ? 1 : 0, 1000000, &n) || (text[minus] == '0' && text[minus + 1] != '\0'))
		return false;
	*to = (struct number){ true, minus ? -(int)n : (int)n };
	return to->n >= k->min && to->n <= k->max;
}

bool amount_parse_number(void *at, const struct key *k, const char *text, struct err *e)
{
	struct number made = { .given = false };

	if (!str_same(text, "off") && !to_number(k, text, &made))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be off or a number from %d to %d, not `%s`", k->name, k->min,
			    k->max, text);
	memcpy(at, &made, sizeof made);
	return true;
}

bool amount_show_number(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	const struct number *number = at;

	(void)k;
	return number->given ? buf_printf(to, e, "%d", number->n) : buf_str(to, "off", e);
}

bool amount_number_is_set(const void *at)
{
	return ((const struct number *)at)->given;
}

/* ------------------------------------------------------------------------------ dates and reports */

bool amount_parse_date(void *at, const struct key *k, const char *text, struct err *e)
{
	int64_t date = 0;

	if (!str_same(text, "off") && !datetime_parse(text, strlen(text), &date)) {
		fail(e, ST_CONFIG, FATE_PERM, "%s must be off or a date with time and zone, not `%s`", k->name, text);
		return err_hint(e, "write it like 2026-12-24T08:00Z or 2026-12-24T09:00+01:00");
	}
	*(int64_t *)at = date;
	return true;
}

bool amount_show_date(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	char utc[DATETIME_ROOM];

	(void)k;
	datetime_show(*(const int64_t *)at, utc);
	return buf_str(to, utc, e);
}

bool amount_date_is_set(const void *at)
{
	return *(const int64_t *)at != 0;
}

bool amount_parse_notify(void *at, const struct key *k, const char *text, struct err *e)
{
	unsigned made = 0;

	if (!str_same(text, "off") && !dsn_parse_notify(text, &made))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be off, never or a list of success, failure, delay, not `%s`",
			    k->name, text);
	*(unsigned *)at = made;
	return true;
}

bool amount_show_notify(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)k;
	return dsn_put_notify(to, *(const unsigned *)at, false, e);
}

bool amount_parse_by(void *at, const struct key *k, const char *text, struct err *e)
{
	struct deliver_by made = { .wanted = false };

	if (!str_same(text, "off") && !wishes_parse_by(text, &made)) {
		fail(e, ST_CONFIG, FATE_PERM, "%s must be off or TIME[,return|notify][,trace], not `%s`", k->name, text);
		return err_hint(e, "the time is from %d to %d seconds (or with s, m, h, d); it may be below 1 only with notify",
				-DELIVER_BY_MAX, DELIVER_BY_MAX);
	}
	*(struct deliver_by *)at = made;
	return true;
}

bool amount_show_by(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)k;
	return wishes_put_by(to, at, e);
}

bool amount_by_is_set(const void *at)
{
	return ((const struct deliver_by *)at)->wanted;
}

/* ------------------------------------------------------------------------------------- the queue */

static const char size_units[] = "KMG";

bool amount_parse_size(void *at, const struct key *k, const char *text, struct err *e)
{
	size_t len = strlen(text);
	const char *unit = len > 1 ? strchr(size_units, text[len - 1]) : NULL;
	unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - size_units + 1);
	uint64_t n = 0;

	if (!str_same(text, "off") && !str_number_n(text, len - (unit != NULL), 1, (uint64_t)1 << (60 - shift), &n))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be off or a number of bytes, such as 100M or 1G, not `%s`", k->name,
			    text);
	n <<= shift;
	memcpy(at, &n, sizeof n);
	return true;
}

bool amount_show_size(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	uint64_t n = *(const uint64_t *)at;
	unsigned u = 0;

	(void)k;
	if (n == 0)
		return buf_str(to, "off", e);
	for (; u < 3 && n % 1024 == 0; u++)
		n /= 1024;
	return buf_printf(to, e, "%llu", (unsigned long long)n) && (u == 0 || buf_char(to, size_units[u - 1], e));
}

/* "5m,4h" */
bool amount_parse_retry(void *at, const struct key *k, const char *text, struct err *e)
{
	enum { MOST = 30 * 24 * 3600 };
	const char *comma = strchr(text, ',');
	uint64_t first, longest;

	if (comma == NULL || !datetime_span(text, (size_t)(comma - text), MOST, &first)
	    || !datetime_span(comma + 1, strlen(comma + 1), MOST, &longest) || first == 0 || longest < first)
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be the first wait and the longest one, such as 5m,4h, not `%s`",
			    k->name, text);
	*(struct queue_retry *)at = (struct queue_retry){ (unsigned)first, (unsigned)longest };
	return true;
}

bool amount_show_retry(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	const struct queue_retry *r = at;

	(void)k;
	return datetime_put_span(to, r->first, e) && buf_char(to, ',', e) && datetime_put_span(to, r->longest, e);
}
