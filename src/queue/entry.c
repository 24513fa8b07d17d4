#include "queue/entry.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crc.h"
#include "mail/address.h"

/* ---- the first line ------------------------------------------------------------------------------ */

#define MAGIC "postern-queue 1 "

void entry_put_line(const struct entry_line *l, char to[ENTRY_LINE + 1])
{
	snprintf(to, ENTRY_LINE + 1, MAGIC "%012llu %018llu %08x %08x\n", (unsigned long long)l->envelope,
		 (unsigned long long)l->message, l->envelope_crc, l->message_crc);
}

bool entry_parse_line(const char text[ENTRY_LINE], struct entry_line *l)
{
	enum { AT = sizeof MAGIC - 1 };

	return memcmp(text, MAGIC, AT) == 0 && str_number_n(text + AT, 12, 1, ENTRY_ENVELOPE_MAX, &l->envelope)
	    && text[AT + 12] == ' ' && str_number_n(text + AT + 13, 18, 0, INT64_MAX / 2, &l->message)
	    && text[AT + 31] == ' ' && crc_parse(text + AT + 32, &l->envelope_crc) && text[AT + 40] == ' '
	    && crc_parse(text + AT + 41, &l->message_crc) && text[AT + 49] == '\n';
}

_Static_assert(sizeof MAGIC - 1 + 50 == ENTRY_LINE, "the line has its length");

/* ---- the envelope -------------------------------------------------------------------------------- */

/* A value stays in its line: controls and backslashes are written as \xHH. */
static bool put_fact(struct buf *to, const char *name, const char *value, struct err *e)
{
	if (!buf_printf(to, e, "%s ", name))
		return false;
	for (const char *p = value; *p != '\0'; p++)
		if (!(str_iscontrol(*p) || *p == '\\' ? buf_printf(to, e, "\\x%02x", (unsigned char)*p) : buf_char(to, *p, e)))
			return false;
	return buf_char(to, '\n', e);
}

static bool put_number(struct buf *to, const char *name, long long n, struct err *e)
{
	return buf_printf(to, e, "%s %lld\n", name, n);
}

static bool put_rcpt(struct buf *to, const struct rcpt *r, struct err *e)
{
	return put_fact(to, "rcpt", r->address, e)
	    && (r->original == NULL || put_fact(to, "original", r->original, e))
	    && (r->orcpt == NULL || put_fact(to, "orcpt", r->orcpt, e))
	    && (r->notify == 0 || put_number(to, "notify", r->notify, e))
	    && (!r->copy || put_fact(to, "copy", "yes", e));
}

bool entry_put_envelope(struct buf *to, const struct entry *x, struct err *e)
{
	const struct envelope *v = &x->v;
	bool ok = (!x->has_uid || buf_printf(to, e, ENTRY_UID, x->uid)) && put_fact(to, "account", x->account, e)
	       && (x->config == NULL || put_fact(to, "config", x->config, e))
	       && (!x->report || put_fact(to, "report", "yes", e)) && put_number(to, "created", x->created, e)
	       && (x->until == 0 || put_number(to, "release", x->until, e)) && put_fact(to, "sender", v->sender, e)
	       && (v->envid == NULL || put_fact(to, "envid", v->envid, e))
	       && (v->ret == RETURN_UNSAID || put_number(to, "ret", v->ret, e));

	for (size_t i = 0; ok && i < x->settings.n; i++)
		ok = put_fact(to, "set", x->settings.items[i], e);
	for (size_t i = 0; ok && i < v->n; i++)
		if (rcpt_is_open(&v->rcpts[i]))
			ok = put_rcpt(to, &v->rcpts[i], e);
	return ok && buf_char(to, '\n', e);
}

/* Decodes \xHH in place. */
static bool decode(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; to++) {
		char hex[] = "000000??";
		uint32_t byte;

		if (*p != '\\') {
			*to = *p++;
			continue;
		}
		if (p[1] != 'x' || p[2] == '\0' || p[3] == '\0')
			return false;
		memcpy(hex + 6, p + 2, 2);
		if (!crc_parse(hex, &byte) || byte == 0)
			return false;
		*to = (char)byte;
		p += 4;
	}
	*to = '\0';
	return true;
}

static bool bad_entry(struct err *e, const char *what)
{
	return fail(e, ST_SPOOL, FATE_PERM, "has %s", what);
}

/* What may be in a command or in our own terms: nothing that ends a line. */
static bool one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n' || *text == '\r')
			return false;
	return true;
}

static bool keep(char **to, const char *value, struct err *e)
{
	return *to != NULL ? bad_entry(e, "a line twice") : (*to = str_dup(value, e)) != NULL;
}

static struct rcpt *last_rcpt(struct entry *x)
{
	return x->v.n == 0 ? NULL : &x->v.rcpts[x->v.n - 1];
}

static bool parse_account(struct entry *x, const char *value, struct err *e) { return keep(&x->account, value, e); }
static bool parse_config(struct entry *x, const char *value, struct err *e) { return keep(&x->config, value, e); }
static bool parse_envid(struct entry *x, const char *value, struct err *e) { return keep(&x->v.envid, value, e); }

static bool parse_number(const char *value, int64_t max, int64_t *n, struct err *e)
{
	uint64_t read;

	if (!str_number(value, 0, (uint64_t)max, &read))
		return bad_entry(e, "a number that is none");
	*n = (int64_t)read;
	return true;
}

static bool parse_created(struct entry *x, const char *value, struct err *e)
{
	return parse_number(value, INT64_MAX / 2, &x->created, e);
}

static bool parse_release(struct entry *x, const char *value, struct err *e)
{
	return parse_number(value, INT64_MAX / 2, &x->until, e);
}

static bool parse_report(struct entry *x, const char *value, struct err *e)
{
	x->report = strcmp(value, "yes") == 0;
	return x->report || bad_entry(e, "a line that is none");
}

static bool parse_ret(struct entry *x, const char *value, struct err *e)
{
	int64_t n = 0;

	if (!parse_number(value, RETURN_HDRS, &n, e))
		return false;
	x->v.ret = (enum dsn_return)n;
	return true;
}

static bool parse_sender(struct entry *x, const char *value, struct err *e)
{
	if (x->v.sender != NULL || strlen(value) >= ADDRESS_MAX)
		return bad_entry(e, "a sender that is none");
	return envelope_set_sender(&x->v, value, e);
}

static bool parse_set(struct entry *x, const char *value, struct err *e)
{
	if (strchr(value, '=') == NULL || x->settings.n >= ENTRY_SETTINGS_MAX)
		return bad_entry(e, "a setting that is none");
	return strlist_add(&x->settings, value, e);
}

static bool parse_rcpt(struct entry *x, const char *value, struct err *e)
{
	size_t n = x->v.n;

	if (value[0] == '\0' || strlen(value) >= ADDRESS_MAX)
		return bad_entry(e, "a recipient that is none");
	return envelope_add_for(&x->v, value, value, e) && (x->v.n == n + 1 || bad_entry(e, "a recipient twice"));
}

static bool parse_original(struct entry *x, const char *value, struct err *e)
{
	struct rcpt *r = last_rcpt(x);

	return r == NULL || strlen(value) >= ADDRESS_MAX ? bad_entry(e, "no recipient to a line") : keep(&r->original, value, e);
}

static bool parse_orcpt(struct entry *x, const char *value, struct err *e)
{
	struct rcpt *r = last_rcpt(x);

	return r == NULL ? bad_entry(e, "no recipient to a line") : keep(&r->orcpt, value, e);
}

static bool parse_notify(struct entry *x, const char *value, struct err *e)
{
	struct rcpt *r = last_rcpt(x);
	int64_t n = 0;

	if (r == NULL)
		return bad_entry(e, "no recipient to a line");
	if (!parse_number(value, 15, &n, e))
		return false;
	r->notify = (unsigned)n;
	return true;
}

static bool parse_copy(struct entry *x, const char *value, struct err *e)
{
	struct rcpt *r = last_rcpt(x);

	if (r == NULL || strcmp(value, "yes") != 0)
		return bad_entry(e, "no recipient to a line");
	r->copy = true;
	return true;
}

static bool parse_uid(struct entry *x, const char *value, struct err *e)
{
	int64_t n = 0;

	if (x->has_uid || !parse_number(value, UINT32_MAX, &n, e))
		return bad_entry(e, "a uid that is none");
	x->has_uid = true;
	x->uid = (unsigned long)n;
	return true;
}

static const struct {
	const char *name;
	bool      (*parse)(struct entry *x, const char *value, struct err *e);
	bool        any; /* the value may have line ends: it is never part of a command */
} facts[] = {
	{ "account", parse_account, true },
	{ "config", parse_config, true },
	{ "copy", parse_copy, false },
	{ "created", parse_created, false },
	{ "envid", parse_envid, false },
	{ "notify", parse_notify, false },
	{ "orcpt", parse_orcpt, false },
	{ "original", parse_original, false },
	{ "rcpt", parse_rcpt, false },
	{ "release", parse_release, false },
	{ "report", parse_report, false },
	{ "ret", parse_ret, false },
	{ "sender", parse_sender, false },
	{ "set", parse_set, true },
	{ "uid", parse_uid, false },
};

static bool parse_fact(struct entry *x, char *line, struct err *e)
{
	char *value = strchr(line, ' ');

	if (value == NULL)
		return bad_entry(e, "a line that is none");
	*value++ = '\0';
	if (!decode(value))
		return bad_entry(e, "a line that is none");
	for (size_t i = 0; i < COUNT(facts); i++)
		if (strcmp(facts[i].name, line) == 0)
			return facts[i].any || one_line(value) ? facts[i].parse(x, value, e)
							       : bad_entry(e, "a line end in a value");
	return bad_entry(e, "a line of a kind that is not known"); /* a newer version wrote it: it may matter */
}

static bool complete(const struct entry *x, struct err *e)
{
	return (x->account != NULL && x->v.sender != NULL && x->v.n > 0)
	    || bad_entry(e, "no account, no sender or no recipient");
}

bool entry_parse_envelope(struct entry *x, const char *text, size_t len, struct err *e)
{
	struct buf line = buf_max(ST_SPOOL, 64 * 1024, "a line of a queue file");
	bool ok = true;

	while (ok && len > 1) {
		const char *end = memchr(text, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - text);

		buf_clear(&line);
		ok = end == NULL || memchr(text, '\0', n) != NULL ? bad_entry(e, "a line that is none")
		   : buf_add(&line, text, n, e) && parse_fact(x, line.bytes, e);
		text += n + 1;
		len -= ok ? n + 1 : len;
	}
	buf_free(&line);
	ok = ok && (len == 1 && text[0] == '\n' ? complete(x, e) : bad_entry(e, "no end of its envelope"));
	x->at = x->created;
	x->since = x->due = x->until != 0 ? x->until : x->created;
	return ok;
}

bool entry_is_held(const struct entry *x, int64_t now)
{
	return x->held || x->until > now;
}

size_t entry_open(const struct entry *x)
{
	return envelope_count(&x->v, RCPT_OPEN);
}

void entry_free(struct entry *x)
{
	free(x->account);
	free(x->config);
	strlist_free(&x->settings);
	envelope_free(&x->v);
	*x = (struct entry){ .created = 0 };
}
