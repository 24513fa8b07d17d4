/*
 * address.h - addresses as people and programs write them: RFC 5322 3.4 with its obsolete forms
 * (4.4), RFC 6531, and sendmail's liberties (unqualified names, `a@x, b@y` in one argument).
 *
 * Pure: bytes in, struct out.  Iterative and linear: 200,000 nested parentheses cost no stack.
 * Nothing is decoded (an encoded word is just an atom); what is not understood fails, it is never
 * guessed at.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/str.h"

enum { ADDRESS_MAX = 1024 }; /* bytes of a normalised address; RFC 5321 4.5.3.1 allows 254 */

struct mailbox {
	char   addr[ADDRESS_MAX]; /* normalised: no comments, folding or source route; a quoted
	                           * local part only where it must be; unqualified: no '@' */
	size_t at, len;           /* where the addr-spec stands in the text, inner comments included */
	size_t name_at, name_len; /* the display name as written, without outer blanks; len 0: none */
	bool   angle;             /* was written in <> */
	bool   grouped;           /* stands in a group */
};

/* Called for each mailbox in order; returning false stops the walk, which then returns false. */
typedef bool (*mailbox_fn)(void *ctx, const struct mailbox *m, struct err *e);

/* An address-list: mailboxes and groups (also empty), comments, route-addr, folding, empty list
 * elements.  `null_ok` accepts `<>`, given as an empty addr.  Errors are ST_INPUT, permanent, and
 * show the offending piece.  CR and LF only as folding (followed by a blank, or at the end); NUL never. */
bool address_list(const char *text, size_t len, bool null_ok, mailbox_fn each, void *ctx,
		  struct err *e) MUST_CHECK;

/* Exactly one address; "" and "<>" are the null sender where null_ok. */
bool address_one(const char *text, size_t len, bool null_ok, struct mailbox *m, struct err *e) MUST_CHECK;

/* A name of this machine's, such as a login name (`EXAMPLE\\john doe`), as a normalised address without a domain; false: it
 * can be none. */
bool address_from_name(const char *name, char to[ADDRESS_MAX]) MUST_CHECK;

/* The domain of a normalised address, or NULL when unqualified: after the last '@' outside quotes. */
const char *address_domain(const char *addr);

bool address_is_ascii(const char *addr);
bool address_local_is_ascii(const char *addr);

/* Equal as mailboxes: local parts byte for byte, domains without case. */
bool address_same(const char *a, const char *b);

/* Does a normalised address match a pattern: an address, `user@*`, `*@host`, any glob; where the
 * pattern has no '+', user+detail@host counts as user@host too.  Case is ignored. */
bool address_matches(const char *addr, const char *pattern);

#endif
