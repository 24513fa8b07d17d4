/*
 * secret.h - where the password or token comes from, and that it is wiped: one table of sources.
 *
 * The first source that is configured is asked, and only that one; a source that fails is an error,
 * never a reason to ask the next.  Runs before anybody connects.
 */
#ifndef SECRET_SECRET_H
#define SECRET_SECRET_H

#include "base/clock.h"
#include "base/str.h"

enum { SECRET_MAX = 64 * 1024 }; /* bytes; tokens are long */

struct secret_params {
	char          *password;         /* as written in the configuration */
	char          *password_command; /* argv without a shell (proc_split) */
	char          *passwordeval;     /* sh -c, msmtp's */
	char          *password_file;    /* first line */
	char          *netrc_file;       /* NULL: ~/.netrc when it exists */
	unsigned       timeout;          /* seconds for a helper or a pipe, if fewer than 60; 0: those */
	bool           optional;         /* a client certificate may do: nobody is asked to type, and none is no error */
};

struct secret {
	char  *bytes; /* NUL-terminated, in memory of its own: locked where allowed, not in core dumps */
	size_t len, room;
};

/* For `user` at `host` (which netrc is searched for).  No source and no terminal: ST_SECRET PERM with the
 * keys that could be set, or, where it is optional, bytes NULL.  Helpers and pipes get 60 s at most.  Output loses one
 * final line end (LF or CRLF); a second line, a NUL or nothing at all is an error. */
bool secret_get(const struct secret_params *p, const char *host, const char *user,
		int64_t until, struct secret *s, struct err *e) MUST_CHECK;

void secret_wipe(struct secret *s); /* accepts a zeroed one; leaves it zeroed */

/* Overwrites the configured password in place too: call when nothing needs it any more. */
void secret_params_wipe(struct secret_params *p);

/* No core dumps, no ptrace by others, from here on: before the configuration is read. */
void secret_harden(void);

#endif
