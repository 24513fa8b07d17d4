/*
 * mailbox.h - parses addresses as people and programs write them: RFC 5322 3.4 with its obsolete forms (4.4), RFC 6531, and what
 * sendmail also takes (unqualified names, `a@x, b@y` in one argument).
 *
 * Bytes in, struct out; no input or output.  The parser takes linear time and no recursion: 200,000 nested parentheses need
 * no stack.  It decodes nothing (an encoded word is an atom), and fails for text that fits no rule.
 */
#ifndef MAIL_MAILBOX_H
#define MAIL_MAILBOX_H

#include "mail/address.h"

struct mailbox {
	char   addr[ADDRESS_MAX]; /* normalised: see address.h */
	size_t at, len;           /* place of the addr-spec in the text, with the comments inside it */
	size_t name_at, name_len; /* the display name as written, without outer blanks; len 0: none */
	bool   angle;             /* was written in <> */
	bool   grouped;           /* is in a group */
};

/* Called for each mailbox in order.  If it returns false, mailbox_list() stops and returns false. */
typedef bool (*mailbox_fn)(void *ctx, const struct mailbox *m, struct err *e);

/* An address-list: mailboxes and groups (also empty ones), comments, route-addr, folding, empty list elements.  With `null_ok`
 * the list may have `<>`, which `each` gets as an empty addr.  Errors are ST_INPUT, permanent, and show the piece that is
 * wrong.  CR and LF are allowed only as folding (before a blank, or at the end), NUL is never allowed. */
bool mailbox_list(const char *text, size_t len, bool null_ok, mailbox_fn each, void *ctx,
		  struct err *e) MUST_CHECK;

/* Exactly one address.  With `null_ok`, "" and "<>" are the null sender. */
bool mailbox_one(const char *text, size_t len, bool null_ok, struct mailbox *m, struct err *e) MUST_CHECK;

#endif
