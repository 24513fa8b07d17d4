/*
 * sender.h - the sender's side of a message: the configuration, the account that was chosen, the envelope sender, and what local
 * names stand for.
 *
 * Knows no server and sends nothing.  The alias file is read anew for each sender, since another account may have another
 * file.
 */
#ifndef DELIVER_SENDER_H
#define DELIVER_SENDER_H

#include "base/peer.h"
#include "config/conf.h"
#include "config/opts.h"
#include "deliver/submission.h"
#include "mail/address.h"
#include "mail/expand.h"

struct sender {
	const struct options *o;    /* borrowed */
	struct conf           conf;
	struct account       *a;    /* borrowed from conf; NULL: none is chosen */
	const struct peer    *peer; /* borrowed: the user that --service serves; NULL: ourselves */
	struct expander       expander;
};

void sender_begin(struct sender *who, const struct options *o);
void sender_free(struct sender *who); /* wipes the secrets of the configuration */

bool sender_load(struct sender *who, struct err *e) MUST_CHECK; /* the configuration */

/* Chooses the account: the one that -a names, or by the address (NULL: none is asked for).  A peer chooses none: the address does
 * not count. */
bool sender_choose(struct sender *who, const char *address, struct err *e) MUST_CHECK;

/* Would sender_choose() choose the present account for this address? */
bool sender_keeps_account(const struct sender *who, const char *address);

/* The sender that the options ask for, or with --read-envelope-from the message, and which of both; ORIGIN_NONE: they ask for
 * none.  If the From of the message cannot be read, that is a warning. */
bool sender_wanted(const struct sender *who, const struct message *m, char to[ADDRESS_MAX], enum sender_origin *from,
		   struct err *e) MUST_CHECK;

/* Chooses the account, and sets the envelope sender and its origin.  `wanted` is the sender that is asked for, and comes from
 * `from` (NULL: none is asked for).  A peer gets what sender_map has for its login, or the account's own address, unless
 * allow_from_override was set to `on`. */
bool sender_set(struct sender *who, const char *wanted, enum sender_origin from, struct submission *x, struct err *e) MUST_CHECK;

/* Cleans the message up (mail/cleanup.h), with the time, random numbers and the name of this machine. */
bool sender_cleanup(struct sender *who, struct submission *x, bool recipients_in_header, struct err *e) MUST_CHECK;

/* All that the command line says of an envelope: sets account, sender and ENVID, and adds the recipients.  Local ones are
 * replaced by the addresses that they stand for; those that cannot be read are added as unread (envelope.h). */
bool sender_address(struct sender *who, struct submission *x, struct err *e) MUST_CHECK;

#endif
