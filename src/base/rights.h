/*
 * rights.h - whose rights the program has: those of whoever started it, and for one file those of that file's owner.
 *
 * A set-user-ID or set-group-ID bit, or a file capability, gives us nothing: rights_drop() is the first act of main().
 * What remains is root, who may read a file as its owner may.  Opens nothing.
 */
#ifndef BASE_RIGHTS_H
#define BASE_RIGHTS_H

#include "base/err.h"

#include <sys/types.h>

/* The effective and saved ids become the real ones, for good.  The process ends with EX_OSERR when they do not, or when
 * they can be had back.  After it the libc still knows that it was so: secure_getenv(3), AT_SECURE. */
void rights_drop(void);

struct rights { /* what was ours; zeroed: nothing has changed */
	gid_t *groups; /* owned */
	int    n;
	gid_t  gid;
	bool   changed;
};

/* Files are opened with this user's rights (with those of the groups that the user databases give, none where the user
 * has no account), until rights_restore().  Only for root: ST_CONFIG PERM when the kernel does not allow it. */
bool rights_take(uid_t uid, struct rights *was, struct err *e) MUST_CHECK;

/* Always to be called after rights_take(), whatever came of it.  A failure (ST_INTERNAL) is the end of the submission:
 * we have too few rights then, never too many. */
bool rights_restore(struct rights *was, struct err *e) MUST_CHECK;

#endif
