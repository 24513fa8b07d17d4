#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"

enum { PIECE = 4096 }; /* bytes that a pipe takes without blocking after poll(2): PIPE_BUF */

static enum io ended(enum io how, int why)
{
	errno = why;
	return how;
}

enum io descriptor_wait_any(struct pollfd *fds, size_t n, int64_t deadline)
{
	for (;;) {
		int ready = signals_poll(fds, n, clock_left_ms(deadline));

		if (ready > 0)
			return IO_DONE;
		if (ready < 0 && errno != EINTR)
			return IO_FAILED;
		if (signals_stopping())
			return ended(IO_STOPPED, EINTR);
		if (ready == 0 && clock_passed(deadline))
			return ended(IO_LATE, ETIMEDOUT);
	}
}

enum io descriptor_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = { fd, events, 0 };

	return descriptor_wait_any(&p, 1, deadline);
}

enum io descriptor_read(const struct descriptor *d, void *to, size_t room, size_t *n)
{
	bool wait = d->blocks;

	*n = 0;
	for (;;) {
		enum io how = wait ? descriptor_wait(d->fd, POLLIN, d->deadline) : IO_DONE;
		ssize_t r;

		if (how != IO_DONE)
			return how;
		if (signals_stopping())
			return ended(IO_STOPPED, EINTR);
		r = read(d->fd, to, room);
		if (r >= 0) {
			*n = (size_t)r;
			return r > 0 ? IO_DONE : IO_END;
		}
		if (errno != EAGAIN && errno != EINTR)
			return IO_FAILED;
		wait = d->blocks || errno == EAGAIN;
	}
}

static enum io wait_for_room(const struct descriptor *d)
{
	struct pollfd now = { d->fd, POLLOUT, 0 };
	enum io how = descriptor_wait(d->fd, POLLOUT, d->deadline);

	return how == IO_STOPPED && poll(&now, 1, 0) > 0 ? IO_DONE : how;
}

enum io descriptor_write(const struct descriptor *d, const void *p, size_t n)
{
	const char *from = p;
	bool wait = d->blocks;

	while (n > 0) {
		enum io how = wait ? wait_for_room(d) : IO_DONE;
		ssize_t w;

		if (how != IO_DONE)
			return how;
		w = write(d->fd, from, d->blocks && n > PIECE ? PIECE : n);
		if (w < 0 && errno != EAGAIN && errno != EINTR)
			return IO_FAILED;
		wait = d->blocks || (w < 0 && errno == EAGAIN);
		from += w < 0 ? 0 : w;
		n -= w < 0 ? 0 : (size_t)w;
	}
	return IO_DONE;
}

int descriptor_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty >= 0 && tcgetpgrp(tty) == getpgrp())
		return tty;
	if (tty >= 0)
		close(tty);
	return -1;
}
