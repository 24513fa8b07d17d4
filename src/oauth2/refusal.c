#include "oauth2/refusal.h"

#include <stdio.h>

#include "base/printable.h"
#include "base/str.h"

enum { QUOTE_MAX = 200 /* bytes of foreign text in an error */ };

#define OVER "%s does not accept the login any more"
#define NO_CLIENT "%s does not accept the client"
#define BAD_REQUEST "%s does not accept the request"
#define NOT_NOW "%s cannot answer now"

/* RFC 6749 4.1.2.1 and 5.2, 8628 3.5, 7591 3.2.2, 7009 2.2.1, OpenID Connect Core 3.1.2.6; the others as the comments say. */
static const struct name {
	const char *error;
	enum stage  stage;
	enum fate   fate;
	const char *say; /* with the host */
} names[] = {
	{ "access_denied", ST_SECRET, FATE_PERM, "%s has not allowed it" },
	{ "account_selection_required", ST_SECRET, FATE_PERM, OVER },
	{ "admin_policy_enforced", ST_SECRET, FATE_PERM, "%s: the administrator does not allow it" },       /* Google */
	{ "authorization_declined", ST_SECRET, FATE_PERM, "%s has not allowed it" },                        /* Microsoft */
	{ "authorization_pending", ST_SECRET, FATE_TEMP, "%s waits for a person" },
	{ "bad_verification_code", ST_SECRET, FATE_PERM, "%s does not know the code" },                     /* Microsoft */
	{ "consent_required", ST_SECRET, FATE_PERM, OVER },
	{ "deleted_client", ST_CONFIG, FATE_PERM, "at %s the client was deleted" },                         /* Google */
	{ "disabled_client", ST_CONFIG, FATE_PERM, "at %s the client is disabled" },                        /* Google */
	{ "expired_token", ST_SECRET, FATE_PERM, "at %s the code has expired" },
	{ "interaction_required", ST_SECRET, FATE_PERM, OVER },
	{ "internal_failure", ST_SECRET, FATE_TEMP, NOT_NOW },                                              /* Google */
	{ "invalid_client", ST_CONFIG, FATE_PERM, NO_CLIENT },
	{ "invalid_client_metadata", ST_CONFIG, FATE_PERM, "%s does not register such a client" },
	{ "invalid_grant", ST_SECRET, FATE_PERM, OVER },
	{ "invalid_redirect_uri", ST_CONFIG, FATE_PERM, "%s does not register such a client" },
	{ "invalid_request", ST_CONFIG, FATE_PERM, BAD_REQUEST },
	{ "invalid_scope", ST_CONFIG, FATE_PERM, "%s does not accept the scope" },
	{ "invalid_software_statement", ST_CONFIG, FATE_PERM, "%s does not register such a client" },
	{ "invalid_target", ST_CONFIG, FATE_PERM, BAD_REQUEST },                                            /* RFC 8707 2 */
	{ "login_required", ST_SECRET, FATE_PERM, OVER },
	{ "org_internal", ST_CONFIG, FATE_PERM, NO_CLIENT },                                                /* Google */
	{ "rate_limit_exceeded", ST_SECRET, FATE_TEMP, NOT_NOW },                                           /* Google */
	{ "redirect_uri_mismatch", ST_CONFIG, FATE_PERM, "at %s the client has another redirect URI" },     /* Google */
	{ "server_error", ST_SECRET, FATE_TEMP, NOT_NOW },
	{ "slow_down", ST_SECRET, FATE_TEMP, "%s is asked too often" },
	{ "temporarily_unavailable", ST_SECRET, FATE_TEMP, NOT_NOW },
	{ "unapproved_software_statement", ST_CONFIG, FATE_PERM, "%s does not register such a client" },
	{ "unauthorized_client", ST_CONFIG, FATE_PERM, NO_CLIENT },
	{ "unsupported_grant_type", ST_CONFIG, FATE_PERM, "%s does not offer this flow" },
	{ "unsupported_response_type", ST_CONFIG, FATE_PERM, "%s does not offer this flow" },
	{ "unsupported_token_type", ST_CONFIG, FATE_PERM, "%s does not revoke such tokens" },
};

const char *refusal_words(const struct refusal *r, char to[REFUSAL_WORDS])
{
	bool subtype = r->subtype[0] != '\0';

	snprintf(to, REFUSAL_WORDS, "%s%s%s%s%s%s", r->error, subtype ? " (" : "", r->subtype, subtype ? ")" : "",
		 r->description[0] == '\0' ? "" : ": ", r->description);
	return to;
}

void refusal_recall(const char *words, struct refusal *r)
{
	size_t n = strcspn(words, ": ");
	const char *rest = words + n;

	*r = (struct refusal){ .status = 0 };
	snprintf(r->error, sizeof r->error, "%.*s", (int)(n < sizeof r->error ? n : sizeof r->error - 1), words);
	if (str_starts(rest, " (")) {
		n = strcspn(rest, ")");
		snprintf(r->subtype, sizeof r->subtype, "%.*s", (int)(n - 2 < sizeof r->subtype ? n - 2 : sizeof r->subtype - 1),
			 rest + 2);
		rest += n + (rest[n] == ')');
	}
	snprintf(r->description, sizeof r->description, "%s", rest + strspn(rest, ": "));
}

bool refusal_fail(const struct refusal *r, const char *host, struct err *e)
{
	const struct name *n = NULL;
	char words[REFUSAL_WORDS];

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i].error, r->error) == 0)
			n = &names[i];
	if (n != NULL)
		fail(e, n->stage, n->fate, n->say, host);
	else
		fail(e, ST_SECRET, http_is_busy(r->status) ? FATE_TEMP : FATE_PERM, "%s refuses the request", host);
	refusal_words(r, words);
	return err_quote(e, words, strlen(words));
}

/* A string of the provider in one printable line; "": it is none.  Microsoft's descriptions have several lines. */
static void show(const json_t *object, const char *name, char *to, size_t room)
{
	const json_t *v = json_object_get(object, name);
	char line[2 * sizeof ((struct refusal *)0)->description] = "";
	size_t len = json_string_length(v), n = len < sizeof line ? len : sizeof line;

	for (size_t i = 0; i < n; i++) {
		char c = json_string_value(v)[i];

		line[i] = c == '\r' || c == '\n' || c == '\t' ? ' ' : c;
	}
	printable(to, room, line, n, false);
}

/* Google's other interfaces send {"error": {"status": ..., "message": ...}}. */
bool refusal_read(const json_t *body, int status, struct refusal *r)
{
	const json_t *error = json_object_get(body, "error");

	*r = (struct refusal){ .status = status };
	if (json_is_object(error)) {
		show(error, "status", r->error, sizeof r->error);
		show(error, "message", r->description, sizeof r->description);
	} else {
		show(body, "error", r->error, sizeof r->error);
		show(body, "error_description", r->description, sizeof r->description);
		show(body, "error_subtype", r->subtype, sizeof r->subtype);
		if (r->subtype[0] == '\0')
			show(body, "suberror", r->subtype, sizeof r->subtype);
	}
	return r->error[0] != '\0';
}

bool refusal_quote(struct err *e, const char *words, size_t len)
{
	char line[QUOTE_MAX];

	printable(line, sizeof line, words, len, false);
	return err_quote(e, line, strlen(line));
}

static bool is_form(const struct http_answer *a)
{
	return strcmp(a->type, "application/x-www-form-urlencoded") == 0 || str_starts(buf_text(&a->body), "access_token=");
}

/* May the body be shown?  A page for browsers says nothing in its first bytes; and what names a token may hold one. */
static bool may_show(const struct http_answer *a)
{
	static const char *const types[] = { "", "text/plain", "application/json" };
	const char *body = buf_text(&a->body);
	bool text = false;

	for (size_t i = 0; i < COUNT(types); i++)
		text = text || strcmp(a->type, types[i]) == 0;
	return text && strlen(body) == a->body.len && !str_glob("*token*", body) && !str_glob("*secret*", body);
}

/* There is no `error`: the status decides. */
bool refusal_fail_status(const struct http_answer *a, const char *host, const char *what, struct err *e)
{
	if (a->status == 200 && is_form(a))
		return fail(e, ST_SECRET, FATE_NONSENSE, "%s answers in form encoding, which is not supported", host);
	if (a->status == 200)
		return fail(e, ST_SECRET, FATE_NONSENSE, "the answer of %s is no JSON object with %s", host, what);
	if (a->status / 100 == 3)
		return fail(e, ST_SECRET, FATE_TEMP, "%s answers with a redirect (status %d), which is not followed", host,
			    a->status);
	fail(e, ST_SECRET, FATE_TEMP, "%s answers with status %d", host, a->status);
	return may_show(a) ? refusal_quote(e, buf_text(&a->body), a->body.len) : false;
}

/* Without INT_AS_REAL one number beyond 64 bits would make
 * the whole text invalid. */
json_t *refusal_object(const struct http_answer *a)
{
	json_error_t why;
	json_t *body = json_loadb(buf_text(&a->body), a->body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);

	if (body != NULL && !json_is_object(body)) {
		json_decref(body);
		return NULL;
	}
	return body;
}
