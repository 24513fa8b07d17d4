#include "oauth2/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"

enum { ASK_S = 60 }; /* seconds for the metadata, and for the registration */

#define MAIL "urn:ietf:params:oauth:scope:mail" /* draft-ietf-mailmaint-oauth-public */

static const char well_known[] = "/.well-known/openid-configuration";

/* The first that there is becomes *to. */
static bool take(char **to, const char *option, const char *earlier, struct err *e)
{
	return login_set(to, option != NULL ? option : earlier, e);
}

/* ---- the provider ------------------------------------------------------------------------------------------------------- */

static bool name_providers(struct err *e)
{
	char names[PROVIDER_NAMES];

	provider_names(names);
	return err_hint(e, "--provider takes %s, or the https:// URL of a server (its issuer)", names);
}

static bool is_url(const char *name)
{
	return str_starts(name, "https://") || str_starts(name, "http://");
}

/* People have the address of the metadata more often than the issuer: mail servers show it in their refusals. */
static bool set_issuer(struct plan *p, const char *name, struct err *e)
{
	size_t len = strlen(name), tail = strlen(well_known);

	if (!login_set(&p->l.provider, name, e))
		return false;
	if (len > tail && strcmp(name + len - tail, well_known) == 0)
		p->l.provider[len - tail] = '\0';
	return http_url_ok(p->l.provider, p->h.insecure)
	    || fail(e, ST_CONFIG, FATE_PERM, "%s is no https:// URL of a server", p->l.provider);
}

static bool same_provider(const struct plan *p)
{
	return p->was->provider != NULL && strcmp(p->was->provider, p->l.provider) == 0;
}

/* A relative name would be another file for the next run, whose directory is another one. */
static bool take_file(char **to, const char *option, const char *earlier, const char *what, const char *mend, struct err *e)
{
	char *whole;
	bool ok;

	if (option == NULL)
		return login_set(to, earlier, e);
	whole = realpath(option, NULL);
	if (whole == NULL) {
		fail_sys(e, ST_CONFIG, errno, "cannot open %s, the file of %s", option, what);
		e->fate = file_may_pass(e->sys) ? FATE_TEMP : FATE_PERM;
		return e->fate == FATE_PERM ? err_hint(e, "%s %s", mend, option) : false;
	}
	ok = login_set(to, whole, e);
	free(whole);
	return ok;
}

bool client_provider(struct plan *p, struct err *e)
{
	const struct cli *c = p->c;
	const char *name = c->provider != NULL ? c->provider : p->was->provider;
	const char *trust = c->trust_file != NULL ? c->trust_file : http_trust_file();
	const struct login *was = p->was;

	p->h.insecure = c->insecure_http;
	if (name == NULL) {
		fail(e, ST_USAGE, FATE_PERM, "which provider has the login %s?", c->name);
		return name_providers(e);
	}
	p->p = provider_find(name);
	if (p->p == NULL && !is_url(name)) {
		fail(e, ST_CONFIG, FATE_PERM, "there is no provider %s", name);
		return name_providers(e);
	}
	if (p->p != NULL ? !login_set(&p->l.provider, p->p->name, e) : !set_issuer(p, name, e))
		return false;
	p->l.insecure_http = c->insecure_http;
	if (!take(&p->l.user, c->user, was->user != NULL ? was->user : strchr(c->name, '@') != NULL ? c->name : NULL, e)
	    || !take_file(&p->l.trust_file, trust, same_provider(p) ? was->trust_file : NULL,
			  "--tls-trust-file or POSTERN_TLS_TRUST_FILE", "ls -l", e))
		return false;
	p->h.trust_file = p->l.trust_file;
	return true;
}

/* ---- the endpoints ------------------------------------------------------------------------------------------------------ */

bool client_endpoints(struct plan *p, struct err *e)
{
	bool again = same_provider(p);

	if (p->p == NULL) {
		http_host(p->l.provider, p->site);
		p->h.until = clock_in_s(ASK_S);
		return provider_discover(&p->h, p->l.provider, &p->l.at, &p->scopes, e);
	}
	if (!take(&p->l.tenant, p->c->tenant, again ? p->was->tenant : NULL, e)
	    || !provider_endpoints(p->p, p->l.tenant, &p->l.at, e))
		return false;
	http_host(p->l.at.token, p->site);
	return true;
}

/* ---- the flow ----------------------------------------------------------------------------------------------------------- */

static bool check_device(const struct plan *p, struct err *e)
{
	if (p->p != NULL && p->p->no_device != NULL) {
		fail(e, ST_CONFIG, FATE_PERM, "%s: %s", p->l.provider, p->p->no_device);
		return err_hint(e, "postern-oauth2 login %s --provider %s --browser", p->c->name, p->l.provider);
	}
	if (p->l.at.device != NULL)
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s does not offer the device flow", p->site);
	return err_hint(e, "use --browser, or --paste on a machine without a browser");
}

static bool check_browser(const struct plan *p, struct err *e)
{
	if (p->l.at.authorization != NULL)
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s does not offer the browser flow", p->site);
	return err_hint(e, p->l.at.device != NULL ? "use --device" : "use --client-credentials");
}

static bool no_credentials(const struct plan *p, struct err *e)
{
	fail(e, ST_CONFIG, FATE_PERM, "%s has no client credentials for mail", p->l.provider);
	return err_hint(e, "postern-oauth2 login %s --provider %s --%s", p->c->name, p->l.provider, cli_flow_word(p->p->first));
}

static bool check_client(const struct plan *p, struct err *e)
{
	if (p->p != NULL && p->p->client_scope == NULL)
		return no_credentials(p, e);
	if (p->p == NULL || p->p->tenant == NULL || p->l.tenant != NULL)
		return true;
	fail(e, ST_USAGE, FATE_PERM, "--client-credentials at %s needs the tenant of one organisation", p->l.provider);
	return err_hint(e, "add --tenant, with the organisation's domain or the id of its directory");
}

/* The last time that an option said it counts: the organisation may forbid the usual one.  A row says what suits most people.
 * Another server: the browser if there is one here, else what it offers. */
static enum flow usual_flow(const struct plan *p, bool browser)
{
	if (p->was->kind == LOGIN_CLIENT && same_provider(p))
		return FLOW_CLIENT;
	if (p->l.flow != NULL)
		return (enum flow)cli_flow(p->l.flow);
	if (p->p != NULL)
		return p->p->first;
	if (p->l.at.device != NULL && (p->l.at.authorization == NULL || !browser))
		return FLOW_DEVICE;
	return FLOW_BROWSER;
}

/* A word that a later version has written may be none of ours. */
static const char *earlier_flow(const struct plan *p)
{
	return same_provider(p) && cli_flow(p->was->flow) != FLOW_NONE ? p->was->flow : NULL;
}

bool client_flow(struct plan *p, bool browser, struct err *e)
{
	if (!take(&p->l.flow, p->c->flow != FLOW_NONE ? cli_flow_word(p->c->flow) : NULL, earlier_flow(p), e))
		return false;
	p->flow = p->c->flow != FLOW_NONE ? (enum flow)p->c->flow : usual_flow(p, browser);
	p->l.kind = p->flow == FLOW_CLIENT ? LOGIN_CLIENT : LOGIN_USER;
	switch (p->flow) {
	case FLOW_DEVICE: return check_device(p, e);
	case FLOW_CLIENT: return check_client(p, e);
	default:          return check_browser(p, e);
	}
}

/* ---- the client --------------------------------------------------------------------------------------------------------- */

/* OpenID Connect and the draft for mail name some scopes; a server's own are not known to us. */
static bool offered_scope(const struct plan *p, struct buf *to, struct err *e)
{
	static const char *const wanted[] = { MAIL, "openid", "email", "offline_access" };

	for (size_t i = 0; i < COUNT(wanted); i++)
		if (answer_scope_has(p->scopes, wanted[i])
		    && ((to->len > 0 && !buf_char(to, ' ', e)) || !buf_str(to, wanted[i], e)))
			return false;
	return true;
}

static bool find_scope(struct plan *p, struct err *e)
{
	struct buf offered = buf_max(ST_CONFIG, 200, "the scope");
	bool ok = take(&p->l.asked, p->c->scope, same_provider(p) ? p->was->asked : NULL, e), client = p->flow == FLOW_CLIENT;
	const char *usual = NULL;

	if (ok && p->p != NULL)
		usual = client ? p->p->client_scope : p->p->scope;
	else if (ok && !client)
		ok = offered_scope(p, &offered, e);
	if (offered.len > 0)
		usual = buf_text(&offered);
	ok = ok && take(&p->l.scope, p->l.asked, usual, e);
	buf_free(&offered);
	return ok;
}

static bool is_other(const char *option, const char *earlier)
{
	return option != NULL && (earlier == NULL || strcmp(option, earlier) != 0);
}

/* A client that has registered itself may ask for nothing but the scope and the redirect URI that were registered. */
static bool may_keep_client(const struct plan *p)
{
	const struct cli *c = p->c;
	const struct login *was = p->was;

	if (!same_provider(p) || is_other(c->client_id, was->client_id) || login_client_is_gone(was))
		return false;
	return !was->registered || !(is_other(c->scope, was->asked) || is_other(c->redirect_uri, was->redirect));
}

/* The earlier login's client, unless another one is given; its secret goes with it. */
static bool find_client(struct plan *p, struct err *e)
{
	const struct cli *c = p->c;
	const struct login *was = p->was;
	bool kept = may_keep_client(p), own = c->client_secret_file != NULL || c->client_secret_command != NULL;

	p->l.registered = kept && was->registered;
	return take(&p->l.client_id, c->client_id, kept ? was->client_id : NULL, e)
	    && take_file(&p->l.client_secret_file, c->client_secret_file, kept && !own ? was->client_secret_file : NULL,
			 "--client-secret-file", "to write the secret into it: install -D -m 600 /dev/stdin", e)
	    && take(&p->l.client_secret_command, c->client_secret_command, kept && !own ? was->client_secret_command : NULL, e)
	    && login_set(&p->l.client_secret, kept && !own ? was->client_secret : NULL, e);
}

static bool has_secret(const struct login *l)
{
	return l->client_secret != NULL || l->client_secret_file != NULL || l->client_secret_command != NULL;
}

static bool check_secret(const struct plan *p, struct err *e)
{
	bool needed = p->flow == FLOW_CLIENT || (p->p != NULL && p->p->wants_secret);

	if (!needed || has_secret(&p->l) || (p->l.client_id == NULL && p->flow != FLOW_CLIENT))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s gives no token without the secret of the client", p->l.provider);
	return err_hint(e, "the provider shows it beside the client id; write it into a file, chmod 600, and add"
			" --client-secret-file FILE");
}

bool client_find(struct plan *p, struct err *e)
{
	bool again = same_provider(p);

	if (!take(&p->l.redirect, p->c->redirect_uri, again ? p->was->redirect : NULL, e)
	    || !find_scope(p, e) || !find_client(p, e) || !check_secret(p, e))
		return false;
	if (p->l.client_id != NULL || (p->l.at.registration != NULL && p->flow != FLOW_CLIENT))
		return true;
	return provider_needs_client(p->p, p->c->name, e);
}

const char *client_host(const struct plan *p)
{
	return p->p != NULL && p->p->redirect_host != NULL ? p->p->redirect_host : "127.0.0.1";
}

/* Many servers name an endpoint for registrations in their metadata, and let only their administrator use it. */
static bool fail_registration(const struct plan *p, struct err *e)
{
	if (e->fate != FATE_PERM)
		return false;
	e->stage = ST_CONFIG;
	return provider_hint_client(p->p, p->c->name, e);
}

bool client_register(struct plan *p, struct err *e)
{
	char uri[64];
	const char *uris[1] = { p->l.redirect };

	if (p->l.client_id != NULL)
		return true;
	snprintf(uri, sizeof uri, "http://%s", client_host(p));
	if (uris[0] == NULL)
		uris[0] = uri;
	p->h.until = clock_in_s(ASK_S);
	p->l.registered = true;
	return provider_register(&p->h, &p->l.at, uris, COUNT(uris), p->l.scope, &p->l.client_id, &p->l.client_secret, e)
	    || fail_registration(p, e);
}

/* OpenID Connect Core 11: without this, no offline_access. */
const char *client_extra(const struct plan *p)
{
	if (p->p != NULL)
		return p->p->extra;
	return answer_scope_has(p->l.scope, "offline_access") ? "prompt=consent" : NULL;
}

bool client_can_send(const struct plan *p, const char *granted, struct err *e)
{
	const char *sends = p->p != NULL ? p->p->sends : MAIL;

	/* a scope of the user's own without that word is the user's business */
	if (granted == NULL || sends == NULL || p->flow == FLOW_CLIENT
	    || !answer_scope_has(p->l.scope, sends) || answer_scope_has(granted, sends))
		return true;
	fail(e, ST_SECRET, FATE_PERM, "%s has granted a login that cannot send: %s is missing", p->site, sends);
	err_hint(e, "log in again, and allow all that the page asks for (its boxes may be empty at first)");
	return err_quote(e, granted, strlen(granted));
}

void plan_free(struct plan *p)
{
	login_free(&p->l);
	free(p->scopes);
	p->scopes = NULL;
}
