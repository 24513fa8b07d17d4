/*
 * rewrite.h - carries a plan out: the body in, in pieces, and out with its parts encoded as plan.h decided.
 *
 * Whatever needs nothing comes out byte for byte.  The same body gives the same output each time.
 */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include "mail/plan.h"

enum { REWRITE_PIECE = 8 * 1024 }; /* bytes that rewrite_feed() takes at most */

struct rewrite; /* memory: a few times REWRITE_PIECE, and the header of a part */

/* Takes the actions over, whatever happens; `head` is borrowed and read each time the body begins.  NULL: *e. */
struct rewrite *rewrite_new(struct buf *actions, const struct buf *head, struct err *e) MUST_CHECK;
void rewrite_rewind(struct rewrite *r); /* the body begins again; accepts NULL */
void rewrite_free(struct rewrite *r);   /* accepts NULL */

/* Only once all that is there has been taken. */
bool rewrite_feed(struct rewrite *r, const char *in, size_t n, struct err *e) MUST_CHECK;
bool rewrite_end(struct rewrite *r, struct err *e) MUST_CHECK;
size_t rewrite_take(struct rewrite *r, char *to, size_t room); /* 0: nothing is there */

/* A header, or the fields of one, with the Content-Transfer-Encoding that this action gives it. */
bool rewrite_header(struct buf *to, const char *header, size_t len, enum action action, struct err *e) MUST_CHECK;

#endif
