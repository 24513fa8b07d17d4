/*
 * file.h - all files that a user or a configuration names, temporary files, the three standard descriptors.
 *
 * Nothing else opens such a file; what is read as its owner may read it goes through base/owned.  Facts are those of the
 * open descriptor (fstat), never of the path, so that nothing can be swapped in between.  A pipe is waited for, but not
 * for ever.  Every descriptor is close-on-exec.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

#include <sys/types.h>

enum { FILE_PATIENCE_S = 60 }; /* seconds that a pipe has, to its end */

struct file_facts {
	dev_t dev;
	ino_t ino;
	uid_t owner;
	mode_t mode;   /* its type, too */
	bool exists;   /* false only where the file is missing: ENOENT or ENOTDIR */
	bool owned;    /* by root or by us */
	bool others_read, others_write; /* by others, or by a group that is not root's */
	bool all_write;                 /* a regular file, by everybody */
};

/* Before anything is opened: descriptors 0, 1, 2 exist (on /dev/null), so that no file of ours
 * becomes one of them.  The process ends with EX_OSERR when /dev/null cannot be opened.  Returns
 * whether stdin was open. */
bool file_sanitise_std(void);

/* Read a regular file or a pipe whole into *to (its ceiling is the limit), never a directory or a
 * device other than /dev/null.  A pipe that has not come to its end in FILE_PATIENCE_S is FATE_TEMP.  `st` is the stage that
 * an error gets.  *facts may be NULL.  A missing file is an error with sys == ENOENT (FATE_PERM); no permission has
 * sys == EACCES. */
bool file_read(const char *path, enum stage st, struct buf *to, struct file_facts *facts,
	       struct err *e) MUST_CHECK;

/* The same, where the pipe has no longer than that. */
bool file_read_until(const char *path, enum stage st, int64_t until, struct buf *to, struct file_facts *facts,
		     struct err *e) MUST_CHECK;

/* From now on pipes have this many seconds, if that is fewer than FILE_PATIENCE_S; 0: FILE_PATIENCE_S. */
void file_patience(unsigned seconds);

/* May it be opened later, or is the name wrong for good? */
bool file_may_pass(int errnum);

/* For base/owned: facts of an open descriptor, and its content; `name` is what errors say. */
bool file_look(int fd, struct file_facts *f); /* errno */
bool file_read_open(int fd, const char *name, enum stage st, int64_t until, struct buf *to, struct err *e) MUST_CHECK;

/* Append with one write(2) where the kernel lets us, under a lock, so that lines of two processes never mix.  What is not
 * there is made with mode 0600; a pipe that nobody reads (ENXIO), or not within FILE_PATIENCE_S (ETIMEDOUT), and a
 * directory are errors.  errno. */
bool file_append(const char *path, const void *p, size_t n) MUST_CHECK;

/* An unlinked temporary file, mode 0600, in $TMPDIR, or in /tmp where that is not set or cannot be used: it is often
 * another user's, who started the program that started us.  Then *passed_over says why, else it is zeroed.  -1 and *e
 * (ST_SPOOL, so EX_CANTCREAT). */
int file_temp(struct err *passed_over, struct err *e) MUST_CHECK;

/* Retries EINTR and short writes, and waits FILE_PATIENCE_S where the descriptor does not block; errno. */
bool file_write_all(int fd, const void *p, size_t n);

#endif
