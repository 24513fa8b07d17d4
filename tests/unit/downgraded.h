/*
 * downgraded.h - for tests: a whole message through downgrade and transcode, in pieces of `cut` bytes.
 */
#ifndef TESTS_DOWNGRADED_H
#define TESTS_DOWNGRADED_H

#include "mail/header.h"
#include "mime/transcode.h"

struct downgraded {
	struct buf ctes;
	struct buf out; /* head, empty line, body */
	struct err e;
};

enum { DOWNGRADED_MAX = 64 * 1024 * 1024 };

/* The offset of the end of the fields. */
static inline size_t head_of(const char *in, size_t n)
{
	struct field f;
	size_t at = 0;

	while (header_next(in, n, &at, &f))
		;
	return at;
}

/* The body starts behind the empty line, if there is one. */
static inline size_t body_of(const char *in, size_t n)
{
	size_t at = head_of(in, n);

	at += at + 1 < n && in[at] == '\r' && in[at + 1] == '\n';
	return at + (at < n && in[at] == '\n');
}

static inline size_t piece_of(size_t left, size_t cut)
{
	return left < cut ? left : cut;
}

static inline bool decide_whole(struct buf *ctes, const char *in, size_t n, bool eight_bit, size_t cut, struct err *e)
{
	static struct downgrade p;
	size_t body = body_of(in, n);
	bool good = downgrade_begin(&p, eight_bit, "it is so", in, head_of(in, n), e);

	for (size_t at = body; good && at < n; at += cut)
		good = downgrade_feed(&p, in + at, piece_of(n - at, cut), e);
	good = good && downgrade_end(&p, e);
	*ctes = buf_max(ST_INPUT, DOWNGRADE_PARTS, "the parts");
	good = good && buf_add(ctes, p.ctes.bytes, p.ctes.len, e);
	downgrade_free(&p);
	return good;
}

static inline bool take_out(struct transcode *r, struct buf *out, struct err *e)
{
	char piece[1000];
	size_t n;

	while ((n = transcode_output(r, piece, sizeof piece)) > 0)
		if (!buf_add(out, piece, n, e))
			return false;
	return true;
}

static inline bool transcode_whole(struct downgraded *d, const char *in, size_t n, size_t cut)
{
	struct buf head = buf_max(ST_INPUT, DOWNGRADED_MAX, "the head"), ctes = buf_max(ST_INPUT, DOWNGRADE_PARTS, "the parts");
	struct transcode *r = NULL;
	bool good = buf_add(&head, in, head_of(in, n), &d->e)
		 && buf_add(&ctes, buf_text(&d->ctes), d->ctes.len, &d->e)
		 && (r = transcode_new(&ctes, &head, &d->e)) != NULL
		 && transcode_header(&d->out, buf_text(&head), head.len, downgrade_cte(&d->ctes, 0), &d->e)
		 && buf_add(&d->out, in + head.len, body_of(in, n) - head.len, &d->e);

	for (size_t at = body_of(in, n); good && at < n; at += cut)
		good = transcode_feed(r, in + at, piece_of(n - at, cut), &d->e) && take_out(r, &d->out, &d->e);
	good = good && transcode_end(r, &d->e) && take_out(r, &d->out, &d->e);
	transcode_free(r);
	buf_free(&head);
	return good;
}

/* false: refused; d->e says why.  Call downgraded_free() in both cases. */
static inline bool downgrade_whole(struct downgraded *d, const char *in, size_t n, bool eight_bit, size_t cut)
{
	*d = (struct downgraded){ .out = buf_max(ST_INPUT, DOWNGRADED_MAX, "what comes out") };
	cut = cut > TRANSCODE_PIECE ? TRANSCODE_PIECE : cut;
	return decide_whole(&d->ctes, in, n, eight_bit, cut, &d->e) && transcode_whole(d, in, n, cut);
}

static inline void downgraded_free(struct downgraded *d)
{
	buf_free(&d->ctes);
	buf_free(&d->out);
}

#endif
