/* oauth2/answer, oauth2/refusal, oauth2/provider, the forms of oauth2/http, secret/advice: what a provider may answer, and what
 * becomes of it. */
#include "tap.h"

#include <stdlib.h>
#include <sysexits.h>

#include "oauth2/provider.h"
#include "secret/advice.h"

#define CUT_30 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct http_answer answer(int status, const char *type, const char *body, size_t len)
{
	struct http_answer a = { .status = status, .body = buf_max(ST_SECRET, HTTP_BODY_MAX, "an answer") };
	struct err e;

	snprintf(a.type, sizeof a.type, "%s", type);
	if (!buf_add(&a.body, body, len, &e))
		abort();
	return a;
}

/* ---- tokens -------------------------------------------------------------------------------------- */

#define T "{\"access_token\":\"abc\",\"token_type\":\"Bearer\""

/* RFC 6749 5.1 and 4.2.2, RFC 8628 3.5, and what servers make of them */
static const struct {
	const char *body;
	int64_t     lifetime;
	const char *access, *refresh, *scope, *who; /* NULL: none */
} good[] = {
	{ "{\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"example\",\"expires_in\":3600}", 0, NULL, NULL, NULL, NULL },
	{ "{\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"bearer\",\"expires_in\":3600,"
	  "\"refresh_token\":\"tGzv3JOkF0XG5Qx2TlKWIA\",\"example_parameter\":\"example_value\"}",
	  3600, "2YotnFZFEjr1zCsicMWpAA", "tGzv3JOkF0XG5Qx2TlKWIA", NULL, NULL },
	{ "{\"access_token\":\"abc\"}", 3600, "abc", NULL, NULL, NULL }, /* no token_type */
	{ "{\"access_token\":\"abc\",\"token_type\":\"BEARER\",\"refresh_token\":null,\"scope\":\"\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":\"1800\"}", 1800, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":1799.9}", 1799, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":0}", 1, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":-7}", 1, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":100000000000000000000}", 31536000, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":1e20}", 31536000, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":\"100000000000000000000\"}", 31536000, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":\"soon\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":\"\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"expires_in\":[60]}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"scope\":\" a  b \"}", 3600, "abc", NULL, "a b", NULL },
	{ T ",\"scope\":\"   \"}", 3600, "abc", NULL, "", NULL },
	{ T ",\"scope\":\"a\\tb\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"scope\":[\"a\"]}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"error\":\"\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"refresh_token\":\"a b!~\"}", 3600, "abc", "a b!~", NULL, NULL },
	/* {"email":"me@example.org"}; without padding; with - and _; broken ones are passed over */
	{ T ",\"id_token\":\"x.eyJlbWFpbCI6Im1lQGV4YW1wbGUub3JnIn0.y\"}", 3600, "abc", NULL, NULL, "me@example.org" },
	{ T ",\"id_token\":\"x.eyJlbWFpbCI6ICIiLCAidXBuIjogInVAeCJ9.y\"}", 3600, "abc", NULL, NULL, "u@x" },
	{ T ",\"id_token\":\"x.eyJ1cG4iOiAiw7_Dvz4-Pz8ifQ.y\"}", 3600, "abc", NULL, NULL, "\303\277\303\277>>??" },
	{ T ",\"id_token\":\"x.eyJlbWFpbCI6ICJhXG5iIn0.y\"}", 3600, "abc", NULL, NULL, NULL }, /* a line end */
	{ T ",\"id_token\":\"x.!!!.y\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"id_token\":\"x\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"id_token\":\"..\"}", 3600, "abc", NULL, NULL, NULL },
	{ T ",\"id_token\":7}", 3600, "abc", NULL, NULL, NULL },
};

static void same_or_none(const char *got, const char *want, const char *what)
{
	same(got == NULL ? "(none)" : got, want == NULL ? "(none)" : want, what);
}

static void test_good(void)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct http_answer a = answer(200, "application/json", good[i].body, strlen(good[i].body));
		struct tokens t;
		struct refusal r;
		struct err e = { .say = "" };
		bool got = answer_tokens(&a, "p.example", &t, &r, &e);

		ok(got == (good[i].access != NULL), "%s: %s", good[i].body, e.say);
		ok(t.lifetime == good[i].lifetime, "  lifetime %lld", (long long)t.lifetime);
		same_or_none(t.access, good[i].access, "  access");
		same_or_none(t.refresh, good[i].refresh, "  refresh");
		same_or_none(t.scope, good[i].scope, "  scope");
		same_or_none(t.who, good[i].who, "  who");
		tokens_free(&t);
		http_answer_free(&a);
	}
}

/* ---- all that is no token ------------------------------------------------------------------------ */

#define HTML "<!DOCTYPE html><html><title>Sign in</title>"

static const struct {
	int         status;
	const char *type, *body;
	int         exit;
	const char *error; /* of the refusal */
	const char *text;  /* a part of the sentence and the quote; NULL: any */
} bad[] = {
	/* by the name of the error: RFC 6749 5.2, 8628 3.5 */
	{ 400, "application/json", "{\"error\":\"invalid_grant\"}", EX_NOPERM, "invalid_grant", "does not accept the login" },
	{ 401, "application/json", "{\"error\":\"invalid_client\"}", EX_CONFIG, "invalid_client", NULL },
	{ 400, "application/json", "{\"error\":\"unauthorized_client\"}", EX_CONFIG, "unauthorized_client", NULL },
	{ 400, "application/json", "{\"error\":\"invalid_scope\"}", EX_CONFIG, "invalid_scope", NULL },
	{ 400, "application/json", "{\"error\":\"unsupported_grant_type\"}", EX_CONFIG, "unsupported_grant_type", NULL },
	{ 400, "application/json", "{\"error\":\"authorization_pending\"}", EX_TEMPFAIL, "authorization_pending", NULL },
	{ 428, "application/json", "{\"error\":\"authorization_pending\"}", EX_TEMPFAIL, "authorization_pending", NULL },
	{ 403, "application/json", "{\"error\":\"slow_down\"}", EX_TEMPFAIL, "slow_down", NULL },
	{ 400, "application/json", "{\"error\":\"access_denied\"}", EX_NOPERM, "access_denied", NULL },
	{ 400, "application/json", "{\"error\":\"authorization_declined\"}", EX_NOPERM, "authorization_declined", NULL },
	{ 400, "application/json", "{\"error\":\"expired_token\"}", EX_NOPERM, "expired_token", NULL },
	{ 503, "application/json", "{\"error\":\"temporarily_unavailable\"}", EX_TEMPFAIL, "temporarily_unavailable", NULL },
	{ 400, "application/json", "{\"error\":\"server_error\"}", EX_TEMPFAIL, "server_error", NULL },
	{ 200, "application/json", "{\"error\":\"invalid_grant\"}", EX_NOPERM, "invalid_grant", NULL },
	{ 400, "text/html", "{\"error\":\"invalid_grant\"}", EX_NOPERM, "invalid_grant", NULL }, /* the type does not matter */
	/* unknown names are shown, and the status decides */
	{ 400, "application/json", "{\"error\":\"no_such_thing\"}", EX_NOPERM, "no_such_thing", "no_such_thing" },
	{ 500, "application/json", "{\"error\":\"no_such_thing\"}", EX_TEMPFAIL, "no_such_thing", "no_such_thing" },
	{ 429, "application/json", "{\"error\":\"no_such_thing\"}", EX_TEMPFAIL, "no_such_thing", NULL },
	{ 400, "application/json", "{\"error\":\"Invalid_Grant\"}", EX_NOPERM, "Invalid_Grant", "refuses the request" },
	/* what Microsoft and Google say besides */
	{ 400, "application/json", "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: expired\\r\\nTrace ID: 1\","
	  "\"suberror\":\"token_expired\"}", EX_NOPERM, "invalid_grant", "invalid_grant (token_expired): AADSTS700082: expired  Trace ID" },
	{ 400, "application/json", "{\"error\":\"invalid_grant\",\"error_description\":\"Bad Request\","
	  "\"error_subtype\":\"invalid_rapt\"}", EX_NOPERM, "invalid_grant", "(invalid_rapt): Bad Request" },
	{ 403, "application/json", "{\"error\":{\"code\":403,\"message\":\"no\",\"status\":\"PERMISSION_DENIED\"}}", EX_NOPERM,
	  "PERMISSION_DENIED", "PERMISSION_DENIED: no" },
	/* foreign text is made printable */
	{ 400, "application/json", "{\"error\":\"x\",\"error_description\":\"a\\u001b[31m\\u0085b\\u0007\"}", EX_NOPERM, "x",
	  "a\\x1b[31m\\xc2\\x85b\\x07" },
	{ 400, "application/json", "{\"error\":\"a\\nb\"}", EX_NOPERM, "a b", NULL },
	/* no error: the status decides */
	{ 200, "text/html", HTML, EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "[]", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "null", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "{\"access_token\":\"abc\"", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "{\"access_token\":\"abc\"} x", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "{\"access_token\":\"abc\",\"access_token\":\"d\"}", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "{\"access_token\":\"\\u0000\"}", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "\xef\xbb\xbf{\"access_token\":\"abc\"}", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "{\"access_token\":\"\xff\"}", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "application/json", "{\"access_token\":\"abc\",\"expires_in\":1e400}", EX_PROTOCOL, "", "no JSON object" },
	{ 200, "text/plain", "access_token=abc&token_type=bearer", EX_PROTOCOL, "", "form encoding" },
	{ 200, "application/x-www-form-urlencoded", "a=b", EX_PROTOCOL, "", "form encoding" },
	{ 200, "application/json", "{}", EX_PROTOCOL, "", "access_token" },
	{ 204, "", "", EX_TEMPFAIL, "", "status 204" },
	{ 301, "text/html", HTML, EX_TEMPFAIL, "", "redirect (status 301)" },
	{ 307, "application/json", T "}", EX_TEMPFAIL, "", "redirect (status 307)" },
	{ 400, "text/html", HTML, EX_TEMPFAIL, "", "status 400" },
	{ 400, "application/json", "[]", EX_TEMPFAIL, "", "status 400: []" },
	{ 404, "text/plain", "no such\npage\a", EX_TEMPFAIL, "", "status 404: no such\\x0apage\\x07" },
	{ 408, "", "", EX_TEMPFAIL, "", "status 408" },
	{ 429, "", "", EX_TEMPFAIL, "", "status 429" },
	{ 500, "text/html", HTML, EX_TEMPFAIL, "", "status 500" },
	{ 500, "application/json", T "}", EX_TEMPFAIL, "", "status 500" },
	{ 500, "application/json", T, EX_TEMPFAIL, "", "status 500" },
	{ 500, "text/plain", "ACCESS_TOKEN=abc", EX_TEMPFAIL, "", "status 500" },
	/* tokens that would inject something, or cannot be used */
	{ 200, "application/json", "{\"access_token\":\"\"}", EX_PROTOCOL, "", "access_token" },
	{ 200, "application/json", "{\"access_token\":null}", EX_PROTOCOL, "", "access_token" },
	{ 200, "application/json", "{\"access_token\":7}", EX_PROTOCOL, "", "is no string" },
	{ 200, "application/json", "{\"access_token\":[\"abc\"]}", EX_PROTOCOL, "", "is no string" },
	{ 200, "application/json", "{\"access_token\":\"a\\r\\nRCPT TO:<x>\"}", EX_PROTOCOL, "", "characters" },
	{ 200, "application/json", "{\"access_token\":\"a\\u0001b\"}", EX_PROTOCOL, "", "characters" },
	{ 200, "application/json", "{\"access_token\":\"a b\"}", EX_PROTOCOL, "", "characters" },
	{ 200, "application/json", "{\"access_token\":\"a=b\"}", EX_PROTOCOL, "", "characters" },
	{ 200, "application/json", "{\"access_token\":\"\\u00fc\"}", EX_PROTOCOL, "", "characters" },
	{ 200, "application/json", T ",\"refresh_token\":\"a\\nb\"}", EX_PROTOCOL, "", "refresh_token" },
	{ 200, "application/json", T ",\"refresh_token\":7}", EX_PROTOCOL, "", "refresh_token" },
	{ 200, "application/json", "{\"access_token\":\"abc\",\"token_type\":\"DPoP\"}", EX_CONFIG, "", "of type DPoP" },
	{ 200, "application/json", "{\"access_token\":\"abc\",\"token_type\":\"mac\\u001b\"}", EX_CONFIG, "", "of type mac\\x1b" },
	{ 200, "application/json", "{\"access_token\":\"abc\",\"token_type\":7}", EX_CONFIG, "", "of type ?" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct http_answer a = answer(bad[i].status, bad[i].type, bad[i].body, strlen(bad[i].body));
		struct tokens t;
		struct refusal r;
		struct err e = { .say = "" };
		char text[ERR_TEXT];

		ok(!answer_tokens(&a, "p.example", &t, &r, &e), "%d %s", bad[i].status, bad[i].body);
		ok(err_exit_status(&e) == bad[i].exit, "  ends with %d, not %d", bad[i].exit, err_exit_status(&e));
		ok(t.access == NULL && t.refresh == NULL, "  nothing is kept");
		same(r.error, bad[i].error, "  the error's name");
		err_text(&e, text);
		ok(bad[i].text == NULL || strstr(text, bad[i].text) != NULL, "  says: %s", text);
		ok(strstr(text, "abc") == NULL, "  and no token");
		http_answer_free(&a);
	}
}

static void test_sizes(void)
{
	static char body[HTTP_BODY_MAX + 1], word[20000];
	struct tokens t;
	struct refusal r;
	struct err e;
	struct http_answer a;

	memset(word, 'a', sizeof word);
	for (int n = 16383; n <= 16385; n++) {
		int len = snprintf(body, sizeof body, "{\"access_token\":\"%.*s\",\"refresh_token\":\"%.*s\"}", n, word, n, word);

		a = answer(200, "application/json", body, (size_t)len);
		ok(answer_tokens(&a, "p.example", &t, NULL, &e) == (n <= 16384), "a token of %d bytes", n);
		tokens_free(&t);
		http_answer_free(&a);
	}
	snprintf(body, sizeof body, "{\"error\":\"%.80s\",\"error_description\":\"%.1000s\",\"suberror\":\"%.80s\"}", word, word, word);
	a = answer(400, "", body, strlen(body));
	ok(!answer_tokens(&a, "p.example", &t, &r, &e), "a long description");
	ok(strlen(r.description) == 300 && strcmp(r.description + 297, "...") == 0, "  is cut at 300 bytes");
	ok(strlen(r.error) == 63 && strlen(r.subtype) == 63, "  as is the error's name");
	http_answer_free(&a);
	memset(body, '[', HTTP_BODY_MAX);
	a = answer(200, "", body, HTTP_BODY_MAX);
	ok(!answer_tokens(&a, "p.example", &t, &r, &e) && err_exit_status(&e) == EX_PROTOCOL, "64 KB of brackets");
	http_answer_free(&a);
	a = answer(200, "", "{\"access_token\":\"abc\"}\0", 23);
	ok(!answer_tokens(&a, "p.example", &t, &r, &e) && err_exit_status(&e) == EX_PROTOCOL, "a NUL behind the object");
	http_answer_free(&a);
}

/* ---- the device flow ----------------------------------------------------------------------------- */

#define D "{\"device_code\":\"dc\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"https://p.example/d\""

static const struct {
	const char *body;
	bool        good;
	unsigned    lifetime, interval;
	const char *complete;
} devices[] = {
	/* RFC 8628 3.2 */
	{ "{\"device_code\":\"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":"
	  "\"https://example.com/device\",\"verification_uri_complete\":\"https://example.com/device?user_code=WDJB-MJHT\","
	  "\"expires_in\":1800,\"interval\":5}", true, 1800, 5, "https://example.com/device?user_code=WDJB-MJHT" },
	{ D "}", true, 600, 5, NULL },
	{ D ",\"interval\":0,\"expires_in\":\"900\"}", true, 900, 1, NULL },
	{ D ",\"interval\":100000,\"expires_in\":1e9}", true, 86400, 300, NULL },
	{ "{\"device_code\":\"dc\",\"user_code\":\"a\",\"verification_url\":\"https://www.google.com/device\"}", true, 600, 5, NULL },
	{ D ",\"verification_uri_complete\":\"javascript:alert(1)\"}", false, 0, 0, NULL },
	{ "{\"device_code\":\"dc\",\"user_code\":\"a\",\"verification_uri\":\"http://p.example/\"}", false, 0, 0, NULL },
	{ "{\"device_code\":\"dc\",\"user_code\":\"a\",\"verification_uri\":\"http://127.0.0.1/\"}", false, 0, 0, NULL },
	{ "{\"device_code\":\"dc\",\"user_code\":\"a\\u001b[2J\",\"verification_uri\":\"https://p.example/\"}", false, 0, 0, NULL },
	{ "{\"device_code\":\"dc\",\"user_code\":\"" CUT_30 CUT_30 "aaaaa\",\"verification_uri\":\"https://p.example/\"}", false, 0, 0, NULL },
	{ "{\"device_code\":\"dc\",\"verification_uri\":\"https://p.example/\"}", false, 0, 0, NULL },
	{ "{\"user_code\":\"dc\",\"verification_uri\":\"https://p.example/\"}", false, 0, 0, NULL },
	{ "{\"device_code\":\"dc\",\"user_code\":\"a\"}", false, 0, 0, NULL },
};

static void test_devices(void)
{
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct http_answer a = answer(200, "application/json", devices[i].body, strlen(devices[i].body));
		struct device_code d;
		struct err e = { .say = "" };

		ok(answer_device(&a, "p.example", false, &d, NULL, &e) == devices[i].good, "%s: %s", devices[i].body, e.say);
		ok(d.lifetime == devices[i].lifetime && d.interval == devices[i].interval, "  %u %u", d.lifetime, d.interval);
		same_or_none(d.complete_uri, devices[i].complete, "  the complete URI");
		device_code_free(&d);
		http_answer_free(&a);
	}
}

/* ---- metadata ------------------------------------------------------------------------------------ */

#define I "https://p.example/t"
#define M "{\"issuer\":\"" I "\",\"token_endpoint\":\"https://p.example/token\""
enum { BASIC = 1, ISS = 2, INSECURE = 4 };

static const struct {
	const char *body;
	int         exit; /* 0: it is good */
	unsigned    facts;
	const char *scopes;
} metadata[] = {
	{ M "}", 0, BASIC, NULL },
	{ M ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"client_secret_basic\"]}", 0, 0, NULL },
	{ M ",\"token_endpoint_auth_methods_supported\":[\"none\"]}", 0, 0, NULL },
	{ M ",\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\",\"client_secret_basic\"]}", 0, BASIC, NULL },
	{ M ",\"authorization_response_iss_parameter_supported\":true}", 0, BASIC | ISS, NULL },
	{ M ",\"authorization_response_iss_parameter_supported\":\"true\"}", 0, BASIC, NULL },
	{ M ",\"scopes_supported\":[\"openid\",7,\"a\\nb\",\"x\"]}", 0, BASIC, "openid x" },
	{ M ",\"device_authorization_endpoint\":null,\"revocation_endpoint\":\"\"}", 0, BASIC, NULL },
	/* lies */
	{ "{\"issuer\":\"" I "/\",\"token_endpoint\":\"https://p.example/token\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":\"HTTPS://p.example/t\",\"token_endpoint\":\"https://p.example/token\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":\"https://evil.example\",\"token_endpoint\":\"https://p.example/token\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\",\"token_endpoint\":\"https://p/\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":\"https://p.example/\\n\\u001b[m\",\"token_endpoint\":\"https://p/\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":7,\"token_endpoint\":\"https://p.example/token\"}", EX_CONFIG, 0, NULL },
	{ "{\"token_endpoint\":\"https://p.example/token\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":\"" I "\"}", EX_PROTOCOL, 0, NULL },
	{ "{\"issuer\":\"" I "\",\"token_endpoint\":\"http://p.example/token\"}", EX_CONFIG, 0, NULL },
	{ "{\"issuer\":\"" I "\",\"token_endpoint\":\"file:///etc/passwd\"}", EX_CONFIG, 0, NULL },
	{ M ",\"authorization_endpoint\":\"javascript:alert(1)\"}", EX_CONFIG, 0, NULL },
	{ M ",\"revocation_endpoint\":\"http://127.0.0.1/\"}", EX_CONFIG, 0, NULL },
	{ M ",\"revocation_endpoint\":\"http://127.0.0.1/\"}", 0, BASIC | INSECURE, NULL },
	{ M ",\"registration_endpoint\":\"http://127.0.0.1.evil.example/\"}", EX_CONFIG, INSECURE, NULL },
	{ M ",\"device_authorization_endpoint\":[]}", EX_PROTOCOL, 0, NULL },
};

static void test_metadata(void)
{
	for (size_t i = 0; i < COUNT(metadata); i++) {
		struct http_answer a = answer(200, "application/json", metadata[i].body, strlen(metadata[i].body));
		struct endpoints at;
		char *scopes;
		struct err e = { .say = "" };
		unsigned want = metadata[i].facts;
		bool got = answer_metadata(&a, I, (want & INSECURE) != 0, &at, &scopes, &e);

		ok(got == (metadata[i].exit == 0), "%s: %s", metadata[i].body, e.say);
		ok(got || err_exit_status(&e) == metadata[i].exit, "  ends with %d", err_exit_status(&e));
		ok(!got || strcmp(at.issuer, I) == 0, "  has the issuer");
		ok(got || strpbrk(e.quote, "\n\033") == NULL, "  the error is one line");
		ok(!got || (at.basic_only == ((want & BASIC) != 0) && at.promises_iss == ((want & ISS) != 0)), "  has the facts");
		same_or_none(scopes, metadata[i].scopes, "  scopes");
		endpoints_free(&at);
		free(scopes);
		http_answer_free(&a);
	}
}

static void test_registration(void)
{
	static const struct {
		int         status;
		const char *body;
		int         exit;
		const char *id, *secret;
	} rows[] = {
		{ 201, "{\"client_id\":\"s6BhdRkqt3\",\"client_secret\":\"cf136dc3c1fc93f31185e5885805d\",\"client_name\":\"x\"}", 0,
		  "s6BhdRkqt3", "cf136dc3c1fc93f31185e5885805d" }, /* RFC 7591 3.2.1 */
		{ 200, "{\"client_id\":\"a\"}", 0, "a", NULL },
		{ 201, "{\"client_id\":\"a\\nb\"}", EX_PROTOCOL, NULL, NULL },
		{ 201, "{\"client_id\":\"a\",\"client_secret\":\"a\\u007f\"}", EX_PROTOCOL, NULL, NULL },
		{ 201, "{}", EX_PROTOCOL, NULL, NULL },
		{ 400, "{\"error\":\"invalid_redirect_uri\"}", EX_CONFIG, NULL, NULL },
		{ 400, "{\"error\":\"invalid_client_metadata\"}", EX_CONFIG, NULL, NULL },
		{ 503, "", EX_TEMPFAIL, NULL, NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_answer a = answer(rows[i].status, "application/json", rows[i].body, strlen(rows[i].body));
		char *id, *secret;
		struct err e = { .say = "" };
		bool got = answer_registration(&a, "p.example", &id, &secret, &e);

		ok(got == (rows[i].exit == 0) && (got || err_exit_status(&e) == rows[i].exit), "%s: %s", rows[i].body, e.say);
		same_or_none(id, rows[i].id, "  id");
		same_or_none(secret, rows[i].secret, "  secret");
		free(id);
		free(secret);
		http_answer_free(&a);
	}
}

static void test_revocation(void)
{
	static const struct { int status; const char *body; int exit; } rows[] = {
		{ 200, "", 0 }, { 200, HTML, 0 }, { 204, "", 0 }, { 503, "", EX_TEMPFAIL }, { 302, "", EX_TEMPFAIL },
		{ 400, "{\"error\":\"unsupported_token_type\"}", EX_CONFIG }, { 401, "{\"error\":\"invalid_client\"}", EX_CONFIG },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_answer a = answer(rows[i].status, "", rows[i].body, strlen(rows[i].body));
		struct err e = { .say = "" };
		bool got = answer_revocation(&a, "p.example", &e);

		ok(got == (rows[i].exit == 0) && (got || err_exit_status(&e) == rows[i].exit), "revoked: %d %s", rows[i].status, e.say);
		http_answer_free(&a);
	}
}

/* ---- URLs and forms ------------------------------------------------------------------------------ */

static const struct {
	const char *url;
	bool        good, insecure; /* insecure: good only if http is allowed */
} urls[] = {
	{ "https://p.example", true, false },
	{ "https://p.example:8443/a?b=c", true, false },
	{ "https://[::1]/", true, false },
	{ "HTTPS://p.example/", true, false },
	{ "http://127.0.0.1:80/", false, true },
	{ "http://127.255.255.254/", false, true },
	{ "http://[::1]:1234/x", false, true },
	{ "http://localhost/", false, true },
	{ "http://p.example/", false, false },
	{ "http://127.0.0.1.evil.example/", false, false },
	{ "http://localhost.evil.example/", false, false },
	{ "http://10.0.0.1/", false, false },
	{ "http://[::2]/", false, false },
	{ "ftp://127.0.0.1/", false, false },
	{ "file:///etc/passwd", false, false },
	{ "https://", false, false },
	{ "https:///path", false, false },
	{ "https:/p.example/", false, false },
	{ "https://me@p.example/", false, false },
	{ "https://me:secret@p.example/", false, false },
	{ "https://p.example\\@evil.example/", false, false },
	{ "https://p.example/#x", false, false },
	{ "https://p.example/#", false, false },
	{ "https://p.example/a b", false, false },
	{ "https://p.example/\r\nHost: x", false, false },
	{ "https://p.example/\xc3\xbc", false, false },
	{ "https://p.example:99999/", false, false },
	{ "p.example", false, false },
	{ "", false, false },
};

static void test_urls(void)
{
	char long_url[2100] = "https://p.example/", host[HTTP_HOST];

	for (size_t i = 0; i < COUNT(urls); i++) {
		ok(http_url_ok(urls[i].url, false) == urls[i].good, "the URL %s", urls[i].url);
		ok(http_url_ok(urls[i].url, true) == (urls[i].good || urls[i].insecure), "  with --insecure-http");
	}
	memset(long_url + strlen(long_url), 'a', sizeof long_url - strlen(long_url) - 1);
	long_url[sizeof long_url - 1] = '\0';
	ok(!http_url_ok(long_url, true), "a URL of 2,099 bytes");
	same(http_host("https://p.example/x", host), "p.example", "the host of a URL");
	same(http_host("https://p.example:8443/x", host), "p.example:8443", "  and its port");
	same(http_host("nonsense", host), "the provider", "  of one without a scheme");
	same(http_host("", host), "the provider", "  of none");
}

static void test_forms(void)
{
	struct buf f = buf_max(ST_SECRET, 1000, "a form");
	bool bad_value;
	char *value;
	struct err e;

	/* RFC 6749 B: " %&+£€" in UTF-8; a blank as %20 reads the same as + */
	ok(http_form_add(&f, "a b", " %&+\302\243\342\202\254", &e) && http_form_add(&f, "none", NULL, &e)
	   && http_form_add(&f, "k", "A-z0._~", &e) && http_form_add(&f, "e", "", &e), "a form");
	same(buf_text(&f), "a%20b=%20%25%26%2B%C2%A3%E2%82%AC&k=A-z0._~&e=", "  is encoded");
	buf_free(&f);
	static const struct { const char *query, *want; bool bad; } rows[] = {
		{ "code=a+b%20c&x=y", "a b c", false }, { "x=y&code=%C3%BC", "\303\274", false }, { "code=", "", false },
		{ "xcode=1", NULL, false }, { "code", NULL, false }, { "", NULL, false }, { "codes=1&code=2", "2", false },
		{ "code=1&code=1", NULL, true }, { "code=%", NULL, true }, { "code=%4", NULL, true }, { "code=%zz", NULL, true },
		{ "code=a%00b", NULL, true }, { "&&code=1&&", "1", false }, { "code=%25%32%30", "%20", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		value = http_form_get(rows[i].query, "code", &bad_value);
		same_or_none(value, rows[i].want, rows[i].query);
		ok(bad_value == rows[i].bad, "  and is %s", rows[i].bad ? "broken" : "whole");
		free(value);
	}
}

static void test_scopes(void)
{
	ok(answer_scope_has("a b c", "b") && answer_scope_has("a", "a") && answer_scope_has("a b", "b") && answer_scope_has("a b", "a"), "a scope has its words");
	ok(!answer_scope_has("ab c", "a") && !answer_scope_has("", "a") && !answer_scope_has(NULL, "a") && !answer_scope_has("a b", "a b c"), "and no others");
}

/* ---- providers ----------------------------------------------------------------------------------- */

static void test_row(const struct provider *p)
{
	struct endpoints at;
	struct err e = { .say = "" };
	const char *urls_of[5];
	size_t lines = 1;

	ok(provider_find(p->name) == p && provider_endpoints(p, NULL, &at, &e), "%s has endpoints", p->name);
	memcpy(urls_of, (const char *[]){ at.authorization, at.token, at.device, at.revocation, at.registration }, sizeof urls_of);
	for (size_t i = 0; i < COUNT(urls_of); i++)
		ok(urls_of[i] == NULL || (http_url_ok(urls_of[i], false) && strstr(urls_of[i], "TENANT") == NULL), "  %s",
		   urls_of[i] == NULL ? "(none)" : urls_of[i]);
	ok(at.authorization != NULL && at.token != NULL, "  of which two are needed");
	ok((at.device == NULL) == (p->no_device != NULL), "  no device flow has its reason");
	ok(p->first != FLOW_DEVICE || at.device != NULL, "  the first flow exists");
	ok(p->sends == NULL || answer_scope_has(p->scope, p->sends), "  the scope can send");
	ok(at.revocation != NULL || p->revoke_help != NULL, "  a login can be ended");
	ok(!provider_needs_client(p, "work", &e) && err_exit_status(&e) == EX_CONFIG, "  a client is needed");
	for (const char *c = e.hint; *c != '\0'; c++)
		lines += *c == '\n';
	ok(lines == 3 && strstr(e.hint, "...") == NULL && strstr(e.hint, "%") == NULL, "  with three lines, none cut");
	ok(strstr(e.hint, "postern-oauth2 login work --provider ") != NULL && strstr(e.hint, p->name) != NULL, "  and the command");
	ok(!p->wants_secret || strstr(e.hint, "--client-secret-file") != NULL, "  which has the secret if one is needed");
	endpoints_free(&at);
}

static void test_providers(void)
{
	static const char *const tenants[] = { "consumers", "contoso.example", "72f988bf-86f1-41af-91ab-2d7cd011db47" };
	static const char *const none[] = { "", "a/b", "../x", "a?b", "a b", ".x", "a\n" };
	struct endpoints at;
	struct err e;
	size_t n = 0;

	while (provider_name(n) != NULL)
		test_row(provider_find(provider_name(n++)));
	ok(n == 8, "there are eight providers");
	ok(provider_find("nobody") == NULL && provider_find("") == NULL, "and no others");
	for (size_t i = 0; i < COUNT(tenants); i++) {
		ok(provider_endpoints(provider_find("microsoft"), tenants[i], &at, &e) && strstr(at.token, tenants[i]) != NULL,
		   "the tenant %s", tenants[i]);
		endpoints_free(&at);
	}
	for (size_t i = 0; i < COUNT(none); i++)
		ok(!provider_endpoints(provider_find("microsoft"), none[i], &at, &e) && err_exit_status(&e) == EX_CONFIG,
		   "no tenant: %s", none[i]);
	ok(!provider_endpoints(provider_find("google"), "consumers", &at, &e), "Google has no tenants");
	ok(!provider_needs_client(NULL, "work", &e) && strstr(e.hint, "login work --provider URL") != NULL, "any other server");
}

/* ---- advice -------------------------------------------------------------------------------------- */

static void test_advice(void)
{
	static const struct { const char *quote, *hint; } rows[] = {
		{ "invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.", "90 days: postern-oauth2 login work" },
		{ "invalid_grant (bad_token): AADSTS50173: x", "password was changed" },
		{ "invalid_client: AADSTS7000218: The request body must contain", "Allow public client flows" },
		{ "invalid_client: AADSTS7000222: The provided client secret keys are expired", "has expired" },
		{ "invalid_client: AADSTS7000215: Invalid client secret", "its value, not its id" },
		{ "invalid_grant: AADSTS65001: The user or administrator has not consented", "administrator has to allow" },
		{ "unauthorized_client: AADSTS700016: Application not found", "no such client" },
		{ "invalid_scope: AADSTS70011: x", "one service" },
		{ "interaction_required: AADSTS50076: x", "second factor" },
		{ "access_denied: AADSTS53003: blocked", "a policy" },
		{ "invalid_grant (invalid_rapt): Bad Request", "session control" },
		{ "invalid_grant: Token has been expired or revoked.", "7 days" },
		{ "invalid_scope: Invalid device flow scope: https://mail.google.com/", "--browser" },
		{ "invalid_request: client_secret is missing.", "--client-secret-file FILE" },
		{ "invalid_grant", "postern-oauth2 login work" },
		{ "nothing of these", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { .stage = ST_SECRET, .say = "p.example does not accept the login any more" };

		err_quote(&e, rows[i].quote, strlen(rows[i].quote));
		ok(advice_add(&e, "work") == (rows[i].hint[0] != '\0'), "%s", rows[i].quote);
		ok(strstr(e.hint, rows[i].hint) != NULL && strstr(e.hint, "NAME") == NULL, "  %s", e.hint);
		ok(!advice_add(&e, "other") || strstr(e.hint, "other") == NULL, "  and it stays");
	}
}

int main(void)
{
	test_good();
	test_bad();
	test_sizes();
	test_devices();
	test_metadata();
	test_registration();
	test_revocation();
	test_urls();
	test_forms();
	test_scopes();
	test_providers();
	test_advice();
	return done();
}
