/*
 * session.h - makes an SMTP or LMTP connection ready for mail (greeting, EHLO, STARTTLS, AUTH), and ends it.  RFC 5321, 2033,
 * 3207, 4954.
 *
 * After TLS has begun, the capabilities heard before are forgotten.  If TLS is on, nothing but EHLO, STARTTLS and QUIT is sent
 * without it; if a login is wanted, session_open() fails without one.  The mail itself is sent by smtp/transaction.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "net/dial.h"
#include "net/tls.h"
#include "smtp/chat.h"
#include "smtp/caps.h"
#include "smtp/sasl.h"

struct session_params {
	bool     lmtp;
	char    *domain;        /* EHLO's argument; NULL: the machine's name, or if that is no domain, an address literal */
	unsigned timeout;       /* seconds; shortens the timeouts of RFC 5321 4.5.3.2; 0: does not */
	unsigned total_timeout; /* seconds for the whole submission; 0: no limit */
};

struct session {
	/* set by the caller; all borrowed */
	const struct session_params *p;
	const struct tls_params     *tls;
	struct tls_files            *tls_files; /* filled by tls_check() */
	const struct sasl_params    *auth;
	const struct endpoint       *to;
	const char                  *secret; /* NUL-terminated; NULL: none */
	struct stream               *io;
	/* Called after the server has refused an access token with *e: true if `secret` is a newer one now.  NULL: there is
	 * none. */
	bool                       (*renew)(struct session *s, struct err *e);
	void                        *renew_ctx;

	struct chat      chat;
	struct caps      caps;       /* of the last EHLO */
	struct tls_facts tls_facts;
	bool             tls_tried;  /* implicit TLS was begun, or STARTTLS said */
	bool             auth_tried;
	const char      *mechanism;  /* static; NULL: not logged in */
	uint64_t         mails;      /* transactions so far, RFC 9422 MAILMAX */
	uint64_t         ended;      /* the last of them that the server has ended; after others, RSET comes before MAIL */
	bool             doubt;      /* RSET behind a message seems to be refused: see transaction_hear_further() */
};

/* On a connected stream, does all that comes before MAIL: implicit TLS, greeting, EHLO or HELO, STARTTLS and EHLO again,
 * AUTH. */
bool session_open(struct session *s, struct err *e) MUST_CHECK;

/* Says EHLO once more: some servers offer more after AUTH.  If the server refuses, the old capabilities stay. */
bool session_ask_again(struct session *s, struct err *e) MUST_CHECK;

/* Says QUIT, and hears all that is owed.  True: the last answer was 221, which answers QUIT alone (RFC 5321 4.2.3): so no answer
 * was taken for another command's.  The chat is broken afterwards. */
bool session_was_in_turn(struct session *s) MUST_CHECK;

/* Says QUIT if the chat is intact and nothing is owed, does not wait for the answer, and wipes.  Does not close the stream. */
void session_close(struct session *s);

#endif
