/*
 * session.h - one SMTP or LMTP session: greeting, EHLO, STARTTLS, AUTH, transactions, QUIT.
 * RFC 5321, 2033, 3207, 1870, 6152, 6531, 3030, 3461, 9422.
 *
 * Owns the verb table and the rows of MAIL and RCPT parameters.  What the server refuses is kept in
 * the envelope's recipients; only a dialogue that cannot go on makes these functions return false.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "net/tls.h"
#include "smtp/chat.h"
#include "smtp/ehlo.h"
#include "smtp/sasl.h"

struct session_params {
	bool     lmtp;
	char    *domain;        /* EHLO's argument; NULL: the machine's, else an address literal */
	unsigned timeout;       /* seconds; lowers each of RFC 5321 4.5.3.2's; 0: those */
	unsigned total_timeout; /* seconds of the whole submission; 0: none */
	bool     require_all_recipients;
	char    *dsn_notify;    /* "never" or "success,failure,delay"; NULL: not sent */
	char    *dsn_return;    /* "full" or "hdrs"; NULL: not sent */
	bool     dsn_require;   /* no DSN offered is a failure */
};

#endif
