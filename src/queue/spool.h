/*
 * spool.h - the directory of the queue: adds entries and lists them, so that a crash at any point loses none.
 *
 * One file for each entry (queue/entry), named by its id and never renamed after its commit.  queue/held reads, changes and
 * removes them.
 *
 * Adding: a file with another name gets its whole size, and is counted (queue/tally); it is written, with room for some records
 * behind the message; it is synced, gets its name, and the directory is synced.  Only then the message counts as kept.
 *
 * Errors are ST_SPOOL.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include "mail/message.h"
#include "queue/entry.h"
#include "queue/tally.h"

enum { SPOOL_ID = 32, SPOOL_STALE_S = 36 * 3600 };

struct spool {
	char *path; /* owned */
	int   dir;  /* owned descriptor; -1: not open */
	bool  as_owner; /* we are root, and act as its owner until it is closed */
	struct tally_limit all, user; /* for spool_add(): of the queue, and of each user of a service */
};

/* Opens the directory.  It must belong to us, and no other user may write it.  If we are root, it may belong to another user, and
 * we act as that user; then only root and that user may be able to change where the path leads (base/owned).  `make`: if it is
 * missing, it is made with mode 0700, and so are those above it.  A missing directory has sys == ENOENT. */
bool spool_open(struct spool *s, const char *path, bool make, struct err *e) MUST_CHECK;
void spool_close(struct spool *s);

/* Files of the directory that background flushes lock (queue/background). */
#define SPOOL_LOCK_RUNS  ".flushing"
#define SPOOL_LOCK_WAITS ".flush-next"

/* Opens its directory `dead`; false: there is none, or no memory. */
bool spool_open_dead(struct spool *to, const struct spool *s);

/* Keeps a message durably, with these records, if the limits allow it; x->created must be set.  *id is then its name. */
bool spool_add(struct spool *s, const struct entry *x, const struct message *m, const struct buf *records, char id[SPOOL_ID],
	       struct err *e) MUST_CHECK;

/* The ids of all entries, oldest first, and the names of all other files ("strangers"), but for temporary ones. */
bool spool_list(struct spool *s, struct strlist *ids, struct strlist *strangers, struct err *e) MUST_CHECK;

bool spool_is_id(const char *name);

/* Reserves room for the records of so many recipients behind the end of a file. */
bool spool_reserve_room(int fd, off_t end, size_t recipients);

/* Fills *e from errno: "cannot WHAT in the queue PATH".  Returns false. */
bool spool_failed(const struct spool *s, const char *what, struct err *e);

/* Removes temporary files that no process has locked and that are older than SPOOL_STALE_S. */
void spool_tidy(struct spool *s);

#endif
