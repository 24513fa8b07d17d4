/*
 * host.h - who this machine and its user are, without asking any name server.
 *
 * The defaults of `domain`, `qualify_domain` and the sender.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "base/base.h"

enum { HOST_MAX = 256 }; /* RFC 1035 2.3.4, and the NUL */

/* The host name as it is set; false when it is not usable as a domain. */
bool host_bare_name(char to[HOST_MAX]);

/* The fully qualified name: the host name if it has a dot, else what /etc/hosts gives for it; ""
 * when neither is a usable domain. */
void host_fqdn(char to[HOST_MAX]);

/* The domain of unqualified addresses: first word of /etc/mailname, else the FQDN, else the host name. */
void host_mail_domain(char to[HOST_MAX]);

/* The login name of the real uid: passwd entry, else $LOGNAME or $USER where they can be
 * trusted, else "uid1234". */
void host_login(char to[HOST_MAX]);

/* Letters, digits, hyphens and dots, no empty label: fit for EHLO (RFC 5321 4.1.2). */
bool host_is_domain(const char *name);

#endif
