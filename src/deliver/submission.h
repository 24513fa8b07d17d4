/*
 * submission.h - one message on its way (RFC 6409): the original, its envelope, what the server gets of it, and what became
 * of it.
 *
 * modes/, server/ and queue/flush fill it, deliver() or smtp/transaction sends it.  It knows neither an account nor a server.
 */
#ifndef DELIVER_SUBMISSION_H
#define DELIVER_SUBMISSION_H

#include "base/clock.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mime/rendition.h"
#include "smtp/transaction.h"

enum sender_origin { /* where the envelope sender comes from */
	ORIGIN_NONE,
	ORIGIN_OPTION, /* -f */
	ORIGIN_FIELD,  /* --read-envelope-from: the From field of the message */
	ORIGIN_CALLER, /* -bs: MAIL */
	ORIGIN_FROM,   /* the key `from` */
	ORIGIN_EMAIL,  /* the variable EMAIL */
	ORIGIN_USER,   /* the key `user`, with which we log in */
	ORIGIN_LOGIN,  /* the user's login name on this machine */
	ORIGIN_MAP,    /* the key sender_map, which replaced another one */
	ORIGIN_COUNT
};

struct submission {
	struct message   m;
	struct envelope  v;
	enum sender_origin origin; /* of the sender in v */
	struct rendition r;        /* of m, for the present or the latest server */
	struct delivery  delivery; /* what that server did with it */
	int64_t          began;    /* clock_ms() */
	int64_t          age_s;    /* since it was submitted: deliver_by counts from then */
	bool             held_before; /* in the queue, until its release: the server is not asked for one */
	const struct wishes *asked; /* borrowed: what is asked of the server for this message; NULL: the account's wishes */
	/* private to deliver/deliver */
	struct wishes    wishes;   /* those, as they are now */
	struct transaction t;        /* under way; begun ahead, while another message waited for its answer; zeroed: none */
};

const char *sender_origin_name(enum sender_origin o); /* "the variable EMAIL", for sentences; not of ORIGIN_NONE */

void submission_begin(struct submission *x);
void submission_free(struct submission *x); /* ends its transaction; accepts a zeroed struct; leaves it zeroed */

#endif
