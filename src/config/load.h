/*
 * load.h - puts the configuration together: the files, over them the environment, over it the command line.
 *
 * Opens no connection.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/conf.h"
#include "config/opts.h"

/* With o->server (-S) there is one account, with this server, without a login, and without TLS if it is a loopback address; no
 * file and no variable is read.  Without it, the first of these is read: o->config_file (-C) alone; the system's file and then
 * the user's; if neither exists and no server is named, those of msmtp.  Each of the usual files is passed over if it is
 * missing.  If it may not be read, or belongs neither to root nor to the effective user, it is passed over with a note in the
 * trace and in c->note.  Then the keys from the environment are set in every account.
 *
 * In both cases the keys in o->settings come last.  Errors are ST_CONFIG and begin with "FILE:LINE: " or "POSTERN_KEY: "; for
 * options they are ST_USAGE and begin with "--key: ". */
bool conf_load(struct conf *c, const struct options *o, struct err *e) MUST_CHECK;

#endif
