/*
 * login.h - what is known of a login for long: who, at which provider, by which client, and the refresh token.  The text of
 * NAME.json.
 *
 * Pure: JSON in, struct out, and back.  oauth2/store reads and writes the file.  Members that this version does not know survive.
 * The access token is not here: it is short-lived and in NAME.access (secret/access).
 */
#ifndef OAUTH2_LOGIN_H
#define OAUTH2_LOGIN_H

#include "base/buf.h"

#include <jansson.h>

struct endpoints { /* URLs; NULL: the provider has none.  All owned */
	char *authorization, *token, *device, *revocation, *registration;
	char *issuer;           /* NULL: not known, so `iss` is not compared */
	bool  promises_iss;     /* RFC 9207: an answer without iss is refused */
	bool  basic_only;       /* the token endpoint takes the client's secret by HTTP Basic only */
};

enum login_kind { LOGIN_USER, LOGIN_CLIENT /* client credentials: no refresh token, each token is a new request */ };

struct login { /* all strings are owned; NULL: none */
	char            *provider;      /* a name of the table, or an issuer's URL */
	struct endpoints at;
	enum login_kind  kind;
	char            *client_id;
	bool             registered;    /* by itself, at the provider */
	char            *client_secret; /* itself: only from dynamic registration */
	char            *client_secret_file, *client_secret_command; /* where the user keeps it: read anew each time */
	char            *scope;         /* as granted, else as asked; words with one blank between */
	char            *asked, *tenant, *redirect, *flow; /* as the options said: the next login needs none */
	char            *user;          /* the address that logs in */
	char            *trust_file;    /* of --tls-trust-file */
	bool             insecure_http; /* of --insecure-http */
	char            *refresh_token;
	int64_t          refresh_since; /* seconds since 1970, as are all times here; 0: never */
	int64_t          logged_in;     /* when a person did it */
	int64_t          renewed;       /* the last time an access token came */
	char            *dead;          /* why a person must log in again; NULL: it lives */
	int64_t          dead_since;
	char            *failed;        /* the provider's last words, if it refused a token and the login lives; NULL: none */
	int64_t          failed_at;
	char             refused[65];   /* SHA-256 of the latest access token that a server refused; "": none */
	int64_t          refused_at;    /* the first refusal of several within ACCESS_FRESH_S */
	json_t          *other;         /* the members that are not known; NULL: none */
};

/* From now on jansson wipes the memory that it frees.  To be called once, before any other use of jansson. */
void login_json_start(void);

/* The text, with a line end; `to` holds secrets and is wiped by the caller. */
bool login_put(struct buf *to, const struct login *l, struct err *e) MUST_CHECK;

/* The opposite, into a zeroed struct.  False: it is no text of ours, or of a later version (ST_SECRET PERM). */
bool login_parse(struct login *l, const char *text, size_t len, struct err *e) MUST_CHECK;

/* Sets one of the strings: frees (and wipes) the old one, copies the new one (NULL: none). */
bool login_set(char **to, const char *text, struct err *e) MUST_CHECK;

/* Does the provider not know the client any more that it registered?  Then the next login registers another one. */
bool login_client_is_gone(const struct login *l);
#define LOGIN_REGISTERS "postern-oauth2 login %s registers another client" /* the hint */

void login_free(struct login *l); /* wipes secrets; leaves it zeroed */

#endif
