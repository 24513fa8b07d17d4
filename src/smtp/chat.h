/*
 * chat.h - commands out, replies in, matched in order.
 *
 * Callers write as if every server had PIPELINING (RFC 2920); the essay below says what that allows.  If the server
 * refuses a command, the verb's `got` is given the refusal.  These functions return false if the dialogue broke (end of
 * file, timeout, a reply that is none, 421), if a command cannot be written as one line, or if memory is short.
 *
 * On a broken chat nothing is owed any more, and every function that sends, expects or settles fails, for the reason that
 * broke it.  So a late reply is never taken for the answer to another command, and no `got` is called with a transaction that
 * has ended.
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
	const char *name;    /* "" for the greeting, which answers the connection itself */
	enum stage  stage;
	unsigned    timeout; /* seconds, RFC 5321 4.5.3.2 */
	unsigned    classes; /* first digits that are an answer; a reply with another is FATE_NONSENSE */
	int         go_ahead; /* the only 3yz that is an answer (355 of RFC 1845 asks for something else); 0: any is */
	bool        last;    /* nothing may be sent until the answer has come, RFC 2920 3.1 */
	bool        commits; /* once sent, the server may have the message, RFC 1047 */
	void (*got)(void *ctx, size_t arg, const struct reply *r); /* NULL: the caller looks at chat->reply */
};

/*
 * Pipelining.  A reply does not name its command: only its place in the order does.  So the queue below has an entry for
 * each command that was written and not yet answered, oldest first, and each reply answers the oldest entry.
 *
 * What may share a flight.  RSET, MAIL and RCPT may stand anywhere in a flight, and the end of a message may begin one
 * (RFC 2920 3.1): the next RSET, MAIL and RCPT follow it, in -bs if the caller has sent them already, and in a flush with BDAT.
 * RSET makes the MAIL count whether the message is accepted or refused.  RSET itself is never refused: a refusal there is
 * that of the message, after an answer too many.  Any other command may only end a flight: if its row has `last`, chat_expect()
 * waits for all replies.  DATA may end the flight of MAIL and RCPT, since its text is sent only after the 354, and their
 * replies come before that.  With require_all_recipients DATA waits for those replies, too.  Without PIPELINING `depth` is 1,
 * and each command waits for its own reply.
 *
 * What may never follow what.  Nothing is sent before the greeting.  Nothing follows EHLO, STARTTLS, AUTH or DATA before the
 * answer, which decides what comes next: commands, a handshake, a response, text.  Text never follows a 354 when no recipient was
 * accepted: its final dot might send an empty message, so the connection is closed.  No DATA or BDAT follows the end of a
 * message before its answer.  QUIT is sent only when nothing is owed, and its answer is not
 * read; but for session_was_in_turn().
 *
 * Why BDAT waits.  The text comes with BDAT.  If a server refuses MAIL or BDAT and does not discard the text, it runs the
 * text as commands, in a session that has logged in.  So all replies to MAIL and RCPT come first (RFC 3030 2), and BDAT is
 * sent only if a recipient was accepted.
 *
 * Why a reply that is none ends everything.  After a line that is no reply, a code that cannot answer its command, or a
 * reply to nothing, the order cannot be trusted any more: the 250 to a RCPT could be taken for that to the message.
 * chat_break() empties the queue, nothing more is sent, and a reply that comes later is not read.  After end of file, a
 * timeout or a 421 no reply will come, and the same happens.  If a command that commits was owed, the fate is FATE_UNKNOWN.
 */
struct chat {
	struct stream *io;     /* borrowed */
	void          *ctx;    /* borrowed: passed to the `got` of the commands that are written from now on */
	unsigned       depth;  /* 1, or CHAT_DEPTH once PIPELINING was offered */
	unsigned       cap;    /* seconds; shortens the timeout of each verb; 0: does not */
	bool           broken; /* nothing more may be sent */
	struct err     why;    /* of a broken chat: what broke it; every later failure repeats it */
	bool           utf8;   /* MAIL has said SMTPUTF8: commands may hold UTF-8, else ASCII only */
	unsigned       head, owed;
	struct {
		const struct verb *verb;
		void              *ctx;
		size_t             arg;
	} queue[CHAT_DEPTH];
	struct reply   reply;     /* the one being read */
	struct redact  hidden;    /* the secret and the AUTH lines that we sent; never shown, also if a server repeats them */
};

void chat_open(struct chat *c, struct stream *io, void *ctx);

/* Writes a command and expects its answer. */
bool chat_say(struct chat *c, const struct verb *v, size_t arg, struct err *e, const char *fmt, ...)
	PRINTF(5, 6) MUST_CHECK;

/* The same for a line that may not be shown: the trace gets `shown`. */
bool chat_say_secret(struct chat *c, const struct verb *v, const char *shown, const struct buf *line,
		     struct err *e) MUST_CHECK;

/* A server may echo what we sent.  After chat_hide(), the secret, its base64 and the lines of chat_say_secret() are
 * asterisks in chat->reply.text, in what `got` is given, in the quotes of errors (those of the stream and of TLS, too) and in
 * the trace.  What is decoded from reply.wire is not redacted: for that, call chat_redact(). */
bool chat_hide(struct chat *c, const char *secret, struct err *e) MUST_CHECK;
void chat_redact(const struct chat *c, char *text);

/* The two halves of chat_say(), for a command that is answered after its payload: put the line, write the payload to io,
 * then expect the answer. */
bool chat_put(struct chat *c, const struct verb *v, struct err *e, const char *fmt, ...)
	PRINTF(4, 5) MUST_CHECK;
bool chat_expect(struct chat *c, const struct verb *v, size_t arg, struct err *e) MUST_CHECK;

bool chat_settle(struct chat *c, struct err *e) MUST_CHECK; /* reads replies until nothing is owed */
bool chat_hear(struct chat *c, struct err *e) MUST_CHECK;   /* reads the oldest reply that is owed, if any is */

bool chat_owes(const struct chat *c, const void *ctx); /* is a reply owed to a command that was written with this ctx? */

/* While a payload is sent and nothing is owed: has the server said something already?  If so, chat_early() breaks the chat
 * and makes an error of the reply: the refusal, or FATE_NONSENSE if the server accepts what it does not have yet. */
bool chat_interrupted(struct chat *c);
bool chat_early(struct chat *c, const struct verb *v, struct err *e);

/* Has a reply come to no command, other than a 421?  To be called after the last answer.  If the server sent anything, even
 * something that is no reply, the chat is broken. */
bool chat_out_of_turn(struct chat *c);

/* From now on nothing is sent, and no reply that is owed is waited for. */
void chat_break(struct chat *c);

void chat_close(struct chat *c); /* breaks it and wipes what it hid; does not close the stream */

#endif
