#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/printable.h"
#include "base/signals.h"

bool file_sanitise_std(void)
{
	bool had_stdin = fcntl(STDIN_FILENO, F_GETFD) >= 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(EX_OSERR);
	return had_stdin;
}

bool file_is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

bool file_may_pass(int errnum)
{
	static const int for_good[] = {
		ENOENT, ENOTDIR, EACCES, EPERM, EISDIR, ENAMETOOLONG, ELOOP, ENXIO, ENODEV, EINVAL,
	};

	for (size_t i = 0; i < COUNT(for_good); i++)
		if (errnum == for_good[i])
			return false;
	return true;
}

/* The error of a file that cannot be opened or read, by its errno. */
static bool fail_open(const char *path, enum stage st, int errnum, struct err *e)
{
	fail_sys(e, st, errnum, "cannot read %s", path);
	if (!file_may_pass(errnum))
		e->fate = FATE_PERM;
	return false;
}

static void look(const struct stat *s, struct file_facts *f)
{
	f->dev = s->st_dev;
	f->ino = s->st_ino;
	f->owner = s->st_uid;
	f->exists = true;
	f->mode = s->st_mode;
	f->owned = s->st_uid == 0 || s->st_uid == geteuid();
	f->open_read = (s->st_mode & S_IROTH) != 0 || ((s->st_mode & S_IRGRP) != 0 && s->st_uid != 0 && s->st_gid != 0);
	f->open_write = (s->st_mode & (S_IWOTH | S_IWGRP)) != 0;
	f->all_write = S_ISREG(s->st_mode) && (s->st_mode & S_IWOTH) != 0;
	f->others_write = (s->st_mode & S_IWOTH) != 0 || ((s->st_mode & S_IWGRP) != 0 && s->st_gid != 0);
}

bool file_look(int fd, struct file_facts *f)
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return false;
	look(&s, f);
	return true;
}

/* ---- reading ------------------------------------------------------------------------------------- */

static unsigned patience = FILE_PATIENCE_S;

void file_patience(unsigned seconds)
{
	patience = clock_limit(seconds, FILE_PATIENCE_S);
}

enum { ROOM_MIN = 4096 - 1 }; /* bytes for each read(2) at least: with the NUL, a small file takes one page */

struct source {
	struct descriptor d; /* `blocks`: a FIFO that may have no writer yet: read(2) would find its end at once, but poll(2)
			      * reports it (POLLHUP) only after a writer has closed it */
	const char       *name;
	enum stage        st;
};

/* A pipe that was opened by name may have no writer yet; the pipe of a shell's <(...) has one. */
static bool is_named_pipe(int fd)
{
	struct stat s;
	struct statfs in;

	return fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode) && fstatfs(fd, &in) == 0 && in.f_type != PIPEFS_MAGIC;
}

static bool fail_read(const struct source *s, enum io how, struct err *e)
{
	if (how == IO_STOPPED)
		return signals_fail(e, s->st);
	if (how != IO_LATE)
		return fail_open(s->name, s->st, errno, e);
	return fail(e, s->st, FATE_TEMP, s->d.blocks ? "%s is a pipe, and no program wrote to it in time"
						     : "%s is a pipe, and its end did not come in time", s->name);
}

/* Reads directly into *to: the content may be a password, and so there is no second copy to wipe.  At the ceiling it reads one
 * more byte to see whether this is the end. */
static bool read_piece(struct source *s, struct buf *to, bool *end, struct err *e)
{
	size_t left = to->max - to->len, n;
	char beyond;
	enum io how;

	if (left > 0 && !buf_room(to, left < ROOM_MIN ? left : ROOM_MIN, e))
		return false;
	how = left == 0 ? descriptor_read(&s->d, &beyond, sizeof beyond, &n)
			: descriptor_read(&s->d, to->bytes + to->len, to->cap - to->len - 1, &n);
	*end = how == IO_END;
	if (how != IO_DONE)
		return *end || fail_read(s, how, e);
	if (left == 0)
		return buf_room(to, 1, e);
	s->d.blocks = false;
	to->len += n;
	to->bytes[to->len] = '\0';
	return true;
}

bool file_read_open(int fd, const char *name, enum stage st, int64_t until, struct buf *to, struct err *e)
{
	struct source s = { .d = { .fd = fd, .blocks = is_named_pipe(fd) }, .name = name, .st = st };
	bool end = false;

	s.d.deadline = clock_sooner(until, clock_in_s(patience));
	while (!end)
		if (!read_piece(&s, to, &end, e))
			return false;
	return true;
}

/* Users write `-C /dev/null` for "no configuration". */
static bool is_dev_null(const struct stat *s)
{
	struct stat null;

	return S_ISCHR(s->st_mode) && stat("/dev/null", &null) == 0 && S_ISCHR(null.st_mode) && s->st_rdev == null.st_rdev;
}

bool file_read_until(const char *path, enum stage st, int64_t until, struct buf *to, struct file_facts *facts,
		     struct err *e)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* else open(2) would wait for the writer of a FIFO */
	bool ok;

	if (facts != NULL)
		*facts = (struct file_facts){ .exists = fd >= 0 || (errno != ENOENT && errno != ENOTDIR) };
	if (fd < 0)
		return fail_open(path, st, errno, e);
	if (fstat(fd, &s) != 0) {
		ok = fail_open(path, st, errno, e);
	} else if (S_ISDIR(s.st_mode)) {
		ok = fail_open(path, st, EISDIR, e);
	} else if (!S_ISREG(s.st_mode) && !S_ISFIFO(s.st_mode) && !is_dev_null(&s)) {
		ok = fail(e, st, FATE_PERM, "%s is neither a regular file nor a pipe", path);
	} else {
		if (facts != NULL)
			look(&s, facts);
		ok = file_read_open(fd, path, st, until, to, e);
	}
	close(fd);
	return ok;
}

bool file_read(const char *path, enum stage st, struct buf *to, struct file_facts *facts, struct err *e)
{
	return file_read_until(path, st, CLOCK_NEVER, to, facts, e);
}

/* ---- writing ------------------------------------------------------------------------------------- */

bool file_write_all(int fd, const void *p, size_t n)
{
	struct descriptor d = { .fd = fd, .deadline = clock_in_s(patience) };

	return descriptor_write(&d, p, n) == IO_DONE;
}

bool file_write_printable(int fd, const void *from, size_t n)
{
	char shown[4096];
	size_t len = 0, took;
	bool ok = true;

	for (const char *p = from; ok && n > 0; p += took, n -= took) {
		took = 1;
		if (*p == '\t')
			shown[len++] = *p;
		else if (*p != '\r' || n < 2 || p[1] != '\n')
			len += printable_piece(p, n, true, shown + len, &took);
		if (len + PRINTABLE_PIECE >= sizeof shown) {
			ok = file_write_all(fd, shown, len);
			len = 0;
		}
	}
	return ok && (len == 0 || file_write_all(fd, shown, len));
}

bool file_append(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600), why;
	bool ok;

	if (fd < 0)
		return false;
	(void)flock(fd, LOCK_EX | LOCK_NB);
	ok = file_write_all(fd, p, n);
	why = errno;
	close(fd);
	errno = why;
	return ok;
}

static int temp_in(const char *dir)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* for a file system without O_TMPFILE */
	if (fd < 0 && (size_t)snprintf(path, sizeof path, "%s/postern.XXXXXX", dir) < sizeof path
	    && (fd = mkostemp(path, O_CLOEXEC)) >= 0)
		unlink(path);
	return fd;
}

int file_temp(const char **dir, struct err *passed_over, struct err *e)
{
	const char *wanted = secure_getenv("TMPDIR");
	int fd, why = 0;

	*passed_over = (struct err){ 0 };
	if (wanted != NULL && wanted[0] != '\0') {
		*dir = wanted;
		if ((fd = temp_in(wanted)) >= 0)
			return fd;
		why = errno;
		fail_sys(passed_over, ST_SPOOL, why, "cannot make a temporary file in %s", wanted);
	}
	*dir = "/tmp";
	if ((fd = temp_in(*dir)) >= 0)
		return fd;
	if (why == 0)
		fail_sys(e, ST_SPOOL, errno, "cannot make a temporary file in /tmp");
	else
		fail_sys(e, ST_SPOOL, why, "cannot make a temporary file in %s, nor in /tmp", wanted);
	err_hint(e, "set TMPDIR to a directory with room for the message");
	return -1;
}

bool file_sync_directory(int dir)
{
	return fsync(dir) == 0 || errno == EINVAL;
}

/* Makes one directory, and syncs the one that names it. */
static bool make_one(char *path)
{
	char *slash = strrchr(path, '/');
	int above;
	bool ok;

	if (mkdir(path, 0700) != 0)
		return errno == EEXIST;
	*slash = '\0';
	above = open(path[0] == '\0' ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	ok = above >= 0 && file_sync_directory(above);
	if (above >= 0)
		close(above);
	return ok;
}

bool file_make_directory(const char *path)
{
	char part[4096];
	size_t len = strlen(path);

	if (path[0] != '/' || len >= sizeof part) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (!make_one(part))
			return false;
	}
	return true;
}
