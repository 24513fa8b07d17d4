/*
 * load.h - puts the configuration together: the files, over them the environment, over it the command line.
 *
 * Opens no connection.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/conf.h"
#include "config/opts.h"

/* If `file` is not NULL (-C), reads this file alone; else the system's file and then the user's.  Each of these two is passed
 * over if it is missing, or with a note in the trace and in c->note if it may not be read or belongs neither to root nor to
 * the effective user.  Then sets in every account the keys from the environment, and then those in `given`.  Errors are
 * ST_CONFIG and begin with "FILE:LINE: " or "POSTERN_KEY: "; for `given` they are ST_USAGE and begin with "--key: ". */
bool conf_load(struct conf *c, const char *file, const struct setting *given, size_t n_given,
	       struct err *e) MUST_CHECK;

#endif
