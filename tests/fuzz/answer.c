/* The answer of a provider, whatever is in it.  The input: a letter for what was asked (t, d, m, r, v: tokens, device code, metadata,
 * registration, revocation), whose three high bits choose the type of the content; three digits for the status; the body. */
#include "fuzz.h"

#include "oauth2/answer.h"
#include "secret/access.h"

#define HOST "p.example"

static void check_text(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		MUST(*s >= ' ' && *s <= '~');
}

static void check_error(const struct err *e, int status)
{
	MUST(e->say[0] != '\0' && e->stage != ST_INTERNAL);
	MUST(e->fate != FATE_NONSENSE || status == 200 || status == 201);
	for (const char *p = e->quote; *p != '\0'; p++)
		MUST((unsigned char)*p >= ' ' && *p != 0x7f);
	for (const char *p = e->say; *p != '\0'; p++)
		MUST((unsigned char)*p >= ' ' && *p != 0x7f);
}

static bool ask_tokens(const struct http_answer *a, struct err *e)
{
	struct refusal r;
	struct tokens t;
	bool got = answer_tokens(a, HOST, &t, &r, e);

	MUST(got == (t.access != NULL));
	if (got) {
		MUST(access_token_ok(t.access, strlen(t.access)) && t.lifetime >= 1 && t.lifetime <= 31536000);
		check_text(t.refresh);
		check_text(t.scope);
		MUST(t.who == NULL || strpbrk(t.who, "\r\n\033\001") == NULL);
	}
	MUST(strlen(r.description) <= 300);
	tokens_free(&t);
	return got;
}

static bool ask_device(const struct http_answer *a, struct err *e)
{
	struct device_code d;
	bool got = answer_device(a, HOST, true, &d, NULL, e);

	MUST(got == (d.code != NULL));
	if (got) {
		MUST(http_url_ok(d.uri, true) && (d.complete_uri == NULL || http_url_ok(d.complete_uri, true)));
		MUST(d.lifetime >= 1 && d.interval >= 1 && d.lifetime <= 86400 && d.interval <= 300);
		check_text(d.user_code);
		check_text(d.code);
	}
	device_code_free(&d);
	return got;
}

static bool ask_metadata(const struct http_answer *a, struct err *e)
{
	struct endpoints at;
	char *scopes;
	bool got = answer_metadata(a, "https://p.example", false, &at, &scopes, e);

	MUST(got == (at.token != NULL));
	if (got) {
		const char *urls[] = { at.authorization, at.token, at.device, at.revocation, at.registration };

		for (size_t i = 0; i < COUNT(urls); i++)
			MUST(urls[i] == NULL || http_url_ok(urls[i], false));
		MUST(strcmp(at.issuer, "https://p.example") == 0);
		check_text(scopes);
	}
	endpoints_free(&at);
	free(scopes);
	return got;
}

static bool ask_registration(const struct http_answer *a, struct err *e)
{
	char *id, *secret;
	bool got = answer_registration(a, HOST, &id, &secret, e);

	MUST(got == (id != NULL) && (got || secret == NULL));
	check_text(id);
	check_text(secret);
	free(id);
	free(secret);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char types[][24] = { "application/json", "text/html", "text/plain", "" };
	struct http_answer a = { .body = buf_max(ST_SECRET, HTTP_BODY_MAX, "an answer") };
	struct err e = { .say = "" }, memory;
	bool got;

	if (size < 4 || size > HTTP_BODY_MAX)
		return 0;
	a.status = 100 + (data[1] * 100 + data[2] * 10 + data[3] + 72) % 500; /* "200" is 200 */
	memcpy(a.type, types[(data[0] >> 5) % COUNT(types)], sizeof types[0]);
	MUST(buf_add(&a.body, data + 4, size - 4, &memory));
	switch (data[0] % 32) {
	case 't' % 32: got = ask_tokens(&a, &e); break;
	case 'd' % 32: got = ask_device(&a, &e); break;
	case 'm' % 32: got = ask_metadata(&a, &e); break;
	case 'r' % 32: got = ask_registration(&a, &e); break;
	default: got = answer_revocation(&a, HOST, &e); break;
	}
	if (!got)
		check_error(&e, a.status);
	http_answer_free(&a);
	return 0;
}
