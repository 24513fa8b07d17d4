/* What comes to the loopback listener, and what a person pastes: only what has our state ends the wait, only a request with our Host
 * can bring it, and the page that answers has no word of the request.  The input is taken for both. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "oauth2/authorize.h"
#include "oauth2/loopback.h"

#define STATE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ" /* 43 characters */

static char issuer[] = "https://p.example";
static const struct authorize attempt = { .state = STATE, .verifier = STATE };
static struct endpoints provider = { .issuer = issuer };

struct wait {
	enum authorize_answer answer;
	unsigned              asked;
};

static void check(enum authorize_answer answer, const char *text, char *code, const struct err *e)
{
	MUST(answer == AUTHORIZE_FOREIGN || strstr(text, "state=") != NULL);
	MUST((answer == AUTHORIZE_CODE) == (code != NULL));
	MUST(code == NULL || (code[0] != '\0' && strstr(text, "code=") != NULL));
	MUST(answer == AUTHORIZE_CODE || e->say[0] != '\0');
	free(code);
}

static bool takes(void *ctx, const char *query)
{
	struct wait *w = ctx;
	char *code;
	struct err e;

	w->asked++;
	w->answer = authorize_parse(&attempt, &provider, "p.example", query, &code, &e);
	check(w->answer, query, code, &e);
	return w->answer != AUTHORIZE_FOREIGN;
}

static bool has_host(const char *text)
{
	static const char *const names[] = { "localhost:4711", "127.0.0.1:4711", "[::1]:4711" };
	bool has = false;

	for (size_t i = 0; i < COUNT(names); i++)
		has = has || strcasestr(text, names[i]) != NULL;
	return has && strcasestr(text, "\nhost:") != NULL;
}

/* The answer to the request, if there is one. */
static void check_page(int fd)
{
	char page[4096];
	ssize_t n = recv(fd, page, sizeof page - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;
	page[n] = '\0';
	MUST(str_starts(page, "HTTP/1.1 4") && strstr(page, "\r\n\r\n") != NULL && strstr(page, "Cache-Control: no-store\r\n") != NULL);
	MUST(strstr(page, STATE) == NULL);
}

static void serve(const uint8_t *data, size_t size, const char *text)
{
	static struct loopback b;
	struct pollfd fds[LOOPBACK_FDS] = { { .fd = -1 } };
	struct wait w = { .answer = AUTHORIZE_FOREIGN };
	bool done;
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0 && write(ends[1], data, size) == (ssize_t)size);
	b.listen[0] = b.listen[1] = b.winner = -1;
	b.port = 4711;
	snprintf(b.path, sizeof b.path, "/");
	for (size_t i = 0; i < LOOPBACK_GUESTS; i++)
		b.guests[i].fd = -1;
	b.guests[0].fd = ends[0];
	b.guests[0].until = CLOCK_NEVER;
	fds[LOOPBACK_LISTEN].revents = POLLIN;
	done = loopback_serve(&b, fds, takes, &w);
	MUST(done == (w.answer != AUTHORIZE_FOREIGN) && done == (b.winner >= 0));
	MUST(w.asked == 0 || (w.asked == 1 && str_starts(text, "GET /") && has_host(text)));
	check_page(ends[1]);
	loopback_close(&b);
	close(ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *code;
	enum authorize_answer answer;
	struct err e = { .say = "" };

	provider.promises_iss = size % 2 == 1;
	if (size > 0 && size <= LOOPBACK_HEAD_MAX)
		serve(data, size, text);
	answer = authorize_paste(&attempt, &provider, "p.example", text, &code, &e);
	check(answer, text, code, &e);
	free(text);
	return 0;
}
