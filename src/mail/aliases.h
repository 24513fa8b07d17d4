/*
 * aliases.h - parses the alias file, aliases(5) as in sendmail, Postfix and msmtp: `name: entry, entry ...`.
 *
 *	a line that begins with a blank, or follows one that ends in a backslash, continues the line before; `#` at the
 *	beginning of a line or of a word begins a comment; names may be quoted and are compared without regard to case; if
 *	two aliases have the same name, the first counts
 *
 * Bytes in, structs out: it opens no file and expands no alias (expand.h does).  An entry that postern cannot obey (a program,
 * a file) is kept with its kind, so that only a recipient whose alias has it is refused.  The structs own all their texts.
 */
#ifndef MAIL_ALIASES_H
#define MAIL_ALIASES_H

#include "base/str.h"

enum { ALIASES_BYTES_MAX = 1024 * 1024 }; /* of one file */

enum alias_kind {
	ALIAS_ADDRESS, /* normalised (address.h) */
	ALIAS_FINAL,   /* an address after a backslash: it is not expanded further */
	ALIAS_INCLUDE, /* the path of a list */
	ALIAS_ERROR,   /* refuses the recipient with these words */
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
	char    *name;     /* local part, ASCII letters in lower case; NULL in a list */
	size_t   first, n; /* index and number of its entries */
	unsigned line;
	unsigned seen;     /* for expand.c: the turn in which it was expanded last */
	bool     open;     /* for expand.c: it is being expanded now */
};

struct aliases { /* zeroed: empty */
	char               *file; /* its name, for errors */
	struct alias       *names; /* sorted */
	size_t              n;
	struct alias_entry *entries;
	size_t              n_entries;
};

/* The whole file.  A line that is no alias is an error (ST_CONFIG) with file and line; the caller frees *a in every case. */
bool aliases_parse(struct aliases *a, const char *file, const char *text, size_t len, struct err *e) MUST_CHECK;

/* The file that :include: names: entries without a name, separated by commas or line ends.  They belong to names[0]. */
bool aliases_parse_list(struct aliases *a, const char *file, const char *text, size_t len, struct err *e) MUST_CHECK;

/* The alias of a local part, or NULL. */
struct alias *aliases_find(const struct aliases *a, const char *name);

void aliases_free(struct aliases *a);

#endif
