#include "config/types.h"

#include <stdlib.h>

#include "base/datetime.h"
#include "base/home.h"

enum { SECONDS_MAX = 366 * 24 * 3600 };

static void *field(struct account *a, const struct key *k)
{
	return (char *)a + k->at;
}

static const void *field_of(const struct account *a, const struct key *k)
{
	return (const char *)a + k->at;
}

/* --------------------------------------------------------------------------------------- nothing */

static bool show_nothing(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)at, (void)k, (void)to, (void)e;
	return true;
}

static bool never_set(const void *at)
{
	(void)at;
	return false;
}

static bool always_set(const void *at)
{
	(void)at;
	return true;
}

/* ------------------------------------------------------------------------------------------ text */

static void clear_text(void *at)
{
	char **text = at;

	if (*text != NULL)
		explicit_bzero(*text, strlen(*text)); /* it may be a secret, or a command that contains one */
	free(*text);
	*text = NULL;
}

static bool set_text(char **at, const char *text, bool keep_empty, struct err *e)
{
	char *copy = NULL;

	if (text != NULL && (text[0] != '\0' || keep_empty) && (copy = str_dup(text, e)) == NULL)
		return false;
	clear_text(at);
	*at = copy;
	return true;
}

static bool parse_text(void *at, const struct key *k, const char *text, struct err *e)
{
	return set_text(at, text, k->empty, e);
}

static bool parse_path(void *at, const struct key *k, const char *text, struct err *e)
{
	char *whole = home_expand(text, e);
	bool ok = whole != NULL && parse_text(at, k, whole, e);

	free(whole);
	return ok;
}

static bool show_text(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	char *const *text = at;

	(void)k;
	return *text == NULL || buf_str(to, *text, e);
}

static bool copy_text(void *to, const void *from, struct err *e)
{
	char *const *text = from;

	return set_text(to, *text, true, e);
}

static bool text_is_set(const void *at)
{
	char *const *text = at;

	return *text != NULL;
}

/* ------------------------------------------------------------------------------------------ list */

static void clear_list(void *at)
{
	strlist_free(at);
}

/* The length of the item at p.  Within double quotes commas and blanks belong to it, since it may be an address. */
static size_t item_length(const char *p)
{
	bool quoted = false;
	size_t n = 0;

	for (; p[n] != '\0' && (quoted || (p[n] != ',' && !str_isblank(p[n]))); n++) {
		if (p[n] == '"')
			quoted = !quoted;
		else if (quoted && p[n] == '\\' && p[n + 1] != '\0')
			n++;
	}
	return n;
}

static bool parse_list(void *at, const struct key *k, const char *text, struct err *e)
{
	struct strlist made = { 0 };
	bool ok = true;

	(void)k;
	for (const char *p = text; ok && *p != '\0';) {
		size_t n = item_length(p);
		char *item = n == 0 ? NULL : strndup(p, n);

		if (n > 0) {
			ok = item != NULL ? strlist_add(&made, item, e) : fail_memory(e);
			free(item);
		}
		p += n > 0 ? n : 1;
	}
	if (!ok) {
		strlist_free(&made);
		return false;
	}
	clear_list(at);
	*(struct strlist *)at = made;
	return true;
}

static bool show_list(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	const struct strlist *l = at;

	(void)k;
	for (size_t i = 0; i < l->n; i++)
		if (!buf_str(to, i > 0 ? ", " : "", e) || !buf_str(to, l->items[i], e))
			return false;
	return true;
}

static bool copy_list(void *to, const void *from, struct err *e)
{
	struct strlist made = { 0 };

	if (!strlist_copy(&made, from, e)) {
		strlist_free(&made);
		return false;
	}
	clear_list(to);
	*(struct strlist *)to = made;
	return true;
}

static bool list_is_set(const void *at)
{
	const struct strlist *l = at;

	return l->n > 0;
}

/* ----------------------------------------------------------------------------------------- words */

static bool find_word(const struct key *k, const char *text, unsigned *value, struct err *e)
{
	struct buf form = buf_max(ST_CONFIG, 200, "the words");
	struct err ignored;

	for (const struct word *w = k->words; w->word != NULL; w++)
		if (str_same(text, w->word)) {
			*value = w->value;
			return true;
		}
	fail(e, ST_CONFIG, FATE_PERM, "%s must be %s, not `%s`", k->name,
	     value_form(k, &form, &ignored) ? buf_text(&form) : "one of its words", text);
	buf_free(&form);
	return false;
}

static bool show_word(const struct key *k, unsigned value, struct buf *to, struct err *e)
{
	const struct word *w = k->words;

	while (w->word != NULL && w->value != value)
		w++;
	return w->word == NULL || buf_str(to, w->word, e);
}

static bool parse_flag(void *at, const struct key *k, const char *text, struct err *e)
{
	unsigned value;

	if (!find_word(k, text, &value, e))
		return false;
	*(bool *)at = value != 0;
	return true;
}

static bool show_flag(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	return show_word(k, *(const bool *)at, to, e);
}

/* Every enum in struct account is an unsigned int, since gcc and clang choose this type if no value is negative. */
_Static_assert(sizeof(enum set_from) == sizeof(unsigned) && sizeof(enum ip_version) == sizeof(unsigned)
		   && sizeof(enum log_format) == sizeof(unsigned), "enums are read and written as unsigned");

static bool parse_enum(void *at, const struct key *k, const char *text, struct err *e)
{
	unsigned value;

	if (!find_word(k, text, &value, e))
		return false;
	memcpy(at, &value, sizeof value);
	return true;
}

static bool show_enum(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	unsigned value;

	memcpy(&value, at, sizeof value);
	return show_word(k, value, to, e);
}

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

static bool parse_seconds(void *at, const struct key *k, const char *text, struct err *e)
{
	uint64_t n = 0;

	if ((k->min != 0 || !str_same(text, "off"))
	    && (!datetime_span(text, strlen(text), most_seconds(k), &n) || n < (uint64_t)k->min))
		return fail_seconds(k, text, e);
	*(unsigned *)at = (unsigned)n;
	return true;
}

static bool show_seconds(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	unsigned n = *(const unsigned *)at;

	(void)k;
	return n == 0 ? buf_str(to, "off", e) : datetime_put_span(to, n, e);
}

static bool parse_port(void *at, const struct key *k, const char *text, struct err *e)
{
	uint64_t n;

	if (!str_number(text, 1, 65535, &n))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be a number from 1 to 65535, not `%s`", k->name, text);
	*(unsigned *)at = (unsigned)n;
	return true;
}

static bool show_port(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)k;
	return buf_printf(to, e, "%u", *(const unsigned *)at);
}

static bool is_not_zero(const void *at)
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

static bool parse_number(void *at, const struct key *k, const char *text, struct err *e)
{
	struct number made = { .given = false };

	if (!str_same(text, "off") && !to_number(k, text, &made))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be off or a number from %d to %d, not `%s`", k->name, k->min,
			    k->max, text);
	memcpy(at, &made, sizeof made);
	return true;
}

static bool show_number(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	const struct number *number = at;

	(void)k;
	return number->given ? buf_printf(to, e, "%d", number->n) : buf_str(to, "off", e);
}

static bool number_is_set(const void *at)
{
	return ((const struct number *)at)->given;
}

/* ------------------------------------------------------------------------------ dates and reports */

static bool parse_date(void *at, const struct key *k, const char *text, struct err *e)
{
	int64_t date = 0;

	if (!str_same(text, "off") && !datetime_parse(text, strlen(text), &date)) {
		fail(e, ST_CONFIG, FATE_PERM, "%s must be off or a date with time and zone, not `%s`", k->name, text);
		return err_hint(e, "write it like 2026-12-24T08:00Z or 2026-12-24T09:00+01:00");
	}
	*(int64_t *)at = date;
	return true;
}

static bool show_date(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	char utc[DATETIME_ROOM];

	(void)k;
	datetime_show(*(const int64_t *)at, utc);
	return buf_str(to, utc, e);
}

static bool date_is_set(const void *at)
{
	return *(const int64_t *)at != 0;
}

static bool parse_notify(void *at, const struct key *k, const char *text, struct err *e)
{
	unsigned made = 0;

	if (!str_same(text, "off") && !dsn_parse_notify(text, &made))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be off, never or a list of success, failure, delay, not `%s`",
			    k->name, text);
	*(unsigned *)at = made;
	return true;
}

static bool show_notify(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)k;
	return dsn_put_notify(to, *(const unsigned *)at, false, e);
}

static bool parse_by(void *at, const struct key *k, const char *text, struct err *e)
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

static bool show_by(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)k;
	return wishes_put_by(to, at, e);
}

static bool by_is_set(const void *at)
{
	return ((const struct deliver_by *)at)->wanted;
}

/* ------------------------------------------------------------------------------------- the queue */

static const char size_units[] = "KMG";

static bool parse_size(void *at, const struct key *k, const char *text, struct err *e)
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

static bool show_size(const void *at, const struct key *k, struct buf *to, struct err *e)
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
static bool parse_retry(void *at, const struct key *k, const char *text, struct err *e)
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

static bool show_retry(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	const struct queue_retry *r = at;

	(void)k;
	return datetime_put_span(to, r->first, e) && buf_char(to, ',', e) && datetime_put_span(to, r->longest, e);
}

/* ----------------------------------------------------------------------------------------- kinds */

static const struct {
	const char *form;
	bool (*parse)(void *at, const struct key *k, const char *text, struct err *e);
	bool (*show)(const void *at, const struct key *k, struct buf *to, struct err *e);
	bool (*is_set)(const void *at);
	size_t size; /* of a field without pointers: its bytes are copied, and cleared with zeros; 0: these two do it */
	bool (*copy)(void *to, const void *from, struct err *e);
	void (*clear)(void *at);
} kinds[] = {
	[KIND_URL] = { .form = "text", .is_set = never_set },
	[KIND_TEXT] = { "text", parse_text, show_text, text_is_set, .copy = copy_text, .clear = clear_text },
	[KIND_PATH] = { "path", parse_path, show_text, text_is_set, .copy = copy_text, .clear = clear_text },
	[KIND_SECRET] = { "secret", parse_text, show_nothing, text_is_set, .copy = copy_text, .clear = clear_text },
	[KIND_LIST] = { "list", parse_list, show_list, list_is_set, .copy = copy_list, .clear = clear_list },
	[KIND_FLAG] = { "word", parse_flag, show_flag, always_set, .size = sizeof(bool) },
	[KIND_WORD] = { "word", parse_enum, show_enum, always_set, .size = sizeof(unsigned) },
	[KIND_SECONDS] = { "seconds", parse_seconds, show_seconds, always_set, .size = sizeof(unsigned) },
	[KIND_PORT] = { "port", parse_port, show_port, is_not_zero, .size = sizeof(unsigned) },
	[KIND_NUMBER] = { "off|N", parse_number, show_number, number_is_set, .size = sizeof(struct number) },
	[KIND_DATE] = { "off|DATE", parse_date, show_date, date_is_set, .size = sizeof(int64_t) },
	[KIND_NOTIFY] = { "off|never|success,failure,delay", parse_notify, show_notify, is_not_zero, .size = sizeof(unsigned) },
	[KIND_SIZE] = { "off|BYTES", parse_size, show_size, always_set, .size = sizeof(uint64_t) },
	[KIND_RETRY] = { "FIRST,LONGEST", parse_retry, show_retry, always_set, .size = sizeof(struct queue_retry) },
	[KIND_DELIVER_BY] = { "off|TIME,return|TIME,notify", parse_by, show_by, by_is_set, .size = sizeof(struct deliver_by) },
};
_Static_assert(COUNT(kinds) == KIND_COUNT, "every kind has a row");

bool value_parse(struct account *a, const struct key *k, const char *text, struct err *e)
{
	if (k->bare && text[0] == '\0')
		text = "on";
	return k->parse != NULL ? k->parse(a, k, text, e) : kinds[k->kind].parse(field(a, k), k, text, e);
}

bool value_set_text(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return set_text(field(a, k), text, k->empty, e);
}

bool value_set_list(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return parse_list(field(a, k), k, text, e);
}

struct strlist *value_list(struct account *a, const struct key *k)
{
	return field(a, k);
}

bool value_is_set(const struct account *a, const struct key *k)
{
	return kinds[k->kind].is_set(field_of(a, k));
}

bool value_show(const struct account *a, const struct key *k, struct buf *to, struct err *e)
{
	return kinds[k->kind].show(field_of(a, k), k, to, e);
}

bool value_copy(struct account *to, const struct account *from, const struct key *k, struct err *e)
{
	if (kinds[k->kind].copy != NULL)
		return kinds[k->kind].copy(field(to, k), field_of(from, k), e);
	memcpy(field(to, k), field_of(from, k), kinds[k->kind].size);
	return true;
}

void value_clear(struct account *a, const struct key *k)
{
	if (kinds[k->kind].clear != NULL)
		kinds[k->kind].clear(field(a, k));
	else
		memset(field(a, k), 0, kinds[k->kind].size);
}

bool value_form(const struct key *k, struct buf *to, struct err *e)
{
	unsigned seen = 0; /* a bit for each value; further words for the same value are not shown */
	bool ok = true;

	if (k->form != NULL || k->words == NULL)
		return buf_str(to, k->form != NULL ? k->form : kinds[k->kind].form, e);
	for (const struct word *w = k->words; ok && w->word != NULL; w++) {
		if ((seen & 1U << w->value) == 0)
			ok = buf_printf(to, e, "%s%s", seen != 0 ? "|" : "", w->word);
		seen |= 1U << w->value;
	}
	return ok;
}
