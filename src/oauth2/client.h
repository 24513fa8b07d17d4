/*
 * client.h - what a login needs before a person is asked: the provider and its endpoints, the client, the scope, and the flow.
 *
 * It comes from the options, else from the earlier login of that name, else from the provider's row or its metadata.  What cannot
 * succeed is refused here, with the reason.
 */
#ifndef OAUTH2_CLIENT_H
#define OAUTH2_CLIENT_H

#include "oauth2/cli.h"
#include "oauth2/provider.h"

struct plan {
	const struct cli      *c;      /* borrowed */
	const struct login    *was;    /* borrowed: the earlier login; zeroed: none */
	const struct provider *p;      /* its row; NULL: another server */
	struct login           l;      /* owned: what the login begins with */
	struct http            h;
	enum flow              flow;
	char                   site[HTTP_HOST]; /* for sentences */
	char                  *scopes; /* owned: what the server's metadata offers; NULL: not known */
};

/* Step by step; each says no with the reason.  Only client_endpoints() and client_register() may ask the server. */
bool client_provider(struct plan *p, struct err *e) MUST_CHECK;
bool client_endpoints(struct plan *p, struct err *e) MUST_CHECK;
bool client_flow(struct plan *p, bool browser, struct err *e) MUST_CHECK;
bool client_find(struct plan *p, struct err *e) MUST_CHECK;

/* If there is no client id: registers one.  Its redirect URI has no port, since any port is allowed (RFC 8252 7.3). */
bool client_register(struct plan *p, struct err *e) MUST_CHECK;

/* The host of the redirect URI, and further parameters of the authorization request (NULL: none). */
const char *client_host(const struct plan *p);
const char *client_extra(const struct plan *p);

/* Does the scope that was granted (NULL: as asked) let us send? */
bool client_can_send(const struct plan *p, const char *granted, struct err *e) MUST_CHECK;

void plan_free(struct plan *p);

#endif
