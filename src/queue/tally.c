#include "queue/tally.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/str.h"
#include "queue/entry.h"

enum {
	LOCK_S = 60, /* that the lock is waited for: as long as a large directory that is not in memory takes to read */
	LOCK_FOREIGN_S = 5,
	LOCK_NAP_MS = 2,
};

enum { DIGITS = 20, LINE = 2 * DIGITS + 2 }; /* "BYTES ENTRIES\n" */

struct sum {
	uint64_t bytes, n;
};

/* ---- what is there ------------------------------------------------------------------------------- */

static bool begins_so(int dir, const char *name, const char *first)
{
	char text[32];
	size_t len = strlen(first);
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool so = fd >= 0 && len <= sizeof text && pread(fd, text, len, ENTRY_LINE) == (ssize_t)len
	       && memcmp(text, first, len) == 0;

	if (fd >= 0)
		close(fd);
	return so;
}

static bool counts(const char *name, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return false;
	return name[0] != '.' || (str_starts(name, TALLY_TEMPORARY) && (st->st_mode & ALLPERMS) == TALLY_COUNTS);
}

/* Looks at a file of the listing.  An entry that is being added may have got its own name since: then *name is that one. */
static bool look(int dir, const char **name, struct stat *st)
{
	if (fstatat(dir, *name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (!str_starts(*name, TALLY_TEMPORARY))
		return false;
	*name += strlen(TALLY_TEMPORARY);
	return fstatat(dir, *name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Adds the entries of a directory, which is closed.  `first`: only those whose envelope begins so; NULL: all. */
static bool add_up(int dir, const char *first, struct sum *sum)
{
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	const struct dirent *entry;
	struct stat st;
	bool ok = d != NULL;

	while (ok && (errno = 0, entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;

		if (!look(dir, &name, &st) || !counts(name, &st) || (first != NULL && !begins_so(dir, name, first)))
			continue;
		sum->bytes += (uint64_t)st.st_size;
		sum->n++;
	}
	ok = ok && errno == 0;
	if (d != NULL)
		closedir(d);
	else if (dir >= 0)
		close(dir);
	return ok;
}

static bool read_directories(int dir, const unsigned long *uid, struct sum *sum)
{
	char text[32], *first = NULL;
	int dead = openat(dir, "dead", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool none = dead < 0 && errno == ENOENT;

	if (uid != NULL) {
		snprintf(text, sizeof text, ENTRY_UID, *uid);
		first = text;
	}
	*sum = (struct sum){ 0 };
	return (none || add_up(dead, first, sum)) && add_up(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), first, sum);
}

/* ---- the number ---------------------------------------------------------------------------------- */

static bool is_of_this_start(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_mtime > time(NULL) - clock_ms() / 1000;
}

static bool recall(int fd, struct sum *sum)
{
	char text[LINE];

	return is_of_this_start(fd) && pread(fd, text, sizeof text, 0) == LINE && text[DIGITS] == ' ' && text[LINE - 1] == '\n'
	    && str_number_n(text, DIGITS, 0, INT64_MAX, &sum->bytes)
	    && str_number_n(text + DIGITS + 1, DIGITS, 0, INT64_MAX, &sum->n);
}

static bool store(int fd, const struct sum *sum)
{
	char text[LINE + 1];

	snprintf(text, sizeof text, "%020llu %020llu\n", (unsigned long long)sum->bytes, (unsigned long long)sum->n);
	return pwrite(fd, text, LINE, 0) == LINE;
}

static bool fits(const struct sum *sum, const struct tally_limit *l)
{
	return !l->limited || (sum->bytes <= l->bytes && sum->n <= l->n);
}

static bool refuse(const char *path, const unsigned long *uid, const struct sum *sum, struct err *e)
{
	if (uid == NULL)
		fail(e, ST_SPOOL, FATE_TEMP, "the queue %s is full (queue_size)", path);
	else
		fail(e, ST_SPOOL, FATE_TEMP, "the queue has %llu messages of uid %lu, %llu KiB with this one, and takes no more",
		     (unsigned long long)sum->n - 1, *uid, (unsigned long long)(sum->bytes / 1024));
	e->esc = (struct esc){ 4, 3, 1 };
	return false;
}

/* With the lock.  A directory that is read has the new entry already. */
static bool count_in(int fd, int dir, const char *path, const unsigned long *uid, const struct tally_limit *l, uint64_t bytes,
		     struct err *e)
{
	struct sum sum;
	bool known = recall(fd, &sum);

	if (known) {
		sum.bytes += bytes;
		sum.n++;
	}
	if (!known && !l->limited)
		return true;
	if ((!known || !fits(&sum, l)) && !read_directories(dir, uid, &sum))
		return fail_sys(e, ST_SPOOL, errno, "cannot read the directory in the queue %s", path);
	if (!store(fd, &sum))
		return fail_sys(e, ST_SPOOL, errno, "cannot write the size of the queue %s", path);
	return fits(&sum, l) || refuse(path, uid, &sum, e);
}

static bool lock(int fd, bool foreign)
{
	int64_t until = clock_in_s(foreign ? LOCK_FOREIGN_S : LOCK_S);

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (clock_passed(until)) {
			errno = ETIMEDOUT;
			return false;
		}
		if (descriptor_wait(-1, 0, clock_ms() + LOCK_NAP_MS) == IO_STOPPED)
			return false;
	}
	return true;
}

/* With the lock, so that no other reading sees an entry that counts and is then refused. */
static bool set_mode(int entry, mode_t mode, struct err *e)
{
	return fchmod(entry, mode) == 0 || fail_sys(e, ST_SPOOL, errno, "cannot set the mode of a queue file");
}

bool tally_add(int dir, const char *path, const unsigned long *uid, const struct tally_limit *limit, int entry, uint64_t bytes,
	       struct err *e)
{
	struct err unheard;
	char name[sizeof TALLY_FILE + 24] = TALLY_FILE;
	bool ok;
	int fd;

	if (uid != NULL)
		snprintf(name, sizeof name, TALLY_FILE ".%lu", *uid);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(e, ST_SPOOL, errno, "cannot open the file %s of the queue %s", name, path);
	ok = lock(fd, limit->foreign) || fail_sys(e, ST_SPOOL, errno, "cannot lock the file %s of the queue %s", name, path);
	ok = ok && set_mode(entry, TALLY_COUNTS, e) && count_in(fd, dir, path, uid, limit, bytes, e);
	if (!ok)
		(void)set_mode(entry, TALLY_WAITS, &unheard);
	close(fd);
	return ok;
}
