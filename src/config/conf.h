/*
 * conf.h - the configuration: one table of keys, files, accounts, environment.
 *
 * Owns every `struct account`.  Everything that knows a key - parser, environment, command line,
 * --dump-config, --list-keys, the check of manual and completions - reads the same table in conf.c.
 * Chooses nothing about mail; opens no connection.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdio.h>

#include "base/log.h"
#include "config/secret.h"
#include "mail/fix.h"
#include "net/dial.h"
#include "net/tls.h"
#include "smtp/session.h"

struct account {
	char                 *name;
	struct net_params     net;
	struct tls_params     tls;
	struct sasl_params    auth;
	struct secret_params  secret;
	struct session_params smtp;
	struct message_params message;
	struct log_params     log;
	struct strlist        from;                /* address, or patterns that choose this account */
	bool                  allow_from_override; /* -f may replace `from` */
	/* private: which keys were set, a bit for each row of the table, and where the account
	 * comes from ("FILE:LINE") */
	uint64_t              set[2];
	char                 *origin;
};

struct setting { /* a key given on the command line; both borrowed */
	const char *key, *value;
};

struct conf {
	struct account *accounts; /* owned array; [0] holds the defaults of the file being read */
	size_t          n;
	bool            no_file;  /* none was found */
};

/* `file` alone when not NULL (-C), else SYSCONFDIR/postern.conf and then the user's.  Then the
 * defaults of missing keys are filled in, the environment and the `given` are put over every account, and
 * keys that contradict each other are refused.  ST_CONFIG, with "FILE:LINE: ". */
bool conf_load(struct conf *c, const char *file, const struct setting *given, size_t n_given,
	       struct err *e) MUST_CHECK;

/* By name (-a), else by the sender ("" or NULL: none), else `default`, else the only one. */
bool conf_choose(struct conf *c, const char *name, const char *sender, struct account **chosen,
		 struct err *e) MUST_CHECK;

/* The account as a file that gives the same account when read; secrets are left out and said to be. */
bool conf_dump(const struct account *a, FILE *to);

/* "key<TAB>kind<TAB>default<TAB>summary" for each key, sorted; of those renamed "old<TAB>renamed to new". */
void conf_list_keys(FILE *to);

/* Is it a key (with - or _)?  For the option parser.  *wants_value is false for an on/off key,
 * whose value may be left out on the command line ("--tls-certcheck", "--no-..." not supported). */
bool conf_is_key(const char *name, bool *wants_value);
const char *conf_key_name(size_t i); /* NULL past the end; renamed ones are not given */

void conf_free(struct conf *c); /* wipes secrets */

#endif
