#include "oauth2/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/signals.h"

enum {
	CONF_MAX = 16 * 1024,   /* bytes of store.conf */
	RESERVED = 64 * 1024,   /* bytes that a new login has room for before it is asked for */
	LOCK_NAP_MS = 50,
};

#define LOCK    ".lock"
#define NEW     ".new" /* behind a whole name */
#define EXPORTED ".exported"
#define CONF    "store.conf"

enum { FILE_NAME = ACCESS_NAME_MAX + 32 };

static const char *file_of(const char *name, const char *suffix, char to[FILE_NAME])
{
	snprintf(to, FILE_NAME, "%s%s", name, suffix);
	return to;
}

/* ---- the directory ------------------------------------------------------------------------------- */

static bool read_conf(struct store *s, struct err *e)
{
	struct buf text = buf_max(ST_CONFIG, CONF_MAX, CONF);
	bool found, ok = folder_read(&s->at, CONF, S_IWGRP | S_IWOTH, &text, &found, e)
		      && wrap_parse(&s->wrap, buf_text(&text), text.len, e);

	if (!ok && e->hint[0] == '\0')
		err_hint(e, "edit %s/" CONF "; postern-oauth2(1) shows one", s->at.path);
	buf_free(&text);
	return ok;
}

bool store_open(struct store *s, bool make, struct err *e)
{
	*s = (struct store){ .at = { .dir = -1, .path = access_directory(e) } };
	if (s->at.path == NULL)
		return false;
	if (folder_open(&s->at, make, e))
		return read_conf(s, e);
	return e->sys == ENOENT ? err_hint(e, "postern-oauth2 login NAME") : false;
}

void store_close(struct store *s)
{
	if (s->at.path != NULL)
		folder_close(&s->at);
	wrap_free(&s->wrap);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(const char *file, struct strlist *names, struct err *e)
{
	size_t len = strlen(file), suffix = strlen(ACCESS_LOGIN);
	char name[ACCESS_NAME_MAX + 1];

	if (len <= suffix || len - suffix > ACCESS_NAME_MAX || strcmp(file + len - suffix, ACCESS_LOGIN) != 0)
		return true;
	memcpy(name, file, len - suffix);
	name[len - suffix] = '\0';
	return !access_name_ok(name) || strlist_add(names, name, e);
}

bool store_list(struct store *s, struct strlist *names, struct err *e)
{
	int fd = openat(s->at.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (d == NULL) {
		folder_failed(&s->at, "read", "", e);
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (ok && (errno = 0, entry = readdir(d)) != NULL)
		ok = add_name(entry->d_name, names, e);
	if (ok && errno != 0)
		ok = folder_failed(&s->at, "read", "", e);
	closedir(d);
	if (ok && names->n > 1)
		qsort(names->items, names->n, sizeof *names->items, by_name);
	return ok;
}

/* ---- reading ------------------------------------------------------------------------------------- */

static bool parse(const struct store *s, const char *name, const struct buf *text, struct login *l, struct err *e)
{
	struct buf plain = buf_like(text);
	bool ok = wrap_load(&s->wrap, text, &plain, e)
	       && (login_parse(l, buf_text(&plain), plain.len, e) || err_hint(e, "postern-oauth2 login %s", name));

	buf_wipe(&plain);
	return ok;
}

static bool read_login(const struct store *s, const char *name, const char *suffix, struct login *l, bool *found, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, STORE_TEXT_MAX, "the login");
	char file[FILE_NAME];
	bool ok = folder_read(&s->at, file_of(name, suffix, file), FOLDER_CLOSED, &text, found, e)
	       && (!*found || parse(s, name, &text, l, e));

	buf_wipe(&text);
	return ok;
}

static bool check_name(const char *name, struct err *e)
{
	if (access_name_ok(name))
		return true;
	fail(e, ST_USAGE, FATE_PERM, "a login cannot have the name %s", name);
	return err_hint(e, ACCESS_NAME_RULE);
}

bool store_read(struct store *s, const char *name, struct login *l, bool *found, struct err *e)
{
	*found = false;
	return check_name(name, e) && read_login(s, name, ACCESS_LOGIN, l, found, e);
}

/* ---- the lock ------------------------------------------------------------------------------------ */

/* On a file system that is read-only, a lock that is there can be held all the same. */
static int open_lock(const struct store *s, const char *file)
{
	int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(s->at.dir, file, O_RDWR | O_CREAT | flags, 0600);

	return fd < 0 && (errno == EROFS || errno == ENOSPC || errno == EDQUOT) ? openat(s->at.dir, file, O_RDONLY | flags) : fd;
}

static bool wait_for_lock(const struct store *s, const char *file, int fd, struct err *e)
{
	int64_t until = clock_in_s(STORE_LOCK_S);

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return folder_failed(&s->at, "lock", file, e);
		if (clock_passed(until)) {
			fail(e, ST_SECRET, FATE_TEMP, "another postern-oauth2 has held %s/%s for %d seconds", s->at.path, file,
			     STORE_LOCK_S);
			return err_hint(e, "fuser %s/%s", s->at.path, file);
		}
		if (descriptor_wait(-1, 0, clock_ms() + LOCK_NAP_MS) == IO_STOPPED)
			return signals_fail(e, ST_SECRET);
	}
	return true;
}

static bool take_lock(const struct store *s, struct held_login *h, struct err *e)
{
	char file[FILE_NAME];

	file_of(h->name, LOCK, file);
	h->lock = open_lock(s, file);
	if (h->lock < 0)
		return errno == ELOOP ? folder_distrust(&s->at, file, "is a symbolic link", "rm", e)
				      : folder_failed(&s->at, "open", file, e);
	if (folder_check(&s->at, file, h->lock, FOLDER_CLOSED, e) && wait_for_lock(s, file, h->lock, e))
		return true;
	close(h->lock);
	h->lock = -1;
	return false;
}

/* ---- taking -------------------------------------------------------------------------------------- */

static bool move(const struct store *s, const char *name, const char *from, const char *to, struct err *e)
{
	char old[FILE_NAME], new[FILE_NAME];

	return folder_rename(&s->at, file_of(name, from, old), file_of(name, to, new), e);
}

static bool drop(const struct store *s, const char *name, const char *suffix, struct err *e)
{
	char file[FILE_NAME];

	return folder_remove(&s->at, file_of(name, suffix, file), e);
}

/* The new login of a run that stopped before the rename.  If it is whole, it is the login.  `good`: the login in NAME.json could
 * be read; if it could not and the new one cannot either, the key ring may be locked, and both stay. */
static void adopt(const struct store *s, struct held_login *h, bool *good, bool *found)
{
	struct login l = { 0 };
	struct err e;
	bool there, ok = read_login(s, h->name, ACCESS_LOGIN NEW, &l, &there, &e);

	if (ok && there && move(s, h->name, ACCESS_LOGIN NEW, ACCESS_LOGIN, &e)) {
		login_free(&h->l);
		h->l = l;
		*good = *found = true;
		return;
	}
	login_free(&l);
	if (!ok && *good)
		(void)!drop(s, h->name, ACCESS_LOGIN NEW, &e);
}

bool store_take(struct store *s, const char *name, struct held_login *h, bool *found, struct err *e)
{
	bool good;

	*h = (struct held_login){ .lock = -1, .next = -1 };
	*found = false;
	if (!check_name(name, e))
		return false;
	snprintf(h->name, sizeof h->name, "%s", name);
	if (!take_lock(s, h, e))
		return false;
	good = read_login(s, name, ACCESS_LOGIN, &h->l, found, e);
	adopt(s, h, &good, found);
	return good;
}

static bool is_unusable(const struct err *e)
{
	return e->stage == ST_SECRET && e->fate == FATE_PERM;
}

bool store_take_over(struct store *s, const char *name, struct held_login *h, bool *found, struct err *e)
{
	if (store_take(s, name, h, found, e))
		return true;
	*found = false;
	return h->lock >= 0 && is_unusable(e);
}

bool store_read_over(struct store *s, const char *name, struct login *l, bool *found, struct err *e)
{
	if (store_read(s, name, l, found, e))
		return true;
	*found = false;
	return is_unusable(e);
}

void store_release(struct store *s, struct held_login *h)
{
	struct err e; /* what is left over does no harm */

	if (h->next >= 0) {
		close(h->next);
		(void)!drop(s, h->name, ACCESS_LOGIN NEW, &e);
	}
	if (h->lock >= 0)
		close(h->lock);
	if (h->holding)
		signals_let();
	login_free(&h->l);
	*h = (struct held_login){ .lock = -1, .next = -1 };
}

/* ---- writing ------------------------------------------------------------------------------------- */

/* The login as it is to be written. */
static bool put(const struct store *s, const struct login *l, struct buf *to, struct err *e)
{
	struct buf plain = buf_like(to);
	bool ok = login_put(&plain, l, e) && wrap_store(&s->wrap, &plain, to, e);

	buf_wipe(&plain);
	return ok;
}

/* Some file systems can reserve nothing: there the room is taken by zeros. */
static bool reserve(int fd)
{
	static const char zeros[4096];

	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, RESERVED) == 0)
		return true;
	if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
		return false;
	for (size_t done = 0; done < RESERVED; done += sizeof zeros)
		if (!file_write_all(fd, zeros, sizeof zeros))
			return false;
	return lseek(fd, 0, SEEK_SET) == 0;
}

/* Can the login be written?  A store_command is tried, too: its key may be missing. */
static bool try_writing(struct store *s, struct held_login *h, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, STORE_TEXT_MAX, "the login");
	char file[FILE_NAME];
	bool ok = s->wrap.store.n == 0 || put(s, &h->l, &text, e);

	buf_wipe(&text);
	if (!ok)
		return false;
	h->next = folder_new(&s->at, file_of(h->name, ACCESS_LOGIN NEW, file));
	return (h->next >= 0 && reserve(h->next)) || folder_failed(&s->at, "make", file, e);
}

bool store_prepare(struct store *s, struct held_login *h, struct err *e)
{
	if (!try_writing(s, h, e))
		return false;
	signals_hold();
	h->holding = true;
	return signals_stopping() == 0 || signals_fail(e, ST_SECRET);
}

/* If only the rename fails, the new file stays, and adopt() renames it next time. */
static bool replace(const struct store *s, const char *name, const char *suffix, int fd, const struct buf *text, struct err *e)
{
	char to[FILE_NAME], from[FILE_NAME + sizeof NEW];

	snprintf(from, sizeof from, "%s" NEW, file_of(name, suffix, to));
	return folder_replace(&s->at, from, to, fd >= 0 ? fd : folder_new(&s->at, from), text, e);
}

bool store_commit(struct store *s, struct held_login *h, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, STORE_TEXT_MAX, "the login");
	bool ok = put(s, &h->l, &text, e);

	if (ok) {
		ok = replace(s, h->name, ACCESS_LOGIN, h->next, &text, e);
		h->next = -1;
	}
	buf_wipe(&text);
	return ok;
}

bool store_put_access(struct store *s, const char *name, const struct access *a, struct err *e)
{
	struct buf text = buf_max(ST_SECRET, ACCESS_FILE_MAX, "the access token");
	bool ok = access_put(&text, a, e) && replace(s, name, ACCESS_SUFFIX, -1, &text, e);

	buf_wipe(&text);
	return ok;
}

/* ---- the machine's directory --------------------------------------------------------------------- */

/* It is root's, and a group may enter it. */
static bool check_machine(const struct folder *f, struct stat *st, struct err *e)
{
	if (fstat(f->dir, st) != 0)
		return folder_failed(f, "look at", "", e);
	if (st->st_uid != 0)
		return folder_distrust(f, "", "does not belong to root", "chown root", e);
	return (st->st_mode & (S_IWGRP | S_IRWXO)) == 0 || folder_distrust(f, "", "is open to other users", "chmod 750", e);
}

/* The file has its group before it has its name, and before its content. */
static bool put_machine(const struct folder *f, const char *name, const struct buf *text, struct err *e)
{
	char from[FILE_NAME + 1];
	struct stat st;
	int fd;

	if (!check_machine(f, &st, e))
		return false;
	snprintf(from, sizeof from, ".%s" NEW, name); /* no login has a name with a dot in front */
	fd = folder_new(f, from);
	if (fd >= 0 && (fchown(fd, (uid_t)-1, st.st_gid) != 0 || fchmod(fd, S_IRUSR | S_IWUSR | S_IRGRP) != 0)) {
		folder_failed(f, "open to its group", from, e);
		close(fd);
		return false;
	}
	return folder_replace(f, from, name, fd, text, e);
}

bool store_put_machine(const char *name, const struct access *a, struct err *e)
{
	char path[] = ACCESS_MACHINE;
	struct folder f = { .path = path };
	struct buf text = buf_max(ST_SECRET, ACCESS_FILE_MAX, "the access token");
	bool ok;

	if (geteuid() != 0) {
		fail(e, ST_USAGE, FATE_PERM, "only root keeps the machine's logins");
		return err_hint(e, "sudo postern-oauth2 token --machine %s", name);
	}
	f.dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f.dir < 0) {
		folder_failed(&f, "open", "", e);
		return err_hint(e, "install -d -o root -g postern -m 0750 %s", path);
	}
	ok = access_put(&text, a, e) && put_machine(&f, name, &text, e);
	buf_wipe(&text);
	close(f.dir);
	return ok;
}

bool store_drop_machine(const char *name, struct err *e)
{
	char path[] = ACCESS_MACHINE;
	struct folder f = { .path = path, .dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) };
	bool ok;

	if (f.dir < 0)
		return errno == ENOENT || folder_failed(&f, "open", "", e);
	ok = folder_remove(&f, name, e);
	close(f.dir);
	return ok;
}

/* ---- the end of a login -------------------------------------------------------------------------- */

bool store_drop_access(struct store *s, const char *name, struct err *e)
{
	return drop(s, name, ACCESS_SUFFIX, e);
}

bool store_remove(struct store *s, struct held_login *h, struct err *e)
{
	return drop(s, h->name, ACCESS_SUFFIX, e) && drop(s, h->name, ACCESS_LOGIN NEW, e) && drop(s, h->name, ACCESS_LOGIN, e)
	    && drop(s, h->name, EXPORTED, e) && folder_sync(&s->at, e);
}

bool store_set_aside(struct store *s, struct held_login *h, struct err *e)
{
	return drop(s, h->name, ACCESS_SUFFIX, e) && move(s, h->name, ACCESS_LOGIN, EXPORTED, e);
}

bool store_was_set_aside(struct store *s, const char *name)
{
	char file[FILE_NAME];

	return folder_has(&s->at, file_of(name, EXPORTED, file));
}

/* Where a machine may have logins of its own, one of them may be meant: then root has to do something. */
static bool hint_missing(const char *name, struct err *e)
{
	int why = access(ACCESS_MACHINE, X_OK) == 0 ? 0 : errno;

	if (why == EACCES)
		return err_hint(e, "postern-oauth2 login %s; if it is this machine's, root adds this user to the group of %s",
				name, ACCESS_MACHINE);
	if (why == 0 && geteuid() != 0)
		return err_hint(e, "postern-oauth2 login %s;"
				   " if it is this machine's, root runs postern-oauth2 token --machine %s", name, name);
	return err_hint(e, "postern-oauth2 login %s; postern-oauth2 list shows the logins that are here", name);
}

bool store_fail_missing(struct store *s, const char *name, struct err *e)
{
	const char *path = s->at.path;

	if (store_was_set_aside(s, name)) {
		fail(e, ST_SECRET, FATE_PERM, "there is no login %s any more: it was exported to another machine", name);
		return err_hint(e, "postern-oauth2 import --undo %s, if it is used nowhere else", name);
	}
	fail(e, ST_SECRET, FATE_PERM, "there is no login %s%s%s", name, path != NULL ? " in " : "", path != NULL ? path : "");
	return hint_missing(name, e);
}

bool store_take_back(struct store *s, struct held_login *h, struct err *e)
{
	char file[FILE_NAME];

	if (folder_has(&s->at, file_of(h->name, ACCESS_LOGIN, file))) {
		fail(e, ST_USAGE, FATE_PERM, "there is a login %s already, and it stays", h->name);
		return err_hint(e, "postern-oauth2 status %s", h->name);
	}
	if (store_was_set_aside(s, h->name))
		return move(s, h->name, EXPORTED, ACCESS_LOGIN, e);
	fail(e, ST_USAGE, FATE_PERM, "no login %s was exported here", h->name);
	return err_hint(e, "postern-oauth2 list shows the logins that are here");
}
