/* oauth2/authorize, oauth2/loopback, oauth2/browser, oauth2/device: what a login needs beside the provider's own answers. */
#include "tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "oauth2/authorize.h"
#include "oauth2/browser.h"
#include "oauth2/device.h"
#include "oauth2/loopback.h"

static struct err e;

/* ---- authorize ---------------------------------------------------------------------------------------------------------- */

static void test_words(void)
{
	struct authorize a, b;
	char challenge[AUTHORIZE_WORD];

	ok(authorize_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge, &e), "a challenge");
	same(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "  as in RFC 7636 B");
	ok(authorize_begin(&a, &e) && authorize_begin(&b, &e), "two attempts");
	ok(strlen(a.state) == 43 && strspn(a.state, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 43,
	   "a state of 256 bits in base64url");
	ok(strlen(a.verifier) == 43, "a verifier of 43 characters, as RFC 7636 4.1 asks");
	ok(strcmp(a.state, b.state) != 0 && strcmp(a.verifier, b.verifier) != 0 && strcmp(a.state, a.verifier) != 0,
	   "all random");
}

static char text_authorization[] = "https://login.example/authorize?tenant=x", text_client[] = "id +&", text_scope[] = "mail offline_access",
	    text_user[] = "me+a@example.org", text_issuer[] = "https://login.example";

static void test_url(void)
{
	struct login l = { .client_id = text_client, .scope = text_scope, .user = text_user,
			   .at.authorization = text_authorization };
	struct authorize a = { "STATE", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };
	struct buf url = buf_max(ST_INTERNAL, 8192, "the URL");

	ok(authorize_url(&l, &a, "http://127.0.0.1:8000", "prompt=consent", &url, &e), "a URL behind a query of the endpoint's own");
	same(buf_text(&url), "https://login.example/authorize?tenant=x&response_type=code&client_id=id%20%2B%26"
	     "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000&scope=mail%20offline_access&state=STATE"
	     "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	     "&login_hint=me%2Ba%40example.org&prompt=consent", "  has all that RFC 6749 4.1.1 and 7636 4.3 ask for");
	buf_free(&url);
}

static const struct {
	const char *query;
	bool promises;
	enum authorize_answer answer;
	const char *text; /* the code, or a part of the error */
} redirects[] = {
	{ "code=abc&state=STATE", false, AUTHORIZE_CODE, "abc" },
	{ "state=STATE&code=a%2Fb%2B%3D&session_state=x", false, AUTHORIZE_CODE, "a/b+=" },
	{ "code=abc&state=STATE&iss=https%3A%2F%2Flogin.example", true, AUTHORIZE_CODE, "abc" },
	{ "code=abc&state=STATE&iss=https%3A%2F%2Flogin.example", false, AUTHORIZE_CODE, "abc" },
	{ "code=abc&state=STATE&iss=https%3A%2F%2Flogin.example%2F", false, AUTHORIZE_FAILED, "and not from" },
	{ "code=abc&state=STATE&iss=https%3A%2F%2Fevil.example", true, AUTHORIZE_FAILED, "and not from" },
	{ "code=abc&state=STATE", true, AUTHORIZE_FAILED, "does not name its issuer" },
	{ "error=access_denied&state=STATE", true, AUTHORIZE_FAILED, "does not name its issuer" },
	{ "code=abc", false, AUTHORIZE_FOREIGN, "no `state`" },
	{ "", false, AUTHORIZE_FOREIGN, "no `state`" },
	{ "code=abc&state=STATe", false, AUTHORIZE_FOREIGN, "another login" },
	{ "code=abc&state=STATE2", false, AUTHORIZE_FOREIGN, "another login" },
	{ "code=abc&state=", false, AUTHORIZE_FOREIGN, "another login" },
	{ "code=abc&state=STATE&state=STATE", false, AUTHORIZE_FOREIGN, "another login" },
	{ "code=abc&State=STATE", false, AUTHORIZE_FOREIGN, "no `state`" },
	{ "code=abc&code=abd&state=STATE", false, AUTHORIZE_FAILED, "there twice" },
	{ "code=abc%00d&state=STATE", false, AUTHORIZE_FAILED, "cannot be read" },
	{ "code=abc%zz&state=STATE", false, AUTHORIZE_FAILED, "cannot be read" },
	{ "code=&state=STATE", false, AUTHORIZE_FAILED, "has no code" },
	{ "state=STATE", false, AUTHORIZE_FAILED, "has no code" },
	{ "error=access_denied&error_description=no%1b%5Bm&state=STATE", false, AUTHORIZE_FAILED, "access_denied" },
	{ "error=access_denied&code=abc&state=STATE", false, AUTHORIZE_FAILED, "access_denied" },
};

static void check_redirect(size_t i, enum authorize_answer answer, const char *code)
{
	char text[ERR_TEXT];

	err_text(&e, text);
	ok(answer == redirects[i].answer, "redirect: %s", redirects[i].query);
	if (answer == AUTHORIZE_CODE)
		same(code != NULL ? code : "-", redirects[i].text, "  has this code");
	else if (!ok(code == NULL && strstr(text, redirects[i].text) != NULL && strchr(text, '\x1b') == NULL, "  is refused"))
		printf("# %s\n", text);
}

static void test_redirects(void)
{
	struct authorize a = { "STATE", "" };

	for (size_t i = 0; i < COUNT(redirects); i++) {
		struct endpoints at = { .issuer = text_issuer, .promises_iss = redirects[i].promises };
		char *code = NULL;
		enum authorize_answer answer = authorize_parse(&a, &at, "login.example", redirects[i].query, &code, &e);

		check_redirect(i, answer, code);
		free(code);
	}
}

static const struct {
	const char *text;
	enum authorize_answer answer;
} pasted[] = {
	{ "http://127.0.0.1:8000/?code=abc&state=STATE", AUTHORIZE_CODE },
	{ "http://localhost/?state=STATE&code=abc#_=_", AUTHORIZE_CODE },
	{ "?code=abc&state=STATE", AUTHORIZE_CODE },
	{ "code=abc&state=STATE", AUTHORIZE_CODE },
	{ "abc", AUTHORIZE_FOREIGN },
	{ "4/0Ab=", AUTHORIZE_FOREIGN },
	{ "", AUTHORIZE_FOREIGN },
	{ "http://127.0.0.1:8000/?code=abc&state=OTHER", AUTHORIZE_FOREIGN },
	{ "http://127.0.0.1:8000/#code=abc&state=STATE", AUTHORIZE_FOREIGN },
};

static void test_pasted(void)
{
	struct authorize a = { "STATE", "" };
	struct endpoints at = { .issuer = NULL };

	for (size_t i = 0; i < COUNT(pasted); i++) {
		char *code = NULL;

		ok(authorize_paste(&a, &at, "login.example", pasted[i].text, &code, &e) == pasted[i].answer
		   && (code != NULL) == (pasted[i].answer == AUTHORIZE_CODE), "pasted: %s", pasted[i].text);
		free(code);
	}
}

/* ---- loopback ----------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *uri, *host, *path;
	unsigned port;
} uris[] = {
	{ "http://127.0.0.1", "127.0.0.1", "/", 0 },
	{ "http://127.0.0.1:8080", "127.0.0.1", "/", 8080 },
	{ "http://localhost:1/a/b", "localhost", "/a/b", 1 },
	{ "http://[::1]:65535/", "[::1]", "/", 65535 },
	{ "http://localhost/:9", "localhost", "/:9", 0 },
	{ "https://localhost", NULL, NULL, 0 },
	{ "http://localhost.example.org/", NULL, NULL, 0 },
	{ "http://127.0.0.1@example.org/", NULL, NULL, 0 },
	{ "http://localhost:/", NULL, NULL, 0 },
	{ "http://localhost:65536/", NULL, NULL, 0 },
	{ "http://localhost:80x/", NULL, NULL, 0 },
	{ "http://localhost/?x", NULL, NULL, 0 },
	{ "http://0.0.0.0:80/", NULL, NULL, 0 },
	{ "urn:ietf:wg:oauth:2.0:oob", NULL, NULL, 0 },
};

static void test_uris(void)
{
	for (size_t i = 0; i < COUNT(uris); i++) {
		char host[16], path[256];
		unsigned port = 0;
		bool can = loopback_uri(uris[i].uri, host, &port, path);

		ok(can == (uris[i].host != NULL), "redirect URI %s", uris[i].uri);
		ok(!can || (strcmp(host, uris[i].host) == 0 && strcmp(path, uris[i].path) == 0 && port == uris[i].port), "  in parts");
	}
}

static struct loopback server;

static bool takes(void *ctx, const char *query)
{
	(void)ctx;
	return strcmp(query, "state=good") == 0;
}

static int knock(int family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server.port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)server.port), .sin6_addr = in6addr_loopback };
	const struct sockaddr *at = family == AF_INET ? (const void *)&v4 : (const void *)&v6;
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, at, family == AF_INET ? sizeof v4 : sizeof v6) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Serves until nothing has happened for a moment; true if the wait is over. */
static bool serve(void)
{
	struct pollfd fds[LOOPBACK_FDS];

	for (;;) {
		loopback_fds(&server, fds);
		if (poll(fds, LOOPBACK_FDS, 50) <= 0)
			return false;
		if (loopback_serve(&server, fds, takes, NULL))
			return true;
	}
}

/* What the guest has got: the status line and the rest in `answer`. */
static char answer[4096];

static const char *hear(int fd)
{
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	close(fd);
	return answer;
}

static void say(int fd, const char *fmt, const char *host)
{
	char text[300];
	int n = snprintf(text, sizeof text, fmt, host);

	(void)!write(fd, text, (size_t)n);
}

static const struct {
	const char *request; /* %s: the port */
	const char *status;
} requests[] = {
	{ "GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", "404" },
	{ "HEAD /?state=good HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", "405" },
	{ "POST /?state=good HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", "405" },
	{ "GET /?state=bad HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", "400" },
	{ "GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", "400" },
	{ "GET /x?state=good HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", "404" },
	{ "GET /?state=good HTTP/1.1\r\nHost: evil.example:%s\r\n\r\n", "400" },
	{ "GET /?state=good HTTP/1.1\r\nHost: 127.0.0.1:1%s\r\n\r\n", "400" },
	{ "GET /?state=good HTTP/1.1\r\nHost: 127.0.0.1\r\nX-%s: x\r\n\r\n", "400" },
	{ "GET /?state=good HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nHost: x\r\n\r\n", "400" },
	{ "GET /?state=good HTTP/1.1\r\nX-Host: 127.0.0.1:%s\r\n\r\n", "400" },
	{ "GET http://127.0.0.1:%s/?state=good HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "400" },
	{ "GET /?state=good\r\nHost: 127.0.0.1:%s\r\n\r\n", "400" },
	{ "GET\r\nHost: 127.0.0.1:%s \r\n\r\n", "400" },
	{ "\r\nHost: 127.0.0.1:%s HTTP/1.1\r\n\r\n", "400" },
};

static void test_requests(const char *port)
{
	for (size_t i = 0; i < COUNT(requests); i++) {
		int fd = knock(AF_INET);

		say(fd, requests[i].request, port);
		ok(!serve(), "%.30s", requests[i].request);
		ok(strncmp(hear(fd) + strlen("HTTP/1.1 "), requests[i].status, 3) == 0, "  gets %s: %.12s", requests[i].status, answer);
		ok(strstr(answer, "state") == NULL, "  and no word of the query");
		ok(strncmp(requests[i].request, "HEAD", 4) != 0 || strstr(answer, "<html") == NULL, "  HEAD without a body");
	}
}

static void test_large(void)
{
	int fd = knock(AF_INET);
	char junk[1024];

	memset(junk, 'x', sizeof junk);
	for (size_t sent = 0; sent < LOOPBACK_HEAD_MAX; sent += sizeof junk)
		(void)!write(fd, junk, sizeof junk);
	ok(!serve() && strstr(hear(fd), "HTTP/1.1 431 ") != NULL, "a head of 16 KB is refused");
}

static void test_crowd(const char *port)
{
	int silent[3 * LOOPBACK_GUESTS], late, early, again;

	for (size_t i = 0; i < COUNT(silent); i++) {
		silent[i] = knock(i % 2 == 0 ? AF_INET : AF_INET6);
		(void)serve();
	}
	server.guests[0].until = clock_ms() - 1;
	(void)serve();
	late = knock(AF_INET6);
	early = knock(AF_INET);
	ok(late >= 0 && early >= 0, "localhost is served at 127.0.0.1 and ::1");
	say(late, "GET /?state=good HTTP/1.1\r\n", port);
	(void)serve();
	say(early, "GET /?state=good HTTP/1.1\nhost:  LOCALHOST:%s\n\n", port);
	ok(serve(), "behind silent connections comes the redirect");
	say(late, "Host: [::1]:%s\r\n\r\n", port);
	again = knock(AF_INET);
	say(again, "GET /?state=good HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", port);
	loopback_finish(&server, true);
	ok(strstr(hear(early), "200 OK") != NULL && strstr(answer, "Logged in") != NULL, "the page says that it has succeeded");
	ok(strstr(answer, "\r\nCache-Control: no-store\r\n") != NULL && strstr(answer, "\r\nReferrer-Policy: no-referrer\r\n") != NULL
	   && strstr(answer, "\r\nConnection: close\r\n") != NULL, "  and is not kept");
	ok(strstr(hear(late), "HTTP/1.1 400") != NULL && strstr(hear(again), "HTTP/1.1 400") != NULL, "the second and third one get 400");
	ok(knock(AF_INET) < 0, "and then nobody listens");
	for (size_t i = 0; i < COUNT(silent); i++)
		close(silent[i]);
}

static void test_loopback(void)
{
	static struct loopback other;
	char port[16];

	ok(loopback_open(&server, "localhost", 0, "/", &e) && server.port > 0, "a free port");
	snprintf(port, sizeof port, "%u", server.port);
	ok(!loopback_open(&other, "127.0.0.1", server.port, "/", &e) && err_exit_status(&e) == 78, "a port that is taken");
	test_requests(port);
	test_large();
	test_crowd(port);
	ok(loopback_open(&server, "127.0.0.1", 0, "/", &e), "another login");
	snprintf(port, sizeof port, "%u", server.port);
	{
		int fd = knock(AF_INET);

		ok(knock(AF_INET6) < 0, "127.0.0.1 alone is not ::1");
		say(fd, "GET /?state=good HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", port);
		ok(serve(), "its redirect");
		loopback_finish(&server, false);
		ok(strstr(hear(fd), "Not logged in") != NULL, "the page says that it has failed");
	}
}

/* ---- browser ------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *command, *words; /* with a blank between */
} browsers[] = {
	{ "firefox", "firefox URL" },
	{ "firefox --new-window %s", "firefox --new-window URL" },
	{ "open '--to=%s' 100%%", "open --to=URL 100%" },
	{ "firefox %s &", "firefox URL" },
	{ "x %d", "x %d URL" },
};

static void test_browsers(void)
{
	for (size_t i = 0; i < COUNT(browsers); i++) {
		struct strlist argv = { 0 };
		char words[100] = "";

		ok(browser_words(browsers[i].command, "URL", &argv, &e), "BROWSER=%s", browsers[i].command);
		for (size_t j = 0; j < argv.n; j++)
			snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s", j > 0 ? " " : "", argv.items[j]);
		same(words, browsers[i].words, "  in words");
		strlist_free(&argv);
	}
}

/* ---- device ------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *error;
	enum fate fate;
	int sys;
	unsigned pace, next; /* next 0: it ends */
} answers[] = {
	{ "authorization_pending", FATE_TEMP, 0, 5, 5 },
	{ "authorization_pending", FATE_PERM, 0, 1, 1 }, /* the name decides */
	{ "slow_down", FATE_TEMP, 0, 5, 10 },
	{ "slow_down", FATE_TEMP, 0, 100, 105 },
	{ "server_error", FATE_TEMP, 0, 5, 10 },
	{ "", FATE_TEMP, 0, 5, 10 }, /* no connection, or 500 */
	{ "", FATE_TEMP, 0, 40, 60 },
	{ "", FATE_TEMP, 0, 60, 60 },
	{ "", FATE_TEMP, 0, 65, 65 },
	{ "", FATE_TEMP, EINTR, 5, 0 },
	{ "", FATE_NONSENSE, 0, 5, 0 },
	{ "access_denied", FATE_PERM, 0, 5, 0 },
	{ "expired_token", FATE_PERM, 0, 5, 0 },
	{ "bad_verification_code", FATE_PERM, 0, 5, 0 },
};

static void test_pace(void)
{
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct refusal r = { .status = 400 };
		unsigned pace = answers[i].pace;
		bool more;

		snprintf(r.error, sizeof r.error, "%s", answers[i].error);
		fail(&e, ST_SECRET, answers[i].fate, "no tokens");
		e.sys = answers[i].sys;
		more = device_goes_on(&r, &e, &pace);
		ok(more == (answers[i].next != 0) && (!more || pace == answers[i].next), "after %s at %u s", answers[i].error,
		   answers[i].pace);
	}
}

int main(void)
{
	test_words();
	test_url();
	test_redirects();
	test_pasted();
	test_uris();
	test_loopback();
	test_browsers();
	test_pace();
	return done();
}
