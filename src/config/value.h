/*
 * value.h - the kinds of value that a key can have: how each is read, shown, copied and freed.
 *
 * Knows no key by name; a row of the key table tells where in the account the value lives.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"
#include "config/account.h"

enum kind {
	KIND_NONE,    /* obsolete keys: without a value of their own */
	KIND_URL,     /* sets other keys, has no field (assign.c) */
	KIND_TEXT,    /* char *, NULL: unset */
	KIND_PATH,    /* char *, ~ expanded */
	KIND_SECRET,  /* char *, never shown, wiped */
	KIND_LIST,    /* struct strlist: blanks or commas between, outside double quotes */
	KIND_FLAG,    /* bool, by words */
	KIND_WORD,    /* enum, by words */
	KIND_SECONDS, /* unsigned; s, m, h, d; `off` is 0 */
	KIND_PORT,    /* unsigned; 0: unset */
	KIND_NUMBER,  /* struct number; `off` is none */
	KIND_PLAIN,   /* `size` bytes that own nothing, read by `take` and shown by `show`; zeroed: unset */
	KIND_COUNT
};

struct word { /* ends with NULL; the first with a value is the one that is shown */
	const char *word;
	unsigned    value;
};

struct key {
	const char        *name;
	enum kind          kind;
	size_t             at;       /* offset of the field within struct account */
	const char        *standard; /* the default as it would be written; NULL: unset */
	const char        *summary;
	const struct word *words;    /* of KIND_FLAG and KIND_WORD */
	const char        *form;     /* what a value looks like, where the kind does not say it */
	int                min, max; /* of KIND_SECONDS, where max 0 is a year, and KIND_NUMBER */
	size_t             size;     /* of KIND_PLAIN */
	bool               bare;     /* no value means `on`, as in msmtp */
	const char        *unset;    /* how to write "no value" where the default is another */
	bool               empty;    /* "" is a value of its own, not "unset" */
	bool               source;   /* one of the places that a password comes from: the last one set counts */
	/* Instead of the kind's own reader. */
	bool (*take)(struct account *a, const struct key *k, const char *text, struct err *e);
	bool (*show)(const struct account *a, struct buf *to, struct err *e);

	/* msmtp's obsolete keys; nothing else is set in such a row */
	const char        *renamed_to;
	const char        *on, *off; /* what `on` and `off` become there; NULL: nothing is set */
	bool               translates;
	const char        *obsolete; /* accepted and ignored: the reason */
	bool               missing;  /* of a feature that we lack: refused, unless the value says `off` */
};

/* Errors are sentences about the key, ST_CONFIG; they never show a secret. */
bool value_read(struct account *a, const struct key *k, const char *text, struct err *e) MUST_CHECK;

/* Building blocks of `take` functions: set a text (NULL or "": unset) or a list. */
bool value_text(struct account *a, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool value_list(struct account *a, const struct key *k, const char *text, struct err *e) MUST_CHECK;
struct strlist *value_list_of(struct account *a, const struct key *k);

bool value_is_set(const struct account *a, const struct key *k); /* is there anything to show? */

/* As it would be written in a file; a secret's is never given. */
bool value_show(const struct account *a, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;

bool value_copy(struct account *to, const struct account *from, const struct key *k, struct err *e) MUST_CHECK;
void value_clear(struct account *a, const struct key *k);

/* What a value looks like, for lists: "on|off", "path", "seconds" ... */
bool value_form(const struct key *k, struct buf *to, struct err *e) MUST_CHECK;

#endif
