/*
 * address.h - parses addresses: RFC 5322 3.4 with its obsolete forms (4.4), RFC 6531, and what sendmail also takes
 * (unqualified names, `a@x, b@y` in one argument).
 *
 * Bytes in, struct out; no input or output.  The parser takes linear time and no recursion: 200,000 nested parentheses need
 * no stack.  It decodes nothing (an encoded word is an atom), and fails for text that fits no rule.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/str.h"

enum { ADDRESS_MAX = 1024 }; /* bytes of a normalised address; RFC 5321 4.5.3.1.3 allows 254 */

struct mailbox {
	char   addr[ADDRESS_MAX]; /* normalised: no comments, folding or source route; the local part
	                           * is quoted only if it must be; unqualified: no '@' */
	size_t at, len;           /* place of the addr-spec in the text, with the comments inside it */
	size_t name_at, name_len; /* the display name as written, without outer blanks; len 0: none */
	bool   angle;             /* was written in <> */
	bool   grouped;           /* is in a group */
};

/* Called for each mailbox in order.  If it returns false, address_list() stops and returns false. */
typedef bool (*mailbox_fn)(void *ctx, const struct mailbox *m, struct err *e);

/* An address-list: mailboxes and groups (also empty ones), comments, route-addr, folding, empty list elements.  With `null_ok`
 * the list may have `<>`, which `each` gets as an empty addr.  Errors are ST_INPUT, permanent, and show the piece that is
 * wrong.  CR and LF are allowed only as folding (before a blank, or at the end), NUL is never allowed. */
bool address_list(const char *text, size_t len, bool null_ok, mailbox_fn each, void *ctx,
		  struct err *e) MUST_CHECK;

/* Exactly one address.  With `null_ok`, "" and "<>" are the null sender. */
bool address_one(const char *text, size_t len, bool null_ok, struct mailbox *m, struct err *e) MUST_CHECK;

/* Turns a name on this machine, such as a login name (`EXAMPLE\\john doe`), into a normalised address without a domain; false
 * if that is not possible. */
bool address_from_name(const char *name, char to[ADDRESS_MAX]) MUST_CHECK;

/* The domain of a normalised address (after the last '@' outside quotes), or NULL if it has none. */
const char *address_domain(const char *addr);

size_t address_local_len(const char *addr); /* bytes before the '@' of the domain */

/* Copies the address, and if it has no domain, adds "@domain" (unless `domain` is NULL or ""). */
bool address_qualify(const char *addr, const char *domain, char to[ADDRESS_MAX], struct err *e) MUST_CHECK;

bool address_is_ascii(const char *addr);
bool address_local_is_ascii(const char *addr);

/* Are they the same mailbox?  Local parts are compared byte for byte, domains without regard to case. */
bool address_same(const char *a, const char *b);

/* Does a normalised address match a pattern: an address, `user@*`, `*@host`, any glob?  If the pattern has no '+', it matches
 * user+detail@host also where it matches user@host.  Case is ignored. */
bool address_matches(const char *addr, const char *pattern);

#endif
