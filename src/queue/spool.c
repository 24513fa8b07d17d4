#include "queue/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/file.h"
#include "base/owned.h"
#include "base/random.h"
#include "base/rights.h"
#include "base/signals.h"

enum {
	ROOM = 4096,        /* bytes that are reserved for records: a full disk must not make us send twice */
	ROOM_RCPT = 8,      /* and for each recipient: the most that a list in a record has for one */
	PIECE = 64 * 1024,
	TRIES_MAX = 100,    /* names that are tried for a new entry */
};

bool spool_failed(const struct spool *s, const char *what, struct err *e)
{
	int why = errno;

	return fail_sys(e, ST_SPOOL, why, "cannot %s in the queue %s", what, s->path);
}

/* ---- the directory ------------------------------------------------------------------------------- */

/* Calls `what` for the directories above: "/", "/var", "/var/spool". */
static bool above(const char *path, bool (*what)(const char *part))
{
	char part[4096] = "/";
	size_t len = strlen(path);

	if (len >= sizeof part) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (!what(part))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (!what(part))
			return false;
	}
	return true;
}

/* Where we may not write, we have made nothing. */
static bool sync_one(const char *path)
{
	int fd = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool ok = fd < 0 || file_sync_directory(fd);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Until an entry was counted, it is not known that the names of the directories are on the disk: they may have been made by a
 * process that was killed before it could sync them. */
static bool sync_above(const struct spool *s, struct err *e)
{
	return faccessat(s->dir, TALLY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || above(s->path, sync_one)
	    || spool_failed(s, "sync the directories above it", e);
}

static bool check_directory(struct spool *s, struct err *e)
{
	struct stat st;

	if (fstat(s->dir, &st) != 0)
		return spool_failed(s, "look", e);
	if (st.st_uid != geteuid() && geteuid() == 0) {
		s->as_owner = true;
		if (!rights_act_as(st.st_uid, e))
			return false;
	}
	if (st.st_uid != geteuid())
		return fail(e, ST_SPOOL, FATE_PERM, "the queue %s belongs to another user", s->path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return fail(e, ST_SPOOL, FATE_PERM, "the queue %s may be written by others", s->path);
	return true;
}

/* Root does not follow where another user leads, into the queue of a third one, say. */
static bool open_as_root(struct spool *s, bool *foreign, struct err *e)
{
	char name[4096 + 16];

	snprintf(name, sizeof name, "the queue %s", s->path);
	return owned_open_directory(s->path, name, ST_SPOOL, &s->dir, foreign, e);
}

static bool open_it(struct spool *s, bool *foreign, struct err *e)
{
	*foreign = false;
	if (geteuid() == 0)
		return open_as_root(s, foreign, e);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		fail_sys(e, ST_SPOOL, errno, "cannot open the queue %s", s->path);
	return s->dir >= 0;
}

static bool make_it(const struct spool *s, bool foreign, struct err *e)
{
	if (foreign)
		return fail(e, ST_SPOOL, FATE_PERM,
			    "the queue %s is missing, and root does not make it in another user's directory", s->path);
	return file_make_directory(s->path) || fail_sys(e, ST_SPOOL, errno, "cannot make the queue %s", s->path);
}

bool spool_open(struct spool *s, const char *path, bool make, struct err *e)
{
	bool foreign;

	s->as_owner = false;
	s->dir = -1;
	s->path = str_dup(path, e);
	if (s->path == NULL)
		return false;
	if (path[0] != '/')
		return fail(e, ST_SPOOL, FATE_PERM, "queue_directory must be an absolute path, not %s", path);
	if (!open_it(s, &foreign, e) && !(make && e->sys == ENOENT && make_it(s, foreign, e) && open_it(s, &foreign, e)))
		return false;
	return check_directory(s, e) && (!make || sync_above(s, e));
}

void spool_close(struct spool *s)
{
	if (s->path != NULL && s->dir >= 0)
		close(s->dir);
	if (s->as_owner)
		rights_act_as_root();
	free(s->path);
	*s = (struct spool){ .dir = -1 };
}

bool spool_open_dead(struct spool *to, const struct spool *s)
{
	to->dir = openat(s->dir, "dead", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to->dir < 0)
		return false;
	if (asprintf(&to->path, "%s/dead", s->path) >= 0)
		return true;
	close(to->dir);
	*to = (struct spool){ .dir = -1 };
	return false;
}

/* "6929a0c1-0123456789abcdef": seconds since 1970, so that the order is that of age, and a random number. */
static bool new_id(char id[SPOOL_ID], int64_t created, struct err *e)
{
	unsigned char noise[8];
	char hex[2 * sizeof noise + 1];

	if (!random_fill(noise, sizeof noise, e))
		return false;
	str_hex(noise, sizeof noise, hex);
	snprintf(id, SPOOL_ID, "%08llx-%s", (unsigned long long)created & 0xffffffff, hex);
	return true;
}

bool spool_is_id(const char *name)
{
	for (size_t i = 0; i < 25; i++) {
		bool hex = str_isdigit(name[i]) || (name[i] >= 'a' && name[i] <= 'f');

		if (i == 8 ? name[i] != '-' : !hex)
			return false;
	}
	return name[25] == '\0';
}

/* ---- adding -------------------------------------------------------------------------------------- */

struct writing { /* a message on its way into a file */
	int      fd;
	uint64_t size;
	uint32_t crc;
};

static bool write_piece(void *to, const char *p, size_t n, struct err *e)
{
	struct writing *w = to;

	w->crc = crc_add(w->crc, p, n);
	w->size += n;
	return file_write_all(w->fd, p, n) || fail_sys(e, ST_SPOOL, errno, "cannot write the message into the queue");
}

static bool write_message(const struct message *m, struct writing *w, struct err *e)
{
	return message_put_head(&m->head, write_piece, w, e) && message_put_body(m, write_piece, w, e);
}

/* Reserves room behind the end, so that the file does not grow.  Some file systems cannot: a record then takes room when it is
 * written. */
bool spool_reserve_room(int fd, off_t end, size_t recipients)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, end, (off_t)(ROOM + ROOM_RCPT * recipients)) == 0
	    || (errno != ENOSPC && errno != EDQUOT);
}

static bool cannot_write(struct err *e)
{
	return fail_sys(e, ST_SPOOL, errno, "cannot write into the queue");
}

/* Writes what comes before the message.  The file gets the size that it needs at most: with a CRLF after every line. */
static bool begin_parts(int fd, struct entry_line *l, const struct buf *envelope, const struct message *m,
			const struct buf *records, uint64_t *most, struct err *e)
{
	char line[ENTRY_LINE + 1];

	l->envelope = envelope->len;
	l->envelope_crc = crc_add(0, envelope->bytes, envelope->len);
	*most = ENTRY_LINE + envelope->len + m->facts.bytes + records->len;
	entry_put_line(l, line);
	return (file_write_all(fd, line, ENTRY_LINE) && file_write_all(fd, envelope->bytes, envelope->len)
		&& ftruncate(fd, (off_t)*most) == 0)
	    || cannot_write(e);
}

/* Does the entry fit into the limits? */
static bool count_in(const struct spool *s, const struct entry *x, int fd, uint64_t bytes, struct err *e)
{
	return (!x->has_uid || tally_add(s->dir, s->path, &x->uid, &s->user, fd, bytes, e))
	    && tally_add(s->dir, s->path, NULL, &s->all, fd, bytes, e);
}

/* Writes the other parts, and the first line again, since only now the checksum of the message is known. */
static bool end_parts(int fd, struct entry_line *l, size_t recipients, const struct message *m, const struct buf *records,
		      struct err *e)
{
	struct writing w = { .fd = fd };
	char line[ENTRY_LINE + 1];
	off_t size;

	if (!write_message(m, &w, e))
		return false;
	l->message = w.size;
	l->message_crc = w.crc;
	size = (off_t)(ENTRY_LINE + l->envelope + l->message + records->len);
	entry_put_line(l, line);
	if ((records->len > 0 && !file_write_all(fd, records->bytes, records->len))
	    || pwrite(fd, line, ENTRY_LINE, 0) != ENTRY_LINE || ftruncate(fd, size) != 0)
		return cannot_write(e);
	if (!spool_reserve_room(fd, size, recipients))
		return fail_sys(e, ST_SPOOL, errno, "cannot reserve room in the queue");
	return fsync(fd) == 0 || fail_sys(e, ST_SPOOL, errno, "cannot sync the queue file");
}

/* The commit: the file gets its name, and the name is synced. */
static bool commit(const struct spool *s, const char *temporary, const char *id, struct err *e)
{
	if (renameat(s->dir, temporary, s->dir, id) != 0)
		return spool_failed(s, "name a file", e);
	if (file_sync_directory(s->dir))
		return true;
	spool_failed(s, "sync the directory", e);
	(void)unlinkat(s->dir, id, 0); /* the caller hears that the message was not kept */
	return false;
}

static int make_file(const struct spool *s, int64_t created, char id[SPOOL_ID], char temporary[SPOOL_ID + 8], struct err *e)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int fd;

		if (!new_id(id, created, e))
			return -1;
		snprintf(temporary, SPOOL_ID + 8, TALLY_TEMPORARY "%s", id);
		fd = openat(s->dir, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, TALLY_WAITS);
		if (fd >= 0 || errno != EEXIST) {
			if (fd < 0)
				spool_failed(s, "make a file", e);
			return fd;
		}
	}
	fail(e, ST_SPOOL, FATE_TEMP, "no name is free in the queue %s", s->path);
	return -1;
}

bool spool_add(struct spool *s, const struct entry *x, const struct message *m, const struct buf *records, char id[SPOOL_ID],
	       struct err *e)
{
	struct buf envelope = buf_max(ST_SPOOL, ENTRY_ENVELOPE_MAX, "the envelope");
	char name[SPOOL_ID], temporary[SPOOL_ID + 8]; /* id is set at the end: the log takes it for a message that is kept */
	struct entry_line l = { .envelope = 0 };
	uint64_t most;
	bool ok = entry_put_envelope(&envelope, x, e);
	int fd = ok ? make_file(s, x->created, name, temporary, e) : -1;

	ok = fd >= 0;
	if (ok) {
		/* whatever the umask of the caller is; and locked, so that spool_tidy() leaves it alone */
		ok = (fchmod(fd, TALLY_WAITS) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) || spool_failed(s, "lock a file", e);
		ok = ok && begin_parts(fd, &l, &envelope, m, records, &most, e) && count_in(s, x, fd, most, e)
		  && end_parts(fd, &l, x->v.n, m, records, e) && commit(s, temporary, name, e);
		if (!ok)
			(void)unlinkat(s->dir, temporary, 0);
		close(fd);
	}
	if (ok)
		memcpy(id, name, SPOOL_ID);
	buf_free(&envelope);
	return ok;
}

/* ---- the list ------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_ours(const char *name)
{
	static const char *const names[] = { ".", "..", "dead", SPOOL_LOCK_RUNS, SPOOL_LOCK_WAITS };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return str_starts(name, TALLY_FILE);
}

static bool sort_in(const char *name, struct strlist *ids, struct strlist *strangers, struct err *e)
{
	if (spool_is_id(name))
		return strlist_add(ids, name, e);
	if (is_ours(name) || str_starts(name, TALLY_TEMPORARY))
		return true;
	return strangers == NULL || strlist_add(strangers, name, e);
}

/* The descriptor of the directory keeps its own position: a copy is read. */
static DIR *read_directory(const struct spool *s, struct err *e)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		spool_failed(s, "read the directory", e);
		if (fd >= 0)
			close(fd);
	}
	return d;
}

bool spool_list(struct spool *s, struct strlist *ids, struct strlist *strangers, struct err *e)
{
	DIR *d = read_directory(s, e);
	const struct dirent *entry;
	bool ok = d != NULL;

	while (ok && (errno = 0, entry = readdir(d)) != NULL)
		ok = signals_stopping() != 0 ? signals_fail(e, ST_SPOOL) : sort_in(entry->d_name, ids, strangers, e);
	if (ok && errno != 0)
		ok = spool_failed(s, "read the directory", e);
	if (d != NULL)
		closedir(d);
	if (ids->n > 1)
		qsort(ids->items, ids->n, sizeof *ids->items, by_name);
	return ok;
}

void spool_tidy(struct spool *s)
{
	struct err unheard;
	DIR *d = read_directory(s, &unheard);
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct stat st;
		int fd;

		if (!str_starts(entry->d_name, TALLY_TEMPORARY))
			continue;
		fd = openat(s->dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid()
		    && time(NULL) - st.st_mtime > SPOOL_STALE_S && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)unlinkat(s->dir, entry->d_name, 0);
		close(fd);
	}
	if (d != NULL)
		closedir(d);
}
