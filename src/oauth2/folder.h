/*
 * folder.h - a directory with files that nobody else may touch: opened, checked, read, and replaced whole.
 *
 * Every file is opened relative to the directory's descriptor, never through a link, and checked by its own descriptor.  A file
 * is replaced by a new one that is written beside it, synced and renamed; then the directory is synced.  Never is one truncated
 * in place.
 *
 * Knows no login.  Errors are ST_SECRET: PERM with the line that mends it if a file cannot be trusted, TEMP with errno else.
 */
#ifndef OAUTH2_FOLDER_H
#define OAUTH2_FOLDER_H

#include "base/buf.h"

#include <sys/types.h>

#define FOLDER_CLOSED (S_IRWXG | S_IRWXO) /* bits of a mode that a secret file must not have */

struct folder {
	char *path; /* owned, absolute */
	int   dir;  /* owned descriptor; -1: not open */
};

/* Opens f->path; `make`: it is made, with its parents, if it is missing.  It must be ours, with mode 0700.  False with sys ==
 * ENOENT: it is missing (PERM). */
bool folder_open(struct folder *f, bool make, struct err *e) MUST_CHECK;
void folder_close(struct folder *f); /* accepts .dir == -1 and .path NULL */

/* Reads a whole file, which is regular, ours, has one name and no bit of `open_to` in its mode.  *found unset: there is none. */
bool folder_read(const struct folder *f, const char *file, mode_t open_to, struct buf *to, bool *found, struct err *e) MUST_CHECK;

/* The same check for a file that is open. */
bool folder_check(const struct folder *f, const char *file, int fd, mode_t open_to, struct err *e) MUST_CHECK;

/* A new, empty file with mode 0600; what has the name is removed first.  -1: errno says why. */
int folder_new(const struct folder *f, const char *file) MUST_CHECK;

/* Writes the text into the new file `fd` (-1: folder_new() has failed) with the name `from`, closes it, and renames it to `to`.
 * If only the rename fails, the new file stays, whole. */
bool folder_replace(const struct folder *f, const char *from, const char *to, int fd, const struct buf *text,
		    struct err *e) MUST_CHECK;

bool folder_has(const struct folder *f, const char *file);
bool folder_rename(const struct folder *f, const char *from, const char *to, struct err *e) MUST_CHECK;
bool folder_remove(const struct folder *f, const char *file, struct err *e) MUST_CHECK; /* true if there is none */
bool folder_sync(const struct folder *f, struct err *e) MUST_CHECK;

/* "cannot WHAT PATH/FILE", with errno; "PATH/FILE WHAT, so it is not used", with the hint "MEND PATH/FILE".  file "": the
 * directory.  Both return false. */
bool folder_failed(const struct folder *f, const char *what, const char *file, struct err *e);
bool folder_distrust(const struct folder *f, const char *file, const char *what, const char *mend, struct err *e);

#endif
