#include "queue/record.h"

#include <stdio.h>

#include "base/crc.h"
#include "base/printable.h"

/* Puts the checksum in front of the record that begins at `from`, and the line end behind it. */
static bool finish(struct buf *to, size_t from, struct err *e)
{
	char crc[12];

	snprintf(crc, sizeof crc, "%08x ", crc_add(0, to->bytes + from, to->len - from));
	return buf_splice(to, from, 0, crc, 9, e) && buf_char(to, '\n', e);
}

static bool has_it(const struct rcpt *r) { return r->state == RCPT_DONE && !r->past; }
static bool is_relayed(const struct rcpt *r) { return r->relayed && has_it(r); }

/* " done 0-17,20": the recipients that are so. */
static bool put_those(struct buf *to, const char *word, const struct envelope *v, bool (*are)(const struct rcpt *r),
		      struct err *e)
{
	bool ok = true, first = true;

	for (size_t i = 0, n; ok && v != NULL && i < v->n; i += n + 1) {
		for (n = 0; i + n < v->n && are(&v->rcpts[i + n]); n++)
			;
		if (n == 0)
			continue;
		ok = (first ? buf_printf(to, e, " %s ", word) : buf_char(to, ',', e)) && buf_printf(to, e, "%zu", i)
		  && (n == 1 || buf_printf(to, e, "-%zu", i + n - 1));
		first = false;
	}
	return ok;
}

static bool put_done(struct buf *to, const struct envelope *v, struct err *e)
{
	return put_those(to, "done", v, has_it, e) && put_those(to, "relayed", v, is_relayed, e);
}

static bool put_how(struct buf *to, const char *word, const struct envelope *v, int64_t at, int64_t due, const char *how,
		    struct err *e)
{
	size_t from = to->len;
	char shown[400];

	printable(shown, sizeof shown, how, strlen(how), false);
	return buf_printf(to, e, "%s %lld %lld", word, (long long)at, (long long)due) && put_done(to, v, e)
	    && put_those(to, "lost", v, rcpt_is_lost, e) && buf_printf(to, e, " : %s", shown) && finish(to, from, e);
}

bool record_put_try(struct buf *to, const struct envelope *v, int64_t at, int64_t due, const char *how, struct err *e)
{
	return put_how(to, "try", v, at, due, how, e);
}

bool record_put_wait(struct buf *to, int64_t at, int64_t due, const char *how, struct err *e)
{
	return put_how(to, "wait", NULL, at, due, how, e);
}

bool record_put_sent(struct buf *to, const struct envelope *v, int64_t at, struct err *e)
{
	size_t from = to->len;

	return buf_printf(to, e, "sent %lld", (long long)at) && put_done(to, v, e) && finish(to, from, e);
}

bool record_put_told(struct buf *to, bool delay, int64_t at, struct err *e)
{
	size_t from = to->len;

	return buf_printf(to, e, "told %lld %s", (long long)at, delay ? "delayed" : "relayed") && finish(to, from, e);
}

void record_is_durable(struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		v->rcpts[i].past |= v->rcpts[i].state == RCPT_DONE;
}

static bool put_deed(struct buf *to, const char *word, int64_t at, struct err *e)
{
	size_t from = to->len;

	return buf_printf(to, e, "%s %lld", word, (long long)at) && finish(to, from, e);
}

bool record_put_alone(struct buf *to, int64_t at, struct err *e) { return put_deed(to, "alone", at, e); }
bool record_put_hold(struct buf *to, int64_t at, struct err *e) { return put_deed(to, "hold", at, e); }
bool record_put_release(struct buf *to, int64_t at, struct err *e) { return put_deed(to, "release", at, e); }

/* A word of a record: from *at to the next blank or the end. */
static char *next_word(char **at)
{
	char *word = *at;

	if (word == NULL || word[0] == '\0')
		return NULL;
	*at = strchr(word, ' ');
	if (*at != NULL)
		*(*at)++ = '\0';
	return word;
}

static bool next_time(char **at, int64_t *t)
{
	const char *word = next_word(at);
	uint64_t n;

	if (word == NULL || !str_number(word, 0, INT64_MAX / 2, &n))
		return false;
	*t = (int64_t)n;
	return true;
}

static void mark_done(struct entry *x, struct rcpt *r)
{
	(void)x;
	r->state = RCPT_DONE;
	r->past = true;
}

static void mark_lost(struct entry *x, struct rcpt *r)
{
	x->lost += r->state == RCPT_OPEN;
	mark_done(x, r);
}

static void mark_relayed(struct entry *x, struct rcpt *r)
{
	(void)x;
	r->relayed = r->state == RCPT_DONE;
}

/* "0-17,20": these recipients are marked, or if `mark` is NULL, the list is only read. */
static bool settle(struct entry *x, const char *list, void (*mark)(struct entry *x, struct rcpt *r))
{
	while (list != NULL && *list != '\0') {
		size_t len = strcspn(list, ","), dash = strcspn(list, "-,");
		uint64_t first, last;

		if (x->v.n == 0 || !str_number_n(list, dash, 0, x->v.n - 1, &first))
			return false;
		last = first;
		if (dash < len && !str_number_n(list + dash + 1, len - dash - 1, first, x->v.n - 1, &last))
			return false;
		for (uint64_t i = first; mark != NULL && i <= last; i++)
			mark(x, &x->v.rcpts[i]);
		list += len + (list[len] == ',');
	}
	return true;
}

/* The words up to the colon, " done LIST relayed LIST lost LIST": all of it, or nothing if it makes no sense. */
static bool settle_all(struct entry *x, char **rest)
{
	static const struct {
		const char *word;
		void      (*mark)(struct entry *x, struct rcpt *r);
	} marks[] = { { "done", mark_done }, { "relayed", mark_relayed }, { "lost", mark_lost } };
	const char *lists[COUNT(marks)] = { NULL };
	char *word;

	while ((word = next_word(rest)) != NULL && strcmp(word, ":") != 0) {
		size_t i = 0;

		while (i < COUNT(marks) && strcmp(word, marks[i].word) != 0)
			i++;
		if (i == COUNT(marks) || lists[i] != NULL || (lists[i] = next_word(rest)) == NULL || !settle(x, lists[i], NULL))
			return false;
	}
	for (size_t i = 0; i < COUNT(marks); i++)
		(void)settle(x, lists[i], marks[i].mark);
	return true;
}

/* A try, or a wait before there could be one. */
static bool apply_how(struct entry *x, char *rest, bool tried)
{
	int64_t at, due;

	if (!next_time(&rest, &at) || !next_time(&rest, &due) || !settle_all(x, &rest))
		return false;
	x->tries += tried;
	x->at = at;
	x->due = due;
	snprintf(x->last, sizeof x->last, "%s", rest == NULL ? "" : rest);
	return true;
}

/* A try that goes on, or did not come to its end: it does not count. */
static bool apply_sent(struct entry *x, char *rest)
{
	return next_time(&rest, &x->at) && settle_all(x, &rest);
}

static bool apply_alone(struct entry *x, char *rest)
{
	int64_t at;

	x->alone |= next_time(&rest, &at);
	return x->alone;
}

static bool apply_hold(struct entry *x, char *rest)
{
	int64_t at;

	x->held |= next_time(&rest, &at);
	return x->held;
}

static bool apply_release(struct entry *x, char *rest)
{
	int64_t at;

	if (!next_time(&rest, &at))
		return false;
	if (entry_is_held(x, at))
		x->since = at; /* the lifetime of a held entry begins at its release */
	x->held = false;
	x->until = 0;
	x->due = x->at = at;
	return true;
}

static bool apply_told(struct entry *x, char *rest)
{
	int64_t at;

	if (!next_time(&rest, &at) || rest == NULL)
		return false;
	x->delay_told |= strcmp(rest, "delayed") == 0;
	for (size_t i = 0; strcmp(rest, "relayed") == 0 && i < x->v.n; i++)
		x->v.rcpts[i].relayed = false;
	return true;
}

static bool apply(struct entry *x, char *record)
{
	char *rest = record, *word = next_word(&rest);

	if (word == NULL)
		return false;
	if (strcmp(word, "try") == 0 || strcmp(word, "wait") == 0)
		return apply_how(x, rest, word[0] == 't');
	if (strcmp(word, "sent") == 0)
		return apply_sent(x, rest);
	if (strcmp(word, "told") == 0)
		return apply_told(x, rest);
	if (strcmp(word, "alone") == 0)
		return apply_alone(x, rest);
	if (strcmp(word, "hold") == 0)
		return apply_hold(x, rest);
	return strcmp(word, "release") == 0 && apply_release(x, rest);
}

/* Is this line a record?  It has its checksum, and is not too long. */
static bool is_whole(const char *line, size_t n)
{
	uint32_t crc;

	return n > 9 && n <= ENTRY_RECORD_MAX && memchr(line, '\0', n) == NULL && crc_parse(line, &crc) && line[8] == ' '
	    && crc == crc_add(0, line + 9, n - 9);
}

bool record_apply(struct entry *x, const char *text, size_t len, size_t *whole, struct err *e)
{
	struct buf record = buf_max(ST_SPOOL, ENTRY_RECORD_MAX, "a record");
	const char *end;
	bool ok = true;

	*whole = 0;
	while (ok && *whole < len && (end = memchr(text + *whole, '\n', len - *whole)) != NULL) {
		const char *line = text + *whole;
		size_t n = (size_t)(end - line);

		if (!is_whole(line, n))
			break;
		buf_clear(&record);
		ok = buf_add(&record, line + 9, n - 9, e);
		if (ok)
			(void)apply(x, record.bytes);
		*whole += n + 1;
	}
	buf_free(&record);
	return ok;
}
