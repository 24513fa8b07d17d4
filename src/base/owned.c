#include "base/owned.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rights.h"
#include "base/str.h"

enum {
	LINKS_MAX = 40, /* as in Linux */
	TRIES_MAX = 10, /* for a file that is replaced between fstat(2) and open(2) */
};

struct walk {
	const char *name; /* the file's name in errors */
	enum stage  st;
	bool        directory; /* what is reached is a directory and not a file */
	bool        as_owner; /* we are root: a file of another user is read as that user */
	int         dir, file; /* O_PATH; -1: not open */
	struct file_facts in, s; /* of `dir` and of `file` */
	char        last[NAME_MAX + 1]; /* the name last taken from `rest`; at the end that of `file` in `dir` */
	char        rest[2 * PATH_MAX]; /* the part of the path that has not been walked yet */
	unsigned    links;
	bool        foreign; /* a directory belongs to another user than root and us: to `owner` */
	uid_t       owner;
};

/* ---- who may change what ------------------------------------------------------------------------- */

/* Only root can have made the entries of this directory. */
static bool is_roots(const struct file_facts *dir)
{
	return dir->owner == 0 && !dir->others_write;
}

static bool fail_walk(const struct walk *w, const char *what, struct err *e)
{
	return fail(e, w->st, FATE_PERM, "%s %s", w->name, what);
}

static bool fail_open(const struct walk *w, struct err *e)
{
	int why = errno;

	fail_sys(e, w->st, why, "cannot read %s", w->name);
	if (!file_may_pass(why))
		e->fate = FATE_PERM;
	return false;
}

/* Another user than root and us can change what is below: only one may, to whom all must belong. */
static bool note_foreign(struct walk *w, uid_t owner, struct err *e)
{
	if (w->foreign && w->owner != owner)
		return fail_walk(w, "is below directories of two other users", e);
	w->foreign = true;
	w->owner = owner;
	return true;
}

/* Checks the directory `w->in`, in which `w->s` has been found. */
static bool check_directory(struct walk *w, struct err *e)
{
	bool sticky = (w->in.mode & S_ISVTX) != 0;

	if (w->in.others_write && !(sticky && (w->s.owned || w->directory)))
		return fail_walk(w, "is in, or below, a directory that others may write", e);
	if (w->in.others_write && !w->s.owned && !note_foreign(w, w->s.owner, e))
		return false;
	return w->in.owned || note_foreign(w, w->in.owner, e);
}

static bool check_foreign(const struct walk *w, struct err *e)
{
	return !w->foreign || w->owner == w->s.owner
	    || fail_walk(w, "is in a directory of a user who is not its owner", e);
}

static bool check_file(const struct walk *w, bool anybodys, struct err *e)
{
	if (S_ISDIR(w->s.mode))
		return fail_walk(w, "is a directory", e);
	if (!S_ISREG(w->s.mode))
		return fail_walk(w, "is not a regular file", e);
	if (!anybodys && !w->s.owned)
		return fail_walk(w, "belongs to another user than you and root", e);
	if (w->s.others_write) {
		fail_walk(w, "can be written by others than its owner", e);
		return err_hint(e, "chmod go-w: every user who may write it decides who gets the mail");
	}
	return check_foreign(w, e);
}

/* ---- the walk ------------------------------------------------------------------------------------ */

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Makes `dir` the directory in which the next name is looked up. */
static bool go_to(struct walk *w, int dir, struct err *e)
{
	if (dir < 0)
		return fail_open(w, e);
	shut(&w->dir);
	w->dir = dir;
	return file_look(dir, &w->in) || fail_open(w, e);
}

static bool go_to_root(struct walk *w, struct err *e)
{
	return go_to(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), e);
}

/* Moves the next name from `rest` to `last`; "" at the end. */
static bool next_name(struct walk *w, struct err *e)
{
	const char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");

	if (len > NAME_MAX) {
		errno = ENAMETOOLONG;
		return fail_open(w, e);
	}
	memcpy(w->last, from, len);
	w->last[len] = '\0';
	memmove(w->rest, from + len, strlen(from + len) + 1);
	return true;
}

static bool follow(struct walk *w, struct err *e)
{
	char target[PATH_MAX], rest[sizeof w->rest];
	ssize_t n = readlinkat(w->file, "", target, sizeof target);
	int size;

	if (!is_roots(&w->in))
		return fail_walk(w, "is reached by a link in a directory that is not root's alone", e);
	if (n < 0)
		return fail_open(w, e);
	size = snprintf(rest, sizeof rest, "%.*s/%s", (int)n, target, w->rest);
	if (++w->links > LINKS_MAX || n == sizeof target || size < 0 || (size_t)size >= sizeof rest) {
		errno = ELOOP;
		return fail_open(w, e);
	}
	memcpy(w->rest, rest, (size_t)size + 1);
	shut(&w->file);
	return target[0] != '/' || go_to_root(w, e);
}

static bool go_up(struct walk *w, struct err *e)
{
	if (!is_roots(&w->in))
		return fail_walk(w, "has `..` in its path, in a directory that is not root's alone", e);
	return go_to(w, openat(w->dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC), e);
}

static bool step(struct walk *w, struct err *e)
{
	int next;

	assert(w->dir >= 0); /* begin() has gone to the root */
	if (strcmp(w->last, ".") == 0)
		return true;
	if (strcmp(w->last, "..") == 0)
		return go_up(w, e);
	w->file = openat(w->dir, w->last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (w->file < 0 || !file_look(w->file, &w->s))
		return fail_open(w, e);
	if (S_ISLNK(w->s.mode))
		return follow(w, e);
	if (!check_directory(w, e))
		return false;
	if (w->rest[strspn(w->rest, "/")] == '\0')
		return true;
	if (!S_ISDIR(w->s.mode)) {
		errno = ENOTDIR;
		return fail_open(w, e);
	}
	next = w->file;
	w->file = -1;
	return go_to(w, next, e);
}

static bool begin(struct walk *w, const char *path, struct err *e)
{
	char here[PATH_MAX] = "";
	int n;

	if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
		return fail_open(w, e);
	n = snprintf(w->rest, sizeof w->rest, "%s/%s", here, path);
	if (n < 0 || (size_t)n >= sizeof w->rest) {
		errno = ENAMETOOLONG;
		return fail_open(w, e);
	}
	return go_to_root(w, e);
}

/* Walks to the file and checks it; it is not opened for reading yet. */
static bool reach(struct walk *w, const char *path, bool anybodys, struct err *e)
{
	if (!begin(w, path, e))
		return false;
	while (w->file < 0) {
		if (!next_name(w, e))
			return false;
		if (w->last[0] == '\0') { /* the path ends in a directory */
			w->s = w->in;
			break;
		}
		if (!step(w, e))
			return false;
	}
	return w->directory ? check_foreign(w, e) : check_file(w, anybodys, e);
}

static void end(struct walk *w)
{
	shut(&w->file);
	shut(&w->dir);
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* Opens the file with the same rights as in the walk: by its name, in the directory that was checked. */
static int open_name(const struct walk *w)
{
	int fd = openat(w->dir, w->last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct file_facts f;

	if (fd < 0 || (file_look(fd, &f) && f.dev == w->s.dev && f.ino == w->s.ino))
		return fd;
	close(fd);
	errno = ESTALE; /* the file has been replaced since the check */
	return -1;
}

/* Opens the file with other rights than in the walk: by its descriptor, since its directory may be closed to those rights. */
static int open_again(const struct walk *w)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", w->file);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static bool fail_proc(const struct walk *w, struct err *e)
{
	fail(e, w->st, FATE_TEMP, "%s cannot be read as its owner without /proc", w->name);
	return err_hint(e, "mount /proc");
}

/* Closes the descriptor in every case. */
static bool read_reached(const struct walk *w, int fd, struct buf *to, struct err *e)
{
	bool ok;

	if (fd < 0)
		return fail_open(w, e);
	ok = file_read_open(fd, w->name, w->st, CLOCK_NEVER, to, e);
	close(fd);
	return ok;
}

/* Ends rights_take().  If rights_restore() fails, its error replaces any earlier one: it is the more serious. */
static bool give_back(struct rights *taken, bool ok, struct err *e)
{
	struct err worse;

	if (rights_restore(taken, &worse))
		return ok;
	*e = worse;
	return false;
}

static bool read_as_owner(const struct walk *w, struct buf *to, struct err *e)
{
	struct rights was = { 0 };
	bool ok = rights_take(w->s.owner, &was, e);
	int fd = ok ? open_again(w) : -1;

	if (ok && fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		ok = fail_proc(w, e);
	ok = ok && read_reached(w, fd, to, e);
	return give_back(&was, ok, e);
}

/* With the present rights.  Editors and programs replace such a file by a rename; if that happens between the check and the
 * opening, the walk begins again at the root. */
static bool reach_and_read(struct walk *w, const char *path, bool anybodys, struct buf *to, struct err *e)
{
	for (unsigned tries = 1;; tries++) {
		struct walk again = { .name = w->name, .st = w->st, .as_owner = w->as_owner, .dir = -1, .file = -1 };
		int fd;

		if (!reach(w, path, anybodys, e))
			return false;
		if (w->as_owner && w->s.owner != 0)
			return read_as_owner(w, to, e);
		fd = open_name(w);
		if (fd >= 0 || (errno != ESTALE && errno != ENOENT) || tries == TRIES_MAX)
			return read_reached(w, fd, to, e);
		end(w);
		*w = again;
	}
}

bool owned_read(const char *path, const char *name, enum stage st, struct buf *to, struct err *e)
{
	struct walk w = { .name = name, .st = st, .dir = -1, .file = -1 };
	bool ok = reach_and_read(&w, path, false, to, e);

	end(&w);
	return ok;
}

/* The walk has the rights of that user, too: a list must not lead to a file that its own owner cannot reach. */
static bool read_as(uid_t uid, struct walk *w, const char *path, struct buf *to, struct err *e)
{
	struct rights was = { 0 };
	bool ok = rights_take(uid, &was, e) && reach_and_read(w, path, true, to, e);

	return give_back(&was, ok, e);
}

bool owned_read_list(const char *path, const char *name, uid_t as, enum stage st, struct buf *to, uid_t *reader,
		     struct err *e)
{
	struct walk w = { .name = name, .st = st, .dir = -1, .file = -1 };
	bool ok;

	*reader = 0;
	if (geteuid() == 0 && as != 0) {
		*reader = as;
		ok = read_as(as, &w, path, to, e);
	} else {
		w.as_owner = geteuid() == 0;
		ok = reach_and_read(&w, path, true, to, e);
		*reader = w.as_owner && ok ? w.s.owner : 0;
	}
	end(&w);
	return ok;
}

bool owned_open_directory(const char *path, const char *name, enum stage st, int *fd, bool *foreign, struct err *e)
{
	struct walk w = { .name = name, .st = st, .directory = true, .dir = -1, .file = -1 };
	bool ok = reach(&w, path, true, e);

	*fd = ok ? openat(w.file >= 0 ? w.file : w.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	*foreign = w.foreign || !w.in.owned;
	ok = ok && (*fd >= 0 || fail_open(&w, e));
	end(&w);
	return ok;
}
