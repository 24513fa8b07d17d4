/*
 * chat.h - commands out, replies in, matched in order.
 *
 * Whatever is said joins a queue of replies owed to us; every reply read answers the oldest.  Code
 * above is written once, as if pipelining were always there: without it `depth` is 1 and
 * chat_say() waits for the answer itself (RFC 2920).  A refusal is handed to the verb's `got`; only
 * a broken dialogue (end of file, timeout, nonsense, 421) makes these functions return false.
 *
 * On a broken chat nothing is owed any more, and every function that sends, expects or settles refuses: so no
 * reply that comes late can be taken for the answer to something else, and no `got` is called for what is gone.
 */
#ifndef SMTP_CHAT_H
#define SMTP_CHAT_H

#include "base/buf.h"
#include "net/stream.h"
#include "smtp/reply.h"

enum {
	CHAT_DEPTH = 512,       /* replies owed at most */
	CHAT_COMMAND_MAX = 2048 /* bytes: RFC 5321 4.5.3.1.4 and the room that extensions ask for */
};

enum { CLASS_2 = 1 << 2, CLASS_3 = 1 << 3, CLASS_4 = 1 << 4, CLASS_5 = 1 << 5 };
enum { CLASS_USUAL = CLASS_2 | CLASS_4 | CLASS_5 };

struct verb {
	const char *name;    /* "" for the greeting, which answers our connecting */
	enum stage  stage;
	unsigned    timeout; /* seconds, RFC 5321 4.5.3.2 */
	unsigned    classes; /* first digits that are an answer; others are nonsense */
	bool        last;    /* nothing may follow until answered, RFC 2920 3.1 */
	bool        commits; /* once sent, the server may have the message */
	void (*got)(void *ctx, size_t arg, const struct reply *r);
};

struct chat {
	struct stream *io;     /* borrowed */
	void          *ctx;    /* passed to got */
	unsigned       depth;  /* 1, or CHAT_DEPTH once PIPELINING was offered */
	unsigned       cap;    /* seconds that no reply may take longer than; 0: the verb's */
	bool           broken; /* nothing more may be said; set by chat_break() only */
	bool           utf8;   /* MAIL has said SMTPUTF8: commands may hold UTF-8, else ASCII only */
	unsigned       head, owed;
	struct {
		const struct verb *verb;
		size_t             arg;
	} queue[CHAT_DEPTH];
	struct reply   reply;     /* the one being read */
	struct redact  hidden;    /* the secret and the AUTH lines we sent: never shown, whoever says them */
};

void chat_open(struct chat *c, struct stream *io, void *ctx);

/* Send a command and expect its answer. */
bool chat_say(struct chat *c, const struct verb *v, size_t arg, struct err *e, const char *fmt, ...)
	PRINTF(5, 6) MUST_CHECK;

/* The same for bytes that nobody may see: the trace and error texts get `shown`. */
bool chat_say_secret(struct chat *c, const struct verb *v, const char *shown, const struct buf *line,
		     struct err *e) MUST_CHECK;

/* A server may echo what we sent: the secret must not reach a screen or a log through us, and neither its base64, nor
 * what chat_say_secret() has said.  So chat->reply.text, what `got` is given, errors' quotes (those of the stream and of TLS,
 * too) and the trace are made of redacted bytes.  What is decoded from reply.wire is the caller's to redact: all that is hidden
 * becomes asterisks. */
bool chat_hide(struct chat *c, const char *secret, struct err *e) MUST_CHECK;
void chat_redact(const struct chat *c, char *text);

/* The two halves, for a command that is answered only after its payload: put the line, write the
 * payload to io, then expect. */
bool chat_put(struct chat *c, const struct verb *v, struct err *e, const char *fmt, ...)
	PRINTF(4, 5) MUST_CHECK;
bool chat_expect(struct chat *c, const struct verb *v, size_t arg, struct err *e) MUST_CHECK;

bool chat_settle(struct chat *c, struct err *e) MUST_CHECK; /* until nothing is owed */

/* While a payload is sent and nothing is owed: true when the server has said something already.
 * chat_early() then makes an error of it: its refusal, or nonsense when it accepts what
 * it does not have yet. */
bool chat_interrupted(struct chat *c);
bool chat_early(struct chat *c, const struct verb *v, struct err *e);

/* Has a reply come that nobody asked for, other than a 421?  To be looked at after the last answer.  Whatever came, even
 * if it is no reply, breaks the chat. */
bool chat_out_of_turn(struct chat *c);

/* Nothing more may be said, and what is owed is not waited for. */
void chat_break(struct chat *c);

void chat_close(struct chat *c); /* breaks it, and wipes what was remembered of AUTH; the stream is the owner's */

#endif
