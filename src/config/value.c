#include "config/value.h"

#include <stdlib.h>

#include "base/home.h"
#include "base/datetime.h"

enum { SECONDS_MAX = 366 * 24 * 3600 };

static void *field(struct account *a, const struct key *k)
{
	return (char *)a + k->at;
}

static const void *field_of(const struct account *a, const struct key *k)
{
	return (const char *)a + k->at;
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

static bool read_text(void *at, const struct key *k, const char *text, struct err *e)
{
	return set_text(at, text, k->empty, e);
}

static bool read_path(void *at, const struct key *k, const char *text, struct err *e)
{
	char *whole = home_expand(text, e);
	bool ok = whole != NULL && read_text(at, k, whole, e);

	free(whole);
	return ok;
}

static bool show_text(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	char *const *text = at;

	(void)k;
	return *text == NULL || buf_str(to, *text, e);
}

static bool show_nothing(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	(void)at, (void)k, (void)to, (void)e;
	return true;
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

static bool read_list(void *at, const struct key *k, const char *text, struct err *e)
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

static bool read_flag(void *at, const struct key *k, const char *text, struct err *e)
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

static bool copy_flag(void *to, const void *from, struct err *e)
{
	(void)e;
	*(bool *)to = *(const bool *)from;
	return true;
}

/* Every enum in struct account is an unsigned int, since gcc and clang choose this type if no value is negative. */
_Static_assert(sizeof(enum set_from) == sizeof(unsigned) && sizeof(enum ip_version) == sizeof(unsigned)
		   && sizeof(enum log_format) == sizeof(unsigned), "enums are read and written as unsigned");

static bool read_enum(void *at, const struct key *k, const char *text, struct err *e)
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

static bool copy_number(void *to, const void *from, struct err *e)
{
	(void)e;
	memcpy(to, from, sizeof(unsigned));
	return true;
}

static bool always_set(const void *at)
{
	(void)at;
	return true;
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

static bool read_seconds(void *at, const struct key *k, const char *text, struct err *e)
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

static bool read_port(void *at, const struct key *k, const char *text, struct err *e)
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

static bool port_is_set(const void *at)
{
	return *(const unsigned *)at != 0;
}

static void clear_number(void *at)
{
	(void)at;
}

/* A number as MAIL has it: no plus sign, no leading zeros. */
static bool parse_number(const struct key *k, const char *text, struct number *to)
{
	bool minus = text[0] == '-';
	uint64_t n;

	if (!str_number(text + minus, minus ? 1 : 0, 1000000, &n) || (text[minus] == '0' && text[minus + 1] != '\0'))
		return false;
	*to = (struct number){ true, minus ? -(int)n : (int)n };
	return to->n >= k->min && to->n <= k->max;
}

static bool read_number(void *at, const struct key *k, const char *text, struct err *e)
{
	struct number made = { .given = false };

	if (!str_same(text, "off") && !parse_number(k, text, &made))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be off or a number from %d to %d, not `%s`", k->name, k->min, k->max,
			    text);
	memcpy(at, &made, sizeof made);
	return true;
}

static bool show_number(const void *at, const struct key *k, struct buf *to, struct err *e)
{
	const struct number *number = at;

	(void)k;
	return number->given ? buf_printf(to, e, "%d", number->n) : buf_str(to, "off", e);
}

static bool copy_struct(void *to, const void *from, struct err *e)
{
	(void)e;
	memcpy(to, from, sizeof(struct number));
	return true;
}

static bool number_is_set(const void *at)
{
	return ((const struct number *)at)->given;
}

/* ----------------------------------------------------------------------------------------- kinds */

static bool read_none(void *at, const struct key *k, const char *text, struct err *e)
{
	(void)at, (void)k, (void)text, (void)e;
	return true;
}

static bool copy_none(void *to, const void *from, struct err *e)
{
	(void)to, (void)from, (void)e;
	return true;
}

static bool never_set(const void *at)
{
	(void)at;
	return false;
}

static const struct {
	const char *form;
	bool (*read)(void *at, const struct key *k, const char *text, struct err *e);
	bool (*show)(const void *at, const struct key *k, struct buf *to, struct err *e);
	bool (*copy)(void *to, const void *from, struct err *e);
	bool (*is_set)(const void *at);
	void (*clear)(void *at);
} kinds[] = {
	[KIND_NONE]    = { "",        read_none,    show_nothing,  copy_none,   never_set,   clear_number },
	[KIND_URL]     = { "text",    read_none,    show_nothing,  copy_none,   never_set,   clear_number },
	[KIND_TEXT]    = { "text",    read_text,    show_text,    copy_text,   text_is_set, clear_text },
	[KIND_PATH]    = { "path",    read_path,    show_text,    copy_text,   text_is_set, clear_text },
	[KIND_SECRET]  = { "secret",  read_text,    show_nothing,  copy_text,   text_is_set, clear_text },
	[KIND_LIST]    = { "list",    read_list,    show_list,    copy_list,   list_is_set, clear_list },
	[KIND_FLAG]    = { "word",    read_flag,    show_flag,    copy_flag,   always_set,  clear_number },
	[KIND_WORD]    = { "word",    read_enum,    show_enum,    copy_number, always_set,  clear_number },
	[KIND_SECONDS] = { "seconds", read_seconds, show_seconds, copy_number, always_set,  clear_number },
	[KIND_PORT]    = { "port",    read_port,    show_port,    copy_number, port_is_set, clear_number },
	[KIND_NUMBER]  = { "number",  read_number,  show_number,  copy_struct, number_is_set, clear_number },
	[KIND_PLAIN]   = { "text",    read_none,    show_nothing, copy_none,   never_set,   clear_number }, /* see value_copy() */
};
_Static_assert(COUNT(kinds) == KIND_COUNT, "every kind has a row");

bool value_read(struct account *a, const struct key *k, const char *text, struct err *e)
{
	if (k->bare && text[0] == '\0')
		text = "on";
	return k->take != NULL ? k->take(a, k, text, e) : kinds[k->kind].read(field(a, k), k, text, e);
}

bool value_text(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return set_text(field(a, k), text, k->empty, e);
}

bool value_list(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return read_list(field(a, k), k, text, e);
}

struct strlist *value_list_of(struct account *a, const struct key *k)
{
	return field(a, k);
}

static bool is_zeroed(const char *p, size_t n)
{
	while (n > 0 && p[n - 1] == '\0')
		n--;
	return n == 0;
}

bool value_is_set(const struct account *a, const struct key *k)
{
	if (k->kind == KIND_PLAIN)
		return !is_zeroed(field_of(a, k), k->size);
	return kinds[k->kind].is_set(field_of(a, k));
}

bool value_show(const struct account *a, const struct key *k, struct buf *to, struct err *e)
{
	if (k->show != NULL)
		return k->show(a, to, e);
	return kinds[k->kind].show(field_of(a, k), k, to, e);
}

bool value_copy(struct account *to, const struct account *from, const struct key *k, struct err *e)
{
	if (k->kind == KIND_PLAIN)
		memcpy(field(to, k), field_of(from, k), k->size);
	return kinds[k->kind].copy(field(to, k), field_of(from, k), e);
}

void value_clear(struct account *a, const struct key *k)
{
	kinds[k->kind].clear(field(a, k));
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
