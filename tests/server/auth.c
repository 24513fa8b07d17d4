/* AUTH (RFC 4954): libgsasl's server side, and OAUTHBEARER (RFC 7628) and XOAUTH2 by hand. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <gsasl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum state { MORE, GOOD, BAD };

struct exchange {
	struct conn *c;
	char mech[32];
	Gsasl *lib;
	Gsasl_session *session;
	bool login_prompted, oauth, oauth_refused, scram_started;
	char *authid, *authzid;		/* with OAuth; otherwise libgsasl keeps them */
};

static char *encode(const char *p, size_t n)
{
	char *out = NULL;

	if (gsasl_base64_to(p, n, &out, NULL) != GSASL_OK)
		abort();
	return out;
}

static bool decode(const char *base64, char **out, size_t *n)
{
	return gsasl_base64_from(base64, strlen(base64), out, n) == GSASL_OK;
}

/* RFC 4648 4: canonical, padded, and without any other character. */
static bool is_base64(const char *p)
{
	size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	size_t pad = strspn(p + n, "=");

	return p[n + pad] == '\0' && pad <= 2 && (n + pad) % 4 == 0;
}

static bool same(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

static int give_binding(struct exchange *x, bool exporter)
{
	char *value = NULL;
	int rc;

	/* If no -PLUS is offered, the server has no channel binding, and a client's "y" is not a downgrade. */
	if (strcasestr(x->c->script->auth_mechs, "-PLUS") == NULL || !tls_binding(x->c, exporter, &value))
		return GSASL_NO_CALLBACK;
	rc = gsasl_property_set(x->session, exporter ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE, value);
	free(value);
	return rc;
}

static int callback(Gsasl *lib, Gsasl_session *session, Gsasl_property what)
{
	struct exchange *x = gsasl_session_hook_get(session);
	const struct script *s = x->c->script;
	const char *authzid = gsasl_property_fast(session, GSASL_AUTHZID);

	(void) lib;
	switch (what) {
	case GSASL_PASSWORD:
		if (!same(gsasl_property_fast(session, GSASL_AUTHID), s->user))
			return GSASL_NO_PASSWORD;
		return gsasl_property_set(session, what, s->scram_bad == SCRAM_PROOF ? "not the password" : s->password);
	case GSASL_VALIDATE_SIMPLE:
		return same(gsasl_property_fast(session, GSASL_AUTHID), s->user)
		    && same(gsasl_property_fast(session, GSASL_PASSWORD), s->password)
		    ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	case GSASL_VALIDATE_EXTERNAL:
		return x->c->cert_ok && (authzid == NULL || *authzid == '\0' || same(authzid, s->user)
		    || same(authzid, x->c->peer_name)) ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	case GSASL_CB_TLS_UNIQUE:
		return give_binding(x, false);
	case GSASL_CB_TLS_EXPORTER:
		return give_binding(x, true);
	default:
		return GSASL_NO_CALLBACK;
	}
}

static long iterations(const struct script *s)
{
	char *end;
	long n = s->iterations != NULL ? strtol(s->iterations, &end, 10) : 4096;

	/* libgsasl refuses other counts: spoil_scram() puts them into the text of the challenge. */
	return n >= 1 && n <= 1000000 ? n : 4096;
}

static bool exchange_start(struct exchange *x)
{
	char number[32];

	x->oauth = strcmp(x->mech, "OAUTHBEARER") == 0 || strcmp(x->mech, "XOAUTH2") == 0;
	if (x->oauth)
		return true;
	if (gsasl_init(&x->lib) != GSASL_OK)
		abort();
	gsasl_callback_set(x->lib, callback);
	if (gsasl_server_start(x->lib, x->mech, &x->session) != GSASL_OK)
		return false;
	gsasl_session_hook_set(x->session, x);
	snprintf(number, sizeof(number), "%ld", iterations(x->c->script));
	return gsasl_property_set(x->session, GSASL_SCRAM_ITER, number) == GSASL_OK
	    && gsasl_property_set(x->session, GSASL_SERVICE, "smtp") == GSASL_OK
	    && gsasl_property_set(x->session, GSASL_HOSTNAME, "smarthost.test") == GSASL_OK;
}

static void exchange_end(struct exchange *x)
{
	if (x->session != NULL)
		gsasl_finish(x->session);
	if (x->lib != NULL)
		gsasl_done(x->lib);
	free(x->authid);
	free(x->authzid);
}

/* The first message of a SCRAM server is `r=...,s=...,i=...`, the last one `v=...`. */
static void spoil_scram(struct exchange *x, enum state state, char **out)
{
	const struct script *s = x->c->script;
	char *text = NULL, *at;
	struct bytes b = { 0 };
	size_t n;

	if (strncmp(x->mech, "SCRAM-", 6) != 0 || **out == '\0' || !decode(*out, &text, &n))
		return;
	text = must(realloc(text, n + 1));
	text[n] = '\0';
	at = strstr(text, ",i=");
	if (state == MORE && s->scram_bad == SCRAM_NONCE && n > 4)
		text[2] = text[2] == 'A' ? 'B' : 'A';
	if (state == GOOD && s->scram_bad == SCRAM_SIGNATURE && n > 4)
		text[2] = text[2] == 'A' ? 'B' : 'A';
	if (state == MORE && s->iterations != NULL && at != NULL) {
		bytes_add(&b, text, (size_t) (at + 3 - text));
		bytes_add(&b, s->iterations, strlen(s->iterations));
	} else {
		bytes_add(&b, text, n);
	}
	free(*out);
	*out = encode(b.p, b.len);
	free(b.p);
	free(text);
}

static char *between(const char *p, const char *start, const char *stops)
{
	const char *at = strstr(p, start);

	return at != NULL ? text_copy(at + strlen(start), strcspn(at + strlen(start), stops)) : NULL;
}

/* RFC 7628 3.1: gs2-header, then key=value pairs, each followed by ^A, and a last ^A. */
static bool oauth_parse(struct exchange *x, const char *text, size_t n, char **token)
{
	bool bearer = x->mech[0] == 'O';
	bool form = n > 4 && memcmp(text + n - 2, "\001\001", 2) == 0 && strlen(text) == n;

	*token = between(text, "\001auth=Bearer ", "\001");
	if (bearer) {
		x->authid = between(text, "n,a=", ",\001");
		form = form && strncmp(text, "n,", 2) == 0 && strchr(text, '\001') != NULL && strchr(text, '\001')[-1] == ',';
	} else {
		x->authid = strncmp(text, "user=", 5) == 0 ? between(text, "user=", "\001") : NULL;
		form = form && x->authid != NULL;
	}
	if (x->authid == NULL)
		x->authid = must(strdup(""));
	x->authzid = must(strdup(""));
	return form && *token != NULL;
}

static enum state oauth_step(struct exchange *x, const char *input, char **out)
{
	const struct script *s = x->c->script;
	const char *json = s->oauth_error != NULL ? s->oauth_error : "{\"status\":\"invalid_token\",\"scope\":\"mail\"}";
	char *text = NULL, *token = NULL;
	enum state state = BAD;
	size_t n;

	if (input == NULL) {
		*out = must(strdup(""));
		return MORE;
	}
	if (x->oauth_refused) {
		if (strcmp(input, x->mech[0] == 'O' ? "AQ==" : "") != 0)
			violation(x->c, "the answer to %s's error is '%s'", x->mech, input);
		return BAD;
	}
	if (!decode(input, &text, &n))
		return BAD;
	text = must(realloc(text, n + 1));
	text[n] = '\0';
	if (!oauth_parse(x, text, n, &token)) {
		violation(x->c, "malformed %s response", x->mech);
	} else if (!s->xoauth_fail && strcmp(token, s->token) == 0 && (*x->authid == '\0' || same(x->authid, s->user))) {
		state = GOOD;
	} else if (*json != '\0') {
		x->oauth_refused = true;
		*out = encode(json, strlen(json));
		state = MORE;
	}
	free(token);
	free(text);
	return state;
}

/* `input`: base64, NULL for none at all; *out: base64 or NULL. */
static enum state step(struct exchange *x, const char *input, char **out)
{
	enum state state;
	int rc;

	if (x->oauth)
		return oauth_step(x, input, out);
	if (input != NULL && strcmp(x->mech, "LOGIN") == 0 && !x->login_prompted) {
		rc = gsasl_step64(x->session, NULL, out);
		gsasl_free(*out);
		*out = NULL;
	}
	x->login_prompted = true;
	rc = gsasl_step64(x->session, input, out);
	state = rc == GSASL_OK ? GOOD : rc == GSASL_NEEDS_MORE ? MORE : BAD;
	if (state == BAD)
		record_event(x->c, "sasl %s: %s", x->mech, gsasl_strerror_name(rc));
	else
		spoil_scram(x, state, out);
	return state;
}

static void accept_login(struct exchange *x)
{
	struct conn *c = x->c;
	const char *id = x->session != NULL ? gsasl_property_fast(x->session, GSASL_AUTHID) : x->authid;
	const char *zid = x->session != NULL ? gsasl_property_fast(x->session, GSASL_AUTHZID) : x->authzid;

	if (id == NULL)
		id = c->peer_name != NULL && strcmp(x->mech, "EXTERNAL") == 0 ? c->peer_name : "-";
	c->auth_mech = must(strdup(x->mech));
	c->authid = must(strdup(id));
	c->authzid = must(strdup(zid != NULL && strcmp(zid, id) != 0 ? zid : ""));	/* libgsasl fills it in for PLAIN */
}

/* Sends the reply to a step; returns its code. */
static int say(struct exchange *x, enum verb v, enum state state, const char *out)
{
	const struct script *s = x->c->script;
	struct bytes b = { 0 };
	int code;

	if (state == BAD)
		return answerf(x->c, v, x->mech, "535 5.7.8 these credentials are not accepted");
	if (state == GOOD && (out == NULL || *out == '\0' || s->scram_bad == SCRAM_MISSING))
		return answerf(x->c, v, x->mech, "235 2.7.0 welcome");
	if (s->auth_prompt != NULL)
		out = s->auth_prompt;
	bytes_add(&b, "334 ", 4);
	bytes_add(&b, out != NULL ? out : "", out != NULL ? strlen(out) : 0);
	bytes_add(&b, "\r\n", 2);
	code = answer(x->c, v, x->mech, b.p, b.len);
	free(b.p);
	return code;
}

/* The client's next line; NULL if the exchange ends here. */
static char *next_line(struct exchange *x)
{
	char *line;
	size_t len;

	if (io_unread(x->c) > 0)
		violation(x->c, "AUTH went on without waiting for the challenge");
	if (!io_line(x->c, 12288 + 2, &line, &len))
		return NULL;
	if (strcmp(line, "*") == 0) {
		answerf(x->c, V_AUTHLINE, "*", "501 5.7.0 cancelled");
		return NULL;
	}
	if (!is_base64(line)) {
		violation(x->c, "'%s' is not base64", line);
		answerf(x->c, V_AUTHLINE, x->mech, "501 5.5.2 not base64");
		return NULL;
	}
	return must(strdup(line));
}

static void converse(struct exchange *x, const char *initial)
{
	char *input = initial != NULL ? must(strdup(initial)) : NULL;
	enum verb v = V_AUTH;
	bool ended = false;	/* the exchange is complete, except for the client's empty line */
	enum state state = BAD;

	while (true) {
		char *out = NULL;
		int code;

		if (!ended || state == MORE)
			state = step(x, input, &out);
		else if (state == GOOD && *input != '\0')
			violation(x->c, "the answer to the last challenge is not empty");
		code = say(x, v, state, out);
		gsasl_free(out);
		free(input);
		input = NULL;
		if (code / 100 == 2)
			accept_login(x);
		if (code / 100 != 3)
			break;
		ended = state != MORE;
		if (v == V_AUTHLINE && state == BAD)
			ended = true;
		v = V_AUTHLINE;
		input = next_line(x);
		if (input == NULL)
			break;
	}
	free(input);
}

/* Is the mechanism among those of the last EHLO? */
static bool offered(const struct conn *c, const char *mech)
{
	const char *list = ehlo_offered(c, "AUTH");

	while (list != NULL && *(list += strspn(list, " ")) != '\0') {
		size_t n = strcspn(list, " ");

		if (n == strlen(mech) && strncasecmp(list, mech, n) == 0)
			return true;
		list += n;
	}
	return false;
}

void auth_run(struct conn *c, char *arg)
{
	struct exchange x = { .c = c };
	size_t n = strcspn(arg, " ");
	char *initial = arg[n] == ' ' ? arg + n + 1 : NULL;

	snprintf(x.mech, sizeof(x.mech), "%.*s", (int) n, arg);
	for (char *p = x.mech; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char) (*p - 32);
	if (c->auth_mech != NULL || c->mail.open) {
		violation(c, c->mail.open ? "AUTH in a transaction" : "a second AUTH");
		answerf(c, V_AUTH, x.mech, "503 5.5.1 not now");
	} else if (ehlo_offered(c, "AUTH") == NULL) {
		violation(c, "AUTH was not offered");
		answerf(c, V_AUTH, x.mech, "503 5.5.1 AUTH was not offered");
	} else if (!offered(c, x.mech)) {
		violation(c, "the mechanism %s was not offered", x.mech);
		answerf(c, V_AUTH, x.mech, "504 5.5.4 no such mechanism");
	} else if (initial != NULL && strcmp(initial, "=") != 0 && (*initial == '\0' || !is_base64(initial))) {
		violation(c, "the initial response is not base64");
		answerf(c, V_AUTH, x.mech, "501 5.5.2 not base64");
	} else if (initial != NULL && strcmp(x.mech, "CRAM-MD5") == 0) {
		violation(c, "CRAM-MD5 takes no initial response");
		answerf(c, V_AUTH, x.mech, "501 5.7.0 the server speaks first");
	} else if (!exchange_start(&x)) {
		answerf(c, V_AUTH, x.mech, "504 5.5.4 no such mechanism");
	} else {
		converse(&x, initial != NULL && strcmp(initial, "=") == 0 ? "" : initial);
	}
	exchange_end(&x);
}
