/*
 * keys.h - the key table: one row for each key.  The keys that only msmtp has are in msmtp.h.
 *
 * The files, the environment, the command line, --dump-config, --list-keys (which the completions ask), and the checks of the
 * manual use it.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/types.h"

const struct key *key_row(size_t i);                      /* in the table's order; NULL past the end */
const struct key *key_next(const struct key *k);          /* NULL past the end */
size_t            key_index(const struct key *k);         /* its bit in account->set */
const char       *key_name(size_t i);                     /* NULL past the end */
const struct key *key_find(const char *name, size_t len); /* NULL: no such key */

/* Is this the name of the key?  Case is ignored, and `-` and `_` are the same. */
bool key_is_named(const char *name, size_t len, const char *key);

#endif
