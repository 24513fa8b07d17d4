/*
 * crash.c - to be preloaded: the process or the machine crashes at the n-th system call, or that call fails.
 *
 *	CRASH_DIR=path		calls for files below this directory are watched, and unless HOW is an error, all of sockets; needed
 *	CRASH_AT=n		the n-th watched call of the first process, counted from main() on; 0: none; one more than there
 *				are: power is lost right after the end of the process
 *	CRASH_HOW=how		killed	the process ends before the call; of a write, half has happened
 *				power	the machine loses power: what was not synced never happened, neither in files nor in
 *					directories
 *				data	the same, but directories are on the disk before the data of their files
 *				ENOSPC	from this call on the disk is full: no call gets more room
 *				EIO, ...	the call fails so, only this once
 *	CRASH_TRACE=file	the watched calls are appended there, each in a line: number, name, file ("socket" for those)
 *
 * If a file is synced again after a sync of it has failed, the process aborts: the kernel has forgotten what was not written.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS = 256, FILES = 64, DEEDS = 256 };

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

/* Declares a pointer to the C library's function. */
#define REAL(name) \
	static __typeof__(name) *real; \
	if (real == NULL) \
		*(void **)&real = next(#name)

/* ---- what is watched ----------------------------------------------------------------------------- */

static const char   *dir, *how, *trace;
static unsigned long at, count;
static bool          counting, sockets, full, within; /* within: a call of ours */
static pid_t         first;

static bool mode(const char *name) { return how != NULL && strcmp(how, name) == 0; }

static int error_of_mode(void)
{
	static const struct { const char *name; int number; } errors[] = {
		{ "EIO", EIO }, { "EACCES", EACCES }, { "EMFILE", EMFILE }, { "EINTR", EINTR }, { "ENOSPC", ENOSPC },
	};

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (mode(errors[i].name))
			return errors[i].number;
	return 0;
}

/* The name of an open file; "": none that is watched. */
static void name_of(int fd, char to[PATH_MAX])
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, to, PATH_MAX - 1);
	to[n < 0 ? 0 : n] = '\0';
	if (strncmp(to, "socket:", 7) == 0)
		strcpy(to, sockets ? "socket" : "");
	else if (strncmp(to, dir, strlen(dir)) != 0)
		to[0] = '\0';
}

static void name_at(int parent, const char *name, char to[PATH_MAX])
{
	char above[PATH_MAX] = "";

	if (name[0] != '/' && parent == AT_FDCWD)
		to[0] = '\0';
	else if (name[0] == '/')
		snprintf(to, PATH_MAX, "%s", name);
	else
		name_of(parent, above), snprintf(to, PATH_MAX, "%s%s%s", above, above[0] == '\0' ? "" : "/", above[0] == '\0' ? "" : name);
	if (strncmp(to, dir, strlen(dir)) != 0)
		to[0] = '\0';
}

/* ---- what is on the disk ------------------------------------------------------------------------- */

struct file { /* written to, and not synced since */
	int   fd;     /* of ours, to write into it although its name may be gone */
	dev_t dev;
	ino_t ino;
	char *synced; /* its content as it is on the disk */
	off_t size;
	bool  dirty, spoilt; /* spoilt: a sync has failed */
};

struct deed { /* in a directory that was not synced since */
	char what;    /* 'c'reated, 'r'enamed, 'd'irectory made; what is unlinked is renamed to a name outside */
	char name[PATH_MAX], to[PATH_MAX];
};

static struct file files[FILES];
static struct deed deeds[DEEDS];
static size_t n_files, n_deeds;

static struct file *file_of(int fd)
{
	struct stat st;
	char link[40];

	if (fstat(fd, &st) != 0)
		return NULL;
	for (size_t i = 0; i < n_files; i++)
		if (files[i].dev == st.st_dev && files[i].ino == st.st_ino)
			return &files[i];
	if (!S_ISREG(st.st_mode) || n_files == FILES)
		return NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd); /* ours is only open for writing, perhaps */
	files[n_files] = (struct file){ .fd = open(link, O_RDWR | O_CLOEXEC), .dev = st.st_dev, .ino = st.st_ino };
	return files[n_files].fd < 0 ? NULL : &files[n_files++];
}

/* Its content is now on the disk. */
static void snapshot(struct file *f)
{
	struct stat st;

	if (f == NULL || fstat(f->fd, &st) != 0)
		return;
	free(f->synced);
	f->synced = malloc((size_t)st.st_size + 1);
	f->size = st.st_size;
	f->dirty = false;
	for (off_t done = 0; done < st.st_size;) {
		ssize_t n = pread(f->fd, f->synced + done, (size_t)(st.st_size - done), done);

		if (n <= 0)
			abort();
		done += n;
	}
}

static void did(char what, const char *name, const char *to)
{
	if (name[0] == '\0' || (to[0] == '\0' && what == 'r'))
		return;
	if (n_deeds == DEEDS)
		abort();
	deeds[n_deeds] = (struct deed){ .what = what };
	strcpy(deeds[n_deeds].name, name);
	strcpy(deeds[n_deeds++].to, to);
}

static bool is_in(const char *name, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(name, directory, n) == 0 && name[n] == '/' && strchr(name + n + 1, '/') == NULL;
}

static void synced_directory(const char *directory)
{
	size_t kept = 0;

	for (size_t i = 0; i < n_deeds; i++)
		if (!is_in(deeds[i].name, directory) && !(deeds[i].what == 'r' && is_in(deeds[i].to, directory)))
			deeds[kept++] = deeds[i];
	n_deeds = kept;
}

static void undo(const struct deed *d)
{
	if (d->what == 'c')
		unlink(d->name);
	else if (d->what == 'd')
		rmdir(d->name);
	else if (rename(d->to, d->name) != 0)
		_exit(99); /* the test must see it */
}

static void lose_data(void)
{
	for (size_t i = 0; i < n_files; i++)
		if (files[i].dirty && (ftruncate(files[i].fd, 0) != 0
				       || pwrite(files[i].fd, files[i].synced, (size_t)files[i].size, 0) != files[i].size))
			_exit(99);
}

static void lose_power(void)
{
	within = true;
	if (mode("power"))
		while (n_deeds > 0)
			undo(&deeds[--n_deeds]);
	if (mode("power") || mode("data"))
		lose_data();
}

static void crash(void)
{
	lose_power();
	_exit(137);
}

/* ---- the calls ----------------------------------------------------------------------------------- */

static bool is_watched(const char *name)
{
	return counting && !within && name[0] != '\0' && getpid() == first;
}

static void note(const char *call, const char *name)
{
	int fd;
	char line[PATH_MAX + 60];

	if (trace == NULL || (fd = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
		return;
	if (write(fd, line, (size_t)snprintf(line, sizeof line, "%lu %s %s\n", count, call, name)) < 0)
		abort();
	close(fd);
}

static bool takes_room(const char *call)
{
	static const char *const some[] = { "write", "pwrite", "fallocate", "mkdir", "create" };

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		if (strcmp(some[i], call) == 0)
			return true;
	return false;
}

/* A full disk takes what goes into room that was reserved. */
static bool is_reserved(int fd, off_t end)
{
	struct stat st;
	bool found;

	if (!counting || within || !mode("ENOSPC") || count + 1 < at)
		return false;
	within = true;
	found = fstat(fd, &st) == 0 && end <= (off_t)st.st_blocks * 512;
	within = false;
	return found;
}

/* Before a call: does it fail?  *half: it is to do half of its work, and then the crash comes. */
static bool fails(const char *call, const char *name, bool *half)
{
	bool now, failing;

	if (!is_watched(name))
		return false;
	within = true;
	now = ++count == at;
	note(call, name);
	full |= now && mode("ENOSPC");
	failing = (now && error_of_mode() != 0 && !mode("ENOSPC")) || (full && strcmp(name, "socket") != 0 && takes_room(call));
	within = false;
	if (failing)
		errno = error_of_mode();
	else if (now && half != NULL && mode("killed"))
		*half = true;
	else if (now && (mode("killed") || mode("power") || mode("data")))
		crash();
	return failing;
}

static int opened(int fd, const char *name, int flags, bool existed)
{
	struct file *f;

	within = true;
	if (fd >= 0 && name[0] != '\0' && counting && getpid() == first && (flags & O_ACCMODE) != O_RDONLY) {
		if ((flags & O_CREAT) != 0 && !existed)
			did('c', name, "");
		f = file_of(fd);
		if (f != NULL && f->synced == NULL)
			snapshot(f);
	}
	within = false;
	return fd;
}

static int open_at(int parent, const char *name, int flags, mode_t m)
{
	REAL(openat);
	char path[PATH_MAX] = "";
	bool existed;

	if (within || !counting)
		return real(parent, name, flags, m);
	name_at(parent, name, path);
	if (fails((flags & O_CREAT) != 0 ? "create" : "open", path, NULL))
		return -1;
	existed = (flags & O_CREAT) == 0 || faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return opened(real(parent, name, flags, m), path, flags, existed);
}

static mode_t mode_of(int flags, va_list more)
{
	return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
}

int openat(int parent, const char *name, int flags, ...)
{
	va_list more;
	mode_t m;

	va_start(more, flags);
	m = mode_of(flags, more);
	va_end(more);
	return open_at(parent, name, flags, m);
}

int open(const char *name, int flags, ...)
{
	va_list more;
	mode_t m;

	va_start(more, flags);
	m = mode_of(flags, more);
	va_end(more);
	return open_at(AT_FDCWD, name, flags, m);
}

/* With _FORTIFY_SOURCE these are called where the flags are no constant. */
int __openat_2(int parent, const char *name, int flags);
int __open_2(const char *name, int flags);

int __openat_2(int parent, const char *name, int flags)
{
	return open_at(parent, name, flags, 0);
}

int __open_2(const char *name, int flags)
{
	return open_at(AT_FDCWD, name, flags, 0);
}

/* Before a call for a descriptor. */
static bool fails_fd(const char *call, int fd, bool *half)
{
	char name[PATH_MAX];

	if (within || !counting)
		return false;
	name_of(fd, name);
	return fails(call, name, half);
}

/* The file has been written to. */
static void wrote(int fd)
{
	char name[PATH_MAX];
	struct file *f;

	if (within || !counting || getpid() != first)
		return;
	within = true;
	name_of(fd, name);
	f = name[0] != '\0' && strcmp(name, "socket") != 0 ? file_of(fd) : NULL;
	if (f != NULL)
		f->dirty = true;
	within = false;
}

ssize_t write(int fd, const void *p, size_t n)
{
	REAL(write);
	bool half = false;
	ssize_t done;

	if (fails_fd("write", fd, &half))
		return -1;
	done = real(fd, p, half ? n / 2 : n);
	if (half)
		crash();
	wrote(fd);
	return done;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t where)
{
	REAL(pwrite);
	bool half = false;
	ssize_t done;

	if (is_reserved(fd, where + (off_t)n) ? fails_fd("reserved", fd, &half) : fails_fd("pwrite", fd, &half))
		return -1;
	done = real(fd, p, half ? n / 2 : n, where);
	if (half)
		crash();
	wrote(fd);
	return done;
}

ssize_t read(int fd, void *to, size_t n)
{
	REAL(read);
	return fails_fd("read", fd, NULL) ? -1 : real(fd, to, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t where)
{
	REAL(pread);
	return fails_fd("pread", fd, NULL) ? -1 : real(fd, to, n, where);
}

static bool fails_sync(const char *call, int fd)
{
	struct file *f;
	bool failing = fails_fd(call, fd, NULL);
	char name[PATH_MAX];

	if (within || !counting || getpid() != first)
		return failing;
	within = true;
	name_of(fd, name);
	f = name[0] == '\0' ? NULL : file_of(fd);
	if (f != NULL && f->spoilt)
		abort();
	if (f != NULL && failing)
		f->spoilt = true;
	else if (f != NULL)
		snapshot(f);
	else if (name[0] != '\0' && !failing)
		synced_directory(name);
	within = false;
	if (failing)
		errno = error_of_mode();
	return failing;
}

int fsync(int fd)
{
	REAL(fsync);
	return fails_sync("fsync", fd) ? -1 : real(fd);
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	return fails_sync("fdatasync", fd) ? -1 : real(fd);
}

/* Before a name goes: another name, outside, from which the file can come back. */
static void keep(const char *path)
{
	char kept[PATH_MAX + 8];

	if (!mode("power") || path[0] == '\0' || getpid() != first)
		return;
	snprintf(kept, sizeof kept, "%s~%lu", dir, count);
	if (link(path, kept) == 0)
		did('r', path, kept);
	else if (errno != ENOENT)
		_exit(99);
}

int renameat(int from, const char *name, int to, const char *new)
{
	REAL(renameat);
	char a[PATH_MAX], b[PATH_MAX];
	int done;

	if (within || !counting)
		return real(from, name, to, new);
	name_at(from, name, a);
	name_at(to, new, b);
	if (fails("rename", a, NULL))
		return -1;
	keep(b);
	done = real(from, name, to, new);
	if (done == 0)
		did('r', a, b);
	return done;
}

int unlinkat(int parent, const char *name, int flags)
{
	REAL(unlinkat);
	char path[PATH_MAX];

	if (within || !counting)
		return real(parent, name, flags);
	name_at(parent, name, path);
	if (fails("unlink", path, NULL))
		return -1;
	keep(path);
	return real(parent, name, flags);
}

int mkdirat(int parent, const char *name, mode_t m)
{
	REAL(mkdirat);
	char path[PATH_MAX] = "";
	int done;

	if (!within && counting)
		name_at(parent, name, path);
	if (fails("mkdir", path, NULL))
		return -1;
	done = real(parent, name, m);
	if (done == 0 && path[0] != '\0')
		did('d', path, "");
	return done;
}

int mkdir(const char *name, mode_t m)
{
	return mkdirat(AT_FDCWD, name, m);
}

int flock(int fd, int what)
{
	REAL(flock);
	return fails_fd("flock", fd, NULL) ? -1 : real(fd, what);
}

int fallocate(int fd, int flags, off_t from, off_t n)
{
	REAL(fallocate);
	return fails_fd("fallocate", fd, NULL) ? -1 : real(fd, flags, from, n);
}

int ftruncate(int fd, off_t size)
{
	REAL(ftruncate);
	int done = fails_fd("ftruncate", fd, NULL) ? -1 : real(fd, size);

	if (done == 0)
		wrote(fd);
	return done;
}

int close(int fd)
{
	REAL(close);
	bool failing = fails_fd("close", fd, NULL);
	int done = real(fd), why = errno;

	errno = failing ? error_of_mode() : why;
	return failing ? -1 : done;
}

int fstat(int fd, struct stat *st)
{
	REAL(fstat);
	return fails_fd("fstat", fd, NULL) ? -1 : real(fd, st);
}

int fstatat(int parent, const char *name, struct stat *st, int flags)
{
	REAL(fstatat);
	char path[PATH_MAX] = "";

	if (!within && counting)
		name_at(parent, name, path);
	return fails("fstatat", path, NULL) ? -1 : real(parent, name, st, flags);
}

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	REAL(connect);
	return fails_fd("connect", fd, NULL) ? -1 : real(fd, to, n);
}

/* ---- the start ----------------------------------------------------------------------------------- */

static int (*real_main)(int argc, char **argv, char **env);

/* What libraries do before main() is no business of the program. */
static int counted_main(int argc, char **argv, char **env)
{
	const char *n = getenv("CRASH_AT");
	int status;

	dir = getenv("CRASH_DIR");
	how = getenv("CRASH_HOW");
	trace = getenv("CRASH_TRACE");
	at = n == NULL ? 0 : strtoul(n, NULL, 10);
	first = getpid();
	sockets = how == NULL || how[0] > 'Z';
	counting = dir != NULL;
	status = real_main(argc, argv, env);
	if (getpid() == first && at > 0 && count + 1 == at)
		lose_power();
	counting = false;
	return status;
}

typedef int start_fn(int (*start)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		     void (*rtld_fini)(void), void *stack_end);

start_fn __libc_start_main;

int __libc_start_main(int (*start)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_fn *real;

	*(void **)&real = next("__libc_start_main");
	real_main = start;
	return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
