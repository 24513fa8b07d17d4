/*
 * session.h - an SMTP or LMTP connection made ready for mail: greeting, EHLO, STARTTLS, AUTH; and
 * its end.  RFC 5321, 2033, 3207, 4954.
 *
 * What was learnt before TLS is forgotten after it.  Nothing is sent on a connection that is less
 * protected than the parameters ask for.  The mail itself is transaction.h's.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "net/tls.h"
#include "smtp/chat.h"
#include "smtp/ehlo.h"
#include "smtp/sasl.h"

struct session_params {
	bool     lmtp;
	char    *domain;        /* EHLO's argument; NULL: the machine's, else an address literal */
	unsigned timeout;       /* seconds; lowers each of RFC 5321 4.5.3.2's; 0: those */
	unsigned total_timeout; /* seconds of the whole submission; 0: none */
};

struct session {
	/* set by the caller; all borrowed */
	const struct session_params *p;
	const struct tls_params     *tls;
	struct tls_files            *tls_files; /* as tls_check() left them */
	const struct sasl_params    *auth;
	const char                  *host;   /* for SNI, certificate and sentences */
	unsigned                     port;
	const char                  *secret; /* NUL-terminated; NULL: none */
	struct stream               *io;

	struct chat      chat;
	struct caps      caps;       /* of the last EHLO */
	struct tls_facts tls_facts;
	const char      *mechanism;  /* static; NULL: not logged in */
	bool             hello_only; /* the server knows no EHLO */
	uint64_t         mails;      /* transactions so far, RFC 9422 MAILMAX */
	void            *payload;    /* of the transaction under way: what its `got` functions fill */
};

/* From a connected stream to one that MAIL can be said on: implicit TLS, greeting, EHLO or HELO,
 * STARTTLS and EHLO again, AUTH. */
bool session_open(struct session *s, struct err *e) MUST_CHECK;

/* EHLO once more: some servers offer more after AUTH.  A refusal leaves the old list in force. */
bool session_ask_again(struct session *s, struct err *e) MUST_CHECK;

/* QUIT where the dialogue is intact, its answer not waited for; wipes.  The stream is the caller's. */
void session_close(struct session *s);

#endif
