/*
 * mailbox.h - parses addresses as people and programs write them: RFC 5322 3.4 with its obsolete forms (4.4), RFC 6531, and what
 * sendmail also takes (unqualified names, `a@x, b@y` in one argument).
 *
 * Bytes in, struct out; no input or output.  The parser takes linear time and no recursion: 200,000 nested parentheses need
 * no stack.  It decodes nothing (an encoded word is an atom).  Text that fits no rule is an error, or with mailbox_each() only
 * the piece of the list that has it.
 *
 * Liberties: a dot behind a domain, an @ in a display name without quotes, an empty group without its colon
 * ("undisclosed-recipients;;"), and those of enum mailbox_liberty.
 */
#ifndef MAIL_MAILBOX_H
#define MAIL_MAILBOX_H

#include "mail/address.h"

struct mailbox {
	char   addr[ADDRESS_MAX]; /* normalised: see address.h */
	size_t at, len;           /* place of the addr-spec in the text, with its route and the comments inside it */
	size_t name_at, name_len; /* the display name as written, without outer blanks; len 0: none; for tests */
	bool   grouped;           /* is in a group */
};

enum mailbox_liberty {
	MAILBOX_NULL = 1 << 0,   /* there may be `<>`, which `each` gets as an empty addr */
	MAILBOX_OPEN = 1 << 1,   /* the end of the text closes a `<` */
	MAILBOX_BLANKS = 1 << 2, /* blanks separate addresses if nothing else does: "a@x b@y" */
};

/* Called for each mailbox in order.  If it returns false, the list is not read further and the result is false. */
typedef bool (*mailbox_fn)(void *ctx, const struct mailbox *m, struct err *e);

/* Called for a piece of the list that cannot be read; `what`: "there is a second @".  As mailbox_fn. */
typedef bool (*mailbox_unread_fn)(void *ctx, const char *piece, size_t len, const char *what, struct err *e);

/* An address-list: mailboxes and groups (also empty ones), comments, route-addr, folding, empty list elements.  Errors are
 * ST_INPUT, permanent, and show the text.  CR and LF are allowed only as folding (before a blank, or at the end), NUL is never
 * allowed.  `liberties`: of enum mailbox_liberty, or 0. */
bool mailbox_list(const char *text, size_t len, unsigned liberties, mailbox_fn each, void *ctx, struct err *e) MUST_CHECK;

/* The same, and a piece that cannot be read does not stop it.  A piece reaches from one separator to the next that is not in
 * quotes, in a comment or in a literal.  No address is taken out of a piece. */
bool mailbox_each(const char *text, size_t len, unsigned liberties, mailbox_fn each, mailbox_unread_fn unread, void *ctx,
		  struct err *e) MUST_CHECK;

/* Makes such a piece printable: on one line, and of a long one only the beginning. */
enum { MAILBOX_SHOWN = 120 };
void mailbox_show(const char *text, size_t len, char to[MAILBOX_SHOWN]);

/* Makes the error of such a piece: "there is a second @ in the address a@@b". */
bool mailbox_fail(const char *piece, size_t len, const char *what, struct err *e);

/* Exactly one address.  With `null_ok`, "" and "<>" are the null sender. */
bool mailbox_one(const char *text, size_t len, bool null_ok, struct mailbox *m, struct err *e) MUST_CHECK;

#endif
