/*
 * set.h - sets values in accounts: by key, by default, by inheritance.
 *
 * Notes for each key whether it was set, and where.  Reads no file and no variable, and chooses no account.
 */
#ifndef CONFIG_SET_H
#define CONFIG_SET_H

#include "config/types.h"

/* Sets a key and marks it as set.  Errors have the stage `st` and begin with `place`. */
bool key_set(struct account *a, const struct key *k, const char *text, const char *place, enum stage st,
	     struct err *e) MUST_CHECK;

/* For values that do not go through key_set(): an error if the text has a control character other than a tab. */
bool key_check(const char *name, const char *text, struct err *e) MUST_CHECK;

/* Puts the place in front of an error about a value, and gives it the stage; an error of ours (ST_INTERNAL) is left as it is. */
bool key_fail_at(const char *place, enum stage st, struct err *e);

/* Was the key set, in the account or in one that it inherits from?  `name` must be a key other than `url`. */
bool key_was_set(const struct account *a, const char *name);

/* Where it was set: "FILE:LINE", "POSTERN_KEY" or "--key"; NULL: it was not. */
const char *key_place(const struct account *a, const struct key *k);

bool account_begin(struct account *a, struct err *e) MUST_CHECK; /* sets all defaults in a zeroed account */

/* Copies all values of `from` to a new account, with their places; none of them is marked as set. */
bool account_copy(struct account *to, const struct account *from, struct err *e) MUST_CHECK;

/* Copies the values that were set in `base`, and marks them as set. */
bool account_inherit(struct account *a, const struct account *base, struct err *e) MUST_CHECK;

void account_free(struct account *a); /* wipes secrets; leaves it zeroed */

#endif
