/*
 * dial.h - from a name to a connected socket: resolve, race the addresses (RFC 8305), unix sockets.
 *
 * Knows nothing of SMTP or TLS.  Everything, the resolver included, ends at the deadline.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/clock.h"
#include "base/str.h"
#include "net/resolve.h"

struct net_params {
	struct strlist  hosts;           /* names or address literals (with or without []), in order */
	unsigned        port;
	char           *socket;          /* path of a unix socket; NULL: TCP */
	char           *source_ip;       /* NULL: any */
	enum ip_version ip_version;
	unsigned        connect_timeout; /* seconds over all addresses of all hosts */
};

struct dialed {
	int  fd;       /* non-blocking, close-on-exec, TCP_NODELAY; owned by the caller; -1 on failure */
	char peer[64]; /* numeric address, or the socket's path cut to fit; for trace and log */
};

/* One host (or the unix socket where p->socket is set; then `host` is only for messages, or NULL).
 * Addresses are tried in the order of RFC 6724 as the resolver gives them, families interleaved, a
 * new attempt every 250 ms or as soon as one failed; the first to connect wins.  Errors:
 * ST_RESOLVE PERM (no such name: EX_NOHOST; names under .invalid at once, RFC 6761), ST_RESOLVE
 * TEMP (cannot be resolved now), ST_CONNECT TEMP (with every distinct reason in the quote:
 * "192.0.2.1, 192.0.2.2: Connection refused; ..."). */
bool dial(const struct net_params *p, const char *host, int64_t deadline, struct dialed *d,
	  struct err *e) MUST_CHECK;

#endif
