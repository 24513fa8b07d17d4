/*
 * accept.c - stands for a socket unit with Accept=yes: `accept PATH COMMAND ARG...` listens on a unix socket and runs the command
 * for each connection, which is its standard input and output.
 *
 * Prints "ready" when it listens.  It ends when its own standard input does.
 *
 * `accept --connect PATH` is the other end: what it reads from standard input goes to the socket, and the answers to standard
 * output.  It ends when the other end closes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* kill(2) */
#endif
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof at.sun_path)
		return -1;
	memcpy(at.sun_path, path, strlen(path));
	unlink(path);
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0666) != 0 || listen(fd, 64) != 0)
		return -1;
	return fd;
}

static void start(int fd, char **command)
{
	if (fork() != 0)
		return;
	signal(SIGCHLD, SIG_DFL);
	if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0)
		_exit(127);
	close(fd);
	execvp(command[0], command);
	_exit(127);
}

static int copy(int from, int to)
{
	char piece[4096];
	ssize_t n = read(from, piece, sizeof piece);

	return n > 0 && write(to, piece, (size_t)n) == n;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t child;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
		perror("connect");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	child = fork(); /* each direction has a process: else both ends could wait until the other one reads */
	if (child == 0) {
		while (copy(0, fd))
			;
		shutdown(fd, SHUT_WR);
		_exit(0);
	}
	while (copy(fd, 1))
		;
	if (child > 0)
		kill(child, SIGKILL);
	return 0;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .fd = 0, .events = POLLIN } };
	int fd;

	if (argc == 3 && strcmp(argv[1], "--connect") == 0)
		return connect_to(argv[2]);
	fd = argc < 3 ? -1 : listen_at(argv[1]);
	if (fd < 0) {
		perror("accept");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN); /* nobody waits for the children */
	fds[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	puts("ready");
	fflush(stdout);
	while (poll(fds, 2, -1) > 0 || errno == EINTR) {
		int one;

		if (fds[0].revents != 0)
			break;
		one = accept(fd, NULL, NULL);
		if (one < 0)
			continue;
		start(one, argv + 2);
		close(one);
	}
	return 0;
}
