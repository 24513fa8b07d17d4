/*
 * provider.h - the providers that people have: one row each, with its endpoints, scope, flows and help, and a comment that names
 * the source.  Any other server by its metadata: RFC 8414, OpenID Connect Discovery 1.0 4.
 *
 * No client id is here: where one is needed and none is given, provider_needs_client() says where to get it.
 */
#ifndef OAUTH2_PROVIDER_H
#define OAUTH2_PROVIDER_H

#include "oauth2/answer.h"

enum flow { FLOW_NONE, FLOW_BROWSER, FLOW_DEVICE, FLOW_PASTE, FLOW_CLIENT };

struct provider { /* a row; all static */
	const char *name, *also;    /* also: other names that people type */
	const char *issuer;         /* NULL: it is not to be compared (Microsoft's `common`) */
	const char *authorization, *token, *device, *revocation, *registration; /* TENANT stands for --tenant; NULL: none */
	const char *scope;          /* what sending asks for */
	const char *sends;          /* the word without which a granted scope cannot send; NULL: any */
	const char *client_scope;   /* for client credentials; NULL: that flow is not known */
	const char *extra;          /* form-encoded, for the authorization request: "access_type=offline&prompt=consent" */
	const char *redirect_host;  /* "127.0.0.1" or "localhost" */
	const char *tenant;         /* the usual one; NULL: it has no tenants */
	enum flow   first;          /* the flow to begin with */
	bool        wants_secret;   /* no token without a client secret, also for programs on a desktop */
	const char *no_device;      /* why the device flow is refused; NULL: it is not */
	const char *device_grant;   /* grant_type of its polls, with the device code as `code`; NULL: as RFC 8628 3.4 says */
	const char *client_help;    /* three lines with one %s, the name of the login: where to get a client id */
	const char *revoke_help;    /* where people end the login themselves, if there is no revocation endpoint */
};

const struct provider *provider_find(const char *name);      /* NULL: none has this name */
const char *provider_name(size_t i);                         /* NULL after the last */

/* The names of all, with commas between them. */
enum { PROVIDER_NAMES = 200 };
void provider_names(char to[PROVIDER_NAMES]);

/* The endpoints of a row; tenant NULL: the usual one.  False: ST_CONFIG PERM, this is no tenant. */
bool provider_endpoints(const struct provider *p, const char *tenant, struct endpoints *at, struct err *e) MUST_CHECK;

/* Asks a server for its metadata, at the places of RFC 8414 3.1 and of OpenID Connect Discovery 4.1.  *scopes as in
 * answer_metadata().  False: ST_CONFIG PERM if it has none that can be trusted, or TEMP. */
bool provider_discover(const struct http *h, const char *issuer, struct endpoints *at, char **scopes, struct err *e) MUST_CHECK;

/* RFC 7591, as draft-ietf-mailmaint-oauth-public says: a public native client with these redirect URIs. */
bool provider_register(const struct http *h, const struct endpoints *at, const char *const redirects[], size_t n,
		       const char *scope, char **client_id, char **client_secret, struct err *e) MUST_CHECK;

/* The three lines that say where to get a client id, as the hint; and the error for a missing one, ST_CONFIG PERM, with this
 * hint.  Both return false. */
bool provider_hint_client(const struct provider *p, const char *name, struct err *e);
bool provider_needs_client(const struct provider *p, const char *name, struct err *e);

#endif
