/*
 * habits.h - what people are used to from other configuration files: signs between key and value, single quotes, comments behind
 * a value, and the names of keys in other programs.  It serves errors only; none of this is accepted.
 *
 * Shows no value, since a value may be a password.
 */
#ifndef CONFIG_HABITS_H
#define CONFIG_HABITS_H

#include "base/err.h"

struct habit {
	const char *name;
	const char *program; /* NULL: several have it */
	const char *key;     /* ours */
};

const struct habit *habit_find(const char *name); /* NULL: not one of these; case, - and _ do not matter */

/* The sign before an unquoted value: a `=`, or a `:` with a blank behind it; '\0': there is none.  With `secret`, a blank must
 * stand behind the `=`, too. */
char habit_sign(const char *value, bool secret);

/* The quote that does not do what it does elsewhere: ' around the value, or a " that is not closed; '\0': there is none. */
char habit_quote(const char *value);

/* Is there a comment behind an unquoted value: a `#` after a blank and outside of quotes?  With `secret`, only if a blank stands
 * behind the `#`, too. */
bool habit_comment(const char *value, bool secret);

#endif
