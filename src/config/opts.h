/*
 * opts.h - the options: sendmail's letters and GNU long names, a row for each; and what the command line asked for.
 *
 * Touches no file and no environment.
 */
#ifndef CONFIG_OPTS_H
#define CONFIG_OPTS_H

#include "base/err.h"

enum mode {
	MODE_SUBMIT,
	MODE_DIALOGUE,   /* -bs */
	MODE_VERIFY,     /* -bv */
	MODE_ALIASES,    /* -bi, newaliases */
	MODE_QUEUE_LIST, /* -bp, mailq */
	MODE_QUEUE_RUN,  /* -q, runq */
	MODE_QUEUE_SHOW, /* --queue-show and the like */
	MODE_QUEUE_REMOVE,
	MODE_QUEUE_HOLD,
	MODE_QUEUE_RELEASE,
	MODE_QUEUE_RETRY,
	MODE_ETRN,       /* --etrn */
	MODE_CHECK,      /* --check, --serverinfo */
	MODE_DUMP_CONFIG,
	MODE_LIST_KEYS,
	MODE_LIST_OPTIONS,
	MODE_VERSION,
	MODE_HELP,
};

struct setting { /* a key and its value, as given; both borrowed */
	const char *key, *value;
};

enum delivery_mode { /* how a message is sent, where the queue is on */
	DELIVERY_CONFIGURED, /* as `queue` says */
	DELIVERY_NOW,        /* -odi */
	DELIVERY_BACKGROUND, /* -odb: kept, and sent by a process that is started for it */
	DELIVERY_QUEUE,      /* -odq: kept */
};

struct queue_choice { /* -qI, -qR, -qS: only entries whose id, a recipient or the sender contains the text */
	char        what; /* I, R or S */
	bool        others; /* -q!I: only the others */
	const char *text;
};

struct options { /* the strings are borrowed from argv */
	enum mode       mode;
	const char     *config_file; /* -C; NULL: the usual files */
	const char     *server;      /* -S: HOST or HOST:PORT; NULL: that of the configuration */
	const char     *account;     /* -a; NULL: by the sender, see conf_choose() */
	const char     *sender;      /* -f, -r; NULL: not given; "": the null sender */
	const char     *envid;       /* -V */
	const char     *node;        /* --etrn */
	const char     *address;     /* --check; it is among the recipients, too; NULL: none is tried */
	bool            recipients_in_header; /* -t: those in To, Cc and Bcc count, too */
	bool            read_sender; /* --read-envelope-from: the sender is the From field's address */
	bool            service;     /* --service */
	bool            ignore_dots; /* -i, -oi: a line that is only a dot does not end the message */
	int             verbose;     /* -v, counted */
	enum delivery_mode   delivery;
	unsigned        interval;    /* -q15m: seconds; 0: once */
	struct queue_choice *choices; /* -qI and the like; none: all that are due, or with -bp all */
	size_t          n_choices;
	const char     *entry;       /* --queue-show ID and the like */
	struct setting *settings;    /* --key=value, -F, -N, -R, -X ... in order */
	size_t          n_settings;
	const char    **recipients;  /* as given; each may be a list */
	size_t          n_recipients;
};

enum arity {
	ARITY_NONE,  /* takes no value */
	ARITY_VALUE,    /* attached or the next word */
	ARITY_ATTACHED, /* attached or none */
};

struct option {
	const char *heading; /* title of the group in --help that begins with this row; NULL: none begins */
	char        letter;  /* 0: the option has only a long name */
	const char *name;    /* long; NULL: the option has only a letter */
	enum arity  arity;
	const char *arg;     /* the value's name */
	const char *form;    /* of the value, as in keys.c, if neither `arg` nor `key` names its words */
	const char *summary; /* NULL: not shown in --help */
	bool (*set)(struct options *o, const char *value, struct err *e);
	const char *key;     /* the option sets this key */
	enum mode   mode;    /* the option chooses this mode, unless it is MODE_SUBMIT; a value is then ignored */
	const char *ignored; /* why the option is accepted and ignored */
	const char *refused; /* a sentence: what the option does in other programs, and that postern does not */
	const char *instead; /* the hint of that error, and of one about a missing value */
};

/* The rows of the table, by use: the most common first.  NULL past the end. */
const struct option *opts_row(size_t i);

/* Adds one to o->settings, which has room for it.  Always true. */
bool opts_add_setting(struct options *o, const char *key, const char *value);

#endif
