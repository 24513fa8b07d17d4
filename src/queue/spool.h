/*
 * spool.h - the directory of the queue: adds, reads, locks and removes entries, so that a crash at any point loses none.
 *
 * One file for each entry (queue/entry), named by its id and never renamed after its commit.
 *
 * Adding: a file with another name is written, with room for some records behind the message; it is synced, gets its name,
 * and the directory is synced.  Only then the message counts as kept.  Removing: the name is removed, and the directory is
 * synced.  A record is written behind the last whole one and synced.
 *
 * The lock is flock(2) on the file, so the kernel frees the lock of a process that died.  After locking, the name must still
 * lead to this file: else another process has removed the entry meanwhile.
 *
 * Nothing in the directory is trusted.  What is no regular file of ours with mode 0600 and one link, or has a wrong checksum,
 * length or version, is named, never sent and never removed.
 *
 * Errors are ST_SPOOL.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include "mail/message.h"
#include "queue/entry.h"

enum { SPOOL_ID = 32, SPOOL_STALE_S = 36 * 3600 };

struct spool {
	char *path; /* owned */
	int   dir;  /* owned descriptor; -1: not open */
	bool  as_owner; /* we are root, and act as its owner until it is closed */
};

/* Opens the directory, which must belong to us (if we are root, we act as its owner), and which nobody else may write.  `make`: it is made if it is missing, with mode
 * 0700, and so are those above it that are missing.  A missing directory has sys == ENOENT. */
bool spool_open(struct spool *s, const char *path, bool make, struct err *e) MUST_CHECK;
void spool_close(struct spool *s);

/* Opens its directory `dead`; false: there is none, or no memory. */
bool spool_open_dead(struct spool *to, const struct spool *s);

/* Keeps a message durably, with these records; x->created must be set.  *id is then its name. */
bool spool_add(struct spool *s, const struct entry *x, const struct message *m, const struct buf *records, char id[SPOOL_ID],
	       struct err *e) MUST_CHECK;

/* How many files are in the queue, and how many bytes they have together.  `first`: only those whose envelope begins so; NULL:
 * all. */
bool spool_size(struct spool *s, const char *first, uint64_t *bytes, size_t *n, struct err *e) MUST_CHECK;

/* The ids of all entries, oldest first, and the names of all other files ("strangers"), but for temporary ones. */
bool spool_list(struct spool *s, struct strlist *ids, struct strlist *strangers, struct err *e) MUST_CHECK;

bool spool_is_id(const char *name);

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

enum spool_found {
	SPOOL_FOUND,
	SPOOL_GONE,  /* there is no such entry, or not any more */
	SPOOL_BUSY,  /* another process has locked it */
	SPOOL_ALIEN, /* it is no entry that can be trusted: *e says why */
	SPOOL_FAILED,/* *e says why */
};

/* Reads an entry without its message; `lock`: and locks it until spool_release(). */
enum spool_found spool_take(struct spool *s, const char *id, bool lock, struct held *h, struct err *e);
void spool_release(struct held *h);

/* Reads the message, which must have its checksum. */
bool spool_message(struct held *h, struct message *m, struct err *e) MUST_CHECK;

/* Copies the whole of envelope, message and records to a descriptor, for people. */
bool spool_show(struct held *h, int to, struct err *e) MUST_CHECK;

/* Reserves room for the records of a try, so that a disk that is full meanwhile cannot make us send twice.  False: there is none. */
bool spool_reserve(const struct held *h, struct err *e) MUST_CHECK;

/* Appends a record and syncs it.  After a failure it is not known whether the record is there, and all further ones fail. */
bool spool_record(struct held *h, const struct buf *record, struct err *e) MUST_CHECK;

/* Removes the entry, which must be locked.  False: it is still there, or may come back after a crash. */
bool spool_remove(struct spool *s, struct held *h, struct err *e) MUST_CHECK;

/* Moves the entry, which must be locked, into the directory `dead`: it is over, and nobody could be told. */
bool spool_bury(struct spool *s, struct held *h, struct err *e) MUST_CHECK;

/* Removes temporary files that no process has locked and that are older than SPOOL_STALE_S. */
void spool_tidy(struct spool *s);

#endif
