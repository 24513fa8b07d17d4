/*
 * smarthost.h - the connection to an account's server: its endpoints in order, the secret, and one session at a time.
 *
 * Knows no message.  The session stays open between messages until it is not fit for another one.
 */
#ifndef DELIVER_SMARTHOST_H
#define DELIVER_SMARTHOST_H

#include "config/account.h"
#include "secret/secret.h"
#include "smtp/session.h"

struct smarthost {
	struct account  *a;       /* borrowed: the account that it is ready for; NULL: none */
	struct endpoint *servers; /* owned: those of the account, in the order in which they are tried */
	size_t           n_servers;
	const char      *host;    /* the present or the latest server, for sentences; borrowed from a, or static */
	struct secret    secret;
	struct tls_files tls_files; /* of all accounts that were used */
	struct stream    io;
	struct session   s;
	bool             open;    /* s is open, or was until its chat broke */
	bool             renewed; /* the server refused an access token, and s has tried a newer one */
	bool             reached; /* a connection was made: s has facts */
	int64_t          idle;    /* clock_ms() when the latest message ended, or when it was connected */
	int64_t          until;   /* clock_ms(): the end of the total timeout */
	/* connects to the server; NULL: dial().  Tests give a server in memory. */
	bool           (*reach)(void *ctx, struct wire *to, struct err *e);
	void            *reach_ctx; /* borrowed */
};

/* Makes it ready for this account: closes the connection of another one, checks the settings, gets the secret, lists the
 * endpoints and begins the total timeout.  To be called before connecting, so that no server waits for a slow helper or a
 * prompt.  On failure it is ready for none. */
bool smarthost_ready(struct smarthost *h, struct account *a, struct err *e) MUST_CHECK;

/* The total timeout of the account begins anew, for the next message. */
void smarthost_restart_clock(struct smarthost *h);

/* Can the message be sent in this session?  False: *e says why not. */
typedef bool smarthost_fits(void *ctx, struct session *s, struct err *e);

/* Connects and opens a session on which MAIL can be said.  Tries all endpoints in order, until one takes part in the dialogue and
 * offers what the message asks for (RFC 8689 4.2.1): `fits` (NULL: each one does) is called with each session.  If none is
 * left, *e is the first error, but a temporary one is preferred: then trying again later may help. */
bool smarthost_connect(struct smarthost *h, smarthost_fits *fits, void *ctx, struct err *e) MUST_CHECK;

/* Can another message be sent in the open session? */
bool smarthost_usable(const struct smarthost *h);

void smarthost_disconnect(struct smarthost *h); /* with QUIT, if the chat is intact */
void smarthost_free(struct smarthost *h);       /* disconnects; wipes the secret */

#endif
