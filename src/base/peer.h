/*
 * peer.h - who is at the other end of a unix socket, as the kernel says it: SO_PEERCRED of unix(7).
 *
 * For a socket that was accepted it is the user who connected; for one that has connected, the user who listens.  The peer
 * cannot change it.
 */
#ifndef BASE_PEER_H
#define BASE_PEER_H

#include "base/identity.h"

#include <sys/types.h>

struct peer {
	uid_t uid;
	char  login[HOST_MAX]; /* from the user database; "": the uid has no name there */
};

/* False: the descriptor is no connected stream socket of the family AF_UNIX, or the kernel does not know the peer. */
bool peer_uid(int fd, uid_t *uid);

void peer_name(struct peer *p, uid_t uid); /* sets both */

#endif
