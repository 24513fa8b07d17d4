/*
 * dial.h - connects to a host: resolves its name, tries its addresses at the same time (RFC 8305), or uses a unix socket.
 *
 * It knows no SMTP and no TLS.  All of it, with the resolver, ends at the deadline.
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
	unsigned        connect_timeout; /* seconds for all addresses of all hosts together */
};

enum tls_mode {
	TLS_NEVER,
	TLS_STARTTLS, /* RFC 3207 */
	TLS_IMPLICIT, /* RFC 8314 3.3 */
};

struct endpoint { /* one server to connect to; all borrowed */
	const char   *host;   /* for the resolver, SNI, the certificate, and sentences */
	unsigned      port;
	const char   *socket; /* path of a unix socket, which is used in place of host and port; NULL: TCP */
	enum tls_mode tls;    /* for smtp/session */
};

struct dialed {
	int  fd;       /* non-blocking, close-on-exec, TCP_NODELAY; owned by the caller; -1 on failure */
	char peer[64]; /* numeric address, or the socket's path cut to fit; for trace and log */
};

/* The hint for a server at a unix socket that ends without a word.  Returns false, as err_hint() does. */
bool dial_hint_ended(const char *path, struct err *e);

/* Connects to one endpoint.  Its addresses are tried in the order of resolve().  A new attempt begins every 250 ms, or as soon
 * as one has failed; the first that connects is taken.  Errors: those of resolve(); ST_CONFIG PERM (source_ip is no address,
 * the path of the socket is too long); ST_CONNECT TEMP, with every distinct reason in the quote: "192.0.2.1, 192.0.2.2:
 * Connection refused; ...".  A unix socket is used only if root, we or the owner of its file listen on it (ST_CONNECT TEMP). */
bool dial(const struct net_params *p, const struct endpoint *to, int64_t deadline, struct dialed *d,
	  struct err *e) MUST_CHECK;

#endif
