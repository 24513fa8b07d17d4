/*
 * ascii.h - a header in ASCII, for servers and hosts behind them that do not have SMTPUTF8: RFC 2047 5, RFC 2231, RFC 3987 3.1.
 *
 * Only fields that need it change, and of these only the words that need it.  By the grammar of the field, a word that is not
 * ASCII becomes a part of encoded words (text, comments, the names of mailboxes and groups), an extended parameter (Content-Type,
 * Content-Disposition), a domain in A-labels, %XX in a link (List-Unsubscribe), or \uXXXX in a JSON object (X-SMTPAPI).  If the
 * structure of a field is broken, it counts as text.  A text with a word that no line can hold is encoded, too, although it is
 * ASCII.  mail/words.h writes the words.
 *
 * Nothing in ASCII can carry the local part of an address, or an identifier (Message-ID), or Received: such a field stays as it
 * is, and is named.
 */
#ifndef MAIL_ASCII_H
#define MAIL_ASCII_H

#include "base/buf.h"

enum { ASCII_MAX = 32 * 1024 * 1024 }; /* octets of a header in ASCII: short words grow to twelve times their length */

struct ascii {
	bool utf8; /* given: valid UTF-8 may stay, since MAIL says SMTPUTF8 (RFC 6532 3.6) */
	char changed[160]; /* the names of the fields that were encoded, with commas; "": none */
	char stuck[80];    /* the name of the first field that should have been encoded and could not; "": none */
};

/* Appends a header with all of its fields, mended (mail/mend.h), and what stands after the last one. */
bool ascii_header(struct ascii *a, struct buf *to, const char *header, size_t len, struct err *e) MUST_CHECK;

#endif
