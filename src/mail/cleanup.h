/*
 * cleanup.h - changes the head so that a submission server accepts it: RFC 6409 8, RFC 5322 3.6.
 *
 * Reads the recipients from it (-t), drops fields that must not be sent (Bcc, Return-Path), qualifies addresses, applies
 * sender_map, adds missing fields and folds lines that are too long.  A head that needs no change stays byte for byte.
 *
 * Has no clock, no random numbers and no name of this machine, except those that the caller gives it (struct stamp).
 */
#ifndef MAIL_CLEANUP_H
#define MAIL_CLEANUP_H

#include "base/base.h"

#include <time.h>

#include "mail/expand.h"
#include "mail/message.h"

enum set_from { SET_FROM_AUTO, SET_FROM_ON, SET_FROM_OFF };
enum set_to { SET_TO_OFF, SET_TO_ON, SET_TO_UNDISCLOSED };

struct message_params {
	enum set_from set_from_header;
	bool          set_date_header, set_msgid_header; /* add the field if it is missing */
	enum set_to   set_to_header;     /* if To, Cc and Bcc are missing */
	bool          remove_bcc_headers;
	char         *from_full_name;    /* for a From that we write; NULL: the address alone */
	char         *qualify_domain;    /* "": unqualified names stay unqualified */
	struct strlist always_bcc;
	char          *aliases;          /* path; NULL: none */
	struct strlist sender_map;       /* PATTERN:ADDRESS (sendermap.h); empty: senders stay */
	struct strlist local_recipients; /* get the mail of local names without an alias; empty: those names are qualified */
};

struct stamp { /* what makes the fields that we write, and what only the caller can know */
	time_t      now;
	const char *domain; /* borrowed: right side of the Message-ID; a domain in ASCII */
	bool      (*random)(void *to, size_t n, struct err *e); /* called only if it is needed; see base/random.h */
	bool        tls_waived; /* add `TLS-Required: No`: RFC 8689 3, 4.3 */
};

/* If recipients_in_header, adds the recipients in the head to the envelope.  Changes the head as `p` says, adds always_bcc to the
 * envelope, and counts the facts. */
bool cleanup_message(struct message *m, const struct message_params *p, const struct stamp *stamp, struct expander *expander,
		     bool recipients_in_header, struct envelope *v, struct err *e) MUST_CHECK;

/* Sets m->id, as cleanup_message() does, of a message that was cleaned up before. */
void cleanup_find_id(struct message *m);

#endif
