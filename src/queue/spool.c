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
#include "base/random.h"
#include "base/rights.h"
#include "mail/cleanup.h"

enum {
	ROOM = 4096,        /* bytes that are reserved for records: a full disk must not make us send twice */
	ROOM_RCPT = 8,      /* and for each recipient: the most that a list in a record has for one */
	PIECE = 64 * 1024,
	TRIES_MAX = 100,    /* names that are tried for a new entry */
};

#define TEMPORARY ".new-"

static bool failed(const struct spool *s, const char *what, struct err *e)
{
	int why = errno;

	return fail_sys(e, ST_SPOOL, why, "cannot %s in the queue %s", what, s->path);
}

/* ---- the directory ------------------------------------------------------------------------------- */

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
	ok = above >= 0 && fsync(above) == 0;
	if (above >= 0)
		close(above);
	return ok;
}

/* Makes the directory and those above it that are missing. */
static bool make_path(const char *path)
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

static bool check_directory(struct spool *s, struct err *e)
{
	struct stat st;

	if (fstat(s->dir, &st) != 0)
		return failed(s, "look", e);
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

bool spool_open(struct spool *s, const char *path, bool make, struct err *e)
{
	s->as_owner = false;
	s->dir = -1;
	s->path = str_dup(path, e);
	if (s->path == NULL)
		return false;
	if (path[0] != '/')
		return fail(e, ST_SPOOL, FATE_PERM, "queue_directory must be an absolute path, not %s", path);
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0 && errno == ENOENT && make) {
		if (!make_path(path))
			return fail_sys(e, ST_SPOOL, errno, "cannot make the queue %s", path);
		s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (s->dir < 0)
		return fail_sys(e, ST_SPOOL, errno, "cannot open the queue %s", path);
	return check_directory(s, e);
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

	w->crc = crc32_add(w->crc, p, n);
	w->size += n;
	return file_write_all(w->fd, p, n) || fail_sys(e, ST_SPOOL, errno, "cannot write the message into the queue");
}

static bool write_message(const struct message *m, struct writing *w, struct err *e)
{
	return message_put_head(&m->head, write_piece, w, e) && message_put_body(m, write_piece, w, e);
}

/* Reserves room behind the end, so that the file does not grow.  Some file systems cannot: a record then takes room when it is
 * written. */
static bool reserve(int fd, off_t end, size_t recipients)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, end, (off_t)(ROOM + ROOM_RCPT * recipients)) == 0
	    || (errno != ENOSPC && errno != EDQUOT);
}

/* Writes all parts; the first line comes last, since only then the checksum of the message is known. */
static bool write_parts(int fd, size_t recipients, const struct buf *envelope, const struct message *m, const struct buf *records, struct err *e)
{
	struct writing w = { .fd = fd };
	struct entry_line l = { .envelope = envelope->len, .envelope_crc = crc32_add(0, envelope->bytes, envelope->len) };
	char line[ENTRY_LINE + 1];
	bool ok;

	entry_put_line(&l, line);
	ok = (file_write_all(fd, line, ENTRY_LINE) && file_write_all(fd, envelope->bytes, envelope->len))
	  || fail_sys(e, ST_SPOOL, errno, "cannot write into the queue");
	if (!ok || !write_message(m, &w, e))
		return false;
	if (records->len > 0 && !file_write_all(fd, records->bytes, records->len))
		return fail_sys(e, ST_SPOOL, errno, "cannot write into the queue");
	l.message = w.size;
	l.message_crc = w.crc;
	entry_put_line(&l, line);
	if (pwrite(fd, line, ENTRY_LINE, 0) != ENTRY_LINE)
		return fail_sys(e, ST_SPOOL, errno, "cannot write into the queue");
	if (!reserve(fd, (off_t)(ENTRY_LINE + l.envelope + l.message + records->len), recipients))
		return fail_sys(e, ST_SPOOL, errno, "cannot reserve room in the queue");
	return fsync(fd) == 0 || fail_sys(e, ST_SPOOL, errno, "cannot sync the queue file");
}

/* The commit: the file gets its name, and the name is synced. */
static bool commit(const struct spool *s, const char *temporary, const char *id, struct err *e)
{
	if (renameat(s->dir, temporary, s->dir, id) != 0)
		return failed(s, "name a file", e);
	if (fsync(s->dir) == 0)
		return true;
	failed(s, "sync the directory", e);
	(void)unlinkat(s->dir, id, 0); /* the caller hears that the message was not kept */
	return false;
}

static int make_file(const struct spool *s, int64_t created, char id[SPOOL_ID], char temporary[SPOOL_ID + 8], struct err *e)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int fd;

		if (!new_id(id, created, e))
			return -1;
		snprintf(temporary, SPOOL_ID + 8, TEMPORARY "%s", id);
		fd = openat(s->dir, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST) {
			if (fd < 0)
				failed(s, "make a file", e);
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
	char temporary[SPOOL_ID + 8];
	bool ok = entry_put_envelope(&envelope, x, e);
	int fd = ok ? make_file(s, x->created, id, temporary, e) : -1;

	ok = fd >= 0;
	if (ok) {
		/* locked, so that spool_tidy() leaves it alone */
		ok = flock(fd, LOCK_EX | LOCK_NB) == 0 || failed(s, "lock a file", e);
		ok = ok && write_parts(fd, x->v.n, &envelope, m, records, e) && commit(s, temporary, id, e);
		if (!ok)
			(void)unlinkat(s->dir, temporary, 0);
		close(fd);
	}
	buf_free(&envelope);
	return ok;
}

/* ---- the list ------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool sort_in(const char *name, struct strlist *ids, struct strlist *strangers, struct err *e)
{
	if (spool_is_id(name))
		return strlist_add(ids, name, e);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "dead") == 0 || strcmp(name, ".flushing") == 0 || str_starts(name, TEMPORARY))
		return true;
	return strangers == NULL || strlist_add(strangers, name, e);
}

/* The descriptor of the directory keeps its own position: a copy is read. */
static DIR *read_directory(const struct spool *s, struct err *e)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		failed(s, "read the directory", e);
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
		ok = sort_in(entry->d_name, ids, strangers, e);
	if (ok && errno != 0)
		ok = failed(s, "read the directory", e);
	if (d != NULL)
		closedir(d);
	if (ids->n > 1)
		qsort(ids->items, ids->n, sizeof *ids->items, by_name);
	return ok;
}

static bool begins_so(const struct spool *s, const char *name, const char *first)
{
	char text[64];
	size_t len = strlen(first);
	int fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool so = fd >= 0 && len <= sizeof text && pread(fd, text, len, ENTRY_LINE) == (ssize_t)len && memcmp(text, first, len) == 0;

	if (fd >= 0)
		close(fd);
	return so;
}

bool spool_size(struct spool *s, const char *first, uint64_t *bytes, size_t *n, struct err *e)
{
	DIR *d = read_directory(s, e);
	const struct dirent *entry;
	struct stat st;

	*bytes = 0;
	*n = 0;
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (fstatat(s->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)
		    || (first != NULL && !begins_so(s, entry->d_name, first)))
			continue;
		*bytes += (uint64_t)st.st_size;
		++*n;
	}
	if (d != NULL)
		closedir(d);
	return d != NULL;
}

void spool_tidy(struct spool *s)
{
	struct err unheard;
	DIR *d = read_directory(s, &unheard);
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct stat st;
		int fd;

		if (!str_starts(entry->d_name, TEMPORARY))
			continue;
		fd = openat(s->dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && time(NULL) - st.st_mtime > SPOOL_STALE_S
		    && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)unlinkat(s->dir, entry->d_name, 0);
		close(fd);
	}
	if (d != NULL)
		closedir(d);
}

/* ---- reading ------------------------------------------------------------------------------------- */

static enum spool_found alien(const struct held *h, const char *why, struct err *e)
{
	fail(e, ST_SPOOL, FATE_PERM, "the queue file %s %s", h->id, why);
	return SPOOL_ALIEN;
}

static enum spool_found open_entry(const struct spool *s, struct held *h, bool lock, struct err *e)
{
	struct stat st, named;

	h->fd = openat(s->dir, h->id, (lock ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (h->fd < 0 && errno == ENOENT)
		return SPOOL_GONE;
	if (h->fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
		return alien(h, "is no regular file", e);
	if (h->fd < 0 || fstat(h->fd, &st) != 0) {
		failed(s, "open a file", e);
		return SPOOL_FAILED;
	}
	if (!S_ISREG(st.st_mode))
		return alien(h, "is no regular file", e);
	if (st.st_nlink > 1)
		return alien(h, "has another name, too", e);
	h->size = st.st_size;
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return alien(h, "belongs to another user, or others may read or write it", e);
	if (!lock)
		return SPOOL_FOUND;
	if (flock(h->fd, LOCK_EX | LOCK_NB) != 0)
		return SPOOL_BUSY;
	if (fstatat(s->dir, h->id, &named, AT_SYMLINK_NOFOLLOW) != 0 || named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		return SPOOL_GONE;
	h->size = named.st_size; /* it may have got records before we had the lock */
	return named.st_nlink == 1 ? SPOOL_FOUND : alien(h, "has another name, too", e);
}

/* Reads up to n bytes at `at`, fewer only at the end of the file. */
static bool read_part(int fd, off_t at, size_t n, struct buf *to, struct err *e)
{
	if (!buf_room(to, n, e))
		return false;
	while (n > 0) {
		ssize_t got = pread(fd, to->bytes + to->len, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_sys(e, ST_SPOOL, errno, "cannot read a queue file");
		if (got == 0)
			break;
		to->len += (size_t)got;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static enum spool_found read_envelope(struct held *h, struct buf *text, struct err *e)
{
	struct err why;
	if (!read_part(h->fd, 0, ENTRY_LINE, text, e))
		return SPOOL_FAILED;
	if (text->len < ENTRY_LINE || !entry_parse_line(text->bytes, &h->line))
		return alien(h, "does not begin as it should", e);
	if ((uint64_t)h->size < ENTRY_LINE + h->line.envelope + h->line.message)
		return alien(h, "is damaged: it is shorter than it says", e);
	buf_clear(text);
	if (!read_part(h->fd, ENTRY_LINE, (size_t)h->line.envelope, text, e))
		return SPOOL_FAILED;
	if (text->len != h->line.envelope || crc32_add(0, text->bytes, text->len) != h->line.envelope_crc)
		return alien(h, "is damaged: its envelope has another length or checksum", e);
	if (entry_parse_envelope(&h->x, text->bytes, text->len, &why))
		return SPOOL_FOUND;
	*e = why;
	return why.stage == ST_SPOOL ? alien(h, why.say, e) : SPOOL_FAILED;
}

static bool read_records(struct held *h, struct buf *text, struct err *e)
{
	size_t whole, most = ENTRY_RECORDS_MAX;

	h->records = (off_t)(ENTRY_LINE + h->line.envelope + h->line.message);
	buf_clear(text);
	if (h->size - h->records < ENTRY_RECORDS_MAX)
		most = (size_t)(h->size - h->records);
	if (!read_part(h->fd, h->records, most, text, e) || !entry_apply(&h->x, buf_text(text), text->len, &whole, e))
		return false;
	h->end = h->records + (off_t)whole;
	return true;
}

enum spool_found spool_take(struct spool *s, const char *id, bool lock, struct held *h, struct err *e)
{
	struct buf text = buf_max(ST_SPOOL, ENTRY_ENVELOPE_MAX, "a queue file");
	enum spool_found found;

	*h = (struct held){ .fd = -1 };
	snprintf(h->id, sizeof h->id, "%s", id);
	found = open_entry(s, h, lock, e);
	if (found == SPOOL_FOUND)
		found = read_envelope(h, &text, e);
	if (found == SPOOL_FOUND && !read_records(h, &text, e))
		found = SPOOL_FAILED;
	buf_free(&text);
	if (found != SPOOL_FOUND)
		spool_release(h);
	return found;
}

void spool_release(struct held *h)
{
	if (h->fd >= 0)
		close(h->fd); /* and with it the lock */
	h->fd = -1;
	entry_free(&h->x);
}

struct reading { /* the message of an entry */
	int      fd;
	off_t    at;
	uint64_t left;
	uint32_t crc;
};

static bool next_piece(void *ctx, char *to, size_t room, size_t *n, struct err *e)
{
	struct reading *r = ctx;
	size_t want = room < r->left ? room : (size_t)r->left;
	ssize_t got;

	*n = 0;
	if (want == 0)
		return true;
	do
		got = pread(r->fd, to, want, r->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail_sys(e, ST_SPOOL, errno, "cannot read a queue file");
	r->crc = crc32_add(r->crc, to, (size_t)got);
	r->at += got;
	r->left -= (uint64_t)got;
	*n = (size_t)got;
	return true;
}

bool spool_message(struct held *h, struct message *m, struct err *e)
{
	struct reading r = { .fd = h->fd, .at = (off_t)(ENTRY_LINE + h->line.envelope), .left = h->line.message };

	if (!message_read_from(m, next_piece, &r, e))
		return false;
	if (r.left > 0 || r.crc != h->line.message_crc)
		return fail(e, ST_SPOOL, FATE_PERM, "the queue file %s is damaged: its message has another length or checksum", h->id);
	cleanup_find_id(m);
	return message_count(m, e);
}

bool spool_show(struct held *h, int to, struct err *e)
{
	char piece[4096];
	off_t at = 0;

	while (at < h->end) {
		size_t want = (size_t)(h->end - at) < sizeof piece ? (size_t)(h->end - at) : sizeof piece;
		ssize_t got = pread(h->fd, piece, want, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_sys(e, ST_SPOOL, got < 0 ? errno : EIO, "cannot read a queue file");
		if (!file_write_all(to, piece, (size_t)got))
			return fail_sys(e, ST_INTERNAL, errno, "cannot write to standard output");
		at += got;
	}
	return true;
}

/* ---- what happens to an entry -------------------------------------------------------------------- */

bool spool_reserve(const struct held *h, struct err *e)
{
	return reserve(h->fd, h->end, entry_open(&h->x))
	    || fail_sys(e, ST_SPOOL, errno, "there is no room for records in the queue file %s", h->id);
}

static bool write_at(int fd, off_t at, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = pwrite(fd, p, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0)
			errno = EIO;
		if (done <= 0)
			return false;
		p += done;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

/* Of a torn record, nothing may be left behind the new one that could be taken for a record. */
static bool clear_rest(const struct held *h, off_t from)
{
	static const char nuls[4096];

	for (; from < h->size; from += (off_t)sizeof nuls)
		if (!write_at(h->fd, from, nuls, h->size - from < (off_t)sizeof nuls ? (size_t)(h->size - from) : sizeof nuls))
			return false;
	return true;
}

/* Behind the last whole record.  A sync that failed is not tried again: it could succeed, although the kernel has given up what
 * was to be written. */
bool spool_record(struct held *h, const struct buf *record, struct err *e)
{
	off_t end = h->end + (off_t)record->len;

	if (h->spoilt)
		return fail(e, ST_SPOOL, FATE_TEMP, "the queue file %s takes no more records", h->id);
	h->spoilt = true;
	if (!clear_rest(h, end) || !write_at(h->fd, h->end, record->bytes, record->len))
		return fail_sys(e, ST_SPOOL, errno, "cannot write a record into the queue file %s", h->id);
	if (fdatasync(h->fd) != 0)
		return fail_sys(e, ST_SPOOL, errno, "cannot sync the queue file %s", h->id);
	h->spoilt = false;
	h->end = end;
	return true;
}

bool spool_remove(struct spool *s, struct held *h, struct err *e)
{
	if (unlinkat(s->dir, h->id, 0) != 0)
		return failed(s, "remove a file", e);
	return fsync(s->dir) == 0 || failed(s, "sync the directory", e);
}

bool spool_bury(struct spool *s, struct held *h, struct err *e)
{
	int dead;
	bool ok;

	if (mkdirat(s->dir, "dead", 0700) != 0 && errno != EEXIST)
		return failed(s, "make the directory dead", e);
	dead = openat(s->dir, "dead", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dead < 0)
		return failed(s, "open the directory dead", e);
	ok = (renameat(s->dir, h->id, dead, h->id) == 0 && fsync(dead) == 0 && fsync(s->dir) == 0) || failed(s, "move a file", e);
	close(dead);
	return ok;
}
