/*
 * renew.h - `token`: the access token of a login, from its file if it is good, else from the provider.
 *
 * Takes the lock, reads again what a sibling may have written meanwhile, decides, asks, and writes: NAME.json before NAME.access,
 * NAME.access before the token is given away.  A login that is dead is not asked for again until a person logs in.  While
 * the provider cannot be reached, a token that has still some seconds is used.
 *
 * `unlike`: the digest of a token that a mail server refused.  If the stored token is another one, that is the answer; else a new
 * one is asked for, once in ACCESS_FRESH_S.  A refusal within that time after another one is ST_SECRET PERM, and so is that of a
 * token that is not older than RENEW_JUST_S: the token is not at fault then, and a mailbox that is closed would cost the provider
 * a request for each message.
 */
#ifndef OAUTH2_RENEW_H
#define OAUTH2_RENEW_H

#include "oauth2/grant.h"
#include "oauth2/store.h"

enum {
	RENEW_JUST_S = 60,            /* a token that is not older comes from the run that tells us of its refusal */
	RENEW_MACHINE_MARGIN_S = 900, /* the same where a timer renews it before the sender needs it */
};

struct renew_wish {
	const char *unlike; /* borrowed; NULL: any */
	unsigned    margin; /* seconds */
	int64_t     until;  /* the end of the requests (base/clock) */
};

/* *a becomes the token.  *warning (owned by the caller; NULL: none) is a sentence for the person: the token is good, but the
 * login could not be written. */
bool renew(struct store *s, const char *name, const struct renew_wish *w, struct access *a, char **warning,
	   struct err *e) MUST_CHECK;

/* After a login: puts the tokens into h->l and writes both files. */
bool renew_accept(struct store *s, struct held_login *h, const struct tokens *t, int64_t asked_at, struct err *e) MUST_CHECK;

#endif
