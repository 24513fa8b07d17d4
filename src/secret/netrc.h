/*
 * netrc.h - ~/.netrc: exactly this host and exactly this user, or nothing.
 *
 * Pure.  Tokens `machine default login user password account macdef`, quotes and backslashes as
 * curl and GNU inetutils read them, comments.  A `default` entry counts only when it names the user.
 * A match without a password is no match.
 */
#ifndef SECRET_NETRC_H
#define SECRET_NETRC_H

#include "base/buf.h"

/* True and *password appended to, when found.  False with *found unset is "no entry"; a file that
 * cannot be understood is an error. */
bool netrc_find(const char *text, size_t len, const char *host, const char *user,
		struct buf *password, bool *found, struct err *e) MUST_CHECK;

#endif
