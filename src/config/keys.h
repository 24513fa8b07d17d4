/*
 * keys.h - the key table: one row for each key.
 *
 * The parser, the environment, the command line, --dump-config, --list-keys (which the completions ask), and the checks of the manual use it.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/value.h"

const struct key *key_row(size_t i);                       /* in the table's order; NULL past the end */
const struct key *key_next(const struct key *k);           /* NULL past the end */
size_t            key_index(const struct key *k);          /* its bit in account->set */
const struct key *key_find(const char *name, size_t len);  /* `-` and `_` are the same; NULL: no such key */
const char       *key_name(size_t i);                      /* without msmtp's obsolete keys; NULL past the end */

/* Does the key have a meaning of its own?  msmtp's keys that are renamed, ignored or not supported have none. */
bool key_is_real(const struct key *k);

#endif
