/*
 * owned.h - alias files and lists, which decide where mail goes; and for root the directories of other users.
 *
 * Such a file is read only if nobody but its owner, root and the user who runs us can have made or changed it, and only with
 * the rights of its owner.
 *
 * The path is walked from the root, one name at a time, on open descriptors.  Each directory must belong to root, to us or
 * to the file's owner.  If its group (other than root's) or others may write a directory, it must have the sticky bit, and
 * the entry that is followed in it must belong to root or to us.  A link or `..` is followed only in a directory that belongs
 * to root and that nobody else may write.  The file must be a regular one that neither its group (other than root's) nor
 * others may write.
 *
 * Errors give `name`, but neither the path nor anything from the file: the path may come from another such file, and the
 * caller may have no right to read either.
 */
#ifndef BASE_OWNED_H
#define BASE_OWNED_H

#include "base/buf.h"

#include <sys/types.h>

/* The alias file, which belongs to root or to us. */
bool owned_read(const char *path, const char *name, enum stage st, struct buf *to, struct err *e) MUST_CHECK;

/* A list, which may belong to any user.  `as`: the owner of the list that names this one, or 0 if that is root or if the alias
 * file names it.  If we are root, it is read with the rights of `as`, or of its own owner when `as` is 0; *reader is that user,
 * and becomes `as` for lists that it names.  If we are not root, it is read with our rights, and *reader is 0. */
bool owned_read_list(const char *path, const char *name, uid_t as, enum stage st, struct buf *to, uid_t *reader,
		     struct err *e) MUST_CHECK;

/* For root: a directory that is to be used with the rights of its owner.  Of the path the same is demanded, but in a sticky
 * directory the entry may be its owner's, too: so no third user can put another directory in its place.  The caller closes *fd,
 * and checks the directory's owner and mode.  A missing directory has sys == ENOENT; then *foreign says if another user can
 * make it. */
bool owned_open_directory(const char *path, const char *name, enum stage st, int *fd, bool *foreign, struct err *e) MUST_CHECK;

#endif
