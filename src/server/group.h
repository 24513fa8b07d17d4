/*
 * group.h - MAIL and RCPT that a caller of -bs has sent in one flight, without waiting for answers (RFC 2920).
 *
 * They are said to the smarthost in one flight, too, and answered in their order.  Owns the commands and what was asked for them;
 * server/dialogue reads them, and answers.
 */
#ifndef SERVER_GROUP_H
#define SERVER_GROUP_H

#include "server/relay.h"

enum { GROUP_MAX = 256 }; /* commands: as many RCPT are said to the smarthost in one flight */

struct group { /* zeroed: an empty one */
	struct member {
		struct command command;
		struct asked   asked; /* if it is RCPT */
		bool           over;  /* it is a recipient too many: nobody is asked about it */
	}     *members; /* owned array */
	size_t n, answered;
};

/* Adds a copy of the command, without its `arg`. */
bool group_add(struct group *g, const struct command *c, bool over, struct err *e) MUST_CHECK;

/* Says RCPT to the smarthost from the i-th command on, as far as that can be done before the answers. */
void group_say(struct group *g, struct relay *to, size_t i);

/* Nothing of what was said counts: each RCPT is due again. */
void group_unsay(struct group *g);

void group_clear(struct group *g); /* the memory for the next group stays */
void group_free(struct group *g);

#endif
