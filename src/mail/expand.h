/*
 * expand.h - alias expansion: the recipients for which a local one stands.  Local is an unqualified name, or a user at this
 * machine (machine.h).
 *
 * The first of these counts: the alias, the alias `default`, local_recipients, the name itself, qualified (RFC 5321 3.9.1).
 * One recipient that cannot be read or obeyed never keeps the message from the others.
 *
 * This module does not look at header fields, and opens no file itself (`read` does).  If an alias refuses a recipient,
 * the envelope gets it as refused, and the message still goes to the others.  The reason names file, line and alias, but
 * does not quote the entry: the sender may have no right to read the file.
 */
#ifndef MAIL_EXPAND_H
#define MAIL_EXPAND_H

#include "base/buf.h"
#include "mail/aliases.h"
#include "mail/envelope.h"
#include "mail/machine.h"

#include <sys/types.h>

enum {
	EXPAND_DEPTH_MAX = 32,        /* aliases and lists that lead to one another */
	EXPAND_LISTS_MAX = 100,       /* files of :include: */
	EXPAND_STEPS_MAX = 10000000,  /* entries that are expanded, for all recipients together */
	EXPAND_REFUSALS_MAX = 20,     /* entries of one alias or list that are refused one by one */
};

struct expander { /* zeroed: unqualified names stay as they are */
	struct machine        machine;
	const struct strlist *recipients; /* borrowed: local_recipients; NULL or empty: none */
	struct aliases        aliases;
	/* Reads a list into *to; never blocks.  `as`: the user with whose rights the list that names this one was read; 0 if the
	 * alias file names it.  *reader becomes `as` for lists that this one names.  Errors say `name`, not the path. */
	bool                (*read)(const char *path, const char *name, uid_t as, struct buf *to, uid_t *reader,
				    struct err *e);
	/* private */
	struct list          *lists;
	size_t                n_lists, steps;
	unsigned              turn;
};

/* Adds to the envelope every recipient to which a normalised address expands. */
bool expand_recipient(struct expander *x, struct envelope *v, const char *address, struct err *e) MUST_CHECK;

/* The same for one recipient or a list of them as a caller writes it (mailbox_list(); `<>` is skipped if it is allowed).  A
 * recipient that cannot be read is added to the envelope as unread.  `where` (NULL: nothing) ends the sentence about it. */
bool expand_list(struct expander *x, struct envelope *v, const char *text, size_t len, unsigned liberties, const char *where,
		 struct err *e) MUST_CHECK;

/* Why this entry cannot be obeyed, "names a program, ..."; NULL if it can.  It does not try to read a list. */
const char *expand_complaint(const struct alias_entry *n);

/* Can the list that this entry of the alias file names be read?  If not, `to` says why: "includes a list: ...". */
bool expand_check_list(const struct expander *x, const struct alias_entry *n, char *to, size_t room);

void expand_free(struct expander *x);

#endif
