/*
 * local.h - who gets the mail of local recipients, and as whom local senders send: an unqualified name, or user@ this
 * machine.
 *
 * The alias file, its `default`, then local_recipients, else the name qualified: RFC 5321 3.9.1 before the envelope is
 * there.  Knows nothing of header fields; opens no file itself (`read` does).  A recipient that an alias refuses
 * becomes one of the envelope that is refused already, so the others still go.  Why it is refused names file, line and
 * alias, and never quotes the entry: whoever sends may not be somebody who may read it.
 */
#ifndef MAIL_LOCAL_H
#define MAIL_LOCAL_H

#include "base/buf.h"
#include "base/host.h"
#include "mail/address.h"
#include "mail/aliases.h"
#include "mail/envelope.h"

#include <sys/types.h>

enum {
	LOCAL_DEPTH_MAX = 32,        /* aliases and lists within one another */
	LOCAL_LISTS_MAX = 100,       /* files of :include: */
	LOCAL_STEPS_MAX = 10000000,  /* entries looked at, over all recipients */
	LOCAL_REFUSALS_MAX = 20,     /* of the entries of one alias or list that are told one by one */
};

struct local { /* zeroed: unqualified names stay as they are */
	const char           *domain;     /* borrowed; NULL or "": names stay unqualified */
	const struct strlist *recipients; /* borrowed; NULL or empty: nobody in particular */
	const struct strlist *senders;    /* borrowed: PATTERN:ADDRESS, see local_sender(); NULL or empty: they stay */
	char                  host[HOST_MAX], fqdn[HOST_MAX]; /* this machine; "": not known */
	struct aliases        aliases;
	/* A list into *to; never blocks.  `as`: the user with whose rights the list was read that names it, 0 for the
	 * alias file; *reader is that user for the lists within.  Errors name the list `name`, not by its path. */
	bool                (*read)(const char *path, const char *name, uid_t as, struct buf *to, uid_t *reader,
				    struct err *e);
	/* private */
	struct list          *lists;
	size_t                n_lists, steps;
	unsigned              turn;
};

/* All that a normalised address stands for, into the envelope. */
bool local_add(struct local *l, struct envelope *v, const char *address, struct err *e) MUST_CHECK;

/* The address that a normalised sender's becomes by the first of `senders` whose pattern matches it, or NULL: stays what it
 * is.  A pattern is a glob; with an '@' it is matched with the qualified address (address_matches()), without one with
 * the local part of a local sender.  Valid as long as the list. */
const char *local_sender(const struct local *l, const char *address);

/* Why this entry cannot be obeyed, "names a program, ..."; NULL when it can (a list may yet turn out to be unreadable). */
const char *local_complaint(const struct alias_entry *n);

/* Can the list be used that this entry of the alias file names?  `to` is why not, "includes a list, and ...". */
bool local_check_list(const struct local *l, const struct alias_entry *n, char *to, size_t room);

/* "addr" or "addr@domain". */
bool local_qualify(const char *addr, const char *domain, char to[ADDRESS_MAX], struct err *e) MUST_CHECK;

void local_free(struct local *l);

#endif
