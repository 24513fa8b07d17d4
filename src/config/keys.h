/*
 * keys.h - the key table: one row for everything that can be configured.
 *
 * Parser, environment, command line, --dump-config, --list-keys, and the checks of manual and completions read it.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config/value.h"

const struct key *key_row(size_t i);                       /* in the table's order; NULL past the end */
const struct key *key_next(const struct key *k);
size_t            key_index(const struct key *k);          /* the bit in `set` */
const struct key *key_find(const char *name, size_t len);  /* `-` and `_` are the same; NULL: no such key */
const char       *key_name(size_t i);                      /* of those that do something; NULL past the end */

/* A key of its own, not one of msmtp's that stands for another or for nothing. */
bool key_is_real(const struct key *k);

#endif
