/* Octets to and from the client.  All calls block: a child serves one connection only, and is killed with the listener. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_AT = 32768 };	/* octets of replies that are sent before the client's flight ends */

void pause_ms(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long) (ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Flights are counted here, below TLS, so that those of the handshake are counted, too.  Octets that had arrived before the
 * server answered belong to the flight that it answered, even if they are read later: the client sent them without waiting.
 */
static void count_flight(struct conn *c, size_t got)
{
	if (c->arrived > 0) {
		c->arrived -= got;
		return;
	}
	if (c->turned || c->flight == 0)
		c->flight++;
	c->turned = false;
}

ssize_t raw_read(struct conn *c, void *p, size_t n)
{
	atomic_llong *waiting = &c->shared->waiting[c->number % MAX_CHILDREN];
	struct pollfd ready = { .fd = c->fd, .events = POLLIN };
	ssize_t got;

	if (c->arrived > 0 && n > c->arrived)
		n = c->arrived;
	atomic_store(waiting, now_ms());
	while (poll(&ready, 1, -1) < 0 && errno == EINTR)
		;
	atomic_store(waiting, 0); /* before the octets are taken: the listener sees one or the other */
	do
		got = recv(c->fd, p, n, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		count_flight(c, (size_t) got);
		atomic_fetch_add(&c->shared->in_bytes, (unsigned long long) got);
		atomic_fetch_add(&c->shared->reads, 1);
	} else if (!c->closed_by_peer) {
		c->closed_by_peer = true;
		record_event(c, got == 0 || c->quit ? "eof" : "reset");
	}
	return got;
}

/* Called before the first octet of an answer to a flight. */
static void turn(struct conn *c)
{
	int unread = 0;

	if (c->script->rtt > 0) {
		pause_ms(c->script->rtt);
		client_settle(c);
	}
	if (ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0)
		c->arrived = (size_t) unread;
	c->turned = true;
}

bool raw_write(struct conn *c, const char *p, size_t n)
{
	if (!c->turned)
		turn(c);
	while (n > 0) {
		ssize_t done = send(c->fd, p, n, MSG_NOSIGNAL | (c->more ? MSG_MORE : 0));

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		atomic_fetch_add(&c->shared->out_bytes, (unsigned long long) done);
		p += done;
		n -= (size_t) done;
	}
	return true;
}

/* One piece as one segment or TLS record. */
static bool send_piece(struct conn *c, const char *p, size_t n)
{
	if (c->tls == NULL)
		return raw_write(c, p, n);
	while (n > 0) {
		ssize_t done = gnutls_record_send(c->tls, p, n);

		if (done == GNUTLS_E_AGAIN || done == GNUTLS_E_INTERRUPTED)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t) done;
	}
	return true;
}

bool io_send(struct conn *c, const char *p, size_t n)
{
	size_t most = c->script->split > 0 ? c->script->split : n;

	while (n > 0) {
		size_t piece = n < most ? n : most;

		if (!send_piece(c, p, piece)) {
			c->over = true;
			return false;
		}
		p += piece;
		n -= piece;
	}
	return true;
}

bool io_flush(struct conn *c)
{
	size_t len = c->out.len;

	c->out.len = 0;
	return len == 0 || io_send(c, c->out.p, len);
}

bool io_readable(struct conn *c, int ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	if (c->tls != NULL && gnutls_record_check_pending(c->tls) > 0)
		return true;
	return poll(&p, 1, ms) > 0;
}

static ssize_t receive(struct conn *c, char *p, size_t n)
{
	ssize_t got;

	if (c->tls == NULL)
		return raw_read(c, p, n);
	do
		got = gnutls_record_recv(c->tls, p, n);
	while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
	if (got > 0)
		atomic_fetch_add(&c->shared->records, 1);
	else if (got == 0)
		record_event(c, "close_notify");
	else if (got != GNUTLS_E_PREMATURE_TERMINATION && !c->closed_by_peer)
		record_event(c, "tls-error %s", gnutls_strerror((int) got));
	return got;
}

size_t io_unread(const struct conn *c) { return c->in.len - c->in_at; }

/*
 * Adds the client's next octets to c->in; false at the end of the connection.  Replies are sent before waiting.  In the middle
 * of a line or a body, more of the same flight is under way.  Then the replies are held back until the client waits, so that
 * the number of flights does not depend on how TCP split them.
 */
bool io_fill(struct conn *c, bool middle)
{
	char block[65536];
	ssize_t got;

	if (c->over)
		return false;
	if (middle && c->out.len > 0 && !io_readable(c, 0))
		client_settle(c);
	if (c->out.len > FLUSH_AT || (c->out.len > 0 && !io_readable(c, 0)))
		if (!io_flush(c))
			return false;
	if (c->in_at > 0) {
		memmove(c->in.p, c->in.p + c->in_at, c->in.len - c->in_at);
		c->in.len -= c->in_at;
		c->in_at = 0;
	}
	got = receive(c, block, c->script->slow_bytes > 0 && c->body.started ? c->script->slow_bytes : sizeof(block));
	if (got <= 0) {
		c->over = true;
		return false;
	}
	bytes_add(&c->in, block, (size_t) got);
	return true;
}

/* Reads and discards until the client leaves.  Replies that are still queued are discarded, too. */
void io_drain(struct conn *c)
{
	char block[65536];

	c->out.len = 0;
	while (!c->closed_by_peer && receive(c, block, sizeof(block)) > 0)
		;
	while (!c->closed_by_peer && raw_read(c, block, sizeof(block)) > 0)
		;
	c->over = true;
}

/* Never reads again.  It tells the listener not to wait for this child: with a full window the client's end does not arrive. */
void io_park(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

	record_event(c, "stopped reading");
	if (write(c->tell, "P", 1) != 1)
		c->over = true;
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	c->over = true;
}

/*
 * One line without its LF or CRLF, valid until the next call.  A malformed line is recorded as a violation, and so is a line of
 * more than `max` octets with its CRLF, but both are read.  A line of more than 1 MiB ends the connection.
 */
bool io_line(struct conn *c, size_t max, char **line, size_t *len)
{
	size_t seen = 0;
	char *lf = NULL, *p;
	size_t n;

	while (lf == NULL) {
		size_t have = io_unread(c);

		if (have > seen)
			lf = memchr(c->in.p + c->in_at + seen, '\n', have - seen);
		seen = have;
		if (lf != NULL)
			break;
		if (have > 1048576) {
			violation(c, "a line without an end");
			return false;
		}
		if (!io_fill(c, have > 0)) {
			if (have > 0)
				record_line(c, 'C', c->in.p + c->in_at, have);
			return false;
		}
	}
	p = c->in.p + c->in_at;
	n = (size_t) (lf - p);
	c->in_at += n + 1;
	if (n + 1 > max)
		violation(c, "a line of %zu octets, where %zu are allowed", n + 1, max);
	if (n > 0 && p[n - 1] == '\r')
		n--;
	else
		violation(c, "a line that ends in a bare LF");
	if (memchr(p, '\r', n) != NULL)
		violation(c, "a bare CR in a command");
	if (memchr(p, '\0', n) != NULL)
		violation(c, "a NUL in a command");
	p[n] = '\0';
	*line = p;
	*len = n;
	record_line(c, 'C', p, n);
	return true;
}
