#include "oauth2/login.h"

#include <stdlib.h>

#include "base/str.h"
#include "oauth2/wiped.h"
#include "secret/access.h"

enum { FORMAT = 1 }; /* the member `version` */

void login_json_start(void)
{
	json_set_alloc_funcs(wiped_malloc, wiped_free);
}

/* ---- the members --------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct login, member)

static const struct { /* where there is a standard name, it is that of RFC 8414 or 7591 */
	const char *name;
	size_t      at;
} strings[] = {
	{ "provider", AT(provider) },
	{ "issuer", AT(at.issuer) },
	{ "authorization_endpoint", AT(at.authorization) },
	{ "token_endpoint", AT(at.token) },
	{ "device_authorization_endpoint", AT(at.device) },
	{ "revocation_endpoint", AT(at.revocation) },
	{ "registration_endpoint", AT(at.registration) },
	{ "client_id", AT(client_id) },
	{ "client_secret", AT(client_secret) },
	{ "client_secret_file", AT(client_secret_file) },
	{ "client_secret_command", AT(client_secret_command) },
	{ "scope", AT(scope) },
	{ "asked_scope", AT(asked) },
	{ "tenant", AT(tenant) },
	{ "redirect_uri", AT(redirect) },
	{ "flow", AT(flow) },
	{ "user", AT(user) },
	{ "trust_file", AT(trust_file) },
	{ "refresh_token", AT(refresh_token) },
	{ "dead", AT(dead) },
	{ "failed", AT(failed) },
}, flags[] = {
	{ "issuer_in_answers", AT(at.promises_iss) },
	{ "basic_only", AT(at.basic_only) },
	{ "insecure_http", AT(insecure_http) },
	{ "client_registered", AT(registered) },
}, times[] = {
	{ "refresh_since", AT(refresh_since) },
	{ "logged_in", AT(logged_in) },
	{ "renewed", AT(renewed) },
	{ "dead_since", AT(dead_since) },
	{ "failed_at", AT(failed_at) },
	{ "refused_at", AT(refused_at) },
};

static const char *const kinds[] = { [LOGIN_USER] = "user", [LOGIN_CLIENT] = "client" };

static void *member_at(struct login *l, size_t at) { return (char *)l + at; }
static char **string_at(struct login *l, size_t at) { return member_at(l, at); }
static bool *flag_at(struct login *l, size_t at) { return member_at(l, at); }
static int64_t *time_at(struct login *l, size_t at) { return member_at(l, at); }

bool login_set(char **to, const char *text, struct err *e)
{
	char *copy = NULL;

	if (text != NULL && (copy = str_dup(text, e)) == NULL)
		return false;
	if (*to != NULL)
		explicit_bzero(*to, strlen(*to));
	free(*to);
	*to = copy;
	return true;
}

void login_free(struct login *l)
{
	struct err never;

	for (size_t i = 0; i < COUNT(strings); i++)
		(void)!login_set(string_at(l, strings[i].at), NULL, &never);
	json_decref(l->other);
	*l = (struct login){ 0 };
}

bool login_client_is_gone(const struct login *l)
{
	return l->registered && l->failed != NULL && str_starts(l->failed, "invalid_client");
}

/* ---- to text ------------------------------------------------------------------------------------- */

static bool put_member(json_t *to, const char *name, json_t *value, struct err *e)
{
	return json_object_set_new(to, name, value) == 0 || fail_memory(e);
}

static bool put_strings(json_t *to, struct login *l, struct err *e)
{
	for (size_t i = 0; i < COUNT(strings); i++) {
		const char *text = *string_at(l, strings[i].at);

		if (text != NULL && !str_is_utf8(text, strlen(text)))
			return fail(e, ST_CONFIG, FATE_PERM, "the %s is not UTF-8, so it cannot be written down: %s",
				    strings[i].name, text);
		if (text != NULL && !put_member(to, strings[i].name, json_string(text), e))
			return false;
	}
	return l->refused[0] == '\0' || put_member(to, "refused", json_string(l->refused), e);
}

static bool put_numbers(json_t *to, struct login *l, struct err *e)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (*flag_at(l, flags[i].at) && !put_member(to, flags[i].name, json_true(), e))
			return false;
	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t t = *time_at(l, times[i].at);

		if (t != 0 && !put_member(to, times[i].name, json_integer(t), e))
			return false;
	}
	return true;
}

struct writing {
	struct buf *to;
	struct err *e;
};

static int add_text(const char *text, size_t n, void *ctx)
{
	struct writing *w = ctx;

	return buf_add(w->to, text, n, w->e) ? 0 : -1;
}

bool login_put(struct buf *to, const struct login *given, struct err *e)
{
	struct login copy = *given, *l = &copy; /* the tables give places to write to; nothing is written */
	struct writing w = { to, e };
	json_t *o = json_object();
	bool ok = o != NULL || fail_memory(e);

	ok = ok && put_member(o, "version", json_integer(FORMAT), e) && put_member(o, "kind", json_string(kinds[l->kind]), e)
	  && put_strings(o, l, e) && put_numbers(o, l, e)
	  && (l->other == NULL || json_object_update_missing(o, l->other) == 0 || fail_memory(e));
	if (ok) {
		fail_memory(e); /* unless add_text() knows better */
		ok = json_dump_callback(o, add_text, &w, JSON_INDENT(2)) == 0 && buf_char(to, '\n', e);
	}
	json_decref(o);
	return ok;
}

/* ---- from text ----------------------------------------------------------------------------------- */

static bool fail_text(const char *what, const char *name, struct err *e)
{
	return fail(e, ST_SECRET, FATE_PERM, "the login is damaged: %s%s", what, name);
}

static bool has_control(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (str_iscontrol(s[i]))
			return true;
	return false;
}

/* Takes a member out of the object, so that what is left is what we do not know.  *value is NULL if there is none. */
static json_t *take(json_t *o, const char *name)
{
	json_t *value = json_incref(json_object_get(o, name));

	(void)json_object_del(o, name);
	return value;
}

static bool take_string(json_t *o, const char *name, char **to, struct err *e)
{
	json_t *value = take(o, name);
	bool ok = value == NULL || (json_is_string(value) && !has_control(json_string_value(value), json_string_length(value)));

	ok = ok ? value == NULL || login_set(to, json_string_value(value), e) : fail_text("no proper text in ", name, e);
	json_decref(value);
	return ok;
}

static bool take_time(json_t *o, const char *name, int64_t *to, struct err *e)
{
	json_t *value = take(o, name);
	bool ok = value == NULL || (json_is_integer(value) && json_integer_value(value) >= 0);

	if (ok && value != NULL)
		*to = json_integer_value(value);
	json_decref(value);
	return ok || fail_text("no time in ", name, e);
}

static bool take_flag(json_t *o, const char *name, bool *to, struct err *e)
{
	json_t *value = take(o, name);
	bool ok = value == NULL || json_is_boolean(value);

	*to = json_is_true(value);
	json_decref(value);
	return ok || fail_text("neither true nor false in ", name, e);
}

static bool take_version(json_t *o, struct err *e)
{
	json_t *value = take(o, "version");
	json_int_t version = json_integer_value(value);

	json_decref(value);
	if (version > FORMAT)
		return fail(e, ST_SECRET, FATE_PERM, "the login was written by a later version of postern-oauth2");
	return version == FORMAT || fail_text("no number in ", "version", e);
}

static bool take_kind(json_t *o, enum login_kind *kind, struct err *e)
{
	char *text = NULL;
	bool ok = take_string(o, "kind", &text, e), known = false;

	for (size_t i = 0; ok && text != NULL && i < COUNT(kinds); i++)
		if (strcmp(text, kinds[i]) == 0) {
			*kind = (enum login_kind)i;
			known = true;
		}
	free(text);
	return ok && (known || fail_text("an unknown word in ", "kind", e));
}

static bool take_refused(json_t *o, char to[65], struct err *e)
{
	char *text = NULL;
	bool ok = take_string(o, "refused", &text, e);

	if (ok && text != NULL)
		ok = strlen(text) == 64 || fail_text("no SHA-256 in ", "refused", e);
	if (ok && text != NULL)
		memcpy(to, text, 65);
	free(text);
	return ok;
}

static bool take_all(struct login *l, json_t *o, struct err *e)
{
	bool ok = take_version(o, e) && take_kind(o, &l->kind, e) && take_refused(o, l->refused, e);

	for (size_t i = 0; ok && i < COUNT(strings); i++)
		ok = take_string(o, strings[i].name, string_at(l, strings[i].at), e);
	for (size_t i = 0; ok && i < COUNT(flags); i++)
		ok = take_flag(o, flags[i].name, flag_at(l, flags[i].at), e);
	for (size_t i = 0; ok && i < COUNT(times); i++)
		ok = take_time(o, times[i].name, time_at(l, times[i].at), e);
	if (ok && l->user != NULL && !access_user_ok(l->user, strlen(l->user)))
		return fail_text("no name of a user in ", "user", e);
	return ok && ((l->at.token != NULL && l->client_id != NULL) || fail_text("without ", "token_endpoint or client_id", e));
}

bool login_parse(struct login *l, const char *text, size_t len, struct err *e)
{
	json_error_t why;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	bool ok = json_is_object(o) || fail_text("it is no JSON object", "", e);

	ok = ok && take_all(l, o, e);
	if (ok && json_object_size(o) > 0)
		l->other = json_incref(o);
	json_decref(o);
	if (!ok)
		login_free(l);
	return ok;
}
