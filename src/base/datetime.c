#include "base/datetime.h"

#include <stdio.h>

#include "base/str.h"

enum { DAY_S = 24 * 3600 };

static const struct {
	char     letter;
	unsigned seconds;
} units[] = { /* the largest first */
	{ 'd', DAY_S },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

bool datetime_span(const char *text, size_t len, uint64_t max, uint64_t *seconds)
{
	unsigned unit = 1;
	uint64_t n;

	for (size_t i = 0; len > 0 && i < COUNT(units); i++)
		if (str_lower(text[len - 1]) == units[i].letter) {
			unit = units[i].seconds;
			len--;
			break;
		}
	if (!str_number_n(text, len, 0, max / unit, &n))
		return false;
	*seconds = n * unit;
	return true;
}

bool datetime_put_span(struct buf *to, uint64_t seconds, struct err *e)
{
	size_t i = 0;

	while (seconds % units[i].seconds != 0)
		i++;
	if (units[i].seconds == 1)
		return buf_printf(to, e, "%llu", (unsigned long long)seconds);
	return buf_printf(to, e, "%llu%c", (unsigned long long)(seconds / units[i].seconds), units[i].letter);
}

/* ---- dates -------------------------------------------------------------------------------------- */

/* Years are counted from March, so that a leap day is the last day of its year; 400 years have 146097 days. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static int64_t days_in(int64_t year, int64_t month)
{
	return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

/* A number of exactly `digits` digits, from min to max. */
static bool parse_number(const char **p, const char *end, size_t digits, uint64_t min, uint64_t max, int64_t *n)
{
	uint64_t value;

	if ((size_t)(end - *p) < digits || !str_number_n(*p, digits, min, max, &value))
		return false;
	*p += digits;
	*n = (int64_t)value;
	return true;
}

static bool skip_one_of(const char **p, const char *end, const char *set)
{
	bool found = *p < end && **p != '\0' && strchr(set, **p) != NULL;

	*p += found;
	return found;
}

static bool parse_day(const char **p, const char *end, int64_t *days)
{
	int64_t year, month, day;

	if (!parse_number(p, end, 4, 1970, 9999, &year) || !skip_one_of(p, end, "-") || !parse_number(p, end, 2, 1, 12, &month)
	    || !skip_one_of(p, end, "-") || !parse_number(p, end, 2, 1, 31, &day) || day > days_in(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

/* ":00", ":00.123", or nothing.  60 is a leap second, and counts as the second after it. */
static bool parse_second(const char **p, const char *end, int64_t *second)
{
	*second = 0;
	if (!skip_one_of(p, end, ":"))
		return true;
	if (!parse_number(p, end, 2, 0, 60, second) || (skip_one_of(p, end, ".") && (*p == end || !str_isdigit(**p))))
		return false;
	while (*p < end && str_isdigit(**p))
		++*p;
	return true;
}

static bool parse_time(const char **p, const char *end, int64_t *seconds)
{
	int64_t hour, minute, second;

	if (!parse_number(p, end, 2, 0, 23, &hour) || !skip_one_of(p, end, ":") || !parse_number(p, end, 2, 0, 59, &minute)
	    || !parse_second(p, end, &second))
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return true;
}

static bool parse_zone(const char **p, const char *end, int64_t *east)
{
	int64_t hours, minutes;
	bool west = *p < end && **p == '-';

	*east = 0;
	if (skip_one_of(p, end, "Zz"))
		return true;
	if (!skip_one_of(p, end, "+-") || !parse_number(p, end, 2, 0, 23, &hours) || !skip_one_of(p, end, ":")
	    || !parse_number(p, end, 2, 0, 59, &minutes))
		return false;
	*east = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

bool datetime_parse(const char *text, size_t len, int64_t *at)
{
	const char *p = text, *end = text + len;
	int64_t days, seconds, east;

	if (!parse_day(&p, end, &days) || !skip_one_of(&p, end, "Tt ") || !parse_time(&p, end, &seconds)
	    || !parse_zone(&p, end, &east) || p != end)
		return false;
	*at = days * DAY_S + seconds - east;
	return true;
}

void datetime_show(int64_t at, char to[DATETIME_ROOM])
{
	int64_t days = at / DAY_S - (at % DAY_S < 0), second = at - days * DAY_S;
	int64_t year = 1970 + days / 366 - (days < 0), month = 1; /* the loop goes up: never a later year than the right one */

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (days_of(year, month, 1) + days_in(year, month) <= days)
		month++;
	snprintf(to, DATETIME_ROOM, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
		 (int)(days - days_of(year, month, 1)) + 1, (int)(second / 3600), (int)(second / 60 % 60),
		 (int)(second % 60));
}
