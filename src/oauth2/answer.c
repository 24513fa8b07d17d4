#include "oauth2/answer.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/str.h"
#include "secret/access.h"

enum {
	TEXT_MAX = 16 * 1024,       /* bytes of a token, a code, an id, a secret */
	SCOPE_MAX = 4096,
	CODE_MAX = 64,              /* of a code that people type */
	LIFETIME_USUAL = 3600,      /* seconds, as for all here */
	LIFETIME_MAX = 31536000,
	DEVICE_USUAL = 600,
	DEVICE_MAX = 86400,
	INTERVAL_USUAL = 5,         /* RFC 8628 3.2 */
	INTERVAL_MAX = 300,
};

/* ---- members ------------------------------------------------------------------------------------- */

/* The answer as an object if the status is a success, else its refusal.  NULL: *e is filled. */
static json_t *success_of(const struct http_answer *a, const char *host, const char *what, struct refusal *r, struct err *e)
{
	json_t *body = refusal_object(a);
	struct refusal unasked;
	bool refused;

	if (r == NULL)
		r = &unasked;
	refused = refusal_read(body, a->status, r);
	if (body != NULL && (a->status == 200 || a->status == 201) && !refused)
		return body;
	if (refused)
		refusal_fail(r, host, e);
	else
		refusal_fail_status(a, host, what, e);
	json_decref(body);
	return NULL;
}

typedef bool (*rule_fn)(const char *s, size_t len);

/* RFC 6749 A: VSCHAR, the characters of ids, secrets and codes. */
static bool is_vschar(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return len <= TEXT_MAX;
}

static bool is_code(const char *s, size_t len)
{
	return len <= CODE_MAX && is_vschar(s, len);
}

static bool is_scope(const char *s, size_t len)
{
	return len <= SCOPE_MAX && is_vschar(s, len);
}

struct member {
	const json_t *object;
	const char   *host, *name;
	bool          needed;
};

static bool bad_member(const struct member *m, const char *how, struct err *e)
{
	return fail(e, ST_SECRET, FATE_NONSENSE, "%s in the answer of %s %s", m->name, m->host, how);
}

/* An empty string or null is taken for none. */
static bool get_text(const struct member *m, rule_fn rule, char **to, struct err *e)
{
	const json_t *v = json_object_get(m->object, m->name);
	size_t len = json_string_length(v);

	*to = NULL;
	if (v == NULL || json_is_null(v) || (json_is_string(v) && len == 0))
		return !m->needed || bad_member(m, "is missing", e);
	if (!json_is_string(v))
		return bad_member(m, "is no string", e);
	if (memchr(json_string_value(v), '\0', len) != NULL || !rule(json_string_value(v), len))
		return bad_member(m, "is too long or has characters that must not be there", e);
	*to = str_dup(json_string_value(v), e);
	return *to != NULL;
}

static bool is_digits(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* Seconds as a number, or as a string of digits (email-oauth2-proxy #237); `usual` if there are none, else at least 1. */
static int64_t get_seconds(const json_t *object, const char *name, int64_t usual, int64_t max)
{
	const json_t *v = json_object_get(object, name);
	double n = json_number_value(v);

	if (json_is_string(v) && is_digits(json_string_value(v))) {
		uint64_t digits;

		n = str_number(json_string_value(v), 0, (uint64_t)max, &digits) ? (double)digits : (double)max;
	} else if (!json_is_number(v)) {
		return usual;
	}
	return n >= (double)max ? max : n >= 1 ? (int64_t)n : 1;
}

/* Leaves one blank between two words, in place.  NULL stays NULL. */
static void squeeze(char *words)
{
	char *to = words;

	for (const char *p = words; p != NULL && *p != '\0'; p++)
		if (*p != ' ' || (to > words && to[-1] != ' '))
			*to++ = *p;
	if (words != NULL) {
		to -= to > words && to[-1] == ' ';
		*to = '\0';
	}
}

bool answer_scope_has(const char *scope, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = scope; p != NULL && *p != '\0'; p += strcspn(p, " "), p += *p == ' ')
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* ---- who ----------------------------------------------------------------------------------------- */

static bool is_name(const json_t *v)
{
	const char *s = json_string_value(v);
	size_t len = json_string_length(v);

	for (size_t i = 0; i < len; i++)
		if (str_iscontrol(s[i]))
			return false;
	return len > 0 && len <= ACCESS_USER_MAX;
}

/* RFC 7515 2: base64url without padding. */
static json_t *decode_part(const char *p, size_t n)
{
	struct buf plain = buf_max(ST_SECRET, HTTP_BODY_MAX, "an id_token"), text = buf_like(&plain);
	json_t *claims = NULL;
	json_error_t why;
	struct err e;
	bool ok = buf_add(&plain, p, n, &e) && buf_add(&plain, "===", (4 - n % 4) % 4, &e);

	for (size_t i = 0; ok && i < n; i++)
		plain.bytes[i] = (char)(p[i] == '-' ? '+' : p[i] == '_' ? '/' : p[i] == '+' || p[i] == '/' ? '!' : p[i]);
	if (ok && base64_decode(&text, plain.bytes, plain.len))
		claims = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);
	buf_wipe(&plain);
	buf_wipe(&text);
	return claims;
}

/* The signature needs no check: the token came from the provider by TLS (OpenID Connect Core 3.1.3.7, 6). */
static bool get_who(const json_t *object, char **who, struct err *e)
{
	static const char *const claims[] = { "email", "preferred_username", "upn" };
	const char *token = json_string_value(json_object_get(object, "id_token"));
	const char *part = token == NULL ? NULL : strchr(token, '.');
	json_t *body = part == NULL ? NULL : decode_part(part + 1, strcspn(part + 1, "."));
	const json_t *found = NULL;

	for (size_t i = 0; found == NULL && i < COUNT(claims); i++)
		if (is_name(json_object_get(body, claims[i])))
			found = json_object_get(body, claims[i]);
	*who = found == NULL ? NULL : str_dup(json_string_value(found), e);
	json_decref(body);
	return found == NULL || *who != NULL;
}

/* ---- tokens -------------------------------------------------------------------------------------- */

/* RFC 6749 5.1 demands the type; some servers leave it out.  A DPoP token (RFC 9449) cannot be used for mail. */
static bool check_type(const json_t *body, const char *host, struct err *e)
{
	const json_t *v = json_object_get(body, "token_type");

	if (v == NULL || json_is_null(v) || (json_is_string(v) && str_same(json_string_value(v), "Bearer")))
		return true;
	return fail(e, ST_CONFIG, FATE_PERM, "the tokens of %s are of type %.40s: mail servers take only Bearer", host,
		    json_is_string(v) ? json_string_value(v) : "?");
}

/* A scope that is none (some send a list) is taken for none: the tokens are good without it. */
static bool get_scope(const struct member *m, char **to, struct err *e)
{
	return get_text(m, is_scope, to, e) || e->fate == FATE_NONSENSE;
}

/* The refresh token is first: see answer_tokens(). */
static bool read_tokens(const json_t *body, const char *host, struct tokens *t, struct err *e)
{
	t->lifetime = get_seconds(body, "expires_in", LIFETIME_USUAL, LIFETIME_MAX);
	return get_text(&(struct member){ body, host, "refresh_token", false }, is_vschar, &t->refresh, e)
	    && check_type(body, host, e)
	    && get_text(&(struct member){ body, host, "access_token", true }, access_token_ok, &t->access, e)
	    && get_scope(&(struct member){ body, host, "scope", false }, &t->scope, e)
	    && get_who(body, &t->who, e);
}

bool answer_tokens(const struct http_answer *a, const char *host, struct tokens *t, struct refusal *r, struct err *e)
{
	json_t *body = success_of(a, host, "an access token", r, e);
	bool ok;

	*t = (struct tokens){ .lifetime = 0 };
	if (body == NULL)
		return false;
	ok = read_tokens(body, host, t, e);
	squeeze(t->scope);
	json_decref(body);
	if (!ok) {
		char *refresh = t->refresh;

		t->refresh = NULL;
		tokens_free(t);
		t->refresh = refresh;
	}
	return ok;
}

/* ---- the device flow ----------------------------------------------------------------------------- */

/* Google's name for it is verification_url. */
static bool read_uris(const json_t *body, const char *host, bool insecure, struct device_code *d, struct err *e)
{
	struct member m = { body, host, "verification_uri", true };

	if (json_object_get(body, m.name) == NULL)
		m.name = "verification_url";
	if (!get_text(&m, is_vschar, &d->uri, e))
		return false;
	if (!http_url_ok(d->uri, insecure))
		return bad_member(&m, "is no https:// URL", e);
	m = (struct member){ body, host, "verification_uri_complete", false };
	if (!get_text(&m, is_vschar, &d->complete_uri, e))
		return false;
	return d->complete_uri == NULL || http_url_ok(d->complete_uri, insecure) || bad_member(&m, "is no https:// URL", e);
}

bool answer_device(const struct http_answer *a, const char *host, bool insecure, struct device_code *d, struct refusal *r,
		   struct err *e)
{
	json_t *body = success_of(a, host, "a device code", r, e);
	bool ok;

	*d = (struct device_code){ .lifetime = 0 };
	if (body == NULL)
		return false;
	d->lifetime = (unsigned)get_seconds(body, "expires_in", DEVICE_USUAL, DEVICE_MAX);
	d->interval = (unsigned)get_seconds(body, "interval", INTERVAL_USUAL, INTERVAL_MAX);
	ok = get_text(&(struct member){ body, host, "device_code", true }, is_vschar, &d->code, e)
	  && get_text(&(struct member){ body, host, "user_code", true }, is_code, &d->user_code, e)
	  && read_uris(body, host, insecure, d, e);
	json_decref(body);
	if (!ok)
		device_code_free(d);
	return ok;
}

/* ---- metadata ------------------------------------------------------------------------------------ */

static bool list_has(const json_t *list, const char *word)
{
	size_t i;
	const json_t *v;

	json_array_foreach(list, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), word) == 0)
			return true;
	return false;
}

/* RFC 8414 2: client_secret_basic is meant if there is no list. */
static bool is_basic_only(const json_t *body)
{
	const json_t *list = json_object_get(body, "token_endpoint_auth_methods_supported");

	return !json_is_array(list) || (list_has(list, "client_secret_basic") && !list_has(list, "client_secret_post"));
}

/* RFC 8414 3.3.  A person may have typed the name a little otherwise. */
static bool check_issuer(const json_t *body, const char *host, const char *issuer, struct err *e)
{
	const json_t *v = json_object_get(body, "issuer");

	if (json_is_string(v) && json_string_length(v) == strlen(issuer) && strcmp(json_string_value(v), issuer) == 0)
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s was asked for the metadata of %s and has sent those of another issuer", host, issuer);
	if (json_is_string(v))
		refusal_quote(e, json_string_value(v), json_string_length(v));
	return err_hint(e, "if that is the right one, give its URL in exactly these letters as --provider");
}

static bool read_endpoints(const json_t *body, const char *host, bool insecure, struct endpoints *at, struct err *e)
{
	const struct {
		struct member m;
		char        **to;
	} rows[] = {
		{ { body, host, "authorization_endpoint", false }, &at->authorization },
		{ { body, host, "token_endpoint", true }, &at->token },
		{ { body, host, "device_authorization_endpoint", false }, &at->device },
		{ { body, host, "revocation_endpoint", false }, &at->revocation },
		{ { body, host, "registration_endpoint", false }, &at->registration },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!get_text(&rows[i].m, is_vschar, rows[i].to, e))
			return false;
		if (*rows[i].to != NULL && !http_url_ok(*rows[i].to, insecure))
			return fail(e, ST_CONFIG, FATE_PERM, "the %s of %s is no https:// URL that may be used", rows[i].m.name,
				    host);
	}
	return true;
}

/* scopes_supported, with blanks between; what is no scope is left out. */
static bool read_scopes(const json_t *body, char **scopes, struct err *e)
{
	struct buf words = buf_max(ST_SECRET, HTTP_BODY_MAX, "scopes_supported");
	const json_t *list = json_object_get(body, "scopes_supported"), *v;
	bool ok = true;
	size_t i;

	json_array_foreach(list, i, v)
		if (ok && json_is_string(v) && is_scope(json_string_value(v), json_string_length(v)))
			ok = (words.len == 0 || buf_char(&words, ' ', e)) && buf_str(&words, json_string_value(v), e);
	*scopes = ok && words.len > 0 ? str_dup(buf_text(&words), e) : NULL;
	ok = ok && (words.len == 0 || *scopes != NULL);
	squeeze(*scopes);
	buf_free(&words);
	return ok;
}

bool answer_metadata(const struct http_answer *a, const char *issuer, bool insecure, struct endpoints *at, char **scopes,
		     struct err *e)
{
	char host[HTTP_HOST], *words = NULL;
	json_t *body = success_of(a, http_host(issuer, host), "metadata", NULL, e);
	bool ok;

	*at = (struct endpoints){ .issuer = NULL };
	if (scopes != NULL)
		*scopes = NULL;
	if (body == NULL)
		return false;
	ok = check_issuer(body, host, issuer, e) && read_endpoints(body, host, insecure, at, e) && read_scopes(body, &words, e);
	at->issuer = ok ? str_dup(issuer, e) : NULL;
	at->promises_iss = json_is_true(json_object_get(body, "authorization_response_iss_parameter_supported"));
	at->basic_only = is_basic_only(body);
	json_decref(body);
	if (at->issuer == NULL) {
		endpoints_free(at);
		free(words);
		return false;
	}
	if (scopes != NULL)
		*scopes = words;
	else
		free(words);
	return true;
}

/* ---- registration and revocation ----------------------------------------------------------------- */

static void free_secret(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

/* RFC 7591 3.2.1: 201; some servers say 200. */
bool answer_registration(const struct http_answer *a, const char *host, char **client_id, char **client_secret, struct err *e)
{
	json_t *body = success_of(a, host, "a client", NULL, e);
	bool ok;

	*client_id = *client_secret = NULL;
	if (body == NULL)
		return false;
	ok = get_text(&(struct member){ body, host, "client_id", true }, is_vschar, client_id, e)
	  && get_text(&(struct member){ body, host, "client_secret", false }, is_vschar, client_secret, e);
	json_decref(body);
	if (!ok) {
		free_secret(client_id);
		free_secret(client_secret);
	}
	return ok;
}

/* RFC 7009 2.2: the content of the answer means nothing. */
bool answer_revocation(const struct http_answer *a, const char *host, struct err *e)
{
	struct refusal r;
	json_t *body = NULL;

	if (a->status / 100 == 2)
		return true;
	body = refusal_object(a);
	if (refusal_read(body, a->status, &r))
		refusal_fail(&r, host, e);
	else
		refusal_fail_status(a, host, "a revocation", e);
	json_decref(body);
	return false;
}

/* ---- */

void tokens_free(struct tokens *t)
{
	free_secret(&t->access);
	free_secret(&t->refresh);
	free(t->scope);
	free(t->who);
	*t = (struct tokens){ .lifetime = 0 };
}

void device_code_free(struct device_code *d)
{
	free_secret(&d->code);
	free(d->user_code);
	free(d->uri);
	free(d->complete_uri);
	*d = (struct device_code){ .lifetime = 0 };
}

void endpoints_free(struct endpoints *at)
{
	free(at->authorization);
	free(at->token);
	free(at->device);
	free(at->revocation);
	free(at->registration);
	free(at->issuer);
	*at = (struct endpoints){ .issuer = NULL };
}
