#include "secret/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/home.h"
#include "base/printable.h"
#include "base/proc.h"
#include "base/signals.h"
#include "base/steps.h"
#include "base/trace.h"
#include "secret/netrc.h"
#include "secret/token.h"

enum {
	HELPER_S = 60,           /* seconds that any source but the terminal may take */
	NETRC_MAX = 1024 * 1024, /* bytes */
	UNUSED_MS = 60 * 1000,   /* in which a new token is used, whatever is known of its end */
};

struct ask { /* what one source is asked for; all borrowed */
	const struct secret_params *p;
	const char *host, *user;
	int64_t     until;
	struct secret *s; /* gets what is known of a token, but not the token */
};

/* True with *found unset: this source is not configured or has no password, and the next one is asked. */
typedef bool (*source_fn)(const struct ask *a, struct buf *to, bool *found, struct err *e);

/* Into a zeroed secret: who logs in with the token, how long it is good, and whether a newer one may do if it is refused. */
static bool keep_facts(const struct access *t, bool fresh, struct secret *s, struct err *e)
{
	s->renewable = !fresh && !t->machine;
	s->machine = t->machine;
	s->since = clock_ms();
	s->obtained = t->obtained;
	s->expires = t->expires;
	return t->user == NULL || (s->user = str_dup(t->user, e)) != NULL;
}

static bool ask_oauth2(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	struct access t = { 0 };
	bool fresh, ok;

	*found = a->p->oauth2 != NULL;
	if (!*found)
		return true;
	ok = token_get(a->p->oauth2, a->until, &t, &fresh, e) && keep_facts(&t, fresh, a->s, e) && buf_str(to, t.token, e);
	access_free(&t);
	return ok;
}

static bool ask_password(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	*found = a->p->password != NULL;
	return !*found || buf_str(to, a->p->password, e);
}

static bool ask_command(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	const char *command = a->p->password_command;

	*found = command != NULL;
	return !*found || proc_read_command(command, "the command of `password_command`", ST_SECRET, a->until, to, e);
}

static bool ask_eval(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	char shell[] = "/bin/sh", c[] = "-c";
	char *argv[] = { shell, c, a->p->passwordeval, NULL };

	*found = a->p->passwordeval != NULL;
	return !*found || proc_read(argv, "the command of `passwordeval`", ST_SECRET, a->until, to, e);
}

static bool hint_closed(const char *path, struct err *e)
{
	if (file_is_ours(path))
		return err_hint(e, "chmod 600 %s", path);
	return err_hint(e, "root can let a group of yours read it (chgrp and chmod 640); or put a password of your own into"
			   " ~/.config/postern/config");
}

/* A file that is not there is EX_CONFIG (base/err.c), and one that we may not read EX_NOPERM.  Other failures are temporary. */
static bool read_secret_file(const struct ask *a, const char *path, struct buf *to, struct file_facts *facts,
			     struct err *e)
{
	if (file_read_until(path, ST_SECRET, a->until, to, facts, e))
		return true;
	if (e->sys == EACCES || e->sys == EPERM)
		return hint_closed(path, e);
	e->fate = facts->exists ? FATE_TEMP : FATE_PERM;
	return false;
}

/* Is it a credential that systemd, or the manager of a container, has given to this service?  Only the service sees the
 * directory, so the files may be readable by all. */
static bool is_credential(const char *path)
{
	const char *dir = secure_getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir == NULL ? 0 : strlen(dir);

	return len > 0 && strncmp(path, dir, len) == 0 && path[len] == '/' && strchr(path + len + 1, '/') == NULL;
}

static bool check_private(const char *path, const struct file_facts *facts, struct err *e)
{
	if (!facts->owned) {
		fail(e, ST_CONFIG, FATE_PERM, "%s holds a password and belongs to another user", path);
		return err_hint(e, "it must belong to you or to root: %s", path);
	}
	if (!facts->open_write && (!facts->open_read || is_credential(path)))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s holds a password and is open to others", path);
	return err_hint(e, facts->owner == 0 ? "chmod 600 %s, or 640 if the users of its group send with this password"
					     : "chmod 600 %s", path);
}

/* A file stays as it is until somebody changes it.  A pipe may have a password the next time. */
static bool check_filled(const char *path, const struct file_facts *facts, const struct buf *content, struct err *e)
{
	if (!S_ISREG(facts->mode) || (content->len > 0 && content->bytes[strspn(content->bytes, "\r")] != '\n'))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s has no password in its first line", path);
	return err_hint(e, "write the password into the first line of this file");
}

static bool ask_file(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	const char *path = a->p->password_file;
	struct file_facts facts;

	*found = path != NULL;
	if (!*found)
		return true;
	if (read_secret_file(a, path, to, &facts, e))
		return check_private(path, &facts, e) && check_filled(path, &facts, to, e);
	return facts.exists ? false : err_hint(e, "write the password into the first line of this file, and chmod 600 it");
}

/* The usual ~/.netrc is passed over if it is another user's. */
static bool pass_over(const char *path, const char *why)
{
	trace_note(0, "passed over: %s: %s", path, why);
	return true;
}

static bool search_netrc(const struct ask *a, const char *path, struct buf *to, bool *found, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, NETRC_MAX, "the netrc file");
	struct file_facts facts;
	bool given = a->p->netrc_file != NULL, ok;

	if (!read_secret_file(a, path, &text, &facts, e)) {
		bool closed = e->sys == EACCES || e->sys == EPERM;

		ok = !given && (!facts.exists || (closed && pass_over(path, e->quote)));
	} else if (!given && !facts.owned) {
		ok = pass_over(path, "it belongs to another user");
	} else {
		ok = netrc_find(buf_text(&text), text.len, a->host, a->user, to, found, e)
		  && (!*found || check_private(path, &facts, e));
		if (ok && given && !*found)
			ok = fail(e, ST_SECRET, FATE_PERM, "%s has no password for %s at %s", path, a->user, a->host);
	}
	buf_wipe(&text);
	return ok;
}

/* A file that `netrc_file` names must be readable and have the password; ~/.netrc need not. */
static bool ask_netrc(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	char *path;
	bool ok;

	*found = false;
	if (a->p->netrc_file == NULL && home_dir() == NULL)
		return true;
	path = home_expand(a->p->netrc_file != NULL ? a->p->netrc_file : "~/.netrc", e);
	if (path == NULL)
		return false;
	ok = search_netrc(a, path, to, found, e);
	free(path);
	return ok;
}

/* Reads one line from the terminal. */
static bool read_typed(int tty, int64_t until, struct buf *to, struct err *e)
{
	struct descriptor d = { .fd = tty, .blocks = true, .deadline = until };
	enum io how;
	size_t n;
	char c;

	while ((how = descriptor_read(&d, &c, 1, &n)) == IO_DONE && c != '\n')
		if (!buf_char(to, c, e))
			return false;
	if (how == IO_STOPPED)
		return signals_fail(e, ST_SECRET);
	return how == IO_DONE
	    || fail(e, ST_SECRET, FATE_TEMP, how == IO_LATE ? "no password was typed in time" : "no password was typed");
}

static void show_prompt(int tty, const struct ask *a)
{
	char host[256], user[256], text[600];

	printable(host, sizeof host, a->host, strlen(a->host), false);
	printable(user, sizeof user, a->user, strlen(a->user), false);
	snprintf(text, sizeof text, "password for %s at %s: ", user, host);
	(void)file_write_all(tty, text, strlen(text));
}

/* Opens the terminal itself, since stdin is the message. */
static bool ask_terminal(const struct ask *a, struct buf *to, bool *found, struct err *e)
{
	int tty = descriptor_terminal();
	struct termios was, quiet;
	bool ok = true;

	*found = tty >= 0 && tcgetattr(tty, &was) == 0;
	if (*found) {
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
		quiet.c_lflag |= ICANON;
		show_prompt(tty, a);
		tcsetattr(tty, TCSAFLUSH, &quiet);
		ok = read_typed(tty, a->until, to, e);
		tcsetattr(tty, TCSAFLUSH, &was);
		(void)file_write_all(tty, "\n", 1);
	}
	if (tty >= 0)
		close(tty);
	return ok;
}

/* The sources, in the order in which they are asked. */
static const struct {
	const char *name;       /* for errors */
	source_fn   ask;
	unsigned    seconds;    /* that it may take; 0: HELPER_S */
	bool        person;     /* a person answers, and may take longer */
	bool        first_line; /* further lines are ignored: msmtp's users have notes there */
} sources[] = {
	{ .name = "`oauth2`", .ask = ask_oauth2, .seconds = TOKEN_S },
	{ .name = "`password`", .ask = ask_password },
	{ .name = "`password_command`", .ask = ask_command },
	{ .name = "`passwordeval`", .ask = ask_eval, .first_line = true },
	{ .name = "`password_file`", .ask = ask_file, .first_line = true },
	{ .name = "the netrc file", .ask = ask_netrc },
	{ .name = "the terminal", .ask = ask_terminal, .person = true },
};

/* Takes one line end off.  What is left must be one line of text. */
static bool trim(struct buf *b, size_t source, struct err *e)
{
	const char *name = sources[source].name;
	const char *newline = b->len == 0 ? NULL : memchr(b->bytes, '\n', b->len);

	if (newline != NULL && (sources[source].first_line || newline + 1 == b->bytes + b->len))
		b->len = (size_t)(newline - b->bytes);
	if (newline != NULL && b->len > 0 && b->bytes[b->len - 1] == '\r')
		b->len--;
	if (b->len == 0)
		return fail(e, ST_SECRET, FATE_TEMP, "%s gave an empty password", name);
	if (memchr(b->bytes, '\n', b->len) != NULL)
		return fail(e, ST_SECRET, FATE_TEMP, "%s gave more than one line", name);
	for (size_t i = 0; i < b->len; i++)
		if (str_iscontrol(b->bytes[i]))
			return fail(e, ST_SECRET, FATE_TEMP, "%s gave a password with a control character", name);
	return true;
}

static bool keep(struct secret *s, const struct buf *b, struct err *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (b->len + page) / page * page;
	char *bytes = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		return fail_memory(e);
	/* failures are ignored: RLIMIT_MEMLOCK or an old kernel may refuse */
	(void)mlock(bytes, room);
	(void)madvise(bytes, room, MADV_DONTDUMP);
	(void)madvise(bytes, room, MADV_DONTFORK);
	memcpy(bytes, b->bytes, b->len);
	s->bytes = bytes;
	s->len = b->len;
	s->room = room;
	return true;
}

/* For --check: the name of the source, and its file or login.  A command is not shown, since a secret may stand in it. */
static void tell_source(const struct secret_params *p, size_t source)
{
	source_fn ask = sources[source].ask;
	const char *file = ask == ask_file ? p->password_file : ask == ask_netrc ? p->netrc_file
			 : ask == ask_oauth2 ? p->oauth2 : NULL;

	step_ok(ST_SECRET, "from %s%s%s", sources[source].name, file != NULL ? ", " : "", file != NULL ? file : "");
}

static bool fail_nowhere(const char *user, const char *host, struct err *e)
{
	fail(e, ST_SECRET, FATE_PERM, "there is no password for %s at %s", user, host);
	return err_hint(e, "set password_command, password_file or password, or put it into ~/.netrc");
}

bool secret_get(const struct secret_params *p, const char *host, const char *user,
		int64_t until, struct secret *s, struct err *e)
{
	struct buf b = buf_max(ST_SECRET, SECRET_MAX, "the password");
	bool ok = true, found = false;

	for (size_t i = 0; ok && !found && i < COUNT(sources); i++) {
		unsigned most = sources[i].seconds != 0 ? sources[i].seconds : HELPER_S;
		int64_t soon = clock_sooner(until, clock_in_s(clock_limit(p->timeout, most)));
		struct ask a = { p, host, user, sources[i].person ? until : soon, s };

		if (sources[i].person && p->optional)
			continue;
		b.what = sources[i].name;
		ok = sources[i].ask(&a, &b, &found, e);
		if (ok && found)
			ok = trim(&b, i, e) && keep(s, &b, e);
		if (ok && found)
			tell_source(p, i);
	}
	if (ok && !found && !p->optional)
		ok = fail_nowhere(user, host, e);
	buf_wipe(&b);
	return ok;
}

bool secret_is_stale(const struct secret_params *p, const struct secret *s)
{
	if (p->oauth2 == NULL || s->bytes == NULL || (!s->accepted && clock_ms() < s->since + UNUSED_MS))
		return false;
	return !access_lasts(s->obtained, s->expires, time(NULL), ACCESS_MARGIN_S);
}

/* The new token takes the old one's place. */
static bool replace(const struct secret_params *p, struct secret *s, struct err *e)
{
	int64_t until = clock_in_s(clock_limit(p->timeout, TOKEN_S));
	struct buf b = buf_max(ST_SECRET, SECRET_MAX, "`oauth2`");
	struct access t = { 0 };
	bool ok = token_renew(p->oauth2, s->bytes, until, &t, e) && buf_str(&b, t.token, e);

	if (ok) {
		secret_wipe(s);
		ok = keep_facts(&t, true, s, e) && keep(s, &b, e);
	}
	access_free(&t);
	buf_wipe(&b);
	return ok;
}

/* There is no newer token; the person sees also why one was asked for. */
static bool quote_refusal(const struct err *refusal, struct err *e)
{
	char both[2 * ERR_TEXT], why[ERR_TEXT];

	snprintf(both, sizeof both, "%s%safter this: %s", e->quote, e->quote[0] != '\0' ? "\n" : "", err_text(refusal, why));
	return err_quote(e, both, strlen(both));
}

/* The refusal says more than this: there was a new token lately, and it was refused, too. */
static bool is_known(const struct err *e)
{
	return e->fate == FATE_PERM && str_starts(e->quote, ACCESS_REFUSED);
}

bool secret_renew(const struct secret_params *p, struct secret *s, struct err *e)
{
	struct err refusal = *e;

	if (s->machine)
		return token_blame_timer(p->oauth2, e);
	if (!s->renewable)
		token_tell(p->oauth2, s->bytes, clock_in_s(clock_limit(p->timeout, TOKEN_S)));
	else if (replace(p, s, e))
		return true;
	else if (!is_known(e))
		return quote_refusal(&refusal, e);
	*e = refusal;
	return false;
}

void secret_was_good(struct secret *s)
{
	s->accepted = true;
	s->renewable = !s->machine;
}

void secret_wipe(struct secret *s)
{
	if (s->bytes != NULL) {
		explicit_bzero(s->bytes, s->room);
		munmap(s->bytes, s->room);
	}
	free(s->user);
	*s = (struct secret){ 0 };
}

void secret_params_wipe(struct secret_params *p)
{
	if (p->password != NULL)
		explicit_bzero(p->password, strlen(p->password));
}
