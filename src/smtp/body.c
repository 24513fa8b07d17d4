#include "smtp/body.h"

#include "base/signals.h"
#include "base/trace.h"
#include "mail/filter.h"

enum { BLOCK_S = 180 }; /* seconds for each block, RFC 5321 4.5.3.2.5 */

struct body { /* a rendition on its way out */
	struct chat       *chat;
	const struct verb *verb;
	struct filter      filter;
};

/* The message is our own copy and should not change.  If it has, it is not sent. */
static bool whole(const struct filter *f, struct err *e)
{
	return f->broken == NULL
	    || fail(e, ST_BODY, FATE_TEMP, "the copy of the message has changed since it was read: it has %s", f->broken);
}

/* Writes one block directly into the stream's buffer, without a copy in between. */
static bool put_block(struct body *b, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		size_t room, take, made;
		char *to = stream_out_room(b->chat->io, STREAM_OUT_MAX / 4, &room, e);

		if (to == NULL)
			return false;
		take = (room - FILTER_SLACK) / FILTER_GROWTH;
		take = take < n ? take : n;
		made = filter_feed(&b->filter, p, take, to);
		if (!whole(&b->filter, e))
			return false;
		stream_out_used(b->chat->io, made);
		p += take;
		n -= take;
	}
	return true;
}

static bool put_end(struct body *b, struct err *e)
{
	size_t room, made;
	char *to = stream_out_room(b->chat->io, FILTER_SLACK, &room, e);

	if (to == NULL)
		return false;
	made = filter_end(&b->filter, to);
	stream_out_used(b->chat->io, made);
	return whole(&b->filter, e);
}

/* Without the end of the message the server has no message. */
static bool break_off(struct body *b)
{
	chat_break(b->chat);
	b->chat->io->out_len = 0;
	return false;
}

static bool between_blocks(struct body *b, struct err *e)
{
	if (signals_stopping()) {
		signals_fail(e, ST_BODY);
		return break_off(b);
	}
	stream_attempt(b->chat->io, ST_BODY, clock_in_s(clock_limit(b->chat->cap, BLOCK_S)));
	return !chat_interrupted(b->chat) || chat_early(b->chat, b->verb, e);
}

/* The write failed.  If the server said why before it closed, that is the error. */
static bool block_failed(struct body *b, struct err *e)
{
	if (!b->chat->broken && e->stage == ST_BODY && chat_interrupted(b->chat)
	    && stream_unread(b->chat->io) > 0)
		return chat_early(b->chat, b->verb, e);
	return break_off(b);
}

static bool send_piece(void *ctx, const char *p, size_t n, struct err *e)
{
	struct body *b = ctx;

	return between_blocks(b, e) && put_block(b, p, n, e);
}

/* An answer before the dot is a failure. */
static bool put_dot(struct body *b, struct err *e)
{
	return between_blocks(b, e) && stream_write(b->chat->io, ".\r\n", 3, e);
}

bool body_put(struct chat *c, const struct verb *v, const struct rendition *r, bool dots, bool eight_bit, struct err *e)
{
	struct body b = { c, v, { .dots = dots, .eight_bit = eight_bit, .bytes = r->facts.bytes } };
	bool ok = rendition_put(r, send_piece, &b, e) && put_end(&b, e);

	trace_note(stream_flight(c->io), "%llu bytes of message", (unsigned long long)b.filter.sent);
	return (ok && (!dots || put_dot(&b, e))) || block_failed(&b, e);
}
