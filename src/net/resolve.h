/*
 * resolve.h - finds the addresses of a name, within a deadline.
 *
 * getaddrinfo(3) takes no deadline and cannot be interrupted, so a child process calls it, and is killed when the time is over.
 * Numeric addresses, localhost and names under .invalid (RFC 6761 6.3, 6.4) need no resolver.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "base/base.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"

enum ip_version { IP_ANY, IP_4, IP_6 };

enum { ADDRS_MAX = 32 }; /* of one host; more are not tried */

struct addr {
	union {
		struct sockaddr     any;
		struct sockaddr_in  v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len; /* 0: none */
};

struct addrs {
	size_t      n;
	struct addr a[ADDRS_MAX];
};

struct question {
	const char     *host; /* ASCII; borrowed, like the rest of the question */
	unsigned        port;
	enum ip_version version;
	int64_t         deadline;
};

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0", with or without [] and the "IPv6:" of RFC 5321 4.1.3. */
bool resolve_literal(const char *host, unsigned port, struct addr *a);

/* Is it "localhost" or a loopback address, as written?  What is sent there never leaves this machine. */
bool resolve_is_loopback(const char *host);

/* At least one address, in the resolver's order (RFC 6724), but the families take turns (RFC 8305 4).  Errors: ST_RESOLVE PERM
 * (no such name, no address of that version: EX_NOHOST), ST_RESOLVE TEMP (it cannot be resolved now). */
bool resolve(const struct question *q, struct addrs *to, struct err *e) MUST_CHECK;

#endif
