#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/signals.h"

enum { CLOSE_S = 2 }; /* at most, to send the last bytes */

static ptrdiff_t fd_read(void *ctx, void *to, size_t n, struct err *e)
{
	ssize_t r = read((int)(intptr_t)ctx, to, n);

	if (r >= 0)
		return r;
	if (errno == EAGAIN || errno == EINTR)
		return WIRE_WANT_READ;
	fail_sys(e, e->stage, errno, "lost the connection to the server");
	return WIRE_ERROR;
}

static ptrdiff_t fd_write(void *ctx, const void *from, size_t n, struct err *e)
{
	ssize_t r = write((int)(intptr_t)ctx, from, n);

	if (r >= 0)
		return r;
	if (errno == EAGAIN || errno == EINTR)
		return WIRE_WANT_WRITE;
	fail_sys(e, e->stage, errno, "lost the connection to the server");
	return WIRE_ERROR;
}

/* If input is unread at close(2), the kernel sends a reset.  It can overtake our last bytes (QUIT, close_notify), and the server
 * may then drop the message.  So shutdown(2) and reads come before close(2). */
static void fd_close(void *ctx, int64_t deadline)
{
	int fd = (int)(intptr_t)ctx;
	char rest[4096];

	(void)deadline;
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 64 && read(fd, rest, sizeof rest) > 0; i++)
		;
	close(fd);
}

static int fd_fd(void *ctx)
{
	return (int)(intptr_t)ctx;
}

struct wire wire_fd(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return (struct wire){ fd_read, fd_write, fd_close, fd_fd, (void *)(intptr_t)fd };
}

void stream_open(struct stream *s, struct wire w, int64_t until)
{
	s->wire = w;
	s->in_pos = s->in_len = s->out_len = 0;
	s->flights = 1; /* the connect */
	s->waiting = true;
	s->eof = false;
	s->hide = NULL;
	s->hide_ctx = NULL;
	s->stage = ST_CONNECT;
	s->deadline = CLOCK_NEVER;
	s->until = until;
}

void stream_attempt(struct stream *s, enum stage stage, int64_t deadline)
{
	s->stage = stage;
	s->deadline = deadline;
}

bool stream_wait(struct stream *s, short events, struct err *e)
{
	int64_t deadline = clock_sooner(s->deadline, s->until);
	int fd = s->wire.fd(s->wire.ctx);

	if (fd < 0)
		return fail(e, s->stage, FATE_TEMP, "the other side sends nothing more");
	switch (clock_passed(deadline) ? IO_LATE : descriptor_wait(fd, events, deadline)) {
	case IO_DONE:
		return true;
	case IO_STOPPED:
		return signals_fail(e, s->stage);
	case IO_LATE:
		return fail_sys(e, s->stage, ETIMEDOUT, "%s",
				s->until <= s->deadline ? "the submission took longer than total_timeout"
							: "the server did not answer in time");
	default:
		return fail_sys(e, s->stage, errno, "cannot wait for the server");
	}
}

static void make_room(struct stream *s)
{
	if (s->in_pos == 0)
		return;
	memmove(s->in, s->in + s->in_pos, s->in_len - s->in_pos);
	s->in_len -= s->in_pos;
	s->in_pos = 0;
}

/* Reads once, without waiting; returns the wire's result. */
static ptrdiff_t read_once(struct stream *s, struct err *e)
{
	ptrdiff_t r;

	make_room(s);
	if (s->in_len == sizeof s->in) {
		fail(e, s->stage, FATE_NONSENSE, "the server sends replies and does not read");
		return WIRE_ERROR;
	}
	e->stage = s->stage;
	r = s->wire.read(s->wire.ctx, s->in + s->in_len, sizeof s->in - s->in_len, e);
	if (r > 0)
		s->in_len += (size_t)r;
	if (r == 0)
		s->eof = true;
	return r;
}

/* Waits for more input; false at the end of the connection, too. */
static bool fill(struct stream *s, struct err *e)
{
	for (;;) {
		ptrdiff_t r = s->eof ? 0 : read_once(s, e);

		if (r > 0)
			return true;
		if (r == 0)
			return fail(e, s->stage, FATE_TEMP, "the server closed the connection");
		if (r == WIRE_ERROR || !stream_wait(s, r == WIRE_WANT_WRITE ? POLLOUT : POLLIN, e))
			return false;
	}
}

/* The wire takes no more bytes: waits, and reads meanwhile (RFC 2920 3.1).  A server that has closed its side may still read
 * ours; if it does not, the next write fails. */
static bool wait_for_room(struct stream *s, ptrdiff_t why, struct err *e)
{
	bool listen = !s->eof && s->in_len - s->in_pos < sizeof s->in;
	short events = (short)(why == WIRE_WANT_READ ? POLLIN : POLLOUT | (listen ? POLLIN : 0));

	if (!stream_wait(s, events, e))
		return false;
	return !listen || read_once(s, e) != WIRE_ERROR;
}

bool stream_flush(struct stream *s, struct err *e)
{
	size_t done = 0;

	if (s->out_len == 0)
		return true;
	if (s->waiting)
		s->flights++;
	s->waiting = false;
	while (done < s->out_len) {
		ptrdiff_t r;

		e->stage = s->stage;
		r = s->wire.write(s->wire.ctx, s->out + done, s->out_len - done, e);
		if (r > 0)
			done += (size_t)r;
		else if (r == WIRE_ERROR || !wait_for_room(s, r, e))
			return false;
	}
	s->out_len = 0;
	return true;
}

char *stream_out_room(struct stream *s, size_t min, size_t *n, struct err *e)
{
	if (sizeof s->out - s->out_len < min && !stream_flush(s, e))
		return NULL;
	*n = sizeof s->out - s->out_len;
	return s->out + s->out_len;
}

void stream_out_used(struct stream *s, size_t n)
{
	s->out_len += n;
	if (s->out_used < s->out_len)
		s->out_used = s->out_len;
}

bool stream_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		size_t room, take;
		char *to = stream_out_room(s, 1, &room, e);

		if (to == NULL)
			return false;
		take = n < room ? n : room;
		memcpy(to, from, take);
		stream_out_used(s, take);
		from += take;
		n -= take;
	}
	return true;
}

bool stream_line(struct stream *s, size_t max, char **line, size_t *len, struct err *e)
{
	size_t seen = 0;
	char *nl;

	s->waiting = true;
	for (;;) {
		char *start = s->in + s->in_pos;
		size_t have = s->in_len - s->in_pos;

		nl = memchr(start + seen, '\n', have - seen);
		if (nl != NULL && (size_t)(nl - start) <= max)
			break;
		if (nl != NULL || have > max)
			return fail(e, s->stage, FATE_NONSENSE, "the server sent a line longer than %zu bytes", max);
		seen = have;
		if (!fill(s, e))
			return false;
	}
	*line = s->in + s->in_pos;
	*len = (size_t)(nl - *line);
	s->in_pos += *len + 1;
	if (*len == 0 || nl[-1] != '\r')
		return fail(e, s->stage, FATE_NONSENSE, "the server ended a line with a bare LF");
	(*line)[--*len] = '\0';
	if (memchr(*line, '\0', *len) != NULL)
		return fail(e, s->stage, FATE_NONSENSE, "the server sent a NUL");
	return true;
}

void stream_literal(const struct stream *s, char to[STREAM_LITERAL_MAX])
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;
	char ip[64];
	int fd = s->wire.fd(s->wire.ctx);

	snprintf(to, STREAM_LITERAL_MAX, "[127.0.0.1]");
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0 || a.ss_family == AF_UNIX
	    || getnameinfo((struct sockaddr *)&a, len, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) != 0)
		return;
	ip[strcspn(ip, "%")] = '\0';
	snprintf(to, STREAM_LITERAL_MAX, "[%s%s]", a.ss_family == AF_INET6 ? "IPv6:" : "", ip);
}

size_t stream_unread(const struct stream *s)
{
	return s->in_len - s->in_pos;
}

size_t stream_quotable(const struct stream *s, const char *from, size_t n, char *to)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (from[i] != '\r' || (i + 1 < n && from[i + 1] != '\n'))
			to[len++] = from[i];
	to[len] = '\0';
	if (s->hide != NULL)
		s->hide(s->hide_ctx, to, len);
	return len;
}

bool stream_peek(struct stream *s)
{
	struct err quiet;

	if (!s->eof && s->in_len - s->in_pos < sizeof s->in)
		(void)read_once(s, &quiet); /* the next read or write reports an error again */
	return stream_unread(s) > 0 || s->eof;
}

void stream_close(struct stream *s)
{
	if (s->wire.close != NULL)
		s->wire.close(s->wire.ctx, clock_in_s(CLOSE_S));
	s->wire = (struct wire){ 0 };
	explicit_bzero(s->out, s->out_used); /* it may have had the secret of AUTH */
	s->out_used = 0;
	s->in_pos = s->in_len = s->out_len = 0;
}
