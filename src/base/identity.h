/*
 * identity.h - the names of this machine and of its user, for the defaults of `domain`, `qualify_domain` and the sender.
 *
 * Asks no name server.
 */
#ifndef BASE_IDENTITY_H
#define BASE_IDENTITY_H

#include "base/base.h"

enum { HOST_MAX = 256 }; /* RFC 1035 2.3.4, and the NUL */

/* The host name as gethostname(2) gives it; false if it is no domain (identity_is_domain()). */
bool identity_host(char to[HOST_MAX]);

/* The fully qualified name: the host name if it has a dot, else the name with a dot that /etc/hosts has for it; "" if
 * there is none, or if the host name is no domain. */
void identity_fqdn(char to[HOST_MAX]);

/* The domain of unqualified addresses: first word of /etc/mailname, else the FQDN, else the host name, else "localhost". */
void identity_mail_domain(char to[HOST_MAX]);

/* The login name of the real uid: from the user database, else $LOGNAME, else $USER (neither if the program was started with
 * more rights than its user has), else "uid1234". */
void identity_login(char to[HOST_MAX]);

/* Only letters, digits, hyphens and dots, and no empty label: fit for EHLO (RFC 5321 4.1.2). */
bool identity_is_domain(const char *name);

#endif
