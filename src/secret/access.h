/*
 * access.h - the access tokens of OAuth2 logins: their names and directories, and the file NAME.access, plain lines that
 * postern-oauth2 writes and the sender reads.
 *
 *	user me@example.org
 *	obtained 1798099200
 *	expires 1798102800
 *	token ya29.A0ARrdaM...
 *
 * The file is short-lived: it can be lost without harm, since postern-oauth2 gets a new token.  The sender reads it and never
 * writes it.  A line whose first word is not known is passed over, so that later versions can add some.
 *
 * The user's own directory is $XDG_STATE_HOME/postern/oauth2 (base/home decides whether the variable counts).  A machine's login
 * is in LOCALSTATEDIR/lib/postern/access: its file NAME (without a suffix) belongs to root, and a group may read it.
 *
 * Nothing in a file is trusted: it must be a regular file with one link that only its owner can write; the owner is we or root;
 * others cannot read it, and its group can only if root owns it.  A token has only characters of RFC 6750 2.1 (b64token), so that
 * it injects nothing into a dialogue.
 */
#ifndef SECRET_ACCESS_H
#define SECRET_ACCESS_H

#include "base/buf.h"

enum {
	ACCESS_NAME_MAX = 128,        /* bytes of a login's name */
	ACCESS_TOKEN_MAX = 16 * 1024, /* bytes of a token */
	ACCESS_USER_MAX = 320,
	ACCESS_FILE_MAX = 64 * 1024,
	ACCESS_MARGIN_S = 300,        /* a token that ends sooner is replaced */
	ACCESS_FRESH_S = 600,         /* because of a refusal, a new token is asked for once in so many seconds */
	ACCESS_CLOCK_S = 60,          /* the clock may have been set back by so much since the token was obtained */
};

/* So begins what postern-oauth2 says (exit status 77) when a new token would not help either. */
#define ACCESS_REFUSED "the mail server refuses a new access token"

#define ACCESS_SUFFIX  ".access"
#define ACCESS_LOGIN   ".json" /* the suffix of the login itself, which is never read here */
#define ACCESS_MACHINE LOCALSTATEDIR "/lib/postern/access" /* the directory of the machine's logins */

struct access { /* zeroed: none */
	char   *user;     /* owned: with whom to log in; NULL: the login knows none */
	char   *token;    /* owned, wiped by access_free() */
	int64_t obtained; /* seconds since 1970, taken before the request */
	int64_t expires;  /* the same */
	bool    machine;  /* it is root's: a timer renews it, not we */
};

/* [A-Za-z0-9._@+-], 1 to ACCESS_NAME_MAX.  No dot in front, since it becomes part of a file name, and no dash, since it becomes
 * an argument, and is part of the commands that hints show. */
#define ACCESS_NAME_RULE "a name has letters, digits and . _ @ + - and begins with neither . nor -"
bool access_name_ok(const char *name);

/* RFC 6750 2.1: A-Z a-z 0-9 - . _ ~ + / and then only =; 1 to ACCESS_TOKEN_MAX octets. */
bool access_token_ok(const char *token, size_t len);

/* UTF-8 without control characters, 1 to ACCESS_USER_MAX octets. */
bool access_user_ok(const char *user, size_t len);

/* The user's directory of logins.  The caller frees it.  NULL: the user has no home (ST_CONFIG PERM), or no memory. */
char *access_directory(struct err *e) MUST_CHECK;

/* The file's text. */
bool access_put(struct buf *to, const struct access *a, struct err *e) MUST_CHECK;

/* The opposite, into a zeroed struct.  False: it is not such a text (ST_SECRET TEMP: a new token mends it). */
bool access_parse(struct access *a, const char *text, size_t len, struct err *e) MUST_CHECK;

/* Reads NAME.access in the user's directory, or if the user has no login of that name either, NAME in the machine's.  *found
 * unset: neither has it.  False: a file is there and cannot be trusted or read (ST_SECRET PERM with the line that mends it, else
 * TEMP); a->machine says whose file it is. */
bool access_read(const char *name, struct access *a, bool *found, struct err *e) MUST_CHECK;

/* Is it good at the time `now`?  It is obtained - 60 <= now < expires - margin, where the margin is the smaller one of `margin`
 * seconds and a quarter of the lifetime: a clock that was set back makes it bad. */
bool access_is_good(const struct access *a, int64_t now, unsigned margin);
bool access_lasts(int64_t obtained, int64_t expires, int64_t now, unsigned margin); /* the same for a token that is elsewhere */

/* The SHA-256 of a token in 64 lower-case digits: what `postern-oauth2 token --unlike` takes. */
enum { ACCESS_DIGEST = 65 };
bool access_digest(const char *token, char to[ACCESS_DIGEST], struct err *e) MUST_CHECK;

void access_free(struct access *a); /* wipes the token; leaves it zeroed */

#endif
