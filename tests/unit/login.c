/* What is kept of a login: it comes back as it was written, members of later versions too; what is damaged is refused. */
#include "oauth2/login.h"

#include <stdlib.h>

#include "tap.h"

static bool parses(const char *text)
{
	struct login l = { 0 };
	struct err e;
	bool ok = login_parse(&l, text, strlen(text), &e);

	login_free(&l);
	return ok;
}

static const char *sentence(const char *text)
{
	static struct err e;
	struct login l = { 0 };

	e = (struct err){ .say = "" };
	if (login_parse(&l, text, strlen(text), &e))
		e.say[0] = '\0';
	login_free(&l);
	return e.say;
}

#define HEAD "{\"version\": 1, \"kind\": \"user\", \"token_endpoint\": \"https://x.example/t\", \"client_id\": \"id\""

static void round_trip(void)
{
	static const char text[] = HEAD ", \"refresh_token\": \"r/+=~!\", \"scope\": \"a b\", \"renewed\": 1798099200, \"insecure_http\": true,"
		" \"dead\": \"over\", \"refused\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
		" \"later\": {\"x\": [1, 2.5, null]}, \"issuer\": \"https://x.example\"}";
	struct login l = { 0 }, again = { 0 };
	struct buf out = buf_max(ST_SECRET, 65536, "the login"), twice = buf_like(&out);
	struct err e;

	ok(login_parse(&l, text, strlen(text), &e), "a login is read");
	ok(l.kind == LOGIN_USER && l.insecure_http && l.renewed == 1798099200 && strcmp(l.refresh_token, "r/+=~!") == 0
	   && strcmp(l.at.issuer, "https://x.example") == 0 && strlen(l.refused) == 64, "with what it has");
	ok(login_put(&out, &l, &e) && login_parse(&again, out.bytes, out.len, &e) && login_put(&twice, &again, &e), "it is written and read");
	ok(out.len == twice.len && memcmp(out.bytes, twice.bytes, out.len) == 0, "and nothing changes");
	ok(strstr(out.bytes, "\"later\": {") != NULL && strstr(out.bytes, "2.5") != NULL, "what is not known stays");
	ok(login_set(&again.dead, NULL, &e) && again.dead == NULL, "a text can be taken away");
	login_free(&l);
	login_free(&again);
	ok(l.refresh_token == NULL && l.other == NULL, "nothing is left after login_free()");
	buf_wipe(&out);
	buf_wipe(&twice);
}

static void ceiling(void)
{
	struct login l = { 0 };
	struct buf small = buf_max(ST_SECRET, 20, "the login");
	struct err e;

	ok(login_parse(&l, HEAD "}", strlen(HEAD) + 1, &e) && !login_put(&small, &l, &e), "a text beyond the ceiling is an error");
	ok(strstr(e.say, "larger than 20") != NULL, "which says so");
	login_free(&l);
	buf_wipe(&small);
}

int main(void)
{
	static const char *const refused[] = {
		"", "[]", "null", "{}", "{", HEAD, HEAD "} x", HEAD ", \"scope\": 1}", HEAD ", \"scope\": \"a\", \"scope\": \"b\"}",
		HEAD ", \"refresh_token\": \"a\\nb\"}", HEAD ", \"renewed\": \"1\"}", HEAD ", \"renewed\": -1}", HEAD ", \"renewed\": 1.5}",
		HEAD ", \"renewed\": 100000000000000000000}", HEAD ", \"insecure_http\": 1}", HEAD ", \"refused\": \"abc\"}",
		HEAD ", \"scope\": \"\\u0000\"}",
		"{\"version\": 1, \"kind\": \"other\", \"token_endpoint\": \"x\", \"client_id\": \"x\"}",
		"{\"version\": 1, \"token_endpoint\": \"x\", \"client_id\": \"x\"}",
		"{\"version\": 1, \"kind\": \"user\", \"client_id\": \"x\"}",
		"{\"version\": 1, \"kind\": \"user\", \"token_endpoint\": \"x\"}",
		"{\"kind\": \"user\", \"token_endpoint\": \"x\", \"client_id\": \"x\"}",
		"\xef\xbb\xbf" HEAD "}", HEAD ", \"scope\": \"\xff\"}",
	};

	login_json_start();
	round_trip();
	ceiling();
	ok(parses(HEAD "}"), "the least that is a login");
	for (size_t i = 0; i < COUNT(refused); i++)
		ok(!parses(refused[i]), "refused: %zu", i);
	ok(strstr(sentence("{\"version\": 2}"), "later version") != NULL, "a later version is named");
	return done();
}
