/*
 * home.h - the directories with the user's own files, and `~` in names of files.
 *
 * HOME, XDG_CONFIG_HOME and XDG_STATE_HOME often come from another user: cron, at, su -p and sudo -E pass on those of root's
 * shell, and a job that looks for its configuration in root's home sends no mail.  So a directory that the environment names
 * counts only if it belongs to the user.  This module opens no file.
 */
#ifndef BASE_HOME_H
#define BASE_HOME_H

#include "base/err.h"

/* May this directory, named by the environment, be used (NULL: no)?  Its name must be absolute, and it must belong to the
 * effective user.  The owner does not matter if the user database has no home for that user: containers run programs as
 * users without an entry. */
bool home_may_be(const char *dir);

/* The directory that HOME names, if home_may_be() allows it; else the home in the user database, even if it does not exist;
 * else NULL.  Valid until the next look-up in the user database. */
const char *home_dir(void);

/* Is the environment that of another user?  It is if HOME is not the home in the user database and the directory belongs to
 * another user or cannot be looked at.  Then other facts in the environment (LOGNAME, EMAIL) are not about our user either. */
bool home_is_foreign(void);

/* A directory below the one for what programs keep: $XDG_STATE_HOME if home_may_be() allows it, else ~/.local/state; `name`
 * begins with a slash.  The caller frees it.  NULL: the user has no home, or "/" and no right to write there (`st` PERM: "... no
 * place for WHAT"), or no memory. */
char *home_state(const char *name, enum stage st, const char *what, struct err *e) MUST_CHECK;

/* "~" and "~/x" become the home directory and x in it; other names are copied. */
char *home_expand(const char *path, struct err *e) MUST_CHECK;

#endif
