/*
 * home.h - the directories where the user's own files are, and `~` in names of files.
 *
 * HOME and XDG_CONFIG_HOME often come from somebody else: cron, at, su -p and sudo -E hand on what root's shell had, and
 * a job that looks into root's home for its configuration sends no mail.  So a directory that the environment names
 * counts only where it belongs to the user.  Opens no file.
 */
#ifndef BASE_HOME_H
#define BASE_HOME_H

#include "base/err.h"

/* May this directory, named by the environment, be used (NULL: no)?  The name has to be absolute, and the directory has
 * to belong to the effective user, unless the user database has no home for that user: containers run programs as users
 * whom no database knows. */
bool home_may_be(const char *dir);

/* The directory that HOME names, by the rule above; else the home in the user database, whether or not it exists;
 * else NULL.  Valid until the user database is asked again. */
const char *home_dir(void);

/* Is the environment another user's?  It is where HOME names a directory that belongs to somebody else, or that may not be
 * looked at, and is not the home in the user database.  What else it says of its user is not true of ours then. */
bool home_is_foreign(void);

/* "~" and "~/x" become the home directory and x in it; other names are copied. */
char *home_expand(const char *path, struct err *e) MUST_CHECK;

#endif
