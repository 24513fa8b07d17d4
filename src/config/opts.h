/*
 * opts.h - the command line: sendmail's letters with their arities, GNU long options, and every
 * configuration key as --key=value.  One table in opts.c.
 *
 * Touches no file and no environment.  The strings in the result are borrowed from argv.
 */
#ifndef CONFIG_OPTS_H
#define CONFIG_OPTS_H

#include "base/base.h"

#include "config/conf.h"

enum mode {
	MODE_SUBMIT,
	MODE_DIALOGUE,   /* -bs */
	MODE_VERIFY,     /* -bv */
	MODE_ALIASES,    /* -bi, newaliases */
	MODE_QUEUE_LIST, /* -bp, mailq */
	MODE_QUEUE_RUN,  /* -q, runq */
	MODE_ETRN,       /* --etrn */
	MODE_DUMP_CONFIG,
	MODE_LIST_KEYS,
	MODE_LIST_OPTIONS,
	MODE_VERSION,
	MODE_HELP,
};

struct options {
	enum mode       mode;
	const char     *config_file; /* -C; NULL: the usual places */
	const char     *account;     /* -a; NULL: choose */
	const char     *sender;      /* -f, -r; NULL: not given; "": the null sender */
	const char     *envid;       /* -V */
	const char     *node;        /* --etrn */
	bool            take_recipients; /* -t */
	bool            read_sender; /* --read-envelope-from: the sender is the From field's address */
	bool            ignore_dots; /* -i, -oi */
	int             verbose;     /* -v, counted */
	struct setting *settings;    /* --key=value, -F, -N, -R, -X ... in order */
	size_t          n_settings;
	const char    **recipients;  /* as given; each may be a list */
	size_t          n_recipients;
};

enum arity {
	NOTHING,  /* takes no value */
	VALUE,    /* attached or the next word */
	ATTACHED, /* attached or none */
};

struct option {
	const char *heading; /* of --help: the group that begins with this row */
	char        letter;  /* 0: only a long name */
	const char *name;    /* long; NULL: only a letter */
	enum arity  arity;
	const char *arg;     /* the value's name */
	const char *summary; /* NULL for those that are not for new users */
	bool (*take)(struct options *o, const char *value, struct err *e);
	const char *key;     /* the value is one of this key */
	enum mode   mode;    /* is chosen, unless it is MODE_SUBMIT; a value beside it changes nothing */
	const char *ignored; /* accepted and ignored: the reason */
	const char *refused; /* what it does elsewhere and not here, a sentence */
	const char *instead;
};

/* The table's rows, by use: first what most people need.  NULL past the end. */
const struct option *opts_row(size_t i);

/* ST_USAGE, with the nearest known option; modes that are not built say so in a sentence. */
bool opts_parse(int argc, char **argv, struct options *o, struct err *e) MUST_CHECK;

void opts_free(struct options *o);

#endif
