#include "secret/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/str.h"
#include "net/crypto.h"

enum { TIME_MAX_DIGITS = 12 };
#define TIME_LAST 253402300799 /* the end of the year 9999: a later time is an error of its writer */

bool access_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > ACCESS_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!str_isalnum(name[i]) && strchr("._@+-", name[i]) == NULL)
			return false;
	return true;
}

bool access_token_ok(const char *token, size_t len)
{
	size_t i = 0;

	while (i < len && token[i] != '\0' && (str_isalnum(token[i]) || strchr("-._~+/", token[i]) != NULL))
		i++;
	if (i == 0 || len > ACCESS_TOKEN_MAX)
		return false;
	while (i < len && token[i] == '=')
		i++;
	return i == len;
}

char *access_directory(struct err *e)
{
	return home_state("/postern/oauth2", ST_CONFIG, "logins", e);
}

/* ---- the text ------------------------------------------------------------------------------------ */

bool access_user_ok(const char *user, size_t len)
{
	if (len == 0 || len > ACCESS_USER_MAX || !str_is_utf8(user, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (str_iscontrol(user[i]))
			return false;
	return true;
}

static bool time_ok(int64_t t)
{
	return t >= 0 && t <= TIME_LAST;
}

bool access_put(struct buf *to, const struct access *a, struct err *e)
{
	if (a->user != NULL && !access_user_ok(a->user, strlen(a->user)))
		return fail(e, ST_SECRET, FATE_PERM, "this user name cannot be used: %s", a->user);
	if (a->token == NULL || !access_token_ok(a->token, strlen(a->token)))
		return fail(e, ST_SECRET, FATE_TEMP, "the access token has characters that no token has (RFC 6750)");
	if (!time_ok(a->obtained) || !time_ok(a->expires))
		return fail(e, ST_SECRET, FATE_TEMP, "the access token has a time that cannot be");
	return (a->user == NULL || (buf_str(to, "user ", e) && buf_str(to, a->user, e) && buf_char(to, '\n', e)))
	    && buf_printf(to, e, "obtained %lld\nexpires %lld\n", (long long)a->obtained, (long long)a->expires)
	    && buf_str(to, "token ", e) && buf_str(to, a->token, e) && buf_char(to, '\n', e);
}

struct parse {
	struct access *a;
	bool           obtained, expires; /* there was such a line */
};

static bool copy(char **to, const char *value, size_t len)
{
	*to = strndup(value, len);
	return *to != NULL;
}

static bool parse_time(const char *value, size_t len, int64_t *to, bool *given)
{
	uint64_t n;

	if (*given || len > TIME_MAX_DIGITS || !str_number_n(value, len, 0, TIME_LAST, &n))
		return false;
	*to = (int64_t)n;
	return *given = true;
}

/* Each word may be there once.  What follows a word is whole, since the line has its end. */
static bool parse_line(struct parse *p, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	size_t word = blank == NULL ? len : (size_t)(blank - line), rest = blank == NULL ? 0 : len - word - 1;
	const char *value = line + len - rest;

	if (str_same_n(line, word, "user"))
		return p->a->user == NULL && access_user_ok(value, rest) && copy(&p->a->user, value, rest);
	if (str_same_n(line, word, "token"))
		return p->a->token == NULL && access_token_ok(value, rest) && copy(&p->a->token, value, rest);
	if (str_same_n(line, word, "obtained"))
		return parse_time(value, rest, &p->a->obtained, &p->obtained);
	if (str_same_n(line, word, "expires"))
		return parse_time(value, rest, &p->a->expires, &p->expires);
	return true;
}

bool access_parse(struct access *a, const char *text, size_t len, struct err *e)
{
	struct parse p = { .a = a };
	bool ok = len <= ACCESS_FILE_MAX;

	for (size_t at = 0; ok && at < len;) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t n = newline == NULL ? 0 : (size_t)(newline - text) - at;

		ok = newline != NULL && parse_line(&p, text + at, n);
		at += n + 1;
	}
	if (ok && a->token != NULL && p.obtained && p.expires)
		return true;
	access_free(a);
	return fail(e, ST_SECRET, FATE_TEMP, "the file with the access token is damaged");
}

/* ---- the file ------------------------------------------------------------------------------------ */

struct place { /* where a file is */
	const char *dir, *name;
	bool        machine;
};

/* file NULL: the directory itself. */
static bool fail_trust(const struct place *p, const char *file, const char *what, const char *mend, struct err *e)
{
	const char *slash = file == NULL ? "" : "/";

	file = file == NULL ? "" : file;
	fail(e, ST_SECRET, FATE_PERM, "%s%s%s %s, so its token is not used", p->dir, slash, file, what);
	return err_hint(e, "%s %s%s%s", mend, p->dir, slash, file);
}

static bool check_directory(const struct place *p, int dir, struct err *e)
{
	struct file_facts f;

	if (!file_look(dir, &f))
		return fail_sys(e, ST_SECRET, errno, "cannot look at %s", p->dir);
	if (f.owner != 0 && (p->machine || !f.owned))
		return fail_trust(p, NULL, "belongs to another user", p->machine ? "chown root" : "ls -ld", e);
	if (f.others_write)
		return fail_trust(p, NULL, "can be written by other users", "chmod go-w", e);
	return true;
}

static bool check_file(const struct place *p, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail_sys(e, ST_SECRET, errno, "cannot look at %s/%s", p->dir, p->name);
	if (!S_ISREG(st.st_mode))
		return fail_trust(p, p->name, "is not a regular file", "rm -r", e);
	if (st.st_nlink != 1)
		return fail_trust(p, p->name, "has a second name", "rm", e);
	if (st.st_uid != 0 && (p->machine || st.st_uid != geteuid()))
		return fail_trust(p, p->name, "belongs to another user", "rm", e);
	if ((st.st_mode & (S_IWGRP | S_IRWXO)) != 0 || ((st.st_mode & S_IRWXG) != 0 && st.st_uid != 0))
		return fail_trust(p, p->name, "is open to other users", p->machine ? "chmod 640" : "chmod 600", e);
	return true;
}

static bool read_file(const struct place *p, int fd, struct access *a, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, ACCESS_FILE_MAX, "the file with the access token");
	bool trusted = check_file(p, fd, e);
	bool ok = trusted && file_read_open(fd, p->name, ST_SECRET, CLOCK_NEVER, &text, e)
	       && access_parse(a, buf_text(&text), text.len, e);

	buf_wipe(&text);
	if (trusted && !ok)
		e->fate = FATE_TEMP; /* too large, say: a new token mends it */
	return ok;
}

static bool fail_file(const struct place *p, int why, struct err *e)
{
	if (why == ELOOP)
		return fail_trust(p, p->name, "is a symbolic link", "rm", e);
	fail_sys(e, ST_SECRET, why, "cannot read %s/%s", p->dir, p->name);
	if (file_may_pass(why))
		return false;
	e->fate = FATE_PERM;
	return err_hint(e, "ls -l %s/%s", p->dir, p->name);
}

/* A user outside of the machine's group cannot enter its directory: then there is no login of the machine for this user. */
static bool is_missing(const struct place *p, int why)
{
	return why == ENOENT || why == ENOTDIR || (p->machine && why == EACCES);
}

static bool read_at(const struct place *p, int dir, struct access *a, bool *found, struct err *e)
{
	int fd = openat(dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return is_missing(p, errno) || fail_file(p, errno, e);
	*found = true;
	ok = check_directory(p, dir, e) && read_file(p, fd, a, e);
	a->machine = p->machine;
	close(fd);
	return ok;
}

/* *login: the directory has the login itself, so that a token of the machine with the same name is not meant. */
static bool read_in(const struct place *p, const char *name_of_login, struct access *a, bool *found, bool *login, struct err *e)
{
	int dir = open(p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (dir < 0)
		return is_missing(p, errno) || fail_file(p, errno, e);
	*login = name_of_login != NULL && faccessat(dir, name_of_login, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	ok = read_at(p, dir, a, found, e);
	close(dir);
	return ok;
}

bool access_read(const char *name, struct access *a, bool *found, struct err *e)
{
	char file[ACCESS_NAME_MAX + sizeof ACCESS_SUFFIX], json[ACCESS_NAME_MAX + sizeof ACCESS_LOGIN];
	struct place own = { .name = file }, machine = { .dir = ACCESS_MACHINE, .name = name, .machine = true };
	char *dir = access_directory(e);
	bool login = false, ok;

	*found = false;
	snprintf(file, sizeof file, "%s" ACCESS_SUFFIX, name);
	snprintf(json, sizeof json, "%s" ACCESS_LOGIN, name);
	own.dir = dir;
	ok = dir == NULL ? e->stage == ST_CONFIG : read_in(&own, json, a, found, &login, e);
	if (ok && !*found && !login)
		ok = read_in(&machine, NULL, a, found, &login, e);
	free(dir);
	return ok;
}

/* ---- the token ----------------------------------------------------------------------------------- */

bool access_lasts(int64_t obtained, int64_t expires, int64_t now, unsigned margin)
{
	int64_t quarter = (expires - obtained) / 4, sooner = margin < quarter ? (int64_t)margin : quarter;

	return expires > obtained && now >= obtained - ACCESS_CLOCK_S && now < expires - sooner;
}

bool access_is_good(const struct access *a, int64_t now, unsigned margin)
{
	return a->token != NULL && access_lasts(a->obtained, a->expires, now, margin);
}

bool access_digest(const char *token, char to[ACCESS_DIGEST], struct err *e)
{
	unsigned char hash[CRYPTO_KEY_MAX];

	if (!crypto_start(e))
		return false;
	if (!crypto_digest(CRYPTO_SHA256, token, strlen(token), hash))
		return fail(e, ST_INTERNAL, FATE_TEMP, "GnuTLS cannot compute SHA-256");
	str_hex(hash, 32, to);
	return true;
}

void access_free(struct access *a)
{
	if (a->token != NULL)
		explicit_bzero(a->token, strlen(a->token));
	free(a->token);
	free(a->user);
	*a = (struct access){ 0 };
}
