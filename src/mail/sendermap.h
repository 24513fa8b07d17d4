/*
 * sendermap.h - replaces senders: the rows PATTERN:ADDRESS of sender_map.
 *
 * Looks up only: deliver/sender replaces the sender of the envelope, mail/cleanup those in the header.  config/parse has checked
 * the rows.
 */
#ifndef MAIL_SENDERMAP_H
#define MAIL_SENDERMAP_H

#include "base/str.h"
#include "mail/machine.h"

/* The address that replaces a normalised sender: that of the first row whose pattern matches; NULL: the sender stays, as it does
 * if it is the null sender.  A pattern is a glob.  With an '@' it is compared with the qualified address (address_matches());
 * without one, with the local part of a local sender.  Valid as long as the list. */
const char *sendermap_find(const struct strlist *map, const struct machine *m, const char *sender);

/* The same for a user of this machine, by the login name as the user database has it: the case counts, since Alice may be another
 * user than alice, and nothing is quoted.  With an '@', the pattern may be the name, or that and the machine's domain. */
const char *sendermap_find_login(const struct strlist *map, const struct machine *m, const char *login);

#endif
