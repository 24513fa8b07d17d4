/*
 * conf.h - the configuration: files, environment and command line put together, and the account chosen.
 *
 * Owns every `struct account`.  What can be configured is in keys.c, how files are read in reader.c.
 * Chooses nothing about mail; opens no connection.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "base/base.h"

#include <stdio.h>

#include "config/account.h"

struct setting { /* a key given on the command line; both borrowed */
	const char *key, *value;
};

/* `file` alone when not NULL (-C), else SYSCONFDIR/postern.conf and then the user's.  Of those two, one that is not
 * there, may not be read, or belongs to another user than root and the effective one, is passed over: the last two
 * with a note in the trace and in c->note.  The environment and then `given` are put over every account.  ST_CONFIG
 * with "FILE:LINE: " or "POSTERN_KEY: "; ST_USAGE with "--key: " for what was given. */
bool conf_load(struct conf *c, const char *file, const struct setting *given, size_t n_given,
	       struct err *e) MUST_CHECK;

/* By name (-a), else by the sender ("" or NULL: none), else `default`, else the only one.  Refuses an
 * account without a server, or whose keys contradict each other: not sooner, because one that only others
 * inherit from need not be whole. */
bool conf_choose(struct conf *c, const char *name, const char *sender, struct account **chosen,
		 struct err *e) MUST_CHECK;

/* The account as a file that gives the same account when read; secrets are left out and said to be. */
bool conf_dump(const struct account *a, FILE *to);

/* "key<TAB>form<TAB>default<TAB>summary" for each key, sorted; "old<TAB>renamed to new", "old<TAB>ignored:
 * reason" for msmtp's. */
void conf_list_keys(FILE *to);

/* The key of this name (with - or _), as the table spells it, or NULL; for the option parser.  *wants_value is
 * false where the value may be left out, which then means `on` ("--tls-certcheck"). */
const char *conf_key(const char *name, size_t len, bool *wants_value);
const char *conf_key_name(size_t i); /* NULL past the end; renamed ones are not given */

void conf_free(struct conf *c); /* wipes secrets */

#endif
