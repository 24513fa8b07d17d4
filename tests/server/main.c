/* Listens, forks a child for each connection, and exits when standard input ends. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SYNC_MS = 15000, SILENT_MS = 1000 };

struct child {
	pid_t pid;
	unsigned number;
	int fd;		/* end of file: the child has ended; an octet: do not wait for it */
	bool parked, unread;
};

static struct script script;
static struct shared *shared;
static const char *dir, *certs;
static int listeners[MAX_LISTEN];
static size_t listener_count;
static int deaf[2 * MAX_LISTEN];	/* sockets that never accept, each followed by the connection that fills its backlog */
static size_t deaf_count;
static struct child children[MAX_CHILDREN];
static size_t child_count;
static int sockets; /* epoll: which children have something to read.  It holds no socket open, as a descriptor here would. */

static void die(const char *what)
{
	fprintf(stderr, "smarthost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void set_option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		die("setsockopt");
}

static int bind_and_listen(int family, const void *address, socklen_t size)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* Small buffers: a client must notice a server that stops reading before the kernel has taken megabytes. */
	if (script.stop_reading >= 0 || script.slow_bytes > 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, 8192);
	if (bind(fd, address, size) < 0) {
		close(fd);
		return -1;
	}
	if (listen(fd, 128) < 0)
		die("listen");
	return fd;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int n = *path == '/' ? snprintf(un.sun_path, sizeof(un.sun_path), "%s", path)
	    : snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", dir, path);

	if (n >= (int) sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return bind_and_listen(AF_UNIX, &un, sizeof(un));
}

static int listen_address(const char *address, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (strncmp(address, "unix ", 5) == 0)
		return listen_unix(address + 5);
	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return bind_and_listen(AF_INET, &in, sizeof(in));
	if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
		return bind_and_listen(AF_INET6, &in6, sizeof(in6));
	fprintf(stderr, "smarthost: listen: '%s' is no address\n", address);
	exit(2);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage any = { 0 };
	socklen_t size = sizeof(any);
	uint16_t port = 0;

	if (getsockname(fd, (struct sockaddr *) &any, &size) < 0)
		die("getsockname");
	if (any.ss_family == AF_INET)
		memcpy(&port, (char *) &any + offsetof(struct sockaddr_in, sin_port), sizeof(port));
	else if (any.ss_family == AF_INET6)
		memcpy(&port, (char *) &any + offsetof(struct sockaddr_in6, sin6_port), sizeof(port));
	return ntohs(port);
}

static void close_listeners(void)
{
	while (listener_count > 0)
		if (listeners[--listener_count] >= 0)
			close(listeners[listener_count]);
	while (deaf_count > 0)
		close(deaf[--deaf_count]);
}

/* Makes a socket on which later connections get no answer: its backlog has room for one connection, which is made here. */
static void deafen(int fd)
{
	struct sockaddr_storage any = { 0 };
	socklen_t size = sizeof(any);
	int client;

	if (listen(fd, 0) < 0 || getsockname(fd, (struct sockaddr *) &any, &size) < 0)
		die("listen");
	client = socket(any.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client < 0 || connect(client, (struct sockaddr *) &any, size) < 0)
		die("connect");
	deaf[deaf_count++] = fd;
	deaf[deaf_count++] = client;
}

/* All addresses use one port, which the system chooses for the first.  If it is taken on a later address, try again. */
static uint16_t listen_all(void)
{
	static char loopback[] = "127.0.0.1";

	if (script.listen_count == 0)
		script.listen[script.listen_count++] = loopback;
	for (int tries = 0; tries < 50; tries++) {
		uint16_t port = 0;

		for (listener_count = 0; listener_count < script.listen_count; listener_count++) {
			const char *address = script.listen[listener_count];
			bool is_deaf = strncmp(address, "deaf ", 5) == 0;
			int fd = listen_address(is_deaf ? address + 5 : address, port);

			if (fd < 0)
				break;
			if (port == 0)
				port = port_of(fd);
			if (is_deaf)
				deafen(fd);
			listeners[listener_count] = is_deaf ? -1 : fd; /* poll(2) ignores -1 */
		}
		if (listener_count == script.listen_count)
			return port;
		if (errno != EADDRINUSE || port == 0)
			die(script.listen[listener_count]);
		close_listeners();
	}
	die("no port is free on all addresses");
	return 0;
}

static void tell_port(uint16_t port)
{
	char temp[4096], path[4096];
	FILE *f;

	snprintf(temp, sizeof(temp), "%s/port.new", dir);
	snprintf(path, sizeof(path), "%s/port", dir);
	f = fopen(temp, "we");
	if (f == NULL)
		die(temp);
	fprintf(f, "%u\n", (unsigned) port);
	if (fclose(f) != 0 || rename(temp, path) < 0)
		die(path);
	printf("port %u\n", (unsigned) port);
	fflush(stdout);
}

/* Records the client's address and its own; a unix socket has none. */
static void record_connect(const struct conn *c)
{
	struct sockaddr_storage any[2] = { { 0 } };
	socklen_t size[2] = { sizeof(any[0]), sizeof(any[1]) };
	char text[2][64] = { "", "" };

	if (getpeername(c->fd, (struct sockaddr *) &any[0], &size[0]) == 0
	    && getsockname(c->fd, (struct sockaddr *) &any[1], &size[1]) == 0)
		for (size_t i = 0; i < 2; i++)
			if (any[i].ss_family != AF_UNIX)
				getnameinfo((struct sockaddr *) &any[i], size[i], text[i], sizeof(text[i]), NULL, 0, NI_NUMERICHOST);
	if (text[0][0] == '\0' || text[1][0] == '\0')
		record_event(c, "connect");
	else
		record_event(c, "connect from %s to %s", text[0], text[1]);
}

/* Serves one connection, in a process of its own. */
static void serve(int fd, int tell, unsigned number)
{
	struct conn c = { .script = &script, .shared = shared, .dir = dir, .fd = fd, .tell = tell, .number = number };
	int on = 1;

	c.mail.size = -1;
	c.body.head = true;
	bytes_add(&c.in, "", 0);
	bytes_add(&c.out, "", 0);
	bytes_add(&c.said, "", 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	record_connect(&c);
	smtp_serve(&c);
	if (c.tls != NULL)
		gnutls_deinit(c.tls);
	if (c.fd >= 0)
		close(c.fd);
	free(c.peer_name);
	free(c.auth_mech);
	free(c.authid);
	free(c.authzid);
	free(c.in.p);
	free(c.out.p);
	free(c.said.p);
}

static void watch(int fd, unsigned number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = number };

	if (epoll_ctl(sockets, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), ends[2];
	unsigned number;
	pid_t pid;

	if (fd < 0)
		return;
	number = atomic_fetch_add(&shared->connections, 1) + 1;
	watch(fd, number);
	if (child_count == MAX_CHILDREN || pipe(ends) < 0)
		die("too many connections");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_DFL);
		close(ends[0]);
		close_listeners();
		for (size_t i = 0; i < child_count; i++)
			close(children[i].fd);
		close(0);
		serve(fd, ends[1], number);
		exit(0);
	}
	close(fd);
	close(ends[1]);
	children[child_count++] = (struct child) { .pid = pid, .number = number, .fd = ends[0] };
}

static void hear_child(size_t i)
{
	char octet;
	int status;

	if (read(children[i].fd, &octet, 1) == 1) {
		children[i].parked = true;
		return;
	}
	close(children[i].fd);
	if (waitpid(children[i].pid, &status, 0) > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		fprintf(stderr, "smarthost: a connection ended with status %#x, runtime error: see above\n", (unsigned) status);
	children[i] = children[--child_count];
}

static void mark_unread(void)
{
	static struct epoll_event events[MAX_CHILDREN];
	int n = epoll_wait(sockets, events, MAX_CHILDREN, 0);

	for (size_t i = 0; i < child_count; i++) {
		children[i].unread = false;
		for (int k = 0; k < n; k++)
			children[i].unread |= events[k].data.u32 == children[i].number;
	}
}

/*
 * The number of children that may still record something.  A child whose client has been silent for a second does not count:
 * that client is the test itself, which waits for the reply to `sync`.  The time alone does not show this: a child that has just
 * got something, or the end of its client, may not have had the processor since.
 */
static size_t busy(void)
{
	long long now = now_ms();
	size_t n = 0;

	mark_unread();
	for (size_t i = 0; i < child_count; i++) {
		long long since = atomic_load(&shared->waiting[children[i].number % MAX_CHILDREN]);

		n += !children[i].parked && (since == 0 || now - since < SILENT_MS || children[i].unread);
	}
	return n;
}

/* Is a connection waiting to be accepted? */
static bool backlog(void)
{
	struct pollfd p[MAX_LISTEN];

	for (size_t i = 0; i < listener_count; i++)
		p[i] = (struct pollfd) { .fd = listeners[i], .events = POLLIN };
	return poll(p, listener_count, 0) > 0;
}

/*
 * One turn of the main loop.  New connections and the ends of old ones are handled before stdin, so that the answer to `sync`
 * covers everything that a client did before.  False when stdin has ended.
 */
static bool turn(bool *asked, int timeout)
{
	struct pollfd p[MAX_LISTEN + MAX_CHILDREN + 1];
	size_t n = 0, kids = child_count;
	char text[256];
	ssize_t got;

	for (size_t i = 0; i < listener_count; i++)
		p[n++] = (struct pollfd) { .fd = listeners[i], .events = POLLIN };
	for (size_t i = 0; i < kids; i++)
		p[n++] = (struct pollfd) { .fd = children[i].fd, .events = POLLIN };
	p[n++] = (struct pollfd) { .fd = *asked ? -1 : 0, .events = POLLIN };
	if (poll(p, n, timeout) < 0)
		return errno == EINTR;
	for (size_t i = kids; i-- > 0;)		/* backwards: hear_child() moves the last child into the gap */
		if (p[listener_count + i].revents != 0)
			hear_child(i);
	for (size_t i = 0; i < listener_count; i++)
		if (p[i].revents != 0)
			accept_one(listeners[i]);
	if (p[n - 1].revents == 0)
		return true;
	got = read(0, text, sizeof(text));
	if (got <= 0)
		return false;
	*asked = memchr(text, '\n', (size_t) got) != NULL;
	return true;
}

static void answer_sync(bool idle)
{
	record_stats(dir, shared);
	puts(idle ? "idle" : "busy");
	fflush(stdout);
}

static void run(void)
{
	long long since = 0;
	bool asked = false, was = false;

	while (turn(&asked, asked ? 100 : -1)) {
		if (asked && !was)
			since = now_ms();
		if (asked && !backlog() && (busy() == 0 || now_ms() - since > SYNC_MS)) {
			answer_sync(busy() == 0);
			asked = false;
		}
		was = asked;
	}
}

static void finish(void)
{
	for (size_t i = 0; i < child_count; i++)
		kill(children[i].pid, SIGKILL);
	for (size_t i = 0; i < child_count; i++)
		waitpid(children[i].pid, NULL, 0);
	record_stats(dir, shared);
}

/* Executes the command with default signals, because the shell that started this program may ignore some. */
static int run_with_default_signals(char **command)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(command[0], command);
	die(command[0]);
	return 1;
}

static int usage(void)
{
	fputs("usage: smarthost --dir DIR [--certs DIR] [--script FILE]\n"
	      "       smarthost --make-certs DIR\n"
	      "       smarthost --with-default-signals COMMAND [ARG...]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "certs", required_argument, NULL, 'c' },
		{ "script", required_argument, NULL, 's' },
		{ "make-certs", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = NULL;
	int opt;

	if (argc > 2 && strcmp(argv[1], "--with-default-signals") == 0)
		return run_with_default_signals(argv + 2);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'd': dir = optarg; break;
		case 'c': certs = optarg; break;
		case 's': path = optarg; break;
		case 'm': return certs_make(optarg);
		default: return usage();
		}
	}
	if (dir == NULL || optind < argc)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	script_default(&script);
	if (path != NULL)
		script_read(&script, path);
	tls_prepare(&script, certs);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	record_open(dir);
	sockets = epoll_create1(EPOLL_CLOEXEC);
	if (sockets < 0)
		die("epoll_create1");
	tell_port(listen_all());
	run();
	finish();
	return 0;
}
