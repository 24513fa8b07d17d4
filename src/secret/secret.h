/*
 * secret.h - gets the password or token from one of several sources, and wipes it.
 *
 * Only the first source that is configured is asked.  If it fails, that is an error, and no other is asked.  Called before
 * connecting.
 */
#ifndef SECRET_SECRET_H
#define SECRET_SECRET_H

#include "base/clock.h"
#include "base/str.h"

enum { SECRET_MAX = 64 * 1024 }; /* bytes; tokens are long */

struct secret_params {
	char          *oauth2;           /* the name of a login: the secret is its access token */
	char          *password;         /* the password itself, from the configuration */
	char          *password_command; /* run without a shell, see proc_split() */
	char          *passwordeval;     /* msmtp's, run with sh -c */
	char          *password_file;    /* its first line is the password */
	char          *netrc_file;       /* NULL: ~/.netrc, if it exists */
	unsigned       timeout;          /* seconds for a command or a file; 0 or more than 60: 60 */
	bool           optional;         /* a certificate may do: the terminal is not asked, and no password is no error */
};

struct secret {
	char  *bytes; /* NUL-terminated, in pages of its own: locked if that is allowed, and not in core dumps; NULL: none */
	size_t len, room;
	/* of an access token */
	char   *user;      /* owned: with whom the login logs in; NULL: it does not say */
	bool    renewable; /* if the server refuses it, a newer one may do */
	bool    accepted;  /* by a server */
	bool    machine;   /* root's timer renews it */
	int64_t since;     /* clock_ms() when it was got */
	int64_t obtained, expires; /* seconds since 1970; 0: not known */
};

/* The password of `user` (NULL: the login says who) at `host`, into a zeroed or wiped struct.  If there is no source and no
 * terminal, that is ST_SECRET PERM, with a hint that names the keys; or if p->optional, s->bytes stays NULL.  One final line end
 * (LF or CRLF) is taken off.  An empty password or one with a control character is an error; so are further lines, except from
 * `passwordeval` and `password_file`, where they are ignored. */
bool secret_get(const struct secret_params *p, const char *host, const char *user,
		int64_t until, struct secret *s, struct err *e) MUST_CHECK;

/* Is it an access token near its end, and not one that was got for the next connection?  Then secret_get() may get another
 * one. */
bool secret_is_stale(const struct secret_params *p, const struct secret *s);

/* After a server has refused an access token with *e: true if there is a newer one now, which has taken its place.  It is asked
 * for once, and not for a token that was new itself: of that postern-oauth2 is told, and *e stays.  For the machine's token *e
 * becomes temporary. */
bool secret_renew(const struct secret_params *p, struct secret *s, struct err *e) MUST_CHECK;
void secret_was_good(struct secret *s); /* a server has taken the token: if one refuses it later, a newer one may do */

void secret_wipe(struct secret *s); /* accepts a zeroed struct; leaves it zeroed */

/* Overwrites the password of the configuration.  To be called when secret_get() is not needed any more. */
void secret_params_wipe(struct secret_params *p);

#endif
