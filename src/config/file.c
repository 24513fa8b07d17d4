#include "config/file.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/proc.h"
#include "config/habits.h"
#include "config/keys.h"
#include "config/msmtp.h"
#include "config/places.h"
#include "config/set.h"

enum {
	BYTES_MAX = 1024 * 1024, /* of a file */
	LINE_BYTES = 64 * 1024,
	DEPTH_MAX = 8,           /* of includes */
	FILES_MAX = 500,         /* in all, since files that include each other several times are read again and again */
	EVAL_S = 60,             /* seconds */
	KEY_SHOWN = 40,          /* characters; a longer word is no key and is not shown in errors */
};

struct file {
	const struct file *above; /* the file that includes this one; NULL: none */
	const char        *path;
	struct file_facts  facts;
	unsigned           line, depth;
};

struct reader {
	struct conf *conf;
	unsigned     layer, files;
	enum conf_found found;
	size_t       section; /* the account in which keys are set; 0: the defaults */
	bool         begun;   /* `account` or `defaults` was seen */
	bool         evaluating;
	bool         msmtps;  /* the file is one of msmtp's */
};

struct line { /* borrowed */
	const char *word; /* the key */
	size_t      len;
	char       *value;
	bool        quoted; /* the value stood in quotes */
};

static bool fail_at(const struct file *f, struct err *e, const char *fmt, ...) PRINTF(3, 4);
static bool read_line(struct reader *r, struct file *f, char *text, struct err *e);
static bool read_file(struct reader *r, struct file *f, struct err *e);

static bool fail_at(const struct file *f, struct err *e, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return fail(e, ST_CONFIG, FATE_PERM, "%s:%u: %s", f->path, f->line, what);
}

/* Takes off blanks, then one pair of quotes.  There are no escapes: `""a""` is `"a"`. */
static char *trim(char *s)
{
	size_t len;

	while (str_isblank(*s))
		s++;
	len = strlen(s);
	while (len > 0 && str_isblank(s[len - 1]))
		len--;
	if (len > 1 && s[0] == '"' && s[len - 1] == '"') {
		s++;
		len -= 2;
	}
	s[len] = '\0';
	return s;
}

/* -------------------------------------------------------------------------------------- accounts */

static bool add_account(struct reader *r, const struct file *f, const char *name, struct err *e)
{
	const struct account *before = conf_account(r->conf, name);
	struct account *made;
	char origin[512];

	if (before != NULL && before->layer == r->layer) {
		fail_at(f, e, "account %s was already defined, at %s", name, before->origin);
		return before->loose ? conf_hint_loose(e) : false;
	}
	if (r->conf->n > CONF_ACCOUNTS_MAX)
		return fail_at(f, e, "there are more than %d accounts", CONF_ACCOUNTS_MAX);
	snprintf(origin, sizeof origin, "%s:%u", f->path, f->line);
	r->section = r->conf->n;
	r->begun = true;
	if (!conf_add(r->conf, name, origin, r->layer, &made, e))
		return false;
	made->msmtps = r->msmtps;
	return true;
}

/* Inherits from the bases in their order, so the later ones win.  The user's account may inherit from the system's account of the
 * same name. */
static bool inherit(struct reader *r, const struct file *f, char *bases, struct err *e)
{
	while (bases != NULL) {
		char *comma = strchr(bases, ','), *name;
		const struct account *base;

		if (comma != NULL)
			*comma++ = '\0';
		name = trim(bases);
		base = conf_below(r->conf, name, r->section);
		if (base == NULL)
			return fail_at(f, e, "there is no account `%s` above, to inherit from", name);
		if (!account_inherit(&r->conf->accounts[r->section], base, e))
			return false;
		bases = comma;
	}
	return true;
}

static bool begin_account(struct reader *r, struct file *f, char *value, struct err *e)
{
	char *bases = strchr(value, ':'), *name;

	if (bases != NULL)
		*bases++ = '\0';
	name = trim(value);
	if (name[0] == '\0')
		return fail_at(f, e, "account needs a name");
	for (const char *p = name; *p != '\0'; p++)
		if (*p == ',' || str_iscontrol(*p))
			return fail_at(f, e, "the name of an account has no commas or control characters");
	return add_account(r, f, name, e) && inherit(r, f, bases, e);
}

static bool begin_defaults(struct reader *r, struct file *f, char *value, struct err *e)
{
	if (value[0] != '\0')
		return fail_at(f, e, "defaults takes no value");
	r->section = 0;
	r->begun = true;
	return true;
}

/* -------------------------------------------------------------------------------------- includes */

static bool include_one(struct reader *r, struct file *f, const char *path, struct err *e)
{
	struct file inner = { .above = f, .path = path, .depth = f->depth + 1 };
	size_t section = r->section;
	bool begun = r->begun;

	if (inner.depth > DEPTH_MAX)
		return fail_at(f, e, "more than %d files include each other", DEPTH_MAX);
	if (!read_file(r, &inner, e))
		return e->sys != 0 && e->hint[0] == '\0' ? err_hint(e, "`include` at %s:%u names it", f->path, f->line) : false;
	/* An account that begins in the included file ends there.  The lines after `include` belong to the account before it. */
	r->section = section;
	r->begun = begun;
	return true;
}

/* A missing directory has no files.  A directory that cannot be read is an error, since it may have a file that is needed. */
static int stop_glob(const char *path, int errnum)
{
	(void)path;
	return errnum != ENOENT && errnum != ENOTDIR;
}

static bool include_all(struct reader *r, struct file *f, const char *pattern, struct err *e)
{
	glob_t g = { 0 };
	int failed = glob(pattern, 0, stop_glob, &g);
	bool ok = true;

	if (failed == GLOB_NOSPACE)
		ok = fail_memory(e);
	else if (failed == GLOB_ABORTED)
		ok = fail_at(f, e, "cannot read the directory of %s: %s", pattern, strerror(errno));
	for (size_t i = 0; ok && failed == 0 && i < g.gl_pathc; i++)
		ok = include_one(r, f, g.gl_pathv[i], e);
	globfree(&g);
	return ok;
}

/* The path of an included file; a relative one is relative to the including file. */
static char *beside(const struct file *f, const char *path, struct err *e)
{
	const char *slash = strrchr(f->path, '/');
	char *whole;

	if (path[0] == '/' || path[0] == '~' || slash == NULL)
		return home_expand(path, e);
	if (asprintf(&whole, "%.*s/%s", (int)(slash - f->path), f->path, path) < 0) {
		fail_memory(e);
		return NULL;
	}
	return whole;
}

static bool include(struct reader *r, struct file *f, char *value, struct err *e)
{
	char *path;
	bool ok;

	if (value[0] == '\0')
		return fail_at(f, e, "include needs the name of a file");
	path = beside(f, value, e);
	if (path == NULL)
		return false;
	ok = strpbrk(path, "*?[") != NULL ? include_all(r, f, path, e) : include_one(r, f, path, e);
	free(path);
	return ok;
}

/* ----------------------------------------------------------------------------------------- lines */

/* msmtp's `eval`: the first line that a shell command prints is read in place of this line. */
static bool eval(struct reader *r, struct file *f, char *value, struct err *e)
{
	struct buf line = buf_max(ST_CONFIG, LINE_BYTES, "the output of an eval command");
	char shell[] = "/bin/sh", c[] = "-c", what[512];
	char *argv[] = { shell, c, value, NULL };
	bool ok;

	if (r->evaluating)
		return fail_at(f, e, "eval within eval");
	snprintf(what, sizeof what, "the eval command at %s:%u", f->path, f->line);
	ok = proc_read(argv, what, ST_CONFIG, clock_in_s(EVAL_S), &line, e);
	if (ok && line.len > 0) {
		if (memchr(line.bytes, '\0', line.len) != NULL)
			ok = fail_at(f, e, "the eval command printed a NUL byte");
		line.bytes[strcspn(line.bytes, "\r\n")] = '\0';
		r->evaluating = true;
		ok = ok && read_line(r, f, line.bytes, e);
		r->evaluating = false;
	}
	buf_wipe(&line);
	return ok;
}

static const struct {
	const char *word;
	bool (*read)(struct reader *r, struct file *f, char *value, struct err *e);
	bool shell; /* reads the value, with comments of its own */
} directives[] = {
	{ "account", begin_account, false },
	{ "defaults", begin_defaults, false },
	{ "eval", eval, true },
	{ "include", include, false },
};

static bool is_directive(const struct line *l, size_t i)
{
	return str_same_n(l->word, l->len, directives[i].word);
}

static bool is_word(const struct line *l)
{
	bool found = key_find(l->word, l->len) != NULL || msmtp_find(l->word, l->len) != NULL;

	for (size_t i = 0; !found && i < COUNT(directives); i++)
		found = is_directive(l, i);
	return found;
}

static bool fail_sign(const struct file *f, const char *key, char sign, struct err *e)
{
	fail_at(f, e, "a blank stands between `%s` and its value, and no `%c`", key, sign);
	return err_hint(e, "write a line such as `host smtp.example.org`; a value that begins with `%c` needs double quotes",
			sign);
}

static bool fail_quote(const struct file *f, const char *key, char quote, struct err *e)
{
	if (quote == '"') {
		fail_at(f, e, "the value of `%s` begins with a double quote that is not closed", key);
		return err_hint(e, "write it without quotes, or with one at both ends");
	}
	fail_at(f, e, "the value of `%s` is in single quotes, which would be part of it", key);
	return err_hint(e, "write it without quotes, or in double quotes");
}

static bool fail_comment(const struct file *f, const char *key, struct err *e)
{
	fail_at(f, e, "the value of `%s` has a ` #` in it, and a comment needs a line of its own", key);
	return err_hint(e, "move the comment to the line above; if the `#` belongs to the value, put the value in double quotes");
}

static bool fail_unlike(const struct file *f, const char *key, struct err *e)
{
	const struct habit *habit = habit_find(key);
	const char *near = habit != NULL ? habit->key : str_nearest(key, key_name);

	if (habit != NULL && habit->program != NULL)
		return fail_at(f, e, "`%s` is a key of %s; in this file it is `%s`", key, habit->program, near);
	if (near != NULL)
		return fail_at(f, e, "there is no key `%s`; did you mean `%s`?", key, near);
	return fail_at(f, e, "there is no key `%s`", key);
}

/* The word is no key.  It may come from a file that is no configuration, so only what looks like a key is shown of it. */
static bool fail_unknown(const struct file *f, const struct line *l, struct err *e)
{
	struct line front = { .word = l->word };
	char key[KEY_SHOWN + 1] = "", sign;

	while (front.len < l->len && (str_isalnum(l->word[front.len]) || l->word[front.len] == '_' || l->word[front.len] == '-'))
		front.len++;
	sign = l->word[front.len];
	if (front.len == 0 || front.len > KEY_SHOWN || (front.len < l->len && sign != '=' && sign != ':'))
		return fail_at(f, e, "this line does not begin with a key");
	memcpy(key, l->word, front.len);
	if (is_word(&front))
		return fail_sign(f, key, sign, e);
	fail_unlike(f, key, e);
	if (front.len < l->len || (sign = habit_sign(l->value, false)) != '\0')
		err_hint(e, "a blank stands between a key and its value, and no `%c`", sign);
	return false;
}

/* A password in a file that other users can read or write is an error. */
static bool check_private(const struct reader *r, const struct file *f, struct err *e)
{
	if (r->evaluating || (!f->facts.open_read && !f->facts.open_write))
		return true;
	fail_at(f, e, "the file holds a password and is open to others");
	return err_hint(e, "chmod 600 %s, and change the password if others could see it", f->path);
}

/* A sign, a quote or a comment that would become part of the value. */
static bool check_shape(const struct file *f, const struct line *l, const struct key *k, bool shell, struct err *e)
{
	bool secret = k != NULL && k->kind == KIND_SECRET, plain = !shell && !secret && (k == NULL || !k->quotes);
	char key[KEY_SHOWN + 1] = "", sign = habit_sign(l->value, secret);

	if (l->quoted || l->len > KEY_SHOWN)
		return true;
	memcpy(key, l->word, l->len);
	if (sign != '\0')
		return fail_sign(f, key, sign, e);
	if (plain && habit_quote(l->value) != '\0')
		return fail_quote(f, key, habit_quote(l->value), e);
	return shell || !habit_comment(l->value, secret) || fail_comment(f, key, e);
}

static bool set_key(struct reader *r, struct file *f, const struct line *l, struct err *e)
{
	const struct key *k = key_find(l->word, l->len);
	const struct msmtp *old = k == NULL ? msmtp_find(l->word, l->len) : NULL;
	const char *value = l->value;
	bool secret = k != NULL && k->kind == KIND_SECRET;
	char place[512];

	if (k == NULL && old == NULL)
		return fail_unknown(f, l, e);
	if (!check_shape(f, l, k, k != NULL && k->shell, e))
		return false;
	if (secret && value[0] != '\0' && !check_private(r, f, e))
		return false;
	if (!r->begun) { /* keys before any account belong to `default`, as in msmtp */
		if (!add_account(r, f, "default", e))
			return false;
		r->conf->accounts[r->section].loose = true;
	}
	snprintf(place, sizeof place, "%s:%u", f->path, f->line);
	if (old != NULL && !msmtp_translate(old, &value, &k, place, ST_CONFIG, e))
		return false;
	return k == NULL || key_set(&r->conf->accounts[r->section], k, value, place, ST_CONFIG, e);
}

static bool read_line(struct reader *r, struct file *f, char *text, struct err *e)
{
	struct line l = { .word = text + strspn(text, " \t") };

	l.len = strcspn(l.word, " \t");
	if (l.len == 0 || l.word[0] == '#')
		return true;
	l.value = trim(text + (l.word - text) + l.len);
	l.quoted = l.value[-1] == '"';
	for (size_t i = 0; i < COUNT(directives); i++)
		if (is_directive(&l, i))
			return check_shape(f, &l, NULL, directives[i].shell, e) && directives[i].read(r, f, l.value, e);
	return set_key(r, f, &l, e);
}

static bool read_lines(struct reader *r, struct file *f, struct buf *content, struct err *e)
{
	char *p = content->bytes, *end = p + content->len;

	if (content->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3; /* some editors begin UTF-8 with a byte order mark */
	for (f->line = 1; p < end; f->line++) {
		char *newline = memchr(p, '\n', (size_t)(end - p));
		char *next = newline != NULL ? newline + 1 : end, *stop = newline != NULL ? newline : end;

		if (stop - p > LINE_BYTES)
			return fail_at(f, e, "the line is longer than %d bytes", LINE_BYTES);
		if (memchr(p, '\0', (size_t)(stop - p)) != NULL)
			return fail_at(f, e, "there is a NUL byte");
		if (stop > p && stop[-1] == '\r')
			stop--;
		*stop = '\0';
		if (!read_line(r, f, p, e))
			return false;
		p = next;
	}
	return true;
}

/* ----------------------------------------------------------------------------------------- files */

static bool check_loop(const struct file *f, struct err *e)
{
	for (const struct file *above = f->above; above != NULL; above = above->above)
		if (above->facts.ino == f->facts.ino && above->facts.dev == f->facts.dev)
			return fail_at(f->above, e, "%s includes itself", f->path);
	return true;
}

/* Called only for the file that no other includes: a missing or closed included file is always an error. */
static enum conf_found found_of(const struct file *f, const struct err *e)
{
	if (!f->facts.exists)
		return CONF_MISSING;
	return e->sys == EACCES || e->sys == EPERM ? CONF_CLOSED : CONF_OPENED;
}

static bool read_content(struct reader *r, struct file *f, struct buf *content, struct err *e)
{
	if (++r->files > FILES_MAX)
		return fail(e, ST_CONFIG, FATE_PERM, "%s: there are more than %d files", f->path, FILES_MAX);
	if (!file_read(f->path, ST_CONFIG, content, &f->facts, e)) {
		if (f->above == NULL)
			r->found = found_of(f, e);
		return false;
	}
	if (!check_loop(f, e))
		return false;
	if (!f->facts.owned) {
		if (f->above == NULL)
			r->found = CONF_CLOSED;
		return fail(e, ST_CONFIG, FATE_PERM, "%s belongs to another user than you and root", f->path);
	}
	if (f->facts.all_write) { /* any user could write a `passwordeval` that we run */
		fail(e, ST_CONFIG, FATE_PERM, "%s can be written by everybody", f->path);
		return err_hint(e, "chmod o-w %s", f->path);
	}
	return true;
}

static bool read_file(struct reader *r, struct file *f, struct err *e)
{
	struct buf content = buf_max(ST_CONFIG, BYTES_MAX, f->path);
	bool ok = read_content(r, f, &content, e) && strlist_add(&r->conf->files, f->path, e)
	       && (content.len == 0 || read_lines(r, f, &content, e));

	buf_wipe(&content);
	return ok;
}

bool conf_read_file(struct conf *c, const char *path, unsigned layer, enum conf_found *found, struct err *e)
{
	struct reader r = { .conf = c, .layer = layer, .msmtps = places_is_msmtps(path) };
	struct file f = { .path = path };
	bool ok;

	account_free(&c->accounts[0]);
	ok = account_begin(&c->accounts[0], e) && read_file(&r, &f, e);
	*found = r.found;
	return ok;
}
