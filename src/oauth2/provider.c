#include "oauth2/provider.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define NO_DEVICE "it offers no device flow: use --browser or --paste"

/* Endpoints and scopes are those of Thunderbird (github.com/thunderbird/thunderbird-desktop, mailnews/base/src/
 * OAuth2Providers.sys.mjs) and of the providers' pages that each row names. */
static const struct provider providers[] = {
	{
		/* developers.google.com/identity/protocols/oauth2/native-app, .../limited-input-device#allowedscopes */
		.name = "google",
		.also = "gmail",
		.issuer = "https://accounts.google.com",
		.authorization = "https://accounts.google.com/o/oauth2/v2/auth",
		.token = "https://oauth2.googleapis.com/token",
		.revocation = "https://oauth2.googleapis.com/revoke",
		.scope = "https://mail.google.com/",
		.sends = "https://mail.google.com/",
		.extra = "access_type=offline&prompt=consent", /* else a second login brings no refresh token */
		.redirect_host = "127.0.0.1",
		.first = FLOW_BROWSER,
		.wants_secret = true,
		.no_device = "Google's device flow does not allow the scope of mail (it would answer \"Invalid device flow scope:"
			     " https://mail.google.com/\"): use --browser or --paste",
		.client_help = "an app password needs no client: https://myaccount.google.com/apppasswords\n"
			       "else make a client of the type \"Desktop app\": https://console.cloud.google.com/auth/clients\n"
			       "postern-oauth2 login %s --provider google --client-id ID --client-secret-file FILE",
		.revoke_help = "https://myaccount.google.com/connections",
	},
	{
		/* learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, .../v2-oauth2-device-code; the issuer in
		 * the metadata of `common` has a literal {tenantid}.  learn.microsoft.com/exchange/client-developer/
		 * legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth has the scopes. */
		.name = "microsoft",
		.also = "outlook office365",
		.authorization = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/authorize",
		.token = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token",
		.device = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/devicecode",
		.scope = "https://outlook.office.com/SMTP.Send offline_access",
		.sends = "https://outlook.office.com/SMTP.Send",
		.client_scope = "https://outlook.office365.com/.default",
		.redirect_host = "localhost", /* [::1] is not supported, 127.0.0.1 only by the manifest: .../reply-url */
		.tenant = "common",
		.first = FLOW_DEVICE,
		.client_help = "register a client at https://entra.microsoft.com (App registrations):"
			       " public client flows allowed,\n"
			       "API permission SMTP.Send (delegated), redirect http://localhost (\"Mobile and desktop\"); then\n"
			       "postern-oauth2 login %s --provider microsoft --client-id ID",
		.revoke_help = "https://myapps.microsoft.com, or https://account.live.com/consent/Manage for a personal account",
	},
	{
		/* developer.yahoo.com/oauth2/guide; api.login.yahoo.com/.well-known/openid-configuration */
		.name = "yahoo",
		.issuer = "https://api.login.yahoo.com",
		.authorization = "https://api.login.yahoo.com/oauth2/request_auth",
		.token = "https://api.login.yahoo.com/oauth2/get_token",
		.revocation = "https://api.login.yahoo.com/oauth2/revoke",
		.scope = "mail-w",
		.sends = "mail-w",
		.redirect_host = "localhost",
		.first = FLOW_BROWSER,
		.wants_secret = true,
		.no_device = NO_DEVICE,
		.client_help = "Yahoo registers no new clients for mail:\n"
			       "use an app password (https://login.yahoo.com/account/security), or if you have a client already\n"
			       "postern-oauth2 login %s --provider yahoo --client-id ID --client-secret-file FILE",
		.revoke_help = "https://login.yahoo.com/account/security",
	},
	{
		/* as Yahoo, which runs it */
		.name = "aol",
		.issuer = "https://api.login.aol.com",
		.authorization = "https://api.login.aol.com/oauth2/request_auth",
		.token = "https://api.login.aol.com/oauth2/get_token",
		.revocation = "https://api.login.aol.com/oauth2/revoke",
		.scope = "mail-w",
		.sends = "mail-w",
		.redirect_host = "localhost",
		.first = FLOW_BROWSER,
		.wants_secret = true,
		.no_device = NO_DEVICE,
		.client_help = "AOL registers no new clients for mail:\n"
			       "use an app password (https://login.aol.com/account/security), or if you have a client already\n"
			       "postern-oauth2 login %s --provider aol --client-id ID --client-secret-file FILE",
		.revoke_help = "https://login.aol.com/account/security",
	},
	{
		/* api.fastmail.com/.well-known/oauth-authorization-server, www.fastmail.com/for-developers/oauth: public clients,
		 * which register themselves (draft-ietf-mailmaint-oauth-public).  The older scope is
		 * https://www.fastmail.com/dev/protocol-smtp, so that no word can be demanded. */
		.name = "fastmail",
		.issuer = "https://api.fastmail.com",
		.authorization = "https://api.fastmail.com/oauth/authorize",
		.token = "https://api.fastmail.com/oauth/refresh",
		.revocation = "https://api.fastmail.com/oauth/revoke",
		.registration = "https://api.fastmail.com/oauth/register",
		.scope = "urn:ietf:params:oauth:scope:mail offline_access",
		.redirect_host = "localhost",
		.first = FLOW_BROWSER,
		.no_device = NO_DEVICE,
		.client_help = "Fastmail gives a client id by itself; if it does not,\n"
			       "use an app password (Settings, Privacy & Security, Integrations), or with a client of your own\n"
			       "postern-oauth2 login %s --provider fastmail --client-id ID",
		.revoke_help = "https://app.fastmail.com/settings/security/integrations",
	},
	{
		/* yandex.com/dev/id/doc/en/codes/screen-code-oauth: the code lives 10 minutes, and is sent as `code` */
		.name = "yandex",
		.authorization = "https://oauth.yandex.com/authorize",
		.token = "https://oauth.yandex.com/token",
		.device = "https://oauth.yandex.com/device/code",
		.scope = "mail:smtp",
		.sends = "mail:smtp",
		.redirect_host = "localhost",
		.first = FLOW_DEVICE,
		.wants_secret = true,
		.device_grant = "device_code",
		.client_help = "register a client at https://oauth.yandex.com/client/new (web service, permission mail:smtp);\n"
			       "its redirect is https://oauth.yandex.com/verification_code; save its secret in a file\n"
			       "postern-oauth2 login %s --provider yandex --client-id ID --client-secret-file FILE",
		.revoke_help = "https://id.yandex.com/security/devices",
	},
	{
		/* api.mail.ru/docs/guides/oauth; the redirect must match exactly */
		.name = "mailru",
		.authorization = "https://o2.mail.ru/login",
		.token = "https://o2.mail.ru/token",
		.scope = "userinfo mail.imap", /* covers SMTP */
		.sends = "mail.imap",
		.redirect_host = "localhost",
		.first = FLOW_BROWSER,
		.wants_secret = true,
		.no_device = NO_DEVICE,
		.client_help = "an app password needs no client: https://account.mail.ru/user/2-step-auth/passwords\n"
			       "else register one at https://o2.mail.ru/app/,"
			       " and give the redirect that it has as --redirect-uri\n"
			       "postern-oauth2 login %s --provider mailru --client-id ID --client-secret-file FILE"
			       " --redirect-uri U",
		.revoke_help = "https://account.mail.ru/security",
	},
	{
		.name = "comcast",
		.authorization = "https://oauth.xfinity.com/oauth/authorize",
		.token = "https://oauth.xfinity.com/oauth/token",
		.scope = "https://email.comcast.net/ profile openid",
		.sends = "https://email.comcast.net/",
		.redirect_host = "localhost",
		.first = FLOW_BROWSER,
		.wants_secret = true,
		.no_device = NO_DEVICE,
		.client_help = "Comcast registers no new clients for mail:\n"
			       "ask it for a client (https://www.xfinity.com/support), or use its password;"
			       " if you have a client\n"
			       "postern-oauth2 login %s --provider comcast --client-id ID --client-secret-file FILE",
		.revoke_help = "https://customer.xfinity.com/settings/security",
	},
};

const struct provider *provider_find(const char *name)
{
	for (size_t i = 0; i < COUNT(providers); i++)
		if (strcmp(providers[i].name, name) == 0 || answer_scope_has(providers[i].also, name))
			return &providers[i];
	return NULL;
}

const char *provider_name(size_t i)
{
	return i < COUNT(providers) ? providers[i].name : NULL;
}

void provider_names(char to[PROVIDER_NAMES])
{
	size_t len = 0;

	for (size_t i = 0; i < COUNT(providers) && len < PROVIDER_NAMES; i++)
		len += (size_t)snprintf(to + len, PROVIDER_NAMES - len, "%s%s", i > 0 ? ", " : "", providers[i].name);
}

/* ---- endpoints of a row -------------------------------------------------------------------------- */

/* A name of Microsoft's, a domain, or a GUID. */
static bool tenant_ok(const char *tenant)
{
	size_t n = strlen(tenant);

	return n > 0 && n < 256 && tenant[0] != '.'
	    && strspn(tenant, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == n;
}

static bool put_url(const char *row, const char *tenant, char **to, struct err *e)
{
	const char *at = row == NULL ? NULL : strstr(row, "TENANT");
	struct buf url = buf_max(ST_CONFIG, 1024, "a URL");
	bool ok = row == NULL;

	if (at != NULL)
		ok = buf_add(&url, row, (size_t)(at - row), e) && buf_str(&url, tenant, e)
		  && buf_str(&url, at + sizeof "TENANT" - 1, e);
	else if (row != NULL)
		ok = buf_str(&url, row, e);
	*to = ok && row != NULL ? str_dup(url.bytes, e) : NULL;
	buf_free(&url);
	return ok && (row == NULL || *to != NULL);
}

bool provider_endpoints(const struct provider *p, const char *tenant, struct endpoints *at, struct err *e)
{
	*at = (struct endpoints){ .issuer = NULL };
	if (tenant != NULL && p->tenant == NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "%s has no tenants", p->name);
	if (tenant != NULL && !tenant_ok(tenant))
		return fail(e, ST_CONFIG, FATE_PERM,
			    "%s is no tenant; one is common, organizations, consumers, a domain or an id", tenant);
	if (tenant == NULL)
		tenant = p->tenant;
	if (put_url(p->authorization, tenant, &at->authorization, e) && put_url(p->token, tenant, &at->token, e)
	    && put_url(p->device, tenant, &at->device, e) && put_url(p->revocation, tenant, &at->revocation, e)
	    && put_url(p->registration, tenant, &at->registration, e) && put_url(p->issuer, tenant, &at->issuer, e))
		return true;
	endpoints_free(at);
	return false;
}

/* ---- metadata ------------------------------------------------------------------------------------ */

/* RFC 8414 3.1 puts its place between host and path, OpenID Connect Discovery 4.1 behind the path.  A slash at the end of the
 * issuer is left out. */
static bool put_place(struct buf *to, const char *issuer, bool openid, struct err *e)
{
	const char *host = strstr(issuer, "://") + 3, *path = host + strcspn(host, "/");
	size_t len = strlen(issuer) - (issuer[strlen(issuer) - 1] == '/');
	size_t head = (size_t)(path - issuer) < len ? (size_t)(path - issuer) : len;

	if (openid)
		return buf_add(to, issuer, len, e) && buf_str(to, "/.well-known/openid-configuration", e);
	return buf_add(to, issuer, head, e) && buf_str(to, "/.well-known/oauth-authorization-server", e)
	    && buf_add(to, issuer + head, len - head, e);
}

/* Many servers send a page for any path. */
static bool has_object(const struct http_answer *a)
{
	json_t *body = a->status == 200 ? refusal_object(a) : NULL;

	json_decref(body);
	return body != NULL;
}

/* *found unset: this place has no metadata. */
static bool ask_place(const struct http *h, const char *issuer, bool openid, struct endpoints *at, char **scopes, bool *found,
		      struct err *e)
{
	struct buf url = buf_max(ST_CONFIG, 4096, "a URL");
	struct http_answer a = { .status = 0 };
	char host[HTTP_HOST];
	bool ok;

	*found = false;
	ok = put_place(&url, issuer, openid, e)
	  && http_ask(h, &(struct http_request){ .url = buf_text(&url), .again = true }, &a, e);
	if (ok && http_is_busy(a.status)) {
		ok = refusal_fail_status(&a, http_host(issuer, host), "metadata", e);
	} else if (ok && has_object(&a)) {
		*found = answer_metadata(&a, issuer, h->insecure, at, scopes, e);
		ok = *found;
	}
	http_answer_free(&a);
	buf_free(&url);
	return ok;
}

/* If the first place has metadata that cannot be trusted, the second one may have others. */
bool provider_discover(const struct http *h, const char *issuer, struct endpoints *at, char **scopes, struct err *e)
{
	bool found, tried;
	struct err first;

	*at = (struct endpoints){ .issuer = NULL };
	if (!http_url_ok(issuer, h->insecure) || strchr(issuer, '?') != NULL) {
		fail(e, ST_CONFIG, FATE_PERM, "%s is neither a provider's name nor the https:// URL of a server", issuer);
		return err_hint(e, "postern-oauth2 --help has the names");
	}
	tried = ask_place(h, issuer, false, at, scopes, &found, e);
	if (found || (!tried && e->fate == FATE_TEMP))
		return found;
	first = *e;
	if (!ask_place(h, issuer, true, at, scopes, &found, e))
		return false;
	if (found)
		return true;
	if (tried)
		return fail(e, ST_CONFIG, FATE_PERM, "%s has no metadata for OAuth2 (RFC 8414, OpenID Connect Discovery)",
			    issuer);
	*e = first;
	return false;
}

/* ---- registration -------------------------------------------------------------------------------- */

static json_t *grant_types(const struct endpoints *at, size_t redirects)
{
	json_t *list = json_pack("[s]", "refresh_token");

	if (redirects > 0)
		json_array_append_new(list, json_string("authorization_code"));
	if (at->device != NULL)
		json_array_append_new(list, json_string("urn:ietf:params:oauth:grant-type:device_code"));
	return list;
}

static int add_text(const char *text, size_t n, void *to)
{
	struct err unheard;

	return buf_add(to, text, n, &unheard) ? 0 : -1;
}

/* RFC 7591 2.  The text is not from json_dumps(3): free(3) does not fit jansson's memory here (login_json_start()). */
static bool put_client(const struct endpoints *at, const char *const redirects[], size_t n, const char *scope, struct buf *to)
{
	json_t *uris = json_array(), *o;
	bool ok;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(uris, json_string(redirects[i]));
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "client_name", "postern", "software_id", "postern-oauth2",
		      "software_version", PACKAGE_VERSION, "application_type", "native", "token_endpoint_auth_method", "none",
		      "redirect_uris", uris, "grant_types", grant_types(at, n), "response_types",
		      n > 0 ? json_pack("[s]", "code") : json_array());
	if (scope != NULL)
		json_object_set_new(o, "scope", json_string(scope));
	ok = o != NULL && json_dump_callback(o, add_text, to, JSON_COMPACT) == 0;
	json_decref(o);
	return ok;
}

bool provider_register(const struct http *h, const struct endpoints *at, const char *const redirects[], size_t n,
		       const char *scope, char **client_id, char **client_secret, struct err *e)
{
	struct buf body = buf_max(ST_CONFIG, HTTP_BODY_MAX, "the registration");
	struct http_answer a = { .status = 0 };
	char host[HTTP_HOST];
	bool ok;

	*client_id = *client_secret = NULL;
	if (at->registration == NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "the server registers no clients by itself");
	ok = (put_client(at, redirects, n, scope, &body) || fail_memory(e))
	  && http_ask(h, &(struct http_request){ .url = at->registration, .json = &body }, &a, e)
	  && answer_registration(&a, http_host(at->registration, host), client_id, client_secret, e);
	http_answer_free(&a);
	buf_free(&body);
	return ok;
}

bool provider_hint_client(const struct provider *p, const char *name, struct err *e)
{
	static const char *const any = "ask the server's administrator for a public client with the redirect http://127.0.0.1\n"
				       "or, for its device flow, without one; then\n"
				       "postern-oauth2 login %s --provider URL --client-id ID";
	char lines[sizeof e->hint];

	snprintf(lines, sizeof lines, p != NULL ? p->client_help : any, name);
	return err_hint_lines(e, lines);
}

bool provider_needs_client(const struct provider *p, const char *name, struct err *e)
{
	fail(e, ST_CONFIG, FATE_PERM, "%s gives tokens only to a client that is registered there, and no --client-id is given",
	     p != NULL ? p->name : "the server");
	return provider_hint_client(p, name, e);
}
