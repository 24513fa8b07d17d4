/*
 * tally.h - how much is in a queue, for limits that many who add at once cannot go over, at a cost that does not grow with the
 * queue.
 *
 * A file in the directory has a number that is never less than what is there: whoever adds an entry adds its size before, with
 * the file locked, and nobody subtracts.  If the number is over the limit, the directory is read, `dead` too, and the number
 * becomes what is there; the limit counts only then.  So an entry that went, or a crash, makes the number too large at most,
 * which the next reading mends.  A number is not believed if it was written before the machine started, since a loss of power can
 * have brought an older one back.  Records that grow an entry, and files that another program puts there, count at the next
 * reading.
 *
 * Each user of a service has a file more, since its entries have a limit of their own.
 *
 * An entry that is being added must have its whole size, and its envelope, before it is added here: then a reading sees it.  Its
 * file is read-only until it is added, so that a reading passes over entries that wait here, or that are refused: they must not
 * take the room of another one.
 */
#ifndef QUEUE_TALLY_H
#define QUEUE_TALLY_H

#include "base/err.h"

#define TALLY_FILE ".tally"         /* with ".UID" for a user of a service */
#define TALLY_TEMPORARY ".new-"     /* an entry that is being added has such a name */

enum { /* and the mode of its file says whether it counts */
	TALLY_WAITS = 0400,
	TALLY_COUNTS = 0600,
};

struct tally_limit {
	bool     limited; /* else the number is only kept right */
	uint64_t bytes;
	size_t   n;       /* entries */
	bool     foreign; /* we are root, and another user owns the queue and may hold the lock: we wait for a moment only */
};

/* Adds an entry of this size, whose file is `entry`.  `uid` NULL: to all; else to those of this user, whose envelopes begin so
 * (ENTRY_UID).  False: it goes over the limit (ST_SPOOL TEMP with 4.3.1, RFC 3463 3.4), or the files cannot be used.  `path` is
 * the directory, for errors. */
bool tally_add(int dir, const char *path, const unsigned long *uid, const struct tally_limit *limit, int entry, uint64_t bytes,
	       struct err *e) MUST_CHECK;

#endif
