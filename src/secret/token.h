/*
 * token.h - the access token of a login: from its file (secret/access) while it is good, else from postern-oauth2, which asks the
 * provider.
 *
 * postern-oauth2 is run without a shell, by its path: it is beside our own program, or where programs are installed.  This module
 * writes no file, and never asks for a new token of the machine's: root's timer does.
 */
#ifndef SECRET_TOKEN_H
#define SECRET_TOKEN_H

#include "base/clock.h"
#include "secret/access.h"

enum { TOKEN_S = 150 /* seconds that postern-oauth2 may take: it gives its lock 60, and the provider as much */ };

/* *a becomes the token; *fresh: the provider may have given it just now, so that another one is not worth asking for.  The errors
 * are those of postern-oauth2: its exit status gives stage and fate, and its words are the quote and the hint. */
bool token_get(const char *name, int64_t until, struct access *a, bool *fresh, struct err *e) MUST_CHECK;

/* The same after a server has refused the token `refused`: a newer one, which is always fresh. */
bool token_renew(const char *name, const char *refused, int64_t until, struct access *a, struct err *e) MUST_CHECK;

/* Tells postern-oauth2 that a fresh token was refused, so that it does not ask for one more at the next message. */
void token_tell(const char *name, const char *refused, int64_t until);

/* The error for a token of the machine's that cannot be used, after another error: TEMP, naming the timer (also in the log). */
bool token_blame_timer(const char *name, struct err *e);

#endif
