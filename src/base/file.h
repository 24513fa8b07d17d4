/*
 * file.h - all files that a user or a configuration names, temporary files, the three standard descriptors.
 *
 * No other module opens such a file, except that base/owned opens alias files and the lists that they name.  queue/,
 * server/service, secret/access and oauth2/ open the files of their own directories.  Facts come from the open descriptor
 * (fstat), never from the path, so that nobody can replace the file in between.  Every wait for a pipe has a limit.  Every
 * descriptor is close-on-exec.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

#include <sys/types.h>

enum { FILE_PATIENCE_S = 60 }; /* seconds in which a pipe must come to its end */

struct file_facts {
	dev_t dev;
	ino_t ino;
	uid_t owner;
	mode_t mode;   /* type and permissions */
	bool exists;   /* false only if the file is missing: ENOENT or ENOTDIR */
	bool owned;    /* by root or by us */
	bool others_write; /* others may, or a group that is not root's */
	bool open_read;    /* no place for a secret: others may read it, or its group, unless the owner or the group is root */
	bool open_write;   /* no place for a secret: others or its group may write it */
	bool all_write;                 /* every user may; only for a regular file */
};

/* To be called before anything is opened.  Those of descriptors 0, 1 and 2 that are closed are opened on /dev/null, so that
 * no file of ours becomes one of them.  If /dev/null cannot be opened, the process ends with EX_OSERR.  Returns whether
 * stdin was open. */
bool file_sanitise_std(void);

/* Reads a whole regular file or pipe into *to (its ceiling is the limit).  Directories, and devices other than /dev/null, are
 * errors.  If a pipe has not come to its end in FILE_PATIENCE_S, the error is FATE_TEMP.  `st` is the stage of the errors.
 * `facts` may be NULL.  A missing file is an error with sys == ENOENT (FATE_PERM); no permission has sys == EACCES. */
bool file_read(const char *path, enum stage st, struct buf *to, struct file_facts *facts,
	       struct err *e) MUST_CHECK;

/* The same; a pipe must also come to its end before the deadline `until`. */
bool file_read_until(const char *path, enum stage st, int64_t until, struct buf *to, struct file_facts *facts,
		     struct err *e) MUST_CHECK;

/* From now on this many seconds count in place of FILE_PATIENCE_S, if they are fewer; 0: FILE_PATIENCE_S again. */
void file_patience(unsigned seconds);

/* After open(2) failed with this errno: may it succeed later with the same name? */
bool file_may_pass(int errnum);

/* After a file could not be opened: is the file that has this name now our user's?  For hints only. */
bool file_is_ours(const char *path);

/* For base/owned: facts of an open descriptor, and its content; errors call it `name`. */
bool file_look(int fd, struct file_facts *f); /* false: errno says why */
bool file_read_open(int fd, const char *name, enum stage st, int64_t until, struct buf *to, struct err *e) MUST_CHECK;

/* Appends with one write(2), or with several where the kernel takes less at once.  Two processes do not mix their lines: the
 * file is locked meanwhile, unless another process holds its lock.  A missing file is made with mode 0600.  It fails for a
 * directory, for a pipe that nobody has open for reading (ENXIO), and for one that is full for FILE_PATIENCE_S (ETIMEDOUT);
 * errno says why. */
bool file_append(const char *path, const void *p, size_t n) MUST_CHECK;

/* An unlinked temporary file, mode 0600, in $TMPDIR; in /tmp if TMPDIR is not set or cannot be used.  TMPDIR often comes
 * from another user's environment; if it cannot be used, *passed_over says why, otherwise it is zeroed.  *dir is the
 * directory, borrowed from the environment, or static.  On failure: -1 and *e (ST_SPOOL, so EX_CANTCREAT). */
int file_temp(const char **dir, struct err *passed_over, struct err *e) MUST_CHECK;

/* Makes the directory and those above it that are missing, with mode 0700, and syncs those that name them.  errno says why
 * not. */
bool file_make_directory(const char *path) MUST_CHECK;

/* fsync(2) of a directory.  Some network file systems cannot sync directories, which is no error.  errno says why not. */
bool file_sync_directory(int dir) MUST_CHECK;

/* Writes all of it: after EINTR and short writes it goes on, and if the descriptor does not block, it waits up to
 * FILE_PATIENCE_S.  On failure errno says why. */
bool file_write_all(int fd, const void *p, size_t n);

/* The same for text of other users that goes to a terminal.  A tab and a line end stay as they are; a character of several octets
 * that is cut by the end is written as octets (base/printable). */
bool file_write_printable(int fd, const void *p, size_t n);

#endif
