/*
 * home.h - the user's home directory, and `~` in names of files.
 *
 * Opens no file.
 */
#ifndef BASE_HOME_H
#define BASE_HOME_H

#include "base/err.h"

/* $HOME when it is absolute, else the home in the user database, else NULL.  Valid until the user database is
 * asked again. */
const char *home_dir(void);

/* "~" and "~/x" become the home directory and x in it; other names are copied. */
char *home_expand(const char *path, struct err *e) MUST_CHECK;

#endif
