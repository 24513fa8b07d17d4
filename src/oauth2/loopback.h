/*
 * loopback.h - the web server of the browser flow: it listens on the loopback interface and waits for the redirect (RFC 8252
 * 7.3).
 *
 * Browsers open connections on which they send nothing, ask for /favicon.ico, and send HEAD.  So it serves several connections at
 * once, each for 10 seconds at most, and only a GET of our path with our Host whose query the caller takes ends the wait.  That
 * connection is kept until loopback_finish(), so that the page tells what came of the login.  Pages have no word of the request.
 *
 * Never listens on another interface than the loopback one.  Knows nothing of OAuth.
 */
#ifndef OAUTH2_LOOPBACK_H
#define OAUTH2_LOOPBACK_H

#include "base/clock.h"
#include "base/err.h"

#include <poll.h>

enum {
	LOOPBACK_HEAD_MAX = 16 * 1024, /* bytes of a request up to its empty line */
	LOOPBACK_GUESTS = 16,          /* connections at once; one more ends the oldest */
	LOOPBACK_LISTEN = 2,           /* 127.0.0.1 and ::1 */
	LOOPBACK_FDS = LOOPBACK_LISTEN + LOOPBACK_GUESTS,
	LOOPBACK_GUEST_S = 10,         /* seconds in which a request must be whole */
};

struct loopback_guest {
	int     fd;    /* owned; -1: none */
	int64_t until;
	size_t  len;
	char    head[LOOPBACK_HEAD_MAX + 1];
};

struct loopback {
	int      listen[LOOPBACK_LISTEN]; /* owned; -1: none */
	unsigned port;
	char     path[256];               /* of the redirect URI, "/" at least */
	int      winner;                  /* owned: the connection that brought the redirect; -1: none yet */
	struct loopback_guest guests[LOOPBACK_GUESTS];
};

/* Is this URI one that we can listen for: http, and localhost, 127.0.0.1 or [::1]?  *port: 0 if it names none. */
bool loopback_uri(const char *uri, char host[16], unsigned *port, char path[256]);

/* Listens for `host` (127.0.0.1, [::1], or localhost, which is both) on this port, or on a free one if it is 0.  The error is
 * ST_CONFIG PERM if the port is taken, else ST_INTERNAL. */
bool loopback_open(struct loopback *b, const char *host, unsigned port, const char *path, struct err *e) MUST_CHECK;

/* For poll(2): the descriptors, with -1 where there is none, and the deadline of the next connection that is overdue. */
void    loopback_fds(const struct loopback *b, struct pollfd fds[LOOPBACK_FDS]);
int64_t loopback_until(const struct loopback *b);

/* After poll(2).  True: `takes` said yes to a query, and no other request is read any more. */
typedef bool (*loopback_takes)(void *ctx, const char *query);
bool loopback_serve(struct loopback *b, const struct pollfd fds[LOOPBACK_FDS], loopback_takes takes, void *ctx);

/* The page for the browser that brought the redirect, and 400 for all others that have asked meanwhile; then closes. */
void loopback_finish(struct loopback *b, bool logged_in);
void loopback_close(struct loopback *b); /* wipes what was read */

#endif
