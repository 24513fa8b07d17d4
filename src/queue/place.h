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

#endif
