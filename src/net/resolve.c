#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/descriptor.h"
#include "base/identity.h"
#include "base/signals.h"
#include "base/str.h"

#ifndef EAI_NODATA
#define EAI_NODATA EAI_NONAME
#endif
#ifndef EAI_ADDRFAMILY
#define EAI_ADDRFAMILY EAI_NONAME
#endif

struct answer { /* the resolver's child writes it into the pipe */
	int          code; /* EAI_*; 0: addresses follow */
	int          sys;  /* errno for EAI_SYSTEM */
	struct addrs found;
};

static const int families[] = { [IP_ANY] = AF_UNSPEC, [IP_4] = AF_INET, [IP_6] = AF_INET6 };
static const char *const family_names[] = { [IP_ANY] = "IP", [IP_4] = "IPv4", [IP_6] = "IPv6" };

/* Copies the address without [] and "IPv6:"; false if it cannot be an address. */
static bool bare(const char *host, char to[HOST_MAX])
{
	size_t len = strlen(host);

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len > 5 && str_same_n(host, 5, "IPv6:")) {
		host += 5;
		len -= 5;
	}
	if (len == 0 || len >= HOST_MAX)
		return false;
	memcpy(to, host, len);
	to[len] = '\0';
	return true;
}

/* Uses inet_pton(3), since inet_aton(3) takes "1" and "0177.1" as addresses. */
bool resolve_literal(const char *host, unsigned port, struct addr *a)
{
	char text[HOST_MAX], *scope;

	*a = (struct addr){ 0 };
	if (!bare(host, text))
		return false;
	if (inet_pton(AF_INET, text, &a->at.v4.sin_addr) == 1) {
		a->at.v4.sin_family = AF_INET;
		a->at.v4.sin_port = htons((uint16_t)port);
		a->len = sizeof a->at.v4;
		return true;
	}
	scope = strchr(text, '%');
	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, text, &a->at.v6.sin6_addr) != 1)
		return false;
	if (scope != NULL) { /* RFC 4007 11: the name or number of an interface; if there is none, connect(2) fails */
		uint64_t id = if_nametoindex(scope);

		if (id == 0 && !str_number(scope, 0, UINT32_MAX, &id))
			return false;
		a->at.v6.sin6_scope_id = (uint32_t)id;
	}
	a->at.v6.sin6_family = AF_INET6;
	a->at.v6.sin6_port = htons((uint16_t)port);
	a->len = sizeof a->at.v6;
	return true;
}

static bool family_fits(const struct addr *a, enum ip_version v)
{
	return v == IP_ANY || a->at.any.sa_family == families[v];
}

static void add(struct addrs *list, const struct addr *a)
{
	if (list->n < ADDRS_MAX)
		list->a[list->n++] = *a;
}

/* Is this label the last one of the name?  A final dot does not count. */
static bool under(const char *host, const char *top)
{
	size_t len = strlen(host), top_len = strlen(top);

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len < top_len || !str_same_n(host + len - top_len, top_len, top))
		return false;
	return len == top_len || host[len - top_len - 1] == '.';
}

static bool fail_unknown(const struct question *q, struct err *e)
{
	fail(e, ST_RESOLVE, FATE_PERM, "there is no host named %s", q->host);
	return err_hint(e, "check `host` for a typing error");
}

static bool fail_homeless(const struct question *q, struct err *e)
{
	fail(e, ST_RESOLVE, FATE_PERM, "%s has no %s address", q->host, family_names[q->version]);
	return err_hint(e, q->version == IP_ANY ? "check `host`" : "check `host` and `ip_version`");
}

/* The first address that is not taken and of another family than this; else the first that is not taken; else from->n. */
static size_t next_of(const struct addrs *from, const bool *taken, int family)
{
	size_t same = from->n;

	for (size_t i = 0; i < from->n; i++) {
		if (taken[i])
			continue;
		if (from->a[i].at.any.sa_family != family)
			return i;
		if (same == from->n)
			same = i;
	}
	return same;
}

/* RFC 8305 4: the resolver's order, but the families take turns: if one family does not work, it costs one delay, and not one
 * for each of its addresses. */
static void interleave(struct addrs *to, const struct addrs *from)
{
	bool taken[ADDRS_MAX] = { false };
	int last = AF_UNSPEC;
	size_t pick;

	to->n = 0;
	while ((pick = next_of(from, taken, last)) < from->n) {
		taken[pick] = true;
		last = from->a[pick].at.any.sa_family;
		add(to, &from->a[pick]);
	}
}

static void ask_system(const struct question *q, struct answer *to)
{
	struct addrinfo hints = { .ai_family = families[q->version], .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char port[16];

	/* No AI_ADDRCONFIG: without a network getaddrinfo(3) would then say that every name is unknown, a permanent error. */
	hints.ai_flags = AI_NUMERICSERV;
	snprintf(port, sizeof port, "%u", q->port);
	to->code = getaddrinfo(q->host, port, &hints, &list);
	to->sys = errno;
	for (const struct addrinfo *i = to->code == 0 ? list : NULL; i != NULL; i = i->ai_next) {
		struct addr a = { .len = i->ai_addrlen };

		if (i->ai_addrlen > sizeof a.at || (i->ai_family != AF_INET && i->ai_family != AF_INET6))
			continue;
		memcpy(&a.at, i->ai_addr, i->ai_addrlen);
		add(&to->found, &a);
	}
}

/* A program that waits for the end of our output must not wait for the child, too: the child has its pipe as stdout.  If we are
 * killed, the child must not stay: alarm(2) ends it. */
static void child(const struct question *q, int pipe_fd)
{
	static const int defaults[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGALRM };
	struct answer a = { 0 };
	int left = clock_left_ms(q->deadline);
	ssize_t n;

	for (size_t i = 0; i < COUNT(defaults); i++)
		signal(defaults[i], SIG_DFL);
	if (left >= 0)
		alarm((unsigned)left / 1000 + 1);
	if (pipe_fd != STDOUT_FILENO)
		dup2(pipe_fd, STDOUT_FILENO);
	ask_system(q, &a);
	n = write(STDOUT_FILENO, &a, sizeof a); /* it fits into any pipe, so one write(2) is enough */
	_exit(n == (ssize_t)sizeof a ? 0 : 1);
}

/* Reads the whole answer within the deadline. */
static enum io hear(int fd, int64_t deadline, struct answer *a)
{
	struct descriptor d = { .fd = fd, .blocks = true, .deadline = deadline };
	enum io how = IO_DONE;
	size_t n = 0;

	for (size_t have = 0; how == IO_DONE && have < sizeof *a; have += n)
		how = descriptor_read(&d, (char *)a + have, sizeof *a - have, &n);
	return how;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static bool ask_child(const struct question *q, struct answer *a, struct err *e)
{
	int ends[2], why;
	pid_t pid;
	enum io how;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_sys(e, ST_INTERNAL, errno, "cannot make a pipe");
	pid = child_fork(&ends[1], 1);
	if (pid == 0)
		child(q, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return fail_sys(e, ST_INTERNAL, errno, "cannot start a process");
	}
	how = hear(ends[0], q->deadline, a);
	why = how == IO_END ? ECHILD : errno;
	reap(pid);
	close(ends[0]);
	if (how == IO_DONE)
		return true;
	if (signals_stopping()) /* the terminal sends the signal to the child, too, which may have ended first */
		return signals_fail(e, ST_RESOLVE);
	return fail_sys(e, ST_RESOLVE, why, "cannot resolve %s%s", q->host,
			how == IO_LATE ? " in time" : ": the resolver died");
}

/* Turns the answer of getaddrinfo(3) into an error.  Only "no such name" and "no such address" are permanent; all other errors,
 * SERVFAIL and REFUSED too, are temporary. */
static bool judge(const struct question *q, const struct answer *a, struct err *e)
{
	const char *words;

	if (a->code == 0 && a->found.n > 0 && a->found.n <= ADDRS_MAX)
		return true;
	if (a->code == EAI_MEMORY)
		return fail_memory(e);
	if (a->code == EAI_NONAME)
		return fail_unknown(q, e);
	if (a->code == 0 || a->code == EAI_NODATA || a->code == EAI_ADDRFAMILY)
		return fail_homeless(q, e);
	words = a->code == EAI_SYSTEM ? strerror(a->sys) : gai_strerror(a->code);
	fail(e, ST_RESOLVE, FATE_TEMP, "cannot resolve %s now", q->host);
	err_quote(e, words, strlen(words));
	return err_hint(e, "is the network up, and does a name server answer?");
}

static bool keep_literal(const struct question *q, const struct addr *a, struct addrs *to,
			 struct err *e)
{
	if (!family_fits(a, q->version)) {
		fail(e, ST_RESOLVE, FATE_PERM, "%s is no %s address", q->host, family_names[q->version]);
		return err_hint(e, "check `host` and `ip_version`");
	}
	add(to, a);
	return true;
}

/* RFC 6761 6.3: name resolution libraries "SHOULD NOT send queries for localhost names". */
static void add_loopback(const struct question *q, struct addrs *to)
{
	static const char *const loopback[] = { "::1", "127.0.0.1" };

	for (size_t i = 0; i < COUNT(loopback); i++) {
		struct addr a;

		if (resolve_literal(loopback[i], q->port, &a) && family_fits(&a, q->version))
			add(to, &a);
	}
}

bool resolve_is_loopback(const char *host)
{
	char plain[INET6_ADDRSTRLEN] = "";
	struct in_addr four;
	struct in6_addr six;
	size_t len = strlen(host);

	if (host[0] == '[' && len - 2 < sizeof plain)
		memcpy(plain, host + 1, len - 2);
	return str_same(host, "localhost") || (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127)
	    || (inet_pton(AF_INET6, plain, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six));
}

bool resolve(const struct question *q, struct addrs *to, struct err *e)
{
	struct answer a = { 0 };
	struct addr one;
	size_t len = strlen(q->host);

	to->n = 0;
	if (resolve_literal(q->host, q->port, &one))
		return keep_literal(q, &one, to, e);
	if (len == 0 || len >= HOST_MAX || q->host[0] == '[' || under(q->host, "invalid"))
		return fail_unknown(q, e);
	if (under(q->host, "localhost")) {
		add_loopback(q, to);
		return true;
	}
	if (!ask_child(q, &a, e) || !judge(q, &a, e))
		return false;
	interleave(to, &a.found);
	return true;
}
