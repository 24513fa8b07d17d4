/*
 * submission.h - what every mode that speaks to a smarthost does: the account, the sender, the secret, the
 * connection.  Each step needs those before it.
 *
 * Reads no message and sends none: that is submit.h's.
 */
#ifndef DELIVER_SUBMISSION_H
#define DELIVER_SUBMISSION_H

#include "config/opts.h"
#include "mail/envelope.h"
#include "mail/local.h"
#include "mail/message.h"
#include "mime/rendition.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

struct submission {
	const struct options *o;
	struct conf           conf;
	struct account       *a; /* borrowed from conf */
	struct message        m;
	struct rendition      r;     /* of m: for the server that is being talked to, or was last */
	struct envelope       v;
	struct local          local;
	struct secret         secret;
	struct tls_files      tls_files; /* of every account that was used */
	struct session        s;
	struct stream         io;
	struct delivery       delivery;
	const char           *host;  /* the one being talked to, or last tried; borrowed from a */
	int64_t               began, until;
	bool                  connected;
	/* the way to the server; NULL: dial().  A test has one in memory. */
	bool                (*reach)(void *ctx, struct wire *to, struct err *e);
	void                 *reach_ctx; /* borrowed */
};

/* NULL: no memory, and that was reported. */
struct submission *submission_begin(const struct options *o, struct err *e);
void submission_free(struct submission *x);

bool submission_load(struct submission *x, struct err *e) MUST_CHECK;

/* The account: named, or chosen by the sender (NULL: none is asked for). */
bool submission_choose(struct submission *x, const char *sender, struct err *e) MUST_CHECK;

/* Account, envelope sender, ENVID and the recipients of the command line. */
bool submission_address(struct submission *x, struct err *e) MUST_CHECK;

/* Whom the options ask to send as; *given unset: they leave that to us. */
bool submission_wanted(const struct submission *x, char to[ADDRESS_MAX], bool *given, struct err *e) MUST_CHECK;

/* The first and the last part of that: who sends, or one recipient or a list of them. */
bool submission_sender(struct submission *x, const char *wanted, struct err *e) MUST_CHECK;
bool submission_add(struct submission *x, const char *text, struct err *e) MUST_CHECK;

/* Settings checked and the secret at hand: before connecting, so that a slow helper or a prompt costs no server time.
 * The total timeout begins. */
bool submission_ready(struct submission *x, struct err *e) MUST_CHECK;

/* A session that MAIL can be said on: all hosts in order, until one takes part in the dialogue. */
bool submission_connect(struct submission *x, struct err *e) MUST_CHECK;
void submission_disconnect(struct submission *x);

/* The line in the log; e NULL: all is well. */
void submission_log(struct submission *x, const struct err *e, int status);

#endif
