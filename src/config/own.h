/*
 * own.h - the addresses that an account has of its own: those of `from`, or the login name, if that is an address.
 *
 * Providers refuse senders that do not belong to the login, so the login name is a good sender if nothing else is said.
 */
#ifndef CONFIG_OWN_H
#define CONFIG_OWN_H

#include "config/account.h"
#include "mail/address.h"

const char *own_from(const struct account *a); /* the first of `from` that is an address and not a pattern, or NULL */

/* The login name, if it is a normalised address that can receive mail, else NULL.  The login names of some relays only look like
 * addresses.  Without a login there is none. */
const char *own_login(const struct account *a);

/* Does the sender belong to the account: by `from`; or by the login name, if there is no `from`? */
bool own_from_fits(const struct account *a, const char *sender);
bool own_login_fits(const struct account *a, const char *sender);

#endif
