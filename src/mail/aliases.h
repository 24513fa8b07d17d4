/*
 * aliases.h - the alias file, aliases(5) as sendmail, Postfix and msmtp have it: `name: entry, entry ...`.
 *
 *	a line that begins with a blank, or follows one that ends in a backslash, continues the line before; `#` at the
 *	beginning of a line or of a word begins a comment; names may be quoted and are compared without case; of two
 *	aliases of the same name the first counts
 *
 * Pure: bytes in, structs out; it opens nothing and expands nothing (local.h does).  An entry that postern cannot obey
 * (a program, a file) is kept as what it is, so that only the recipient who needs it is told.  Owns all its texts.
 */
#ifndef MAIL_ALIASES_H
#define MAIL_ALIASES_H

#include "base/str.h"

enum { ALIASES_BYTES_MAX = 1024 * 1024 }; /* of one file */

enum alias_kind {
	ALIAS_ADDRESS, /* normalised (address.h) */
	ALIAS_FINAL,   /* the same, written with a backslash: it is not looked up again */
	ALIAS_INCLUDE, /* the path of a list */
	ALIAS_ERROR,   /* the words that refuse the recipient */
	ALIAS_PIPE,    /* a program, `|` included */
	ALIAS_FILE,    /* a path */
	ALIAS_ODD,     /* none of these */
};

struct alias_entry {
	enum alias_kind kind;
	unsigned        line;
	char           *text;
};

struct alias {
	char    *name;     /* local part, ASCII letters small; NULL in a list */
	size_t   first, n; /* of its entries */
	unsigned line;
	unsigned seen;     /* whoever expands it keeps this: the turn in which it was seen last */
	bool     open;     /* and whether it is being expanded */
};

struct aliases { /* zeroed is empty */
	char               *file; /* for messages */
	struct alias       *names; /* sorted */
	size_t              n, room;
	struct alias_entry *entries;
	size_t              n_entries, entries_room;
};

/* The whole file.  A line that is no alias is an error (ST_CONFIG) with file and line; *a is to be freed in any case. */
bool aliases_parse(struct aliases *a, const char *file, const char *text, size_t len, struct err *e) MUST_CHECK;

/* What :include: names: entries alone, with commas or line ends between; they are those of names[0]. */
bool aliases_parse_list(struct aliases *a, const char *file, const char *text, size_t len, struct err *e) MUST_CHECK;

/* The alias of a local part, or NULL. */
struct alias *aliases_find(const struct aliases *a, const char *name);

void aliases_free(struct aliases *a);

#endif
