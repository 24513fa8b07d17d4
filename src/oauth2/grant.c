#include "oauth2/grant.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/proc.h"
#include "oauth2/provider.h"

enum {
	FORM_MAX = 64 * 1024,  /* bytes */
	SECRET_MAX = 8 * 1024,
	SECRET_S = 60,         /* seconds for the file or the command with the client's secret */
	HUSH_MIN = 8,          /* characters of a secret that are known again in a text */
};

/* ---- the client's secret ------------------------------------------------------------------------- */

static bool read_file(const char *path, int64_t until, struct buf *to, struct err *e)
{
	struct file_facts facts;

	if (!file_read_until(path, ST_SECRET, until, to, &facts, e))
		return facts.exists ? false : err_hint(e, "write the client's secret into %s, and chmod 600 it", path);
	if (!facts.open_read && !facts.open_write)
		return true;
	fail(e, ST_SECRET, FATE_PERM, "%s has the client's secret, and other users may read or change it", path);
	return err_hint(e, "chmod 600 %s", path);
}

/* The first line counts.  An id or secret has only VSCHAR: RFC 6749 A.2. */
static bool trim(struct buf *b, struct err *e)
{
	b->len = b->len == 0 ? 0 : strcspn(b->bytes, "\r\n");
	for (size_t i = 0; i < b->len; i++)
		if (b->bytes[i] < ' ' || b->bytes[i] > '~')
			return fail(e, ST_CONFIG, FATE_PERM, "the client's secret has characters that no secret has (RFC 6749)");
	if (b->len == 0)
		return fail(e, ST_CONFIG, FATE_PERM, "the client's secret is empty");
	b->bytes[b->len] = '\0';
	return true;
}

static bool get_secret(const struct login *l, int64_t until, struct buf *to, struct err *e)
{
	until = clock_sooner(until, clock_in_s(SECRET_S));
	if (l->client_secret_file != NULL)
		return read_file(l->client_secret_file, until, to, e) && trim(to, e);
	if (l->client_secret_command != NULL)
		return proc_read_command(l->client_secret_command, "the command of --client-secret-command", ST_SECRET, until,
					 to, e)
		    && trim(to, e);
	return l->client_secret == NULL || buf_str(to, l->client_secret, e);
}

bool grant_check_secret(const struct login *l, struct err *e)
{
	struct buf secret = buf_max(ST_SECRET, SECRET_MAX, "the client's secret");
	bool ok = get_secret(l, CLOCK_NEVER, &secret, e);

	buf_wipe(&secret);
	return ok;
}

/* ---- a request ----------------------------------------------------------------------------------- */

static struct buf form(void)
{
	return buf_max(ST_SECRET, FORM_MAX, "the request");
}

/* Stars in the place of the secret, or of as much of it as is there: the text may have been cut. */
static void mask(char *text, const char *secret)
{
	char head[HUSH_MIN + 1];

	if (snprintf(head, sizeof head, "%s", secret) < HUSH_MIN)
		return;
	for (char *at = text; (at = strstr(at, head)) != NULL;)
		for (const char *s = secret; *at != '\0' && *at == *s; s++)
			*at++ = '*';
}

/* Some servers repeat in an error what they were sent. */
static void hush(const struct buf *form, struct refusal *r, struct err *e)
{
	static const char *const secrets[] = {
		"refresh_token", "token", "code", "code_verifier", "device_code", "client_secret",
	};

	for (size_t i = 0; i < COUNT(secrets); i++) {
		bool broken;
		char *secret = http_form_get(buf_text(form), secrets[i], &broken);

		if (secret == NULL)
			continue;
		mask(e->quote, secret);
		if (r != NULL) {
			mask(r->error, secret);
			mask(r->description, secret);
			mask(r->subtype, secret);
		}
		explicit_bzero(secret, strlen(secret));
		free(secret);
	}
}

/* Asks with the form and the client's id and secret.  Without a secret, there is no empty client_secret.  After the request the
 * form has the secret in each case, for hush(). */
static bool ask(const struct login *l, const struct http *h, const char *url, struct buf *f, bool again, struct http_answer *a,
		struct err *e)
{
	struct buf secret = buf_max(ST_SECRET, SECRET_MAX, "the client's secret");
	struct http_request q = { .url = url, .form = f, .again = again };
	struct err unheard;
	bool ok = get_secret(l, h->until, &secret, e);

	if (ok && secret.len > 0 && l->at.basic_only && l->client_id != NULL) {
		q.id = l->client_id;
		q.secret = secret.bytes;
	} else {
		ok = ok && http_form_add(f, "client_id", l->client_id, e)
		  && http_form_add(f, "client_secret", secret.len > 0 ? secret.bytes : NULL, e);
	}
	ok = ok && http_ask(h, &q, a, e);
	if (ok && q.secret != NULL)
		(void)!http_form_add(f, "client_secret", q.secret, &unheard);
	buf_wipe(&secret);
	return ok;
}

static bool no_endpoint(const char *what, struct err *e)
{
	return fail(e, ST_CONFIG, FATE_PERM, "the provider has no endpoint for %s", what);
}

static bool ask_tokens(const struct login *l, const struct http *h, struct buf *f, bool again, struct tokens *t,
		       struct refusal *r, struct err *e)
{
	struct http_answer a = { .status = 0 };
	char host[HTTP_HOST];
	bool ok;

	*t = (struct tokens){ .lifetime = 0 };
	if (r != NULL)
		*r = (struct refusal){ .status = 0 };
	if (l->at.token == NULL) {
		buf_wipe(f);
		return no_endpoint("tokens", e);
	}
	ok = ask(l, h, l->at.token, f, again, &a, e) && answer_tokens(&a, http_host(l->at.token, host), t, r, e);
	if (!ok)
		hush(f, r, e);
	buf_wipe(f);
	http_answer_free(&a);
	return ok;
}

/* ---- the grants ---------------------------------------------------------------------------------- */

/* A refresh says no scope: a wider one than before would be an error (RFC 6749 6). */
bool grant_renew(const struct login *l, const struct http *h, bool again, struct tokens *t, struct refusal *r, struct err *e)
{
	struct buf f = form();
	bool ok;

	*t = (struct tokens){ .lifetime = 0 };
	if (l->kind == LOGIN_CLIENT)
		ok = http_form_add(&f, "grant_type", "client_credentials", e) && http_form_add(&f, "scope", l->scope, e);
	else if (l->refresh_token == NULL)
		return fail(e, ST_SECRET, FATE_PERM, "the login has no refresh token");
	else
		ok = http_form_add(&f, "grant_type", "refresh_token", e)
		  && http_form_add(&f, "refresh_token", l->refresh_token, e);
	if (!ok) {
		buf_wipe(&f);
		return false;
	}
	return ask_tokens(l, h, &f, again || l->kind == LOGIN_CLIENT, t, r, e);
}

/* A code can be used once, so it is never sent again after it may have arrived. */
bool grant_code(const struct login *l, const struct http *h, const char *code, const char *verifier, const char *redirect,
		struct tokens *t, struct refusal *r, struct err *e)
{
	struct buf f = form();

	if (http_form_add(&f, "grant_type", "authorization_code", e) && http_form_add(&f, "code", code, e)
	    && http_form_add(&f, "code_verifier", verifier, e) && http_form_add(&f, "redirect_uri", redirect, e))
		return ask_tokens(l, h, &f, false, t, r, e);
	buf_wipe(&f);
	return false;
}

bool grant_device(const struct login *l, const struct http *h, struct device_code *d, struct refusal *r, struct err *e)
{
	struct http_answer a = { .status = 0 };
	struct buf f = form();
	char host[HTTP_HOST];
	bool ok;

	*d = (struct device_code){ .lifetime = 0 };
	if (r != NULL)
		*r = (struct refusal){ .status = 0 };
	if (l->at.device == NULL)
		return no_endpoint("the device flow", e);
	ok = http_form_add(&f, "scope", l->scope, e) && ask(l, h, l->at.device, &f, true, &a, e)
	  && answer_device(&a, http_host(l->at.device, host), h->insecure, d, r, e);
	if (!ok)
		hush(&f, r, e);
	buf_wipe(&f);
	http_answer_free(&a);
	return ok;
}

/* The pace is the caller's, so a poll is not repeated here. */
bool grant_poll(const struct login *l, const struct http *h, const struct device_code *d, struct tokens *t, struct refusal *r,
		struct err *e)
{
	const struct provider *p = l->provider == NULL ? NULL : provider_find(l->provider);
	const char *own = p == NULL ? NULL : p->device_grant;
	struct buf f = form();

	if (http_form_add(&f, "grant_type", own != NULL ? own : "urn:ietf:params:oauth:grant-type:device_code", e)
	    && http_form_add(&f, own != NULL ? "code" : "device_code", d->code, e))
		return ask_tokens(l, h, &f, false, t, r, e);
	buf_wipe(&f);
	return false;
}

bool grant_revoke(const struct login *l, const char *token, const char *kind, const struct http *h, bool *offered, struct err *e)
{
	struct http_answer a = { .status = 0 };
	struct buf f = form();
	char host[HTTP_HOST];
	bool ok;

	*offered = l->at.revocation != NULL;
	if (!*offered)
		return true;
	ok = http_form_add(&f, "token", token, e) && http_form_add(&f, "token_type_hint", kind, e)
	  && ask(l, h, l->at.revocation, &f, true, &a, e) && answer_revocation(&a, http_host(l->at.revocation, host), e);
	if (!ok)
		hush(&f, NULL, e);
	buf_wipe(&f);
	http_answer_free(&a);
	return ok;
}
