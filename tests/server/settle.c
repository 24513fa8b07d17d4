/* When the flight of a client is over: all that it sent is here, and it sleeps.  How long this takes does not count. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LOOK_MS = 1,		/* between two looks at the client */
	UNKNOWN_MS = 50,	/* for a client whose processes cannot be seen */
	STUCK_MS = 10000,	/* for a client that sleeps because nobody reads what it sends */
};

/* The client's end of a connection. */
struct far_end {
	unsigned long inode;	/* 0: it is not on this machine, or nobody holds it any more */
	unsigned long on_way;	/* octets that it has sent, and that have not arrived here */
};

/* How many processes hold the client's end, and how many of them sleep. */
struct holders {
	unsigned all, asleep;
};

static unsigned port_at(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage any = { 0 };
	socklen_t size = sizeof(any);

	if (name(fd, (struct sockaddr *) &any, &size) < 0)
		return 0;
	if (any.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *) &any)->sin_port);
	return any.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *) &any)->sin6_port) : 0;
}

static int peer_name(int fd, struct sockaddr *to, socklen_t *size) { return getpeername(fd, to, size); }
static int own_name(int fd, struct sockaddr *to, socklen_t *size) { return getsockname(fd, to, size); }

/* All connections are on the loopback, so the two ports are enough to know one. */
static bool look_up(const char *table, unsigned client, unsigned server, struct far_end *end)
{
	FILE *file = fopen(table, "re");
	unsigned local, remote;
	char line[512];
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %*x %lx:%*x %*x:%*x %*x %*u %*u %lu", &local, &remote,
		    &end->on_way, &end->inode) == 4 && local == client && remote == server;
	if (file != NULL)
		fclose(file);
	if (!found)
		*end = (struct far_end) { 0 };
	return found;
}

/* The acknowledgement is sent first if it is late: what has arrived is not on its way. */
static struct far_end far_end_of(const struct conn *c)
{
	unsigned client = port_at(c->fd, peer_name), server = port_at(c->fd, own_name);
	struct far_end end = { 0 };
	int on = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (client != 0 && !look_up("/proc/net/tcp", client, server, &end))
		look_up("/proc/net/tcp6", client, server, &end);
	return end;
}

static bool holds(const char *pid, unsigned long inode)
{
	char path[300], want[64], is[64];
	DIR *dir;
	bool found = false;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	for (struct dirent *d; dir != NULL && !found && (d = readdir(dir)) != NULL;) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, is, sizeof(is) - 1);

		is[n > 0 ? n : 0] = '\0';
		found = strcmp(is, want) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* A process that waits for the processor, is stopped, or is being traced does not sleep. */
static bool sleeps(const char *pid)
{
	char path[300], line[512];
	const char *state = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) != NULL)
		state = strrchr(line, ')');	/* behind the name */
	fclose(file);
	return state != NULL && strncmp(state, ") S", 3) == 0;
}

static struct holders holders_of(unsigned long inode)
{
	struct holders h = { 0 };
	DIR *proc = opendir("/proc");

	for (struct dirent *d; proc != NULL && (d = readdir(proc)) != NULL;) {
		if (!isdigit((unsigned char) d->d_name[0]) || !holds(d->d_name, inode))
			continue;
		h.all++;
		h.asleep += sleeps(d->d_name);
	}
	if (proc != NULL)
		closedir(proc);
	return h;
}

static bool has_left(const struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

/*
 * Returns when the client waits for an answer.  First its processes are looked at, and then what is on its way: a client that
 * sleeps sends nothing in between, since it has no answer yet.
 */
void client_settle(const struct conn *c)
{
	long long until = now_ms() + STUCK_MS;

	while (!has_left(c)) {
		struct far_end end = far_end_of(c);
		struct holders h = end.inode == 0 ? (struct holders) { 0 } : holders_of(end.inode);

		if (h.all == 0) {
			pause_ms(UNKNOWN_MS);
			return;
		}
		if (h.asleep < h.all)
			until = now_ms() + STUCK_MS;
		else if (far_end_of(c).on_way == 0 || now_ms() > until)
			return;
		pause_ms(LOOK_MS);
	}
}
