/*
 * place.h - which directory the queue is in: /var/spool/postern (LOCALSTATEDIR/spool/postern) for root and for its owner; for
 * others $XDG_STATE_HOME/postern/queue, which is usually ~/.local/state/postern/queue.
 *
 * The key queue_directory comes before all of these.  Makes and opens no directory: queue/spool does.
 */
#ifndef QUEUE_PLACE_H
#define QUEUE_PLACE_H

#include "config/conf.h"

#define QUEUE_SYSTEM LOCALSTATEDIR "/spool/postern" /* the machine's queue */

/* The queue of an account.  The caller frees the path.  NULL: *e says why (ST_SPOOL PERM: the user has no directory; or no
 * memory). */
char *place_path(const struct queue_params *p, struct err *e) MUST_CHECK;

/* The queues of all accounts, each once: that of `chosen` (NULL: none) first.  If `name` is not NULL, only that of the account
 * with this name.  Without any account, the usual place.  A queue of another account that belongs to another user is left out,
 * since only that user can look into it, or root. */
bool place_all(const struct conf *c, const char *name, const struct account *chosen, struct strlist *to,
	       struct err *e) MUST_CHECK;

bool place_system_exists(void);

#endif
