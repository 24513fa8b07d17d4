/*
 * place.h - which directory the queue is in: /var/spool/postern (LOCALSTATEDIR/spool/postern) for root and for its owner; for
 * others $XDG_STATE_HOME/postern/queue, which is usually ~/.local/state/postern/queue.
 *
 * The key queue_directory comes before all of these.  Makes and opens no directory: queue/spool does.
 */
#ifndef QUEUE_PLACE_H
#define QUEUE_PLACE_H

#include "config/account.h"

/* The caller frees the path.  NULL: *e says why (ST_SPOOL PERM: the user has no directory; or no memory). */
char *queue_place(const struct queue_params *p, struct err *e) MUST_CHECK;

/* If we are root, becomes the owner of the directory for good: what an entry says must not be done with more rights than those of
 * the user who could have written it. */
bool queue_become_owner(const char *path, struct err *e) MUST_CHECK;

#endif
