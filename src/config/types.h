/*
 * types.h - what a key is, and the kinds of values.
 *
 * Types only, and no key: config/keys has the keys, and config/value does what depends on the kind.
 */
#ifndef CONFIG_TYPES_H
#define CONFIG_TYPES_H

#include "base/err.h"
#include "config/account.h"

enum kind {
	KIND_URL,        /* sets other keys and has no field (set.c) */
	KIND_TEXT,       /* char *, NULL: unset */
	KIND_PATH,       /* char *, ~ expanded */
	KIND_SECRET,     /* char *, never shown, wiped */
	KIND_LIST,       /* struct strlist; blanks or commas outside double quotes separate the items */
	KIND_FLAG,       /* bool; each value has words */
	KIND_WORD,       /* enum; each value has words */
	KIND_SECONDS,    /* unsigned; s, m, h, d; `off` is 0 */
	KIND_PORT,       /* unsigned; 0: unset */
	KIND_NUMBER,     /* struct number; `off` is none */
	KIND_DATE,       /* int64_t, seconds since 1970; `off` is 0 */
	KIND_NOTIFY,     /* unsigned, enum dsn_notify; `off` is 0 */
	KIND_DELIVER_BY, /* struct deliver_by; `off` is none */
	KIND_SIZE,       /* uint64_t, bytes; K, M, G; `off` is 0 */
	KIND_RETRY,      /* struct queue_retry */
	KIND_COUNT
};

struct word { /* a list ends with NULL; of several words with the same value the first is shown */
	const char *word;
	unsigned    value;
};

struct key {
	const char        *name;
	enum kind          kind;
	size_t             at;       /* offset of the field within struct account */
	const char        *standard; /* the default, as text; NULL: unset */
	const char        *summary;
	const struct word *words;    /* of KIND_FLAG and KIND_WORD */
	const char        *form;     /* what a value looks like; NULL: as the kind says */
	int                min, max; /* of KIND_SECONDS (max 0: a year) and KIND_NUMBER */
	bool               bare;     /* no value means `on`, as in msmtp */
	const char        *unset;    /* the text for "no value", if the default is another */
	bool               empty;    /* "" is a value, and not "unset" */
	bool               shell;    /* a shell reads the value, with comments of its own */
	bool               quotes;   /* quotes within the value have a meaning of their own */
	bool               source;   /* a source of the password; of all sources only the one set last counts */
	/* if the value has rules beyond its kind: parse.c; NULL: none */
	bool (*parse)(struct account *a, const struct key *k, const char *text, struct err *e);
};

#endif
