#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/stop.h"

bool file_sanitise_std(void)
{
	bool had_stdin = fcntl(STDIN_FILENO, F_GETFD) >= 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(EX_OSERR);
	return had_stdin;
}

/* What can never be read: with errno as the reason. */
static bool fail_open(const char *path, enum stage st, int errnum, struct err *e)
{
	fail_sys(e, st, errnum, "cannot read %s", path);
	if (errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES || errnum == EPERM || errnum == EISDIR)
		e->fate = FATE_PERM;
	return false;
}

static void look(const struct stat *s, struct file_facts *f)
{
	f->regular = S_ISREG(s->st_mode);
	f->owned = s->st_uid == 0 || s->st_uid == getuid() || s->st_uid == geteuid();
	f->others_read = (s->st_mode & S_IROTH) != 0 || ((s->st_mode & S_IRGRP) != 0 && s->st_gid != 0);
	f->all_write = f->regular && (s->st_mode & S_IWOTH) != 0;
	f->others_write = (s->st_mode & S_IWOTH) != 0 || ((s->st_mode & S_IWGRP) != 0 && s->st_gid != 0);
}

/* Until the end; a pipe may take its time, but a signal ends the wait. */
static bool read_all(int fd, const char *path, enum stage st, struct buf *to, struct err *e)
{
	for (;;) {
		char piece[16 * 1024];
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n = read(fd, piece, sizeof piece);

		if (n == 0)
			return true;
		if (n > 0 && !buf_add(to, piece, (size_t)n, e)) {
			explicit_bzero(piece, sizeof piece);
			e->stage = e->stage == ST_INPUT ? st : e->stage;
			return false;
		}
		explicit_bzero(piece, n > 0 ? (size_t)n : 0); /* it may hold a password */
		if (n < 0 && errno == EAGAIN)
			(void)stop_poll(&p, 1, -1);
		else if (n < 0 && errno != EINTR)
			return fail_open(path, st, errno, e);
		if (stop_asked())
			return stop_fail(e, st);
	}
}

/* `-C /dev/null` is how people say "no configuration". */
static bool is_dev_null(const struct stat *s)
{
	struct stat null;

	return S_ISCHR(s->st_mode) && stat("/dev/null", &null) == 0 && S_ISCHR(null.st_mode) && s->st_rdev == null.st_rdev;
}

static bool read_file(const char *path, enum stage st, struct buf *to, struct file_facts *facts, bool pipe_ok,
		      struct err *e)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not hang open(2) */
	bool ok;

	if (facts != NULL)
		*facts = (struct file_facts){ .exists = fd >= 0 || (errno != ENOENT && errno != ENOTDIR) };
	if (fd < 0)
		return fail_open(path, st, errno, e);
	if (fstat(fd, &s) != 0) {
		ok = fail_open(path, st, errno, e);
	} else if (S_ISDIR(s.st_mode)) {
		ok = fail_open(path, st, EISDIR, e);
	} else if (!S_ISREG(s.st_mode) && !(pipe_ok && (S_ISFIFO(s.st_mode) || is_dev_null(&s)))) {
		ok = fail(e, st, FATE_PERM, pipe_ok ? "%s is neither a regular file nor a pipe" : "%s is not a regular file",
			  path);
	} else {
		if (facts != NULL)
			look(&s, facts);
		ok = read_all(fd, path, st, to, e);
	}
	close(fd);
	return ok;
}

bool file_read(const char *path, enum stage st, struct buf *to, struct file_facts *facts, struct err *e)
{
	return read_file(path, st, to, facts, true, e);
}

bool file_read_regular(const char *path, enum stage st, struct buf *to, struct err *e)
{
	return read_file(path, st, to, NULL, false, e);
}

int file_temp(struct err *e)
{
	const char *dir = secure_getenv("TMPDIR");
	char path[4096];
	int fd;

	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* a file system without O_TMPFILE */
	if ((size_t)snprintf(path, sizeof path, "%s/postern.XXXXXX", dir) < sizeof path
	    && (fd = mkostemp(path, O_CLOEXEC)) >= 0)
		unlink(path);
	if (fd < 0) {
		fail_sys(e, ST_SPOOL, errno, "cannot make a temporary file in %s", dir);
		err_hint(e, "set TMPDIR to a directory with room for the message");
	}
	return fd;
}

bool file_write_all(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t w = write(fd, from, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		from += w;
		n -= (size_t)w;
	}
	return true;
}

const char *file_home(void)
{
	const char *home = secure_getenv("HOME");
	const struct passwd *pw;

	if (home != NULL && home[0] == '/')
		return home;
	pw = getpwuid(getuid());
	return pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

char *file_expand(const char *path, struct err *e)
{
	const char *home;
	char *whole = NULL;

	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/'))
		return str_dup(path, e);
	home = file_home();
	if (home == NULL)
		fail(e, ST_CONFIG, FATE_PERM, "there is no home directory for %s", path);
	else if (asprintf(&whole, "%s%s", home, path + 1) < 0) {
		whole = NULL;
		fail_memory(e);
	}
	return whole;
}
