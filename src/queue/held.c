#include "queue/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/file.h"
#include "base/signals.h"
#include "mail/cleanup.h"
#include "queue/record.h"

enum {
	START = 4096,      /* octets that are read first */
	PIECE = 64 * 1024, /* and of a part that goes on behind them */
};

/* ---- reading ------------------------------------------------------------------------------------- */

static enum held_found alien(const struct held *h, const char *why, struct err *e)
{
	fail(e, ST_SPOOL, FATE_PERM, "the queue file %s %s", h->id, why);
	return HELD_ALIEN;
}

static enum held_found failed(const struct spool *s, const char *what, const struct held *h, struct err *e)
{
	char text[SPOOL_ID + 16];
	int why = errno;

	snprintf(text, sizeof text, "%s %s", what, h->id);
	errno = why;
	spool_failed(s, text, e);
	return HELD_FAILED;
}

static enum held_found open_entry(const struct spool *s, struct held *h, bool lock, struct err *e)
{
	struct stat st, named;

	h->fd = openat(s->dir, h->id, (lock ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (h->fd < 0 && errno == EACCES && lock) /* perhaps it is read-only */
		h->fd = openat(s->dir, h->id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (h->fd < 0 && errno == ENOENT)
		return HELD_GONE;
	if (h->fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
		return alien(h, "is no regular file", e);
	if (h->fd < 0 || fstat(h->fd, &st) != 0)
		return failed(s, "open", h, e);
	if (!S_ISREG(st.st_mode))
		return alien(h, "is no regular file", e);
	if (st.st_nlink > 1)
		return alien(h, "has another name, too", e);
	h->size = st.st_size;
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return alien(h, "belongs to another user, or others may read or write it", e);
	if ((st.st_mode & S_IWUSR) == 0)
		return alien(h, "is read-only, since some recipients may have it and this could not be recorded", e);
	if (!lock)
		return HELD_FOUND;
	if (flock(h->fd, LOCK_EX | LOCK_NB) != 0)
		return HELD_BUSY;
	if (fstatat(s->dir, h->id, &named, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? HELD_GONE : failed(s, "look at", h, e);
	if (named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		return HELD_GONE;
	h->size = named.st_size; /* it may have got records before we had the lock */
	return named.st_nlink == 1 ? HELD_FOUND : alien(h, "has another name, too", e);
}

/* Reads up to n bytes at `at`: fewer at the end of the file, and behind a NUL, which is in no envelope and in no record.  So a
 * file that is one large hole costs its reader nothing. */
static bool read_part(int fd, off_t at, size_t n, struct buf *to, struct err *e)
{
	for (bool nul = false; n > 0 && !nul;) {
		size_t piece = n < PIECE ? n : PIECE;
		ssize_t got;

		if (!buf_room(to, piece, e))
			return false;
		got = pread(fd, to->bytes + to->len, piece, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_sys(e, ST_SPOOL, errno, "cannot read a queue file");
		if (got == 0)
			break;
		nul = memchr(to->bytes + to->len, '\0', (size_t)got) != NULL;
		to->len += (size_t)got;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* Most entries are small: one read gets all that is wanted of them. */
struct start {
	struct buf first, more; /* the first octets of the file; those of a part that goes on behind them */
};

/* n octets at `at`, or as many as there are. */
static bool part_of(const struct held *h, struct start *s, off_t at, size_t n, const char **p, size_t *len, struct err *e)
{
	if ((uint64_t)at + n <= s->first.len) {
		*p = s->first.bytes + at;
		*len = n;
		return true;
	}
	buf_clear(&s->more);
	if (!read_part(h->fd, at, n, &s->more, e))
		return false;
	*p = buf_text(&s->more);
	*len = s->more.len;
	return true;
}

static enum held_found read_envelope(struct held *h, struct start *s, struct err *e)
{
	const char *text;
	size_t len;
	struct err why;

	if (!read_part(h->fd, 0, h->size < START ? (size_t)h->size : START, &s->first, e))
		return HELD_FAILED;
	if (s->first.len < ENTRY_LINE || !entry_parse_line(s->first.bytes, &h->line))
		return alien(h, "does not begin as it should", e);
	if ((uint64_t)h->size < ENTRY_LINE + h->line.envelope + h->line.message)
		return alien(h, "is damaged: it is shorter than it says", e);
	if (!part_of(h, s, ENTRY_LINE, (size_t)h->line.envelope, &text, &len, e))
		return HELD_FAILED;
	if (len != h->line.envelope || crc_add(0, text, len) != h->line.envelope_crc)
		return alien(h, "is damaged: its envelope has another length or checksum", e);
	if (entry_parse_envelope(&h->x, text, len, &why))
		return HELD_FOUND;
	*e = why;
	return why.stage == ST_SPOOL ? alien(h, why.say, e) : HELD_FAILED;
}

static bool read_records(struct held *h, struct start *s, struct err *e)
{
	const char *text;
	size_t len, whole, most = ENTRY_RECORDS_MAX;

	h->records = (off_t)(ENTRY_LINE + h->line.envelope + h->line.message);
	if (h->size - h->records < ENTRY_RECORDS_MAX)
		most = (size_t)(h->size - h->records);
	if (!part_of(h, s, h->records, most, &text, &len, e) || !record_apply(&h->x, text, len, &whole, e))
		return false;
	h->end = h->records + (off_t)whole;
	return true;
}

enum held_found held_take(struct spool *s, const char *id, bool lock, struct held *h, struct err *e)
{
	struct start start = { buf_max(ST_SPOOL, START, "a queue file"), buf_max(ST_SPOOL, ENTRY_ENVELOPE_MAX, "a queue file") };
	enum held_found found;

	*h = (struct held){ .fd = -1 };
	snprintf(h->id, sizeof h->id, "%s", id);
	found = open_entry(s, h, lock, e);
	if (found == HELD_FOUND)
		found = read_envelope(h, &start, e);
	if (found == HELD_FOUND && !read_records(h, &start, e))
		found = HELD_FAILED;
	buf_free(&start.first);
	buf_free(&start.more);
	if (found != HELD_FOUND)
		held_release(h);
	return found;
}

void held_release(struct held *h)
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
	r->crc = crc_add(r->crc, to, (size_t)got);
	r->at += got;
	r->left -= (uint64_t)got;
	*n = (size_t)got;
	return true;
}

bool held_message(struct held *h, struct message *m, struct err *e)
{
	struct reading r = { .fd = h->fd, .at = (off_t)(ENTRY_LINE + h->line.envelope), .left = h->line.message };

	if (!message_read_from(m, next_piece, &r, e))
		return false;
	if (r.left > 0 || r.crc != h->line.message_crc)
		return fail(e, ST_SPOOL, FATE_PERM,
			    "the queue file %s is damaged: its message has another length or checksum", h->id);
	cleanup_find_id(m);
	return message_count(m, e);
}

bool held_show(struct held *h, int to, struct err *e)
{
	bool (*put)(int to, const void *p, size_t n) = isatty(to) ? file_write_printable : file_write_all;
	char piece[START];
	off_t at = 0;

	while (at < h->end) {
		size_t want = (size_t)(h->end - at) < sizeof piece ? (size_t)(h->end - at) : sizeof piece;
		ssize_t got = pread(h->fd, piece, want, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_sys(e, ST_SPOOL, got < 0 ? errno : EIO, "cannot read a queue file");
		if (signals_stopping())
			return signals_fail(e, ST_SPOOL);
		if (!put(to, piece, (size_t)got))
			return fail_sys(e, ST_INTERNAL, errno, "cannot write to standard output");
		at += got;
	}
	return true;
}

/* ---- what happens to an entry -------------------------------------------------------------------- */

bool held_reserve(const struct held *h, struct err *e)
{
	return spool_reserve_room(h->fd, h->end, entry_open(&h->x))
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
bool held_record(struct held *h, const struct buf *record, struct err *e)
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

bool held_remove(struct spool *s, struct held *h, struct err *e)
{
	if (unlinkat(s->dir, h->id, 0) != 0)
		return spool_failed(s, "remove a file", e);
	return file_sync_directory(s->dir) || spool_failed(s, "sync the directory", e);
}

bool held_freeze(const struct held *h, struct err *e)
{
	return fchmod(h->fd, S_IRUSR) == 0 || fail_sys(e, ST_SPOOL, errno, "cannot make the queue file %s read-only", h->id);
}

bool held_bury(struct spool *s, struct held *h, struct err *e)
{
	int dead;
	bool ok;

	if (mkdirat(s->dir, "dead", 0700) != 0 && errno != EEXIST)
		return spool_failed(s, "make the directory dead", e);
	dead = openat(s->dir, "dead", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dead < 0)
		return spool_failed(s, "open the directory dead", e);
	ok = (renameat(s->dir, h->id, dead, h->id) == 0 && file_sync_directory(dead) && file_sync_directory(s->dir))
	  || spool_failed(s, "move a file", e);
	close(dead);
	return ok;
}
