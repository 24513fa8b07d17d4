/*
 * fix.h - what a submission server expects of a head: RFC 6409 8, RFC 5322 3.6.
 *
 * Takes the recipients out (-t), drops what must not travel (Bcc, Return-Path), qualifies, adds what is missing.
 * A head that needs nothing stays byte for byte as it is.
 */
#ifndef MAIL_FIX_H
#define MAIL_FIX_H

#include "mail/address.h"
#include "mail/header.h"
#include "mail/local.h"
#include "mail/message.h"

enum set_from { SET_FROM_AUTO, SET_FROM_ON, SET_FROM_OFF };
enum set_to { SET_TO_OFF, SET_TO_ON, SET_TO_UNDISCLOSED };

struct message_params {
	enum set_from set_from_header;
	bool          set_date_header, set_msgid_header; /* add what is missing */
	enum set_to   set_to_header;     /* when To, Cc and Bcc are missing */
	bool          remove_bcc_headers;
	char         *from_full_name;    /* for a From that we write; NULL: the bare address */
	char         *qualify_domain;    /* "": leave unqualified names alone */
	struct strlist always_bcc;
	char          *aliases;          /* path; NULL: none */
	struct strlist sender_map;       /* PATTERN:ADDRESS, local_sender(); empty: senders stay */
	struct strlist local_recipients; /* get what no alias does; empty: nobody in particular */
};

/* Adds the head's recipients (take_recipients) and always_bcc to the envelope, then fixes the head as `p` says,
 * and counts the facts again. */
bool message_fix(struct message *m, const struct message_params *p, struct local *l, bool take_recipients,
		 struct envelope *v, struct err *e) MUST_CHECK;

/* The address of the first From field's first mailbox, normalised, or false. */
bool message_from(const struct message *m, char *to, size_t room);

/* Is it one of the fields that hold addresses? */
bool fix_has_addresses(const struct field *f);

/* One recipient or a list of them, as a caller writes it, into the envelope, as `l` has it. */
bool fix_add_recipients(struct envelope *v, const char *text, size_t len, struct local *l, struct err *e) MUST_CHECK;

#endif
