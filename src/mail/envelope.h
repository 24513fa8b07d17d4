/*
 * envelope.h - the sender, the recipients, and the result for each recipient: RFC 5321 3.3, RFC 3461.
 *
 * Addresses are normalised (address.h) and qualified.  smtp/transaction records the server's answers; mail/expand,
 * smtp/negotiate, smtp/transaction and server/ record the recipients that we refuse ourselves; queue/keep and queue/settle
 * record those that are kept, settled or given up.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "base/str.h"
#include "mail/dsn.h"

enum { RCPT_SAID = 240 }; /* bytes kept of the server's words about a recipient */

enum rcpt_state {
	RCPT_OPEN,     /* RCPT has not been sent, or must be sent again in the next transaction */
	RCPT_TAKEN,    /* the server accepted RCPT, but not yet the message */
	RCPT_DONE,     /* the server accepted the message for it */
	RCPT_KEPT,     /* the message waits for it in the queue */
	RCPT_DEFERRED, /* the server refused it for now: 4yz */
	RCPT_REFUSED,  /* the server refused it for good: 5yz */
	RCPT_BARRED,   /* we refuse it ourselves: see why and fate */
};

struct rcpt {
	char           *address; /* owned */
	enum rcpt_state state;
	enum stage      stage;   /* of the refusal: ST_MAIL, ST_RCPT, ST_DATA or ST_BODY; ours: ST_RCPT, ST_INPUT or ST_BODY */
	int             code;    /* the server's reply code; 0: it has not answered */
	struct esc      esc;
	char           *said;    /* owned: words of the server or of an :error: alias, printable, at most RCPT_SAID; NULL: none */
	unsigned        notify;  /* enum dsn_notify; 0: that of the wishes counts */
	char           *orcpt;   /* owned: RFC 3461 4.2, type and xtext; NULL: made from `original`, or from `address` */
	char           *original; /* owned: the recipient that the caller named, if an alias expands to `address`; else NULL */
	char           *why;     /* owned: if RCPT_BARRED, the reason, which is the end of a sentence (of `unread` a whole one) */
	enum fate       fate;    /* if RCPT_BARRED: FATE_TEMP or FATE_PERM */
	bool            apart;   /* made by envelope_refuse() or envelope_unread(): not merged with one of envelope_add_for() */
	bool            unread;  /* made by envelope_unread(): `address` is no address */
	bool            relayed; /* RCPT_DONE, at a server without DSN, and NOTIFY asks for success: a report of ours is owed */
	bool            past;    /* settled in an earlier try from the queue; this one does not concern it */
	bool            asked;   /* RCPT was sent for it, and the answer is owed */
	bool            copy;    /* an alias stands for it and for an address before it */
	size_t          then;    /* index of the one that the server accepted after it, see smtp/transaction */
	bool            missed;  /* refused, although -bs accepted the recipient that expanded to it */
	/* private: see envelope_name() */
	uint32_t        turn, next;
};

struct envelope {
	char        *sender;   /* owned; "": the null sender */
	struct rcpt *rcpts;    /* owned array */
	size_t       n;
	uint32_t     seed;     /* of the hash; the owner sets it to a random number before the first recipient (0 is allowed) */
	char        *envid;    /* owned xtext, RFC 3461 4.4; NULL: none */
	enum dsn_return ret;   /* RETURN_UNSAID: that of the wishes counts */
	/* private: a hash of addresses, so that the time for 10^5 recipients is linear */
	uint32_t    *slots;
	size_t       n_slots;
	size_t       latest;   /* of envelope_add_for(): index plus 1, or 0 */
	uint32_t     turn, first, last; /* for envelope_named(); first and last are an index plus 1, or 0 */
};

enum { ENVELOPE_RCPTS_MAX = 200000 };

bool envelope_set_sender(struct envelope *v, const char *address, struct err *e) MUST_CHECK;

/* An equal address is added only once.  `original`: the address that the caller named, if an alias expanded to this one (ORCPT
 * keeps it, RFC 3461 5.2.7); else the same. */
bool envelope_add_for(struct envelope *v, const char *address, const char *original, struct err *e) MUST_CHECK;

static inline bool rcpt_failed(const struct rcpt *r) { return r->state >= RCPT_DEFERRED; }

/* Does it still need the message?  Nobody has settled it for good. */
static inline bool rcpt_is_open(const struct rcpt *r)
{
	return r->state == RCPT_OPEN || r->state == RCPT_TAKEN || r->state == RCPT_DEFERRED;
}

/* Did it fail, and may a later attempt succeed? */
static inline bool rcpt_may_retry(const struct rcpt *r)
{
	return r->state == RCPT_DEFERRED || (r->state == RCPT_BARRED && r->fate == FATE_TEMP);
}

/* Did it fail for good? */
static inline bool rcpt_is_lost(const struct rcpt *r) { return rcpt_failed(r) && !rcpt_may_retry(r); }

/* Makes it RCPT_BARRED: we refuse it ourselves. */
bool rcpt_bar(struct rcpt *r, enum stage stage, enum fate fate, struct esc esc, const char *why, struct err *e) MUST_CHECK;

/* Adds a recipient that we refuse: with 5.1.1, or with 4.3.5 if `fate` is FATE_TEMP.  `said` (NULL: none): the words of an
 * :error: alias for the sender. */
bool envelope_refuse(struct envelope *v, const char *address, enum fate fate, const char *why, const char *said,
		     struct err *e) MUST_CHECK;

/* Adds a recipient that cannot be read: RCPT_BARRED at ST_INPUT, permanently, with 5.1.3.  In place of its address it has the
 * text as it was written, printable (mailbox_show()).  `why` is a whole sentence. */
bool envelope_unread(struct envelope *v, const char *shown, const char *why, struct err *e) MUST_CHECK;

/* Finds the recipients to which one word of the caller expands.  After envelope_name(), every recipient that is added or
 * refused is noted, even if the envelope has it already.  envelope_named() gives them in that order, and NULL at the end. */
void envelope_name(struct envelope *v);
struct rcpt *envelope_named(const struct envelope *v, const struct rcpt *after); /* after NULL: the first */

size_t envelope_count(const struct envelope *v, enum rcpt_state state);

/* Removes all but the first n recipients, and forgets the notes of envelope_name(). */
void envelope_cut(struct envelope *v, size_t n);

bool rcpt_say(struct rcpt *r, const char *words, size_t len); /* false: no memory; `said` is then NULL; harmless */
void envelope_free(struct envelope *v);

#endif
