/*
 * msmtp.h - the keys that msmtp has and postern has not: another key took their place, or they are ignored or refused.
 *
 * They are known in files and on the command line, not in the environment.  No other module knows one of them.
 */
#ifndef CONFIG_MSMTP_H
#define CONFIG_MSMTP_H

#include "config/types.h"

struct msmtp { /* without `key` and `ignored`: a feature that postern lacks; refused, unless the value is `off` or empty */
	const char *name;
	const char *key;      /* the key that took its place */
	const char *on, *off; /* the values of `key` for `on` and `off`; no other value is valid; `off` NULL: the value off sets
	                       * nothing; both NULL: `key` gets the value as it is */
	const char *ignored;  /* why it is accepted and ignored */
};

const struct msmtp *msmtp_row(size_t i); /* sorted by name; NULL past the end */
const struct msmtp *msmtp_find(const char *name, size_t len); /* NULL: not one of these */

/* Translates the name to *k and the value in *text; *k NULL: nothing is to be set.  Warns about an ignored key.  Errors are
 * those of key_set(). */
bool msmtp_translate(const struct msmtp *m, const char **text, const struct key **k, const char *place, enum stage st,
		     struct err *e) MUST_CHECK;

#endif
