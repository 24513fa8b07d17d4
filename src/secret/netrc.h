/*
 * netrc.h - looks a password up in ~/.netrc, for one host and one user.
 *
 * Pure.  Knows the words `machine default login user password account macdef port`, comments, and quotes and backslashes as curl
 * and GNU inetutils read them.  An entry counts only if it names the user and has a password; so does a `default` entry.
 */
#ifndef SECRET_NETRC_H
#define SECRET_NETRC_H

#include "base/buf.h"

/* If an entry is found, sets *found and appends its password.  True with *found unset: there is no entry.  False: the file
 * cannot be understood. */
bool netrc_find(const char *text, size_t len, const char *host, const char *user,
		struct buf *password, bool *found, struct err *e) MUST_CHECK;

#endif
