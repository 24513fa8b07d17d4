/*
 * owned.h - files that say who gets mail: read only where nobody but their owner, root and we ourselves can have put them
 * there or changed them, and read as their owner may read them.
 *
 * The path is walked from the root, one name at a time, on open descriptors.  Each directory belongs to root, to us or
 * to the file's owner; one that its group (other than root's) or others may write has the sticky bit, and what is in it
 * belongs to root or to us.  A link, and `..`, is followed only in a directory of root's that nobody else may write.  The
 * file is a regular one that its group (other than root's) and others may not write.
 *
 * Says `name`, and neither the path nor anything that is in the file: the path may come from another such file, and the
 * caller may be somebody who may read neither.
 */
#ifndef BASE_OWNED_H
#define BASE_OWNED_H

#include "base/buf.h"

#include <sys/types.h>

/* The alias file, which belongs to root or to us. */
bool owned_read(const char *path, const char *name, enum stage st, struct buf *to, struct err *e) MUST_CHECK;

/* A list, which may belong to anybody.  `as`: whose list names it, 0 for root or the alias file.  Where we are root, it is
 * read with the rights of that user, or of its owner when that is root; *reader is that user, for lists that it names.
 * Where we are not, it is read with our rights, and *reader is 0. */
bool owned_read_list(const char *path, const char *name, uid_t as, enum stage st, struct buf *to, uid_t *reader,
		     struct err *e) MUST_CHECK;

#endif
