/*
 * envelope.h - who sends to whom, and what became of each recipient: RFC 5321 3.3, RFC 3461.
 *
 * Addresses are normalised (address.h) and qualified.  The answers are written by smtp/transaction,
 * and by server/relay what it refuses itself.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "base/str.h"
#include "mail/dsn.h"

enum { RCPT_SAID = 240 }; /* bytes kept of the server's words about a recipient */

enum rcpt_state {
	RCPT_OPEN,     /* not asked yet, or to be asked again in the next transaction */
	RCPT_TAKEN,    /* RCPT accepted, the message not yet */
	RCPT_DONE,     /* the message was accepted for it */
	RCPT_DEFERRED, /* the server refused it for now: 4yz */
	RCPT_REFUSED,  /* the server refused it for good: 5yz */
	RCPT_BARRED,   /* we refuse it ourselves, and the server is not asked: see why and fate */
};

struct rcpt {
	char           *address; /* owned */
	enum rcpt_state state;
	enum stage      stage;   /* of the refusal: ST_RCPT, or ST_MAIL, ST_DATA, ST_BODY; ours: ST_RCPT or ST_INPUT */
	int             code;    /* the server's reply code; 0: it has not answered */
	struct esc      esc;
	char           *said;    /* owned: the server's words, printable, at most RCPT_SAID; NULL: none */
	unsigned        notify;  /* enum dsn_notify; 0: as the wishes have it */
	char           *orcpt;   /* owned: RFC 3461 4.2, type and xtext; NULL: the original, or the address itself */
	char           *original; /* owned: whom the caller named, where an alias made this address of it; NULL: it */
	char           *why;     /* owned: RCPT_BARRED: the reason, the end of a sentence */
	enum fate       fate;    /* RCPT_BARRED: FATE_TEMP or FATE_PERM */
	bool            apart;   /* envelope_refuse() made it: another recipient than the same address that may be sent to */
	bool            missed;  /* refused, but the caller was told that the recipient it stands behind is accepted */
	/* private: see envelope_name() */
	uint32_t        turn, next;
};

struct envelope {
	char        *sender;   /* owned; "": the null sender */
	struct rcpt *rcpts;    /* owned array */
	size_t       n, room;
	char        *envid;    /* owned xtext, RFC 3461 4.4; NULL: none */
	enum dsn_return ret;   /* RETURN_UNSAID: as the wishes have it */
	/* private: hash of addresses, so that 10^5 recipients stay linear */
	uint32_t    *slots;
	size_t       n_slots;
	uint32_t     seed;
	uint32_t     turn, first, last; /* of those named; first and last hold an index and 1 */
};

enum { ENVELOPE_RCPTS_MAX = 200000 };

bool envelope_set_sender(struct envelope *v, const char *address, struct err *e) MUST_CHECK;

/* Duplicates once.  `original`: the address that the caller named, if an alias made this one of it (RFC 3461 5.2.7: ORCPT
 * stays what it was); else the same. */
bool envelope_add_for(struct envelope *v, const char *address, const char *original, struct err *e) MUST_CHECK;

static inline bool rcpt_failed(const struct rcpt *r) { return r->state >= RCPT_DEFERRED; }

/* Did it fail in a way that may pass? */
static inline bool rcpt_may_retry(const struct rcpt *r)
{
	return r->state == RCPT_DEFERRED || (r->state == RCPT_BARRED && r->fate == FATE_TEMP);
}

/* We refuse it ourselves. */
bool rcpt_bar(struct rcpt *r, enum stage stage, enum fate fate, struct esc esc, const char *why, struct err *e) MUST_CHECK;

/* A recipient that no server is asked about: 5.1.1, or 4.3.5 where `fate` is FATE_TEMP; `said` (NULL: none) are words of an
 * administrator's for the sender. */
bool envelope_refuse(struct envelope *v, const char *address, enum fate fate, const char *why, const char *said,
		     struct err *e) MUST_CHECK;

/* Whom one word of the caller's stands for: from envelope_name() on, each recipient that is added or refused is noted,
 * also where it is there already.  They come in that order; NULL is the end. */
void envelope_name(struct envelope *v);
struct rcpt *envelope_named(const struct envelope *v, const struct rcpt *after); /* NULL: the first */

size_t envelope_count(const struct envelope *v, enum rcpt_state state);

/* All but the first n recipients go, and nobody is named. */
void envelope_cut(struct envelope *v, size_t n);

bool rcpt_say(struct rcpt *r, const char *words, size_t len); /* false: no memory; harmless */
void envelope_free(struct envelope *v);

#endif
