/* smtp/bearer: the responses with an access token, and what a server's refusal means. */
#include "tap.h"

#include "base/base64.h"
#include "smtp/bearer.h"

static struct err e;

static void same_base64(const struct buf *text, const char *want, const char *what)
{
	struct buf coded = buf_max(ST_AUTH, 4096, "a test");

	ok(base64_encode(&coded, buf_text(text), text->len, &e), "encoded");
	same(buf_text(&coded), want, what);
	buf_free(&coded);
}

static void responses(void)
{
	struct buf b = buf_max(ST_AUTH, 4096, "a test");

	ok(bearer_oauthbearer(&b, "user@example.com", "server.example.com", 587, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", &e), "made");
	same_base64(&b, "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjN"
		    "SbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB", "the vector of RFC 7628 4.1");
	buf_clear(&b);
	ok(bearer_oauthbearer(&b, "a,b=c", "h", 25, "t", &e), "made");
	same(buf_text(&b), "n,a=a=2Cb=3Dc,\1host=h\1port=25\1auth=Bearer t\1\1", "a user with , and =");
	buf_clear(&b);
	ok(bearer_xoauth2(&b, "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", &e), "made");
	same_base64(&b, "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
		    "Google's vector of XOAUTH2");
	buf_free(&b);
}

static void refusals(void)
{
	static const struct {
		const char         *json;
		int                 code;
		struct esc          esc;
		enum bearer_refusal want;
	} rows[] = {
		/* Dovecot 2.3, 2.4 */
		{ "{\"status\":\"invalid_token\",\"openid-configuration\":\"https://x\"}", 535, { 5, 7, 8 }, BEARER_STALE },
		{ "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}", 535, { 5, 7, 8 }, BEARER_STALE },
		{ "{\"scope\":\"mail\",\"status\":\"insufficient_scope\"}", 535, { 5, 7, 8 }, BEARER_SCOPE },
		{ "{\"status\":\"internal_failure\",\"scope\":\"mail\"}", 535, { 5, 7, 8 }, BEARER_LATER },
		{ "{\"status\":\"temporarily_unavailable\"}", 535, { 5, 7, 8 }, BEARER_LATER },
		{ "{\"status\":\"403\"}", 535, { 5, 7, 8 }, BEARER_SCOPE },
		{ "{\"status\":\"500\"}", 535, { 5, 7, 8 }, BEARER_LATER },
		{ "{\"status\":\"invalid_request\"}", 535, { 5, 7, 8 }, BEARER_STALE },
		{ "", 454, { 4, 7, 0 }, BEARER_LATER },
		/* Postfix */
		{ "", 535, { 5, 7, 8 }, BEARER_STALE },
		{ "", 500, { 5, 5, 6 }, BEARER_FINAL },
		/* Google */
		{ "{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}", 535, { 5, 7, 8 }, BEARER_STALE },
		{ "", 555, { 5, 5, 2 }, BEARER_FINAL },
		/* Microsoft */
		{ "", 535, { 5, 7, 3 }, BEARER_STALE },
		{ "", 535, { 5, 7, 139 }, BEARER_FINAL },
		{ "{\"status\":\"401\"}", 535, { 5, 7, 139 }, BEARER_FINAL },
		{ "", 501, { 5, 5, 127 }, BEARER_STALE },
		/* others */
		{ "", 504, { 5, 5, 4 }, BEARER_FINAL },
		{ "", 538, { 5, 7, 11 }, BEARER_FINAL },
		{ "", 500, { 0 }, BEARER_FINAL },
		{ "nonsense", 535, { 0 }, BEARER_STALE },
		{ "{\"status\":503}", 535, { 0 }, BEARER_LATER },
		{ "{\"status\":\"600\"}", 535, { 0 }, BEARER_STALE },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ok(bearer_judge(rows[i].json, strlen(rows[i].json), rows[i].code, rows[i].esc) == rows[i].want, "%d %s", rows[i].code,
		   rows[i].json);
}

static void statuses(void)
{
	static const struct {
		const char *json, *status; /* NULL: none */
	} rows[] = {
		{ "{\"status\":\"a\"}", "a" },
		{ " { \"status\" : 12 } trailing", "12" },
		{ "{\"x\":{\"status\":\"no\"},\"status\":\"yes\"}", "yes" },
		{ "{\"x\":[1,{\"y\":\"]}\"},true,null],\"status\":\"yes\"}", "yes" },
		{ "{\"x\":\"\\\",\\\"status\\\":\\\"no\",\"status\":\"yes\"}", "yes" },
		{ "{\"status\":{\"status\":\"no\"}}", NULL },
		{ "{\"status\":\"\"}", NULL },
		{ "{\"Status\":\"a\"}", NULL },
		{ "{\"status\":\"a", NULL },
		{ "{\"status\":\"a\\", NULL },
		{ "{\"status\"}", NULL },
		{ "[\"status\",\"a\"]", NULL },
		{ "{}", NULL },
		{ "", NULL },
		{ "{\"x\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],\"status\":\"a\"}", NULL },
		{ "{\"status\":\"12345678\"}", NULL }, /* more than there is room for */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char to[8] = "";
		bool found = bearer_status(rows[i].json, strlen(rows[i].json), to, sizeof to);

		ok(rows[i].status == NULL ? !found : found && strcmp(to, rows[i].status) == 0, "status of %s", rows[i].json);
	}
}

int main(void)
{
	responses();
	refusals();
	statuses();
	return done();
}
