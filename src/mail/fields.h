/*
 * fields.h - what the fields of a head are for (RFC 5322 3.6), and the addresses in them.
 *
 * One table has the fields that mean something to us.  This module decides nothing: cleanup, ascii and idn do.
 */
#ifndef MAIL_FIELDS_H
#define MAIL_FIELDS_H

#include "base/buf.h"
#include "mail/header.h"
#include "mail/mailbox.h"

enum field_role {
	FIELD_ADDRESSES = 1 << 0,  /* holds addresses */
	FIELD_RECIPIENTS = 1 << 1, /* -t takes recipients from it */
	FIELD_SENDERS = 1 << 2,    /* holds senders */
	FIELD_BLIND = 1 << 3,      /* the other recipients must not see it */
	FIELD_TRACE = 1 << 4,      /* the last server of all writes it: RFC 5321 4.4 */
	FIELD_RESENT = 1 << 5,     /* belongs to a Resent- block: RFC 5322 3.6.6 */
};

struct field_kind {
	const char *name;
	unsigned    role;
};

const struct field_kind *fields_kind(const struct field *f); /* NULL: this field means nothing to us */

static inline bool field_is(const struct field_kind *k, enum field_role role)
{
	return k != NULL && (k->role & role) != 0;
}

/* One bit for each kind, for sets of them; 0: there is no kind with this name. */
uint32_t fields_bit(const char *name);

/* Puts what replaces an address, which takes m->len bytes at `written`; to keep it, puts those. */
typedef bool (*fields_put)(void *ctx, struct buf *to, const struct mailbox *m, const char *written, struct err *e);

/* Appends the body of a field with its addresses replaced.  A body that cannot be parsed is appended unchanged: *parsed is then
 * false, although `put` may have been called. */
bool fields_rewrite(struct buf *to, const struct field *f, fields_put put, void *ctx, bool *parsed, struct err *e) MUST_CHECK;

struct first_address { /* zeroed: none so far */
	char   addr[ADDRESS_MAX]; /* normalised */
	size_t n;                 /* how many addresses there are in all */
	bool   grouped;           /* one of them is in a group */
};

/* Adds the addresses of a field; false: its body cannot be parsed. */
bool fields_first(const struct field *f, struct first_address *first, struct err *e);

/* The first address in a From field of the head.  False: there is none, or, if *e is filled, it cannot be read. */
bool fields_from(const struct buf *head, char *to, size_t room, struct err *e);

#endif
