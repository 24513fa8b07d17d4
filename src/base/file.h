/*
 * file.h - files opened with suspicion, temporary files, the three standard descriptors.
 *
 * Checks are made on the open descriptor (fstat), never on the path, so that nothing can be
 * swapped in between.  Every descriptor is close-on-exec.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/str.h"

struct file_facts {
	bool exists;   /* false only where the file is missing: ENOENT or ENOTDIR */
	bool regular;  /* a regular file */
	bool owned;    /* by root or by us */
	bool others_read, others_write; /* by others, or by a group that is not root's */
	bool all_write;                 /* a regular file, by everybody */
};

/* Before anything is opened: descriptors 0, 1, 2 exist (on /dev/null), so that no file of ours
 * becomes one of them.  The process ends with EX_OSERR when /dev/null cannot be opened.  Returns
 * whether stdin was open. */
bool file_sanitise_std(void);

/* Read a regular file or a pipe whole into *to (its ceiling is the limit), never a directory or a
 * device.  `st` is the stage that an error gets.  *facts may be NULL.  A missing file is an error
 * with sys == ENOENT (FATE_PERM); no permission has sys == EACCES. */
bool file_read(const char *path, enum stage st, struct buf *to, struct file_facts *facts,
	       struct err *e) MUST_CHECK;

bool file_read_regular(const char *path, enum stage st, struct buf *to, struct err *e) MUST_CHECK; /* no pipe either */

/* An unlinked temporary file in $TMPDIR or /tmp, mode 0600; -1 and *e (ST_SPOOL, so EX_CANTCREAT). */
int file_temp(struct err *e) MUST_CHECK;

bool file_write_all(int fd, const void *p, size_t n); /* retries EINTR and short writes; errno */

/* "~/x" and "~" become the user's home ($HOME, else the passwd entry); other paths are copied. */
char *file_expand(const char *path, struct err *e) MUST_CHECK;

/* The home directory: $HOME when it is absolute, else the passwd entry's, else NULL. */
const char *file_home(void);

#endif
