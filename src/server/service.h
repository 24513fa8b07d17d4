/*
 * service.h - -bs --service: the machine's account for users who may not read its secret.
 *
 * The process runs as a user of its own and speaks with one user, whom the kernel names.  Owns the rules for that peer: who may
 * come, how many connections one user has at a time, and how much one connection may ask for.  deliver/sender decides what
 * the peer may send as.
 *
 * A connection holds a lock on one byte of a file of its uid until the process ends, whatever ends it: so a process that was
 * killed counts no more.  A user may have thousands of subordinate uids (subuid(5)), which have no login name: all of those
 * together have one more file, so that they cannot hold every connection that the service takes (64, says its socket unit).
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "base/peer.h"
#include "config/account.h"

enum {
	SERVICE_DIALOGUE_S = 30 * 60,   /* the longest time that a connection is listened to */
	SERVICE_CONNECTIONS = 8,        /* of one uid at a time */
	SERVICE_NAMELESS = 32,          /* of all uids without a login name at a time */
	SERVICE_MESSAGES = 100,         /* of one connection; announced as MAILMAX (RFC 9422) */
	SERVICE_RECIPIENTS = 10000,     /* of one connection, in all its messages */
	SERVICE_BYTES = 100 * 1024 * 1024, /* of one message: its text is on disk while it comes */
};

struct service {
	struct peer peer;
	unsigned    seconds, messages, recipients, bytes; /* the limits of this connection, as above */
	int         lock, nameless; /* owned; -1: none */
	bool        unwanted; /* the peer is refused for good; other failures are ours, and may be mended */
};

void service_begin(struct service *s);
void service_end(struct service *s);

/* How many bytes one message may have (0: no limit), and whether one of this size may come.  If there is no service (NULL), there
 * is no limit. */
uint64_t service_bytes(const struct service *s);
bool     service_takes(const struct service *s, uint64_t size, struct err *why) MUST_CHECK;

/* Asks the kernel who is at the other end.  ST_CONFIG PERM: `fd` is no unix socket, or its peer is not known. */
bool service_meet(struct service *s, int fd, struct err *e) MUST_CHECK;

/* May this peer use this account now?  ST_CONFIG PERM: it is not in allow_users, the account leads back to this service, or the
 * directory of the locks cannot be used; ST_CONFIG TEMP: it, or the group of nameless ones, has all its connections already.
 * That is asked first, also of a peer that may not come at all. */
bool service_admit(struct service *s, const struct account *a, int fd, struct err *e) MUST_CHECK;

#endif
