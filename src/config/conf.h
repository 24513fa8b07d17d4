/*
 * conf.h - puts the configuration together from files, environment and command line, and chooses the account.
 *
 * Owns every `struct account`.  keys.c has the keys; reader.c reads the files.  Opens no connection.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "base/base.h"

#include <stdio.h>

#include "config/account.h"

struct setting { /* a key given on the command line; both borrowed */
	const char *key, *value;
};

/* If `file` is not NULL (-C), reads this file alone; else SYSCONFDIR/postern.conf and then the user's file.  Each of these two
 * is passed over if it is missing, or with a note in the trace and in c->note if it may not be read or belongs neither to
 * root nor to the effective user.  Then sets in every account the keys from the environment, and then those in `given`.
 * Errors are ST_CONFIG and begin with "FILE:LINE: " or "POSTERN_KEY: "; for `given` they are ST_USAGE and begin with
 * "--key: ". */
bool conf_load(struct conf *c, const char *file, const struct setting *given, size_t n_given,
	       struct err *e) MUST_CHECK;

/* Chooses the account by name (-a).  Without a name: by the sender ("" or NULL: none), else the one named `default`, else the
 * only one.  An account without a server or with keys that contradict each other is an error only here, since an account from
 * which others inherit need not be complete. */
bool conf_choose(struct conf *c, const char *name, const char *sender, struct account **chosen,
		 struct err *e) MUST_CHECK;

/* Prints the account as a file that gives the same account when read.  Secrets are left out; a comment says so. */
bool conf_dump(const struct account *a, FILE *to);

/* Prints the keys, sorted: "key<TAB>form<TAB>default<TAB>summary"; for msmtp's keys "old<TAB>renamed to new",
 * "old<TAB>ignored: reason" or "old<TAB>not available". */
void conf_list_keys(FILE *to);

/* The key of this name (with - or _) as the table spells it, or NULL; for the option parser.  *wants_value is false if the
 * value may be left out, which then means `on` ("--tls-certcheck"). */
const char *conf_key(const char *name, size_t len, bool *wants_value);
const char *conf_key_name(size_t i); /* without msmtp's obsolete keys; NULL past the end */

void conf_free(struct conf *c); /* wipes secrets */

#endif
