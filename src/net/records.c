#include "net/records.h"

#include <errno.h>

#include "base/descriptor.h"

static ptrdiff_t refill(struct records *r)
{
	size_t n = r->budget < RECORDS_IN_MAX ? r->budget : RECORDS_IN_MAX;
	ptrdiff_t got;

	if (n == 0) {
		fail(&r->why, ST_TLS, FATE_TEMP, "the TLS handshake does not end");
		return WIRE_ERROR;
	}
	got = r->under.read(r->under.ctx, r->in, n, &r->why);
	if (got <= 0)
		return got;
	r->in_pos = 0;
	r->in_len = (size_t)got;
	if (r->budget != SIZE_MAX)
		r->budget -= (size_t)got;
	if (r->first_len == 0) {
		r->first_len = r->in_len < RECORDS_FIRST_MAX ? r->in_len : RECORDS_FIRST_MAX;
		memcpy(r->first, r->in, r->first_len);
	}
	return got;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t n)
{
	struct records *r = ptr;
	ptrdiff_t got = records_unread(r) ? 1 : refill(r);

	if (got <= 0) {
		r->failed = r->failed || got == WIRE_ERROR;
		gnutls_transport_set_errno(r->session, got == WIRE_ERROR ? EIO : EAGAIN);
		return got == 0 ? 0 : -1;
	}
	if (n > r->in_len - r->in_pos)
		n = r->in_len - r->in_pos;
	memcpy(to, r->in + r->in_pos, n);
	r->in_pos += n;
	return (ssize_t)n;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *from, size_t n)
{
	struct records *r = ptr;
	size_t room = RECORDS_OUT_MAX - r->out_len;

	if (room == 0) { /* happens only if the server makes TLS answer, and does not read the answers */
		gnutls_transport_set_errno(r->session, EAGAIN);
		return -1;
	}
	if (n > room)
		n = room;
	memcpy(r->out + r->out_len, from, n);
	r->out_len += n;
	return (ssize_t)n;
}

void records_open(struct records *r, gnutls_session_t session, struct wire under, size_t budget)
{
	memset(r, 0, offsetof(struct records, in));
	r->session = session;
	r->under = under;
	r->budget = budget;
	r->why.stage = ST_TLS;
	gnutls_transport_set_ptr(session, r);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_push_function(session, push);
}

bool records_pending(const struct records *r)
{
	static const unsigned char change[] = { 20, 3, 3, 0, 1, 1 };

	return r->out_len > 0 && (r->out_len != sizeof change || memcmp(r->out, change, sizeof change) != 0);
}

ptrdiff_t records_send(struct records *r, struct err *e)
{
	while (r->out_pos < r->out_len) {
		ptrdiff_t sent = r->under.write(r->under.ctx, r->out + r->out_pos, r->out_len - r->out_pos, e);

		if (sent <= 0) {
			r->broken = r->broken || sent == WIRE_ERROR;
			return sent == 0 ? WIRE_WANT_WRITE : sent;
		}
		r->out_pos += (size_t)sent;
	}
	r->out_pos = r->out_len = 0;
	return 1;
}

void records_send_until(struct records *r, int64_t deadline)
{
	struct err quiet = { .stage = ST_TLS };
	int fd = r->under.fd(r->under.ctx);

	while (records_send(r, &quiet) == WIRE_WANT_WRITE && fd >= 0 && descriptor_wait(fd, POLLOUT, deadline) == IO_DONE)
		;
}
