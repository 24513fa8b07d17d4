/*
 * held.h - an entry of the queue that is open: reads it, locks it, writes records behind it, and ends it.
 *
 * The lock is flock(2) on the file, so the kernel frees the lock of a process that died.  After locking, the name must still
 * lead to this file: else another process has removed the entry meanwhile.  A record is written behind the last whole one and
 * synced.  Removing: the name is removed, and the directory is synced.
 *
 * Nothing in the directory is trusted.  What is no regular file of ours with mode 0600 (0400: held_freeze()) and one link, or has
 * a wrong checksum, length or version, is named, never sent and never removed.
 *
 * Errors are ST_SPOOL.
 */
#ifndef QUEUE_HELD_H
#define QUEUE_HELD_H

#include "queue/spool.h"

struct held { /* an entry that is open */
	struct entry      x;
	struct entry_line line;
	int               fd;     /* owned; -1: none */
	off_t             records;/* where they begin */
	off_t             end;    /* where the next one is written */
	off_t             size;   /* of the file; after `end`: a torn record follows */
	bool              spoilt; /* a record failed: what is in the file is not known, and no other one is written */
	char              id[SPOOL_ID];
};

enum held_found {
	HELD_FOUND,
	HELD_GONE,  /* there is no such entry, or not any more */
	HELD_BUSY,  /* another process has locked it */
	HELD_ALIEN, /* it is no entry that can be trusted: *e says why */
	HELD_FAILED,/* *e says why */
};

/* Reads an entry without its message; `lock`: and locks it until held_release(). */
enum held_found held_take(struct spool *s, const char *id, bool lock, struct held *h, struct err *e);
void held_release(struct held *h);

/* Reads the message, which must have its checksum. */
bool held_message(struct held *h, struct message *m, struct err *e) MUST_CHECK;

/* Copies the whole of envelope, message and records to a descriptor; to a terminal without control characters. */
bool held_show(struct held *h, int to, struct err *e) MUST_CHECK;

/* Reserves room for the records of a try, so that a disk that is full meanwhile cannot make us send twice.  False: there is
 * none. */
bool held_reserve(const struct held *h, struct err *e) MUST_CHECK;

/* Appends a record and syncs it.  After a failure it is not known whether the record is there, and all further ones fail. */
bool held_record(struct held *h, const struct buf *record, struct err *e) MUST_CHECK;

/* Removes the entry, which must be locked.  False: it is still there, or may come back after a crash. */
bool held_remove(struct spool *s, struct held *h, struct err *e) MUST_CHECK;

/* What became of the entry can neither be recorded nor can it be moved: it becomes read-only, which needs no room.  From then on
 * it is never sent, until a person makes it writable again. */
bool held_freeze(const struct held *h, struct err *e) MUST_CHECK;

/* Moves the entry, which must be locked, into the directory `dead`: it is over, and nobody could be told. */
bool held_bury(struct spool *s, struct held *h, struct err *e) MUST_CHECK;

#endif
