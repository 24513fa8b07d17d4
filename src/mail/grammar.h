/*
 * grammar.h - what the body of a field consists of, and so where encoded words may stand in it: RFC 2047 5, RFC 2231 3.
 *
 * A table of names; the fields of addresses are those of mail/fields.  Nothing is parsed here: mail/pieces and mail/ascii do
 * that.
 */
#ifndef MAIL_GRAMMAR_H
#define MAIL_GRAMMAR_H

#include "mail/header.h"

enum grammar {
	GRAMMAR_TEXT,       /* words between blanks, or a JSON object */
	GRAMMAR_ADDRESSES,  /* mailboxes and groups */
	GRAMMAR_PHRASES,    /* words, and identifiers in <> */
	GRAMMAR_LINKS,      /* words, and URIs in <> */
	GRAMMAR_PARAMETERS, /* a value and name=value; comments */
	GRAMMAR_NATIVE,     /* comments, and nothing else that could be encoded */
	GRAMMAR_BARE,       /* nothing that could be encoded (RFC 2047 5: Received) */
};

enum grammar grammar_of(const struct field *f); /* of a field that no table names: GRAMMAR_TEXT */

#endif
