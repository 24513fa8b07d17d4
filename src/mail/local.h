/*
 * local.h - expands local recipients and maps local senders.  Local is an unqualified name, or a user at this machine.
 *
 * The first of these counts: the alias, the alias `default`, local_recipients, the name itself, qualified (RFC 5321 3.9.1).
 * This module does not look at header fields, and opens no file itself (`read` does).  If an alias refuses a recipient,
 * the envelope gets it as refused, and the message still goes to the others.  The reason names file, line and alias, but
 * does not quote the entry: the sender may have no right to read the file.
 */
#ifndef MAIL_LOCAL_H
#define MAIL_LOCAL_H

#include "base/buf.h"
#include "base/identity.h"
#include "mail/address.h"
#include "mail/aliases.h"
#include "mail/envelope.h"

#include <sys/types.h>

enum {
	LOCAL_DEPTH_MAX = 32,        /* aliases and lists that lead to one another */
	LOCAL_LISTS_MAX = 100,       /* files of :include: */
	LOCAL_STEPS_MAX = 10000000,  /* entries that are expanded, for all recipients together */
	LOCAL_REFUSALS_MAX = 20,     /* entries of one alias or list that are refused one by one */
};

struct local { /* zeroed: unqualified names stay as they are */
	const char           *domain;     /* borrowed; NULL or "": names stay unqualified */
	const struct strlist *recipients; /* borrowed: local_recipients; NULL or empty: none */
	const struct strlist *senders;    /* borrowed: PATTERN:ADDRESS, see local_sender(); NULL or empty: senders stay */
	char                  host[HOST_MAX], fqdn[HOST_MAX]; /* this machine; "": not known */
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
bool local_add(struct local *l, struct envelope *v, const char *address, struct err *e) MUST_CHECK;

/* The address that replaces a normalised sender: that of the first of `senders` whose pattern matches; NULL: the sender stays.
 * A pattern is a glob.  With an '@' it is compared with the qualified address (address_matches()); without one, with the local
 * part of a local sender.  Valid as long as the list. */
const char *local_sender(const struct local *l, const char *address);

/* Why this entry cannot be obeyed, "names a program, ..."; NULL if it can.  It does not try to read a list. */
const char *local_complaint(const struct alias_entry *n);

/* Can the list that this entry of the alias file names be read?  If not, `to` says why: "includes a list: ...". */
bool local_check_list(const struct local *l, const struct alias_entry *n, char *to, size_t room);

/* Copies the address, and if it has no domain, adds "@domain" (unless `domain` is NULL or ""). */
bool local_qualify(const char *addr, const char *domain, char to[ADDRESS_MAX], struct err *e) MUST_CHECK;

void local_free(struct local *l);

#endif
