#include "config/value.h"

#include <stdlib.h>

#include "base/home.h"
#include "config/amount.h"

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
	[KIND_SECONDS] = { "seconds", amount_parse_seconds, amount_show_seconds, always_set, .size = sizeof(unsigned) },
	[KIND_PORT] = { "port", amount_parse_port, amount_show_port, amount_is_not_zero, .size = sizeof(unsigned) },
	[KIND_NUMBER] = { "off|N", amount_parse_number, amount_show_number, amount_number_is_set, .size = sizeof(struct number) },
	[KIND_DATE] = { "off|DATE", amount_parse_date, amount_show_date, amount_date_is_set, .size = sizeof(int64_t) },
	[KIND_NOTIFY] = { "off|never|success,failure,delay", amount_parse_notify, amount_show_notify, amount_is_not_zero,
			  .size = sizeof(unsigned) },
	[KIND_SIZE] = { "off|BYTES", amount_parse_size, amount_show_size, always_set, .size = sizeof(uint64_t) },
	[KIND_RETRY] = { "FIRST,LONGEST", amount_parse_retry, amount_show_retry, always_set, .size = sizeof(struct queue_retry) },
	[KIND_DELIVER_BY] = { "off|TIME,return|TIME,notify", amount_parse_by, amount_show_by, amount_by_is_set,
			       .size = sizeof(struct deliver_by) },
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
