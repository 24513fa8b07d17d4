/*
 * machine.h - which domains are names of this machine, so that an address there is a local one.
 *
 * The owner fills in the names; this module asks no system for them.
 */
#ifndef MAIL_MACHINE_H
#define MAIL_MACHINE_H

#include "base/identity.h"

struct machine { /* zeroed: it has no name but localhost, and unqualified names stay as they are */
	const char *domain; /* borrowed: the domain of unqualified names; NULL or "": they stay unqualified */
	char        host[HOST_MAX], fqdn[HOST_MAX]; /* "": not known */
};

/* Is it localhost, the host name or the fully qualified one?  `domain` of the machine does not count: it may be the domain of a
 * whole organisation. */
bool machine_named(const struct machine *m, const char *domain);

/* The same, and `domain` of the machine counts, too. */
bool machine_is_local(const struct machine *m, const char *domain);

#endif
