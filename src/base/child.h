/*
 * child.h - fork(2): all our child processes begin here, and none of them keeps a descriptor of ours by accident.
 *
 * A lock of flock(2) belongs to the open file and not to the process.  If a child had the file, too, the lock would outlive a
 * parent that was killed, and a queue file would stay locked while, say, a resolver hangs.  The same is true for a socket or a
 * pipe whose other end waits for its end.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/base.h"

#include <sys/types.h>

/* fork(2); in the child, only the three standard descriptors and these n stay open. */
pid_t child_fork(const int *keep, size_t n);

/* The same for a process that nobody waits for.  It has a session of its own and does not lead it, so that no terminal can become
 * its own.  Returns 0 in that process and 1 in the caller; -1: there is none, and errno says why. */
int child_detach(const int *keep, size_t n);

/* In a child: the three standard descriptors become /dev/null.  False: errno says why not. */
bool child_leave_standard(void);

/* In a child: removes the POSTERN_ variables from the environment.  They are for the process that was started with them. */
void child_forget_settings(void);

/* In a child that works for this user: the environment becomes that user's.  Of ours only PATH, TZ and the language stay.  False:
 * there is no memory. */
bool child_take_environment(uid_t uid);

#endif
