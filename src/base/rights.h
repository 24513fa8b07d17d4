/*
 * rights.h - the rights that the program has: those of the user who started it, and for one file those of the file's owner.
 *
 * A set-user-ID or set-group-ID bit or a file capability has no effect: the first thing that main() does is rights_drop().  After
 * that only root can take another user's rights, to read a file or to work in that user's queue.  This module opens no file
 * itself.
 */
#ifndef BASE_RIGHTS_H
#define BASE_RIGHTS_H

#include "base/err.h"

#include <sys/types.h>

/* Sets the effective and saved ids to the real ones, for good.  If that fails, or if the old ids could be restored, the
 * process ends with EX_OSERR.  AT_SECURE and secure_getenv(3) still show afterwards that there were more rights. */
void rights_drop(void);

/* Forbids core dumps, and ptrace by other processes: there will be secrets in memory. */
void rights_harden(void);

struct rights { /* our own, kept for rights_restore(); zeroed: nothing has changed */
	gid_t *groups; /* owned */
	int    n;
	gid_t  gid;
	bool   changed;
};

/* Until rights_restore(), files are opened with the rights of this user and of its groups in the user database (no groups if
 * the user has no account).  Only root can do this: if the kernel does not allow it, ST_CONFIG, FATE_PERM. */
bool rights_take(uid_t uid, struct rights *was, struct err *e) MUST_CHECK;

/* Must be called after every rights_take(), even after one that failed.  A failure (ST_INTERNAL) must end the submission:
 * the program then has fewer rights than root, never more than before. */
bool rights_restore(struct rights *was, struct err *e) MUST_CHECK;

/* For root: this user's effective ids, and its groups, until rights_act_as_root(), which must be called even if this failed.
 * ST_SPOOL PERM: the kernel does not allow it.  Not twice without rights_act_as_root() between. */
bool rights_act_as(uid_t uid, struct err *e) MUST_CHECK;
void rights_act_as_root(void); /* if that fails, the process ends with EX_OSERR */

/* For root: becomes this user for good, with its groups. */
bool rights_become(uid_t uid, struct err *e) MUST_CHECK;

#endif
