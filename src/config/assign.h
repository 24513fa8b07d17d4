/*
 * assign.h - values into accounts: by key, by default, by inheritance.
 */
#ifndef CONFIG_ASSIGN_H
#define CONFIG_ASSIGN_H

#include "config/value.h"

/* Sets a key and remembers that it was set.  Errors are of stage `st` and begin with `place`. */
bool key_set(struct account *a, const struct key *k, const char *text, const char *place, enum stage st,
	     struct err *e) MUST_CHECK;

/* Was it set in the account or in one that the account inherits from?  `name` must be a real key. */
bool key_was_set(const struct account *a, const char *name);

bool account_begin(struct account *a, struct err *e) MUST_CHECK; /* zeroed: gets every default */

/* A new account with all values of `from`, none of which counts as set. */
bool account_copy(struct account *to, const struct account *from, struct err *e) MUST_CHECK;

/* What was set in `base` is set here. */
bool account_inherit(struct account *a, const struct account *base, struct err *e) MUST_CHECK;

void account_free(struct account *a); /* wipes secrets; leaves it zeroed */

#endif
