/*
 * due.h - which entries a flush tries, in which order, and by which route; and which ones -qI, -qR and -qS choose.
 *
 * Without a choice of the user, these are the entries whose time has come.  The entries of one route follow one another, and
 * those with the fewest tries come first.  Locks, tries and changes nothing.
 */
#ifndef QUEUE_DUE_H
#define QUEUE_DUE_H

#include "config/opts.h"
#include "queue/held.h"

struct due { /* an entry that is to be tried */
	char    *route; /* owned: the account and its configuration, on which the connection depends */
	unsigned tries;
	bool     report; /* made by this pass: it is tried, whatever was chosen */
	bool     alone;  /* see entry.h */
	char     id[SPOOL_ID];
};

struct flush { /* a pass over the queue: what it is to do, and what came of it */
	const struct queue_choice *choices; /* borrowed: what they choose is tried even if it is not due */
	size_t                n_choices; /* 0: all that is due is tried */
	struct spool         *s;   /* borrowed */
	size_t                sent, waiting, ended; /* entries */
	bool                  person; /* a try failed for a reason that a person must look at, or a file is no entry */
	bool                  late;   /* something that was due remains */
	/* private to a pass */
	struct due           *work; /* owned array */
	size_t                n;
};

/* Fills the work of the pass, in its order, and counts those that wait.  False: the directory could not be read, or no memory.  A
 * stop signal ends it early. */
bool due_find(struct flush *f, struct err *e) MUST_CHECK;
void due_free(struct flush *f);

/* Adds a report about the entry to the end of the work, which may move the array. */
bool due_add_report(struct flush *f, const struct entry *of, const char *id, struct err *e) MUST_CHECK;

/* Is the entry, now that it is locked, still to be tried in this pass? */
bool due_has(const struct flush *f, const struct due *d, const struct held *h);

/* An entry that held_take() did not find does not hold the others up.  False: `why` is a lack of memory, which ends the pass. */
bool due_pass_over(struct flush *f, enum held_found found, const struct err *why) MUST_CHECK;

/* Logs a file that cannot be used, which is left as it is. */
void due_note_alien(struct flush *f, const struct err *why);

/* Do -qI, -qR and -qS choose this entry?  As in sendmail: of choices with one letter, one is enough; of each letter that is
 * given, there must be one. */
bool due_chooses(const struct queue_choice *choices, size_t n, const struct held *h);

/* Is something in the queue due?  Looks at the hundred oldest and the hundred newest entries only. */
bool due_any(struct spool *s);

#endif
