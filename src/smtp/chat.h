/*
 * chat.h - commands out, replies in, matched in order.
 *
 * Whatever is said joins a queue of replies owed to us; every reply read
 * answers the oldest.  Code above is written once, as if pipelining were
 * always there: without it `depth` is 1 and chat_say() waits for the answer
 * itself (RFC 2920).  A refusal is handed to the verb's `got`; only a broken
 * dialogue (end of file, timeout, nonsense, 421) makes these return false.
 */
#ifndef CHAT_H
#define CHAT_H

#include "smtp/reply.h"
#include "net/stream.h"

enum { CHAT_DEPTH = 128 }; /* replies owed at most */

struct verb {
	const char *name;      /* "" for the greeting, which answers our connecting */
	enum stage  stage;
	int         timeout;   /* seconds, RFC 5321 section 4.5.3.2 */
	bool        last;      /* nothing may follow until answered, RFC 2920 3.1 */
	bool        commits;   /* once sent, the server may have the message */
	void (*got)(void *ctx, size_t arg, const struct reply *r);
};

struct chat {
	struct stream *io;     /* borrowed */
	void          *ctx;    /* passed to got */
	unsigned       depth;  /* 1, or CHAT_DEPTH once PIPELINING was offered */
	unsigned       head, owed;
	struct { const struct verb *verb; size_t arg; } queue[CHAT_DEPTH];
	struct reply   reply;  /* the one being read */
};

bool chat_expect(struct chat *c, const struct verb *v, size_t arg, struct err *e) MUST_CHECK;
bool chat_say(struct chat *c, const struct verb *v, size_t arg, struct err *e, const char *fmt, ...)
    PRINTF(5, 6) MUST_CHECK;
bool chat_settle(struct chat *c, struct err *e) MUST_CHECK; /* until nothing is owed */

#endif
