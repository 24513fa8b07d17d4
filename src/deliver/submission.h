/*
 * submission.h - the steps that are common to all modes: account, sender and recipients, secret, connection.  Each step needs
 * those before it.
 *
 * Reads no message and sends none: modes/submit and server/relay do.
 */
#ifndef DELIVER_SUBMISSION_H
#define DELIVER_SUBMISSION_H

#include "config/conf.h"
#include "config/opts.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "mail/expand.h"
#include "mail/message.h"
#include "mime/rendition.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

struct submission {
	const struct options *o;
	struct conf           conf;
	struct account       *a; /* borrowed from conf */
	struct message        m;
	struct rendition      r;     /* of m, for the present or the latest server */
	struct envelope       v;
	struct expander       expander;
	struct secret         secret;
	struct tls_files      tls_files; /* of all accounts that were used */
	struct session        s;
	struct stream         io;
	struct delivery       delivery;
	const char           *host;  /* the present or the latest server, for sentences; borrowed from a, or static */
	int64_t               began, until; /* clock_ms(): the beginning, and the end of the total timeout */
	bool                  connected;
	/* connects to the server; NULL: dial().  Tests give a server in memory. */
	bool                (*reach)(void *ctx, struct wire *to, struct err *e);
	void                 *reach_ctx; /* borrowed */
};

/* NULL: there was no memory, which was reported. */
struct submission *submission_begin(const struct options *o, struct err *e);
void submission_free(struct submission *x);

bool submission_load(struct submission *x, struct err *e) MUST_CHECK;

/* Chooses the account: the one that -a names, or by the sender (NULL: none is asked for). */
bool submission_choose(struct submission *x, const char *sender, struct err *e) MUST_CHECK;

/* Sets account, envelope sender, ENVID and the recipients of the command line. */
bool submission_address(struct submission *x, struct err *e) MUST_CHECK;

/* The sender that the options ask for; *given unset: they ask for none. */
bool submission_wanted(const struct submission *x, char to[ADDRESS_MAX], bool *given, struct err *e) MUST_CHECK;

/* Two parts of submission_address(), for -bs: sets account and envelope sender; adds the recipients of a list. */
bool submission_sender(struct submission *x, const char *wanted, struct err *e) MUST_CHECK;
bool submission_add(struct submission *x, const char *text, struct err *e) MUST_CHECK;

/* Cleans the message up (mail/cleanup.h), with the time, random numbers and the name of this machine. */
bool submission_cleanup(struct submission *x, bool take_recipients, struct err *e) MUST_CHECK;

/* Checks the settings, gets the secret and begins the total timeout.  To be called before connecting, so that no server waits
 * for a slow helper or a prompt. */
bool submission_ready(struct submission *x, struct err *e) MUST_CHECK;

/* Opens a session on which MAIL can be said.  Tries all hosts in order, until one takes part in the dialogue. */
bool submission_connect(struct submission *x, struct err *e) MUST_CHECK;
void submission_disconnect(struct submission *x);

/* Writes the line in the log; e NULL: success. */
void submission_log(struct submission *x, const struct err *e, int status);

#endif
