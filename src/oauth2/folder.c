#include "oauth2/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

bool folder_failed(const struct folder *f, const char *what, const char *file, struct err *e)
{
	int why = errno;

	fail_sys(e, ST_SECRET, why, "cannot %s %s%s%s", what, f->path, file[0] == '\0' ? "" : "/", file);
	if (why == ENOSPC || why == EDQUOT)
		return err_hint(e, "df -h %s", f->path);
	return err_hint(e, why == EROFS ? "findmnt -T %s" : "ls -la %s", f->path);
}

bool folder_distrust(const struct folder *f, const char *file, const char *what, const char *mend, struct err *e)
{
	const char *slash = file[0] == '\0' ? "" : "/";

	fail(e, ST_SECRET, FATE_PERM, "%s%s%s %s, so it is not used", f->path, slash, file, what);
	return err_hint(e, "%s %s%s%s", mend, f->path, slash, file);
}

static bool check_owner(const struct folder *f, const char *file, const struct stat *st, struct err *e)
{
	char chown[40];

	if (st->st_uid == geteuid())
		return true;
	snprintf(chown, sizeof chown, "sudo chown %lu", (unsigned long)geteuid());
	return folder_distrust(f, file, "belongs to another user", chown, e);
}

static bool check_directory(const struct folder *f, struct err *e)
{
	struct stat st;

	if (fstat(f->dir, &st) != 0)
		return folder_failed(f, "look at", "", e);
	return check_owner(f, "", &st, e)
	    && ((st.st_mode & FOLDER_CLOSED) == 0 || folder_distrust(f, "", "is open to other users", "chmod 700", e));
}

bool folder_check(const struct folder *f, const char *file, int fd, mode_t open_to, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return folder_failed(f, "look at", file, e);
	if (!S_ISREG(st.st_mode))
		return folder_distrust(f, file, "is not a regular file", "ls -l", e);
	if (st.st_nlink != 1)
		return folder_distrust(f, file, "has a second name", "ls -l", e);
	return check_owner(f, file, &st, e)
	    && ((st.st_mode & open_to) == 0 || folder_distrust(f, file, "is open to other users", "chmod 600", e));
}

bool folder_open(struct folder *f, bool make, struct err *e)
{
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0 && errno == ENOENT && make) {
		if (!file_make_directory(f->path))
			return folder_failed(f, "make", "", e);
		f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (f->dir >= 0)
		return check_directory(f, e);
	folder_failed(f, "open", "", e);
	e->fate = e->sys == ENOENT ? FATE_PERM : e->fate;
	return false;
}

void folder_close(struct folder *f)
{
	if (f->dir >= 0)
		close(f->dir);
	free(f->path);
	*f = (struct folder){ .dir = -1 };
}

bool folder_read(const struct folder *f, const char *file, mode_t open_to, struct buf *to, bool *found, struct err *e)
{
	int fd = openat(f->dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool ok;

	*found = fd >= 0 || errno != ENOENT;
	if (fd < 0 && errno == ELOOP)
		return folder_distrust(f, file, "is a symbolic link", "ls -l", e);
	if (fd < 0)
		return !*found || folder_failed(f, "read", file, e);
	ok = folder_check(f, file, fd, open_to, e) && file_read_open(fd, file, ST_SECRET, CLOCK_NEVER, to, e);
	close(fd);
	return ok;
}

int folder_new(const struct folder *f, const char *file)
{
	(void)unlinkat(f->dir, file, 0);
	return openat(f->dir, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

/* The text goes over what may have been reserved. */
static bool fill(int fd, const struct buf *text)
{
	return file_write_all(fd, text->bytes, text->len) && ftruncate(fd, (off_t)text->len) == 0 && fsync(fd) == 0;
}

bool folder_replace(const struct folder *f, const char *from, const char *to, int fd, const struct buf *text, struct err *e)
{
	bool ok = (fd >= 0 && fill(fd, text)) || folder_failed(f, "write", from, e);

	if (fd >= 0)
		close(fd);
	if (ok)
		return folder_rename(f, from, to, e);
	(void)unlinkat(f->dir, from, 0);
	return false;
}

bool folder_has(const struct folder *f, const char *file)
{
	return faccessat(f->dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool folder_sync(const struct folder *f, struct err *e)
{
	return file_sync_directory(f->dir) || folder_failed(f, "write", "", e);
}

bool folder_rename(const struct folder *f, const char *from, const char *to, struct err *e)
{
	return (renameat(f->dir, from, f->dir, to) == 0 || folder_failed(f, "rename", from, e)) && folder_sync(f, e);
}

bool folder_remove(const struct folder *f, const char *file, struct err *e)
{
	return unlinkat(f->dir, file, 0) == 0 || errno == ENOENT || folder_failed(f, "remove", file, e);
}
