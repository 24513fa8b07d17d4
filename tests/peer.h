/*
 * peer.h - a server in memory, for unit tests and fuzz targets: a wire whose input is a text, and whose output a test may look at.
 *
 * At each NUL in the text the server waits until the client has sent something since the last NUL.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "net/stream.h"

struct far_end {
	const char *text;
	size_t      size, at;     /* octets of the text, and how many of them were sent */
	bool        client_first; /* the server sends nothing before it has received something */
	bool        stays;        /* after the text the server is silent; otherwise it closes the connection */
	size_t      most;         /* the server is gone after it received so many octets; 0: it is never gone */
	bool        heard;        /* the client has sent something since the last NUL */
	size_t      received;     /* octets */
	void (*came)(void *ctx, char c); /* called for each octet from the client; NULL: not called */
	void (*said)(void *ctx, char c); /* called for each octet from the server; NULL: not called */
	void *ctx;
};

static inline ptrdiff_t peer_read(void *ctx, void *to, size_t n, struct err *e)
{
	struct far_end *p = ctx;
	size_t took = 0;

	(void)e;
	if (p->client_first && p->received == 0)
		return WIRE_WANT_READ;
	if (p->at < p->size && p->text[p->at] == '\0') {
		if (!p->heard)
			return WIRE_WANT_READ;
		p->heard = false;
		p->at++;
	} else if (p->at == p->size) {
		return p->stays ? WIRE_WANT_READ : 0;
	}
	while (took < n && p->at < p->size && p->text[p->at] != '\0') {
		if (p->said != NULL)
			p->said(p->ctx, p->text[p->at]);
		((char *)to)[took++] = p->text[p->at++];
	}
	return took > 0 ? (ptrdiff_t)took : WIRE_WANT_READ;
}

static inline ptrdiff_t peer_write(void *ctx, const void *from, size_t n, struct err *e)
{
	struct far_end *p = ctx;
	size_t room = p->most > 0 ? p->most - p->received : n;

	if (room == 0 && n > 0) {
		fail(e, ST_CONNECT, FATE_TEMP, "the peer is gone");
		return WIRE_ERROR;
	}
	n = n < room ? n : room;
	for (size_t i = 0; i < n && p->came != NULL; i++)
		p->came(p->ctx, ((const char *)from)[i]);
	p->heard = true;
	p->received += n;
	return (ptrdiff_t)n;
}

static inline void peer_close(void *ctx, int64_t deadline)
{
	struct far_end *p = ctx;

	(void)deadline;
	p->at = p->size;
	p->stays = false;
}

static inline int peer_fd(void *ctx)
{
	(void)ctx;
	return -1; /* no descriptor: more input never comes */
}

/* For `came`: the client's lines end with CRLF, whatever the server sends.  False: not this one.  *last: the octet before. */
static inline bool peer_crlf(char *last, char c)
{
	bool ok = c != '\0' && (c == '\n') == (*last == '\r');

	*last = c;
	return ok;
}

static inline struct wire peer_wire(struct far_end *p)
{
	return (struct wire){ peer_read, peer_write, peer_close, peer_fd, p };
}

#endif
